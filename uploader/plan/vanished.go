package plan

import (
	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/disk"
)

// What a Plan knows of the store it knows from answers, and a bucket that is deleted and made anew, or comes back
// empty, gives none. A published playlist that is not there any more tells: then all knowledge is void, since P1
// holds of what is in the store and not of what was.

// Inspect has the published playlists read again, as the store may be another one than before.
func (p *Plan) Inspect() {
	for _, l := range p.lists {
		if l.cell.Exists() && l.cell.Answered() {
			p.readAgain(l)
			l.askAgain()
			p.wake(l.stream)
			p.wakeParents(l)
		}
	}
}

// vanish forgets what the store held, as the published version of a playlist is not there any more. What playlists
// name is stored again, unless the store turns out to hold it. Answers to requests under way may still be of
// the time before, and count for nothing.
func (p *Plan) vanish() {
	p.out.Vanished = true
	p.bucket.Vanish()
	for _, l := range p.lists {
		if l.cell.Exists() {
			p.decided(l, "gone from the store", "", "")
		}
		l.cell.Forget()
		p.readAgain(l)
		l.askAgain()
		p.restore(l)
		p.wake(l.stream)
	}
	for _, o := range p.objects {
		p.vanishObject(o)
		p.forgetObject(o)
	}
}

// vanishObject forgets what the store held under the name of o, and has it stored again if a playlist names it.
func (p *Plan) vanishObject(o *object) {
	old, v := o.cell.Ours(), o.disk.Newest()
	o.disk.LookAgain()
	p.changed(o, o.cell.Vanish())
	if v != nil {
		p.account.compared(v, (*disk.Version).Reopen)
	}
	switch {
	case old == nil:
	case v == nil || v.ID != old.ID:
		p.supersede(o, old)
		if v != nil && !o.isMedia() && !o.meant(v) {
			p.uncount(v)
			v.Unwant() // it was to replace the bytes that vanished
		}
	case o.disk.Candidate() != nil:
		p.discard(o, v)
	case len(o.naming) == 0 && !p.cfg.Include(o.path):
		p.discard(o, v) // should it be named again, it is looked for
	case v.File.Source != nil:
		v.Unkeep()
		p.keep(v)
		p.queue(o)
	case o.disk.Gone(): // and its bytes were let go
		p.unreachable(o)
	default:
		v.Unkeep()
		p.out.look(o.path)
	}
}

// meant reports whether a pending version of a playlist means v.
func (o *object) meant(v *disk.Version) bool {
	for _, n := range o.naming {
		for _, s := range n.list.pending {
			if s.means(o, v) {
				return true
			}
		}
	}
	return false
}

// recalled reports whether the bytes of o were stored and let go, and are to be stored again.
func (o *object) recalled() bool {
	v := o.disk.Newest()
	return v != nil && v.File.Source == nil && v.Wanted() && !v.Hopeless() && v.Unpinned() == "" && !o.stored(v)
}

// unreachable forgets bytes that the directory has no more, nor the store, unless they were stored after it had vanished
// and before that was noticed: it is asked. They are lost if the newest version of a playlist names them.
func (p *Plan) unreachable(o *object) {
	v := o.disk.Newest()
	needed := p.needed(o)
	o.disk.Lose(v.Witnessed())
	p.discard(o, v)
	switch {
	case needed && o.cell.Before() != "":
		o.disk.Recall(v)
		o.cell.Ask()
		p.queue(o)
	case needed:
		p.lose(o, "gone")
	}
}

// found takes in what the store said of bytes that nobody else has: the ETag of what it holds, "" for nothing.
func (p *Plan) found(o *object, etag string) {
	v := o.disk.Answered()
	if v == nil {
		return
	}
	if etag != o.cell.Before() {
		p.lose(o, "gone")
		return
	}
	o.disk.Lose(false)
	o.cell.Hold(v, etag)
	p.offer(o)
}

// restore makes the newest version of l pending again, which the store held. It means what it meant; what was
// rewritten meanwhile it takes as any version does whose bytes are lost. Its text is read from the disk again.
func (p *Plan) restore(l *list) {
	old := l.last
	if l.gone() || old == nil || old != l.published {
		return
	}
	s := p.anew(old)
	l.arrive(s)
	l.enqueue(s)
	p.out.look(l.path)
	p.rename(s, old)
	for i := range s.binds {
		p.bind(s, i)
	}
	p.touch(l.stream)
}

// reread gives the newest version of l its text back, and reports whether f is that text.
func (p *Plan) reread(l *list, f hls.File) bool {
	s := l.newest()
	if s == nil || s != l.last || s.text.content != nil || !s.text.is(f.Content) {
		return false
	}
	s.reread(f)
	p.weigh(s)
	p.mayYield(s)
	if s.file.Source != nil {
		p.out.keep(s.file.Source, "")
	}
	p.wake(l.stream)
	return true
}

// dropUnread drops the newest version of l if its text was to be read again, as the disk has it no more, and reports whether
// there was one.
func (p *Plan) dropUnread(l *list) bool {
	s := l.newest()
	if s == nil || s.text.content != nil {
		return false
	}
	p.dropSnapshot(l, len(l.pending)-1)
	return true
}
