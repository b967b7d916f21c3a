package session

import "time"

// A segment that does not come is a hole in all renditions of a stream, as players count discontinuities in each and compare the numbers. While
// one list waits for its segment, the others stop behind theirs of that number. If it does not come, those that had listed it go on with a
// discontinuity, and the others leave it out as well.

// progress is how far a list went in its run. This file alone writes it.
type progress struct {
	listed  uint64          // the number behind the last that was listed; 0 for none
	reached uint64          // the last number that was sent, or that an earlier process published
	began   bool            // one was
	late    uint64          // what an earlier process had not published before this number comes too late
	cuts    map[uint64]bool // the numbers of segments before which another rendition has a hole
}

// pass notes that segment n was listed.
func (p *progress) pass(n uint64) { p.listed = max(p.listed, n+1) }

// reach notes that a text with the segments up to n was sent.
func (p *progress) reach(n uint64) { p.reached, p.began = max(p.reached, n), true }

// resume notes that an earlier process published segments up to n.
func (p *progress) resume(n uint64) {
	p.reach(n)
	p.late = n
}

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

// moment is how much later the other renditions go on than the one whose segment does not come, which tells them where that was.
const moment = time.Millisecond

// stops reports whether l has to wait, as another rendition waits for a segment of a number that l lists.
func (m *Machine) stops(l *list) (stops bool) {
	last := l.number(l.latest.text.Len())
	if m.draining || l.began && last <= l.reached+1 {
		return false // it has nothing new
	}
	m.others(l, func(x *list) {
		for n, s := range x.segments {
			if s.use == nil || s.use.settled() || s.hole || !l.lists(n) {
				continue
			}
			if until := s.since.Add(m.patience(x) + moment); m.now.Before(until) {
				m.lists.wait(l, until)
				stops = true
			}
		}
	})
	return stops
}

// spread has the other renditions of l have a hole as well, where segment n did not come. Before the first of a run there is nothing that
// players could compare.
func (m *Machine) spread(l *list, n uint64) {
	if !l.began {
		return
	}
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
