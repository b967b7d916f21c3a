package recorder

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/hlsship/hlsship/uploader/recording"
)

// taping is what is recorded of a session. This file alone writes it.
type taping struct {
	name      string
	inherited bool      // an earlier process opened it
	met       bool      // a list of this process goes on in it, or did
	begun     time.Time // when this process met it
	tracks    map[string]*track
	sheets    map[string]*sheet
	media     media
	index     index
	round     round
	turn      turn
	wrote     bool             // this process recorded something of it
	published map[*list][]byte // of an inherited one: the texts that were published when this process began
}

// meet notes that a list goes on in it, and reports whether that is news.
func (s *taping) meet() (news bool) {
	news, s.met = !s.met, true
	return news
}

// write notes that this process recorded something of it.
func (s *taping) write() { s.wrote = true }

// inherit notes what was published of a list when this process began.
func (s *taping) inherit(l *list, text []byte) {
	if s.published == nil {
		s.published = make(map[*list][]byte)
	}
	s.published[l] = text
}

// reading is for how long the lists of a stream are read back, one after the other.
const reading = time.Second / 2

// bequeathed reports whether all lists that named it when this process began go on in other sessions: soon nobody would know of it any more.
func (s *taping) bequeathed() bool {
	for l := range s.published {
		if l.session == "" || l.session == s.name {
			return false
		}
	}
	return len(s.published) > 0
}

// index is what the store has of the index of a session.
type index struct {
	known bool
	next  map[string]int // how many chunks a list has
}

// learn notes what the store has of the index.
func (s *taping) learn(next map[string]int) {
	s.index = index{true, next}
	for _, t := range s.tracks {
		t.begin(next[t.list.path])
	}
	for _, h := range s.sheets {
		h.begin(next[h.Path])
	}
}

// copy keeps a multivariant playlist.
func (s *taping) copy(m Master) {
	h := s.sheets[m.Path]
	if h == nil {
		h = &sheet{}
		h.begin(s.index.next[m.Path])
		s.sheets[m.Path] = h
	}
	h.copy(m)
}

// copyKept keeps a multivariant playlist that an earlier process kept.
func (s *taping) copyKept(path string, k *kept) {
	h := &sheet{}
	h.copy(Master{Path: path, Text: newest(slices.All(k.chunks))})
	h.begin(k.next)
	if k.stored == len(k.chunks) {
		h.said()
	}
	s.sheets[path] = h
}

// unsaid returns a multivariant playlist that the index lacks; nil for none.
func (s *taping) unsaid() *sheet {
	for _, path := range slices.Sorted(maps.Keys(s.sheets)) {
		if h := s.sheets[path]; !h.stored {
			return h
		}
	}
	return nil
}

// turn is the request for a session: there is one at a time.
type turn struct {
	flying   bool
	failures int
	after    time.Time // when the next may begin, as the last failed
}

func newTaping(name string, inherited bool, now time.Time) *taping {
	return &taping{name: name, inherited: inherited, begun: now, tracks: make(map[string]*track), sheets: make(map[string]*sheet), media: newMedia(), index: index{known: !inherited}}
}

// track returns the recording of a list.
func (s *taping) track(l *list) *track {
	t := s.tracks[l.path]
	if t == nil {
		if t = (&track{list: l}); s.inherited {
			t.unkept()
		}
		t.begin(s.index.next[l.path])
		s.tracks[l.path] = t
	}
	return t
}

// perSession and perFile are about how much memory a session and a file of it take, in bytes.
const perSession, perFile = 1024, 128

func (s *taping) cost() int64 {
	n := int64(perSession + perFile*(len(s.media.coming)+len(s.media.lost)+len(s.media.grown)+len(s.media.absent)+s.media.waiting))
	for _, t := range s.tracks {
		n += t.Cost()
		for _, text := range t.chunks {
			n += int64(len(text))
		}
	}
	if s.round.seal != nil {
		for _, f := range s.round.seal.Files {
			n += int64(len(f.Text))
		}
	}
	return n
}

// sorted returns the tracks in the order of their paths.
func (s *taping) sorted() []*track {
	all := make([]*track, 0, len(s.tracks))
	for _, t := range s.tracks {
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b *track) int { return cmp.Compare(a.list.path, b.list.path) })
	return all
}

// whole reports whether all chunks are stored.
func (s *taping) whole() bool {
	for _, t := range s.tracks {
		if len(t.chunks) > 0 {
			return false
		}
	}
	return s.unsaid() == nil
}

// over reports whether the run of s is over, and why; else at is when it may be even if nothing happens.
func (s *taping) over(end time.Duration, now time.Time) (why recording.Reason, ok bool, at time.Time) {
	if len(s.tracks) == 0 {
		if at = s.begun.Add(end); s.bequeathed() {
			at = s.begun.Add(min(reading, end))
		}
		return recording.Started, s.inherited && !now.Before(at), at
	}
	moved, ended, silent, started := false, true, false, true
	for _, t := range s.tracks {
		switch l := t.list; {
		case l.session == "": // nobody heard of it since this process began
			if q := s.begun.Add(end); now.Before(q) && q.After(at) {
				at = q
			}
			continue
		case l.session != s.name:
			moved = true
		case l.ended:
		case !now.Before(l.silentAt(end)):
			silent, ended = true, false
		default:
			if at.IsZero() || l.silentAt(end).After(at) {
				at = l.silentAt(end)
			}
		}
		started = false
	}
	switch {
	case !at.IsZero():
		return "", false, at
	case (len(s.media.awaited) > 0 || s.media.misses()) && now.Before(s.quiet(end)): // some of it may come yet
		return "", false, s.quiet(end)
	case started:
		return recording.Started, true, at
	case moved:
		return recording.NewRun, true, at
	case silent && !ended:
		return recording.Silent, true, at
	}
	return recording.Ended, true, at
}

// quiet returns when nothing more is expected of s, if no version comes.
func (s *taping) quiet(end time.Duration) (at time.Time) {
	at = s.begun.Add(end)
	for _, t := range s.tracks {
		if t.list.session != s.name {
			continue
		}
		if q := t.list.silentAt(end); q.After(at) {
			at = q
		}
	}
	return at
}

// current reports whether a list goes on in s.
func (s *taping) current() bool {
	for _, t := range s.tracks {
		if t.list.session == s.name {
			return true
		}
	}
	return false
}

// begin notes that a request for s begins, and end how it ended: again is when the next may begin if it failed, else zero.
func (s *taping) begin() { s.turn.flying = true }

func (s *taping) end(again time.Time) {
	s.turn.flying, s.turn.after = false, again
	if s.turn.failures++; again.IsZero() {
		s.turn.failures = 0
	}
}

// forgive ends the wait.
func (s *taping) forgive() { s.turn.after = time.Time{} }
