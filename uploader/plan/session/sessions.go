package session

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// sessions are those that are known, by their names.
type sessions struct {
	all   map[string]*session
	order []*session // the oldest first
}

func newSessions() sessions { return sessions{all: make(map[string]*session)} }

// session is the folder of one run. This file alone writes it.
type session struct {
	name   string
	opened time.Time       // zero if an earlier process opened it
	uses   map[string]*use // by path: the newest of each
	order  []string        // the paths, the oldest first
	lost   map[string]bool // keys of which the bytes are lost
}

// maxUses bounds how many names a session remembers. If an older name is used again with other bytes, the store says so.
const maxUses = 20_000

// use is a file under one key of a session. This file alone writes it.
type use struct {
	session *session
	path    string
	variant int // of an init section or key that was rewritten: 2 for the second; 0 for the first
	bytes   identity
	fate    fate
	wait    wait
	named   bool      // a list names it, or did: its bytes are shipped whether or not the Plan is told of a text that lists them
	kept    bool      // an earlier process kept its bytes, and had not stored them
	courses []*course // of lists that name it as a segment, or did
	sought  bool      // the store was asked whether an earlier process stored it
}

// fate is what became of a use.
type fate uint8

const (
	// waiting: nobody knows its bytes.
	waiting fate = iota
	// given: they went to the Plan.
	given
	// published: an earlier process stored them, as a list names them that it published.
	published
	// taken: the store has other bytes under the key.
	taken
	// lost: its bytes were lost before they were stored.
	lost
)

// wait is for which bytes a use waits.
type wait struct {
	until time.Time // when any bytes are taken; zero for at once
	after time.Time // those that were finished later are of this run, unless the run before had them
	not   identity  // which it had
	again identity  // those that the directory had, and that are read again as they were given away
	over  bool      // no list names it any more: what is written under its name from now on is another lap's or run's
}

// identity says which bytes a version is. The zero identity is none.
type identity struct {
	version hls.Version
	sum     hls.Sum
	growth  uint64
}

func identityOf(f *hls.File) identity { return identity{f.Version, f.Sum, f.Growth} }

// is reports whether f has the same bytes, or more of the same file that grows.
func (i identity) is(f *hls.File) bool {
	return i.version == f.Version || i.sum != hls.Sum{} && i.sum == f.Sum || i.growth != 0 && i.growth == f.Growth
}

// key returns the path of u in the store.
func (u *use) key() string { return u.session.folder(u.variant) + u.path }

// expects notes which bytes u waits for.
func (u *use) expects(w wait) { u.wait = w }

// expectsAgain notes that the bytes of f are read again for it.
func (u *use) expectsAgain(f *hls.File) { u.wait.again = identityOf(f) }

// listed reports whether a list names it as a segment.
func (u *use) listed() bool {
	return slices.ContainsFunc(u.courses, func(c *course) bool {
		for _, s := range c.segments {
			if s.use == u {
				return true
			}
		}
		return false
	})
}

// pass notes that no list names it any more.
func (u *use) pass() { u.wait.over = true }

// missed reports whether no list names it any more, and none of the bytes that the directory had under its name were meant.
func (u *use) missed() bool { return u.fate == waiting && u.wait == (wait{over: true}) }

// name notes that a list names it, as a segment of that course if that is not nil.
func (u *use) name(as *course) {
	u.named, u.wait.over = true, false
	if as != nil && !slices.Contains(u.courses, as) {
		u.courses = append(u.courses, as)
	}
}

// keep notes that an earlier process kept its bytes, as a list named it.
func (u *use) keep() { u.named, u.kept = true, true }

// give notes that the bytes of f have the key. They stay the run's that had them first if another one writes them again.
func (u *use) give(f *hls.File) {
	if u.fate != given || f.Growth != 0 || !u.bytes.is(f) {
		u.bytes = identityOf(f)
	}
	u.fate = given
	delete(u.session.lost, u.key())
}

// trust notes that the key has what an earlier process published.
func (u *use) trust() { u.fate = published }

// prove notes that what an earlier process published are the bytes of f.
func (u *use) prove(f *hls.File) { u.bytes = identityOf(f) }

// seek has it believed that an earlier process stored what the directory has not, until the store says that it did not.
func (u *use) seek() { u.fate, u.sought = published, true }

// clash notes that the store has other bytes.
func (u *use) clash() { u.fate = taken }

// lose notes that the bytes are lost. If they were believed to be stored, others of the directory may be them.
func (u *use) lose() {
	if u.fate == published {
		u.fate = waiting
		return
	}
	u.fate = lost
}

// settled reports whether the key has bytes.
func (u *use) settled() bool { return u.fate == given || u.fate == published }

// known reports whether it is known which bytes the key has, or would have if they were not lost.
func (u *use) known() bool { return u.fate != waiting && u.bytes != identity{} }

