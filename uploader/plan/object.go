package plan

import (
	"slices"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// object is all that the Plan knows of one name that is no playlist.
type object struct {
	path   string
	kind   hls.Kind
	stream *stream // that ships it, or did so last, or would be the first to
	gone   bool    // the name left the directory

	newest *version // the newest version finished on disk; nil if none is known
	asked  *version // a newer one, whose bytes are being compared with those stored; nil if none is
	remote *version // what the store holds; nil if that is nothing or not known
	etag   string   // of what the store holds; empty if not known

	unsettled time.Time // since when there are other bytes than those stored, if they were finished again and again meanwhile

	like    string    // its pattern, once somebody asked
	naming  []naming  // the playlists that name it
	waiters []waiter  // references that wait for the next version
	queues  []*stream // in whose queue or backlog it stands: whoever is the first to have its turn ships it
	mark    uint64    // of the last snapshot that named it
	place   int       // of its bind in that snapshot

	behind  bool // in the backlog
	late    bool // in the backlog, as the live edge went before it
	query   bool // the store is to be asked whether it holds the name
	looked  bool // the watcher was asked to look
	clashed bool // the store is to be asked for its ETag: see Plan.clash
	lost    bool // its newest bytes are, so that what the store holds is older and means nothing

	before string   // the ETag that its newest bytes had in a store that has vanished
	recall *version // these bytes, which nobody else has, while the store is asked for them; nil if it is not

	unproven bool // that the store holds remote is known from a note alone

	flight *flight // the request for it that is under way; nil if none is
	backOff
}

// naming counts the snapshots of one playlist that name an object: pending or possibly published ones
// together, and the possibly published ones alone.
type naming struct {
	list           *list
	count, exposed int
	trust          *trust // nil for none
}

// trust says that a run has accepted a version although it is older, for which its playlist waits no more.
type trust struct {
	run *run
	id  uint64
}

// trusted is where it is noted which version a playlist that names o trusts.
func (o *object) trusted(l *list) **trust {
	i := slices.IndexFunc(o.naming, func(n naming) bool { return n.list == l })
	return &o.naming[i].trust
}

// version is one finished content of a name. Versions with equal bytes share their id.
type version struct {
	id       uint64
	file     hls.File  // zero for a version known from the store alone
	wanted   bool      // a playlist named it, so that it is to be stored
	check    bool      // the store may hold these bytes already: compare before the PUT
	differs  bool      // the store was found to hold other bytes
	absent   bool      // the store was found to hold nothing
	met      bool      // a listing has an object of its size, and does not tell whether it has these bytes
	head     int64     // how many of its bytes the store held when it was finished
	noted    string    // the ETag under which an earlier process stored these bytes; empty if that is not known
	counted  bool      // in the Plan's count of what waits
	unsure   bool      // in its count of what may be stored already
	kept     bool      // its source is kept, or was
	refused  bool      // it is lost: nothing is tried for it any more
	unpinned string    // why its pin was let go, "budget" or "age"; empty if that was not so
	pinned   time.Time // when it had one again; zero if it always had
	rejected bool      // the store did not take it
	vetted   bool      // it stayed although a playlist lists younger bytes before it
}

// witnessed reports whether the completion of v was seen, so that v is as young as its fact.
func (v *version) witnessed() bool { return v.file.State == hls.Settled && !v.file.Found }

// returned reports whether v had no pin for a while.
func (v *version) returned() bool { return !v.pinned.IsZero() }

// pinnedAt is since when v has been tried.
func (v *version) pinnedAt() time.Time {
	if v.pinned.IsZero() {
		return v.file.Seen
	}
	return v.pinned
}

// isMedia reports whether o is media proper, which no packager rewrites under a playlist that stays.
func (o *object) isMedia() bool { return o.kind == hls.Media || o.kind == hls.Subtitle }

// pattern returns the name with a mark in place of each number.
func (o *object) pattern() string {
	if o.like == "" {
		o.like = pattern(o.path)
	}
	return o.like
}

// hollow reports whether v is an init section or key without bytes. No playlist means that: its packager was killed
// between truncating and writing it, or GIO closed it untouched.
func (o *object) hollow(v *version) bool {
	return (o.kind == hls.Init || o.kind == hls.Key) && v.file.State == hls.Settled && v.file.Version.Size == 0
}

// current returns the version that a new reference means: the newest finished one, or the stored one
// when the file is gone. It is nil while that is open.
func (o *object) current() *version {
	switch {
	case o.asked != nil || o.lost:
		return nil
	case o.newest != nil:
		return o.newest
	default:
		return o.remote
	}
}

// absence says why o has no current version.
func (o *object) absence() bytesState {
	switch {
	case o.asked != nil:
		return bytesAsked
	case o.lost:
		return bytesLost
	case o.gone:
		return bytesGone
	}
	return bytesNone
}

// stored reports whether the store holds the bytes of v.
func (o *object) stored(v *version) bool {
	return o.remote != nil && o.remote.id == v.id && o.remote.reach() >= v.reach()
}

// unstore notes that nobody knows what the store holds.
func (o *object) unstore() {
	known := o.remote != nil
	o.remote, o.etag, o.unproven = nil, "", false
	if !known {
		return // no cursor stands behind it
	}
	for _, n := range o.naming {
		for _, s := range n.list.pending {
			s.cursor = 0
		}
	}
}

// unknown reports whether nothing is known of o but that somebody named it.
func (o *object) unknown() bool {
	return o.newest == nil && o.asked == nil && o.remote == nil && o.recall == nil && o.etag == "" && !o.lost
}

func (o *object) streamName() string {
	if o.stream == nil {
		return "."
	}
	return o.stream.folder.name
}

// name adds to the counts of how l names o.
func (o *object) name(l *list, count, exposed int) {
	i := slices.IndexFunc(o.naming, func(n naming) bool { return n.list == l })
	if i < 0 {
		o.naming = append(o.naming, naming{list: l})
		i = len(o.naming) - 1
	}
	o.naming[i].count += count
	o.naming[i].exposed += exposed
	if o.naming[i].count <= 0 && o.naming[i].exposed <= 0 {
		o.naming = slices.Delete(o.naming, i, i+1)
	}
}

// exposed reports whether a playlist that may be published names o.
func (o *object) exposed() bool {
	return slices.ContainsFunc(o.naming, func(n naming) bool { return n.exposed > 0 })
}

// observeObject takes the fact of a finished file in.
func (p *Plan) observeObject(f hls.File) {
	o := p.object(f.Path)
	o.gone = f.Spooled && (o.gone || o.newest == nil && o.asked == nil) // until the directory turns out to have it
	o.looked = false
	if len(o.naming) == 0 {
		o.kind = f.Kind
	}
	if p.observeGrowth(o, f) {
		return
	}
	for _, known := range []*version{o.asked, o.newest} {
		if known != nil && o.has(known, f) {
			p.refresh(o, known, f)
			switch {
			case known != o.newest || o.stored(known):
			case !known.wanted && f.Named:
				p.wantLater(o, known, p.unnamed(o.path)) // an earlier process knew it
			case !known.wanted:
			case known.unpinned != "":
				p.repin(o)
			case !known.refused && !known.kept:
				p.keep(known)
				p.queue(o)
			}
			return
		}
	}
	v := &version{id: p.next(), file: f, noted: p.known(f)}
	news := v.noted == "" || o.newest != nil || o.remote != nil
	if o.asked != nil || o.etag != "" || o.exposed() && news || o.busy() && !o.isMedia() {
		if o.asked != nil || len(o.naming) > 0 {
			if o.asked != nil {
				p.release(o.asked)
				p.disown(o, func(waiter) bool { return true }) // it is not known whether it was the stored one
			}
			o.asked = v
			p.queue(o)
			if s := o.queues[0]; !slices.Contains(s.compare, o) {
				s.compare = append(s.compare, o)
			}
			return
		}
		v.check = true
	}
	v.check = v.check || f.Found
	p.adopt(o, v)
	if !v.wanted && (f.Named || p.cfg.Include(o.path)) {
		p.wantLater(o, v, p.unnamed(o.path))
	}
}

// adopt makes v the newest version of o: references that waited for it mean it from now on, and what meant
// the version before it is superseded unless the bytes are the same.
func (p *Plan) adopt(o *object, v *version) {
	old := o.newest
	if old == nil {
		old = o.remote
	}
	if o.unsettled.IsZero() || old == nil || o.stored(old) {
		o.unsettled = v.file.Seen
	}
	o.newest, o.query, o.lost, o.before, o.recall = v, false, false, "", nil
	if old != nil && old.id == v.id {
		v.wanted = v.wanted || old.wanted
	}
	p.uncount(old)
	p.ground(o, old)
	o.backOff = backOff{}
	if old != nil && old.id != v.id {
		if old.wanted && !old.refused && !o.stored(old) && o.isMedia() { // others are mostly rewritten with the same bytes
			p.lose(o, "superseded")
		}
		p.supersede(o, old) // also where the store has less of it than a playlist names
	}
	p.release(old)
	if old != nil && old.id != v.id {
		p.doubtful(o)
	}
	p.offer(o)
	p.renew(o, v)
	if len(o.naming) == 0 {
		p.strays.add(o)
	}
	p.wakeNaming(o)
}

// doubtful is called when the bytes of o are replaced which some references declined, as they might be those of
// an earlier run. If the Plan saw that run end it knows which bytes are good; else the references are disowned.
func (p *Plan) doubtful(o *object) {
	p.disown(o, func(w waiter) bool {
		return w.s.binds[w.i].declined && w.s.run.after == 0
	})
}

// disown is called when the bytes that waiting references of o may have meant are lost: only the newest snapshot
// of a playlist takes others, and only anew.
func (p *Plan) disown(o *object, which func(waiter) bool) {
	for _, w := range slices.Clone(o.waiters) {
		if w.s.dropped || !w.s.named || w.s.binds[w.i].free || !which(w) {
			continue
		}
		l := w.s.list
		if w.s == l.last && !w.s.left() {
			w.s.binds[w.i].anew, w.s.anew = true, true
		} else if i := slices.Index(l.pending, w.s); i >= 0 && !l.doubts(w.s) {
			p.dropSnapshot(l, i)
		}
	}
}

// renew wants v although no new playlist names it, if it is an init section or key that the newest playlist on
// disk names, since packagers rewrite those on their own, or a segment of one that has ended, which somebody corrected. A
// segment that changes under a live playlist that stands is the beginning of another run, or what a killed packager
// left of it.
func (p *Plan) renew(o *object, v *version) {
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
		if o, v := s.binds[i].obj, s.binds[i].ver; v != nil && o.newest != nil && o.newest.id != v.id {
			p.renew(o, o.newest)
		}
	}
}

