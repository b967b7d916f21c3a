package plan

import (
	"slices"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// list is all that the Plan knows of one playlist's name.
type list struct {
	path   string
	stream *stream // nil while there is no file of it
	gone   bool
	goneAt time.Time // when it left the directory, if it is gone

	last    *snapshot   // the newest version on disk, pending or not
	pending []*snapshot // oldest first, all newer than published
	run     *run        // the packager's run that last belongs to
	edge    edge

	fetched   bool      // the published version was read back from the store
	published *snapshot // what the store holds; nil for nothing, or for what cannot be parsed
	exists    bool      // the store holds a version
	etag      string    // of the stored version; empty if unknown or none
	// doubt holds the snapshots whose PUT began and is not known to have failed or been replaced: each may
	// be the published one.
	doubt     []*snapshot
	flying    *snapshot // whose PUT is under way
	outdated  bool      // what flying means was superseded meanwhile
	fetching  bool
	contested bool // a precondition failed, and what is stored was not read since
	conflicts int  // preconditions that failed in a row without reason
	blind     bool // this playlist is PUT without condition

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
	ver      *version
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

// bind ties reference i of s to the version that its name has now, if that is good for the run of s.
// Otherwise the next version to settle will be offered to it.
func (p *Plan) bind(s *snapshot, i int) {
	b := &s.binds[i]
	if b.ver != nil {
		return
	}
	o := b.obj
	v := o.current()
	early := v != nil && p.early(s, i, v)
	if v != nil && !early && p.good(s, i, v) {
		p.want(o, v, s.list.stream)
		if !b.free {
			if b.ver = v; o.isMedia() && v.witnessed() && v.file.Seen.After(s.fresh) {
				s.fresh = v.file.Seen
			}
			return
		}
	}
	b.declined = v != nil && !early && !b.free && !o.hollow(v)
	if !b.waits {
		b.waits = true
		o.waiters = append(o.waiters, waiter{s, i})
	}
	if b.soft && v == nil && o.asked == nil {
		p.excuse(s, b)
	} else if v == nil && !b.free {
		p.seek(s, o)
	}
}

// softWait is how long a manifest waits for a soft reference whose file is not there, and a playlist for other bytes than
// old ones. The packager may have finished them already: a playlist that is replaced within milliseconds may be heard
// of before the file.
const softWait = 250 * time.Millisecond

// excuse lets s go without a soft reference whose file is not there. After a start the files that were there may have
// to be quiet for Settle before they are heard of, from when the scan met them.
func (p *Plan) excuse(s *snapshot, b *bind) {
	at := s.file.Seen.Add(softWait)
	if scanned := p.began.Add(2 * p.cfg.Settle); s.file.Found || s.file.Seen.Before(scanned) {
		at = s.file.Seen.Add(max(softWait, p.cfg.Settle))
		if at.Before(scanned) {
			at = scanned
		}
	}
	if p.now.Before(at) {
		p.later(s.list, at)
		return
	}
	b.free = true
}

// good reports whether v may be what reference i of s means, and has it offered again if that is so only
// later. Bytes that are younger than a playlist met at rest may have replaced those that it meant.
func (p *Plan) good(s *snapshot, i int, v *version) bool {
	b := &s.binds[i]
	if b.obj.hollow(v) || s.predates(v) {
		return false // the next bytes to settle are offered
	}
	if b.hint {
		return v.file.Seen.After(s.file.Seen) || v.file.Version.ModTime > s.file.Version.ModTime
	}
	if b.free {
		return true
	}
	if s.precedes(v) || s.file.Found && !s.inherited && b.obj.replaces(v) {
		b.anew, s.anew = true, true
	}
	if b.anew {
		if s != s.list.last {
			return false
		}
		if at := v.file.Seen.Add(p.cfg.Settle); p.now.Before(at) {
			p.later(s.list, at)
			return false
		}
	}
	r := s.run
	if !r.mayBeOlder(s, i, v) {
		return true
	}
	known := b.obj.trusted(s.list)
	if t := *known; t != nil && t.run == r && t.id == v.id {
		return true
	}
	since := s.file.Seen
	if s.fresh.After(since) {
		since = s.fresh // new bytes came for it, so that those of its other names are to come as well
	}
	deadline := since.Add(p.patience(s, b.obj))
	if p.now.Before(deadline) {
		p.later(s.list, deadline)
		return false
	}
	*known = &trust{r, v.id}
	r.old = r.old || r.first
	return true
}

// open reports whether s waits for bytes to take in the place of those that it meant.
func (s *snapshot) open() bool {
	return s.anew && slices.ContainsFunc(s.binds, func(b bind) bool { return b.anew && b.ver == nil && !b.free })
}

// precedes reports whether s was met at rest and v is younger.
func (s *snapshot) precedes(v *version) bool {
	return s.file.Found && (v.file.Version.ModTime > s.file.Version.ModTime || v.witnessed() && v.file.Seen.After(s.file.Seen))
}

// replaces reports whether v was met at rest and is not what the store holds under the name of o, so that it came while nobody
// looked: nobody knows whether before or after a playlist that was met beside it, as times are those of a clock that may have
// been set back.
func (o *object) replaces(v *version) bool {
	return v.file.Found && v.file.State == hls.Settled && v.differs && !v.absent && !o.stored(v)
}

// reconsider takes the version from reference i of s which it means, unless that is good all the same.
func (p *Plan) reconsider(s *snapshot, i int) {
	if v := s.binds[i].ver; v != nil && !p.good(s, i, v) {
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
		if v := b.obj.current(); b.ver == nil && v != nil && b.obj.replaces(v) && !s.precedes(v) {
			b.anew = false
			p.bind(s, i)
		}
	}
}

// early reports whether v, which may be of the last time that its name was used, is to be taken only later, and has it
// offered again then.
func (p *Plan) early(s *snapshot, i int, v *version) bool {
	at := s.file.Seen.Add(softWait)
	if v.vetted || v.file.Found || !s.backward(i, v) {
		return false
	}
	if v.vetted = !p.now.Before(at); !v.vetted {
		p.later(s.list, at)
	}
	return !v.vetted
}

// backward reports whether v is older than the segment that s lists before it, of which the name is alike. An advertisement
// or a slate among the segments of a stream is as old as it is.
func (s *snapshot) backward(i int, v *version) bool {
	if i == 0 || s.file.Kind != hls.MediaPlaylist || !s.binds[i].obj.isMedia() {
		return false
	}
	before := &s.binds[i-1]
	return before.obj.isMedia() && before.ver != nil && before.obj.pattern() == s.binds[i].obj.pattern() && before.ver.file.Version.ModTime > v.file.Version.ModTime
}

// patience is how long a reference of a restarted stream waits for new bytes. Keys and init sections are
// often kept over a restart; a media segment of the old run is hardly ever meant, so that it waits long
// enough for a packager that names segments before it writes them.
func (p *Plan) patience(s *snapshot, o *object) time.Duration {
	if o.isMedia() {
		return max(p.cfg.Settle, 3*s.target())
	}
	return p.cfg.Settle
}

// seek finds out what became of a name that no finished file has: the store is asked if the file was
// deleted, or if s was met at rest so that the file may have been there before; the watcher is asked to look
// if the name stays missing.
func (p *Plan) seek(s *snapshot, o *object) {
	if o.lost || o.asked != nil {
		return
	}
	if o.gone {
		p.ask(o, s.list.stream)
		return
	}
	deadline := s.file.Seen.Add(p.cfg.Settle)
	if p.now.Before(deadline) {
		p.later(s.list, deadline)
		return
	}
	if s.file.Found {
		p.ask(o, s.list.stream)
	}
	if !o.looked {
		o.looked = true
		p.out.Looks = append(p.out.Looks, o.path)
	}
}

// supersede is called when the bytes of old can never be stored again, as the name o has others: snapshots
// that mean old are dropped, but the newest of each playlist is bound anew.
func (p *Plan) supersede(o *object, old *version) {
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
func (s *snapshot) means(o *object, v *version) bool {
	i := s.find(o)
	return i >= 0 && s.binds[i].ver != nil && s.binds[i].ver.id == v.id
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
	for s.found < len(s.lists) && s.lists[s.found].exists {
		s.found++
	}
	return s.found == len(s.lists)
}

// satisfied reports whether the store holds what b means, or nobody waits for it.
func (b *bind) satisfied() bool {
	r := b.obj.remote
	return b.free || b.ver != nil && r != nil && r.id == b.ver.id && r.reaches(b.need)
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
			o.gone = true // it never was
		}
		p.forgetObject(o)
	}
	s.binds = nil
	p.unnameLists(s)
	s.text.letGo()
	s.file.Share.Release()
}
