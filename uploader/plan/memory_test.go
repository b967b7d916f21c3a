package plan

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// counted is a desk whose playlists count what they take.
type counted struct {
	*desk
	account *hls.Account
	claims  []yielder
}

// yielder is a version that is to give its memory up.
type yielder struct {
	path string
	seq  uint64
}

func newCounted(t *testing.T, limit int64) *counted {
	c := &counted{account: hls.NewAccount(limit)}
	c.desk = newDesk(t, Config{Memory: c.account, Yield: func(path string, seq uint64) { c.claims = append(c.claims, yielder{path, seq}) }})
	return c
}

// reads has the watcher read a playlist, if there is room.
func (c *counted) reads(name, text string) (ok bool) {
	c.t.Helper()
	size := int64(len(text))
	share, ok := c.account.Take(hls.Cost(size, 0))
	if !ok {
		return false
	}
	pl, err := hls.ParseFile(name, []byte(text), hls.ParseOptions{})
	if err != nil {
		c.t.Fatal(err)
	}
	if !share.Grow(hls.Cost(size, len(pl.References))) {
		share.Release()
		return false
	}
	c.plan.Observe(hls.File{
		Path: name, State: hls.Settled, Kind: pl.Kind, Version: c.version(size), Seen: c.now, Content: []byte(text), Playlist: pl, Share: share,
	})
	return true
}

// yields has the Plan hear what others asked for.
func (c *counted) yields() {
	claims := c.claims
	c.claims = nil
	for _, one := range claims {
		c.plan.Yield(one.path, one.seq)
	}
}

// event returns an EVENT playlist of n segments.
func event(n int) string {
	var b strings.Builder
	b.WriteString("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-PLAYLIST-TYPE:EVENT\n")
	for i := range n {
		fmt.Fprintf(&b, "#EXTINF:2.000000,\nseg%06d.ts\n", i)
	}
	return b.String()
}

// liveHeap returns how many bytes are live.
func liveHeap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) //nolint:gosec // no machine has as many
}

// TestMemoryOfALongEvent: versions of a list of twelve hours wait for a store, are counted as what they are, stay within their
// share, and the newest is published afterwards. Nothing is parallel to it, as it measures.
func TestMemoryOfALongEvent(t *testing.T) { //nolint:paralleltest // it measures
	const segments, versions, limit = 21_600, 66, 64 << 20
	c := newCounted(t, limit)
	c.unaudited()
	for i := range segments {
		c.media(fmt.Sprintf("seg%06d.ts", i))
	}
	if !c.reads("x.m3u8", event(segments)) {
		t.Fatal("the first version is refused")
	}
	published := 0
	answer := func(j Job) {
		if j.Op == PutPlaylist {
			published++
		}
	}
	c.absorb(answer)
	if used := c.account.Used(); published != 1 || used > segments*bindSize+1000 {
		t.Fatalf("%d published, which take %d bytes", published, used)
	}
	before := liveHeap()
	for i := range versions {
		c.tick(2 * time.Second)
		c.media(fmt.Sprintf("seg%06d.ts", segments+i))
		if !c.reads("x.m3u8", event(segments+i+1)) {
			t.Fatalf("version %d is refused, with %d bytes taken", i, c.account.Used())
		}
		c.jobs() // which are not answered
		c.yields()
		if used := c.account.Used(); used > limit {
			t.Fatalf("%d bytes are taken", used)
		}
	}
	grown, used := liveHeap()-before, c.account.Used()
	t.Logf("%d versions wait: %d bytes counted, %d more on the heap", len(c.plan.lists["x.m3u8"].pending), used, grown)
	if grown > 2*used || grown > limit/maxVersions*2 {
		t.Errorf("%d bytes more on the heap, of which %d are counted", grown, used)
	}
	if n := len(c.plan.lists["x.m3u8"].pending); n < few {
		t.Errorf("%d versions wait", n)
	}
}

// TestMemoryOfPublishedPlaylists: what is published is known by a sum, and what comes again under it is no news.
func TestMemoryOfPublishedPlaylists(t *testing.T) {
	t.Parallel()
	c := newCounted(t, 64<<20)
	text := "#EXTM3U\n#" + strings.Repeat("x", 4<<20) + "\n#EXTINF:2,\na.ts\n"
	c.media("a.ts")
	for i := range 40 {
		name := fmt.Sprintf("x%d.m3u8", i)
		if !c.reads(name, text) {
			t.Fatalf("playlist %d is refused, with %d bytes taken", i, c.account.Used())
		}
		c.absorb(func(Job) {})
	}
	if used := c.account.Used(); used > 40*2*bindSize {
		t.Errorf("%d bytes are taken", used)
	}
	if !c.reads("x0.m3u8", text) {
		t.Fatal("refused")
	}
	c.want()
	// A bucket that was emptied: the text is read from the disk again.
	c.plan.vanish()
	if looks := c.plan.Looks(); !slices.Contains(looks, "x7.m3u8") {
		t.Fatalf("looks: %q", looks)
	}
	published := false
	see := func(j Job) {
		if j.Op == PutPlaylist && j.Path == "x7.m3u8" {
			published = string(j.File.Content) == text
		}
	}
	c.media("a.ts")
	c.absorb(see)
	if published {
		t.Error("published without a text")
	}
	c.reads("x7.m3u8", text)
	c.tick(10 * time.Second)
	if c.absorb(see); !published {
		t.Error("not published again")
	}
}

