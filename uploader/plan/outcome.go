package plan

import (
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/disk"
	"github.com/hlsship/hlsship/uploader/store"
)

// adrift is how long bytes may still arrive in the store whose PUT was broken off, or ended without an answer. Until then no others
// are sent under the key, which they would replace for good.
const adrift = 8 * time.Second

// reportPut takes the outcome of a PutMedia in.
func (p *Plan) reportPut(j *errand, out Outcome) {
	o, v := p.land(j, out)
	if out.Unclear {
		o.cell.Drift(v, j.IfMatch != "" || j.IfAbsent, p.now.Add(adrift))
	}
	out = j.current(out)
	switch out.Result {
	case Done:
		o.item.Retry.Succeed()
		o.cell.Hold(v, out.ETag)
		p.uncount(v)
		p.release(v)
		p.note(o, v)
		p.recorded(o)
		p.whole(o)
	case Void:
		p.void(o, v)
	case Gone:
		p.dead(o, v)
	case Failed:
		if p.clash(j, out) {
			break
		}
		if out.Kind == store.Permanent {
			p.reject(o, v, out)
			break
		}
		p.holdOff(&o.item.Retry, out)
	case Different, Present, Absent, Cancelled:
	}
	p.requeue(o)
}

// reportCompare takes the outcome of a Compare in.
func (p *Plan) reportCompare(j *errand, out Outcome) {
	o, v := p.land(j, out)
	out = j.current(out)
	switch out.Result {
	case Done:
		p.same(o, v, out.ETag, !j.Local())
	case Different:
		if v != nil && p.continuous.mine(o, v, out) {
			p.same(o, v, out.ETag, !j.Local())
			break
		}
		p.changed(o, o.cell.Differs(out.ETag))
		if v != nil && v.File.Growth == 0 && p.continuous.owns(o.path) {
			p.contradict(o, v)
			break
		}
		if !o.outgrown(v) {
			p.differs(o, v)
		}
	case Absent:
		if o.cell.Ours() != nil {
			p.Inspect() // what was there is not, and perhaps nothing is
		}
		p.distrust(o)
		p.changed(o, o.cell.Vacate())
		switch {
		case v == nil:
			p.found(o, "")
			p.missing(o)
		case !o.outgrown(v):
			p.differs(o, v)
		}
	case Present:
		if o.cell.Unproven() {
			p.prove(o, out.ETag)
			break
		}
		o.cell.Show(out.ETag)
		p.found(o, out.ETag)
		if o.current() == nil && o.disk.Candidate() == nil {
			o.cell.Hold(disk.Stored(p.next(), out.Size), out.ETag)
			p.offer(o)
		}
	case Void:
		p.void(o, v)
	case Gone:
		p.dead(o, v)
	case Failed:
		p.holdOff(&o.item.Retry, out)
	case Cancelled:
	}
	p.requeue(o)
}

// same notes that the store holds the bytes of v, which it was asked for or is known to have by its ETag.
func (p *Plan) same(o *object, v *disk.Version, etag string, asked bool) {
	if known := o.cell.Ours(); known != nil {
		v.Is(known)
	}
	o.cell.Equal(v, etag, asked)
	o.item.Retry.Succeed()
	p.differs(o, v)
	p.strays.forget(o)
	p.uncount(v)
	p.release(v)
	p.note(o, v)
	p.recorded(o)
	p.whole(o)
}

// differs ends the comparison of v: from now on it counts as the newest version.
func (p *Plan) differs(o *object, v *disk.Version) {
	p.account.compared(v, (*disk.Version).Compare)
	if v.Wanted() && !o.stored(v) {
		p.keep(v)
	}
	if o.replaces(v) {
		for _, n := range o.naming {
			for _, s := range n.list.pending {
				if i := s.find(o); i >= 0 && s.origin.met() {
					p.reconsider(s, i)
				}
			}
		}
	}
	if o.disk.Candidate() == v {
		o.disk.Decided()
		p.adopt(o, v)
		if v.File.Named && !v.Wanted() && !o.stored(v) {
			p.wantLater(o, v, o.stream)
		}
		if v.File.State == hls.Growing {
			p.out.look(o.path) // it may be longer by now
		}
	}
}

// void forgets a version whose bytes changed under the request, and has the watcher look again.
func (p *Plan) void(o *object, v *disk.Version) {
	if p.rewriting(o, v) {
		return
	}
	o.disk.Lose(o.disk.Newest() == v || o.disk.Candidate() == v)
	if o.disk.Lost() && o.disk.Gone() {
		p.lose(o, "gone")
	}
	p.discard(o, v)
	p.out.look(o.path)
}

// dead forgets a version whose bytes are out of reach for ever, unless the Plan itself let go of them meanwhile.
func (p *Plan) dead(o *object, v *disk.Version) {
	if v.File.Source == nil {
		return
	}
	if v.Wanted() {
		p.lose(o, "gone")
	}
	o.disk.Lose(o.disk.Newest() == v && v.Witnessed())
	o.disk.Depart()
	p.discard(o, v)
	if v := o.disk.Newest(); v != nil && v.Unpinned() != "" && !v.Hopeless() {
		p.perish(o) // older bytes, which the directory has no more
	}
}

func (p *Plan) discard(o *object, v *disk.Version) {
	p.uncount(v)
	p.ground(o, v)
	p.release(v)
	switch v {
	case o.disk.Candidate():
		o.disk.Decided()
		p.disown(o, func(waiter) bool { return true })
		p.offer(o)
	case o.disk.Newest():
		o.disk.Discard()
		p.supersede(o, v)
	}
}

// missing notes that a name is neither on disk nor in the store: what names it waits, and the store is
// asked again only when a fact or a later playlist gives a reason to.
func (p *Plan) missing(o *object) {
	o.cell.Unask()
	if p.continuous.owns(o.path) {
		p.continuous.machine.Lost(o.path)
		p.recordings.unrecorded(o)
	}
	for _, n := range o.naming {
		p.touchFiles(n.list.stream)
	}
}

// refuse gives a version up that the store rejected.
func (p *Plan) refuse(o *object, v *disk.Version) {
	v.Refuse()
	p.lose(o, "rejected")
	p.uncount(v)
	p.release(v)
}

// requeue looks at o again after a request.
func (p *Plan) requeue(o *object) {
	if v := o.disk.Newest(); v != nil && o.recalled() {
		p.void(o, v) // it was stored, let go, and vanished from the store
	}
	if o.pendingWork() {
		p.queue(o)
	} else if o.cell.Unproven() && p.bucket.Listed() {
		p.proveLater(o)
	}
	p.wakeNaming(o)
	for _, n := range o.naming {
		p.touchFiles(n.list.stream)
	}
	p.forgetObject(o)
}
