package session

import (
	"path"
	"strings"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/edition"
)

// course is where the segments of a list go. This file alone writes it.
type course struct {
	run      run
	session  *session            // in which its next segment goes; nil before the first
	segments map[uint64]*segment // of the run, those that the newest version lists, by the packager's number
	tags     map[string]*use     // by path: init sections and keys of the newest version
	progress
}

func newCourse() course { return course{segments: map[uint64]*segment{}, tags: map[string]*use{}} }

// run is one run of the packager.
type run struct {
	name          string // empty for none
	discontinuity uint64
	prior         prior
}

// prior is what is known of the run before.
type prior struct {
	known    bool            // there was one
	session  *session        // in which the last segment of that is; nil if it is not known
	seen     time.Time       // when its last version was seen at the latest
	patterns map[string]bool // those of the names of its media; nil if they are not known
}

// segment is one that the packager lists.
type segment struct {
	use   *use // nil if it is of another origin, or shipped under its own path
	path  string
	since time.Time // when it was first listed
	begun time.Time // when it began; zero if that is not known
	hole  bool
}

// leaveOut notes that nobody waits for it any more.
func (s *segment) leaveOut() { s.hole = true }

// started reports whether a run is known.
func (c *course) started() bool { return c.run.name != "" }

// start has a run begin in a session.
func (c *course) start(in *session, r run) {
	c.run, c.session = r, in
	c.restart()
	clear(c.segments)
	clear(c.tags)
}

// move has the next segment go to another session.
func (c *course) move(to *session) { c.session = to }

// list notes that segment n has a use.
func (c *course) list(n uint64, s *segment) { c.segments[n] = s }

// tag notes that a tag names what u has.
func (c *course) tag(u *use) { c.tags[u.path] = u }

// unlist has what u is the use of bound anew.
func (c *course) unlist(u *use) {
	for n, s := range c.segments {
		if s.use == u {
			delete(c.segments, n)
		}
	}
}

// slide forgets segments before first and from end on.
func (c *course) slide(first, end uint64) {
	for n := range c.segments {
		if n < first || n >= end {
			delete(c.segments, n)
		}
	}
	c.forget(first)
}

// misses reports whether u is listed.
func (c *course) misses(u *use) bool {
	for _, s := range c.segments {
		if s.use == u {
			return true
		}
	}
	return c.tags[u.path] == u
}

// patterns returns those of the names of the media.
func (c *course) patterns() map[string]bool {
	all := make(map[string]bool)
	for _, s := range c.segments {
		all[pattern(s.path)] = true
	}
	return all
}

// pattern returns a path without the digits of its name.
func pattern(p string) string {
	folder, name := path.Split(p)
	return folder + strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' {
			return -1
		}
		return c
	}, name)
}

// begin has another run of l begin, after a version of the one before that was seen at that time at the latest: with the session that
// another list of the scope opened a moment ago, or with one of its own.
func (m *Machine) begin(l *list, seen time.Time) {
	s := m.scopes.of[l]
	if !s.joins(l, m.now) {
		in := m.open()
		s.began(in, run{name: in.name, discontinuity: s.discontinuity()})
	}
	before := prior{known: l.started() || l.published.Len() > 0, session: l.session, seen: seen}
	switch last := m.lastSession(l); {
	case l.started():
		before.patterns = l.patterns()
	case last != "":
		before.session = m.sessions.get(last)
	}
	if before.known {
		m.out.event(Event{l.path, "run", s.newest.name})
	}
	l.start(s.newest, run{s.run.name, s.run.discontinuity, before})
}

// join has the first run of l begin, with the others of its scope if there are any.
func (m *Machine) join(l *list) {
	if s := m.scopes.of[l]; s.newest != nil {
		l.start(s.newest, run{name: s.run.name, discontinuity: s.run.discontinuity})
		return
	}
	m.begin(l, time.Time{})
}

// resume goes on with the run that is published.
func (m *Machine) resume(l *list, names map[extent]named) {
	in := m.sessions.get(m.lastSession(l))
	r := run{name: in.name, discontinuity: l.published.Discontinuity()}
	l.start(in, r)
	if s := m.scopes.of[l]; s.newest == nil {
		s.began(in, r)
	}
	m.trust(l)
	for i := range l.latest.text.Len() {
		ref := &l.latest.file.Playlist.References[l.latest.text.Reference(i)]
		p, ok := m.local(l, ref)
		n, is := names[extentOf(p, ref)]
		if !ok || !is {
			continue
		}
		u := m.sessions.get(nameOf(n.folder)).use(p, 0)
		if u.trust(); m.proven(l, p, n.folder) == Same {
			fl := m.file(p)
			fl.attach(u)
			m.give(fl, u)
		}
		l.list(l.number(i), &segment{use: u, path: u.path, since: m.now})
	}
}

// number returns that of segment i of the newest version, as the packager counts.
func (l *list) number(i int) uint64 { return l.latest.file.Playlist.MediaSequence + uint64(i) } //nolint:gosec // not negative

