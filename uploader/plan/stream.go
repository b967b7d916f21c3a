package plan

import (
	"path"
	"slices"
	"time"

	"github.com/hlsship/hlsship/uploader/plan/bucket"
	"github.com/hlsship/hlsship/uploader/plan/disk"
)

// stream is what the requests are shared by: a playlist and the files that it names. What several name each of them may
// ship, so that none can hold up what another one needs. Files that no playlist names have a stream for each folder.
type stream struct {
	key    string
	folder *folder
	list   *list // nil for that of a folder, or if the playlist is gone
	flying int   // requests under way for its files, whichever stream made them
	behind int   // those of them that are for backlog
	asking int   // requests under way for playlists that it names and of which there is no file
	width  int   // how many may be for its files, between 1 and Config.PerStream; 0 for that

	queue   []*object // named and to be shipped, oldest first
	backlog []*object // to be shipped when nothing of queue can be
	compare []*object // whose new bytes are to be compared here with what is stored; in queue as well
	proofs  []*object // of which the store is to be asked whether it has what is noted, after all else; some were since

	obliged bool // among those that wait because the store asked for it

	alarm  time.Time     // when it is to be looked at; zero if it need not be
	dirty  bool          // among those to be looked at
	denied [classes]bool // it waits for a free slot
	round  uint64        // when it was looked at last
	served uint64        // the round in which it made its last request for a file
}

// folder is what is shown as a stream: all of one folder.
type folder struct {
	name    string
	streams []*stream
	touched bool
	again   time.Time // before which it is not summed up again
}

// stream returns the stream of that key, which is shown with those of the folder.
func (p *Plan) stream(key, name string) *stream {
	s := p.streams[key]
	if s == nil {
		f := p.folders[name]
		if f == nil {
			f = &folder{name: name}
			p.folders[name] = f
		}
		s = &stream{key: key, folder: f}
		f.streams = append(f.streams, s)
		p.streams[key] = s
	}
	return s
}

// unnamed returns the stream of files that no playlist names, by the path of one of them.
func (p *Plan) unnamed(name string) *stream { return p.stream(path.Dir(name)+"/", path.Dir(name)) }

// window bounds how many files of a stream's queue are looked at for one that may go now. It is above
// what one playlist window names, so that files waiting to be tried again do not hide the others.
const window = 64

// nextLists appends the playlist jobs of s that are allowed now.
func (p *Plan) nextLists(s *stream, jobs []Job) []Job {
	l := s.list
	if l == nil {
		return jobs
	}
	p.recheck(l)
	if j, ok := p.nextList(l); ok {
		jobs = append(jobs, j)
	}
	jobs = p.nextChildren(l, jobs)
	p.aim(l)
	p.dropHopeless(l)
	p.forgetList(l)
	return jobs
}

// nextList returns the request for l that is allowed now.
func (p *Plan) nextList(l *list) (Job, bool) {
	if l.flying != nil || l.fetching {
		return Job{}, false
	}
	next := p.choose(l)
	if !l.cell.Answered() && l.last == nil && len(l.pending) == 0 {
		return Job{}, false // there is no file of it: see nextChildren
	}
	if l.cell.Answered() && next == nil {
		return Job{}, false
	}
	if p.waits(&l.backOff, false, l.stream) {
		return Job{}, false
	}
	if l.cell.Answered() && p.now.Before(l.notBefore) {
		p.alarm(l.notBefore, l.stream)
		return Job{}, false
	}
	c := forPlaylist
	if !l.cell.Answered() {
		c = forEdge // of very many that are read back none is more urgent than a segment
	}
	if p.slots.free(c) <= 0 {
		p.slots.deny(l.stream, c)
		return Job{}, false
	}
	p.slots.flying[c]++
	j := errand{Job: Job{Path: l.path, Stream: l.stream.folder.name, Attempt: l.failures}, list: l}
	if !l.cell.Answered() {
		l.fetching = true
		j.Op, j.Kind = Fetch, l.kind()
		return p.begin(j), true
	}
	l.flying = next
	l.notBefore = p.now.Add(p.cfg.MinInterval)
	if !l.doubts(next) {
		l.doubt = append(l.doubt, next)
	}
	p.expose(next)
	j.Op, j.Kind, j.File, j.snapshot, j.Rejected = PutPlaylist, next.file.Kind, next.file, next, next.rejection.stands()
	j.File.Content = next.text.content
	if p.bucket.Conditional() && !l.cell.Blind() {
		j.IfMatch, j.IfAbsent = l.cell.ETag(), !l.cell.Exists()
	}
	return p.begin(j), true
}

