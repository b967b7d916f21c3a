package plan

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
)

// crowd is a Plan beside a store in virtual time, and the streams that an observer knows.
type crowd struct {
	*desk
	rng    *rand.Rand
	under  []Job
	down   bool
	series map[string]bool
}

func newCrowd(t *testing.T, c Config) *crowd {
	return &crowd{desk: newDesk(t, c), rng: rand.New(rand.NewPCG(1, 2)), series: map[string]bool{}}
}

// turn is what the loop of Run does once, and a little time.
func (c *crowd) turn() {
	c.tick(10 * time.Millisecond)
	for i := 0; i < len(c.under); {
		j := c.under[i]
		if c.rng.IntN(3) > 0 {
			i++
			continue
		}
		c.under = append(c.under[:i], c.under[i+1:]...)
		out := Outcome{Result: Done, At: c.now, ETag: fmt.Sprint("e", c.plan.next())}
		switch {
		case c.down:
			out = Outcome{Result: Failed, Kind: store.Transient, At: c.now, RetryIn: time.Second}
		case j.Op == Fetch, j.Op == Compare:
			out = Outcome{Result: Absent, At: c.now}
		case j.Op == PutMedia && j.File.Source == nil:
			out = Outcome{Result: Gone, At: c.now}
		default:
			c.series[j.Stream] = true // Stored or Published
		}
		tell(c.plan, &c.health, j, out)
	}
	if c.down {
		c.plan.Recheck(c.now)
	} else {
		c.under = append(c.under, c.plan.Next(c.now)...)
	}
	c.plan.Kept()
	c.plan.Released()
	for _, name := range c.plan.Looks() {
		if o := c.plan.objects[name]; o != nil && o.disk.Gone() {
			c.gone(name)
		}
	}
	for _, l := range c.plan.Losses() {
		c.series[l.Stream] = true
	}
	for _, s := range c.plan.changedStreams(nil, c.now, false) {
		if c.series[s.Name] = true; s.Forgotten {
			delete(c.series, s.Name)
		}
	}
}

// empty checks that nothing is left of all that was there.
func (c *crowd) empty() {
	c.t.Helper()
	p := c.plan
	for what, n := range map[string]int{
		"objects": len(p.objects), "lists": len(p.lists), "streams": len(p.streams), "folders": len(p.folders), "files waiting": p.account.files,
		"strays": len(p.strays.found) + len(p.strays.deleted) + len(p.strays.odd), "files without a pin": len(p.unpinned.versions), "requests": len(c.under), "series": len(c.series),
	} {
		if n != 0 {
			c.t.Errorf("%d %s are left", n, what)
		}
	}
	for name := range c.series {
		c.t.Logf("series of %s", name)
		break
	}
	if b := p.Blocked(); len(b) > 0 {
		c.t.Logf("%d are blocked, the first one: %+v", len(b), b[0])
	}
}

// TestNothingIsLeftOfFoldersThatAreGone makes and removes folders within moments, as a platform with a folder for each broadcast
// does.
func TestNothingIsLeftOfFoldersThatAreGone(t *testing.T) {
	t.Parallel()
	const folders = 1000
	for name, kind := range map[string]func(c *crowd, at string) []string{
		"a live playlist": func(c *crowd, at string) []string {
			c.media(at + "s0.ts")
			c.playlist(at+"i.m3u8", playlistText(0, false, "s0.ts"))
			return []string{at + "s0.ts", at + "i.m3u8"}
		},
		"found at rest": func(c *crowd, at string) []string {
			c.found(at + "s0.ts")
			c.found(at + "odd.ts")
			c.playlist(at+"i.m3u8", playlistText(0, true, "s0.ts"))
			return []string{at + "i.m3u8", at + "odd.ts", at + "s0.ts"}
		},
		"a segment that never came": func(c *crowd, at string) []string {
			c.media(at + "s0.ts")
			c.playlist(at+"i.m3u8", playlistText(0, false, "s0.ts", "s1.ts"))
			return []string{at + "s0.ts", at + "i.m3u8"}
		},
		"a restart under the same names": func(c *crowd, at string) []string {
			c.media(at + "s0.ts")
			c.playlist(at+"i.m3u8", playlistText(5, true, "s0.ts"))
			c.playlist(at+"i.m3u8", playlistText(0, false, "s0.ts"))
			c.media(at + "s0.ts")
			return []string{at + "i.m3u8", at + "s0.ts"}
		},
		"a multivariant playlist and its children": func(c *crowd, at string) []string {
			c.playlist(at+"master.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhi/i.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlo/i.m3u8\n")
			c.media(at + "hi/s0.ts")
			c.playlist(at+"hi/i.m3u8", playlistText(0, false, "s0.ts"))
			return []string{at + "hi/i.m3u8", at + "hi/s0.ts", at + "master.m3u8"} // lo never came
		},
		"files that nothing names": func(c *crowd, at string) []string {
			c.media(at+"s0.ts", at+"poster.jpg")
			c.found(at + "7.ts")
			return []string{at + "poster.jpg", at + "s0.ts", at + "7.ts"}
		},
	} {
		for _, outage := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, outage %v", name, outage), func(t *testing.T) {
				t.Parallel()
				include := func(path string) bool { return len(path) > 3 && path[len(path)-3:] == "jpg" }
				c := newCrowd(t, Config{Budget: 20_000, Include: include})
				var there [][]string
				for i := range folders {
					c.down = outage && i > folders/4 && i < folders/2
					there = append(there, kind(c, fmt.Sprintf("u%d/", i)))
					c.turn()
					if i >= 10 {
						for _, name := range there[i-10] {
							c.gone(name)
						}
					}
				}
				for _, files := range there[folders-10:] {
					for _, name := range files {
						c.gone(name)
					}
				}
				for range 10_000 {
					c.turn()
				}
				c.empty()
			})
		}
	}
}

// TestLossIsToldOfAFolderThatIsForgotten: who counts a loss for a stream that is gone forgets that stream again.
func TestLossIsToldOfAFolderThatIsForgotten(t *testing.T) {
	t.Parallel()
	c := newCrowd(t, Config{Budget: 250})
	c.down = true
	names := []string{"u/s0.ts", "u/s1.ts", "u/s2.ts", "u/s3.ts"}
	c.media(names...)
	c.playlist("u/i.m3u8", playlistText(0, false, "s0.ts", "s1.ts", "s2.ts", "s3.ts"))
	c.playlist("u/i.m3u8", playlistText(2, true, "s2.ts", "s3.ts"))
	c.turn()
	c.unpinned("u/s0.ts budget", "u/s1.ts budget")
	c.down = false
	settle := func() {
		for range 1000 {
			c.turn()
		}
	}
	settle()
	c.gone("u/i.m3u8")
	settle()
	if len(c.series) > 0 {
		t.Fatalf("%v are shown of a folder without a playlist", c.series)
	}
	for _, name := range names {
		c.gone(name)
		settle()
	}
	c.empty()
}
