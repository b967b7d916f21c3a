package recorder

// maxSessions is how many sessions are remembered. Whoever writes into the directory can have as many opened as he likes.
const maxSessions = 256

// makeRoom forgets a session if there are too many: of those in which no list goes on, the oldest that is closed, else the oldest; if lists go on in all of
// them, the oldest.
func (r *Recorder) makeRoom() {
	if len(r.sessions) < maxSessions {
		return
	}
	var worst *taping
	for _, s := range r.sorted() {
		if worst == nil || s.rank() < worst.rank() || s.rank() == worst.rank() && s.begun.Before(worst.begun) {
			worst = s
		}
	}
	r.drop(worst)
}

// rank says how much it is needed: one that is lower is forgotten first.
func (s *taping) rank() int {
	switch {
	case s.current():
		return 2
	case !s.round.closed:
		return 1
	}
	return 0
}

// drop forgets a session, closed or not.
func (r *Recorder) drop(s *taping) {
	r.parts.tell(Part{Session: s.name, Sort: Over})
	r.forget(s)
	if !s.round.closed && len(s.tracks) > 0 {
		r.drops(s)
	}
}
