package recording

import (
	"math"
	"time"
)

// cut says what of each Recording of a session is listed, so that all of them play from the same moment to the same moment.
type cut struct {
	spans []Span // of the Recordings, in their order
	// apart is true if nobody knows when one of them begins, or if they have no moment in common: then nothing is cut.
	apart bool
}

// outline is what of a Recording is compared with those of other renditions: a day of these is in memory at once.
type outline struct {
	entries      int // those that are not stored included
	stored       time.Duration
	target       time.Duration
	span, kept   Span      // storedSpan and keptSpan
	begins, ends time.Time // of span, if timed
	timed        bool
	middles      []int64 // when the entries are half over, in microseconds since 1970, or untimed
}

// untimed is of what nobody knows when it was.
const untimed = math.MinInt64

// outline returns that of r. stored is that of Choices.
func (r *Recording) outline(stored func(path string, end int64) bool) *outline {
	o := &outline{entries: r.Len(), target: r.Target(), stored: r.storedDuration(Span{0, r.Len()}, stored), span: r.storedSpan(stored), kept: r.keptSpan(stored)}
	if o.span == (Span{}) {
		return o
	}
	at := r.times()
	if first, last := at[o.span.From], at[o.span.To-1]; first.known && last.known {
		o.begins, o.ends, o.timed = first.begins, last.begins.Add(r.entries[o.span.To-1].Length), true
	}
	o.middles = make([]int64, len(at))
	for i, x := range at {
		if o.middles[i] = untimed; x.known {
			o.middles[i] = x.begins.Add(r.entries[i].Length / 2).UnixMicro()
		}
	}
	return o
}

// common returns the part that all renditions of a stream have, as RFC 8216bis §6.2.4 demands of what one multivariant playlist names. A segment is in it
// if more than half of it is. Recordings without an entry that can be listed do not count, and have the zero Span.
func common(all []*outline) cut {
	c := cut{spans: make([]Span, len(all))}
	var from, to time.Time
	for k, o := range all {
		if c.spans[k] = o.span; o.span == (Span{}) {
			continue
		}
		if !o.timed {
			c.apart = true
			continue
		}
		if o.begins.After(from) {
			from = o.begins
		}
		if to.IsZero() || o.ends.Before(to) {
			to = o.ends
		}
	}
	if c.apart = c.apart || !from.Before(to); c.apart {
		return c
	}
	spans := make([]Span, len(all))
	for k, o := range all {
		if spans[k] = o.within(from, to); spans[k] == (Span{}) && o.span != (Span{}) {
			c.apart = true
			return c
		}
	}
	c.spans = spans
	return c
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

// within returns the part whose middles are between two moments; the zero Span if none is.
func (o *outline) within(from, to time.Time) (out Span) {
	first, last := from.UnixMicro(), to.UnixMicro()
	for i := o.span.From; i < o.span.To; i++ {
		if middle := o.middles[i]; middle != untimed && middle >= first && middle <= last {
			if out.To == 0 {
				out.From = i
			}
			out.To = i + 1
		}
	}
	return out
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
