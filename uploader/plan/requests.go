package plan

import (
	"slices"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/disk"
	"github.com/hlsship/hlsship/uploader/plan/recorder"
	"github.com/hlsship/hlsship/uploader/plan/schedule"
	"github.com/hlsship/hlsship/uploader/plan/session"
)

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
	if l.requested() {
		return Job{}, false
	}
	next := p.choose(l)
	for next != nil && next != l.newest() && !p.continuous.continues(l.path, next) {
		p.dropSnapshot(l, slices.Index(l.pending, next))
		next = p.choose(l)
	}
	if !l.cell.Answered() && l.last == nil && len(l.pending) == 0 && l.gone() {
		return Job{}, false // there is no file of it: see nextChildren
	}
	if l.cell.Answered() && next == nil {
		return Job{}, false
	}
	if len(l.pending) == 0 && l.unsettled(p.now) {
		p.alarm(l.lands, l.stream) // until then no answer tells
		return Job{}, false
	}
	queue := &l.stream.queue
	if p.schedule.Waits(p.now, &l.turns.Retry, queue, false) || l.cell.Answered() && p.schedule.Rests(p.now, &l.turns, queue) {
		return Job{}, false
	}
	c := schedule.ForPlaylist
	if !l.cell.Answered() {
		c = schedule.ForEdge // of very many that are read back none is more urgent than a segment
	}
	if !p.schedule.Begin(queue, c) {
		return Job{}, false
	}
	if !l.cell.Answered() {
		l.fetch()
		return p.begin(fetchOf(l, l.stream, nil)), true
	}
	l.launch(next)
	l.turns.Rest(p.now.Add(p.cfg.MinInterval))
	p.expose(next)
	j := errand{
		Job: Job{
			Op: PutPlaylist, Path: l.path, Kind: next.file.Kind, Stream: l.stream.folder.name, File: next.file, Attempt: l.turns.Failures(),
			Rejected: next.rejection.stands(),
		},
		list: l, snapshot: next,
	}
	j.File.Content = next.render()
	if p.continuous.machine != nil {
		p.continuous.machine.Launched(l.path, j.File.Content)
	}
	if p.bucket.Conditional() && !l.cell.Blind() {
		j.IfMatch, j.IfAbsent = l.cell.Condition()
	}
	return p.begin(j), true
}

// fetchOf makes the request that reads l back, which s has made, for the playlist of asker if there is no file of l.
func fetchOf(l *list, s, asker *stream) errand {
	return errand{Job: Job{Op: Fetch, Path: l.path, Kind: l.kind(), Stream: s.folder.name, Attempt: l.turns.Failures()}, list: l, asker: asker}
}

// compareFor makes the request that answers a question of the sessions, which s has made.
func compareFor(q session.Question, s *stream) errand {
	return errand{Job: Job{Op: Compare, Path: q.Key, Kind: q.File.Kind, Stream: s.folder.name, File: q.File}, question: q.ID}
}

// recordOf makes the request for a task of the recorder.
func recordOf(t *recorder.Task, conditional bool) errand {
	j := Job{Op: PutRecord, Path: t.Path, Kind: hls.Other, Attempt: t.Attempt, Record: t, IfAbsent: conditional, Backlog: !t.Prompt}
	switch {
	case t.Reads():
		j.Op, j.IfAbsent = ReadRecord, false
	case t.Op == recorder.PutFile && t.List != "":
		j.Kind = hls.MediaPlaylist
	}
	return errand{Job: j}
}

// choose returns the newest snapshot whose references are all stored, nil if there is none. One older than
// a snapshot that may be published already is none.
func (p *Plan) choose(l *list) *snapshot {
	for _, s := range slices.Backward(l.pending) {
		if len(l.doubt) > 0 && s.seq < l.doubt[len(l.doubt)-1].seq {
			return nil
		}
		if s.ready() && !p.barred(s) {
			if !p.endWaits(s) {
				return s
			}
			p.alarm(s.file.Seen.Add(p.cfg.EndDelay), l.stream)
		}
	}
	if s := l.newest(); s != nil && p.barred(s) && !s.fault.any() {
		p.alarm(s.rejection.again, l.stream)
	}
	return nil
}

// launch makes the job for o, of which s begins the request.
func (p *Plan) launch(s *stream, o *object) Job {
	o.shipBy(s)
	if p.mustAsk(o, s) {
		o.disk.Newest().Suspect()
	}
	j := errand{Job: Job{Backlog: o.item.Behind(), Op: Compare, Path: o.path, Kind: o.kind, Stream: o.streamName(), Attempt: o.item.Retry.Failures(), ETag: o.cell.ETag()}, object: o}
	switch {
	case o.disk.Candidate() != nil:
		j.version = o.disk.Candidate()
	case o.compares():
		if j.version = o.disk.Newest(); o.disk.Newest() != nil && o.stored(o.disk.Newest()) {
			j.version = nil
		}
	default:
		v := o.disk.Newest()
		j.Op, j.version, j.Rejected = PutMedia, v, v.Fate() == disk.Rejected
		j.File, j.Window = v.File, o.window()
		j.Replaces = !o.extends(v) && (o.cell.Ours() != nil || o.cell.ETag() != "")
		j.IfMatch, j.IfAbsent, j.From = p.lengthen(o, v)
		if j.Immutable = o.fixed && v.File.Growth == 0; j.Immutable && p.bucket.Conditional() {
			j.IfMatch, j.IfAbsent = "", true
		}
		j.Immutable = j.Immutable || p.continuous.owns(o.path) && v.File.State == hls.Settled // what grew is whole
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

// land ends the request of a job for a file. A PUT that went well tells its streams how much the line bears.
func (p *Plan) land(j *errand, out Outcome) (*object, *disk.Version) {
	o := j.object
	streams, took := p.schedule.Land(&o.item, p.now)
	for _, q := range streams {
		s := streamOf(q)
		if j.Op == PutMedia && out.Result == Done && !j.Backlog { // what takes what others leave says nothing of the line
			p.schedule.Pace(q, took, s.segment())
		}
		p.touchFiles(s)
	}
	p.account.end(&o.sending)
	return o, j.version
}

// ground notes that v does not wait any more, so that nothing is to be taken off for its being under way, or that of the first bytes of it.
func (p *Plan) ground(o *object, v *disk.Version) {
	if x := o.sending.version; o.busy() && x != nil && v != nil && x.ID == v.ID {
		p.account.end(&o.sending)
	}
}

// busy reports whether a request for o is under way.
func (o *object) busy() bool { return o.item.Busy() }
