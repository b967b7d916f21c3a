package recorder

import (
	"slices"
	"strings"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/state"
	"github.com/hlsship/hlsship/uploader/plan/session"
	"github.com/hlsship/hlsship/uploader/recording"
)

// Config is what the operator chose. The zero value has the default named.
type Config struct {
	// End is for how long a packager is silent until its recording is closed. Default 60 s.
	End time.Duration
	// Keep says that somebody keeps Parts over a restart.
	Keep bool
	// Left is what an earlier process kept.
	Left []Part
}

// Recorder records sessions. Make one with New.
type Recorder struct {
	cfg      Config
	now      time.Time
	draining bool
	lists    map[string]*list   // by their paths in the directory
	sessions map[string]*taping // by their names
	masters  masters
	news     []News
	dropped  int // sessions that were not closed
	parts    parts
}

// New returns a Recorder of which nothing is known yet.
func New(c Config) *Recorder {
	if c.End <= 0 {
		c.End = time.Minute
	}
	r := &Recorder{cfg: c, lists: make(map[string]*list), sessions: make(map[string]*taping), masters: newMasters(), parts: parts{keep: c.Keep}}
	return r
}

// Heard takes a fact of the directory in, before anything that follows from it.
func (r *Recorder) Heard(f *hls.File) {
	if f.Playlist == nil || f.Spooled {
		return
	}
	r.tick(f.Seen)
	switch f.Kind {
	case hls.MediaPlaylist:
		r.list(f.Path).hear(f)
	case hls.MultivariantPlaylist:
		r.masters.take(f)
	default:
	}
}

// tick goes on to now.
func (r *Recorder) tick(now time.Time) {
	first := r.now.IsZero()
	if now.After(r.now) {
		r.now = now
	}
	if first && len(r.cfg.Left) > 0 {
		r.restore(r.cfg.Left)
		r.cfg.Left = nil
	}
}

// list returns the playlist of that path.
func (r *Recorder) list(path string) *list {
	l := r.lists[path]
	if l == nil {
		path = strings.Clone(path)
		l = &list{path: path}
		r.lists[path] = l
	}
	return l
}

// Listed takes in what a version names. opened reports whether this process opened a session.
func (r *Recorder) Listed(l session.Listing, opened func(name string) bool) {
	at := r.list(l.Playlist)
	at.goOn(&l)
	var names []string
	for i := range l.Text.Len() {
		if name := l.Places[l.Text.Reference(i)].Session; name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	for _, name := range names {
		s := r.session(name, opened(name))
		if s.meet() {
			r.tell(s, state.RecordingOpen, nil)
		}
		s.track(at).observe(&l, s)
		if name == l.Session {
			r.masters.naming(l.Playlist, s.copy)
		}
		r.follow(s)
		r.parts.restOf(name, s.track(at))
	}
}

// Inherit takes in that an earlier process opened a session, which it may not have closed, as the published text of a list names it.
func (r *Recorder) Inherit(name, list string, text []byte) {
	r.session(name, false).inherit(r.list(list), text)
}

// session returns what is recorded of a session.
func (r *Recorder) session(name string, opened bool) *taping {
	s := r.sessions[name]
	if s == nil {
		r.makeRoom()
		name = strings.Clone(name)
		s = newTaping(name, !opened, r.now)
		r.sessions[name] = s
	}
	return s
}

// forget forgets a session.
func (r *Recorder) forget(s *taping) { delete(r.sessions, s.name) }

// flush has all that was listed in s go into chunks, and reports whether there was anything.
func (r *Recorder) flush(s *taping) (any bool) {
	for _, t := range s.sorted() {
		t.End()
		any = r.cut(s, t) || any
	}
	return any
}

// cut cuts chunks of what is settled, and reports whether there was anything.
func (r *Recorder) cut(s *taping, t *track) bool {
	first := max(0, t.made)
	texts := t.cut()
	for i, text := range texts {
		r.parts.gapOf(s.name, t)
		r.parts.tell(Part{s.name, t.list.path, Chunk, text, first + i})
	}
	if len(texts) > 0 {
		s.write()
		r.parts.restOf(s.name, t)
	}
	return len(texts) > 0
}

// find returns the session that has a published path, and the path in its folder; nil for none.
func (r *Recorder) find(published string) (s *taping, path string) {
	name, path, _ := strings.Cut(published, "/")
	return r.sessions[name], path
}

// Given takes in how many of the first bytes of a file are on their way to a published path of a session, and when they were complete. grows says
// that there may be more.
func (r *Recorder) Given(published string, size int64, grows bool, done time.Time, opened func(name string) bool) {
	folder, _ := hls.SessionOf(published)
	name, _, _ := strings.Cut(folder, "/")
	if name == "" {
		return
	}
	s := r.session(name, opened(name))
	_, path := r.find(published)
	path = strings.Clone(path)
	late, more := s.media.give(path, size, grows)
	for _, a := range late {
		a.track.Bind(a.number, recording.Bound, recording.VariantFolder(a.track.list.path, variantOf(path)), done)
		r.follow(s)
		r.parts.restOf(s.name, a.track)
	}
	if !more {
		return
	}
	r.reopen(s)
	for _, other := range r.sessions {
		if other.media.others[published] {
			r.reopen(other)
		}
	}
}

// Stored takes in how many of the first bytes of a published path the store has. What was Given for it is stored if these are all.
func (r *Recorder) Stored(published string, has int64) {
	if s, path := r.find(published); s != nil {
		s.media.store(path, has)
	}
}

// Doubted takes in that nobody knows any more whether the store has what was Given for a published path: it is asked.
func (r *Recorder) Doubted(published string) {
	if s, path := r.find(published); s != nil {
		s.media.wonder(path)
	}
}

// Lost takes in that, of what was Given for a published path, the store will never have more than this many of the first bytes.
func (r *Recorder) Lost(published string, has int64) {
	if s, path := r.find(published); s != nil {
		s.media.lose(path, has)
	}
}

// Cost returns about how much memory r takes, in bytes, without the texts of playlists.
func (r *Recorder) Cost() (n int64) {
	for _, s := range r.sessions {
		n += s.cost()
	}
	return n
}

// Drain says that the process ends: all sessions are closed.
func (r *Recorder) Drain() { r.draining = true }

// follow goes on with a session of which there is news: one that was closed is open again if it has more.
func (r *Recorder) follow(s *taping) {
	if (s.round.active || s.round.closed) && r.flush(s) {
		r.reopen(s)
	}
}

// reopen notes that what closes s has to be made again, if it was or is.
func (r *Recorder) reopen(s *taping) {
	if s.round.restart() {
		r.tell(s, state.RecordingOpen, nil)
	}
}
