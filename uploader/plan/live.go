package plan

import (
	"container/heap"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/state"
)

// LiveState is how a stream does.
type LiveState struct {
	state.Stream
	// Forgotten is true if nothing is left of it.
	Forgotten bool
}

const (
	// sumTime is how long a folder is not summed up again, for each of its playlists: to do so takes about a hundredth of it.
	sumTime = 20 * time.Microsecond
	// faultTime is so for one that is behind or held, of which more is to be found out.
	faultTime = 500 * time.Millisecond
	// refresh is how old the figures of such a stream become.
	refresh = 5 * time.Second
)

// folder is what is shown as a stream: all of one folder.
type folder struct {
	name    string
	streams []*stream
	touched bool
	again   time.Time    // before which it is not summed up again
	shown   state.Stream // what was told of it last
	ebb     state.Ebb    // of its files that wait
	alarm   time.Time    // when its state changes although nothing happens; zero if it does not
}

// shows knows which folders are to be told of, and when.
type shows struct {
	touched []*folder // whose state may have changed, each once
	next    time.Time // when one of them may be summed up that could not be before; zero if all can
	alarms  alarms    // of those whose state changes by itself
}

// wakeAt returns when a state is to be told although nothing happens; zero for never.
func (s *shows) wakeAt() time.Time {
	if len(s.alarms) == 0 {
		return s.next
	}
	return earlier(s.next, s.alarms[0].at)
}

// alarm has f touched when that time has come. An earlier alarm stands.
func (s *shows) alarm(f *folder, at time.Time) {
	if f.alarm.IsZero() || at.Before(f.alarm) {
		f.alarm = at
		heap.Push(&s.alarms, alarm{at, f})
	}
}

// ring touches the folders whose alarm has come, but for those that are forgotten.
func (s *shows) ring(now time.Time) {
	for len(s.alarms) > 0 && !s.alarms[0].at.After(now) {
		x := heap.Pop(&s.alarms).(alarm) //nolint:forcetypeassert // the heap holds nothing else
		if x.at.Equal(x.folder.alarm) && len(x.folder.streams) > 0 {
			x.folder.alarm = time.Time{}
			s.touch(x.folder)
		}
	}
}

// alarms are the times at which folders are to be touched, the earliest first. The earliest of a folder counts.
type alarms []alarm

type alarm struct {
	at     time.Time
	folder *folder
}

// Len, Less, Swap, Push and Pop make a heap of alarms.
func (a alarms) Len() int           { return len(a) }
func (a alarms) Less(i, j int) bool { return a[i].at.Before(a[j].at) }
func (a alarms) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *alarms) Push(x any)        { *a = append(*a, x.(alarm)) } //nolint:forcetypeassert // the heap holds nothing else
func (a *alarms) Pop() any {
	old := *a
	x := old[len(old)-1]
	*a = old[:len(old)-1]
	return x
}

// touch notes that the state of a folder may have changed.
func (s *shows) touch(f *folder) {
	if !f.touched {
		f.touched = true
		s.touched = append(s.touched, f)
	}
}

// touch notes that the state of s may have changed.
func (p *Plan) touch(s *stream) {
	if s != nil {
		p.shows.touch(s.folder)
	}
}

// changedStreams returns the states of the streams that changed since the last call, or before it if it was too soon after
// another one. With all true it returns all of them.
func (p *Plan) changedStreams(now time.Time, all bool) []LiveState {
	p.shows.ring(now)
	var states []LiveState
	changed := p.shows.touched
	p.shows.touched, p.shows.next = nil, time.Time{}
	for _, f := range changed {
		if now.Before(f.again) && !all {
			p.shows.touched, p.shows.next = append(p.shows.touched, f), earlier(p.shows.next, f.again)
			continue
		}
		f.touched, f.again = false, now.Add(time.Duration(len(f.streams))*sumTime)
		over := p.dropIdle(f)
		states = append(states, LiveState{Stream: p.show(f), Forgotten: over})
	}
	return states
}

