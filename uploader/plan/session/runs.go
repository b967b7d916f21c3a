package session

import (
	"bytes"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// verdict says what happened between two versions of a list.
type verdict uint8

const (
	goesOn   verdict = iota // the run does
	another                 // another one began
	doubtful                // it is the one before without its last segment, or the first of another run, whose segments are still to come
)

// doubt is whether another run began with the newest version of a list; the zero value is none. What comes next tells: a longer version, or
// other bytes of its first segment. Until then nothing is published. This file alone writes it.
type doubt struct {
	before *version  // the newest that is surely of the run; nil if there is no doubt
	until  time.Time // when it counts as another run
}

// arise notes that v was the last that is surely of the run.
func (d *doubt) arise(v *version, until time.Time) { d.before, d.until = v, until }

// end returns the version of which it was kept.
func (d *doubt) end() (v *version) {
	v, d.before = d.before, nil
	return v
}

// keeps reports whether v is still to be compared with.
func (d *doubt) keeps(v *version) bool { return d.before == v }

// follow has another run of l begin if its newest version is of one, which came after old; nil if nothing came since that was asked. sure is
// false while that is in doubt.
func (m *Machine) follow(l *list, old *version) (begins, sure bool) {
	before := l.doubt.before
	if before == nil {
		before = old
	}
	if before == nil {
		return false, true
	}
	switch m.compare(l, before) {
	case another:
		begins = true
	case doubtful:
		if l.doubt.before == nil {
			l.doubt.arise(before, m.now.Add(m.around.Settle))
		}
		if !m.draining && m.now.Before(l.doubt.until) {
			m.lists.doubts(l, l.doubt.until)
			return false, false
		}
		begins = !m.draining
	case goesOn:
	}
	if begins {
		m.begin(l, before.file.Seen)
	}
	m.lists.sure(l)
	if v := l.doubt.end(); v != nil {
		m.letGo(v)
	}
	return begins, true
}

// compare says how the newest version of l follows an older one.
func (m *Machine) compare(l *list, old *version) verdict {
	was, is := old.file.Playlist, l.latest.file.Playlist
	before, now := lastNumber(was), lastNumber(is)
	switch {
	case bytes.Equal(old.file.Content, l.latest.file.Content):
		if m.overtaken(l) {
			return another
		}
	case now < before:
		return m.withdraws(l, was, is)
	case now == before && was.Ended && !is.Ended:
		return another
	}
	return goesOn
}

// overwritten has the lists looked at of which it is in doubt whether another run begins, as a file has other bytes.
func (m *Machine) overwritten() {
	for l := range m.lists.doubtful {
		m.lists.later(l, m.now)
	}
}

// overtaken reports whether the first segment of l was finished with other bytes since.
func (m *Machine) overtaken(l *list) bool {
	s := l.segments[l.number(0)]
	if s == nil || s.use == nil || s.use.fate != given {
		return false
	}
	fl := m.files.all[s.path]
	return fl.has() && !fl.fact.Found && fl.fact.State == hls.Settled && s.use.other(&fl.fact)
}

// fewSegments is how many segments the first playlist of a run may have.
const fewSegments = 2

// withdraws says whether the newest version of l, whose numbers fall, is the one before without its last segment, and means the same bytes. Where
// it has few segments from the beginning on that is in doubt, unless that last segment was not finished.
func (m *Machine) withdraws(l *list, was, is *hls.Playlist) verdict {
	if was.Ended || is.Segments == 0 || lastNumber(is) != lastNumber(was)-1 {
		return another
	}
	same := 0
	for i := range l.latest.text.Len() {
		s := l.segments[l.number(i)]
		if s == nil || s.use == nil {
			continue
		}
		p, _ := m.local(l, &is.References[l.latest.text.Reference(i)])
		if fl := m.files.all[s.path]; p != s.path || s.use.fate == given && fl.has() && s.use.other(&fl.fact) {
			return another
		}
		same++
	}
	last := l.segments[uint64(lastNumber(was))] //nolint:gosec // it is not negative
	finished := last == nil || last.use == nil || last.use.settled()
	switch {
	case same == 0:
		return another
	case finished && is.Segments <= fewSegments && is.MediaSequence == 0:
		return doubtful
	}
	return goesOn
}

// lastNumber is -1 plus the first number for a playlist without segments.
func lastNumber(pl *hls.Playlist) int64 {
	return int64(pl.MediaSequence) + int64(pl.Segments) - 1 //nolint:gosec // numbers beyond 2^63 only disable the detection
}

// beganAt is when segment i of the newest version of l began; zero if that is not known.
func (l *list) beganAt(i int) time.Time {
	if s := l.segments[l.number(i)]; s != nil {
		return s.begun
	}
	return time.Time{}
}
