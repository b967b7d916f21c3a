package plan

import "time"

// A folder that is gone leaves nothing: neither playlists that wait for what nobody has, nor files, nor a stream that is shown.

// presence is whether the directory has a file of one playlist. The zero value says that it never had.
type presence struct {
	there  bool
	goneAt time.Time // when it left, if it did
}

// gone reports whether the directory has no file.
func (x *presence) gone() bool { return !x.there }

// appear notes that there is a file.
func (x *presence) appear() { x.there = true }

// depart notes that it left.
func (x *presence) depart(now time.Time) { x.there, x.goneAt = false, now }

// observeGone notes that a name left the directory. What was settled under it is still shipped, unless it moved.
func (p *Plan) observeGone(name string, moved bool) {
	if l := p.lists[name]; l != nil {
		if moved {
			p.callBack(l)
		}
		l.depart(p.now)
		l.regain()
		if p.dropUnread(l) {
			p.out.lose(Loss{Path: l.path, Stream: l.stream.folder.name, Kind: l.kind(), Reason: "gone"})
		}
		p.wake(l.stream)
		p.touch(l.stream)
		p.forgetList(l)
		return
	}
	o := p.objects[name]
	if o == nil {
		return
	}
	if o.disk.Lost() && !o.disk.Gone() && len(o.naming) > 0 {
		p.lose(o, "gone")
	}
	o.disk.Depart()
	switch v := o.disk.Newest(); {
	case v != nil && v.Unpinned() != "" && !v.Hopeless():
		p.perish(o)
	case o.recalled() && !o.busy():
		p.unreachable(o)
	}
	p.offer(o)
	p.wakeNaming(o)
	if o.disk.Newest() != nil && !o.disk.Newest().Wanted() {
		p.strays.gone(o, p.now)
	}
	p.forgetObject(o)
}

// callBack drops what is to be published of l, whose file has another name by now. It does nothing if the store has a version, or
// a PUT began, which cannot be called back, or if another playlist names l, so that it is none of a temporary name.
func (p *Plan) callBack(l *list) {
	if l.cell.Exists() || l.published != nil || l.flying != nil || len(l.doubt) > 0 || len(l.parents) > 0 {
		return
	}
	for i := len(l.pending) - 1; i >= 0; i-- {
		if !l.pending[i].origin.inherited() {
			p.dropSnapshot(l, i)
		}
	}
}

// dropHopeless drops the versions of l that wait for files which neither the directory nor the store has, once l has been gone for
// Patience: nobody will write what they name.
func (p *Plan) dropHopeless(l *list) {
	if !l.gone() || l.goneAt.IsZero() || !l.cell.Answered() || len(l.pending) == 0 || p.schedule.Draining() {
		return
	}
	if at := l.goneAt.Add(p.cfg.Patience); p.now.Before(at) {
		p.alarm(at, l.stream)
		return
	}
	for i := len(l.pending) - 1; i >= 0; i-- {
		s := l.pending[i]
		if l.doubts(s) || !s.hopeless() {
			continue
		}
		p.dropSnapshot(l, i)
		if s != l.last {
			continue
		}
		p.out.lose(Loss{Path: l.path, Stream: l.stream.folder.name, Kind: s.file.Kind, Reason: "gone"})
		if l.recede(l.published); l.last == nil {
			p.hasNone(l)
		}
	}
}

// hopeless reports whether s waits for something that nobody has.
func (s *snapshot) hopeless() bool {
	if s.fault.any() {
		return true
	}
	for i := s.cursor; i < len(s.binds); i++ {
		switch b := &s.binds[i]; {
		case b.satisfied(), b.obj.pendingWork(), b.obj.busy(), b.obj.disk.Recalled() != nil:
		case b.ver == nil && b.obj.disk.Newest() == nil, b.ver != nil && b.ver.Hopeless():
			return true
		}
	}
	for _, child := range s.lists[s.found:] {
		if !child.cell.Exists() && child.last == nil && child.cell.Answered() {
			return true
		}
	}
	return false
}

// forgetObject drops what is known of a name that is gone, named by nobody and has nothing left to ship. What an earlier process left of
// init sections and keys waits until all playlists were heard of.
func (p *Plan) forgetObject(o *object) {
	if o.busy() || len(o.naming) > 0 || !p.knows(o) {
		return
	}
	if o.disk.Gone() {
		o.cell.Unask()
	}
	if v := o.disk.Newest(); v != nil && v.File.Spooled && !o.isMedia() && p.now.Before(p.met()) {
		p.strays.leave(o)
		return
	}
	if p.spare(o); !o.disk.Gone() {
		return
	}
	if o.pendingWork() || o.disk.Newest() != nil && !o.disk.Newest().Wanted() && p.strays.holds(o) {
		return
	}
	if p.now.Before(o.cell.Adrift()) { // else nobody would know when the name comes back
		if !p.strays.holds(o) {
			p.strays.gone(o, p.now)
		}
		return
	}
	p.uncount(o.disk.Newest())
	p.release(o.disk.Newest())
	p.strays.forget(o)
	if o.cell.Unproven() {
		p.wake(o.stream) // others may wait behind it to be proven
	}
	o.cell.Abandon() // it may stand in a queue still
	p.dropObject(o)
}
