package session

import (
	"slices"
	"strings"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// scopes are known by the folders of their lists.
type scopes struct {
	byFolder map[string]*scope
	of       map[*list]*scope
	waiting  map[*scope]bool // those for which facts are delayed
}

func newScopes() scopes {
	return scopes{make(map[string]*scope), make(map[*list]*scope), make(map[*scope]bool)}
}

// scope is what shares its sessions: the lists of one multivariant playlist, or those of a folder. This file alone writes it.
type scope struct {
	scopes *scopes
	lists  map[*list]bool
	runs   []shared // that began, the oldest first
	merged bool     // lists that have another session since then are of the same run: nothing said that they belong together
	named  bool     // a multivariant playlist names its lists
	nested bool     // they are in a folder below the watched one, as renditions are that have one each
	delayed
}

// get returns the scope of a folder.
func (x *scopes) get(folder string) *scope {
	s := x.byFolder[folder]
	if s == nil {
		s = &scope{scopes: x, lists: map[*list]bool{}, nested: folder != ""}
		x.byFolder[strings.Clone(folder)] = s
	}
	return s
}

// delay notes whether facts are delayed for s.
func (s *scope) delay(so bool) {
	if so {
		s.scopes.waiting[s] = true
	} else {
		delete(s.scopes.waiting, s)
	}
}

// take has l belong to s.
func (s *scope) take(l *list) {
	s.lists[l] = true
	s.scopes.of[l] = s
}

// connect has the lists that a multivariant playlist names share a scope.
func (m *Machine) connect(f *hls.File) {
	var own *scope
	for i := range f.Playlist.References {
		ref := &f.Playlist.References[i]
		if ref.Kind != hls.MediaPlaylist || ref.Unresolved {
			continue
		}
		path, target := m.around.Site.Resolve(f.Path, ref.URI)
		if target != hls.Local || path == f.Path {
			continue
		}
		other := m.scopes.of[m.list(path)]
		if own == nil {
			own = other
		}
		own.merge(other)
	}
	if own == nil || own.named {
		return
	}
	own.named = true
	for l := range own.lists {
		m.lists.later(l, m.now)
	}
}

// apart reports whether the lists of s may be renditions whose multivariant playlist is still to come: packagers write it behind the first
// version of each. Each would have a session of its own.
func (s *scope) apart() bool { return s.nested && !s.named && len(s.runs) == 0 }

// awaited reports whether another list of s is to be heard of before the first run of l can begin: what is published of it is asked for, or, if
// nothing is of l, which run it goes on with.
func (s *scope) awaited(l *list) bool {
	switch {
	case s.unheard(l):
		return true
	case l.published.Len() > 0:
		return false
	}
	for x := range s.lists {
		if x != l && x.exact == "" && x.published.Len() > 0 && x.latest != nil && !x.started() {
			return true
		}
	}
	return false
}

// unheard reports whether it is still to be told what is published of another list of s.
func (s *scope) unheard(l *list) bool {
	for x := range s.lists {
		if x != l && x.exact == "" && x.unheard() {
			return true
		}
	}
	return false
}

// merge puts the lists of other into s.
func (s *scope) merge(other *scope) {
	if s == other {
		return
	}
	for l := range other.lists {
		s.take(l)
	}
	s.takeOver(other)
	s.named = s.named || other.named
	s.merged = len(s.runs) > 0 && len(other.runs) > 0
	s.runs = append(s.runs, other.runs...)
	slices.SortStableFunc(s.runs, func(a, b shared) int { return a.session.opened.Compare(b.session.opened) })
	for folder, x := range s.scopes.byFolder {
		if x == other {
			s.scopes.byFolder[folder] = s
		}
	}
}

// began notes that a run began in a session with a version that was seen at that time, and returns it.
func (s *scope) began(in *session, r run, seen time.Time) *shared {
	s.runs = slices.DeleteFunc(s.runs, func(x shared) bool { return x.run.name == r.name })
	if len(s.runs) == maxShared {
		s.runs = slices.Delete(s.runs, 0, 1)
	}
	s.runs, s.merged = append(s.runs, shared{run: r, session: in, seen: seen}), false
	return &s.runs[len(s.runs)-1]
}

// resumed notes that a list goes on with a run that is published, which came before those that began since, or that count further.
func (s *scope) resumed(in *session, r run, presumed bool) {
	if s.of(r.name) != nil {
		return
	}
	at := slices.IndexFunc(s.runs, func(x shared) bool { return !x.seen.IsZero() || x.run.discontinuity > r.discontinuity })
	if at < 0 {
		at = len(s.runs)
	}
	s.runs = slices.Insert(s.runs, at, shared{run: r, session: in})
	s.runs[at].presume(presumed)
}

// moved notes that the run of that name goes on in another session.
func (s *scope) moved(name string, to *session) {
	if x := s.of(name); x != nil {
		x.session = to
	}
}

// discontinuity is the number that the first segment of another run has. Those of runs that were presumed are behind each other alone.
func (s *scope) discontinuity() uint64 {
	n, any := uint64(0), false
	for i := range s.runs {
		if x := &s.runs[i]; x.presumed {
			n, any = max(n, x.run.discontinuity+1), true
		}
	}
	if any {
		return n
	}
	return s.behind()
}

// behind is the number that the first segment of a run has behind what is published, or was sent to be.
func (s *scope) behind() (n uint64) {
	for l := range s.lists {
		for _, e := range append(l.candidates[:len(l.candidates):len(l.candidates)], l.published) {
			if e.Len() > 0 {
				n = max(n, e.Discontinuity()+1)
			}
		}
	}
	return n
}
