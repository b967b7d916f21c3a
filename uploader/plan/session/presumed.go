package session

import (
	"iter"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// While the store is out of reach, nobody says what is published. Runs begin all the same after a while, so that their files have keys: those
// are kept, counted and shipped like all that waits for the store. Their lists are published once what is published is known.

const (
	// secureTime is after which time what lists name is kept over a restart. A store that is not out of reach has answered by then.
	secureTime = time.Second
	// presumeTime is how long a run waits for what is published, if it is known otherwise that it is new, or which one it is.
	presumeTime = 10 * time.Second
	// guessTime is so for a list that was there before this process, and of which nothing is noted. It may be of the run that is published.
	guessTime = 45 * time.Second
)

// presumes reports whether a run of l may begin although nobody said what is published. Those of the other lists of its scope may from then on.
func (m *Machine) presumes(l *list) bool {
	if l.presumed || l.asked.IsZero() {
		return l.presumed
	}
	wait := presumeTime
	if l.latest.file.Found && m.reclaimed(l) == nil {
		if in, _ := m.noted(l); in == nil {
			wait = guessTime
		}
	}
	if at := l.asked.Add(wait); !m.draining && m.now.Before(at) {
		if soon := l.asked.Add(secureTime); m.now.Before(soon) {
			at = soon
		} else {
			m.secure(l)
		}
		m.lists.later(l, at)
		return false
	}
	for x := range m.scopes.of[l].lists {
		if x.unheard() {
			x.presume()
			m.lists.later(x, m.now)
		}
	}
	return true
}

// noted returns the session in which an earlier process stored the last of the segments that the first version of l has, as it noted, and
// where those are that it stored; nil if nothing is noted.
func (m *Machine) noted(l *list) (in *session, names map[extent]named) {
	v := l.latest
	names = make(map[extent]named)
	for i := range v.text.Len() {
		ref := &v.file.Playlist.References[v.text.Reference(i)]
		p, ok := m.local(l, ref)
		if !ok || !m.files.all[p].has() {
			continue
		}
		if folder := m.around.Noted(p, m.files.all[p].fact.Version); folder != "" {
			names[extentOf(p, ref)] = named{folder: folder}
			in = m.sessions.get(nameOf(folder))
		}
	}
	return in, names
}

// adopts reports whether it is known what is published of l. The runs of its scope that began before that count from there.
func (m *Machine) adopts(l *list) bool {
	s := m.scopes.of[l]
	switch until := l.told.Add(joinTime); {
	case !l.known || !s.presumed():
		return l.known
	case s.unheard(l) && !m.draining && m.now.Before(until):
		m.lists.later(l, until)
		return false
	}
	behind := s.behind()
	for x := range s.lists {
		if r := s.of(m.lastSession(x)); r != nil && r.presumed { // it is the one that is published
			behind = x.published.Discontinuity()
		}
	}
	s.count(behind)
	return true
}

// maxRow bounds how many segments at rest are taken to be named below those that a list names, before the Plan hears of that list.
const maxRow = 1000

// presumeRow ships the row below l: the Plan finds out by the text of l what was named while nobody looked, and does not get that before it is known
// what is published.
func (m *Machine) presumeRow(l *list) {
	for fl := range m.row(l) {
		if len(fl.uses) == 0 {
			m.adopt(fl, l.session, true)
		}
	}
}

// row returns the segments at rest directly below those that l names, in an unbroken row, each older than the one behind it, but for what an earlier
// process noted as stored: they were very likely named while nobody looked.
func (m *Machine) row(l *list) iter.Seq[*file] {
	return func(yield func(*file) bool) {
		for low, step := range m.sequences(l) {
			_, first, _ := hls.Serial(low)
			newer := l.latest.file.Version.ModTime
			if fl := m.files.all[low]; fl.has() {
				newer = fl.fact.Version.ModTime
			}
			for n, more := first-step, maxRow; n < first && more > 0; n, more = n-step, more-1 {
				fl := m.files.all[hls.Renumbered(low, n)]
				if !fl.has() || fl.fact.Version.ModTime > newer || m.around.Noted(fl.path, fl.fact.Version) != "" {
					break
				}
				if newer = fl.fact.Version.ModTime; !yield(fl) {
					return
				}
			}
		}
	}
}

// sequences returns the first names that l lists of each sequence, and the steps between its numbers.
func (m *Machine) sequences(l *list) map[string]uint64 {
	lows, last := make(map[string]string), make(map[string]uint64)
	steps := make(map[string]uint64)
	v := l.latest
	for i := range v.text.Len() {
		path, ok := m.local(l, &v.file.Playlist.References[v.text.Reference(i)])
		if !ok {
			continue
		}
		key, n, numbered := hls.Serial(path)
		if !numbered {
			continue
		}
		if lows[key] == "" {
			lows[key], steps[path] = path, 1
		} else if by := n - last[key]; n > last[key] && (steps[lows[key]] == 1 || by < steps[lows[key]]) {
			steps[lows[key]] = by
		}
		last[key] = n
	}
	return steps
}
