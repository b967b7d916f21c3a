package session

import (
	"slices"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// Config is what the operator chose. Zero values are replaced by the defaults named.
type Config struct {
	// GiveUpAfter is how long a segment is waited for that is named and does not come. Default two target durations of its list.
	GiveUpAfter time.Duration
	// Gaps has holes marked by EXT-X-GAP instead of left out.
	Gaps bool
	// EndDelay is how long EXT-X-ENDLIST waits for another run to begin. 0 is no time.
	EndDelay time.Duration
}

// Surroundings is what a Machine is told of the directory and of the process. All but Memory is required.
type Surroundings struct {
	// Settle is how long a new run waits for new bytes under a name that the run before had.
	Settle time.Duration
	// Site says where players find the files.
	Site hls.Site
	// Include says which files are shipped under their own paths although no playlist names them.
	Include func(path string) bool
	// Noted returns the folder in which an earlier process stored these bytes of a file, "" if that is not known, and the same if it is
	// asked again.
	Noted func(path string, v hls.Version) (folder string)
	// Memory is where the texts are counted that are kept. nil counts nothing.
	Memory *hls.Account
	// Record has the recorder told where the files are that playlists name, and a run stay one session though its names come back: a ring of
	// names, lap for lap, goes to variants.
	Record bool
}

// Machine turns facts of the directory into facts of what is published. Make one with New.
type Machine struct {
	cfg    Config
	around Surroundings
	clock
	draining  bool
	files     files
	lists     lists
	scopes    scopes
	sessions  sessions
	questions questions
	resting   resting
	out       Effects
}

// clock is the time that a Machine was told.
type clock struct {
	began, latest time.Time // the first, and the latest
	now           time.Time // for which things are decided: the latest, or when that happened which is taken in later
}

// tick goes on to now.
func (c *clock) tick(now time.Time) {
	if c.began.IsZero() {
		c.began = now
	}
	if now.After(c.latest) {
		c.now, c.latest = now, now
	}
}

// New returns a Machine that knows nothing.
func New(c Config, s Surroundings) *Machine {
	return &Machine{cfg: c, around: s, files: newFiles(), lists: newLists(), scopes: newScopes(), sessions: newSessions(), questions: newQuestions(), resting: newResting()}
}

// Observe takes a fact of the directory in.
func (m *Machine) Observe(f hls.File) {
	if m.tick(f.Seen); !m.delays(&f) {
		m.observe(f, false)
	}
}

// observe takes in a fact that need not wait. told says that the Plan was told of it under its own path if it has that.
func (m *Machine) observe(f hls.File, told bool) {
	switch {
	case f.State == hls.Gone && m.lists.all[f.Path] != nil:
		m.leaves(m.lists.all[f.Path], f)
	case f.State == hls.Gone:
		m.departs(f, told)
	case f.State == hls.Lost:
		if m.files.get(f.Path, m.around.Include).plain {
			m.out.fact(f)
		}
	case f.Playlist == nil:
		m.observeFile(f, told)
	case f.Kind == hls.MediaPlaylist:
		m.observeList(f)
	default:
		m.observeExact(f)
	}
}

// Take goes on to now, and returns what follows.
func (m *Machine) Take(now time.Time) Effects {
	m.tick(now)
	m.ring()
	if m.catchUp() {
		m.ring()
	}
	for _, source := range m.files.forget(m.now) {
		m.out.release(source)
	}
	return m.out.take()
}

// ring looks again at the lists whose time has come.
func (m *Machine) ring() {
	for _, l := range m.lists.ring(m.now) {
		m.settle(l)
		m.edit(l)
		m.leave(l)
	}
}

// at has something happen as if it were that time, if that has passed.
func (m *Machine) at(then time.Time, do func()) {
	now, draining := m.now, m.draining
	if then.Before(now) {
		m.now, m.draining = then, false
	}
	do()
	m.now, m.draining = now, draining
}

// Wake returns when Take is to be called although nothing happened; zero for never.
func (m *Machine) Wake() time.Time { return m.lists.wake() }

// Drain says that no fact will come any more: what is waited for does not come, and ends are told at once.
func (m *Machine) Drain() {
	m.draining = true
	for again := true; again; again = m.catchUp() {
		for _, l := range m.lists.sorted() {
			m.edit(l)
			m.leave(l)
		}
	}
}

// Abandon returns every source that is still held, of files that went nowhere and of playlists. The Machine is of no use after that.
func (m *Machine) Abandon() (files, playlists []hls.Source) {
	for _, l := range m.lists.all {
		for _, v := range []*version{l.latest, l.doubt.before} {
			if v == nil {
				continue
			}
			if source := v.letGo(); source != nil {
				playlists = append(playlists, source)
			}
		}
	}
	for s := range m.scopes.waiting {
		more, lists := s.abandon()
		files, playlists = append(files, more...), append(playlists, lists...)
	}
	return append(files, m.files.sources()...), playlists
}

// Owns reports whether a published path is in a session, so that its bytes never change.
func (m *Machine) Owns(published string) bool {
	folder, _ := hls.SessionOf(published)
	return folder != "" && m.sessions.all[nameOf(folder)] != nil
}

// Opened reports whether a published path is in a session that was opened here, not by an earlier process.
func (m *Machine) Opened(published string) bool {
	folder, _ := hls.SessionOf(published)
	s := m.sessions.all[nameOf(folder)]
	return folder != "" && s != nil && !s.opened.IsZero()
}

// Path returns the path in the directory of what is published under that one.
func (m *Machine) Path(published string) string {
	if m.Owns(published) {
		_, published = hls.SessionOf(published)
	}
	return published
}

// Finished returns the modification time of the bytes that were sent to any session from the path in the directory of what is published under that
// one. ok is false if none were.
func (m *Machine) Finished(published string) (at int64, ok bool) {
	fl := m.files.all[m.Path(published)]
	if fl == nil || !fl.has() || !slices.ContainsFunc(fl.uses, func(u *use) bool { return u.fate == given }) {
		return 0, false
	}
	return fl.fact.Version.ModTime, true
}

// Edits reports whether the playlist of that path is edited.
func (m *Machine) Edits(path string) bool {
	l := m.lists.all[path]
	return l != nil && !l.asked.IsZero() && l.exact == ""
}

// sooner returns the earlier of two times, of which zero is never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
