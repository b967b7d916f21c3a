package schedule

import "time"

// line is what all streams go over. How many requests at once it bears each of them finds out by how long its own take.
type line struct {
	perStream int // at most, for each
}

// width is how many requests may be under way for the items of s.
func (l *line) width(s *Stream) int {
	if s.width == 0 {
		return l.perStream
	}
	return s.width
}

// Pace adapts to the line how many requests for items s may have under way: one that takes longer than a segment lasts shares it with
// too many others, each of which makes all of them as much later.
func (q *Schedule) Pace(s *Stream, took, segment time.Duration) {
	switch w := q.line.width(s); {
	case took > segment && w > 1:
		s.width = w - 1
	case took < segment/2 && w < q.line.perStream:
		s.width = w + 1
	}
}
