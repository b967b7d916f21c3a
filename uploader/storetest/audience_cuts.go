package storetest

import (
	"fmt"
	"slices"
)

// judgeCuts judges the discontinuities where a list has all of its segments: another list of the stream has a hole there, as players compare the
// numbers of discontinuities.
func (a *Audience) judgeCuts(p *show, stream func(list string) string) {
	for _, c := range p.cuts {
		excused := false
		for _, q := range a.shows {
			excused = excused || q != p && stream(q.path) == stream(p.path) && a.excuses(p, q, c)
		}
		if !excused {
			a.violations = append(a.violations, Violation{
				Rule: RuleDiscontinuity, Key: a.prefix + p.path, At: c.at, Detail: fmt.Sprintf("has a discontinuity between %s, where nothing is", c.what),
			})
		}
	}
}

// excuses reports whether q never showed a segment that its packager listed, of a number that p listed together with the one before the cut.
func (a *Audience) excuses(p, q *show, c cut) bool {
	shown := map[uint64]bool{}
	for _, s := range q.memory {
		if n, ok := a.counted(q, &s, c.run); ok && a.runOf(q.path, &s) == c.run {
			shown[n] = true
		}
	}
	for key, n := range q.numbers {
		if key.run == c.run && n <= c.number && !shown[n] && slices.ContainsFunc(p.listings, func(l *listing) bool { return l.lists(c.run, n) && l.lists(c.run, c.number-1) }) {
			return true
		}
	}
	return false
}

// lists reports whether l, of that run, lists a segment of that number.
func (l *listing) lists(run int, n uint64) bool {
	return l.run == run && slices.ContainsFunc(l.scenes, func(s seen) bool { return s.number == n })
}
