package plan

import (
	"slices"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/disk"
)

// strictness is how a reference gates the version of a playlist that it stands in: the first of several to one file counts.
type strictness uint8

const (
	gates    strictness = iota // nothing is published before the file is stored
	soft                       // so if the file is there when the manifest is frozen, or a moment later
	hint                       // it never gates, and means no file older than the manifest
	optional                   // it never gates
	excused                    // it was soft, and its file did not come: it gates no more
)

// free reports whether the reference gates nothing: all that settles under its name is shipped.
func (s strictness) free() bool { return s >= hint }

// strictnessOf returns how ref gates.
func strictnessOf(ref *hls.Reference) strictness {
	switch {
	case ref.Optional:
		return optional
	case ref.Hint:
		return hint
	case ref.Soft:
		return soft
	}
	return gates
}

// bind ties a reference to the version that it means. It waits for one, among the waiters of its object, until it is bound to the first
// that judge accepts. Bytes that can never be stored again are lost: then it waits once more. A reference that gates nothing is never
// bound. This file alone writes it.
type bind struct {
	obj      *object
	ver      *disk.Version // nil until it is bound
	need     int64         // how many bytes of the file are named
	strict   strictness
	waits    bool // it stands among the waiters of its object
	rebinds  bool // the bytes that it meant are lost: others are to be there for Settle, and no newer playlist
	declined bool // a version was there that might be that of an earlier run
	exposed  bool // counted as published in its object's naming
}

func newBind(o *object, ref *hls.Reference) bind {
	return bind{obj: o, need: need(ref), strict: strictnessOf(ref)}
}

// free reports whether b gates nothing.
func (b *bind) free() bool { return b.strict.free() }

// open reports whether b waits for bytes.
func (b *bind) open() bool { return b.ver == nil && !b.free() }

// merge takes another reference to the same file in: what one of them gates, both do.
func (b *bind) merge(ref *hls.Reference) {
	switch strict := strictnessOf(ref); {
	case strict == optional:
	case b.strict == optional:
		b.need, b.strict = need(ref), strict
	default:
		b.need, b.strict = max(b.need, need(ref)), min(b.strict, strict)
	}
}

// afresh returns b as part of another version that means the same, but for bytes that its name has no more.
func (b *bind) afresh() bind {
	n := bind{obj: b.obj, ver: b.ver, need: b.need, strict: b.strict}
	if n.strict == excused {
		n.strict = soft
	}
	if o := n.obj; n.ver != nil && o.disk.Newest() != nil && o.disk.Newest().ID != n.ver.ID {
		n.ver, n.rebinds = nil, true
	}
	return n
}

// expose counts b as published in its object's naming, as the store may hold a version of l that it stands in.
func (b *bind) expose(l *list) {
	if !b.free() {
		b.exposed = true
		b.obj.name(l, 0, 1)
	}
}

// conceal undoes expose, and reports whether there was anything to undo.
func (b *bind) conceal(l *list) bool {
	if !b.exposed {
		return false
	}
	b.exposed = false
	b.obj.name(l, 0, -1)
	return true
}

// part takes the version from reference i of s, as its bytes are lost, or to judge them again.
func (s *snapshot) part(i int, lost bool) {
	b := &s.binds[i]
	b.ver, b.rebinds = nil, b.rebinds || lost
	s.rewind()
}

// rebind has reference i of s take others than it meant, and those only if no newer playlist came.
func (s *snapshot) rebind(i int) { s.binds[i].rebinds = true }

// waiter is reference i of a snapshot that waits for the next version of its object.
type waiter struct {
	s *snapshot
	i int
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
	x := p.sight(s, i, v)
	d := judge(&x)
	p.heed(s, i, v, d)
	if d.means() {
		p.want(o, v, s.list.stream)
		if !b.free() {
			if b.ver = v; v.Witnessed() && v.File.Seen.After(s.fresh) {
				s.fresh = v.File.Seen
			}
			return
		}
	}
	b.declined = v != nil && d.ruling != tooEarly && !b.free() && !o.hollow(v)
	if !b.waits {
		b.waits = true
		o.waiters = append(o.waiters, waiter{s, i})
	}
	p.retainFor(b, v)
	if d.ruling == letGo {
		b.strict = excused
	}
	if d.ask {
		p.ask(o, s.list.stream)
	}
	if d.look && o.disk.Look() {
		p.out.look(o.path)
	}
}

// retainFor has bytes kept that b may mean yet: v, which its name has and nobody stored, or those that are being compared. If this process ends
// meanwhile, no playlist may name them any more that the next one finds.
func (p *Plan) retainFor(b *bind, v *disk.Version) {
	if b.free() {
		return
	}
	if c := b.obj.disk.Candidate(); c != nil {
		p.retain(c)
	}
	if v != nil && !v.Wanted() && v.Noted() == "" && !b.obj.hollow(v) && b.obj.cell.Ours() == nil {
		p.retain(v)
	}
}

