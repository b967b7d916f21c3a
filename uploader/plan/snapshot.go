package plan

import (
	"slices"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/bucket"
	"github.com/hlsship/hlsship/uploader/plan/disk"
)

// list is all that the Plan knows of one playlist's name.
type list struct {
	path   string
	stream *stream // nil while there is no file of it
	gone   bool
	goneAt time.Time // when it left the directory, if it is gone

	last      *snapshot   // the newest version on disk, pending or not
	pending   []*snapshot // oldest first, all newer than published
	run       *run        // the packager's run that last belongs to
	edge      edge
	decisions decisions // the last ones about it

	cell      bucket.Cell // what the store has under its key
	published *snapshot   // what the store holds; nil for nothing, or for what cannot be parsed
	// doubt holds the snapshots whose PUT began and is not known to have failed or been replaced: each may
	// be the published one.
	doubt    []*snapshot
	flying   *snapshot // whose PUT is under way
	outdated bool      // what flying means was superseded meanwhile
	fetching bool

	backOff
	notBefore time.Time // the earliest next PUT, by MinInterval

	seen     *sighting // the version that was seen last; nil for none
	debut    *sighting // the first one, while it is not known what was published before
	recheck  time.Time // when rebind is due; zero if it is not
	misnamed bool      // it was told that it seems to name files by URLs which do not mean them
	yielded  time.Time // when a newer version was finished that gave its memory up; zero if none did

	mark    uint64        // of the last snapshot that named it
	parents map[*list]int // playlists of which so many versions name this one
}

// newest returns the newest pending snapshot of l, nil if there is none.
func (l *list) newest() *snapshot {
	if len(l.pending) == 0 {
		return nil
	}
	return l.pending[len(l.pending)-1]
}

// snapshot is one version of a playlist: its frozen bytes and what they name.
type snapshot struct {
	file    hls.File // without Content and References, which text and binds have
	text    text
	size    int64 // what it takes in memory
	list    *list
	seq     uint64
	run     *run
	binds   []bind
	lists   []*list   // the playlists that it names
	cursor  int       // all binds before it are satisfied
	found   int       // all lists before it exist
	asked   int       // all lists before it have files or were asked for
	outside string    // a reference that can never be local: it is never published
	reason  string    // why outside cannot
	urls    []string  // the last URLs in it that mean no file of the directory, and names with backslashes
	named   bool      // its binds count in their objects' naming
	exposed bool      // counted as published in their objects' naming
	anew    bool      // one of its binds is
	fresh   time.Time // when the youngest bytes of media were finished that one of its binds took
	mark    uint64    // the same in every object that it names
	dropped bool

	inherited bool // an earlier process published it, over what it had stored

	rejected bool      // the store did not take it
	again    time.Time // when it is tried again if it is the newest then

	tardy bool // an earlier process left it, and it turned up when this one was at work
}

// bind ties a reference to the version it means; ver is nil until that version is settled. waits is true
// while the reference stands among its object's waiters. anew is true when the version that it meant is lost,
// so that it takes another only once that one has been there for Settle and no newer playlist came.
type bind struct {
	obj      *object
	ver      *disk.Version
	need     int64 // how many bytes of the file are named
	waits    bool
	anew     bool
	declined bool // a version was there that might be that of an earlier run
	soft     bool // it gates only if its file is there when the manifest is frozen, or a moment later
	hint     bool // it never gates, and means no file older than the manifest
	free     bool // it does not gate: all that settles under its name is shipped, and ver stays nil
	exposed  bool // counted as published in its object's naming
}

// waiter is reference i of a snapshot that waits for the next version of its object.
type waiter struct {
	s *snapshot
	i int
}

// freeze resolves the references of s, which follows prev, and binds each to the version settled now.
func (p *Plan) freeze(s, prev *snapshot) {
	p.name(s)
	if s.list.resume(s, prev) {
		p.later(s.list, p.now)
	}
	s.list.startRun(s, prev)
	for i := range s.binds {
		p.bind(s, i)
	}
}

