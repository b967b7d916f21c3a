package uploader_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// TestRunBeats checks that the loop says that it turns, with nothing to do and while it drains.
func TestRunBeats(t *testing.T) {
	t.Parallel()
	for name, idle := range map[string]bool{"idle": true, "draining": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				faults := storetest.NewFaults(storetest.NewMemory())
				lift := faults.Inject(storetest.Incident{Fault: storetest.Outage()})
				time.AfterFunc(10*time.Second, lift)
				beats := 0
				_, err := run(t, t.Context(), faults, func(c *uploader.Config) { c.Beat = func() { beats++ } }, func(facts chan<- hls.File) {
					if idle {
						time.Sleep(10*time.Second + time.Millisecond)
						return
					}
					facts <- fact("a.ts", "media")
					facts <- fact("x.m3u8", oneSegment)
				})
				if err != nil || beats < 10 || beats > 12 {
					t.Errorf("got %d beats and %v in ten seconds", beats, err)
				}
			})
		})
	}
}
