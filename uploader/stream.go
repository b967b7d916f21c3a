package uploader

import (
	"container/heap"
	"slices"
	"time"
)

// stream is one folder's playlists and the files that they name first.
type stream struct {
	name   string
	lists  []*list
	flying int // requests under way for its files
	behind int // those of them that are for backlog
	width  int // how many may be, between 1 and PlanConfig.PerStream; 0 for that

	queue   []*object // named and to be shipped, oldest first
	backlog []*object // to be shipped when nothing of queue can be
	asking  []*object // whose new bytes are to be compared here with what is stored; in queue as well

	alarm          time.Time // when it is to be looked at; zero if it need not be
	dirty, touched bool
}

// window bounds how many files of a stream's queue are looked at for one that may go now. It is above
// what one playlist window names, so that files waiting to be tried again do not hide the others.
const window = 64

// nextLists appends the playlist jobs of s that are allowed now.
func (p *Plan) nextLists(s *stream, jobs []Job) []Job {
	for _, l := range slices.Clone(s.lists) {
		if !l.recheck.IsZero() && !p.now.Before(l.recheck) {
			p.rebind(l)
		}
		if !l.recheck.IsZero() {
			p.alarm(l.recheck, s)
		}
		if j, ok := p.nextList(l); ok {
			jobs = append(jobs, j)
		}
		p.aim(l)
		p.forgetList(l)
	}
	return jobs
}

// nextList returns the request for l that is allowed now.
func (p *Plan) nextList(l *list) (Job, bool) {
	if l.flying != nil || l.fetching {
		return Job{}, false
	}
	next := l.choose()
	if l.fetched && next == nil {
		p.nudge(l)
		return Job{}, false
	}
	if at := p.backedOff(l.failedAt, l.retryAt); p.now.Before(at) {
		p.alarm(at, l.stream)
		return Job{}, false
	}
	j := Job{Path: l.path, Stream: l.stream.name, Attempt: l.failures}
	if !l.fetched {
		l.fetching = true
		j.Op, j.Kind = Fetch, l.kind()
		return j, true
	}
	if p.now.Before(l.notBefore) {
		p.alarm(l.notBefore, l.stream)
		return Job{}, false
	}
	l.flying = next
	l.notBefore = p.now.Add(p.cfg.MinInterval)
	if !slices.Contains(l.doubt, next) {
		l.doubt = append(l.doubt, next)
	}
	p.expose(next)
	j.Op, j.Kind, j.File, j.snapshot = PutPlaylist, next.file.Kind, next.file, next
	if !p.cfg.Unconditional && !l.blind {
		j.IfMatch, j.IfAbsent = l.etag, !l.exists
	}
	return j, true
}

// nudge has Next look at the files of the streams that ship what the newest snapshot of l waits for, as that may be an
// overwrite which is allowed only now. Their playlists are left alone: they might nudge this stream in turn, for ever.
func (p *Plan) nudge(l *list) {
	if len(l.pending) == 0 || !l.last.foreign {
		return
	}
	for i := range l.last.binds {
		o := l.last.binds[i].obj
		if o.stream != l.stream && o.exposed() && !l.last.binds[i].satisfied() && !slices.Contains(p.nudged, o.stream) {
			p.nudged = append(p.nudged, o.stream)
		}
	}
}

// choose returns the newest snapshot whose references are all stored, nil if there is none. One older than
// a snapshot that may be published already is none.
func (l *list) choose() *snapshot {
	for _, s := range slices.Backward(l.pending) {
		if len(l.doubt) > 0 && s.seq < l.doubt[len(l.doubt)-1].seq {
			return nil
		}
		if s.ready() {
			return s
		}
	}
	return nil
}

// backedOff returns when a request that failed may be tried again.
func (p *Plan) backedOff(failed, retry time.Time) time.Time {
	if failed.Before(p.recovery) {
		return time.Time{}
	}
	return retry
}

// nextObjects appends the jobs for files that are allowed now, going round the streams woken so that each
// gets one before any gets another.
func (p *Plan) nextObjects(woken []*stream, jobs []Job) []Job {
	for _, s := range woken {
		jobs = p.nextAsked(s, jobs)
	}
	for len(woken) > 0 {
		rest := woken[:0]
		for _, s := range woken {
			if p.full(s, s.flying-s.behind, p.flying-p.behind) {
				continue // a request that ends will wake it
			}
			o, behind := p.pick(s)
			if o == nil || behind && p.full(s, s.flying, p.flying) {
				continue
			}
			jobs = append(jobs, p.launch(s, o, behind))
			rest = append(rest, s)
		}
		woken = rest
	}
	return jobs
}

