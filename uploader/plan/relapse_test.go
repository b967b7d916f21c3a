package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestVersionsThatWaitTakeNoBytesOfTheNextRun: what waits for other bytes, as it might be of another run, does not mean those of
// the run that really comes then, whose own versions wait for a key that comes late.
func TestVersionsThatWaitTakeNoBytesOfTheNextRun(t *testing.T) {
	t.Parallel()
	const key = `#EXT-X-KEY:METHOD=AES-128,URI="k.key"`
	for name, test := range map[string]struct {
		waiting [][]string
		first   []string // what the first version of the next run names
		named   bool     // before it is finished
	}{
		"one":                    {[][]string{{"s0.ts", "s1.ts"}}, []string{"s0.ts"}, false},
		"two":                    {[][]string{{"s0.ts", "s1.ts"}, {"s0.ts", "s1.ts", "#EXT-X-NOTE"}}, []string{"s0.ts"}, false},
		"of three":               {[][]string{{"s0.ts", "s1.ts"}, {"s0.ts", "s1.ts", "#EXT-X-NOTE"}, {"s0.ts", "s1.ts", "#EXT-X-NOTED"}}, []string{"s0.ts"}, false},
		"and it is named first":  {[][]string{{"s0.ts", "s1.ts"}}, []string{"s0.ts"}, true},
		"and it begins with two": {[][]string{{"s0.ts", "s1.ts", "s2.ts"}}, []string{"s0.ts", "s1.ts"}, false},
		"and with three":         {[][]string{{"s0.ts", "s1.ts", "s2.ts", "s3.ts"}}, []string{"s0.ts", "s1.ts", "s2.ts"}, false},
		"and with as many":       {[][]string{{"s0.ts", "s1.ts"}}, []string{"s0.ts", "s1.ts"}, false},
		"of names that are new":  {[][]string{{"t0.ts", "t1.ts"}}, []string{"t0.ts"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			all := []string{"s0.ts", "s1.ts", "s2.ts", "s3.ts", "s4.ts", "s5.ts"}
			d.media(all...)
			d.playlist("x.m3u8", playlistText(0, false, all...))
			d.absorb(func(Job) {})
			for _, names := range test.waiting {
				d.playlist("x.m3u8", playlistText(0, false, names...))
				d.tick(100 * time.Millisecond)
			}
			d.tick(5 * time.Second)
			ship := func() {
				d.absorb(func(j Job) {
					if j.Op == PutPlaylist && !strings.Contains(string(j.File.Content), "k.key") {
						t.Errorf("published %d segments, of the run before", j.File.Playlist.Segments)
					}
				})
				d.tick(time.Second)
			}
			if !test.named {
				d.media(test.first...)
			}
			for n := len(test.first); n <= len(all); n++ {
				var next []string
				for i := range n {
					next = append(next, fmt.Sprintf("%c%d.ts", test.first[0][0], i))
				}
				d.playlist("x.m3u8", playlistText(0, false, append([]string{key}, next...)...))
				if test.named || n > len(test.first) {
					d.media(next[n-1])
				}
				ship()
			}
			d.media("k.key")
			ship()
			if l := d.plan.lists["x.m3u8"]; l.published != l.last {
				t.Error("the newest version is not published")
			}
		})
	}
}

// TestNewBytesAmongOld: a version that waits as it might be of another run, and gets the first bytes of one that really begins, does
// not take old bytes behind those a moment later: it would be a mixture of both, over what the published one needs.
func TestNewBytesAmongOld(t *testing.T) {
	t.Parallel()
	const init = `#EXT-X-MAP:URI="i.mp4"`
	for name, test := range map[string]struct {
		waiting []string
		comes   string        // first of the run that really begins
		within  time.Duration // of those that are waited for
	}{
		"of two":                  {[]string{"s0.ts", "s1.ts"}, "s0.ts", 6 * time.Second},
		"of three":                {[]string{"s0.ts", "s1.ts", "s2.ts", "#EXT-X-NOTE"}, "s0.ts", 6 * time.Second},
		"behind an advertisement": {[]string{"s0.ts", "ad.ts", "s1.ts"}, "s0.ts", 6 * time.Second},
		"behind an init section":  {[]string{init, "s0.ts", "s1.ts"}, "i.mp4", 2 * time.Second},
		"behind a key":            {[]string{`#EXT-X-KEY:METHOD=AES-128,URI="k.key"`, "s0.ts", "s1.ts"}, "k.key", 2 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play := func() (d *desk, puts *[]string) {
				d, puts = newDesk(t, Config{}), new([]string)
				d.media("ad.ts", "i.mp4", "k.key", "s0.ts", "s1.ts", "s2.ts")
				all := append(slices.Clone(test.waiting[:1]), "s0.ts", "s1.ts", "s2.ts")
				d.playlist("x.m3u8", playlistText(0, false, slices.Compact(all)...))
				d.absorb(func(Job) {})
				if test.comes == "s0.ts" {
					d.playlist("x.m3u8", playlistText(0, false, "s0.ts", "s1.ts"))
				}
				d.playlist("x.m3u8", playlistText(0, false, test.waiting...))
				d.absorb(func(Job) {})
				d.tick(test.within - time.Millisecond)
				d.media(test.comes)
				d.absorb(func(Job) {})
				d.tick(6*time.Second - test.within + time.Millisecond)
				d.absorb(func(j Job) {
					if j.Op == PutMedia || j.Op == PutPlaylist {
						*puts = append(*puts, j.Path)
					}
				})
				return d, puts
			}
			d, puts := play()
			if len(*puts) > 0 {
				t.Errorf("stored %q", *puts)
			}
			d.tick(time.Millisecond)
			if test.comes != "s0.ts" {
				d.media("s0.ts")
			}
			d.playlist("x.m3u8", playlistText(0, false, slices.Compact([]string{test.waiting[0], "s0.ts"})...))
			d.absorb(func(Job) {})
			if l := d.plan.lists["x.m3u8"]; l.published != l.last {
				t.Error("the first version of the other run is not published")
			}
			d, _ = play() // and if none comes
			d.tick(6 * time.Second)
			d.absorb(func(Job) {})
			if l := d.plan.lists["x.m3u8"]; l.published != l.last {
				t.Error("a version waits for ever")
			}
		})
	}
}
