package watcher

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// ordered is an order whose facts are noted, by their paths.
type ordered struct {
	*order
	got []string
}

func newOrdered() *ordered {
	o := &ordered{}
	o.order = newOrder(func(f hls.File) {
		name := f.Path
		if f.State == hls.Gone {
			name = "-" + name
		}
		o.got = append(o.got, name)
	})
	return o
}

// is checks what went out since the last call.
func (o *ordered) is(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(o.got, want) {
		t.Errorf("got %q, want %q", o.got, want)
	}
	o.got = nil
}

func settledFact(path string) hls.File { return hls.File{Path: path, State: hls.Settled} }

func goneFact(path string) hls.File { return hls.File{Path: path, State: hls.Gone} }

func TestOrderOfOnePath(t *testing.T) {
	t.Parallel()
	o := newOrdered()
	first, second, gone := o.take("a", ofFile, nil), o.take("a", ofFile, nil), o.take("a", ofFile, nil)
	o.fill(gone, goneFact("a"), true)
	o.fill(second, settledFact("a"), true)
	o.is(t)
	o.fill(o.take("a", ofFile, second), settledFact("ahead"), false)
	o.is(t)
	o.withdraw(first)
	o.is(t, "ahead", "a", "-a")
	if len(o.paths)+len(o.files.first)+len(o.held) > 0 {
		t.Errorf("left %+v", o.order)
	}
}

func TestChangesWaitForPlaylists(t *testing.T) {
	t.Parallel()
	o := newOrdered()
	earlier := o.take("earlier", ofFile, nil)
	first := o.take("1.m3u8", ofPlaylist, nil)
	a := o.take("a", ofFile, nil)
	second := o.take("2.m3u8", ofPlaylist, nil)
	b := o.take("b", ofFile, nil)
	o.fill(o.take("c", ofFile, nil), goneFact("c"), true)
	o.fill(b, settledFact("b"), true) // before a, which comes out before it
	o.fill(a, settledFact("a"), true)
	o.fill(o.take("new", ofFile, nil), settledFact("new"), false)
	o.is(t, "new")
	o.fill(earlier, settledFact("earlier"), true) // it was looked at before the playlists
	o.is(t, "earlier")
	o.fillList(second, settledFact("2.m3u8"), nil) // does not wait for another playlist
	o.is(t, "2.m3u8")
	third := o.take("3.m3u8", ofPlaylist, nil)
	o.fillList(first, settledFact("1.m3u8"), nil)
	o.is(t, "1.m3u8", "a", "b", "-c")
	o.fill(o.take("c", ofFile, nil), settledFact("c"), false) // the name is not new
	o.is(t)
	o.withdraw(third) // it was no playlist
	o.is(t, "c")
}

func TestPlaylistsWaitForWhatTheyName(t *testing.T) {
	t.Parallel()
	o := newOrdered()
	a, b, grows := o.take("a", ofFile, nil), o.take("b", ofFile, nil), o.take("grows", ofGrowth, nil)
	again := o.take("a", ofFile, nil)
	list := o.take("x.m3u8", ofPlaylist, nil)
	later := o.take("b", ofFile, nil)
	for path, want := range map[string]*place{"a": again, "b": b, "grows": nil, "x.m3u8": nil, "c": nil} {
		if got := o.before(list, path); got != want {
			t.Errorf("before the playlist: %s has %v, want %v", path, got, want)
		}
		if o.files.before(path, list.number) != (want != nil) {
			t.Errorf("%s is pending: %t", path, want == nil)
		}
	}
	o.fillList(list, settledFact("x.m3u8"), []*place{o.before(list, "a"), o.before(list, "b"), b})
	o.fill(grows, settledFact("grows"), false)
	o.fill(later, settledFact("b"), true)
	o.is(t, "grows")
	o.fill(a, settledFact("a"), true)
	o.fill(b, settledFact("b"), true)
	o.is(t, "a", "b")
	o.withdraw(again) // it turns out to be nothing
	o.is(t, "x.m3u8", "b")
}

