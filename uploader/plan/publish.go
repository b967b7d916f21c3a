package plan

import (
	"slices"

	"github.com/hlsship/hlsship/uploader/plan/bucket"
	"github.com/hlsship/hlsship/uploader/plan/schedule"
	"github.com/hlsship/hlsship/uploader/store"
)

// reportPlaylist takes the outcome of a PutPlaylist in.
func (p *Plan) reportPlaylist(j *errand, out Outcome) {
	l, s := j.list, j.snapshot
	outdated := l.landed()
	p.schedule.End(schedule.ForPlaylist)
	switch out.Result {
	case Done:
		l.turns.Succeed()
		if l.cell.Calm(); j.IfMatch != "" {
			p.bucket.Hold()
		}
		p.publish(l, s, out.ETag)
	case Failed:
		p.failPlaylist(l, s, out)
	case Different, Present, Absent, Void, Gone, Cancelled:
	}
	if out.Result != Done {
		l.adrift(p.now.Add(adrift))
	}
	if outdated {
		p.revise(l)
	}
	p.wonder(l)
	p.wake(l.stream)
	p.touch(l.stream)
}

func (p *Plan) failPlaylist(l *list, s *snapshot, out Outcome) {
	switch out.Kind {
	case store.Precondition:
		p.decided(l, "not stored", "", out.Kind.String())
		l.cell.Contest() // somebody else, or a PUT that we gave up, changed it: look and decide again
		p.wakeShippers(l)
		p.believe(l, s)
		return
	case store.Unsupported:
		p.bucket.Unconditional()
		p.believe(l, s)
		return
	case store.Permanent:
		p.rejectPlaylist(l, s)
		return
	case store.Transient, store.Alarm, store.NotFound:
	}
	p.decided(l, "not stored", "", out.Kind.String())
	p.holdOff(&l.turns.Retry, out)
}

// wonder has the store asked what it holds of l, if a version is in doubt and no later PUT will tell.
func (p *Plan) wonder(l *list) {
	if len(l.doubt) > 0 && len(l.pending) == 0 && l.flying == nil {
		p.readAgain(l)
	}
}

// readAgain has the store asked what it holds of l. Until it says so, streams do not overwrite what l may name, and ask for it instead.
func (p *Plan) readAgain(l *list) {
	l.cell.Ask()
	p.wakeShippers(l)
}

// believe notes that s was surely not stored by the request that ended.
func (p *Plan) believe(l *list, s *snapshot) {
	if l.notStored(s) {
		p.conceal(s)
	}
}

// publish notes that the store holds s.
func (p *Plan) publish(l *list, s *snapshot, etag string) {
	first := !l.cell.Exists()
	l.cell.Wrote(etag)
	l.edge.published(p.now)
	p.expose(s) // before it stops to be pending, so that its references are kept
	p.settleDoubt(l, s)
	old := p.show(l, s)
	p.decidedOf(l, "published", "", s)
	for len(l.pending) > 0 && l.pending[0].seq <= s.seq {
		p.dropSnapshot(l, 0)
	}
	p.caughtUp(l)
	if old != nil && old != s {
		p.conceal(old)
	}
	p.wakeOverwriters(s)
	p.renewAll(s)
	s.text.letGo()
	s.file.Share.MayYield(nil)
	p.weigh(s)
	if first {
		p.wakeParents(l)
	}
}

// show notes that the store holds s, nil for no version that is known, and returns what it held.
func (p *Plan) show(l *list, s *snapshot) (old *snapshot) {
	p.touch(l.stream)
	return l.show(s)
}

// wakeOverwriters wakes the streams that may overwrite sooner what s names, which is published, since nothing of its playlist is in
// doubt any more, or is to come.
func (p *Plan) wakeOverwriters(s *snapshot) {
	for i := range s.binds {
		if o := s.binds[i].obj; o.pendingWork() {
			p.wakeQueues(o)
		}
	}
}

// wakeShippers wakes the streams that ship what any version of l names: until l was read back they may not overwrite it.
func (p *Plan) wakeShippers(l *list) {
	for _, s := range l.all() {
		for i := range s.binds {
			p.wakeQueues(s.binds[i].obj)
		}
	}
}

// settleDoubt forgets which other snapshots might have been published.
func (p *Plan) settleDoubt(l *list, s *snapshot) {
	for _, d := range l.certain() {
		if d != s && d != l.published {
			p.conceal(d)
		}
	}
}

