package plan

// life is what becomes of one version of a playlist. What it names is counted in the naming of each file, until it is over.
//
//	pending ──expose──▶ tried ──drop──▶ shown ──conceal──▶ over
//	 ▲    │               │                                 ▲
//	 │    └───────────────┼──────────────drop───────────────┘
//	 └──────conceal───────┘
type life uint8

const (
	pending life = iota // it is to be published
	tried               // it is, and a PUT of it began: the store may have it
	shown               // the store has it, or may, and it is not to be published any more
	over                // neither is so: it names nothing
)

// pending reports whether the version is to be published.
func (l life) pending() bool { return l == pending || l == tried }

// exposed reports whether the store has the version, or may.
func (l life) exposed() bool { return l == tried || l == shown }

// over reports whether the version has given its references up.
func (l life) over() bool { return l == over }

// expose notes that a PUT of it began, or that it was read back from the store.
func (l *life) expose() {
	if *l == pending {
		*l = tried
	}
}

// drop notes that it is not to be published any more.
func (l *life) drop() {
	switch *l {
	case pending:
		*l = over
	case tried:
		*l = shown
	case shown, over:
	}
}

// conceal notes that the store surely has another version.
func (l *life) conceal() {
	switch *l {
	case tried:
		*l = pending
	case shown:
		*l = over
	case pending, over:
	}
}

// expose counts s as possibly published, so that nothing it names is overwritten carelessly.
func (p *Plan) expose(s *snapshot) {
	if s.exposed() {
		return
	}
	s.life.expose()
	for i := range s.binds {
		s.binds[i].expose(s.list)
	}
}

// conceal undoes expose and forgets the references of s if it is not pending either.
func (p *Plan) conceal(s *snapshot) {
	if !s.exposed() {
		return
	}
	s.life.conceal()
	for i := range s.binds {
		if b := &s.binds[i]; b.conceal(s.list) && b.obj.pendingWork() {
			p.wakeQueues(b.obj) // it may be overwritten now
		}
	}
	if s.over() {
		p.unname(s)
	}
}

// dropSnapshot removes pending snapshot i of l.
func (p *Plan) dropSnapshot(l *list, i int) {
	s := l.pending[i]
	if i > 0 && l.pending[i-1].text.prefix && !s.text.prefix {
		// What the one before shares with s it has alone now.
		l.pending[i-1].text.own()
		p.weigh(l.pending[i-1])
	}
	l.remove(i)
	s.life.drop()
	p.wonder(l)
	p.touch(l.stream)
	p.wake(l.stream) // the one before may be the newest now, which counts for one that was rejected, or l may be over
	if l.published == nil || s.seq > l.published.seq {
		p.decidedOf(l, "version dropped", "", s)
	}
	if !s.origin.inherited() || s != l.published || !s.owes() {
		p.unpin(s)
	}
	if s.origin.inherited() && s == l.last && s != l.published {
		if l.recede(nil); l.last == nil { // the directory never had it
			p.hasNone(l)
		}
	}
	l.edge.dropped(s)
	if len(l.pending) == 0 && l.published != nil {
		p.wakeOverwriters(l.published)
	}
	for i := range s.binds {
		// What was named and waited for a reason that is none any more is shipped all the same.
		switch o := s.binds[i].obj; {
		case !s.binds[i].open():
		case o.disk.Candidate() != nil:
			o.disk.Candidate().Want()
		case o.disk.Newest() != nil && !o.disk.Newest().Wanted() && o.cell.Ours() == nil:
			p.wantLater(o, o.disk.Newest(), l.stream)
		}
	}
	if s.over() {
		p.unname(s)
	}
}