// TestPlaylistsAdvanceWhatTheyMean has playlists find out late that they name files which were looked at after them and have other bytes.
func TestPlaylistsAdvanceWhatTheyMean(t *testing.T) {
	t.Parallel()
	o := newOrdered()
	first, second := o.take("1.m3u8", ofPlaylist, nil), o.take("2.m3u8", ofPlaylist, nil)
	a, b, gone, anew := o.take("a", ofFile, nil), o.take("b", ofFile, nil), o.take("c", ofFile, nil), o.take("c", ofFile, nil)
	third := o.take("3.m3u8", ofPlaylist, nil)
	o.fill(gone, goneFact("c"), true)
	o.advance(anew, second) // with what its path has before, which waited for the playlist already
	o.advance(b, second)
	if o.before(third, "c") != anew || !o.files.before("c", third.number) {
		t.Error("a later playlist does not wait for what was advanced")
	}
	o.fillList(second, settledFact("2.m3u8"), []*place{anew, b})
	o.fill(b, settledFact("b"), true)
	o.fill(anew, settledFact("c"), true)
	o.is(t) // all of them wait for the first playlist
	o.advance(a, first)
	o.fillList(first, settledFact("1.m3u8"), []*place{a})
	o.fill(a, settledFact("a"), true)
	o.is(t, "a", "1.m3u8", "-c", "b", "c", "2.m3u8")
	o.withdraw(third)
	if len(o.paths)+len(o.files.first)+len(o.held)+len(o.lists) > 0 {
		t.Errorf("left %+v", o.order)
	}
}

// TestOrderConcludes has nothing more come at places that others wait for.
func TestOrderConcludes(t *testing.T) {
	t.Parallel()
	o := newOrdered()
	busy, open := o.take("busy.m3u8", ofPlaylist, nil), o.take("open", ofFile, nil)
	list := o.take("x.m3u8", ofPlaylist, nil)
	o.fill(o.take("a", ofFile, nil), settledFact("a"), true)
	o.fillList(list, settledFact("x.m3u8"), []*place{open})
	o.is(t)
	o.conclude()
	o.is(t, "x.m3u8", "a")
	late := &released{}
	o.fill(open, hls.File{Path: "open", Source: late}, false)
	o.fillList(busy, settledFact("busy.m3u8"), nil)
	o.is(t)
	if !late.yes {
		t.Error("what came too late is not released")
	}
}

// TestOverduePlaylists has a change wait for a playlist for too long.
func TestOverduePlaylists(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newOrdered()
		slow := o.take("slow.m3u8", ofPlaylist, nil)
		o.fill(o.take("a", ofFile, nil), settledFact("a"), true)
		late := o.take("late.m3u8", ofPlaylist, nil)
		time.Sleep(holdTime)
		if got := o.overdue(time.Now().Add(-holdTime - 1)); len(got) > 0 {
			t.Errorf("%d are overdue too early", len(got))
		}
		if got := o.overdue(time.Now().Add(-holdTime)); len(got) != 1 || got[0] != slow || !slow.done || late.done {
			t.Errorf("got %d places", len(got))
		}
		o.is(t, "a")
		o.withdraw(slow) // which does no harm
		o.fillList(late, settledFact("late.m3u8"), nil)
		o.is(t, "late.m3u8")
	})
}

// TestOrderAtRandom plays random facts and checks the rules on what comes out: nothing is lost, the facts of a path stay in
// order, a change comes after the playlists that took a place before it, and a playlist after what it waits for.
func TestOrderAtRandom(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		g := &game{random: rand.New(rand.NewPCG(seed, 1)), awaits: make(map[*place][]*place)}
		g.order = newOrder(func(f hls.File) { g.out = append(g.out, int(f.Version.Size)) })
		for range 60 {
			if len(g.open) == 0 || g.random.IntN(2) == 0 {
				g.take()
			} else {
				g.finish()
			}
		}
		for len(g.open) > 0 {
			g.finish()
		}
		for _, problem := range g.problems() {
			t.Errorf("seed %d: %s", seed, problem)
		}
	}
}

