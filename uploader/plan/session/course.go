package session

import (
	"strings"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// course is where the segments of a list go. This file alone writes it.
type course struct {
	run      run
	session  *session            // in which its next segment goes; nil before the first
	segments map[uint64]*segment // of the run, those that the newest version lists, by the packager's number
	tags     map[string]*use     // by path: init sections and keys of the newest version
	owed     []*use              // of segments that are listed no more, and wait for the time when any bytes are taken
	returns  returning           // of a name
	written  int64               // when the newest bytes of a segment that is listed no more were written
	progress
}

func newCourse() course { return course{segments: map[uint64]*segment{}, tags: map[string]*use{}} }

// run is one run of the packager.
type run struct {
	name          string // empty for none
	found         finding
	discontinuity uint64
	prior         prior
}

// finding is how a run was found that began before this process knew of a version of the list with which it did. Zero if it began since.
type finding uint8

const (
	began   finding = iota
	follows         // its names come after those that are published, or nothing was
	falls           // they come before: a packager began anew
)

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

// returning is since when a segment waits whose name came back. The zero value is none.
type returning struct {
	number uint64
	since  time.Time
}

// back notes that segment n waits, and returns since when it does.
func (c *course) back(n uint64, now time.Time) (since time.Time) {
	if c.returns.since.IsZero() || c.returns.number != n {
		c.returns = returning{n, now}
	}
	return c.returns.since
}

// newSegment returns a segment of that path, which is first listed now.
func newSegment(path string, now time.Time) *segment {
	return &segment{path: strings.Clone(path), since: now}
}

// bind notes which key it has.
func (s *segment) bind(u *use) { s.use = u }

// leaveOut notes that nobody waits for it any more.
func (s *segment) leaveOut() { s.hole = true }

// started reports whether a run is known.
func (c *course) started() bool { return c.run.name != "" }

// start has a run begin in a session.
func (c *course) start(in *session, r run) {
	c.run, c.session = r, in
	c.restart()
	for n, s := range c.segments {
		if c.unlistNumber(n); s.use != nil && s.use.missed() {
			s.use.lose() // what comes from now on is the next run's
		}
	}
	c.written, c.returns = 0, returning{}
	for _, u := range c.tags {
		if u.suspected() {
			u.lose() // they are the next run's
		}
	}
	clear(c.tags)
}

// unlistNumber forgets segment n. What its key waits for is owed, unless it is still listed.
func (c *course) unlistNumber(n uint64) {
	u := c.segments[n].use
	if delete(c.segments, n); u == nil || u.fate != waiting || u.listed() {
		return
	}
	if u.pass(); !u.wait.until.IsZero() {
		c.owed = append(c.owed, u)
	}
}

// due takes those out whose bytes are taken by now, whichever they are, and returns when the next are; zero if none is owed.
func (c *course) due(now time.Time) (due []*use, next time.Time) {
	kept := c.owed[:0]
	for _, u := range c.owed {
		switch {
		case u.fate != waiting:
		case now.Before(u.wait.until):
			kept, next = append(kept, u), sooner(next, u.wait.until)
		default:
			due = append(due, u)
		}
	}
	clear(c.owed[len(kept):])
	c.owed = kept
	return due, next
}

// count notes the discontinuity number of the run.
func (r *run) count(discontinuity uint64) { r.discontinuity = discontinuity }

// move has the next segment go to another session.
func (c *course) move(to *session) { c.session = to }

// list notes that segment n has a key, if it has one.
func (c *course) list(n uint64, s *segment) {
	c.pass(n)
	if c.segments[n] = s; s.use != nil {
		s.use.name(c)
	}
}

// tag notes that a tag names what u has.
func (c *course) tag(u *use) {
	c.tags[u.path] = u
	u.name(nil)
}

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
			c.written = max(c.written, c.segments[n].written())
			c.unlistNumber(n)
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
		all[hls.Pattern(s.path)] = true
	}
	return all
}

