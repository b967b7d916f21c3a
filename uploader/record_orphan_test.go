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
	"github.com/hlsship/hlsship/uploader/storetest"
)

// TestOrphanIsClosedWhole: of a run whose process died with its disk, all lists are closed with what is published of them, though the packager
// goes on with one alone before the next process is gone.
func TestOrphanIsClosedWhole(t *testing.T) {
	t.Parallel()
	for _, goesOn := range []string{"v0", "v1"} {
		synctest.Test(t, func(t *testing.T) {
			m := storetest.NewMemory()
			records := func(c *uploader.Config) {
				c.Continuous, c.Record = &uploader.Continuous{}, &uploader.Record{}
			}
			if _, err := run(t, t.Context(), m, records, func(facts chan<- hls.File) { encode(facts, 0, 2, false) }); err != nil {
				t.Fatal(err)
			}
			for key := range m.Contents() {
				folder, rest := hls.SessionOf(strings.TrimPrefix(key, "live/"))
				_, number, chunk := recording.ParseChunkName(rest)
				if folder != "" && (chunk && number > 0 || !chunk && path.Ext(rest) != ".ts") {
					m.Remove(key)
				}
			}
			_, err := run(t, t.Context(), m, records, func(facts chan<- hls.File) {
				facts <- fact(goesOn+"/s0.ts", "media of another run")
				facts <- fact(goesOn+"/x.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:2,\ns0.ts\n")
				time.Sleep(2 * time.Second)
				for _, list := range []string{"v0/x.m3u8", "v1/x.m3u8"} {
					if got, want := recordings(t, m)[list], "/"+upTo(0, 2); got != want {
						t.Errorf("%s goes on: %s: got %s, want %s", goesOn, list, got, want)
					}
				}
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}
