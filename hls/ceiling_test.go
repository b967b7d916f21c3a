package hls

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// TestParseCeilings: what a playlist costs in steps and memory grows with its text and no faster, in a number of pieces that does not grow
// at all.
// What is counted does not depend on the machine.
func TestParseCeilings(t *testing.T) { // not parallel, as others allocate as well
	const allocs, size, each, steps = 4, 700, 105, 20 // bytes, those for each being a reference and its lines
	for name, list := range map[string]func(segments int) string{
		"segments": func(n int) string {
			return "#EXT-X-TARGETDURATION:2\n" + strings.Repeat("#EXTINF:2,\nseg12345.ts\n", n)
		},
		"ranges": func(n int) string {
			return "#EXT-X-TARGETDURATION:2\n" + strings.Repeat("#EXTINF:2,\n#EXT-X-BYTERANGE:1000\nall.ts\n", n)
		},
		"renditions": func(n int) string { return strings.Repeat("#EXT-X-STREAM-INF:BANDWIDTH=1\nv12345/index.m3u8\n", n) },
	} {
		for _, n := range []int{5, 1000, 10_000} {
			t.Run(fmt.Sprintf("%d %s", n, name), func(t *testing.T) {
				text := []byte("#EXTM3U\n" + list(n))
				var before, after runtime.MemStats
				parse := func() {
					if _, err := Parse(text); err != nil {
						t.Fatal(err)
					}
				}
				if got := testing.AllocsPerRun(10, parse); got > allocs {
					t.Errorf("%.0f allocations, want %d at most", got, allocs)
				}
				runtime.ReadMemStats(&before)
				parse()
				runtime.ReadMemStats(&after)
				if got, most := after.TotalAlloc-before.TotalAlloc, uint64(size+n*each); got > most {
					t.Errorf("%d bytes, want %d at most", got, most)
				}
				p := parser{budget: newBudget(text, maxReferences)}
				if _, err := p.parse(text); err != nil {
					t.Fatal(err)
				}
				if got, most := p.budget.steps, int64(3*n+steps); got > most {
					t.Errorf("%d steps, want %d at most", got, most)
				}
			})
		}
	}
}
