package schedule

import (
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// toy is an item of a world that knows nothing but items.
type toy struct {
	item  Item
	name  string
	due   bool
	local bool // the next request for it takes no slot
	proof bool // it is to be requested after all else
	shut  bool // nothing is to begin for it, until that is told
	opens time.Time
}

// world is the owner of a Schedule in a test: random streams, items and outcomes.
type world struct {
	t       *testing.T
	q       *Schedule
	rand    *rand.Rand
	now     time.Time
	streams map[*Stream]string
	list    []*Stream
	toys    []*toy
	first   map[*Stream][]*toy
	under   []*toy           // under way
	lists   map[Class]int    // slots taken for playlists
	asks    []*Stream        // those that ask for one
	by      map[*toy]*Stream // who began them
	begun   map[*Stream]int
}

func newWorld(t *testing.T, seed uint64, c Config, streams int) *world {
	t.Helper()
	w := &world{
		t: t, rand: rand.New(rand.NewPCG(seed, 1)), now: time.Unix(1e9, 0),
		streams: make(map[*Stream]string), lists: make(map[Class]int), first: make(map[*Stream][]*toy), begun: make(map[*Stream]int), by: make(map[*toy]*Stream),
	}
	w.q = New(c, Rules{Due: w.due, May: w.may, First: w.firsts})
	for range streams {
		w.stream()
	}
	return w
}

func (w *world) stream() *Stream {
	s := &Stream{}
	w.streams[s] = fmt.Sprintf("s%d", len(w.list))
	w.list = append(w.list, s)
	return s
}

// toy makes an item that is due, and puts it there.
func (w *world) toy(s *Stream, at Place) *toy {
	x := &toy{name: fmt.Sprintf("i%d", len(w.toys)), due: true}
	x.item.Owner = x
	w.toys = append(w.toys, x)
	w.q.Put(&x.item, s, at)
	return x
}

func toyOf(i *Item) *toy { x, _ := i.Owner.(*toy); return x }

func (w *world) due(i *Item, at Place) bool {
	switch x := toyOf(i); at {
	case Local:
		return x.due && x.local
	case Proof:
		return !x.due && x.proof
	default:
		return x.due
	}
}

func (w *world) may(i *Item, _ *Stream, _ Place) (ok bool, again time.Time) {
	switch x := toyOf(i); {
	case x.shut:
		return false, again
	case w.now.Before(x.opens):
		return false, x.opens
	}
	return true, again
}

func (w *world) firsts(s *Stream) iter.Seq[*Item] {
	if len(w.first[s]) == 0 {
		return nil
	}
	return func(yield func(*Item) bool) {
		for _, x := range w.first[s] {
			if !yield(&x.item) {
				return
			}
		}
	}
}

// known is all that there is.
func (w *world) known() Known {
	return Known{
		Streams: func(yield func(string, *Stream) bool) {
			for s, name := range w.streams {
				if !yield(name, s) {
					return
				}
			}
		},
		Items: func(yield func(string, *Item) bool) {
			for _, x := range w.toys {
				if !yield(x.name, &x.item) {
					return
				}
			}
		},
		Lists: w.lists,
	}
}

// advance begins what may begin now, and checks all that is promised.
func (w *world) advance() {
	w.t.Helper()
	w.begin()
	w.check()
}

// begin begins what may begin now.
func (w *world) begin() {
	w.t.Helper()
	w.q.Ring(w.now)
	for turns := 0; ; turns++ {
		turn := w.q.Turn()
		if len(turn) == 0 {
			break
		}
		if turns > 1000 {
			w.t.Fatalf("there is no end of turns\n%s", w)
		}
		w.q.Files(w.now, turn, func(i *Item, s *Stream) {
			x := toyOf(i)
			if ok, _ := w.may(i, s, i.At(s)); !ok || !x.due && !x.proof || slices.Contains(w.under, x) || w.waits(x) {
				w.t.Fatalf("%s began, and may not\n%s", x.name, w)
			}
			if i.Behind() && s.flying > s.behind {
				w.t.Fatalf("%s began as backlog while %s waits for its edge\n%s", x.name, w.streams[s], w)
			}
			w.under = append(w.under, x)
			w.begun[s]++
			w.by[x] = s
		})
	}
}

// waits reports whether x waits after a failure, for as long as backlog does.
func (w *world) waits(x *toy) bool {
	return w.now.Before(x.item.Retry.since.Add(x.item.Retry.own)) && !x.item.Retry.since.Before(w.q.retries.recovery)
}

// check holds the state against what the package promises.
func (w *world) check() {
	w.t.Helper()
	for _, wrong := range w.q.Check(w.known()) {
		w.t.Errorf("books: %s", wrong)
	}
	w.bounds()
	w.overlooked()
	if w.t.Failed() {
		w.t.Fatalf("\n%s", w)
	}
}

// bounds checks how many requests of which class are under way.
func (w *world) bounds() {
	w.t.Helper()
	local, backlog := 0, len(w.asks)
	own := make(map[*Stream]map[Place]int)
	for _, x := range w.under {
		if s := w.by[x]; own[s] == nil {
			own[s] = make(map[Place]int)
		}
		own[w.by[x]][x.item.flight.as]++
		switch x.item.flight.as {
		case Local:
			local++
		case Backlog:
			backlog++
		}
	}
	for s, n := range own {
		if most := w.q.line.perStream; n[Edge] > most || n[Backlog] > most {
			w.t.Errorf("%s began %d requests, %d of backlog", w.streams[s], n[Edge], n[Backlog])
		}
	}
	all := max(leastSlots, w.q.slots.all)
	lists := w.lists[ForPlaylist]
	if busy := len(w.under) + len(w.asks) + lists + w.lists[ForEdge] - local; busy > all || w.q.Busy() != busy+local {
		w.t.Errorf("%d requests are under way, %d are counted, and %d may be", busy, w.q.Busy()-local, all)
	} else if busy-lists > all-max(1, all/8) {
		w.t.Errorf("%d requests for items leave nothing to playlists", busy-lists)
	}
	if backlog > max(1, all/4) {
		w.t.Errorf("%d requests for backlog", backlog)
	}
}

// overlooked checks that what may begin waits for a slot, and what may later has an alarm.
func (w *world) overlooked() {
	w.t.Helper()
	for _, x := range w.toys {
		for s := range x.item.Streams {
			at := x.item.At(s)
			if !x.due || x.item.Busy() || x.shut || s.Soon() || at != Edge && s.flying > s.behind {
				continue // it is looked at when a request ends, or there is news
			}
			over := w.q.retries.over(&x.item.Retry, at.later())
			switch again := maxTime(x.opens, over); {
			case !w.now.Before(again):
				w.t.Errorf("%s may begin, and %s does not look", x.name, w.streams[s])
			case s.alarm.At().IsZero() || s.alarm.At().After(again):
				w.t.Errorf("%s may begin at %s, and %s looks at %s", x.name, clock(again), w.streams[s], clock(s.alarm.At()))
			}
		}
	}
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// end ends request n of those under way.
func (w *world) end(n int, fails bool) {
	x := w.under[n]
	w.under = slices.Delete(w.under, n, n+1)
	local := x.item.flight.as == Local
	streams, took := w.q.Land(&x.item, w.now)
	if fails {
		asked := time.Duration(w.rand.IntN(3)) * time.Duration(w.rand.IntN(90)) * time.Second
		w.q.Fail(&x.item.Retry, w.now, time.Duration(w.rand.IntN(5))*time.Second, asked)
		return
	}
	w.q.Hear()
	x.item.Retry.Succeed()
	if x.local = false; !local {
		x.due, x.proof = false, false
	}
	for _, s := range streams {
		w.q.Pace(s, took, 2*time.Second)
	}
}

// String tells the state.
func (w *world) String() string {
	text := fmt.Sprintf("at %s: %s\n", clock(w.now), w.q)
	for _, s := range w.list {
		text += fmt.Sprintf("%s: %s\n", w.streams[s], s)
	}
	for _, x := range w.toys {
		if x.due || x.proof {
			text += fmt.Sprintf("%s: due=%t local=%t proof=%t shut=%t opens=%s busy=%t %s", x.name, x.due, x.local, x.proof, x.shut, clock(x.opens), x.item.Busy(), &x.item.Retry)
			for s := range x.item.Streams {
				text += fmt.Sprintf(" %s:%s", w.streams[s], x.item.At(s))
			}
			text += "\n"
		}
	}
	return text + fmt.Sprint(slices.Collect(maps.Values(w.begun)))
}
