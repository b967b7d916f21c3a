package session

import "github.com/hlsship/hlsship/hls"

// A list may have to wait for its first run, until it is known what is published or with which others it belongs. Meanwhile its packager goes on: it
// may begin again, write other bytes under the same names, and delete them. What happens to the lists of a scope of which one waits, and to the files
// that they name, is taken in later, in the order in which it happened and as if it happened then.

// delayed are facts that wait. The zero value is none. This file alone writes it.
type delayed struct {
	facts   []later        // the oldest first
	names   map[*file]bool // of which facts are delayed, as lists that wait name them
	secured bool           // what they name is kept over a restart
}

// later is a fact that waits.
type later struct {
	hls.File
	plain bool // the Plan was told of it under its own path
}

// maxDelayed bounds how many facts of a scope wait. Those beyond are taken in at once.
const maxDelayed = 8192

// suspended reports whether a list of s waits for its first run.
func (s *scope) suspended() bool {
	for l := range s.lists {
		if l.suspended() {
			return true
		}
	}
	return false
}

func (l *list) suspended() bool { return l.latest != nil && l.exact == "" && !l.started() }

// delays reports whether f is taken in later, and keeps it for that.
func (m *Machine) delays(f *hls.File) bool {
	s := m.delayedFor(f)
	if s == nil || len(s.facts) >= maxDelayed {
		return false
	}
	if l := m.lists.all[f.Path]; l == nil || l.unheard() { // the Plan keeps what it is to publish, and has nothing of l yet
		m.out.keep(f.Source)
	}
	fl := m.files.all[f.Path]
	x := later{*f, fl != nil && fl.plain}
	if x.plain {
		x.Source, f.Source = hls.Split(f.Source)
		m.out.fact(*f)
	}
	s.facts = append(s.facts, x)
	if f.Playlist != nil {
		m.reserve(m.lists.all[f.Path], f)
	}
	return true
}

// delayedFor returns the scope for which f waits; nil if it does not. What the spool has is older than all that waits, and what is met at rest was
// there before, unless the file has changed since.
func (m *Machine) delayedFor(f *hls.File) *scope {
	if f.Spooled || f.State == hls.Lost {
		return nil
	}
	if l := m.lists.all[f.Path]; l != nil {
		s := m.scopes.of[l]
		if l.latest == nil || l.exact != "" || l.latest.file.Spooled && !l.started() || len(s.facts) == 0 && !s.suspended() {
			return nil
		}
		return s
	}
	fl := m.files.all[f.Path]
	switch {
	case fl == nil || fl.scope == nil:
		return nil
	case fl.scope.delays(f.Path):
		return fl.scope
	case f.Found, fl.awaited(), f.State != hls.Gone && fl.has() && identityOf(&fl.fact).is(f):
		return nil
	}
	return fl.scope
}

// delays reports whether a fact of that path waits.
func (s *scope) delays(path string) bool {
	for i := range s.facts {
		if s.facts[i].Path == path {
			return true
		}
	}
	return false
}

// reserve has what happens to the files that a version of l names wait as well.
func (m *Machine) reserve(l *list, f *hls.File) {
	s := m.scopes.of[l]
	s.delay(true)
	for i := range f.Playlist.References {
		ref := &f.Playlist.References[i]
		if ref.Hint {
			continue
		}
		p, ok := m.local(l, ref)
		if !ok {
			continue
		}
		fl := m.file(p)
		if m.await(s, fl); s.secured {
			m.secureFile(fl)
		}
	}
}

// await has what happens to fl wait for s.
func (m *Machine) await(s *scope, fl *file) {
	if s.names == nil {
		s.names = make(map[*file]bool)
	}
	if fl.reserve(s); fl.scope == s {
		s.names[fl] = true
	}
	if fl.has() && fl.there && fl.fact.Source == nil {
		m.out.look(fl.path) // others have it, and the packager may delete it meanwhile
	}
}

// secure has kept over a restart what the lists of the scope of l name that wait, and what was very likely named below.
func (m *Machine) secure(l *list) {
	s := m.scopes.of[l]
	for fl := range m.row(l) {
		m.await(s, fl)
	}
	s.secured = true
	for fl := range s.names {
		m.secureFile(fl)
	}
}

// secureFile has fl kept over a restart, but for what an earlier process noted as stored.
func (m *Machine) secureFile(fl *file) {
	if fl.has() && m.around.Noted(fl.path, fl.fact.Version) == "" {
		m.out.keep(fl.secure())
	}
}

// catchUp takes in what waited and need not any more, and reports whether there was something.
func (m *Machine) catchUp() (any bool) {
	for ; ; any = true {
		var next *scope
		for s := range m.scopes.waiting {
			switch {
			case s.suspended():
			case len(s.facts) == 0:
				s.caughtUp()
				for l := range s.lists { // what its files were waited for may have come
					m.lists.later(l, m.latest)
				}
			case next == nil || s.facts[0].Seen.Before(next.facts[0].Seen):
				next = s
			}
		}
		if next == nil {
			return any
		}
		f := next.facts[0]
		next.facts[0] = later{}
		next.facts = next.facts[1:]
		m.at(f.Seen, func() {
			m.ring()
			m.observe(f.File, f.plain)
		})
	}
}

// caughtUp notes that nothing waits.
func (s *scope) caughtUp() {
	for fl := range s.names {
		fl.reserve(nil)
	}
	s.delayed = delayed{}
	s.delay(false)
}

// takeOver has what waits for other wait for s.
func (s *scope) takeOver(other *scope) {
	if !s.scopes.waiting[other] {
		return
	}
	s.delay(true)
	s.facts = mergeFacts(s.facts, other.facts)
	names := other.names
	other.names = nil
	for fl := range names {
		if s.names == nil {
			s.names = make(map[*file]bool)
		}
		s.names[fl] = true
		fl.reserve(nil)
		fl.reserve(s)
	}
	s.secured = false
	other.caughtUp()
}

// mergeFacts returns the facts of both in the order of their times.
func mergeFacts(a, b []later) []later {
	all := make([]later, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if b[0].Seen.Before(a[0].Seen) {
			all, b = append(all, b[0]), b[1:]
		} else {
			all, a = append(all, a[0]), a[1:]
		}
	}
	return append(append(all, a...), b...)
}

// abandon returns the sources of what waits.
func (s *scope) abandon() (files, playlists []hls.Source) {
	for i := range s.facts {
		f := &s.facts[i]
		f.Share.Release()
		switch {
		case f.Source == nil:
		case f.Playlist != nil:
			playlists = append(playlists, f.Source)
		default:
			files = append(files, f.Source)
		}
	}
	s.delayed = delayed{}
	return files, playlists
}
