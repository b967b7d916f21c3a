package recording

import "time"

// Cut says what of each Recording of a session is listed, so that all of them play from the same moment to the same moment.
type Cut struct {
	// Spans are those of the Recordings, in their order.
	Spans []Span
	// Head and Tail are how much of the longest is left out at both ends.
	Head, Tail time.Duration
	// Target is the target duration of all of them.
	Target time.Duration
	// Apart is true if nobody knows when one of them begins, or if they have no moment in common: then nothing is cut.
	Apart bool
}

// Common returns the part that all renditions of a stream have, as RFC 8216bis §6.2.4 demands of what one multivariant playlist names. stored is
// that of Choices. A segment is in it if more than half of it is. Recordings without an entry that can be listed do not count, and have the
// zero Span.
func Common(all []*Recording, stored func(path string, end int64) bool) Cut {
	cut := Cut{Spans: make([]Span, len(all))}
	var from, to, first, last time.Time
	found := make([][]moment, len(all))
	for k, r := range all {
		cut.Target = max(cut.Target, r.Target())
		span := r.storedSpan(stored)
		if cut.Spans[k] = span; span.To == 0 {
			continue
		}
		at := r.times()
		found[k] = at
		if !at[span.From].known || !at[span.To-1].known {
			cut.Apart = true
			continue
		}
		begins, ends := at[span.From].begins, at[span.To-1].begins.Add(r.entries[span.To-1].Length)
		if first.IsZero() || begins.Before(first) {
			first = begins
		}
		if begins.After(from) {
			from = begins
		}
		if ends.After(last) {
			last = ends
		}
		if to.IsZero() || ends.Before(to) {
			to = ends
		}
	}
	if cut.Apart = cut.Apart || !from.Before(to); cut.Apart {
		return cut
	}
	spans := make([]Span, len(all))
	for k, r := range all {
		if spans[k] = r.within(cut.Spans[k], found[k], from, to); spans[k] == (Span{}) && found[k] != nil {
			cut.Apart = true
			return cut
		}
	}
	cut.Spans, cut.Head, cut.Tail = spans, from.Sub(first), last.Sub(to)
	return cut
}

// storedSpan returns the part from the first to the last entry that can be listed.
func (r *Recording) storedSpan(stored func(path string, end int64) bool) (s Span) {
	for i, e := range r.entries {
		if r.isStored(e, stored) {
			if s.To == 0 {
				s.From = i
			}
			s.To = i + 1
		}
	}
	return s
}

// within returns the part of a Span whose middles are between two moments; the zero Span if none is.
func (r *Recording) within(s Span, at []moment, from, to time.Time) (out Span) {
	for i := s.From; i < s.To; i++ {
		if middle := at[i].begins.Add(r.entries[i].Length / 2); at[i].known && !middle.Before(from) && !middle.After(to) {
			if out.To == 0 {
				out.From = i
			}
			out.To = i + 1
		}
	}
	return out
}