// nextAsked appends the comparisons that s can make without the store. They take nothing from the line, and do not wait
// for it: until they are made, no playlist can mean an init section that its packager writes again and again.
func (p *Plan) nextAsked(s *stream, jobs []Job) []Job {
	s.asking = slices.DeleteFunc(s.asking, func(o *object) bool {
		if o.asked == nil || o.etag == "" || o.stream != s {
			return true
		}
		if !p.eligible(o) {
			return false
		}
		jobs = append(jobs, p.launch(s, o, false))
		return true
	})
	return jobs
}

// full reports whether s may have no further request beside flying of its own and all of everybody. The live edge
// counts its own kind alone: backlog that an uplink limit holds up must not stand in its way.
func (p *Plan) full(s *stream, flying, all int) bool {
	return flying > 0 && (all >= p.cfg.Workers || flying >= p.width(s))
}

// pick returns the file of s to be requested next, nil if none may be: what the goal needs first, then the
// oldest named, then backlog. That waits while anything else is under way, which it would only delay.
func (p *Plan) pick(s *stream) (o *object, backlog bool) {
	for _, l := range s.lists {
		if l.goal == nil {
			continue
		}
		for i := l.goal.cursor; i < len(l.goal.binds); i++ {
			if o := l.goal.binds[i].obj; o.stream == s && !l.goal.binds[i].satisfied() && p.eligible(o) {
				return o, false
			}
		}
	}
	if o := p.first(&s.queue); o != nil {
		return o, false
	}
	// What of the backlog is stored already is not known before the store was listed.
	if !p.listed || s.flying > s.behind {
		return nil, false
	}
	return p.first(&s.backlog), true
}

// first returns the first eligible object of a queue and drops those at hand that have nothing to ship.
func (p *Plan) first(queue *[]*object) *object {
	q := *queue
	n := min(len(q), window)
	var found *object
	rest := n // what is kept is moved to the end of the window: what is behind it may be very much
	for i := n - 1; i >= 0; i-- {
		o := q[i]
		if !o.pendingWork() && !o.busy {
			o.queued = false
			continue
		}
		rest--
		q[rest] = o
		if p.eligible(o) {
			found = o
		}
	}
	clear(q[:rest])
	if *queue = q[rest:]; found == nil && rest == n && len(*queue) > 0 {
		return p.first(queue)
	}
	return found
}

// eligible reports whether a request for o may go now.
func (p *Plan) eligible(o *object) bool {
	if o.busy || !o.pendingWork() {
		return false
	}
	for _, n := range o.naming {
		if !n.list.fetched {
			return false // what is published is not known yet; its Fetch will wake this stream
		}
	}
	if at := p.backedOff(o.failedAt, o.retryAt); p.now.Before(at) {
		p.alarm(at, o.stream)
		return false
	}
	return o.compares() || p.mayOverwrite(o, o.newest)
}

// compares reports whether the next request for o asks rather than stores.
func (o *object) compares() bool {
	if o.asked != nil || o.newest == nil || o.stored(o.newest) {
		return true
	}
	return o.clashed || o.newest.check || o.exposed() && !o.newest.differs
}

// launch makes the job for o.
func (p *Plan) launch(s *stream, o *object, backlog bool) Job {
	o.busy, o.began = true, p.now
	s.flying++
	if backlog {
		s.behind++
		p.behind++
	}
	p.flying++
	j := Job{Backlog: backlog, Op: Compare, object: o, Path: o.path, Kind: o.kind, Stream: o.streamName(), Attempt: o.failures, ETag: o.etag}
	switch {
	case o.asked != nil:
		j.version = o.asked
	case o.compares():
		if j.version = o.newest; o.query && o.newest == nil || o.newest != nil && o.stored(o.newest) {
			j.version = nil
		}
	default:
		j.Op, j.version = PutMedia, o.newest
		j.File = o.newest.file
		p.lengthen(&j, o)
		p.overwrite(o)
	}
	if j.version != nil {
		j.File = j.version.file
	} else {
		j.ETag = "" // how long the object is matters, too
	}
	return j
}

// overwrite notes that the store's bytes of o are about to change: snapshots that mean the old ones cannot
// become true any more.
func (p *Plan) overwrite(o *object) {
	old := o.remote
	if old != nil && o.extends(o.newest) {
		return
	}
	o.unstore()
	if old != nil {
		p.supersede(o, old)
	}
}

