package schedule

import (
	"fmt"
	"testing"
	"time"
)

// TestRandomWorlds plays random streams, items and outcomes. After each step nothing is beyond its bounds, nothing that may begin is
// overlooked, and the books are right; in the end nothing is left.
func TestRandomWorlds(t *testing.T) {
	t.Parallel()
	const worlds, steps = 200, 250
	for seed := range uint64(worlds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, seed, Config{Workers: int(seed % 20), PerStream: 1 + int(seed%5)}, 1+int(seed%7))
			for range steps {
				w.step()
				w.advance()
			}
			w.finish()
		})
	}
}

// step does something at random.
func (w *world) step() {
	s := w.list[w.rand.IntN(len(w.list))]
	var x *toy
	if len(w.toys) > 0 {
		x = w.toys[len(w.toys)-1-w.rand.IntN(min(20, len(w.toys)))]
	}
	at := []Place{Edge, Edge, Backlog, Skipped}[w.rand.IntN(4)]
	switch n := w.rand.IntN(24); {
	case n < 6 || x == nil:
		for range 1 + w.rand.IntN(4) {
			w.toy(s, at)
		}
	case n < 11:
		for k := w.rand.IntN(5); k >= 0 && len(w.under) > 0; k-- {
			w.end(w.rand.IntN(len(w.under)), w.rand.IntN(3) == 0)
		}
	case n < 13:
		w.now = w.now.Add(time.Duration(w.rand.IntN(8000)) * time.Millisecond)
	case n == 13:
		x.due = true
		x.item.Withdraw()
		w.q.Put(&x.item, s, at)
	case n == 14:
		x.due = true // new work for what stands where it stood
		w.q.Put(&x.item, s, at)
		w.q.WakeAll(&x.item)
	case n == 15:
		x.due = x.item.Busy() && x.due // what it was to be requested for is void
	default:
		w.rarely(n, x, s)
	}
}

// rarely does something that is done less often.
func (w *world) rarely(n int, x *toy, s *Stream) {
	switch n {
	case 16:
		s.Skip(func(*Item) bool { return w.rand.IntN(2) == 0 })
		w.q.Wake(s)
	case 17:
		if x.due && x.item.At(s) != Nowhere {
			x.local = true
			w.q.PutLocal(&x.item, s)
		}
	case 18:
		if !x.due {
			x.proof = true
			w.q.PutProof(&x.item, s)
		}
	case 19:
		if x.shut = !x.shut; !x.shut {
			w.q.WakeAll(&x.item)
			for _, s := range w.list {
				w.q.Wake(s) // its proof may stand anywhere
			}
		}
	case 20:
		x.opens = w.now.Add(time.Duration(w.rand.IntN(9)) * time.Second)
		w.q.WakeAll(&x.item)
	case 21:
		w.first[s] = w.toys[len(w.toys)-min(3, len(w.toys)):]
		w.q.Wake(s)
	case 22:
		w.playlists(s)
	case 23:
		w.q.Recover(w.now)
		for _, s := range w.list {
			w.q.Wake(s)
		}
	}
}

// playlists begins or ends requests of s for them.
func (w *world) playlists(s *Stream) {
	for _, c := range []Class{ForPlaylist, ForEdge} {
		if w.lists[c] > 0 && w.rand.IntN(2) == 0 {
			w.q.End(c)
			w.lists[c]--
		} else if w.q.Begin(s, c) {
			w.lists[c]++
		}
	}
	if len(w.asks) > 0 && w.rand.IntN(2) == 0 {
		w.q.EndAsk(w.asks[0])
		w.asks = w.asks[1:]
	} else if w.q.BeginAsk(s) {
		w.asks = append(w.asks, s)
	}
}

// finish lets all go well from now on. Everything that is due begins, and then nothing is left.
func (w *world) finish() {
	w.t.Helper()
	for _, x := range w.toys {
		x.shut = false
	}
	for c, n := range w.lists {
		for range n {
			w.q.End(c)
		}
		w.lists[c] = 0
	}
	for _, s := range w.asks {
		w.q.EndAsk(s)
	}
	w.asks = nil
	for _, s := range w.list {
		w.q.Wake(s)
	}
	for n := len(w.toys) * 4; ; n-- {
		w.advance()
		if len(w.under) > 0 {
			w.end(0, false)
		} else if at := w.q.Next(); !at.IsZero() {
			w.now = maxTime(w.now, at)
		} else {
			break
		}
		if n < 0 {
			w.t.Fatalf("there is no end\n%s", w)
		}
	}
	for _, x := range w.toys {
		if x.due {
			w.t.Errorf("%s never began", x.name)
		}
	}
	for s, name := range w.streams {
		if s.Skip(func(*Item) bool { return false }); !s.Idle() || !w.q.Quiet() {
			w.t.Errorf("%s is not idle: %s", name, s)
		}
	}
	if w.t.Failed() {
		w.t.Log(w)
	}
}

// TestPlacesStay: an item keeps its place while a request for it is under way, whatever becomes of it meanwhile, and has one at most in
// each stream.
func TestPlacesStay(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(w *world, s *Stream, x *toy)
		want   Place
	}{
		"due no more, and once more": {func(w *world, s *Stream, x *toy) {
			x.due = false
			w.q.Wake(s)
			w.advance()
			x.due = true
		}, Backlog},
		"put to the edge": {func(w *world, s *Stream, x *toy) { w.q.Put(&x.item, s, Edge) }, Backlog},
		"put to the edge of another stream": {func(w *world, _ *Stream, x *toy) {
			other := w.stream()
			if w.q.Put(&x.item, other, Edge); !x.item.In(Edge) || other.flying != 1 || other.behind != 1 {
				w.t.Errorf("the other stream has %s", other)
			}
		}, Backlog},
		"withdrawn, and put to the edge": {func(w *world, s *Stream, x *toy) {
			x.item.Withdraw()
			w.q.Put(&x.item, s, Edge)
		}, Edge},
		"withdrawn": {func(w *world, _ *Stream, x *toy) {
			x.due = false
			x.item.Withdraw()
		}, Nowhere},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, 1, Config{Workers: 4, PerStream: 1}, 1)
			s := w.list[0]
			x := w.toy(s, Backlog)
			if w.advance(); !x.item.Behind() || !x.item.Began().Equal(w.now) {
				t.Fatalf("nothing began\n%s", w)
			}
			tt.change(w, s, x)
			w.check()
			if got := x.item.At(s); got != tt.want {
				t.Errorf("it stands in %s, want %s", got, tt.want)
			}
			w.end(0, false)
			w.advance()
			if x.item.Stands() || !s.Idle() {
				t.Errorf("something is left: %s", s)
			}
		})
	}
}