// game is an order that is played with.
type game struct {
	*order
	random    *rand.Rand
	out       []int    // by their numbers in all
	all, open []*place // those withdrawn are nil in all
	awaits    map[*place][]*place
}

func (g *game) take() {
	path, about := string(rune('a'+g.random.IntN(6))), topic(g.random.IntN(3))
	if about == ofPlaylist {
		path += ".m3u8"
	}
	p := g.order.take(path, about, nil)
	g.all, g.open = append(g.all, p), append(g.open, p)
}

// finish fills or withdraws one of the places that are open.
func (g *game) finish() {
	i := g.random.IntN(len(g.open))
	p := g.open[i]
	g.open = slices.Delete(g.open, i, i+1)
	number := slices.Index(g.all, p)
	fact := hls.File{Path: p.path, Version: hls.Version{Size: int64(number)}}
	switch {
	case g.random.IntN(5) == 0:
		g.withdraw(p)
		g.all[number] = nil
	case p.topic == ofPlaylist:
		for _, path := range slices.Sorted(maps.Keys(g.paths)) {
			if q := g.order.before(p, path); q != nil && g.random.IntN(2) == 0 {
				g.awaits[p] = append(g.awaits[p], q)
			}
		}
		for _, q := range g.open { // it looks for some, which come after those of the path that are open
			if q.topic == ofFile && g.random.IntN(3) == 0 {
				g.advance(q, p)
				g.awaits[p] = append(g.awaits[p], q)
			}
		}
		g.fillList(p, fact, g.awaits[p])
	default:
		g.fill(p, fact, g.random.IntN(2) == 0)
	}
}

// problems lists what is wrong with what went out.
func (g *game) problems() []string {
	var wrong []string
	when := func(p *place) int { return slices.Index(g.out, slices.Index(g.all, p)) }
	count := 0
	for i, p := range g.all {
		if p == nil {
			continue
		}
		count++
		for j, q := range g.all {
			switch {
			case q == nil || when(p) < when(q):
			case i < j && p.path == q.path:
				wrong = append(wrong, fmt.Sprintf("%d and %d of %s changed places", i, j, p.path))
			case p.number < q.number && p.topic == ofPlaylist && q.changes:
				wrong = append(wrong, fmt.Sprintf("the change %d came before the playlist %d", j, i))
			case slices.Contains(g.awaits[q], p) && p != q:
				wrong = append(wrong, fmt.Sprintf("the playlist %d did not wait for %d", j, i))
			}
		}
	}
	if len(g.out) != count {
		wrong = append(wrong, fmt.Sprintf("%d facts came out, want %d", len(g.out), count))
	}
	if len(g.paths)+len(g.files.first)+len(g.lists)+len(g.todo) > 0 {
		wrong = append(wrong, fmt.Sprintf("something is left: %+v", g.order))
	}
	return wrong
}

// TestPlacesCostTheSame checks that a place takes no more memory where many others are taken: whoever writes thousands of files
// and playlists at once makes that many.
func TestPlacesCostTheSame(t *testing.T) {
	o := newOrder(func(hls.File) {})
	for i := range 20_000 {
		o.take(fmt.Sprint(i), ofFile, nil)
	}
	if n := testing.AllocsPerRun(1000, func() { o.withdraw(o.take("x.m3u8", ofPlaylist, nil)) }); n > 5 {
		t.Errorf("%.0f allocations for a place", n)
	}
	result := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			o.withdraw(o.take("x.m3u8", ofPlaylist, nil))
		}
	})
	if n := result.AllocedBytesPerOp(); n > 1000 {
		t.Errorf("%d bytes for a place", n)
	}
}