// reportFetch takes the published version of a playlist in.
func (p *Plan) reportFetch(j *errand, out Outcome) {
	l := j.list
	l.fetched()
	if j.asker == nil {
		p.schedule.End(schedule.ForEdge)
	} else {
		p.schedule.EndAsk(&j.asker.queue)
	}
	p.wakeShippers(l) // here, as the answer may end that l names them
	if out.Result != Done {
		out.Share.Release()
	}
	switch out.Result {
	case Done:
		unfounded := l.cell.Exists() && out.ETag == l.cell.ETag()
		contested := p.conflict(l, unfounded)
		l.turns.Succeed()
		l.cell.Show(out.ETag)
		if ours := p.acquaint(l, out); contested && !unfounded && !ours {
			p.out.Strangers = append(p.out.Strangers, keyOf(l.path))
		}
		l.informed()
	case Absent:
		l.informed()
		p.conflict(l, !l.cell.Exists())
		p.unpublish(l)
	case Failed:
		p.holdOff(&l.turns.Retry, out)
		l.askAgain()
	case Different, Present, Void, Gone, Cancelled:
		l.askAgain()
	}
	p.wonder(l)
	p.vouch(l)
	p.readBackFor(l, out)
	p.wake(l.stream)
	p.wakeParents(l)
	if l.stream == nil {
		p.forgetList(l)
	}
}

// conflict draws the conclusion from a condition of l that failed: unfounded says that the store is in the state that the
// PUT asked for. It reports whether one failed at all.
func (p *Plan) conflict(l *list, unfounded bool) bool {
	if l.cell.Question() != bucket.Contested {
		return false
	}
	p.out.Useless = p.bucket.Conflict(&l.cell, unfounded) || p.out.Useless
	return true
}

// wakeParents wakes the streams of all playlists that name l.
func (p *Plan) wakeParents(l *list) {
	for _, parent := range l.named() {
		p.wake(parent.stream)
	}
}

// unpublish notes that the store holds no version of l. If it was believed to hold one, more than that is gone.
func (p *Plan) unpublish(l *list) {
	p.settleDoubt(l, nil)
	if l.cell.Exists() {
		p.vanish()
	}
	old := p.show(l, nil)
	l.cell.Vacate()
	l.turns.Succeed()
	l.askAgain()
	if old != nil {
		p.conceal(old)
	}
}

// resolve ends the doubt about l, as the store holds the text of the version that is published. What is in doubt may have the same text, or
// may still arrive.
func (p *Plan) resolve(l *list, out Outcome) {
	if l.unsettled(p.now) {
		return
	}
	for _, s := range slices.Backward(l.doubt) {
		if s.recognise(out.Content) {
			p.publish(l, s, out.ETag)
			return
		}
	}
	p.settleDoubt(l, nil)
}

// acquaint compares the version that the store holds with those known. What is stored and not known comes from
// an earlier process, or from somebody else: it counts as older than all that is on disk. ours is true if it is known.
func (p *Plan) acquaint(l *list, out Outcome) (ours bool) {
	defer func() {
		if l.published == nil || l.published.file.Share != out.Share {
			out.Share.Release()
		}
	}()
	p.compareInherited(l, out)
	if old := l.published; old != nil && len(l.doubt) == 0 && old.recognise(out.Content) {
		return true // a pending version with the same bytes may mean others by them
	}
	if l.published != nil && l.published.recognise(out.Content) {
		// A version to come may have the very text of an earlier run.
		p.resolve(l, out)
		return true
	}
	for _, known := range slices.Backward(slices.Concat(l.doubt, l.pending)) {
		if known.recognise(out.Content) {
			if !l.doubts(known) {
				p.inherit(known)
			}
			p.publish(l, known, out.ETag)
			return true
		}
	}
	if out.Playlist == nil {
		return false
	}
	s := p.readBack(l, out)
	old := p.show(l, s)
	p.decidedOf(l, "read back", "a version that this process did not publish: ", s)
	p.settleDoubt(l, nil)
	p.compareInherited(l, out) // what was in doubt was not stored
	if old != nil {
		p.conceal(old)
		return false
	}
	p.seePublished(l, out.Playlist, out.Modified)
	if len(l.pending) > 0 && l.run.first && startsAnew(out.Playlist, l.pending[0].file.Playlist) {
		p.beginRun(l)
	}
	return false
}

// over reports whether l is gone and has nothing left to publish. A version that an earlier process left may have the very text of the
// published one, and means bytes that are still to be stored: then it waits for those, and the next process hears of it.
func (l *list) over() bool {
	return l.gone() && len(l.pending) == 0 && !l.requested() && len(l.parents) == 0 && !l.published.owes()
}

// owes reports whether s, which is published or nil, means bytes that are to be stored.
func (s *snapshot) owes() bool {
	return s != nil && slices.ContainsFunc(s.binds, func(b bind) bool {
		return b.ver != nil && !b.satisfied() && b.obj.disk.Newest() == b.ver && b.obj.pendingWork()
	})
}

// forgetList drops what is known of a playlist that is over. Should it come back, what is published is read from the store again.
func (p *Plan) forgetList(l *list) {
	if !l.over() {
		return
	}
	p.dropList(l)
	p.caughtUp(l)
	for _, s := range append(l.certain(), p.show(l, nil)) {
		if s != nil {
			p.unpin(s)
			p.conceal(s)
		}
	}
	l.recede(nil)
	if l.stream != nil {
		l.stream.abandon()
		p.touch(l.stream)
	}
}
