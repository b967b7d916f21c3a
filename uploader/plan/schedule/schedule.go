package schedule

import (
	"cmp"
	"iter"
	"slices"
	"time"
)

// Config bounds a Schedule.
type Config struct {
	// Workers bounds the requests under way for all streams together; fewer than one for each class count as that.
	Workers int
	// PerStream bounds those for the items of one stream, and those for playlists that it asks for.
	PerStream int
}

// Rules are what a Schedule asks of the owner of the items. They have no effects: it may ask twice, and in vain.
type Rules struct {
	// Due reports whether anything is to be done for i as what stands in Edge, which is the same as in Backlog, in Local or in Proof.
	// If not it loses the place.
	Due func(i *Item, at Place) bool
	// May reports whether a request of s for i, which stands there, may begin now. If not, again is when to ask once more although
	// nothing happens; zero if something will happen before, of which the owner tells by Wake.
	May func(i *Item, s *Stream, at Place) (ok bool, again time.Time)
	// First returns what s needs before all else, in this order; nil for nothing. It may stand anywhere.
	First func(s *Stream) iter.Seq[*Item]
}

// Schedule decides who goes next. New makes one.
type Schedule struct {
	rules   Rules
	line    line
	slots   slots
	alarms  Alarms[*Stream]
	retries retries
	dirty   []*Stream // those to look at, each once
	looked  []*Stream // those of the last Turn, which are memory for the next
	places  uint64    // numbers the places that items had
	round   uint64    // of Files
	turn    []*Stream // memory for it
}

// New returns a Schedule without streams.
func New(c Config, r Rules) *Schedule {
	return &Schedule{rules: r, slots: newSlots(c.Workers), line: line{c.PerStream}}
}

// Wake has s looked at in the next Turn.
func (q *Schedule) Wake(s *Stream) {
	if !s.dirty {
		s.dirty = true
		q.dirty = append(q.dirty, s)
	}
}

// WakeAll has every stream looked at in which i stands.
func (q *Schedule) WakeAll(i *Item) {
	for _, p := range i.places {
		q.Wake(p.stream)
	}
}

// Turn returns the streams to look at now, none of which has to be looked at again without news: those that waited for a slot before
// those that something happened to, and of these whoever had none for longest first, as a request for an item of several streams takes
// the place of one of each. What it returns is good until the next call.
func (q *Schedule) Turn() []*Stream {
	if turn := q.slots.readmitAll(); len(turn) > 0 {
		return turn
	}
	turn := q.dirty
	q.dirty, q.looked = q.looked[:0], turn
	for _, s := range turn {
		s.dirty = false
	}
	slices.SortStableFunc(turn, func(a, b *Stream) int { return cmp.Compare(a.served, b.served) })
	return turn
}

// Quiet reports whether nothing is under way, and no stream is to be looked at now.
func (q *Schedule) Quiet() bool { return q.Busy() == 0 && len(q.dirty) == 0 }

// Busy returns how many requests are under way.
func (q *Schedule) Busy() int { return q.slots.busy() }
