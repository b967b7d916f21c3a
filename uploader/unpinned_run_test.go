package uploader_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// TestRunShipsAfterAnOutageLongerThanMaxAge: what lost its pin meanwhile is looked at again, although no request is left whose success
// would show that the store is well.
func TestRunShipsAfterAnOutageLongerThanMaxAge(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]storetest.Incident{
		"refused":           {Fault: storetest.Outage()},
		"wrong credentials": {Fault: storetest.WrongCredentials()},
		"fails PUTs alone":  {Op: "put", Fault: storetest.InternalError()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := storetest.NewMemory()
				faults := storetest.NewFaults(m)
				var mu sync.Mutex
				var asked []string
				_, _ = run(t, t.Context(), faults, func(c *uploader.Config) {
					c.MaxAge = time.Minute
					c.Look = func(name string) {
						mu.Lock()
						defer mu.Unlock()
						asked = append(asked, name)
					}
				}, func(facts chan<- hls.File) {
					facts <- fact("x.m3u8", oneSegment+"#EXTINF:6,\nb.ts\n#EXT-X-ENDLIST\n")
					time.Sleep(time.Second) // it is not published yet: that is known
					lift := faults.Inject(fault)
					d := newDisk()
					for _, name := range []string{"a.ts", "b.ts"} {
						d.write(name, []byte(name), false)
						f, _ := d.fact(t.Context(), name, false)
						facts <- f
					}
					for second := range 180 {
						if second == 150 {
							lift()
						}
						time.Sleep(time.Second)
						mu.Lock()
						names := asked
						asked = nil
						mu.Unlock()
						for _, name := range names {
							f, _ := d.fact(t.Context(), name, false)
							facts <- f
						}
					}
					if n := len(m.Contents()); n != 3 {
						t.Errorf("%d objects half a minute after the outage, want two segments and a playlist", n)
					}
				})
			})
		})
	}
}