// choose returns the newest snapshot whose references are all stored, nil if there is none. One older than
// a snapshot that may be published already is none.
func (p *Plan) choose(l *list) *snapshot {
	for _, s := range slices.Backward(l.pending) {
		if len(l.doubt) > 0 && s.seq < l.doubt[len(l.doubt)-1].seq {
			return nil
		}
		if s.ready() && !p.barred(s) {
			return s
		}
	}
	if s := l.newest(); s != nil && p.barred(s) && !s.fault.any() {
		p.alarm(s.rejection.again, l.stream)
	}
	return nil
}

// nextObjects appends the jobs for files that are allowed now, going round the streams so that each gets one before any
// gets another.
func (p *Plan) nextObjects(streams []*stream, jobs []Job) []Job {
	p.round++
	streams = slices.DeleteFunc(streams, func(s *stream) bool { // those that come twice
		twice := s.round == p.round
		s.round = p.round
		return twice
	})
	for _, s := range streams {
		jobs = p.nextAsked(s, jobs)
	}
	for len(streams) > 0 {
		rest := streams[:0]
		for _, s := range streams {
			if o, c := p.pick(s); o != nil && p.admits(s, c) {
				jobs = append(jobs, p.launch(s, o, c == forBacklog))
				s.served = p.round
				rest = append(rest, s)
			} else if s.idle() {
				p.touch(s)
			}
		}
		streams = rest
	}
	return jobs
}

// nextAsked appends the comparisons that s can make without the store. They take nothing from the line, and do not wait
// for it: until they are made, no playlist can mean an init section that its packager writes again and again.
func (p *Plan) nextAsked(s *stream, jobs []Job) []Job {
	s.compare = slices.DeleteFunc(s.compare, func(o *object) bool {
		if o.disk.Candidate() == nil || o.cell.ETag() == "" {
			return true
		}
		if !p.eligible(o, s) {
			return false
		}
		jobs = append(jobs, p.launch(s, o, false))
		return true
	})
	return jobs
}

// admits reports whether s may have one more request for a file. If not, one that ends will have it looked at again. The live
// edge counts its own kind alone: backlog that an uplink limit holds up must not stand in its way.
func (p *Plan) admits(s *stream, c class) bool {
	flying := s.flying
	if c == forEdge {
		flying -= s.behind
	}
	if flying >= p.width(s) {
		return false
	}
	if c == forEdge && flying > 0 && p.slots.free(forMore) <= 0 {
		p.slots.deny(s, forMore)
		return false
	}
	if p.slots.free(c) <= 0 {
		p.slots.deny(s, c)
		return false
	}
	return true
}

// pick returns the file of s to be requested next, nil if none may be: what the goal needs first, then the
// oldest named, then backlog. That waits while anything else is under way, which it would only delay.
func (p *Plan) pick(s *stream) (o *object, c class) {
	if s.list != nil && s.list.edge.goal != nil {
		goal := s.list.edge.goal
		for i := goal.cursor; i < len(goal.binds); i++ {
			if o := goal.binds[i].obj; !goal.binds[i].satisfied() && p.eligible(o, s) {
				return o, forEdge
			}
		}
	}
	if o := p.first(s, &s.queue); o != nil {
		return o, forEdge
	}
	if s.flying > s.behind {
		return nil, forBacklog
	}
	if o := p.first(s, &s.backlog); o != nil {
		return o, forBacklog
	}
	return p.proof(s), forBacklog
}