// bind ties reference i of s to the version that its name has now, if it means that.
// Otherwise the next version to settle will be offered to it.
func (p *Plan) bind(s *snapshot, i int) {
	b := &s.binds[i]
	if b.ver != nil {
		return
	}
	o := b.obj
	v := o.current()
	d := judge(p.sight(s, i, v))
	p.heed(s, i, v, d)
	if d.means {
		p.want(o, v, s.list.stream)
		if !b.free {
			if b.ver = v; o.isMedia() && v.Witnessed() && v.File.Seen.After(s.fresh) {
				s.fresh = v.File.Seen
			}
			return
		}
	}
	b.declined = v != nil && !d.early && !b.free && !o.hollow(v)
	if !b.waits {
		b.waits = true
		o.waiters = append(o.waiters, waiter{s, i})
	}
	b.free = b.free || d.free
	if d.ask {
		p.ask(o, s.list.stream)
	}
	if d.look && o.disk.Look() {
		p.out.look(o.path)
	}
}

// sight gathers what reference i of s is judged by, when its name has v; nil for nothing.
func (p *Plan) sight(s *snapshot, i int, v *disk.Version) sight {
	b, o := &s.binds[i], s.binds[i].obj
	x := sight{
		now: p.now, settle: p.cfg.Settle, met: p.began.Add(2 * p.cfg.Settle),
		reference: referenceSight{media: o.isMedia(), soft: b.soft, hint: b.hint, free: b.free, rebind: b.anew},
		list: listSight{
			seen: s.file.Seen, modified: s.file.Version.ModTime, found: s.file.Found, left: s.left(), inherited: s.inherited,
			newest: s == s.list.last, fresh: s.fresh, target: s.target(),
		},
	}
	if v == nil {
		x.bytes.state = o.absence()
		return x
	}
	x.bytes = bytesSight{
		seen: v.File.Seen, modified: v.File.Version.ModTime, found: v.File.Found, spooled: v.File.Spooled, witnessed: v.Witnessed(),
		hollow: o.hollow(v), replaces: o.replaces(v), vetted: v.Vetted(),
		backward: s.backward(i, v), older: s.run.mayBeOlder(s, i, v),
	}
	if x.bytes.older {
		t := *o.trusted(s.list)
		x.bytes.trusted = t != nil && t.run == s.run && t.id == v.ID
	}
	return x
}

// heed notes what a verdict about reference i of s and v says for later.
func (p *Plan) heed(s *snapshot, i int, v *disk.Version, d verdict) {
	if d.vetted {
		v.Vet()
	}
	if d.rebind {
		s.binds[i].anew, s.anew = true, true
	}
	if d.why != "" {
		p.decided(s.list, "declined", s.binds[i].obj.path, d.why)
	}
	if d.old {
		p.decided(s.list, "taken", s.binds[i].obj.path, "old, and no new bytes came")
		*s.binds[i].obj.trusted(s.list) = &trust{s.run, v.ID}
		s.run.old = s.run.old || s.run.first
	}
	if !d.again.IsZero() {
		p.later(s.list, d.again)
	}
}

// open reports whether s waits for bytes to take in the place of those that it meant.
func (s *snapshot) open() bool {
	return s.anew && slices.ContainsFunc(s.binds, func(b bind) bool { return b.anew && b.ver == nil && !b.free })
}

// replaces reports whether v was met at rest and is not what the store holds under the name of o, so that it came while nobody
// looked: nobody knows whether before or after a playlist that was met beside it, as times are those of a clock that may have
// been set back.
func (o *object) replaces(v *disk.Version) bool {
	return v.File.Found && v.File.State == hls.Settled && v.Compared() && o.cell.Belief() != bucket.Absent && !o.stored(v)
}

// reconsider takes the version from reference i of s which it means, unless that is good all the same.
func (p *Plan) reconsider(s *snapshot, i int) {
	v := s.binds[i].ver
	if v == nil {
		return
	}
	d := p.sight(s, i, v).settled()
	if p.heed(s, i, v, d); !d.means {
		s.binds[i].ver, s.cursor = nil, 0
		p.bind(s, i)
	}
}

// inherit notes that an earlier process published s, which has come true in the store: no version is held back from it as long as
// nobody knows whether the other bytes of a name are younger. They take the place of those stored once no newer playlist came.
func (p *Plan) inherit(s *snapshot) {
	s.inherited = true
	for i := range s.binds {
		b := &s.binds[i]
		if v := b.obj.current(); b.ver == nil && v != nil && b.obj.replaces(v) && !p.sight(s, i, v).younger() {
			b.anew = false
			p.bind(s, i)
		}
	}
}

