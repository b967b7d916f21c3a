package storetest

import (
	"slices"
	"time"
)

// change is a change of the store that is not judged yet.
type change struct {
	file    *file
	object  state
	sum     digest
	content []byte
	at      time.Time
}

// drain judges the changes that wait, up to the first that may yet be explained.
func (v *Viewer) drain(now time.Time, force bool) {
	n := 0
	for ; n < len(v.waiting); n++ {
		c := v.waiting[n]
		if !force && now.Sub(c.at) < v.Grace && !v.explained(&c) {
			break
		}
		v.judge(&c)
	}
	v.waiting = append(v.waiting[:0], v.waiting[n:]...)
}

// explained reports whether the truth told so far accounts for the bytes stored.
func (v *Viewer) explained(c *change) bool {
	switch f := c.file; {
	case !c.object.present:
		return true
	case f.isPlaylist():
		return c.object.unread || f.list != nil && f.list.find(c.sum, 0) != nil
	case c.object.unread:
		return v.AllowUnnamed || len(f.namers) > 0
	default:
		// Bytes that a run writes again, as encoders of sound do, may be the newest already, of which nobody told yet.
		o := c.object
		o.version = f.find(c.sum, c.content)
		return o.version >= 0 && v.named(f, o.version, c.at) && v.bears(f, o, c.at)
	}
}

// bears reports whether what is published of what the store serves is served still once f is o.
func (v *Viewer) bears(f *file, o state, at time.Time) bool {
	before := f.stored
	defer func() { f.stored = before }()
	return !slices.ContainsFunc(f.namers, func(p *playlist) bool {
		if p.shown == nil {
			return false
		}
		r := p.shown.ref(f)
		f.stored = before
		served := r != nil && r.gates && p.serves(v, r, at)
		f.stored = o
		return served && !p.serves(v, r, at)
	})
}
