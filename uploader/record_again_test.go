package uploader_test

import (
	"path"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/recording"
	"github.com/hlsship/hlsship/uploader/store"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// TestClosedOrNot: a session that is closed is closed again by the next process if its index says more than it was closed with, and by no other, whatever
// the store's clock says of both: seconds are long, and some stores tell none.
func TestClosedOrNot(t *testing.T) {
	t.Parallel()
	for _, undated := range []bool{false, true} {
		for name, more := range map[string]bool{"all of it is closed": false, "a chunk came in that second": true} {
			if undated {
				name += ", the store has no clock"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					m := storetest.NewMemory()
					m.Undated = undated
					records := func(c *uploader.Config) { c.Continuous, c.Record = &uploader.Continuous{}, &uploader.Record{} }
					if _, err := run(t, t.Context(), m, records, func(facts chan<- hls.File) { encode(facts, 0, 2, false) }); err != nil {
						t.Fatal(err)
					}
					put := func(key, text string) {
						if _, err := m.Put(t.Context(), store.Object{Key: key, Size: int64(len(text)), Body: strings.NewReader(text)}); err != nil {
							t.Error(err)
						}
					}
					want, session := "/"+upTo(0, 2), ""
					for key := range m.Contents() {
						folder, rest := hls.SessionOf(strings.TrimPrefix(key, "live/"))
						session = max(session, folder)
						if list, number, chunk := recording.ParseChunkName(rest); more && chunk && number == 0 && list != "master.m3u8" {
							put("live/"+folder+path.Dir(list)+"/s3.ts", "media")
							put("live/"+folder+recording.ChunkName(list, 7), "#EXTM3U\n## hlsship index 1\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:3\n##3 1\n#EXTINF:2,\ns3.ts\n##end 1\n")
							want = "/" + upTo(0, 3)
						}
					}
					closed := 0
					m.OnChange = func(key string, _ []byte) {
						if key == "live/"+session+recording.SessionSummary {
							closed++
						}
					}
					_, err := run(t, t.Context(), m, records, func(facts chan<- hls.File) {
						encode(facts, 0, 3, true)
						time.Sleep(3 * time.Minute)
					})
					if err != nil {
						t.Fatal(err)
					}
					if got := recordings(t, m)["v0/x.m3u8"]; got != want+"/"+upTo(0, 3) {
						t.Errorf("got %s, want %s first", got, want)
					}
					if again := closed > 0; again != more {
						t.Errorf("it is closed again: %v, want %v", again, more)
					}
				})
			})
		}
	}
}