// want marks v as named by a playlist of s, so that it is shipped.
func (p *Plan) want(o *object, v *version, s *stream) {
	if v.wanted && o.behind && !o.late && !o.stored(v) {
		o.hurry()
		p.enqueue(o, s) // it is no backlog if a playlist names it now
		return
	}
	if v.wanted || o.stored(v) || v.file.Source == nil {
		v.wanted = true
		if o.pendingWork() {
			p.enqueue(o, s)
		}
		return
	}
	v.wanted = true
	if p.trust(o) {
		return
	}
	if v.noted == "" || s != nil && s.list != nil && s.list.fetched {
		p.keep(v) // else once it is known that no published playlist names it
	}
	if o.late {
		o.hurry() // its new bytes belong to the live edge
	}
	p.enqueue(o, s)
}

// maxUnchecked is how much of the backlog is kept before it is known whether the store holds it already. Of very
// many files found at a start most are stored, and keeping each costs a link.
const maxUnchecked = 1000

// wantLater marks v as worth shipping behind everything that a playlist names.
func (p *Plan) wantLater(o *object, v *version, s *stream) {
	v.wanted = true
	if !o.stored(v) && (!v.check || p.waiting < maxUnchecked) {
		p.keep(v) // otherwise it is kept once it is known to be missing
	}
	if len(o.queues) == 0 {
		o.behind = true
		o.joins(s)
		s.backlog = append(s.backlog, o)
	}
	p.wakeQueues(o)
}

