package plan

import (
	"github.com/hlsship/hlsship/state"
)

// shown checks that what was told of f is so, unless it is told anew.
func (b *books) shown(f *folder) {
	if !b.calm(f) {
		return
	}
	var is arrears
	for _, s := range f.streams {
		if s.shows() {
			is.add(s.list)
			if x := b.p.condition(s.list).find(); x.state != s.found.state {
				b.say("%s is %s, and %s was told", s.list.path, x.state, s.found.state)
			}
		}
	}
	was := f.shown
	if _, found := f.worst(); found.state != was.state && (found.state != "" || was.state != state.Ended) {
		b.say("folder %s is %s, and %s was told", f.name, found.state, was.state)
	}
	if is != was.arrears {
		b.say("folder %s: of versions to %s the store has those to %s, and %d wait: it was told otherwise", f.name, timeOf(is.newest), timeOf(is.published), is.versions)
	}
}

// calm reports whether nothing is to be told of f now.
func (b *books) calm(f *folder) bool {
	return !f.touched && (f.alarm.At().IsZero() || f.alarm.At().After(b.p.now))
}
