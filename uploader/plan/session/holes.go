package session

// A segment that does not come is a hole in all renditions of a stream, as players count discontinuities in each and compare the numbers. While
// one list waits for its segment, the others stop behind theirs of that number. If it does not come, those that had listed it go on with a
// discontinuity, and the others leave it out as well.

// progress is how far a list went in its run. This file alone writes it.
type progress struct {
	reached uint64          // the last number that was sent
	began   bool            // one was
	cuts    map[uint64]bool // the numbers of segments before which another rendition has a hole
}

// reach notes that a text with the segments up to n was sent.
func (p *progress) reach(n uint64) { p.reached, p.began = max(p.reached, n), true }

// restart forgets all, as another run begins.
func (p *progress) restart() { *p = progress{} }

// cut has a discontinuity stand before segment n.
func (p *progress) cut(n uint64) {
	if p.cuts == nil {
		p.cuts = make(map[uint64]bool)
	}
	p.cuts[n] = true
}

// forget forgets cuts before segment n.
func (p *progress) forget(n uint64) {
	for k := range p.cuts {
		if k < n {
			delete(p.cuts, k)
		}
	}
}

// others calls yield with the lists that are renditions of the same run as l.
func (m *Machine) others(l *list, yield func(*list)) {
	for x := range m.scopes.of[l].lists {
		if x != l && x.latest != nil && x.exact == "" && x.run.name == l.run.name && x.latest.file.Playlist.TargetDuration == l.latest.file.Playlist.TargetDuration {
			yield(x)
		}
	}
}

// lists reports whether the newest version of l lists segment n.
func (l *list) lists(n uint64) bool { return n >= l.number(0) && n < l.number(l.latest.text.Len()) }

// stops reports whether l has to wait, as another rendition waits for a segment of a number that l lists.
func (m *Machine) stops(l *list) (stops bool) {
	last := l.number(l.latest.text.Len())
	if m.draining || l.began && last <= l.reached+1 {
		return false // it has nothing new
	}
	m.others(l, func(x *list) {
		for n, s := range x.segments {
			if s.use != nil && !s.use.settled() && !s.hole && l.lists(n) && m.now.Before(s.since.Add(m.patience(x))) {
				stops = true
			}
		}
	})
	return stops
}

// spread has the other renditions of l have a hole as well, where segment n did not come.
func (m *Machine) spread(l *list, n uint64) {
	m.others(l, func(x *list) {
		switch s := x.segments[n]; {
		case !x.lists(n):
			return
		case x.began && x.reached >= n:
			x.cut(x.reached + 1)
		case s != nil:
			s.leaveOut()
		}
		m.lists.later(x, m.now)
	})
}