// first returns the first eligible object of a queue of s and drops those at hand that have nothing to ship, or that s ships no more.
func (p *Plan) first(s *stream, queue *[]*object) *object {
	q := *queue
	n := min(len(q), window)
	var found *object
	rest := n // what is kept is moved to the end of the window: what is behind it may be very much
	for i := n - 1; i >= 0; i-- {
		o := q[i]
		if !slices.Contains(o.queues, s) || !o.pendingWork() && !o.busy() {
			o.queues = slices.DeleteFunc(o.queues, func(x *stream) bool { return x == s })
			continue
		}
		rest--
		q[rest] = o
		if p.eligible(o, s) {
			found = o
		}
	}
	clear(q[:rest])
	if *queue = q[rest:]; found == nil && rest == n && len(*queue) > 0 {
		return p.first(s, queue)
	}
	return found
}

// eligible reports whether a request for o may go now. Otherwise s looks at it again when it may.
func (p *Plan) eligible(o *object, s *stream) bool {
	if o.busy() || !o.pendingWork() || o.behind && !p.bucket.Listed() && o.inQuestion() { // a listing tells more of them at once
		return false
	}
	unread := false
	for _, n := range o.naming {
		if n.list.cell.Answered() {
			continue
		}
		if n.list.stream == s {
			return false // what is published is not known yet; its Fetch will wake this stream
		}
		unread = true
	}
	if unread && !p.asks(o, s) {
		return false
	}
	if p.waits(&o.backOff, o.behind, s) {
		return false
	}
	return o.compares() || p.mayOverwrite(o, o.disk.Newest(), s)
}

// asks has the next request for o ask the store, as a playlist of another stream that names it may be published and was not
// read back yet. Nobody waits long for somebody else's playlist, but what it may name is not overwritten: ok is false while the
// store holds other bytes.
func (p *Plan) asks(o *object, s *stream) (ok bool) {
	v := o.disk.Newest()
	if v == nil {
		return true
	}
	if at := v.File.Seen.Add(softWait); p.now.Before(at) {
		p.alarm(at, s)
		return false
	}
	if o.cell.Belief() == bucket.Absent {
		return true // nothing can be overwritten
	}
	if !o.compares() {
		if v.Compared() {
			return false
		}
		v.Suspect()
	}
	return true
}

// compares reports whether the next request for o asks rather than stores.
func (o *object) compares() bool {
	if o.disk.Candidate() != nil || o.disk.Newest() == nil || o.stored(o.disk.Newest()) {
		return true
	}
	return o.cell.Question() == bucket.Contested || o.disk.Newest().Questioned() || o.exposed() && !o.disk.Newest().Compared()
}

// launch makes the job for o.
func (p *Plan) launch(s *stream, o *object, backlog bool) Job {
	o.stream, o.flight = s, &flight{began: p.now, backlog: backlog}
	o.flight.board(s)
	for _, other := range o.queues {
		o.flight.board(other)
	}
	p.slots.flying[fileClass(backlog)]++
	j := errand{Job: Job{Backlog: backlog, Op: Compare, Path: o.path, Kind: o.kind, Stream: o.streamName(), Attempt: o.failures, ETag: o.cell.ETag()}, object: o}
	switch {
	case o.disk.Candidate() != nil:
		j.version = o.disk.Candidate()
	case o.compares():
		if j.version = o.disk.Newest(); o.disk.Newest() == nil || o.disk.Newest() != nil && o.stored(o.disk.Newest()) {
			j.version = nil
		}
	default:
		j.Op, j.version, j.Rejected = PutMedia, o.disk.Newest(), o.disk.Newest().Fate() == disk.Rejected
		j.File, j.Window = o.disk.Newest().File, o.window()
		j.Replaces = !o.extends(o.disk.Newest()) && (o.cell.Ours() != nil || o.cell.ETag() != "")
		p.lengthen(&j, o)
		p.overwrite(o)
	}
	p.account.begin(&o.sending, j.version, j.Op == PutMedia)
	if j.version != nil {
		j.File, j.Noted = j.version.File, j.version.Noted()
	} else {
		j.ETag = "" // how long the object is matters, too
	}
	return p.begin(j)
}