// bind says which key each reference of the newest version of l has, and returns what stands before it. sure is false if that is not known
// yet.
func (m *Machine) bind(l *list) (folders []string, sure bool) {
	v := l.latest
	refs := v.file.Playlist.References
	folders, sure = make([]string, len(refs)), true
	segments := make([]bool, len(refs))
	l.slide(l.number(0), l.number(v.text.Len()))
	for i := range v.text.Len() {
		r := v.text.Reference(i)
		segments[r] = true
		if s := m.segment(l, i, &refs[r]); s.use != nil {
			folders[r] = l.insertion(s.use)
		}
	}
	for r := range refs {
		if segments[r] || refs[r].Hint {
			continue
		}
		u, known := m.tag(l, &refs[r])
		if sure = sure && known; u != nil {
			folders[r] = l.insertion(u)
		}
	}
	return folders, sure
}

// insertion returns what stands before a URI of l for a file that has the key of u.
func (l *list) insertion(u *use) string {
	own := folderOf(l.path)
	return strings.Repeat("../", strings.Count(own, "/")) + u.session.folder(u.variant) + own
}

// local returns the path of a file that ref names and that a session can have. ok is false for others, which are shipped under their own
// paths if they are in the directory.
func (m *Machine) local(l *list, ref *hls.Reference) (path string, ok bool) {
	if ref.Gap || ref.Unresolved || ref.Kind.IsPlaylist() {
		return "", false
	}
	path, target := m.around.Site.Resolve(l.path, ref.URI)
	if target != hls.Local {
		return "", false
	}
	if !edition.Insertable(*ref) {
		m.plain(path)
		return "", false
	}
	return path, true
}

// segment returns segment i of the newest version of l, and binds it to a key if it is new.
func (m *Machine) segment(l *list, i int, ref *hls.Reference) *segment {
	s := l.segments[l.number(i)]
	p, ok := m.local(l, ref)
	if s == nil || s.path != p {
		s = &segment{path: strings.Clone(p), since: m.now}
		if l.list(l.number(i), s); ok {
			s.use = m.use(l, s.path, true)
		}
	}
	if s.use == nil {
		return s
	}
	fl := m.file(p)
	m.offer(l, fl, s.use)
	if at := fl.fact.Finished(); s.begun.IsZero() && s.use.fate == given && s.use.bytes.is(&fl.fact) && !at.IsZero() {
		s.begun = at.Add(-l.latest.text.Duration(i))
	}
	at := s.since.Add(m.patience(l))
	if taken := s.use.wait.until.Add(m.around.Settle); !m.draining && at.Before(taken) {
		at = taken // the bytes of the run before may have to be read again
	}
	if s.use.settled() || s.hole {
		return s
	} else if m.now.Before(at) {
		m.lists.later(l, at)
		return s
	}
	s.leaveOut()
	m.out.event(Event{l.path, "hole", s.path})
	m.spread(l, l.number(i))
	return s
}

// patience is how long a segment of l is waited for.
func (m *Machine) patience(l *list) time.Duration {
	switch {
	case m.draining:
		return 0
	case m.cfg.GiveUpAfter > 0:
		return m.cfg.GiveUpAfter
	}
	return 2 * max(time.Second, min(l.latest.file.Playlist.TargetDuration, time.Minute))
}

// offer gives u the bytes that the directory has, if it waits and takes them.
func (m *Machine) offer(l *list, fl *file, u *use) {
	switch {
	case u.fate != waiting || !fl.has():
	case u.takes(&fl.fact, m.now) || m.draining:
		m.give(fl, u)
	default:
		m.lists.later(l, u.wait.until)
	}
}

// use returns the key for a file that l names and did not name before. Where its session has other bytes under the name of media, another
// session is opened.
func (m *Machine) use(l *list, p string, media bool) *use {
	fl := m.file(p)
	u := l.session.uses[p]
	if u != nil && media && u.other(&fl.fact) {
		if s := m.scopes.of[l]; s.newest == l.session {
			s.moved(m.open())
		}
		l.move(m.scopes.of[l].newest)
		u = l.session.uses[p]
	}
	if u != nil {
		return u
	}
	u = l.session.use(p, 0)
	if before := l.run.prior; before.known && (!media || before.patterns == nil || before.patterns[pattern(p)]) {
		w := wait{until: l.latest.file.Seen.Add(m.around.Settle), after: before.seen}
		if before.session != nil && before.session.uses[p] != nil {
			w.not = before.session.uses[p].bytes
		}
		u.expects(w)
	}
	fl.attach(u)
	return u
}

// Lost takes in that the bytes which were to be stored under a published path are lost, or are not there.
func (m *Machine) Lost(key string) {
	u := m.sessions.find(key)
	if u == nil {
		return
	}
	if u.lose(); u.fate == waiting {
		m.file(u.path).attach(u)
	}
	m.revise(u)
}

// Conflict takes in that the store has other bytes under a published path than those that were given for it. They go to another key.
func (m *Machine) Conflict(key string) {
	u := m.sessions.find(key)
	if u == nil {
		return
	}
	u.clash()
	m.revise(u)
	for _, l := range m.lists.all {
		l.unlist(u)
	}
}

// revise has the lists looked at that list u.
func (m *Machine) revise(u *use) {
	for _, l := range m.lists.all {
		if l.misses(u) {
			m.lists.later(l, m.now)
		}
	}
}
