package recording

import (
	"slices"
	"time"
)

// Seek finds, among the chunks of one list, those that have a part of a session, without looking at all of them. It is made by NewSeek.
//
// What Next returns is read and given to Saw, until Next has nothing more; then Needed says which chunks the clip is made of. All are needed of a
// session whose times are known only from its beginning on.
type Seek struct {
	stored   []time.Time // when each was, zero if nobody knows
	begins   map[int]moment
	from, to Moment
	sides    [2]bracket
	all      bool
}

// bracket is what is known of where a moment is: chunk low begins before it, chunk high does not.
type bracket struct{ low, high, step int }

// spareBefore and spareBehind are how many more chunks are read at both ends: that before says when the first entries begin, those behind it say
// more of the last ones.
const spareBefore, spareBehind = 1, 2

// NewSeek returns the Seek for a part of a session. stored is when each of the chunks was stored, in their order, zero where nobody knows.
func NewSeek(stored []time.Time, from, to Moment) *Seek {
	s := &Seek{stored: stored, begins: make(map[int]moment), from: from, to: to}
	for i := range s.sides {
		s.sides[i] = bracket{0, len(stored), 1}
	}
	return s
}

// Next returns which chunk is to be read next; ok is false if enough is known.
func (s *Seek) Next() (chunk int, ok bool) {
	if len(s.stored) == 0 || s.all {
		return 0, false
	}
	first, seen := s.begins[0]
	if !seen {
		return 0, true
	}
	for i, m := range []Moment{s.from, s.to} {
		b := &s.sides[i]
		target := m.At
		if target.IsZero() {
			target = first.begins.Add(m.After)
		}
		for b.high-b.low > 1 {
			at := s.probe(b, first.begins, target)
			begins, seen := s.begins[at]
			if !seen {
				return at, true
			}
			if begins.begins.After(target) {
				b.high = at
			} else {
				b.low = at
			}
			b.step *= 2
		}
	}
	return 0, false
}

// probe returns which chunk between both ends is looked at: first where the times of storing say, then further and further on.
func (s *Seek) probe(b *bracket, first, target time.Time) int {
	at := (b.low + b.high) / 2
	if !s.stored[0].IsZero() && b.step < len(s.stored) {
		when := s.stored[0].Add(target.Sub(first))
		guess, _ := slices.BinarySearchFunc(s.stored, when, time.Time.Compare)
		if at = guess; guess <= b.low {
			at = b.low + b.step
		} else if guess >= b.high {
			at = b.high - b.step
		}
	}
	return min(max(at, b.low+1), b.high-1)
}

// Saw takes in a chunk that Next returned: r is New with that one added.
func (s *Seek) Saw(chunk int, r *Recording) {
	at := r.times()
	if len(at) == 0 || !at[0].known || s.begins[0].dated && !at[0].dated {
		s.all = true // nobody can tell
		return
	}
	s.begins[chunk] = at[0]
}

// Needed returns the chunks that the part needs: from up to, but not including, to.
func (s *Seek) Needed() (from, to int) {
	if s.all {
		return 0, len(s.stored)
	}
	return max(s.sides[0].low-spareBefore, 0), min(s.sides[1].low+1+spareBehind, len(s.stored))
}
