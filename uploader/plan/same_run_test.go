package plan

import (
	"fmt"
	"testing"
	"time"
)

// TestSegmentsWithTheBytesOfTheRunBefore: a packager that begins anew writes some segments with the very bytes that its run before had, as
// encoders do of silence, a tone or a slate. They are of the new run, and nobody waits for others.
func TestSegmentsWithTheBytesOfTheRunBefore(t *testing.T) {
	t.Parallel()
	// A run of so many segments, of which the playlist names the last three; then another one, which writes again so many before its
	// first playlist.
	for _, c := range []struct{ old, ahead int }{{2, 1}, {3, 1}, {3, 2}, {5, 1}, {5, 3}} {
		for _, ext := range []string{"m4s", "vtt"} {
			t.Run(fmt.Sprintf("%d %s, %d ahead", c.old, ext, c.ahead), func(t *testing.T) {
				t.Parallel()
				d := newDesk(t, Config{})
				name := func(i int) string { return fmt.Sprintf("s%d.%s", i, ext) }
				write := func(i int) { d.plan.Observe(d.summed(name(i), fmt.Sprint("tone ", i))) }
				list := func(last int) {
					var names []string
					first := max(0, last-2)
					for i := first; i <= last; i++ {
						names = append(names, name(i))
					}
					d.playlist("x.m3u8", playlistText(first, false, names...))
				}
				published := 0
				take := func() { d.absorb(func(j Job) { published += map[Op]int{PutPlaylist: 1}[j.Op] }) }
				for i := range c.old {
					write(i)
					d.tick(10 * time.Millisecond)
					list(i)
					take()
					d.tick(2 * time.Second)
				}
				published = 0
				for i := range 6 {
					for k := i; k < c.ahead && i == 0; k++ {
						write(k)
					}
					if i >= c.ahead {
						write(i)
					}
					d.tick(10 * time.Millisecond)
					list(i)
					if take(); published != i+1 {
						t.Fatalf("published of the new run: %d, want %d: %+v", published, i+1, d.plan.Blocked())
					}
					d.tick(100 * time.Millisecond)
				}
			})
		}
	}
}
