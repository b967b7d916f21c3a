package schedule

import (
	"iter"
	"time"
)

// Files begins the requests for items that are allowed now, and calls begin with each and the stream that makes it. It goes round the
// streams of a Turn, so that each gets one before any gets another.
func (q *Schedule) Files(now time.Time, turn []*Stream, begin func(*Item, *Stream)) {
	q.round++
	streams := q.turn[:0]
	for _, s := range turn {
		if s.round != q.round { // else it comes twice
			s.round = q.round
			streams = append(streams, s)
		}
	}
	q.turn = streams[:0]
	for _, s := range streams {
		q.locals(now, s, begin)
	}
	for len(streams) > 0 {
		rest := streams[:0]
		for _, s := range streams {
			i, as := q.pick(now, s)
			if i == nil || !q.admits(s, as.class()) {
				continue
			}
			s.served = q.round
			rest = append(rest, s)
			q.launch(now, i, s, as)
			begin(i, s)
		}
		streams = rest
	}
}

// admits reports whether s may have one more request for an item. If not, one that ends will have it looked at again. The live
// edge counts its own kind alone: backlog that an uplink limit holds up must not stand in its way.
func (q *Schedule) admits(s *Stream, c Class) bool {
	flying := s.flying
	if c == ForEdge {
		flying -= s.behind
	}
	if flying >= q.line.width(s) {
		return false
	}
	if c == ForEdge && flying > 0 && !q.slots.has(s, forMore) {
		return false
	}
	return q.slots.has(s, c)
}

// pick returns the item of s to be requested next, as Edge or Backlog, nil if none may be: what goes before all else, then the edge,
// then backlog. That waits while anything else is under way, which it would only delay.
func (q *Schedule) pick(now time.Time, s *Stream) (*Item, Place) {
	if first := q.rules.First(s); first != nil {
		if i := q.firstOf(now, s, first); i != nil {
			return i, Edge
		}
	}
	if i := q.look(now, s, Edge); i != nil {
		return i, Edge
	}
	if s.flying > s.behind {
		return nil, Backlog
	}
	if i := q.look(now, s, Backlog); i != nil {
		return i, Backlog
	}
	return q.proof(now, s), Backlog
}

// firstOf returns the first item of those that may go.
func (q *Schedule) firstOf(now time.Time, s *Stream, items iter.Seq[*Item]) *Item {
	for i := range items {
		if q.rules.Due(i, Edge) && q.eligible(now, i, s) {
			return i
		}
	}
	return nil
}

// eligible reports whether a request of s for i may begin now. Otherwise s is looked at again when it may.
func (q *Schedule) eligible(now time.Time, i *Item, s *Stream) bool {
	if i.Busy() {
		return false
	}
	at := i.At(s)
	if ok, again := q.rules.May(i, s, at); !ok {
		q.remind(again, s)
		return false
	}
	return !q.Waits(now, &i.Retry, s, at.later())
}

// remind has s looked at then; a zero time is none.
func (q *Schedule) remind(at time.Time, s *Stream) {
	if !at.IsZero() {
		q.Alarm(at, s)
	}
}