// sight gathers what reference i of s is judged by, when its name has v; nil for nothing.
func (p *Plan) sight(s *snapshot, i int, v *disk.Version) sight {
	b, o := &s.binds[i], s.binds[i].obj
	x := sight{
		now: p.now, settle: p.cfg.Settle, met: p.met(),
		reference: referenceSight{media: o.isMedia(), strict: b.strict, rebinds: b.rebinds},
		list: listSight{
			seen: s.file.Seen, modified: s.file.Version.ModTime, origin: s.origin, prior: s.prior,
			newest: s == s.list.last, replaced: s.replaced, fresh: s.fresh, target: s.target(),
		},
	}
	if v == nil {
		x.bytes.state = o.absence()
		return x
	}
	x.bytes = bytesSight{
		seen: v.File.Seen, modified: v.File.Version.ModTime, origin: originOf(&v.File), growing: v.File.State != hls.Settled, replaces: o.replaces(v),
	}
	if o.hollow(v) {
		x.bytes.state = bytesEmpty
	}
	if o.fixed {
		return x // which bytes a key of a session has was decided before
	}
	if s.backward(i, v) {
		if x.bytes.order = backward; v.Vetted() {
			x.bytes.order = vetted
		}
	}
	if s.run.mayBeOlder(s, i, v) {
		if x.bytes.run = runBefore; o.trusts(s, v) {
			x.bytes.run = trusted
		}
	}
	return x
}

// met is when all that lay in the directory or the spool at the start is known at the latest.
func (p *Plan) met() time.Time { return p.began.Add(2 * p.cfg.Settle) }

// heed notes what a verdict about reference i of s and v says for later.
func (p *Plan) heed(s *snapshot, i int, v *disk.Version, d verdict) {
	if d.vetted {
		v.Vet()
	}
	if d.rebind {
		s.rebind(i)
	}
	if d.why != "" {
		p.decided(s.list, "declined", s.binds[i].obj.path, d.why)
	}
	if d.ruling == acceptedOld {
		p.decided(s.list, "taken", s.binds[i].obj.path, "old, and no new bytes came")
		s.binds[i].obj.entrust(s, v)
		s.run.old = s.run.old || s.run.first
	}
	if !d.again.IsZero() {
		p.later(s.list, d.again)
	}
}

// rebinds reports whether s waits for bytes to take in the place of those that it meant.
func (s *snapshot) rebinds() bool {
	return slices.ContainsFunc(s.binds, func(b bind) bool { return b.rebinds && b.open() })
}

// reconsider takes the version from reference i of s which it means, unless that is good all the same.
func (p *Plan) reconsider(s *snapshot, i int) {
	v := s.binds[i].ver
	if v == nil {
		return
	}
	x := p.sight(s, i, v)
	d := x.settled()
	if p.heed(s, i, v, d); !d.means() {
		s.part(i, false)
		p.bind(s, i)
	}
}

// inherit notes that an earlier process published s, which has come true in the store: no version is held back from it as long as
// nobody knows whether the other bytes of a name are younger. They take the place of those stored once no newer playlist came.
func (p *Plan) inherit(s *snapshot) {
	s.prior = true
	for i := range s.binds {
		b := &s.binds[i]
		v := b.obj.current()
		if b.ver != nil || v == nil || !b.obj.replaces(v) {
			continue
		}
		if x := p.sight(s, i, v); !x.younger() {
			b.rebinds = false
			p.bind(s, i)
		}
	}
}

// offer gives the references that wait for a version of o what is there now. What a published manifest counts on is
// shipped although nobody waits for it.
func (p *Plan) offer(o *object) {
	waiters := o.waiters
	o.waiters = nil
	for _, w := range waiters {
		if !w.s.over() && (w.s.pending() || w.s.binds[w.i].free()) {
			w.s.binds[w.i].waits = false
			p.bind(w.s, w.i)
			p.touchFiles(w.s.list.stream)
		}
	}
}

// doubtful is called when v takes the place of the bytes of o, which some references declined, as they might be those of
// an earlier run, or is the first that there is. References that may have meant the bytes before are disowned. If the Plan saw that run
// end it knows that those of v are of another; then they are meant unless o is the first of several segments and was named before: no
// packager begins a run like that, so that the version is of the run before all the same, as one that withdrew segments.
func (p *Plan) doubtful(o *object, v *disk.Version) {
	p.disown(o, func(w waiter) bool {
		if w.s.run.after == 0 {
			return w.s.binds[w.i].declined
		}
		return v.Witnessed() && v.File.Seen.After(w.s.file.Seen) && w.s.opensWith(o)
	})
}

// opensWith reports whether o is the first of several segments of s.
func (s *snapshot) opensWith(o *object) bool {
	var first *object
	for i := range s.binds {
		switch x := s.binds[i].obj; {
		case !x.isMedia():
		case first == nil:
			first = x
		default:
			return first == o
		}
	}
	return false
}

// disown is called when the bytes that waiting references of o may have meant are lost: only the newest snapshot
// of a playlist takes others, and only anew.
func (p *Plan) disown(o *object, which func(waiter) bool) {
	for _, w := range slices.Clone(o.waiters) {
		if !w.s.pending() || w.s.binds[w.i].free() || !which(w) {
			continue
		}
		l := w.s.list
		if w.s == l.last && !w.s.origin.inherited() {
			w.s.rebind(w.i)
		} else if i := slices.Index(l.pending, w.s); i >= 0 && !l.doubts(w.s) {
			p.dropSnapshot(l, i)
		}
	}
}

// depart takes the references of s out of those that wait for bytes of o.
func (o *object) depart(s *snapshot) {
	o.waiters = slices.DeleteFunc(o.waiters, func(w waiter) bool { return w.s == s })
}