// fileClass is the class of requests for files.
func fileClass(backlog bool) class {
	if backlog {
		return forBacklog
	}
	return forEdge
}

// overwrite notes that the store's bytes of o are about to change: snapshots that mean the old ones cannot
// become true any more.
func (p *Plan) overwrite(o *object) {
	old := o.cell.Ours()
	if old != nil && o.extends(o.disk.Newest()) {
		return
	}
	p.changed(o, o.cell.Forget())
	if old != nil {
		p.supersede(o, old)
	}
}

// mayOverwrite reports whether v may replace what the store holds under its name now. It may unless a playlist
// that is or may be published needs the old bytes; see overwritable.
func (p *Plan) mayOverwrite(o *object, v *disk.Version, s *stream) bool {
	if o.extends(v) {
		return true
	}
	for _, n := range o.naming {
		if n.exposed > 0 && !n.list.shows(o, v) && !p.overwritable(n.list, o, v, s) {
			return false
		}
	}
	return true
}

// shows reports whether every version of l that is or may be published means v by its reference to o, so that to store v
// can only mend what they name: nobody knows what the store holds. What an earlier process published means what is stored.
func (l *list) shows(o *object, v *disk.Version) bool {
	for _, s := range append(slices.Clip(l.doubt), l.published) {
		if s == nil {
			continue
		}
		i := s.find(o)
		if i < 0 || s.binds[i].free() {
			continue
		}
		if meant := s.binds[i].ver; meant == nil || meant.ID != v.ID || s.prior && o.cell.ETag() != "" {
			return false
		}
	}
	return true
}

// overwritable reports whether v may replace bytes that the published version of l names: when a newer
// snapshot waits for nothing but overwrites; else after Settle if no newer playlist came, or after Patience from the
// first bytes on, when s looks at it again.
func (p *Plan) overwritable(l *list, o *object, v *disk.Version, s *stream) bool {
	if len(l.doubt) > 0 {
		return false // what is published shows when its PUT ended well
	}
	meant, due := l.meaning(o, v)
	if due {
		return true
	}
	ended := l.last != nil && l.last == l.published && l.last.file.Playlist.Ended && l.last.find(o) >= 0
	if !meant && o.isMedia() && !ended {
		return false // older bytes than the published ones, or a packager's that has not listed them yet
	}
	at := v.File.Seen.Add(p.cfg.Settle)
	if patient := o.disk.Unsettled().Add(max(p.cfg.Patience, p.cfg.Settle)); len(l.pending) > 0 || patient.Before(at) {
		at = patient // it may be written again and again
	}
	if p.now.Before(at) {
		p.alarm(at, s)
		return false
	}
	return true
}

// meaning reports whether a snapshot newer than the published one, or the newest on disk, means v by its reference to
// o, and whether such a pending one waits for nothing but overwrites, so that its time has come.
func (l *list) meaning(o *object, v *disk.Version) (meant, due bool) {
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
	return meant || l.last != nil && (l.last.means(o, v) || l.last.indifferent(o) && o.meant(v)), false
}

// indifferent reports whether s, which an earlier process published, may mean any bytes of o that another playlist means: when it was met in
// the bucket those of the directory were too young to be meant at once, and a store whose ETags tell nothing cannot say whether it has
// them.
func (s *snapshot) indifferent(o *object) bool {
	i := s.find(o)
	return s.prior && i >= 0 && s.binds[i].open()
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
	if s.fault.any() {
		return false
	}
	for i := range s.binds {
		b := &s.binds[i]
		if b.satisfied() {
			continue
		}
		if b.ver == nil || b.obj.disk.Newest() == nil || b.obj.disk.Newest().ID != b.ver.ID || !b.obj.exposedBy(l) {
			return false
		}
	}
	for _, child := range s.lists {
		if !child.cell.Exists() {
			return false
		}
	}
	return true
}

// exposedBy reports whether a version of l that may be published names o.
func (o *object) exposedBy(l *list) bool {
	return slices.ContainsFunc(o.naming, func(n naming) bool { return n.list == l && n.exposed > 0 })
}
