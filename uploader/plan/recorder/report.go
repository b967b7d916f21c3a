package recorder

import (
	"slices"
	"time"

	"github.com/hlsship/hlsship/state"
	"github.com/hlsship/hlsship/uploader/recording"
)

// Report takes in how a Task ended.
func (r *Recorder) Report(t Task, a Answer, now time.Time) {
	r.tick(now)
	s := r.sessions[t.Session]
	if s == nil { // it was forgotten meanwhile
		return
	}
	if a.Result == Failed {
		s.end(a.Again)
		return
	}
	s.end(time.Time{})
	switch t.Op {
	case Find:
		s.learn(a.Chunks)
	case PutChunk:
		r.landed(s, &t, a.Result != Taken)
		if a.Result == Refused {
			r.tell(s, state.RecordingBroken, nil)
		}
	case Look:
		if of, path := r.find(t.Path); of != nil {
			of.media.found(path, a.Size, a.Result == Done)
		}
	case SealAll:
		r.sealed(s, &t, a)
	case PutFile:
		r.filed(s, t, a)
	}
}

// landed goes on with a chunk that is stored, or whose number is taken.
func (r *Recorder) landed(s *taping, t *Task, stored bool) {
	s.write()
	if !t.Master {
		if next := s.tracks[t.List].landed(stored); stored {
			r.parts.tell(Part{s.name, t.List, Stored, nil, next})
		}
		return
	}
	if next := s.sheets[t.List].landed(t.Text, stored); stored {
		r.parts.tell(Part{s.name, t.List, Chunk, t.Text, next - 1})
		r.parts.tell(Part{s.name, t.List, Stored, nil, next})
	}
}

// sealed goes on with a session that is sealed, unless its round was over meanwhile.
func (r *Recorder) sealed(s *taping, t *Task, a Answer) {
	switch {
	case !s.round.active || t.Order.round != s.round.number || !s.whole():
	case a.Result == Done && a.Seal == nil:
		s.round.end(r.now)
		if a.Before != nil || len(s.tracks) > 0 {
			r.was(s, a.Before)
		}
		r.settle(s)
	case a.Seal == nil || a.Result != Done:
		r.finish(s, nil)
	default:
		s.round.sealed(a.Seal, a.Named)
	}
}

// filed goes on with a session of which a file is stored. Where the store has a list that this one does not go on from, that list stays.
func (r *Recorder) filed(s *taping, t Task, a Answer) {
	o := &s.round
	if !o.active || o.seal == nil || o.stored >= len(o.seal.Files) || s.name+"/"+o.seal.Files[o.stored].Path != t.Path {
		return
	}
	switch {
	case a.Result == Taken && t.List != "": // and what says something of all of them stays as well
		o.end(r.now)
		r.settle(s)
		r.stays(s, t.Path)
		return
	case a.Result != Done:
		r.tell(s, state.RecordingBroken, nil)
	}
	if o.put() {
		r.finish(s, &o.seal.Summary)
	}
}

// finish notes that a session is closed, and forgets it if no list goes on in it.
func (r *Recorder) finish(s *taping, sum *recording.Summary) {
	again := s.round.closed
	s.round.end(r.now)
	if !again && (len(s.tracks) > 0 || sum != nil) {
		r.tell(s, state.RecordingClosed, sum)
	}
	r.settle(s)
}

// settle lets go of what is kept of a session, once it is closed for good.
func (r *Recorder) settle(s *taping) {
	if !s.round.kept {
		return
	}
	r.parts.tell(Part{Session: s.name, Sort: Over})
	for _, t := range s.tracks {
		t.unkept()
	}
	if !s.current() {
		r.forget(s)
	}
}

// Holds returns the published paths that a closing list waits for still.
func (r *Recorder) Holds() (all []string) {
	for _, s := range r.sessions {
		for _, path := range s.round.holds {
			if m, at := r.media(s, path); m.comes(at) {
				all = append(all, publishedIn(s.name, path))
			}
		}
	}
	slices.Sort(all)
	return all
}

// Recover ends all waits.
func (r *Recorder) Recover() {
	for _, s := range r.sessions {
		s.forgive()
	}
}

// Wake returns when, after now, Next is to be called although nothing happened; zero for never.
func (r *Recorder) Wake(now time.Time) (at time.Time) {
	r.tick(now)
	sooner := func(t time.Time) {
		if t.After(r.now) && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	for _, s := range r.sessions {
		if s.turn.flying {
			continue
		}
		if sooner(s.turn.after); s.turn.after.After(r.now) {
			continue
		}
		for _, t := range s.tracks {
			sooner(t.cutAt())
		}
		switch o := &s.round; {
		case o.active:
		case o.closed && !o.kept:
			sooner(o.news.Add(r.cfg.End))
		case !o.closed:
			_, _, over := s.over(r.cfg.End, r.now)
			sooner(over)
		}
	}
	return at
}

// Unclosed returns the published paths of what is to close the sessions that are not, sorted.
func (r *Recorder) Unclosed() (all []string) {
	for _, s := range r.sessions {
		if len(s.tracks) > 0 && !s.round.closed {
			all = append(all, s.name+"/"+recording.SessionSummary)
		}
	}
	slices.Sort(all)
	return all
}

// Busy reports whether anything is under way or to be done, once it is known that the process ends.
func (r *Recorder) Busy() bool { return r.draining && len(r.Unclosed()) > 0 }
