package session

import "github.com/hlsship/hlsship/hls"

// prove notes that the store has the bytes under the key of u that l means by the name of fl, where an earlier process stored them. The Plan hears
// of them if they are at hand.
func (m *Machine) prove(l *list, fl *file, u *use) {
	u.prove(&fl.fact)
	fl.attach(u)
	if fl.fact.Source != nil {
		m.give(fl, u)
	}
}

// tag returns the use of a file that a tag of l names; nil if there is none. Other bytes within a run become a variant; those that came
// after the newest version of l may be of another run. sure is false while the store is asked whether it has what an earlier process
// published.
func (m *Machine) tag(l *list, ref *hls.Reference) (u *use, sure bool) {
	p, ok := m.local(l, ref)
	if !ok {
		return nil, true
	}
	u, fl := l.tags[p], m.file(p)
	if u == nil {
		u = m.use(l, p, naming{})
	}
	rewritten := u.fate == taken
	switch older := fl.has() && !fl.youngerThan(&l.latest.file); {
	case u.known():
		rewritten = older && u.other(&fl.fact) && fl.fact.Version.Size > 0
	case u.fate == published:
		reply := m.proven(l, p, u.session.folder(u.variant))
		if older && reply == Nobody {
			reply = m.evidence(l, p, u.session.folder(u.variant))
		} else if reply == Nobody {
			reply = None
		}
		switch reply {
		case Other:
			rewritten = true
		case Same:
			m.prove(l, fl, u)
		case Nobody:
			return u, false
		case None, Changed:
			if older { // nobody will ever tell: what comes later is another one
				u.prove(&fl.fact)
			}
		}
	}
	if rewritten && u.session != l.session { // it moves with media whose names came back
		u = m.use(l, p, naming{})
		rewritten = u.other(&fl.fact)
	}
	if rewritten {
		u = u.session.use(p, max(2, u.variant+1))
		fl.attach(u)
	}
	if u.suspected() && !l.suspects(fl) {
		u.expects(wait{}) // the run goes on with it
	}
	l.course.tag(u)
	m.offer(l, fl, u)
	return u, true
}

// suspects reports whether what the directory has of fl, which a tag of l names, may be of a run that has no list yet: the newest version of l was
// met at rest, and is older. A packager writes its init section a segment before its first list.
func (l *list) suspects(fl *file) bool {
	return fl.has() && l.latest.file.Found && fl.youngerThan(&l.latest.file)
}

// suspected reports whether u waits as nobody knows yet of which run the bytes of the directory are.
func (u *use) suspected() bool {
	w := &u.wait
	return u.fate == waiting && !w.until.IsZero() && w.after.IsZero() && w.not == (identity{}) && !w.over
}
