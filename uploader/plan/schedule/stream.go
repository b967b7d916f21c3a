package schedule

import (
	"slices"
	"time"
)

// Stream is who requests are shared by. Owner is set once; the zero value of all else has nothing to do.
type Stream struct {
	// Owner is whose it is. The Schedule does not look at it.
	Owner any

	edge    []entry // the oldest first
	backlog []entry
	local   []*Item // that stand in edge or backlog as well, or did
	proofs  []*Item // some of which need none any more

	flying int // requests under way for its items, whichever stream made them
	behind int // those of them that are for backlog
	asking int // requests under way for playlists that it asks for
	width  int // how many may be for its items, between 1 and Config.PerStream; 0 for that

	obliged bool           // among those that wait because the store asked for it
	alarm   Alarm[*Stream] // when it is to be looked at; not set if it need not be
	dirty   bool           // among those to be looked at
	denied  [classes]bool  // it waits for a free slot
	round   uint64         // when it was looked at last
	served  uint64         // the round in which it made its last request for an item
}

// Put has i stand in s, in Edge, Backlog or Skipped, and s looked at. If i stands in s already it stays where it is.
func (q *Schedule) Put(i *Item, s *Stream, at Place) {
	q.Wake(s)
	if i.place(s) != nil {
		return
	}
	q.places++
	i.stand(s, at, q.places)
	s.add(entry{i, q.places}, at)
}

// Waiting calls yield with each item that stands in the edge or the backlog of s, unless another stream ships it as well that it stood in
// before.
func (s *Stream) Waiting(yield func(*Item) bool) {
	for _, queue := range [][]entry{s.edge, s.backlog} {
		for _, e := range queue {
			if e.of(s) == nil {
				continue
			}
			for first := range e.item.Streams {
				if first == s && !yield(e.item) {
					return
				}
				break
			}
		}
	}
}

// add appends e to the queue of that place.
func (s *Stream) add(e entry, at Place) {
	if at == Edge {
		s.edge = append(s.edge, e)
	} else {
		s.backlog = append(s.backlog, e)
	}
}

// Skip moves those items of the edge of s behind it for which that is so and for which no request is under way.
func (s *Stream) Skip(which func(*Item) bool) {
	s.edge = slices.DeleteFunc(s.edge, func(e entry) bool {
		p := e.of(s)
		switch {
		case p == nil:
			return true
		case e.item.Busy() || !which(e.item):
			return false
		}
		p.skip()
		s.add(e, Skipped)
		return true
	})
}

// of returns the place in s that e stands for; nil if the item has left it.
func (e entry) of(s *Stream) *place {
	if p := e.item.place(s); p != nil && p.number == e.number {
		return p
	}
	return nil
}

// window bounds how many items of a queue are looked at for one that may go now. It is above what a playlist's
// window names, so that items waiting to be tried again do not hide the others.
const window = 64

// look returns the first of those at hand in Edge or Backlog of s that may go, and drops those before it that are not due.
func (q *Schedule) look(now time.Time, s *Stream, at Place) (found *Item) {
	queue := &s.backlog
	if at == Edge {
		queue = &s.edge
	}
	for {
		all := *queue
		n := 0
		for ; n < min(len(all), window) && found == nil; n++ {
			switch i := all[n].item; {
			case all[n].of(s) == nil:
				all[n] = entry{}
			case !i.Busy() && !q.rules.Due(i, Edge):
				i.leave(s)
				all[n] = entry{}
			case q.eligible(now, i, s):
				found = i
			}
		}
		kept := n // they are moved to the end of what was looked at: what is behind that may be very much
		for k := n - 1; k >= 0; k-- {
			if all[k].item != nil {
				kept--
				all[kept] = all[k]
			}
		}
		clear(all[:kept])
		if *queue = all[kept:]; found != nil || kept < n || len(*queue) == 0 {
			return found
		}
	}
}

// launch counts a request that s made, or another stream for an item of both.
func (s *Stream) launch(f *flight) {
	s.flying++
	if f.as == Backlog {
		s.behind++
	}
}

// land ends it.
func (s *Stream) land(f *flight) {
	s.flying--
	if f.as == Backlog {
		s.behind--
	}
}

// Items calls yield with each item that stands in s.
func (s *Stream) Items(yield func(*Item) bool) {
	for _, queue := range [][]entry{s.edge, s.backlog} {
		for _, e := range queue {
			if e.of(s) != nil && !yield(e.item) {
				return
			}
		}
	}
}

// Later reports whether s has anything that may go when nothing of its edge may.
func (s *Stream) Later() bool { return len(s.backlog)+len(s.proofs) > 0 }

// Idle reports whether nothing of s is left to do: it may be forgotten.
func (s *Stream) Idle() bool {
	return len(s.edge)+len(s.backlog)+len(s.proofs) == 0 && s.flying == 0 && s.asking == 0 &&
		!s.dirty && s.denied == [classes]bool{} && s.alarm.At().IsZero()
}
