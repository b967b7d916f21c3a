package recorder

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hlsship/hlsship/state"
	"github.com/hlsship/hlsship/uploader/recording"
)

// Next returns what may be done at now, and notes that it is under way; ok is false if nothing may. may reports whether there is room for it, and
// takes the room.
func (r *Recorder) Next(now time.Time, may func(prompt bool) bool) (t Task, ok bool) {
	r.tick(now)
	for _, s := range r.sorted() {
		if s.turn.flying {
			continue
		}
		r.decide(s)
		if r.now.Before(s.turn.after) {
			continue
		}
		if t, ok = s.task(r); ok && may(t.Prompt) {
			t.Session, t.Attempt = s.name, s.turn.failures
			s.begin()
			return t, true
		}
	}
	return Task{}, false
}

// sorted returns the sessions in the order of their names.
func (r *Recorder) sorted() []*taping {
	return slices.SortedFunc(maps.Values(r.sessions), func(a, b *taping) int { return cmp.Compare(a.name, b.name) })
}

// decide says what is to become of s now.
func (r *Recorder) decide(s *taping) {
	why, over, _ := s.over(r.cfg.End, r.now)
	if r.draining && !over && len(s.tracks) > 0 { // of others the next process finds what this one found
		why, over = recording.Drained, true
	}
	quiet := !r.draining && !r.now.Before(s.quiet(r.cfg.End))
	switch o := &s.round; {
	case o.active:
		if !over {
			o.stop()
			r.tell(s, state.RecordingOpen, nil)
		}
	case !over, o.closed && (o.kept || r.draining || r.now.Before(o.news.Add(r.cfg.End))):
	case len(s.tracks) == 0 && !s.inherited:
	default:
		again := o.closed
		if o.start(why, quiet || again, r.now); !again && len(s.tracks) > 0 {
			r.tell(s, state.RecordingClosing, nil)
		}
		r.flush(s)
	}
	for _, t := range s.tracks {
		if at := t.cutAt(); !at.IsZero() && !r.now.Before(at) {
			r.cut(s, t)
		}
	}
}

// task returns what is to be done for s; ok is false if nothing is.
func (s *taping) task(r *Recorder) (t Task, ok bool) {
	if h := s.unsaid(); h != nil {
		t = s.put(h.Path, h.next, h.Text)
		t.Master = true
		return t, true
	}
	for _, k := range s.sorted() {
		if len(k.chunks) > 0 {
			return s.put(k.list.path, k.next, k.chunks[0]), true
		}
	}
	o := &s.round
	if !o.active {
		return t, false
	}
	if o.seal == nil {
		return Task{Op: SealAll, Path: s.name + "/" + recording.SessionSummary, Order: r.order(s), Prompt: true}, true
	}
	waits, lost := o.wait(func(path string) (*media, string) { return r.media(s, path) })
	for _, path := range o.holds {
		if m, at := r.media(s, path); m.doubts[at] {
			return Task{Op: Look, Path: publishedIn(s.name, path), Prompt: true}, true
		}
	}
	switch {
	case lost:
		o.again()
		return s.task(r)
	case waits:
		return t, false
	}
	f := &o.seal.Files[o.stored]
	t = Task{Op: PutFile, Path: s.name + "/" + f.Path, Text: f.Text, Final: o.final, Prompt: true}
	if s.isList(f.Path, o.seal) {
		t.List = f.Path
	}
	return t, true
}

// put returns the task that stores a chunk of a list, or the one before it. The first one is prompt: without it nobody would know of the list, should
// this process die.
func (s *taping) put(list string, number int, text []byte) Task {
	t := Task{Op: PutChunk, Path: s.name + "/" + recording.ChunkName(list, number), List: list, Text: text, Prompt: s.round.active || number == 0}
	if !s.index.known {
		t.Op, t.List, t.Text = Find, "", nil
	}
	return t
}

// media returns whose file a path in the folder of s is, and its path there: ../SESSION/PATH is another session's.
func (r *Recorder) media(s *taping, path string) (m *media, at string) {
	published, outside := strings.CutPrefix(path, "../")
	if !outside {
		return &s.media, path
	}
	if other, at := r.find(published); other != nil {
		return &other.media, at
	}
	return &media{}, path // it was forgotten
}

// publishedIn returns the published path of what a list of a session names.
func publishedIn(session, path string) string {
	if published, outside := strings.CutPrefix(path, "../"); outside {
		return published
	}
	return session + "/" + path
}

// isList reports whether a file of a seal is a closing list.
func (s *taping) isList(path string, seal *recording.Seal) bool {
	return slices.ContainsFunc(seal.Summary.Lists, func(l recording.ListSummary) bool { return l.Path == path && l.Refused == "" })
}

// order returns what is needed to seal s.
func (r *Recorder) order(s *taping) *Order {
	o := &Order{Session: s.name, Why: s.round.why, At: s.round.at, Chunks: make(map[string]int), Index: make(map[string]int), Made: make(map[string]int), Unsure: s.inherited, Published: make(map[string][]byte), Idle: !s.wrote, round: s.round.number}
	s.media.tell(o)
	for published := range s.media.others {
		if other, at := r.find(published); other != nil {
			other.media.tellOne(o, "../"+published, at)
		}
	}
	for path, t := range s.tracks {
		o.Chunks[path], o.Index[path], o.Made[path] = t.next, t.next, t.made
	}
	for l, text := range s.published {
		o.Published[l.path] = text
	}
	for _, path := range slices.Sorted(maps.Keys(s.sheets)) {
		o.Index[path] = s.sheets[path].next
		o.Masters = append(o.Masters, s.sheets[path].Master)
	}
	return o
}
