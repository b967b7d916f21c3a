package plan

import "time"

// recheckAll does what is due now but for jobs: references that waited for other bytes take those that are there, and what waits
// is kept within the budget.
func (p *Plan) recheckAll() {
	p.relieve()
	for _, q := range p.schedule.Ring(p.now) {
		if s := streamOf(q); s.list != nil {
			p.recheck(s.list)
		}
	}
}

// recheck offers the references of l once more what is there, if that is due.
func (p *Plan) recheck(l *list) {
	if !l.recheck.IsZero() && !p.now.Before(l.recheck) {
		p.rebind(l)
	}
	if !l.recheck.IsZero() {
		p.alarm(l.recheck, l.stream)
	}
}

// rebind offers the references of l that mean no version yet what is settled now.
func (p *Plan) rebind(l *list) {
	l.recheck = time.Time{}
	p.touchFiles(l.stream)
	for _, s := range l.pending {
		for i := s.cursor; i < len(s.binds); i++ {
			p.bind(s, i)
		}
	}
}

// later has the references of l offered again at a later time.
func (p *Plan) later(l *list, at time.Time) {
	if l.recheck.IsZero() || at.Before(l.recheck) {
		l.recheck = at
		p.alarm(at, l.stream)
	}
}
