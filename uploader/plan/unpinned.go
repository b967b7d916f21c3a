package plan

import (
	"slices"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/disk"
)

// What does not fit into the budget, or waited for longer than Config.MaxAge, is mostly still in the directory. So its pin is
// let go and its name is kept. When there is room the watcher is asked to look at it, which brings the bytes back, or says that
// they are gone: only then are they lost.

const (
	// maxAsked is how many files the watcher looks at for this at once.
	maxAsked = 64
	// askTime is how long its answer is waited for; a file that somebody writes to has none.
	askTime = 30 * time.Second
)

// unpinned are the versions to be stored that are in the directory alone: the packager may delete them at any time. There are no
// more of them than files in the directory.
type unpinned struct {
	versions   []*disk.Version // oldest first
	bytes      int64
	asked      map[*disk.Version]time.Time // those that the watcher looks at, and since when
	askedBytes int64
	tooLarge   int64 // size of the one whose turn it is, if there was no room for it; 0 if that is to be found out
}

// add takes v in.
func (u *unpinned) add(v *disk.Version) {
	i := len(u.versions)
	for i > 0 && u.versions[i-1].ID > v.ID {
		i--
	}
	u.versions = slices.Insert(u.versions, i, v)
	u.bytes += v.Size()
	u.tooLarge = 0
}

// remove takes v out, if it is one of them.
func (u *unpinned) remove(v *disk.Version) {
	if v.Unpinned() == "" {
		return
	}
	u.answered(v)
	v.Found()
	u.tooLarge = 0
	if i := slices.Index(u.versions, v); i >= 0 {
		u.versions = slices.Delete(u.versions, i, i+1)
		u.bytes -= v.Size()
	}
}

// reconsider notes that other files may be waited for now.
func (u *unpinned) reconsider() { u.tooLarge = 0 }

// full notes that there is no room for a file of that size, whose turn it is.
func (u *unpinned) full(size int64) { u.tooLarge = size }

// ask notes that the watcher looks at the file of v.
func (u *unpinned) ask(v *disk.Version, now time.Time) {
	if u.asked == nil {
		u.asked = make(map[*disk.Version]time.Time)
	}
	u.asked[v] = now
	u.askedBytes += v.Size()
}

// answered notes that it has looked.
func (u *unpinned) answered(v *disk.Version) {
	if _, asked := u.asked[v]; asked {
		delete(u.asked, v)
		u.askedBytes -= v.Size()
	}
}

// expire puts those behind the others about which the watcher has said nothing for long.
func (u *unpinned) expire(now time.Time) {
	for v, since := range u.asked {
		if now.Sub(since) < askTime {
			continue
		}
		u.answered(v)
		if i := slices.Index(u.versions, v); i >= 0 {
			u.versions = append(slices.Delete(u.versions, i, i+1), v)
		}
	}
}

// giveUp lets go of the pin of the newest version of o. It is lost if the directory does not have it any more, which of what an
// earlier process left is known once all of it was looked through.
func (p *Plan) giveUp(o *object, reason string) {
	v := o.disk.Newest()
	p.uncount(v)
	p.ground(o, v)
	p.release(v)
	v.Unpin(reason)
	if o.disk.Gone() && !(v.File.Spooled && p.strays.scanning) {
		p.perish(o)
		return
	}
	p.unpinned.add(v)
	for _, n := range o.naming {
		p.touchFiles(n.list.stream)
	}
}

// perish loses the newest version of o, which has no pin and is not in the directory any more, and with it the playlist versions
// that mean it.
func (p *Plan) perish(o *object) {
	v, reason := o.disk.Newest(), o.disk.Newest().Unpinned()
	p.unpinned.remove(v)
	v.Perish(reason)
	p.lose(o, reason)
	for _, n := range slices.Clone(o.naming) {
		l := n.list
		for i := len(l.pending) - 1; i >= 0; i-- {
			s := l.pending[i]
			if j := s.find(o); j >= 0 && s.binds[j].ver == v && s != l.last && !l.doubts(s) {
				p.dropSnapshot(l, i)
			}
		}
		p.wake(l.stream)
		p.touch(l.stream)
	}
	p.forgetObject(o)
}

// reclaim has the watcher look at files without a pin, as many as there is room for: first those that a newest playlist waits for, then
// the others, of both the oldest first. While the store fails there is no use in that, unless nothing else waits that would show the
// end of it.
func (p *Plan) reclaim() {
	u := &p.unpinned
	if len(u.versions) == 0 || p.schedule.Draining() || p.failing && p.account.files > 0 {
		return
	}
	u.expire(p.now)
	if len(u.asked) == len(u.versions) || !p.mayAsk(max(1, u.tooLarge)) {
		return
	}
	var others []*disk.Version
	for _, v := range u.versions {
		if _, asked := u.asked[v]; asked {
			continue
		}
		if !p.awaited(v) {
			others = append(others, v)
		} else if !p.lookFor(v) {
			return
		}
	}
	for _, v := range others {
		if !p.lookFor(v) {
			return
		}
	}
}

// lookFor has the watcher look at the file of v, if there is room for it.
func (p *Plan) lookFor(v *disk.Version) bool {
	u := &p.unpinned
	if !p.mayAsk(v.Size()) {
		u.full(v.Size())
		return false
	}
	u.ask(v, p.now)
	p.out.look(v.File.Path)
	return true
}

// heard notes that the watcher told of a path of the directory. What was asked for and was not among what the sessions made of that is gone: other
// bytes have the name, or none.
func (p *Plan) heard(path string) {
	for v := range p.unpinned.asked {
		if key := v.File.Path; key != path && p.continuous.source(key) == path {
			p.take(hls.File{Path: key, State: hls.Gone})
		}
	}
}

// mayAsk reports whether the watcher may be asked for one more file, of so many bytes: they take half of the budget at most, so that
// there is room for what comes. If nothing is under way, as what waits is larger or must not be overwritten, one goes on its own.
func (p *Plan) mayAsk(bytes int64) bool {
	u := &p.unpinned
	alone := len(u.asked) == 0 && p.schedule.Busy() == 0
	return len(u.asked) < maxAsked && (alone || p.account.room(u.askedBytes+bytes, p.cfg.Budget/2))
}

// awaited reports whether the newest version of a playlist waits for v, which has no pin.
func (p *Plan) awaited(v *disk.Version) bool {
	o := p.objects[v.File.Path]
	return o != nil && slices.ContainsFunc(o.naming, func(n naming) bool {
		s := n.list.newest()
		return s != nil && s.means(o, v)
	})
}

// repin has the newest version of o shipped, whose bytes the watcher brought back, behind what the live edge needs. If it was not
// asked for them and there is no room, they wait on.
func (p *Plan) repin(o *object) {
	v := o.disk.Newest()
	if _, asked := p.unpinned.asked[v]; !asked && !p.account.room(v.Size(), p.cfg.Budget) {
		p.release(v)
		return
	}
	p.unpinned.remove(v)
	v.Repin(p.now)
	p.keep(v)
	o.item.Withdraw()
	for _, n := range o.naming {
		p.follow(o, n.list.stream)
	}
	if !o.item.Stands() {
		p.follow(o, p.unnamed(o.path))
	}
}

// lose counts a named version that can never be stored.
func (p *Plan) lose(o *object, reason string) {
	if p.continuous.machine != nil {
		p.continuous.machine.Lost(o.path)
		p.recordings.unrecorded(o)
	}
	name := o.streamName()
	p.out.lose(Loss{Path: o.path, Stream: name, Kind: o.kind, Reason: reason})
	p.touch(p.stream(name+"/", name)) // that of its folder may be gone
}
