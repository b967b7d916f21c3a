package plan

import (
	"time"

	"github.com/hlsship/hlsship/state"
)

// shown checks that what was told of f is so, unless it is told anew.
func (b *books) shown(f *folder) {
	if !b.calm(f) {
		return
	}
	is, worst := state.Stream{}, time.Duration(-1)
	for _, s := range f.streams {
		if s.shows() {
			worst = s.list.lag(&is, worst)
			if x := b.p.condition(s.list).find(); x.state != s.found.state {
				b.say("%s is %s, and %s was told", s.list.path, x.state, s.found.state)
			}
		}
	}
	was := f.shown
	if _, found := f.worst(); found.state != was.State && (found.state != "" || was.State != state.Ended) {
		b.say("folder %s is %s, and %s was told", f.name, found.state, was.State)
	}
	if is.Versions != was.Versions || !is.WaitingSince.Equal(was.WaitingSince) || !is.Published.Equal(was.Published) || !is.Newest.Equal(was.Newest) {
		b.say("folder %s: of %s versions to %s wait, %d since %s, and it was told otherwise", f.name, timeOf(is.Published), timeOf(is.Newest), is.Versions, timeOf(is.WaitingSince))
	}
}

// calm reports whether nothing is to be told of f now.
func (b *books) calm(f *folder) bool {
	return !f.touched && (f.alarm.At().IsZero() || f.alarm.At().After(b.p.now))
}
