package session

import (
	"slices"

	"github.com/hlsship/hlsship/hls"
)

// A packager that uses its names again within a run (ffmpeg -segment_wrap) may list a segment before the watcher has heard of its new bytes.
// What was written earlier than the segments in front of it is of the lap before, unless nothing else comes: then it is a slate that is listed again.

// comesBack reports whether segment i of the newest version of l, which it did not list so far, may mean bytes that nobody knows yet, although
// its session has some under that name. They are waited for as long as a new run's, once: if none come, it is a slate.
func (m *Machine) comesBack(l *list, i int, ref *hls.Reference) bool {
	n := l.number(i)
	if l.segments[n] != nil || n < l.listed || ref.Length > 0 || m.draining {
		return false // it was listed under that number
	}
	p, ok := m.local(l, ref)
	if !ok {
		return false
	}
	u, fl := l.session.uses[p], m.file(p)
	switch {
	case u == nil || !u.settled() || fl.vetted || !l.goesBack(n, u, fl):
		return false
	case u.fate == given && (u.other(&fl.fact) || len(u.courses) > 0 && !slices.Contains(u.courses, &l.course)): // a slate of other lists as well
		return false
	}
	if until := l.back(n, m.now).Add(m.around.Settle); m.now.Before(until) {
		m.lists.wait(l, until)
		return true
	}
	fl.vet()
	return false
}

// mayBeOfALap reports whether what the directory has under the name of segment n of l, which its session has not, may be of a lap that an earlier
// process shipped.
func (m *Machine) mayBeOfALap(l *list, n uint64, fl *file) bool {
	return l.inherited && !m.draining && fl.fact.Found && !l.latest.file.Found && !fl.vetted && l.goesBack(n, nil, fl)
}

// goesBack reports whether the bytes of fl, which segment n of l names and u is the use of, are older than those of segments before it.
func (l *list) goesBack(n uint64, u *use, fl *file) bool {
	before := l.written
	for k, s := range l.segments {
		switch {
		case u != nil && s.use == u:
			return false // it is listed twice
		case k < n:
			before = max(before, s.written())
		}
	}
	return fl.fact.Version.ModTime < before
}

// written returns when the bytes of s were; zero if that is not known.
func (s *segment) written() int64 {
	if s.use == nil {
		return 0
	}
	return s.use.bytes.version.ModTime
}
