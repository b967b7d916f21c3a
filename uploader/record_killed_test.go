package uploader_test

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/recording"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// TestKilledWhileClosing: behind whichever of the PUTs that close a session a process is killed, and whatever of the index was never stored, the next one
// closes it with all that is listed already.
func TestKilledWhileClosing(t *testing.T) {
	t.Parallel()
	order := []string{"v0/x.m3u8", "v1/x.m3u8", "master.m3u8", recording.SessionSummary}
	for stored := range order {
		for _, indexed := range []int{1, 2, 100} { // chunks of each list
			t.Run(fmt.Sprintf("%d files, %d chunks", stored, indexed), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					m := storetest.NewMemory()
					records := func(c *uploader.Config) {
						c.Continuous, c.Record = &uploader.Continuous{}, &uploader.Record{}
					}
					if _, err := run(t, t.Context(), m, records, func(facts chan<- hls.File) { encode(facts, 0, 80, false) }); err != nil {
						t.Fatal(err)
					}
					var session string
					for key := range m.Contents() {
						folder, rest := hls.SessionOf(strings.TrimPrefix(key, "live/"))
						list, number, chunk := recording.ParseChunkName(rest)
						if session = max(session, folder); chunk && list != "master.m3u8" && number >= indexed || slices.Contains(order[stored:], rest) && folder != "" {
							m.Remove(key)
						}
					}
					log, err := run(t, t.Context(), m, records, func(facts chan<- hls.File) {
						encode(facts, 0, 3, true)
						time.Sleep(3 * time.Minute)
					})
					if err != nil {
						t.Fatal(err)
					}
					for _, list := range order[:2] {
						if got, want := recordings(t, m)[list], "/"+upTo(0, 80)+"/"+upTo(0, 3); got != want {
							t.Errorf("%s: got %s, want %s", list, got, want)
						}
					}
					var s recording.Summary
					if err := json.Unmarshal(m.Contents()[path.Join("live", session, recording.SessionSummary)], &s); err != nil || s.Segments != 2*81 {
						t.Errorf("%v: %+v in\n%s", err, s, log)
					}
				})
			})
		}
	}
}
