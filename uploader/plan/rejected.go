package plan

import (
	"time"

	"github.com/hlsship/hlsship/uploader/plan/disk"
	"github.com/hlsship/hlsship/uploader/plan/schedule"
)

// RejectedDelay is what an error costs that nobody is expected to mend.
const RejectedDelay = time.Minute

// What a store rejects it may take later: a limit is raised, a proxy mended, a rule of the bucket lifted. So long as the newest
// version of a playlist needs what was rejected, it is kept and tried again once a minute.

// rejects are the files that the store rejected and that are still to be had.
type rejects struct {
	files  []*object
	looked time.Time // when it was last looked whether they are needed
}

// reject notes that the store does not take v.
func (p *Plan) reject(o *object, v *disk.Version, out Outcome) {
	if o.disk.Newest() != v || !p.needed(o) {
		p.refuse(o, v)
		return
	}
	if p.schedule.Draining() && v.Fate() == disk.Rejected {
		v.Shelve() // the next process may have more luck: its bytes are left
		return
	}
	if v.Reject() {
		p.rejects.files = append(p.rejects.files, o)
	}
	out.RetryIn = RejectedDelay
	p.holdOff(&o.item.Retry, out)
}

// holdOff has r wait after a failure.
func (p *Plan) holdOff(r *schedule.Retry, out Outcome) {
	p.schedule.Fail(r, p.now, out.RetryIn, out.Asked)
}

// sortRejects gives up what was rejected and is needed no more, once a second.
func (p *Plan) sortRejects() {
	if len(p.rejects.files) == 0 || p.now.Sub(p.rejects.looked) < time.Second {
		return
	}
	p.rejects.looked = p.now
	files := p.rejects.files
	p.rejects.files = nil
	for _, o := range files {
		switch v := o.disk.Newest(); {
		case v == nil || v.Fate() != disk.Rejected || o.stored(v): // it is another one, or was settled
		case o.busy() || p.needed(o):
			p.rejects.files = append(p.rejects.files, o)
		default:
			p.refuse(o, v)
			p.wakeNaming(o)
			p.forgetObject(o)
		}
	}
}

// rejection is that the store did not take a version of a playlist; the zero value says that it did not happen.
type rejection struct {
	again time.Time // when it is tried again, if it is the newest then
}

// stands reports whether the store did not take it.
func (r rejection) stands() bool { return !r.again.IsZero() }

// rejectPlaylist notes that the store does not take s, which is tried again while it is the newest.
func (p *Plan) rejectPlaylist(l *list, s *snapshot) {
	p.believe(l, s)
	l.turns.Reset()
	if l.doubts(s) {
		p.readAgain(l) // an earlier request for it may have stored it, and no older one goes over it
	}
	if p.schedule.Draining() && s.rejection.stands() {
		s.fail(s.file.Path, "rejected") // the next process may have more luck
		return
	}
	s.rejection = rejection{p.now.Add(RejectedDelay)}
	p.alarm(s.rejection.again, l.stream)
}

// barred reports whether s, of which all is stored, was rejected and is not to be tried now.
func (p *Plan) barred(s *snapshot) bool {
	return s.rejection.stands() && (s != s.list.newest() || p.now.Before(s.rejection.again))
}

// retryRejects has all that was rejected tried once more.
func (p *Plan) retryRejects() {
	for _, o := range p.rejects.files {
		o.item.Retry.Forgive()
	}
	for _, l := range p.lists {
		if s := l.newest(); s != nil && s.rejection.stands() {
			s.rejection = rejection{p.now}
		}
	}
}
