package session

import (
	"strings"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// scopes are known by the folders of their lists.
type scopes struct {
	byFolder map[string]*scope
	of       map[*list]*scope
}

func newScopes() scopes { return scopes{make(map[string]*scope), make(map[*list]*scope)} }

// scope is what shares its sessions: the lists of one multivariant playlist, or those of a folder. This file alone writes it.
type scope struct {
	scopes *scopes
	lists  map[*list]bool
	newest *session // that was opened last, nil if none was
	run    run      // that began with it
	merged bool     // lists that have another session since then are of the same run: nothing said that they belong together
}

// joinTime is within which time lists of a scope begin the same run.
const joinTime = 10 * time.Second

// get returns the scope of a folder.
func (x *scopes) get(folder string) *scope {
	s := x.byFolder[folder]
	if s == nil {
		s = &scope{scopes: x, lists: map[*list]bool{}}
		x.byFolder[strings.Clone(folder)] = s
	}
	return s
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
}

// merge puts the lists of other into s.
func (s *scope) merge(other *scope) {
	if s == other {
		return
	}
	for l := range other.lists {
		s.take(l)
	}
	s.merged = s.newest != nil && other.newest != nil
	if s.newest == nil || other.newest != nil && other.newest.opened.After(s.newest.opened) {
		s.newest, s.run = other.newest, other.run
	}
	for folder, x := range s.scopes.byFolder {
		if x == other {
			s.scopes.byFolder[folder] = s
		}
	}
}

// began notes that a run began in a session that was opened for it.
func (s *scope) began(in *session, r run) { s.newest, s.run, s.merged = in, r, false }

// moved notes that the run goes on in another session.
func (s *scope) moved(to *session) { s.newest = to }

// joins reports whether l, in which another run begins, joins the one that another list of the scope began a moment ago.
func (s *scope) joins(l *list, now time.Time) bool {
	return s.newest != nil && !s.merged && s.newest != l.session && s.run.name != l.run.name && !s.newest.opened.IsZero() && now.Sub(s.newest.opened) < joinTime
}

// discontinuity is the number that the first segment of another run has.
func (s *scope) discontinuity() uint64 {
	n, any := uint64(0), false
	for l := range s.lists {
		for _, e := range append(l.candidates[:len(l.candidates):len(l.candidates)], l.published) {
			if e.Len() > 0 {
				n, any = max(n, e.Discontinuity()), true
			}
		}
	}
	if any {
		n++
	}
	return n
}
