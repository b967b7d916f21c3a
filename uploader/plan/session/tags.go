package session

import "github.com/hlsship/hlsship/hls"

// trust notes which init sections and keys of the run are published.
func (m *Machine) trust(l *list) {
	list, err := hls.Parse(l.published.Text())
	if err != nil {
		return
	}
	for i := range list.References {
		ref := &list.References[i]
		if ref.Kind != hls.Init && ref.Kind != hls.Key || ref.Unresolved {
			continue
		}
		key, target := m.around.Site.Resolve(l.path, ref.URI)
		if folder, path := hls.SessionOf(key); target == hls.Local && nameOf(folder) == l.session.name {
			l.session.use(path, variantOf(folder)).trust()
		}
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
		u = m.use(l, p, false)
	}
	rewritten := u.fate == taken
	switch older := fl.has() && !fl.youngerThan(&l.latest.file); {
	case u.fate == given:
		rewritten = older && u.other(&fl.fact) && fl.fact.Version.Size > 0
	case u.fate == published && older:
		switch m.evidence(l, p, u.session.folder(u.variant)) {
		case Other:
			rewritten = true
		case Same:
			fl.attach(u)
			m.give(fl, u)
		case Nobody:
			return u, false
		case None:
		}
	}
	if rewritten && u.session != l.session { // it moves with media whose names came back
		u = m.use(l, p, false)
		rewritten = u.other(&fl.fact)
	}
	if rewritten {
		u = u.session.use(p, max(2, u.variant+1))
		fl.attach(u)
	}
	l.course.tag(u)
	m.offer(l, fl, u)
	return u, true
}