// queue has o looked at by every stream whose playlist names it, or by that of its folder if nothing does.
func (p *Plan) queue(o *object) {
	for _, n := range o.naming {
		p.enqueue(o, n.list.stream)
	}
	if len(o.queues) == 0 {
		p.enqueue(o, p.unnamed(o.path))
	}
	p.wakeQueues(o)
}

// enqueue has o looked at by s, if there is any.
func (p *Plan) enqueue(o *object, s *stream) {
	if s == nil {
		return // of a playlist that is stored, and of which there is no file
	}
	if !slices.Contains(o.queues, s) {
		o.joins(s)
		s.queue = append(s.queue, o)
	}
	p.wake(s)
	p.touch(s)
}

// joins notes that o stands in the queue or backlog of s, which counts the request for it that is under way.
func (o *object) joins(s *stream) {
	if o.queues = append(o.queues, s); o.stream == nil {
		o.stream = s
	}
	if o.flight != nil {
		o.flight.board(s)
	}
}

// hurry takes o out of the backlog, to be queued anew.
func (o *object) hurry() { o.late, o.behind, o.queues = false, false, nil }

// ask has the store asked whether it holds the name of o, which a playlist of s names.
func (p *Plan) ask(o *object, s *stream) {
	o.query = true
	p.enqueue(o, s)
}

// wakeQueues wakes every stream that may ship o.
func (p *Plan) wakeQueues(o *object) {
	for _, s := range o.queues {
		p.wake(s)
	}
}

// wakeNaming wakes every stream whose playlists name o, or that may ship it.
func (p *Plan) wakeNaming(o *object) {
	for _, n := range o.naming {
		p.wake(n.list.stream)
	}
	p.wakeQueues(o)
}

// pendingWork reports whether a request for o is to be made sooner or later.
func (o *object) pendingWork() bool {
	if o.asked != nil || o.query {
		return true
	}
	v := o.newest
	return v != nil && v.wanted && !v.refused && !o.stored(v) && v.file.Source != nil
}
