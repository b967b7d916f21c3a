package schedule

import (
	"slices"
	"time"
)

// Place says where an item stands.
type Place uint8

const (
	// Nowhere is the zero value.
	Nowhere Place = iota
	// Edge is where the live edge of a stream waits for it, the oldest first.
	Edge
	// Backlog is what goes when nothing of the Edge may.
	Backlog
	// Skipped is Backlog that the live edge went before.
	Skipped
	// Local is what stands in Edge or Backlog and needs no slot, as the request for it goes over no line.
	Local
	// Proof is what goes after all else.
	Proof
)

// String returns the word for it.
func (p Place) String() string {
	return [...]string{"nowhere", "edge", "backlog", "skipped", "local", "proof"}[p]
}

// later reports whether somebody waits less for what stands there than for what stands in Edge.
func (p Place) later() bool { return p == Backlog || p == Skipped || p == Proof }

// Item is what requests are about. Owner is set once; the zero value of all else stands nowhere.
type Item struct {
	// Owner is whose it is. The Schedule does not look at it.
	Owner any
	// Retry is its wait after a failure.
	Retry Retry

	places []place // one for each stream that ships it: whoever is the first to have its turn does
	flight *flight // the request for it that is under way; nil if none is
}

// place is that of an item in one stream.
type place struct {
	stream *Stream
	at     Place  // Edge, Backlog or Skipped
	number uint64 // which no other place has or had
}

// entry stands in a queue, for as long as the item has the place of that number.
type entry struct {
	item   *Item
	number uint64
}

// flight is a request for an item.
type flight struct {
	began   time.Time
	as      Place     // Edge, Backlog or Local, which takes a slot although there is none
	streams []*Stream // that ship the item, one of which made the request
}

// place returns that of i in s; nil if there is none.
func (i *Item) place(s *Stream) *place {
	for k := range i.places {
		if i.places[k].stream == s {
			return &i.places[k]
		}
	}
	return nil
}

// At returns where i stands in s.
func (i *Item) At(s *Stream) Place {
	if p := i.place(s); p != nil {
		return p.at
	}
	return Nowhere
}

// Stands reports whether i stands in any stream, and In whether it has that place in any.
func (i *Item) Stands() bool { return len(i.places) > 0 }

// In reports whether i has that place in any stream.
func (i *Item) In(at Place) bool {
	return slices.ContainsFunc(i.places, func(p place) bool { return p.at == at })
}

// Streams calls yield with each stream in which i stands.
func (i *Item) Streams(yield func(*Stream) bool) {
	for _, p := range i.places {
		if !yield(p.stream) {
			return
		}
	}
}

// Withdraw takes i out of all streams. A request for it goes on.
func (i *Item) Withdraw() { i.places = nil }

// stand has i stand there. A request for it that is under way counts for s from now on.
func (i *Item) stand(s *Stream, at Place, number uint64) {
	i.places = append(i.places, place{s, at, number})
	if i.flight != nil {
		i.flight.board(s)
	}
}

// skip makes backlog of what stands in the edge, as that went before it.
func (p *place) skip() { p.at = Skipped }

// leave takes i out of s.
func (i *Item) leave(s *Stream) {
	i.places = slices.DeleteFunc(i.places, func(p place) bool { return p.stream == s })
}

// Busy reports whether a request for i is under way.
func (i *Item) Busy() bool { return i.flight != nil }

// Behind reports whether that request is for backlog.
func (i *Item) Behind() bool { return i.flight != nil && i.flight.as == Backlog }

// Began returns when that request did; zero if there is none.
func (i *Item) Began() (at time.Time) {
	if i.flight != nil {
		at = i.flight.began
	}
	return at
}

// launch begins a request of s for i, as what stands in Edge, Backlog or Local.
func (q *Schedule) launch(now time.Time, i *Item, s *Stream, as Place) {
	f := &flight{began: now, as: as}
	i.flight = f
	f.board(s)
	for _, p := range i.places {
		f.board(p.stream)
	}
	q.slots.take(f.class())
}

// Land ends the request for i. It returns the streams that it counted for, which are woken, and how long it took.
func (q *Schedule) Land(i *Item, now time.Time) (streams []*Stream, took time.Duration) {
	f := i.flight
	i.flight = nil
	q.slots.give(f.class())
	for _, s := range f.streams {
		s.land(f)
		q.Wake(s)
	}
	return f.streams, now.Sub(f.began)
}

// class is that of the request.
func (f *flight) class() Class { return f.as.class() }

// class is that of requests for what stands there.
func (p Place) class() Class {
	if p == Backlog {
		return ForBacklog
	}
	return ForEdge
}

// board counts the request among those of s.
func (f *flight) board(s *Stream) {
	if !slices.Contains(f.streams, s) {
		f.streams = append(f.streams, s)
		s.launch(f)
	}
}
