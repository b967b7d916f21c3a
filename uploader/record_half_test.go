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

// TestHalfClosed: where a process died while it closed a session, with another list than what is known now, the next one closes it whole; what a session
// was closed with stays.
func TestHalfClosed(t *testing.T) {
	t.Parallel()
	const longer = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:7\n#EXTINF:2,\ns0.ts\n#EXTINF:2,\ns1.ts\n#EXTINF:2,\ns2.ts\n#EXTINF:2,\ns3.ts\n#EXTINF:1,\nx.ts\n#EXT-X-ENDLIST\n"
	const other = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:2,\ns0.ts\n#EXT-X-DISCONTINUITY\n#EXTINF:3,\ns2.ts\n#EXT-X-ENDLIST\n"
	for name, test := range map[string]struct {
		list   string
		text   string // that stands there already
		closed bool
		want   string
	}{
		"the first list":              {"v0/x.m3u8", other, false, "/" + upTo(0, 3)},
		"the last list":               {"v1/x.m3u8", other, false, "/" + upTo(0, 3)},
		"a list of one that is whole": {"v0/x.m3u8", other, true, "/0 2"},
		"a list that says more":       {"v0/x.m3u8", longer, false, "/0 1 2 3 x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := storetest.NewMemory()
				_, err := run(t, t.Context(), m, func(c *uploader.Config) {
					c.Continuous, c.Record = &uploader.Continuous{}, &uploader.Record{End: 10 * time.Second}
				}, func(facts chan<- hls.File) {
					encode(facts, 0, 2, false)
					put := func(key, text string) {
						if _, err := m.Put(t.Context(), store.Object{Key: key, Size: int64(len(text)), Body: strings.NewReader(text)}); err != nil {
							t.Error(err)
						}
					}
					for key := range m.Contents() {
						folder, rest := hls.SessionOf(strings.TrimPrefix(key, "live/"))
						if rest != "v0/s0.ts" {
							continue
						}
						put("live/"+folder+"v0/x.ts", "media")
						if put("live/"+path.Join(folder, test.list), test.text); test.closed {
							put("live/"+folder+recording.SessionSummary, "{}")
						}
					}
					encode(facts, 3, 3, true)
					time.Sleep(time.Minute)
				})
				if err != nil {
					t.Fatal(err)
				}
				if got := recordings(t, m)[test.list]; got != test.want {
					t.Errorf("got %s, want %s", got, test.want)
				}
				for key := range m.Contents() {
					if path.Base(key) == recording.SessionSummary {
						return
					}
				}
				t.Error("the session is not closed")
			})
		})
	}
}