// TestLargestPlaylistYields: a playlist that takes much and cannot be published makes room for others, and is read again.
func TestLargestPlaylistYields(t *testing.T) {
	t.Parallel()
	missing := func(prefix string, n int) string {
		var b strings.Builder
		b.WriteString("#EXTM3U\n#EXT-X-TARGETDURATION:2\n")
		for i := range n {
			fmt.Fprintf(&b, "#EXTINF:2,\n%s%d.ts\n", prefix, i)
		}
		return b.String()
	}
	variants := func(n int) string {
		var b strings.Builder
		b.WriteString("#EXTM3U\n")
		for i := range n {
			fmt.Fprintf(&b, "#EXT-X-STREAM-INF:BANDWIDTH=1\nv%d.m3u8\n", i)
		}
		return b.String()
	}
	for name, large := range map[string]string{
		"segments that never come":         missing("n", 1000),
		"playlists that never come":        variants(1000),
		"a manifest of very many segments": `<MPD type="dynamic"><Period><AdaptationSet><SegmentTemplate media="$Number$.m4s"><SegmentTimeline><S d="1" r="1000"/></SegmentTimeline></SegmentTemplate><Representation/></AdaptationSet></Period></MPD>`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCounted(t, 4<<20)
			file := map[bool]string{true: "large%d.mpd", false: "large%d.m3u8"}[large[0] == '<']
			for i := range 8 {
				c.reads(fmt.Sprintf(file, i), large)
				c.absorb(func(Job) {})
				c.yields()
			}
			c.media("a.ts")
			small := missing("h", 500) + "#EXTINF:2,\na.ts\n"
			for i := 0; !c.reads("x.m3u8", small); i++ {
				if c.yields(); i > 10 {
					t.Fatalf("there is never room, with %d bytes taken", c.account.Used())
				}
			}
			var waits []string
			for _, w := range c.plan.Blocked() {
				if w.Reason == "memory" {
					waits = append(waits, w.Playlist)
				}
			}
			if len(waits) == 0 {
				t.Fatal("nothing gave way")
			}
			looks := c.plan.Looks()
			for _, w := range waits {
				if !slices.Contains(looks, w) {
					t.Errorf("%s is not to be read again: %q", w, looks)
				}
			}
			// When there is room it is what it was.
			for path, l := range c.plan.lists {
				for path != waits[0] && len(l.pending) > 0 {
					c.plan.Yield(path, l.pending[0].seq)
				}
			}
			if !c.reads(waits[0], large) {
				t.Fatal("there is no room")
			}
			for _, w := range c.plan.Blocked() {
				if w.Playlist == waits[0] && w.Reason == "memory" {
					t.Error("it was read and still waits for memory")
				}
			}
		})
	}
}

// TestNamesAreForgotten: names that a playlist has no more, and that never were, leave nothing behind.
func TestNamesAreForgotten(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]string{
		"segments":              "#EXTINF:2,\n%d_%d.ts\n",
		"playlists":             "#EXT-X-STREAM-INF:BANDWIDTH=1\n%d_%d.m3u8\n",
		"keys":                  "#EXT-X-KEY:METHOD=AES-128,URI=\"%d_%d.key\"\n#EXTINF:2,\na.ts\n",
		"segments once for all": "#EXTINF:2,\n%d_0.ts\n#%d\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCounted(t, 64<<20)
			for round := range 300 {
				text := "#EXTM3U\n"
				for i := range 10 {
					text += fmt.Sprintf(line, round, i)
				}
				c.reads("x.m3u8", text)
				c.absorb(func(Job) {})
				c.tick(time.Second)
			}
			c.tick(time.Hour)
			c.absorb(func(Job) {})
			c.plan.changedStreams(nil, time.Time{}, true)
			if n := len(c.plan.objects) + len(c.plan.lists) + len(c.plan.streams); n > 64*11*2+10 {
				t.Errorf("%d objects, %d lists and %d streams are known", len(c.plan.objects), len(c.plan.lists), len(c.plan.streams))
			}
			c.gone("x.m3u8")
			for l := c.plan.lists["x.m3u8"]; len(l.pending) > 0; {
				c.plan.Yield("x.m3u8", l.pending[0].seq)
			}
			c.absorb(func(Job) {})
			c.plan.changedStreams(nil, time.Time{}, true)
			if n := len(c.plan.objects) + len(c.plan.lists); n != 0 || c.account.Used() != 0 {
				t.Errorf("%d names are left, and %d bytes", n, c.account.Used())
			}
		})
	}
}
