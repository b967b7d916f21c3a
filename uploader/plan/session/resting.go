package session

import (
	"time"

	"github.com/hlsship/hlsship/hls"
)

// resting are files that were met at rest, or come from the spool, and that no list named yet, by their folders. What an earlier process
// had named is shipped all the same; of others the Plan says whether they were very likely named while nobody looked. This file alone
// writes it.
type resting struct {
	byFolder map[string]map[*file]bool
	rows     map[string]row   // by pattern
	lists    map[string]*list // by folder: one that names media there
}

// row are media of one pattern, of which a list names the first.
type row struct {
	list  *list
	first string
}

func newResting() resting {
	return resting{make(map[string]map[*file]bool), make(map[string]row), make(map[string]*list)}
}

// note takes in that fl has another fact, or was named, and reports whether it rests.
func (r *resting) note(fl *file) bool {
	folder := folderOf(fl.path)
	if !fl.fact.Found && !fl.fact.Named || len(fl.uses) > 0 || fl.plain {
		delete(r.byFolder[folder], fl)
		return false
	}
	if r.byFolder[folder] == nil {
		r.byFolder[folder] = make(map[*file]bool)
	}
	r.byFolder[folder][fl] = true
	return true
}

// begin notes the media that a list names, of which a run began, and returns the folders in which they are.
func (r *resting) begin(l *list) map[string]bool {
	folders := make(map[string]bool)
	for _, s := range l.segments {
		if s.use == nil {
			continue
		}
		folder, like := folderOf(s.path), pattern(s.path)
		folders[folder], r.lists[folder] = true, l
		if x := r.rows[like]; x.list != l || hls.NaturalLess(s.path, x.first) {
			r.rows[like] = row{l, s.path}
		}
	}
	return folders
}

// recall sends what rests in the folders of the media of l to a session, now that a run of it began.
func (m *Machine) recall(l *list) {
	for folder := range m.resting.begin(l) {
		for fl := range m.resting.byFolder[folder] {
			m.rouse(fl)
		}
	}
}

// rouse sends fl, which rests, to the session of a list that names media of its folder, if there is one and a reason to.
func (m *Machine) rouse(fl *file) {
	l, x := m.resting.lists[folderOf(fl.path)], m.resting.rows[pattern(fl.path)]
	switch {
	case l == nil || len(fl.uses) > 0:
	case fl.fact.Named && l.run.prior.session != nil && fl.fact.Seen.Before(m.met()):
		m.adopt(fl, l.run.prior.session)
	case fl.fact.Named:
		m.adopt(fl, l.session)
	case x.list != nil && hls.NaturalLess(fl.path, x.first):
		m.adopt(fl, x.list.session)
	}
	m.resting.note(fl)
}

// adopt gives fl a key in a session, unless that has used the name.
func (m *Machine) adopt(fl *file, in *session) {
	if in.uses[fl.path] == nil {
		u := in.use(fl.path, 0)
		fl.attach(u)
		m.give(fl, u)
	}
}

// met is when all that lay in the directory or the spool at the start is known at the latest.
func (m *Machine) met() time.Time { return m.began.Add(2 * m.around.Settle) }