// other reports whether f, the newest bytes of the directory, are not those of the key, be they lost by now.
func (u *use) other(f *hls.File) bool {
	return u.fate == taken || u.fate != waiting && f.State != 0 && !u.bytes.is(f)
}

// takes reports whether f, which the directory has, may be the bytes of u.
func (u *use) takes(f *hls.File, now time.Time) bool {
	if w := &u.wait; w.over && w.again != (identity{}) {
		return w.again.is(f)
	}
	return !now.Before(u.wait.until) || u.means(f)
}

// means reports whether f are the bytes that u waits for, as they were finished since the run before ended; any are if it does not wait.
func (u *use) means(f *hls.File) bool {
	w := &u.wait
	return w.until.IsZero() || f.State != 0 && !f.Found && !w.after.IsZero() && f.Seen.After(w.after) && w.not.version != f.Version
}

// folder returns what stands before a path.
func (s *session) folder(variant int) string {
	if variant > 0 {
		return fmt.Sprintf("%s/.%d/", s.name, variant)
	}
	return s.name + "/"
}

// use returns a new use of path.
func (s *session) use(path string, variant int) *use {
	path = strings.Clone(path)
	if s.uses[path] == nil {
		s.order = append(s.order, path)
		if len(s.order) > maxUses {
			delete(s.uses, s.order[0])
			s.order = s.order[1:]
		}
	}
	u := &use{session: s, path: path, variant: variant}
	s.uses[path] = u
	return u
}

// remember returns the use of a path that an earlier process published.
func (s *session) remember(path string, variant int) *use {
	u := s.uses[path]
	if u == nil || u.variant < variant {
		u = s.use(path, variant)
		u.trust()
	}
	return u
}

// reclaim returns the use of a path for which an earlier process kept bytes.
func (s *session) reclaim(path string, variant int) *use {
	switch u := s.uses[path]; {
	case u == nil || u.variant < variant:
		return s.use(path, variant)
	case u.variant == variant:
		return u
	}
	return &use{session: s, path: strings.Clone(path), variant: variant}
}

// find returns the use that has a published path; nil if none is known.
func (x *sessions) find(published string) *use {
	folder, path := hls.SessionOf(published)
	s := x.all[nameOf(folder)]
	if folder == "" || s == nil || s.uses[path] == nil || s.uses[path].key() != published {
		return nil
	}
	return s.uses[path]
}

// of returns the session of a published path; nil if none is known.
func (x *sessions) of(published string) *session {
	folder, _ := hls.SessionOf(published)
	return x.all[nameOf(folder)]
}

// maxLost bounds how many lost keys a session remembers.
const maxLost = 1000

// lose notes that the bytes of a key are lost, be it that of an older variant.
func (s *session) lose(key string) {
	if s.lost == nil {
		s.lost = make(map[string]bool)
	}
	if len(s.lost) < maxLost {
		s.lost[strings.Clone(key)] = true
	}
}

// nameOf returns the name of the session of a folder.
func nameOf(folder string) string {
	name, _, _ := strings.Cut(folder, "/")
	return name
}

// variantOf returns the variant of a folder.
func variantOf(folder string) int {
	_, more, _ := strings.Cut(strings.TrimSuffix(folder, "/"), "/.")
	n, _ := strconv.Atoi(more)
	return n
}

// open opens a session.
func (x *sessions) open(now time.Time) *session {
	base := now.UTC().Format(hls.SessionFormat)
	name := base
	for n := 2; x.all[name] != nil; n++ {
		name = fmt.Sprintf("%s-%d", base, n)
	}
	s := x.get(name)
	s.opened = now
	return s
}

// get returns the session of that name, which an earlier process opened unless it is known.
func (x *sessions) get(name string) *session {
	s := x.all[name]
	if s == nil {
		name = strings.Clone(name)
		s = &session{name: name, uses: make(map[string]*use)}
		x.all[name] = s
		x.order = append(x.order, s)
	}
	return s
}

// maxSessions is how many are remembered that no list needs. Whoever writes into the directory can have as many opened as he likes.
const maxSessions = 256

// open opens a session, and forgets the oldest that nobody needs if there are too many.
func (m *Machine) open() *session {
	s := m.sessions.open(m.latest)
	if len(m.sessions.order) <= maxSessions {
		return s
	}
	needed := map[*session]bool{s: true}
	for l, scope := range m.scopes.of {
		needed[l.session], needed[l.run.prior.session] = true, true
		for _, x := range scope.runs {
			needed[x.session] = true
		}
		for _, x := range l.segments {
			if x.use != nil {
				needed[x.use.session] = true
			}
		}
	}
	m.sessions.forget(needed)
	return s
}

// forget forgets the oldest session that is not needed.
func (x *sessions) forget(needed map[*session]bool) {
	for i, s := range x.order {
		if !needed[s] {
			delete(x.all, s.name)
			x.order = append(x.order[:i], x.order[i+1:]...)
			return
		}
	}
}
