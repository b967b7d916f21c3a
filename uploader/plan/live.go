package plan

import (
	"slices"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/state"
	"github.com/hlsship/hlsship/uploader/plan/schedule"
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
	again   time.Time               // before which it is not summed up again
	shown   told                    // what was told of it last
	ebb     state.Ebb               // of its files that wait
	alarm   schedule.Alarm[*folder] // when its state changes although nothing happens
}

// told is what was told of a folder, as far as it is of use later.
type told struct {
	state state.OfStream
	since time.Time
	arrears
}

// shows knows which folders are to be told of, and when.
type shows struct {
	touched []*folder                // whose state may have changed, each once
	taken   []*folder                // memory for those that are told of
	next    time.Time                // when one of them may be summed up that could not be before; zero if all can
	alarms  schedule.Alarms[*folder] // of those whose state changes by itself
}

// wakeAt returns when a state is to be told although nothing happens; zero for never.
func (s *shows) wakeAt() time.Time { return earlier(s.next, s.alarms.Next()) }

// ring touches the folders whose alarm has come.
func (s *shows) ring(now time.Time) {
	for f, ok := s.alarms.Ring(now); ok; f, ok = s.alarms.Ring(now) {
		s.touch(f)
	}
}

// due takes out the folders that may be summed up now, or all. What it returns is good until the next call.
func (s *shows) due(now time.Time, all bool) []*folder {
	due := s.taken[:0]
	wait := s.touched[:0]
	s.next = time.Time{}
	for _, f := range s.touched {
		if !all && now.Before(f.again) {
			wait, s.next = append(wait, f), earlier(s.next, f.again)
			continue
		}
		f.touched = false
		due = append(due, f)
	}
	clear(s.touched[len(wait):])
	s.touched, s.taken = wait, due
	return due
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

// touchFiles notes that something happened to a file of s. Nothing is told of the files of a stream that is live or ended, and it is
// so until a version comes or goes, or its time is over, whatever becomes of them.
func (p *Plan) touchFiles(s *stream) {
	if s != nil && s.folder.shown.state != state.Live && s.folder.shown.state != state.Ended {
		p.shows.touch(s.folder)
	}
}

// changedStreams appends the states of the streams that changed since the last call, or before it if it was too soon after
// another one. With all true it appends all of them.
func (p *Plan) changedStreams(states []LiveState, now time.Time, all bool) []LiveState {
	p.shows.ring(now)
	due := p.shows.due(now, all)
	states = slices.Grow(states, len(due))
	for _, f := range due {
		f.again = now.Add(time.Duration(len(f.streams)) * sumTime)
		states = append(states, LiveState{Forgotten: p.dropIdle(f)})
		x := &states[len(states)-1]
		if x.Forgotten {
			p.shows.alarms.Unset(&f.alarm)
		}
		p.tell(f, &x.Stream)
	}
	return states
}

// tell tells of f: the worst of its playlists, with the sum of what waits.
func (p *Plan) tell(f *folder, st *state.Stream) {
	st.Name = f.name
	behind, again := p.sum(f)
	st.Versions, st.WaitingSince, st.Published, st.Newest = behind.versions, behind.oldest, behind.published, behind.newest
	bad, found := f.worst()
	if st.State = found.state; st.State == "" && f.shown.state != "" {
		st.State = state.Ended // its playlists are gone
	}
	switch {
	case !found.since.IsZero():
		st.Since = found.since
	case st.State == f.shown.state:
		st.Since = f.shown.since
	case st.State != "":
		st.Since = p.now
	}
	if bad != nil {
		if bad.last != nil {
			st.Target = state.In(bad.last.target())
		}
		_, bad = bad.stream.finding()
		st.Playlist = bad.path
		if st.State != state.Live && st.State != state.Ended {
			st.Decisions = bad.decisions.last(fewDecisions)
			p.explain(st, bad)
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
	if f.shown = (told{st.State, st.Since, behind}); !again.IsZero() {
		p.shows.alarms.Set(&f.alarm, f, again)
	}
}

// sum finds out how the playlists of f do, what the store lacks of them, and when the state of any changes by itself. It has those looked
// at that name one whose state is another one.
func (p *Plan) sum(f *folder) (a arrears, again time.Time) {
	for _, s := range f.streams {
		if s.shows() {
			a.add(s.list)
			x := p.condition(s.list).find()
			if again = earlier(again, x.again); x.state != s.found.state {
				p.touchParents(s)
			}
			s.found = x
		}
	}
	return a, again
}

// worst returns the worst playlist of f and its state.
func (f *folder) worst() (bad *list, found finding) {
	for _, s := range f.streams {
		if s.shows() {
			if x, _ := s.finding(); x.state.Worse(found.state) || x.state == found.state && x.since.Before(found.since) {
				bad, found = s.list, x
			}
		}
	}
	return bad, found
}

// finding is what was found of the playlist of s. One that names others has the worst state of theirs, of which it is then.
func (s *stream) finding() (finding, *list) {
	x, last := s.found, s.list.last
	if last == nil || last.file.Kind != hls.MultivariantPlaylist || x.state != state.Live && x.state != state.Ended {
		return x, s.list
	}
	of, worst := s.list, finding{}
	for _, child := range last.lists {
		if child.stream != nil && child.stream.shows() && child.stream.found.state.Worse(worst.state) {
			of, worst = child, child.stream.found
		}
	}
	if worst.state.Worse(x.state) || worst.state == state.Ended {
		return x.as(worst), of
	}
	return x, s.list
}

// shows reports whether s has a playlist of which there is anything to show.
func (s *stream) shows() bool {
	return s.list != nil && (s.list.last != nil || !s.list.yielded.IsZero())
}

// touchParents notes that playlists which name that of s may have another state.
func (p *Plan) touchParents(s *stream) {
	for parent := range s.list.parents {
		if parent.stream != nil && parent.stream.folder != s.folder {
			p.touch(parent.stream)
			p.shows.next = earlier(p.shows.next, p.now)
		}
	}
}

// explain says what l waits for, if it does.
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

// condition gathers what the state of l follows from.
func (p *Plan) condition(l *list) condition {
	c := condition{now: p.now, published: l.published != nil, over: l.gone()}
	if s := l.last; s != nil {
		c.newest, c.target, c.over = s.file.Seen, s.due(), l.gone() || s.file.Playlist.Ended
	}
	if l.stream != nil {
		c.behind = l.stream.found.state == state.Behind
	}
	if n := len(l.pending); n > 1 || n == 1 && !p.endWaits(l.pending[0]) {
		c.oldest = l.pending[0].file.Seen
	}
	w, starved := l.heldForMemory()
	if starved {
		c.oldest = earlier(c.oldest, w.Since)
	}
	if c.late() {
		c.missing = starved || holds(p.wait(l).Reason)
		if !starved {
			_, c.ripens = l.ripe(p.now)
		}
	}
	return c
}

// arrears is what the store lacks of the versions of the playlists of a folder. The zero value is nothing of none.
type arrears struct {
	versions int       // that wait
	oldest   time.Time // when the oldest of them was finished
	// published and newest are when those versions were of the playlist that lags most, and lag by how much it does.
	published, newest time.Time
	lag               time.Duration
}

// add adds those of l.
func (a *arrears) add(l *list) {
	for _, x := range l.pending {
		a.oldest = earlier(a.oldest, x.file.Seen)
	}
	if a.versions += len(l.pending); l.last == nil {
		return
	}
	lag, published := time.Duration(0), l.last.file.Seen
	if len(l.pending) > 0 {
		if published = (time.Time{}); l.published != nil {
			published = l.published.file.Seen
		}
		lag = l.last.file.Seen.Sub(l.pending[0].file.Seen)
	}
	if a.newest.IsZero() || lag > a.lag {
		a.lag, a.published, a.newest = lag, published, l.last.file.Seen
	}
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