// begin has another run of l begin, after a version of the one before that was seen at that time at the latest: with the session that an earlier
// process began for it, that another list of the scope opened a moment ago, or with one of its own.
func (m *Machine) begin(l *list, seen time.Time) {
	s, found, in := m.scopes.of[l], m.finds(l), m.reclaimed(l)
	if in != nil && in.name == m.lastSession(l) {
		in = nil // that is the run before
	}
	x := s.joins(l, found)
	switch number, goesOn := m.runIn(s, in); {
	case in == nil && x != nil:
	case goesOn:
		x = s.began(in, run{name: in.name, found: found, discontinuity: number}, l.latest.file.Seen)
	default:
		if number = s.discontinuity(); x != nil {
			number = x.run.discontinuity
		}
		if in == nil {
			in = m.open()
		}
		x = s.began(in, run{name: in.name, found: found, discontinuity: number}, l.latest.file.Seen)
		x.presume(l.unheard())
	}
	before := prior{known: l.started() || l.published.Len() > 0, session: l.session, seen: seen}
	switch last := m.lastSession(l); {
	case l.started():
		before.patterns = l.patterns()
	case last != "":
		before.session = m.sessions.get(last)
	}
	if before.known {
		m.out.event(Event{l.path, "run", x.session.name})
	}
	l.start(x.session, run{name: x.run.name, found: found, discontinuity: x.run.discontinuity, prior: before})
}

// runIn returns the discontinuity number of the run that goes on in a session, as a list of s counts it. ok is false if none is in that session.
func (m *Machine) runIn(s *scope, in *session) (discontinuity uint64, ok bool) {
	if in == nil {
		return 0, false
	}
	for l := range s.lists {
		switch {
		case l.started() && l.session == in:
			discontinuity, ok = max(discontinuity, l.run.discontinuity), true
		case !l.started() && m.lastSession(l) == in.name:
			discontinuity, ok = max(discontinuity, l.published.Discontinuity()), true
		}
	}
	return discontinuity, ok
}

// finds says how the run was found that begins with the newest version of l.
func (m *Machine) finds(l *list) finding {
	if l.started() {
		return began
	}
	n, v := l.published.Len(), l.latest
	if n == 0 || v.text.Len() == 0 {
		return follows
	}
	was, _ := m.around.Site.Resolve(l.path, l.published.Segment(n-1).URI)
	is, _ := m.around.Site.Resolve(l.path, v.file.Playlist.References[v.text.Reference(v.text.Len()-1)].URI)
	if _, was = hls.SessionOf(was); hls.NaturalLess(is, was) {
		return falls
	}
	return follows
}

// join has the first run of l begin, with the others of its scope if there are any.
func (m *Machine) join(l *list) {
	in := m.reclaimed(l)
	if x := m.scopes.of[l].at(l.latest.file.Seen); x != nil && (in == nil || in == x.session) {
		l.start(x.session, run{name: x.run.name, discontinuity: x.run.discontinuity})
		return
	}
	m.begin(l, time.Time{})
}

// resume goes on with the run of a session that an earlier process opened, which has those names.
func (m *Machine) resume(l *list, in *session, names map[extent]named) {
	r := run{name: in.name, discontinuity: l.published.Discontinuity()}
	l.start(in, r)
	m.scopes.of[l].resumed(in, r, l.unheard())
	for i := range l.latest.text.Len() {
		ref := &l.latest.file.Playlist.References[l.latest.text.Reference(i)]
		p, ok := m.local(l, ref)
		n, is := names[extentOf(p, ref)]
		if !ok || !is {
			continue
		}
		u := m.sessions.get(nameOf(n.folder)).remember(p, variantOf(n.folder))
		if m.proven(l, p, n.folder) == Same {
			m.prove(l, m.file(p), u)
		}
		s := newSegment(p, m.latest)
		s.bind(u)
		l.list(l.number(i), s)
		l.resume(l.number(i))
	}
}

// Lost takes in that the bytes which were to be stored under a published path are lost, or are not there.
func (m *Machine) Lost(key string) {
	s, u := m.sessions.of(key), m.sessions.find(key)
	if s == nil {
		return
	}
	if s.lose(key); u == nil {
		m.reviseBehind(s)
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

// revise has the lists looked at that list u, or go on behind a run that did.
func (m *Machine) revise(u *use) {
	for _, l := range m.lists.all {
		if l.misses(u) {
			m.lists.later(l, m.now)
		}
	}
	m.reviseBehind(u.session)
}

// reviseBehind has the lists looked at that go on behind the run of a session.
func (m *Machine) reviseBehind(s *session) {
	for _, l := range m.lists.all {
		if l.run.prior.session == s {
			m.lists.later(l, m.now)
		}
	}
}