// show returns the state of f: the worst of its playlists, with the sum of what waits.
func (p *Plan) show(f *folder) state.Stream {
	st := state.Stream{Name: f.name}
	worst := time.Duration(-1)
	var bad *list
	var found finding
	var again time.Time
	for _, s := range f.streams {
		if s.list == nil || s.list.last == nil && s.list.yielded.IsZero() {
			continue
		}
		worst = s.list.lag(&st, worst)
		x := p.find(s.list, true)
		again = earlier(again, x.again)
		if x.state.Worse(found.state) || x.state == found.state && x.since.Before(found.since) {
			bad, found = s.list, x
		}
	}
	if found.state == "" && f.shown.State != "" {
		found.state = state.Ended // its playlists are gone
	}
	st.State = found.state
	switch {
	case !found.since.IsZero():
		st.Since = found.since
	case st.State == f.shown.State:
		st.Since = f.shown.Since
	case st.State != "":
		st.Since = p.now
	}
	if bad != nil {
		if st.Playlist, st.Decisions = bad.path, bad.decisions.last(fewDecisions); bad.last != nil {
			st.Target = state.In(bad.last.target())
		}
		if st.State != state.Live && st.State != state.Ended {
			p.explain(&st, bad)
		}
	}
	if st.State == state.Held || st.State == state.Behind {
		f.again = p.now.Add(max(faultTime, f.again.Sub(p.now)))
		again = earlier(again, p.now.Add(refresh))
	}
	if st.State == state.Held || st.State == state.Behind || st.State == state.Waiting {
		st.Backlog.Files, st.Backlog.Bytes = f.backlog()
	}
	st.Backlog.Rate, st.Backlog.Left = f.ebb.Look(st.Backlog.Files, p.now)
	if st.State != f.shown.State {
		p.touchParents(f)
	}
	if f.shown = st; !again.IsZero() {
		p.shows.alarm(f, again)
	}
	return st
}

// touchParents notes that playlists which name one of f may have another state.
func (p *Plan) touchParents(f *folder) {
	for _, s := range f.streams {
		if s.list == nil {
			continue
		}
		for parent := range s.list.parents {
			if parent.stream != nil && parent.stream.folder != f {
				p.touch(parent.stream)
				p.shows.next = earlier(p.shows.next, p.now)
			}
		}
	}
}

// explain says what the newest version of l waits for, if one does.
func (p *Plan) explain(st *state.Stream, l *list) {
	w, ok := l.heldForMemory()
	switch {
	case ok:
	case len(l.pending) > 0:
		w = p.wait(l)
	default:
		return
	}
	st.WaitsFor, st.Reason, st.Why, st.Until, st.Cure = w.Name, w.Reason, w.Why, w.Until, w.Cure()
}

// find decides the state of l. One that names others has the worst of theirs.
func (p *Plan) find(l *list, children bool) finding {
	x := p.condition(l).find()
	if l.last == nil || !children || l.last.file.Kind != hls.MultivariantPlaylist || x.state != state.Live && x.state != state.Ended {
		return x
	}
	var worst finding
	for _, child := range l.last.lists {
		if child.last != nil {
			if y := p.find(child, false); y.state.Worse(worst.state) {
				worst = y
			}
		}
	}
	if worst.state.Worse(x.state) || worst.state == state.Ended {
		x.state, x.since = worst.state, worst.since
	}
	return x
}

// condition gathers what the state of l follows from.
func (p *Plan) condition(l *list) condition {
	c := condition{now: p.now, published: l.published != nil, over: l.gone(), missing: func() bool { return holds(p.wait(l).Reason) }}
	if s := l.last; s != nil {
		c.newest, c.target, c.over = s.file.Seen, s.due(), l.gone() || s.file.Playlist.Ended
	}
	if l.stream != nil {
		c.behind = l.stream.folder.shown.State == state.Behind && l.stream.folder.shown.Playlist == l.path
	}
	if len(l.pending) > 0 {
		c.oldest = l.pending[0].file.Seen
	}
	if w, ok := l.heldForMemory(); ok {
		c.oldest = earlier(c.oldest, w.Since)
		c.missing = func() bool { return true }
	}
	return c
}

// lag adds what waits of l to st, and returns by how much the playlist lags that lags most, whose times st has.
func (l *list) lag(st *state.Stream, worst time.Duration) time.Duration {
	for _, x := range l.pending {
		st.WaitingSince = earlier(st.WaitingSince, x.file.Seen)
	}
	if st.Versions += len(l.pending); l.last == nil {
		return worst
	}
	lag, published := time.Duration(0), l.last.file.Seen
	if len(l.pending) > 0 {
		if published = (time.Time{}); l.published != nil {
			published = l.published.file.Seen
		}
		lag = l.last.file.Seen.Sub(l.pending[0].file.Seen)
	}
	if lag > worst {
		worst, st.Published, st.Newest = lag, published, l.last.file.Seen
	}
	return worst
}

// backlog counts the files of f that wait, and their bytes. What several streams ship counts for one of them.
func (f *folder) backlog() (files int, bytes int64) {
	for _, s := range f.streams {
		for i := range s.queue.Waiting {
			if o := objectOf(i); o.disk.Newest() != nil && o.pendingWork() {
				files, bytes = files+1, bytes+o.disk.Newest().Size()
			}
		}
	}
	return files, bytes
}
