package session

import (
	"maps"
	"strings"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// resting are files that were met at rest, or come from the spool, and that no list named yet, by their folders. What an earlier process
// had named is shipped all the same; of others the Plan says whether they were very likely named while nobody looked. This file alone
// writes it.
type resting struct {
	byFolder map[string]map[*file]bool
	rows     map[string]row   // by sequence
	lists    map[string]*list // by folder: one that names media there
	plain    map[string]bool  // the folders in which a playlist names media that is shipped as it is
}

// row are media of one sequence, of which a list names the first.
type row struct {
	list  *list
	first string
	known string // the first of which the directory has bytes; empty for none
	at    int64  // when those were finished, by the clock of the files
}

// mayFollow reports whether fl may have been listed before: it is no younger than those behind it. The Plan says whether it was.
func (x row) mayFollow(fl *file) bool {
	return x.list != nil && hls.NaturalLess(fl.path, x.first) && (x.known == "" || fl.fact.Version.ModTime <= x.at)
}

// add notes that a list names what has a path, and which bytes the directory has of it.
func (x row) add(l *list, p string, fl *file) row {
	if x.list != l {
		x = row{list: l}
	}
	if x.first == "" || hls.NaturalLess(p, x.first) {
		x.first = p
	}
	if fl.has() && (x.known == "" || hls.NaturalLess(p, x.known)) {
		x.known, x.at = p, fl.fact.Version.ModTime
	}
	return x
}

func newResting() resting {
	return resting{make(map[string]map[*file]bool), make(map[string]row), make(map[string]*list), make(map[string]bool)}
}

// note takes in that fl has another fact, or was named, and reports whether it rests: nobody named it in one of the two ways.
func (r *resting) note(fl *file) bool {
	folder := folderOf(fl.path)
	if !fl.fact.Found && !fl.fact.Named || len(fl.uses) > 0 && fl.plain {
		delete(r.byFolder[folder], fl)
		return false
	}
	if r.byFolder[folder] == nil {
		r.byFolder[folder] = make(map[*file]bool)
	}
	r.byFolder[folder][fl] = true
	return true
}

// begin notes the media that a list names, of which a run began or went on while nobody looked, and returns the folders in which they are.
func (r *resting) begin(l *list, all map[string]*file) map[string]bool {
	folders, rows := make(map[string]bool), make(map[string]row)
	for _, s := range l.segments {
		if s.use == nil {
			continue
		}
		folder, like := folderOf(s.path), sequence(s.path)
		folders[folder], r.lists[folder] = true, l
		rows[like] = rows[like].add(l, s.path, all[s.path])
	}
	maps.Copy(r.rows, rows)
	return folders
}

// unfold notes that a playlist that is shipped as it is names media of a folder, and returns what rests there if that is news.
func (r *resting) unfold(folder string) map[*file]bool {
	if r.plain[folder] {
		return nil
	}
	r.plain[strings.Clone(folder)] = true
	return r.byFolder[folder]
}

// recall sends what rests in the folders of the media of l to a session, now that a run of it began, or went on while nobody looked.
func (m *Machine) recall(l *list) {
	for folder := range m.resting.begin(l, m.files.all) {
		for fl := range m.resting.byFolder[folder] {
			m.rouse(fl)
		}
	}
}

// rouse sends fl, which rests, to the session of a list that names media of its folder, if there is one and a reason to, and under its own path
// where playlists name such.
func (m *Machine) rouse(fl *file) {
	if m.resting.plain[folderOf(fl.path)] {
		m.plain(fl.path)
	}
	l, x := m.resting.lists[folderOf(fl.path)], m.resting.rows[sequence(fl.path)]
	switch {
	case l == nil || len(fl.uses) > 0:
	case fl.kept() && l.run.prior.session != nil && fl.fact.Seen.Before(m.met()):
		m.adopt(fl, l.run.prior.session, false)
	case fl.kept():
		m.adopt(fl, l.session, false)
	case x.mayFollow(fl):
		m.adopt(fl, x.list.session, false)
	}
	m.resting.note(fl)
}

// kept reports whether an earlier process was to store fl, and did not say under which key.
func (fl *file) kept() bool { return fl.fact.Named && fl.fact.Folders == nil }

// adopt gives fl a key in a session, unless that has used the name. named says that a list named it, or very likely did.
func (m *Machine) adopt(fl *file, in *session, named bool) {
	if in.uses[fl.path] == nil {
		u := in.use(fl.path, 0)
		if fl.attach(u); named {
			u.name(nil)
		}
		m.give(fl, u)
	}
}

// met is when all that lay in the directory or the spool at the start is known at the latest.
func (m *Machine) met() time.Time { return m.began.Add(2 * m.around.Settle) }

// sequence returns the one to which a path belongs; its pattern if it has no number.
func sequence(p string) string {
	if s, _, ok := hls.Serial(p); ok {
		return s
	}
	return hls.Pattern(p)
}
