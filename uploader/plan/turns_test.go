package plan

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// TestPlanTurnsOnSharedFiles: playlists that name the same segments, on a line so slow that each has one request at a time, do not keep
// one of them from what it alone needs.
func TestPlanTurnsOnSharedFiles(t *testing.T) {
	t.Parallel()
	const segments = 6
	for own, line := range map[string]string{
		"init.mp4": `#EXT-X-MAP:URI="init.mp4"`,
		"0.key":    `#EXT-X-KEY:METHOD=AES-128,URI="0.key"`,
		"slate.ts": "slate.ts",
	} {
		for _, lists := range []int{2, 3} {
			t.Run(fmt.Sprintf("%s of one of %d playlists", own, lists), func(t *testing.T) {
				t.Parallel()
				d := newDesk(t, Config{PerStream: 1})
				var shared, sent []string
				for i := range segments {
					shared = append(shared, fmt.Sprintf("s%d.ts", i))
				}
				for i := range lists - 1 {
					d.playlist(fmt.Sprintf("y%d.m3u8", i), playlistText(0, false, shared...))
				}
				d.playlist("x.m3u8", playlistText(0, false, append([]string{line}, shared...)...))
				d.absorb(func(Job) {}) // which reads back what is published
				d.media(shared[0])
				d.tick(time.Second)
				d.want("put " + shared[0])
				d.media(own)
				d.media(shared[1:]...)
				d.want()
				d.done("put " + shared[0])
				d.absorb(func(j Job) {
					if j.Op == PutMedia {
						sent = append(sent, j.Path)
					}
				})
				if at := slices.Index(sent, own); at < 0 || at >= lists {
					t.Errorf("sent %q, want %s as soon as each playlist had its turn", sent, own)
				}
			})
		}
	}
}