// mayOverwrite reports whether v may replace what the store holds under its name now. It may unless a playlist
// that is or may be published needs the old bytes; see overwritable.
func (p *Plan) mayOverwrite(o *object, v *version) bool {
	if o.extends(v) {
		return true
	}
	for _, n := range o.naming {
		if n.exposed > 0 && !n.list.shows(o, v) && !p.overwritable(n.list, o, v) {
			return false
		}
	}
	return true
}

// shows reports whether every version of l that is or may be published means v by its reference to o, so that to store v
// can only mend what they name: nobody knows what the store holds.
func (l *list) shows(o *object, v *version) bool {
	for _, s := range append(slices.Clip(l.doubt), l.published) {
		if s == nil {
			continue
		}
		i := s.find(o)
		if i < 0 || s.binds[i].free {
			continue
		}
		if meant := s.binds[i].ver; meant == nil || meant.id != v.id {
			return false
		}
	}
	return true
}

// overwritable reports whether v may replace bytes that the published version of l names: when a newer
// snapshot waits for nothing but overwrites; else after Settle if no newer playlist came, or after Patience.
func (p *Plan) overwritable(l *list, o *object, v *version) bool {
	if len(l.doubt) > 0 {
		return false // what is published shows when its PUT ended well
	}
	meant, due := l.meaning(o, v)
	if due {
		return true
	}
	if !meant && o.isMedia() {
		return false // older bytes than the published ones, or a packager's that has not listed them yet
	}
	wait := p.cfg.Settle
	if len(l.pending) > 0 {
		wait = max(p.cfg.Patience, wait)
	}
	at := v.file.Seen.Add(wait)
	if p.now.Before(at) {
		p.alarm(at, o.stream)
		return false
	}
	return true
}

// meaning reports whether a snapshot newer than the published one, or the newest on disk, means v by its reference to
// o, and whether such a pending one waits for nothing but overwrites, so that its time has come.
func (l *list) meaning(o *object, v *version) (meant, due bool) {
	floor := l.floor()
	for _, s := range slices.Backward(l.pending) {
		if s.seq <= floor {
			break
		}
		if s.means(o, v) {
			meant = true
			if s.waitsForOverwrites(l) {
				return true, true
			}
		}
	}
	return meant || l.last != nil && l.last.means(o, v), false
}

// floor is the number of the newest snapshot that is or may be published.
func (l *list) floor() uint64 {
	var n uint64
	if l.published != nil {
		n = l.published.seq
	}
	for _, s := range l.doubt {
		n = max(n, s.seq)
	}
	return n
}

// waitsForOverwrites reports whether all that s names is stored but for names that the published version
// of l names too, whose new bytes are at hand.
func (s *snapshot) waitsForOverwrites(l *list) bool {
	if s.outside != "" {
		return false
	}
	for i := range s.binds {
		b := &s.binds[i]
		if b.satisfied() {
			continue
		}
		if b.ver == nil || b.obj.newest == nil || b.obj.newest.id != b.ver.id || !b.obj.exposedBy(l) {
			return false
		}
	}
	for _, child := range s.lists {
		if !child.exists {
			return false
		}
	}
	return true
}

// exposedBy reports whether a version of l that may be published names o.
func (o *object) exposedBy(l *list) bool {
	return slices.ContainsFunc(o.naming, func(n naming) bool { return n.list == l && n.exposed > 0 })
}

// alarms are the times at which streams are to be looked at, earliest first. A stream has one alarm, its
// earliest; whoever needs a later one sets it again when the stream is looked at.
type alarms []alarm

type alarm struct {
	at     time.Time
	stream *stream
}

func (a *alarms) add(at time.Time, s *stream) {
	if s.alarm.IsZero() || at.Before(s.alarm) {
		s.alarm = at
		heap.Push(a, alarm{at, s})
	}
}

// due returns the streams whose alarm has come.
func (a *alarms) due(now time.Time) []*stream {
	var due []*stream
	for len(*a) > 0 && !(*a)[0].at.After(now) {
		x := heap.Pop(a).(alarm) //nolint:forcetypeassert // the heap holds nothing else
		if x.at.Equal(x.stream.alarm) {
			x.stream.alarm = time.Time{}
			due = append(due, x.stream)
		}
	}
	return due
}

func (a alarms) next() (time.Time, bool) {
	if len(a) == 0 {
		return time.Time{}, false
	}
	return a[0].at, true
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
