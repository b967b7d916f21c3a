package plan

import (
	"slices"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/bucket"
	"github.com/hlsship/hlsship/uploader/plan/disk"
	"github.com/hlsship/hlsship/uploader/plan/schedule"
)

// object is all that the Plan knows of one name that is no playlist.
type object struct {
	path   string
	kind   hls.Kind
	fixed  bool        // its key never gets other bytes
	stream *stream     // that ships it, or did so last, or would be the first to
	disk   disk.Entry  // what the directory has under the path
	cell   bucket.Cell // what the store has under its key

	like    string   // its pattern, once somebody asked
	naming  []naming // the playlists that name it
	waiters []waiter // references that wait for the next version
	mark    uint64   // of the last snapshot that named it
	place   int      // of its bind in that snapshot

	item    schedule.Item // where it stands until it is stored
	sending sending       // what is under way, if a request for it is
}

// current returns the version that a new reference means: the newest finished one, or the stored one
// when the file is gone, or its bytes are lost and the key never gets others. It is nil while that is open.
func (o *object) current() *disk.Version {
	switch {
	case o.disk.Candidate() != nil || o.disk.Lost() && !o.fixed:
		return nil
	case o.disk.Newest() != nil:
		return o.disk.Newest()
	default:
		return o.cell.Ours()
	}
}

// absence says why o has no current version.
func (o *object) absence() bytesState {
	switch {
	case o.disk.Candidate() != nil:
		return bytesAsked
	case o.disk.Lost():
		return bytesLost
	case o.disk.Gone():
		return bytesGone
	}
	return bytesNone
}

// stored reports whether the store holds the bytes of v.
func (o *object) stored(v *disk.Version) bool {
	return o.cell.Ours() != nil && o.cell.Ours().ID == v.ID && o.cell.Ours().Reach() >= v.Reach()
}

// changed reacts to what became of the knowledge that the store has the bytes of o. Where that shrank, the playlists that name o look at
// their references again from the first on.
func (p *Plan) changed(o *object, c bucket.Change) {
	if c != bucket.Shrunk {
		return
	}
	for _, n := range o.naming {
		n.list.rewind()
	}
}

// unknown reports whether nothing is known of o but that somebody named it.
func (o *object) unknown() bool {
	return o.disk.Newest() == nil && o.disk.Candidate() == nil && o.cell.Ours() == nil && o.disk.Recalled() == nil && o.cell.ETag() == "" && !o.disk.Lost()
}

func (o *object) streamName() string {
	if o.stream == nil {
		return "."
	}
	return o.stream.folder.name
}

// observeObject takes the fact of a finished file in.
func (p *Plan) observeObject(f hls.File) {
	o := p.object(f.Path)
	o.disk.Appear(f.Spooled)
	if len(o.naming) == 0 {
		o.classify(f.Kind)
	}
	if p.observeGrowth(o, f) {
		return
	}
	for _, known := range []*disk.Version{o.disk.Candidate(), o.disk.Newest()} {
		if known != nil && o.has(known, f) {
			p.refresh(o, known, f)
			switch {
			case known != o.disk.Newest() || o.stored(known):
			case !known.Wanted() && f.Named:
				p.wantLater(o, known, p.unnamed(o.path)) // an earlier process knew it
			case !known.Wanted():
			case known.Unpinned() != "":
				p.repin(o)
			case !known.Hopeless() && !known.Kept():
				p.keep(known)
				p.queue(o)
			}
			return
		}
	}
	v := disk.New(p.next(), f, p.known(f))
	news := v.Noted() == "" || o.disk.Newest() != nil || o.cell.Ours() != nil
	if o.disk.Candidate() != nil || o.cell.ETag() != "" || o.exposed() && news || o.busy() && !o.isMedia() {
		if o.disk.Candidate() != nil || len(o.naming) > 0 {
			if old := o.disk.Consider(v); old != nil {
				p.release(old)
				p.disown(o, func(waiter) bool { return true }) // it is not known whether it was the stored one
			}
			if slices.ContainsFunc(o.waiters, func(w waiter) bool { return w.s.pending() && !w.s.binds[w.i].free() }) {
				p.retain(v)
			}
			p.queue(o)
			for q := range o.item.Streams {
				p.schedule.PutLocal(&o.item, q)
				break
			}
			return
		}
		v.Question()
	}
	if f.Found {
		v.Question()
	}
	p.adopt(o, v)
	if !v.Wanted() && (f.Named || p.cfg.Include(o.path)) {
		p.wantLater(o, v, p.unnamed(o.path))
	}
}