// backward reports whether v is older than the segment that s lists before it, of which the name is alike. An advertisement
// or a slate among the segments of a stream is as old as it is.
func (s *snapshot) backward(i int, v *disk.Version) bool {
	if i == 0 || s.file.Kind != hls.MediaPlaylist || !s.binds[i].obj.isMedia() {
		return false
	}
	before := &s.binds[i-1]
	return before.obj.isMedia() && before.ver != nil && before.obj.pattern() == s.binds[i].obj.pattern() && before.ver.File.Version.ModTime > v.File.Version.ModTime
}

// supersede is called when the bytes of old can never be stored again, as the name o has others: snapshots
// that mean old are dropped, but the newest of each playlist is bound anew.
func (p *Plan) supersede(o *object, old *disk.Version) {
	for _, n := range slices.Clone(o.naming) {
		l := n.list
		for i := len(l.pending) - 1; i >= 0; i-- {
			s := l.pending[i]
			if !s.means(o, old) || s.binds[s.find(o)].satisfied() {
				continue // or what it needs of a file that grew is stored
			}
			if s == l.flying {
				l.outdated = true
				continue
			}
			if s != l.last || s.left() {
				p.dropSnapshot(l, i)
				continue
			}
			j := s.find(o)
			s.binds[j].ver, s.binds[j].anew = nil, true
			s.anew, s.cursor = true, 0
			p.bind(s, j)
		}
		p.wake(l.stream)
		p.touch(l.stream)
	}
}

// find returns the number of the bind of s to o, -1 if it has none.
func (s *snapshot) find(o *object) int {
	if i := o.place; i < len(s.binds) && s.binds[i].obj == o {
		return i // as in the version that named it last
	}
	return slices.IndexFunc(s.binds, func(b bind) bool { return b.obj == o })
}

// means reports whether s has a reference to o that means v.
func (s *snapshot) means(o *object, v *disk.Version) bool {
	i := s.find(o)
	return i >= 0 && s.binds[i].ver != nil && s.binds[i].ver.ID == v.ID
}

// ready reports whether all that s names is stored as s means it.
func (s *snapshot) ready() bool {
	if s.outside != "" || s.text.content == nil {
		return false
	}
	for s.cursor < len(s.binds) && s.binds[s.cursor].satisfied() {
		s.cursor++
	}
	if s.cursor < len(s.binds) {
		return false
	}
	for s.found < len(s.lists) && s.lists[s.found].cell.Exists() {
		s.found++
	}
	return s.found == len(s.lists)
}

// satisfied reports whether the store holds what b means, or nobody waits for it.
func (b *bind) satisfied() bool {
	r := b.obj.cell.Ours()
	return b.free || b.ver != nil && r != nil && r.ID == b.ver.ID && r.Reaches(b.need)
}

// expose counts s as possibly published, so that nothing it names is overwritten carelessly.
func (p *Plan) expose(s *snapshot) {
	if s.exposed {
		return
	}
	s.exposed = true
	for i := range s.binds {
		if b := &s.binds[i]; !b.free {
			b.exposed = true
			b.obj.name(s.list, 0, 1)
		}
	}
}

// conceal undoes expose and forgets the references of s if it is not pending either.
func (p *Plan) conceal(s *snapshot) {
	if s.exposed {
		s.exposed = false
		for i := range s.binds {
			b := &s.binds[i]
			if !b.exposed {
				continue
			}
			b.exposed = false
			o := b.obj
			o.name(s.list, 0, -1)
			if o.pendingWork() {
				p.wakeQueues(o) // it may be overwritten now
			}
		}
	}
	p.unname(s)
}

// unname gives the references of a snapshot up that is neither pending nor possibly published.
func (p *Plan) unname(s *snapshot) {
	if !s.named || s.exposed || !s.dropped {
		return
	}
	s.named = false
	for i := range s.binds {
		o := s.binds[i].obj
		o.name(s.list, -1, 0)
		if s.binds[i].waits {
			o.waiters = slices.DeleteFunc(o.waiters, func(w waiter) bool { return w.s == s })
		}
		if len(o.naming) == 0 && o.unknown() {
			o.disk.Depart() // it never was
		}
		p.forgetObject(o)
	}
	s.binds = nil
	p.unnameLists(s)
	s.text.letGo()
	s.file.Share.Release()
}
