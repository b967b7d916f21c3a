package session

import (
	"strings"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/edition"
)

// Each reference of a version is bound to a key of a session, which its bytes get as soon as it is certain that they are meant.

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
		if segments[r] = true; m.comesBack(l, i, &refs[r]) {
			return nil, false
		}
		if s := m.segment(l, i, &refs[r]); s.use != nil {
			folders[r] = l.insertion(s.use)
		}
	}
	for r := range refs {
		if segments[r] || refs[r].Hint || v.text.TakesOut(r) {
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
		if s != nil {
			l.unlistNumber(l.number(i))
		}
		if s = newSegment(p, m.latest); l.number(i) < l.late {
			s.leaveOut()
		}
		if ok {
			s.bind(m.use(l, s.path, naming{media: true, last: i == l.latest.text.Len()-1, part: ref.Length > 0, back: m.mayBeOfALap(l, l.number(i), m.file(s.path))}))
		}
		l.list(l.number(i), s)
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
	if s.use.fate == waiting && fl.has() && fl.fact.Source == nil && fl.fact.Growth == 0 && s.use.takes(&fl.fact, m.now) {
		s.use.expectsAgain(&fl.fact)
	}
	m.seek(l, fl, s.use)
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

// seek has the store asked for a segment that the directory does not have, if an earlier process may have stored it under the key of u: what is
// published does not tell which names of its session were used.
func (m *Machine) seek(l *list, fl *file, u *use) {
	if u.fate != waiting || u.sought || fl.has() || !u.session.opened.IsZero() {
		return
	}
	if at := l.latest.file.Seen.Add(m.around.Settle); m.now.Before(at) {
		m.lists.later(l, at)
		return
	}
	u.seek()
	m.out.fact(hls.File{Path: u.key(), State: hls.Gone})
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

// naming is how a file is named: as a segment, as the last one, as a part of a file, and by a name that may have come back.
type naming struct{ media, last, part, back bool }

// use returns the key for a file that l names and did not name before. Where its session has other bytes under the name of media, another
// session is opened. The last segment may be named before it is finished.
func (m *Machine) use(l *list, p string, how naming) *use {
	media, last := how.media, how.last
	fl := m.file(p)
	u := l.session.uses[p]
	if u != nil && media && u.other(&fl.fact) {
		if m.around.Record && !how.part {
			return m.lap(fl, u)
		}
		l.move(m.next(l))
		u = l.session.uses[p]
	}
	if u != nil {
		return u
	}
	u = l.session.use(p, 0)
	switch before := l.run.prior; {
	case !media && l.suspects(fl):
		m.expect(fl, u, wait{until: m.now.Add(max(m.around.Settle, m.patience(l)))})
	case how.back && !how.part:
		m.expect(fl, u, wait{until: l.latest.file.Seen.Add(m.around.Settle), after: fl.fact.Seen})
		fl.vet()
	case l.run.found != began && fl.has() && !last && !fl.youngerThan(&l.latest.file): // the run had finished it
	case before.known && (!media || before.patterns == nil || before.patterns[hls.Pattern(p)]):
		w := wait{until: l.latest.file.Seen.Add(m.around.Settle), after: before.seen}
		if before.session != nil && before.session.uses[p] != nil {
			w.not = before.session.uses[p].bytes
		}
		m.expect(fl, u, w)
	case fl.has() && l.latest.file.Found && fl.youngerThan(&l.latest.file): // it may be of a run that has no list yet
		m.expect(fl, u, wait{until: m.now.Add(m.around.Settle)})
	}
	fl.attach(u)
	return u
}

// next returns the session in which the run of l goes on, as its own has used a name for other bytes: that to which another list moved, or another.
func (m *Machine) next(l *list) *session {
	s := m.scopes.of[l]
	if x := s.of(l.run.name); x != nil && x.session != l.session {
		return x.session
	}
	to := m.open()
	s.moved(l.run.name, to)
	return to
}

// lap returns a use for the name of u, which its packager uses again within a run.
func (m *Machine) lap(fl *file, u *use) *use {
	next := u.session.use(u.path, max(2, u.variant+1))
	fl.attach(next)
	return next
}

// expect has u wait. Bytes that were given away are read again meanwhile, as the packager may delete them before it is certain that they
// are meant.
func (m *Machine) expect(fl *file, u *use, w wait) {
	if u.expects(w); fl.there && fl.fact.Source == nil {
		m.out.look(fl.path)
	}
}

// settle gives bytes to the keys of segments that l listed before it was certain which bytes it meant.
func (m *Machine) settle(l *list) {
	due, next := l.due(m.now)
	for _, u := range due {
		if fl := m.files.all[u.path]; fl.has() {
			m.give(fl, u)
		}
	}
	if !next.IsZero() {
		m.lists.later(l, next)
	}
}
