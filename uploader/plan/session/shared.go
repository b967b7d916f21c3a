package session

import (
	"slices"
	"time"
)

// shared is a run that lists of a scope have in common. Each of them comes to it in its own time: while what is published of one is asked for, the
// others may be in the next run.
type shared struct {
	run     run
	session *session  // in which its next segment goes
	seen    time.Time // when the version was seen with which it began; zero if it was before this process looked
	// presumed is true if nobody said so far what is published, so that its discontinuity number counts from the first of such runs on.
	presumed bool
}

// joinTime is within which time lists of a scope begin the same run, and maxShared how many runs a scope remembers.
const (
	joinTime  = 10 * time.Second
	maxShared = 8
)

// presume notes whether nobody said yet what is published.
func (x *shared) presume(so bool) { x.presumed = so }

// of returns the run of that name; nil if s has none.
func (s *scope) of(name string) *shared {
	for i := range s.runs {
		if s.runs[i].run.name == name {
			return &s.runs[i]
		}
	}
	return nil
}

// at returns the run that the lists of s were in at a time; the oldest if none had begun; nil if there is none.
func (s *scope) at(seen time.Time) (x *shared) {
	for i := range s.runs {
		if x == nil || !s.runs[i].seen.After(seen) {
			x = &s.runs[i]
		}
	}
	return x
}

// presumed reports whether s has a run of which the discontinuity number does not count from what is published.
func (s *scope) presumed() bool {
	return slices.ContainsFunc(s.runs, func(x shared) bool { return x.presumed })
}

// count has the runs that were presumed come behind so many discontinuities.
func (s *scope) count(behind uint64) {
	for i := range s.runs {
		x := &s.runs[i]
		if !x.presumed {
			continue
		}
		x.presume(false)
		x.run.count(x.run.discontinuity + behind)
		for l := range s.lists {
			if l.run.name == x.run.name {
				l.run.count(x.run.discontinuity)
			}
		}
	}
}

// joins returns the run that another list of the scope began at about the time at which the newest version of l was seen, with which another run of
// l begins; nil if there is none. What was found to have begun before this process looked is none that begins now, but for a list that went on with the run
// before; and where the names of one list fall and those of another do not, one of them is a playlist that its packager has not written again yet.
func (s *scope) joins(l *list, found finding) (joined *shared) {
	if s.merged {
		return nil
	}
	late := l.started() && !l.run.prior.known
	for i := len(s.runs) - 1; i >= 0 && s.runs[i].run.name != l.run.name; i-- {
		x := &s.runs[i]
		if x.run.found != found && x.run.found != began && !(late && x.run.found == falls) || x.session == l.session || x.seen.IsZero() {
			continue
		}
		if apart := l.latest.file.Seen.Sub(x.seen).Abs(); apart < joinTime && (joined == nil || apart < l.latest.file.Seen.Sub(joined.seen).Abs()) {
			joined = x
		}
	}
	return joined
}