// adopt makes v the newest version of o: references that waited for it mean it from now on, and what meant
// the version before it is superseded unless the bytes are the same.
func (p *Plan) adopt(o *object, v *disk.Version) {
	old := o.disk.Newest()
	if old == nil {
		old = o.cell.Ours()
	}
	o.disk.Adopt(v, old == nil || o.stored(old))
	o.cell.Renew()
	if old != nil && old.ID == v.ID && old.Wanted() {
		v.Want()
	}
	p.uncount(old)
	p.ground(o, old)
	o.item.Retry.Reset()
	if old != nil && old.ID != v.ID {
		if old.Wanted() && !old.Hopeless() && !o.stored(old) && o.isMedia() { // others are mostly rewritten with the same bytes
			p.lose(o, "superseded")
		}
		p.supersede(o, old) // also where the store has less of it than a playlist names
	}
	p.release(old)
	if old == nil || old.ID != v.ID {
		p.doubtful(o, v)
	}
	p.offer(o)
	p.renew(o, v)
	if len(o.naming) == 0 && p.knows(o) { // it may be forgotten with the last version that meant its old bytes
		p.strays.add(o)
	}
	p.wakeNaming(o)
}

// replaces reports whether v was met at rest and is not what the store holds under the name of o, so that it came while nobody
// looked: nobody knows whether before or after a playlist that was met beside it, as times are those of a clock that may have
// been set back.
func (o *object) replaces(v *disk.Version) bool {
	return v.File.Found && v.File.State == hls.Settled && v.Compared() && o.cell.Belief() != bucket.Absent && !o.stored(v)
}

// renew wants v although no new playlist names it, if it is an init section or key that the newest playlist on
// disk names, since packagers rewrite those on their own, or a segment of one that has ended, which somebody corrected. A
// segment that changes under a live playlist that stands is the beginning of another run, or what a killed packager
// left of it.
func (p *Plan) renew(o *object, v *disk.Version) {
	if o.hollow(v) {
		return
	}
	for _, n := range o.naming {
		if l := n.list; l.last != nil && l.last == l.published && l.last.find(o) >= 0 && (!o.isMedia() || l.last.file.Playlist.Ended) {
			p.want(o, v, l.stream)
		}
	}
}

// renewAll renews what was rewritten after s had bound it and before s was published, as Shaka Packager does with
// its init sections at the end of a stream.
func (p *Plan) renewAll(s *snapshot) {
	for i := range s.binds {
		if o, v := s.binds[i].obj, s.binds[i].ver; v != nil && o.disk.Newest() != nil && o.disk.Newest().ID != v.ID {
			p.renew(o, o.disk.Newest())
		}
	}
}

// want marks v as named by a playlist of s, so that it is shipped.
func (p *Plan) want(o *object, v *disk.Version, s *stream) {
	if v.Wanted() && o.item.In(schedule.Backlog) && !o.item.In(schedule.Skipped) && !o.stored(v) {
		o.item.Withdraw()
		p.enqueue(o, s) // it is no backlog if a playlist names it now
		return
	}
	if v.Wanted() || o.stored(v) || v.File.Source == nil {
		v.Want()
		if o.pendingWork() {
			p.enqueue(o, s)
		}
		return
	}
	v.Want()
	if p.trust(o) {
		return
	}
	if v.Noted() == "" || s != nil && s.list != nil && s.list.cell.Answered() {
		p.keep(v) // else once it is known that no published playlist names it
	}
	if o.item.In(schedule.Skipped) {
		o.item.Withdraw() // its new bytes belong to the live edge
	}
	p.enqueue(o, s)
}

// maxUnchecked is how much of the backlog is kept before it is known whether the store holds it already. Of very
// many files found at a start most are stored, and keeping each costs a link.
const maxUnchecked = 1000

// wantLater marks v as worth shipping behind everything that a playlist names.
func (p *Plan) wantLater(o *object, v *disk.Version, s *stream) {
	v.Want()
	p.strays.forget(o)
	if !o.stored(v) && (!v.Questioned() || v.Kept() || p.account.files < maxUnchecked) {
		p.keep(v) // otherwise it is kept once it is known to be missing
	}
	if !o.item.Stands() {
		p.place(o, s, schedule.Backlog)
	}
	p.wakeQueues(o)
}

// ask has the store asked whether it holds the name of o, which a playlist of s names.
func (p *Plan) ask(o *object, s *stream) {
	o.cell.Ask()
	p.enqueue(o, s)
}

// pendingWork reports whether a request for o is to be made sooner or later.
func (o *object) pendingWork() bool {
	if o.disk.Candidate() != nil || o.cell.Question() == bucket.Whether {
		return true
	}
	v := o.disk.Newest()
	return v != nil && v.Wanted() && !v.Hopeless() && !o.stored(v) && v.File.Source != nil
}
