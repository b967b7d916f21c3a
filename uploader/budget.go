package uploader

import (
	"cmp"
	"slices"
	"time"
)

// relieve gives up what is too old, and then the oldest files until what waits fits into the budget: first those
// that no newest playlist needs, and the others only if that does not suffice. What the store may hold already counts
// for nothing: after a restart that is most of the directory.
func (p *Plan) relieve() {
	aging := p.cfg.MaxAge > 0 && !p.now.Before(p.nextAge)
	if aging {
		p.nextAge = p.now.Add(p.cfg.MaxAge / 100) // often enough for an age
		p.expireLeft()
	}
	if !p.over() && !aging || p.waiting == 0 {
		return
	}
	waiting := p.waitingObjects()
	for _, o := range waiting {
		if p.cfg.MaxAge > 0 && p.now.Sub(o.newest.file.Seen) > p.cfg.MaxAge {
			p.giveUp(o, "age")
		}
	}
	for _, needed := range []bool{false, true} {
		for _, o := range waiting {
			if !p.over() {
				return
			}
			if !o.newest.refused && p.needed(o) == needed {
				p.giveUp(o, "budget")
			}
		}
	}
}

// over reports whether more waits than the budget allows.
func (p *Plan) over() bool { return p.cfg.Budget > 0 && p.waitingBytes-p.unsureBytes > p.cfg.Budget }

// waitingObjects returns what is wanted, surely not stored and not under way, oldest first.
func (p *Plan) waitingObjects() []*object {
	var all []*object
	for _, s := range p.streams {
		for _, queue := range [][]*object{s.queue, s.backlog} {
			for _, o := range queue {
				if v := o.newest; v != nil && v.counted && !v.unsure && !o.busy() {
					all = append(all, o)
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b *object) int { return cmp.Compare(a.newest.id, b.newest.id) })
	return slices.Compact(all) // one that came back from the backlog stands there still
}

// needed reports whether the newest version of a playlist means the newest bytes of o.
func (p *Plan) needed(o *object) bool {
	return slices.ContainsFunc(o.naming, func(n naming) bool {
		s := n.list.last
		if s == nil || s.dropped {
			return false
		}
		i := s.find(o)
		return i >= 0 && (s.binds[i].ver == nil || s.binds[i].ver == o.newest)
	})
}

// giveUp loses the newest version of o, and with it the playlist versions that mean it.
func (p *Plan) giveUp(o *object, reason string) {
	v := o.newest
	v.refused = true
	p.lose(o, reason)
	p.uncount(v)
	p.release(v)
	for _, n := range slices.Clone(o.naming) {
		l := n.list
		for i := len(l.pending) - 1; i >= 0; i-- {
			s := l.pending[i]
			if j := s.find(o); j >= 0 && s.binds[j].ver == v && s != l.last && !l.doubts(s) {
				p.dropSnapshot(l, i)
			}
		}
		p.wake(l.stream)
		p.touch(l.stream)
	}
}

// flow measures how many bytes a second become due, over about a minute.
type flow struct {
	rate  float64 // bytes a second
	bytes int64   // since at
	at    time.Time
}

// add counts bytes that became due at now.
func (f *flow) add(bytes int64, now time.Time) {
	f.bytes += bytes
	f.settle(now)
}

// settle brings the rate up to date, at most once a second.
func (f *flow) settle(now time.Time) {
	if f.at.IsZero() {
		f.at = now
	}
	past := now.Sub(f.at)
	if past < time.Second {
		return
	}
	weight := min(1, past.Seconds()/60)
	if f.rate == 0 {
		weight = 1
	}
	f.rate += weight * (float64(f.bytes)/past.Seconds() - f.rate)
	f.bytes, f.at = 0, now
}
