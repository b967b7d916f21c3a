package session

import (
	"slices"
	"strings"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// files are those of the directory, by their paths there.
type files struct {
	all     map[string]*file
	leaving []departure
	// spared are those that an earlier process left and the directory has no more. Other lists that name them may still come.
	spared []departure
}

func newFiles() files { return files{all: make(map[string]*file)} }

// file is what the directory has under one path, and which keys its bytes have. This file alone writes it.
type file struct {
	path  string
	fact  hls.File  // the newest finished bytes, the zero File if there are none; without Source once that was given away
	since time.Time // when it got these bytes, however often they were written again
	there bool      // the directory has it
	plain bool      // it is shipped under its own path
	// vetted is true if a list that named it again meant these bytes, though they are older than others of the list.
	vetted bool
	uses   []*use  // those that have the newest bytes, or wait for some
	asked  []*list // those that ask for the bytes, to have them compared with what the store has
	scope  *scope  // for which its facts wait; nil for none
	// secured is the version of which the spool was told that it is to outlive the process, before the Plan said so of a key.
	secured hls.Version
}

// maxLeaving and leavingTime bound how many files that left the directory before anything named them are kept, and for how long.
const (
	maxLeaving  = 256
	leavingTime = time.Minute
)

// departure is a file that left the directory.
type departure struct {
	file *file
	at   time.Time
}

// get returns the file of that path.
func (x *files) get(path string, include func(string) bool) *file {
	fl := x.all[path]
	if fl == nil {
		path = strings.Clone(path)
		fl = &file{path: path, plain: include(path)}
		x.all[path] = fl
	}
	return fl
}

// file returns the file of that path.
func (m *Machine) file(path string) *file { return m.files.get(path, m.around.Include) }

// has reports whether any finished bytes of it are known.
func (fl *file) has() bool { return fl != nil && fl.fact.State != 0 }

// youngerThan reports whether it was finished after a playlist.
func (fl *file) youngerThan(list *hls.File) bool {
	if fl.fact.Found && list.Found {
		return fl.fact.Version.ModTime > list.Version.ModTime
	}
	return fl.since.After(list.Seen)
}

// vet notes that a list means the newest bytes though they are old.
func (fl *file) vet() { fl.vetted = fl.has() }

// attach notes that u waits for bytes of fl, or has them.
func (fl *file) attach(u *use) {
	if !slices.Contains(fl.uses, u) {
		fl.uses = append(fl.uses, u)
	}
}

// arrive notes the newest bytes, and returns the source of those before, which nobody took. Bytes that are told of once more, as somebody asked
// for them, are as old as they were, and named if they were.
func (fl *file) arrive(f hls.File) hls.Source {
	old := fl.fact
	if old.State == f.State && old.Version == f.Version {
		if f.Folders == nil {
			f.Folders = old.Folders
		}
		if f.Named = f.Named || old.Named; !old.Spooled || f.Spooled {
			f.Seen, f.Found = old.Seen, old.Found
		}
	}
	if old.State == 0 || !(identity{version: old.Version, sum: old.Sum}).is(&f) {
		fl.since, fl.vetted = f.Seen, false
	}
	fl.fact, fl.there = f, fl.there || !f.Spooled
	return old.Source
}

// secure returns the source that is to outlive the process, as a list that waits names it; nil if it was returned before, or none does.
func (fl *file) secure() hls.Source {
	if fl.scope == nil || fl.fact.Source == nil || fl.secured == fl.fact.Version {
		return nil
	}
	fl.secured = fl.fact.Version
	return fl.fact.Source
}

// reserve notes for which scope its facts wait, the first that asks; nil for none.
func (fl *file) reserve(s *scope) {
	if s == nil || fl.scope == nil {
		fl.scope = s
	}
}

// ask notes that l asks for the bytes, and reports whether it did not before.
func (fl *file) ask(l *list) (news bool) {
	if news = !slices.Contains(fl.asked, l); news {
		fl.asked = append(fl.asked, l)
	}
	return news
}

// answer returns the lists that asked for the bytes.
func (fl *file) answer() (all []*list) {
	all, fl.asked = fl.asked, nil
	return all
}

// hand returns the newest bytes for one more who needs them. ok is false if they were given away and have to be looked for.
func (fl *file) hand() (f hls.File, ok bool) {
	f = fl.fact
	f.Source, fl.fact.Source = hls.Split(f.Source)
	return f, f.Source != nil
}

// reserved reports whether an earlier process kept the newest bytes for other keys than that of u, and the directory has them no more: they are of
// another run.
func (fl *file) reserved(u *use) bool {
	return !fl.there && len(fl.fact.Folders) > 0 && !slices.Contains(fl.fact.Folders, u.session.folder(u.variant))
}

// awaited reports whether a key waits for bytes of it.
func (fl *file) awaited() bool {
	return slices.ContainsFunc(fl.uses, func(u *use) bool { return u.fate == waiting })
}

// rest returns what is left of the source of fl, which went to some, if nobody waits for it any more.
func (x *files) rest(fl *file, now time.Time) hls.Source {
	if fl.awaited() || len(fl.asked) > 0 || fl.scope != nil {
		return nil
	}
	if fl.fact.Spooled && !fl.there {
		x.spared = append(x.spared, departure{fl, now})
		return nil
	}
	return fl.spend()
}

// spend returns the source of the newest bytes, nil if it was given away.
func (fl *file) spend() hls.Source {
	s := fl.fact.Source
	fl.fact.Source = nil
	return s
}

// observeFile takes the fact in that a file is finished, or longer.
func (m *Machine) observeFile(f hls.File, told bool) {
	fl := m.file(f.Path)
	if f.Spooled && fl.has() && !fl.fact.Spooled && !identityOf(&fl.fact).is(&f) {
		m.inherit(fl, f)
		return
	}
	m.reclaim(fl, &f)
	m.out.release(fl.arrive(f))
	sent := fl.plain && !told && m.send(fl, fl.path, false)
	known := len(fl.uses)
	if m.overtakes(fl); len(fl.uses) < known || known == 0 {
		m.lists.arrives(m.now)
	}
	for _, u := range fl.uses {
		if u.fate == given || u.fate == waiting && (u.takes(&fl.fact, m.now) || m.draining) {
			sent = m.share(fl, u) || sent
		}
	}
	if sent {
		m.out.release(m.files.rest(fl, m.now))
	}
	if m.resting.note(fl) {
		m.rouse(fl)
	}
	m.answer(fl)
}

// answer has the lists looked at that asked for the bytes of fl.
func (m *Machine) answer(fl *file) {
	for _, l := range fl.answer() {
		m.lists.later(l, m.now)
	}
}

// overtakes has the keys of bytes that fl has no more let go of it. The Plan hears that the directory has them no more.
func (m *Machine) overtakes(fl *file) {
	kept := fl.uses[:0]
	for _, u := range fl.uses {
		if u.fate == waiting || !u.other(&fl.fact) {
			kept = append(kept, u)
			continue
		}
		m.overwritten()
		if u.fate == given {
			m.out.fact(hls.File{Path: u.key(), State: hls.Gone})
		}
	}
	clear(fl.uses[len(kept):])
	fl.uses = kept
}

// give sends the newest bytes of fl to the key of u.
func (m *Machine) give(fl *file, u *use) {
	if m.share(fl, u) {
		m.out.release(m.files.rest(fl, m.now))
	}
}

// share is give for one of several, and keeps the bytes for the others.
func (m *Machine) share(fl *file, u *use) (sent bool) {
	if fl.reserved(u) {
		return false
	}
	if sent = m.send(fl, u.key(), u.named); sent {
		if !u.settled() {
			m.lists.arrives(m.now)
		}
		u.give(&fl.fact)
	}
	return sent
}

// send sends the newest bytes of fl to the Plan under another path, and reports whether they are at hand. Those that are named are shipped though
// no text lists them that the Plan is told of: a list may stop for another rendition until it has slid past them.
func (m *Machine) send(fl *file, path string, named bool) bool {
	f, ok := fl.hand()
	if !ok && f.State != 0 {
		m.out.look(fl.path)
		return false
	}
	f.Path, f.Named, f.Folders = path, f.Named || named, keptFor(f.Folders, path)
	m.out.fact(f)
	return true
}

// expose notes that it is shipped under its own path.
func (fl *file) expose() { fl.plain = true }

// plain has a file shipped under its own path from now on.
func (m *Machine) plain(path string) {
	if fl := m.file(path); !fl.plain {
		if fl.plain = true; fl.has() && m.send(fl, path, false) {
			m.out.release(m.files.rest(fl, m.now))
		}
	}
}

// departs takes in that a file left the directory.
func (m *Machine) departs(f hls.File, told bool) {
	fl := m.files.all[f.Path]
	if fl == nil {
		return
	}
	fl.there = false
	m.answer(fl)
	if fl.plain && !told {
		m.out.fact(f)
	}
	for _, u := range fl.uses {
		if u.settled() {
			gone := f
			gone.Path = u.key()
			m.out.fact(gone)
		}
	}
	m.files.leaving = append(m.files.leaving, departure{fl, m.latest})
}

// forget lets go of files that left the directory a while ago, and returns their sources.
func (x *files) forget(now time.Time) (all []hls.Source) {
	for len(x.leaving) > maxLeaving || len(x.leaving) > 0 && now.Sub(x.leaving[0].at) >= leavingTime {
		fl := x.leaving[0].file
		x.leaving = x.leaving[1:]
		if fl.there || x.all[fl.path] != fl {
			continue
		}
		all = append(all, fl.spend())
		if !fl.awaited() {
			delete(x.all, fl.path)
		}
	}
	for len(x.spared) > 0 && now.Sub(x.spared[0].at) >= leavingTime {
		if fl := x.spared[0].file; !fl.awaited() {
			all = append(all, fl.spend())
		}
		x.spared = x.spared[1:]
	}
	return all
}

// sources returns those that are held.
func (x *files) sources() (all []hls.Source) {
	for _, fl := range x.all {
		if fl.fact.Source != nil {
			all = append(all, fl.fact.Source)
		}
	}
	return all
}
