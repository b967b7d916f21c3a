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
}

func newFiles() files { return files{all: make(map[string]*file)} }

// file is what the directory has under one path, and which keys its bytes have. This file alone writes it.
type file struct {
	path  string
	fact  hls.File // the newest finished bytes, the zero File if there are none; without Source once that was given away
	there bool     // the directory has it
	plain bool     // it is shipped under its own path
	uses  []*use   // those that have the newest bytes, or wait for some
}

// maxLeaving and leavingTime bound how many files are kept, and how long, that the directory has no more and nothing named yet.
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
	return fl.fact.Seen.After(list.Seen)
}

// attach notes that u waits for bytes of fl, or has them.
func (fl *file) attach(u *use) { fl.uses = append(fl.uses, u) }

// arrive notes the newest bytes, and returns the source of those before, which nobody took.
func (fl *file) arrive(f hls.File) hls.Source {
	old := fl.fact.Source
	fl.fact, fl.there = f, fl.there || !f.Spooled
	return old
}

// hand returns the newest bytes for one more who needs them. ok is false if they were given away and have to be looked for.
func (fl *file) hand() (f hls.File, ok bool) {
	f = fl.fact
	f.Source, fl.fact.Source = hls.Split(f.Source)
	return f, f.Source != nil
}

// rest returns what is left of the source if nobody waits for it any more.
func (fl *file) rest() hls.Source {
	if slices.ContainsFunc(fl.uses, func(u *use) bool { return u.fate == waiting }) {
		return nil
	}
	s := fl.fact.Source
	fl.fact.Source = nil
	return s
}

// observeFile takes the fact in that a file is finished, or longer.
func (m *Machine) observeFile(f hls.File) {
	fl := m.file(f.Path)
	m.out.release(fl.arrive(f))
	sent := fl.plain && m.send(fl, fl.path)
	fl.uses = slices.DeleteFunc(fl.uses, func(u *use) bool { return u.fate != waiting && u.other(&f) })
	for _, u := range fl.uses {
		if u.fate != waiting || u.takes(&f, m.now) || m.draining {
			sent = m.share(fl, u) || sent
		}
	}
	if sent {
		m.out.release(fl.rest())
	}
	if m.resting.note(fl) {
		m.rouse(fl)
	}
}

// give sends the newest bytes of fl to the key of u.
func (m *Machine) give(fl *file, u *use) {
	if m.share(fl, u) {
		m.out.release(fl.rest())
	}
}

// share is give for one of several, and keeps the bytes for the others.
func (m *Machine) share(fl *file, u *use) (sent bool) {
	if sent = m.send(fl, u.key()); sent {
		u.give(&fl.fact)
		m.lists.arrives(m.now)
	}
	return sent
}

// send sends the newest bytes of fl to the Plan under another path, and reports whether they are at hand.
func (m *Machine) send(fl *file, path string) bool {
	f, ok := fl.hand()
	if !ok && f.State != 0 {
		m.out.look(fl.path)
		return false
	}
	f.Path = path
	m.out.fact(f)
	return true
}

// plain has a file shipped under its own path from now on.
func (m *Machine) plain(path string) {
	if fl := m.file(path); !fl.plain {
		if fl.plain = true; fl.has() && m.send(fl, path) {
			m.out.release(fl.rest())
		}
	}
}

// departs takes in that a file left the directory.
func (m *Machine) departs(f hls.File) {
	fl := m.files.all[f.Path]
	if fl == nil {
		return
	}
	fl.there = false
	if fl.plain {
		m.out.fact(f)
	}
	for _, u := range fl.uses {
		if u.fate == given {
			gone := f
			gone.Path = u.key()
			m.out.fact(gone)
		}
	}
	m.files.leaving = append(m.files.leaving, departure{fl, m.now})
}

// forget lets go of files that left the directory a while ago, and returns their sources.
func (x *files) forget(now time.Time) (all []hls.Source) {
	for len(x.leaving) > maxLeaving || len(x.leaving) > 0 && now.Sub(x.leaving[0].at) >= leavingTime {
		fl := x.leaving[0].file
		x.leaving = x.leaving[1:]
		if fl.there || x.all[fl.path] != fl {
			continue
		}
		all = append(all, fl.fact.Source)
		fl.fact.Source = nil
		if !slices.ContainsFunc(fl.uses, func(u *use) bool { return u.fate == waiting }) {
			delete(x.all, fl.path)
		}
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
