package plan

import (
	"slices"
	"time"

	"github.com/hlsship/hlsship/uploader/plan/disk"
)

// overwrite notes that the store's bytes of o are about to change: snapshots that mean the old ones cannot
// become true any more.
func (p *Plan) overwrite(o *object) {
	old := o.cell.Ours()
	if old != nil && o.extends(o.disk.Newest()) {
		return
	}
	p.changed(o, o.cell.Forget())
	if old != nil {
		p.supersede(o, old)
	}
}

// mayOverwrite reports whether v may replace what the store holds under its name now, and if not when it may although nothing
// happens. It may unless a playlist that is or may be published needs the old bytes; see overwritable.
func (p *Plan) mayOverwrite(o *object, v *disk.Version) (ok bool, again time.Time) {
	if at := o.cell.Drifts(v); p.now.Before(at) {
		return false, at
	}
	if o.extends(v) {
		return true, again
	}
	if p.needless(o) {
		if at := p.met(); p.now.Before(at) {
			again = at
		}
		return false, again
	}
	for _, n := range o.naming {
		if n.exposed == 0 || n.list.shows(o, v) {
			continue
		}
		if ok, again = p.overwritable(n.list, o, v); !ok {
			return false, again
		}
	}
	return true, time.Time{}
}

// needless reports whether the newest bytes of o, an init section or key, would replace others although no playlist names it that is in the
// directory or was kept: one that is published, of which nobody has a file any more, may need those. Segments are named once, and what
// was skipped follows when no playlist names it any more.
func (p *Plan) needless(o *object) bool {
	v := o.disk.Newest()
	return v != nil && v.Wanted() && len(o.naming) == 0 && o.disk.Candidate() == nil && !o.isMedia() &&
		o.cell.Exists() && !v.Questioned() && !o.stored(v) && !o.extends(v) && !p.cfg.Include(o.path) && !o.fixed
}

// spare leaves the store what it has if the newest bytes of o are needless. They are lost if nobody else has them.
func (p *Plan) spare(o *object) {
	if !p.needless(o) {
		return
	}
	v := o.disk.Newest()
	p.uncount(v)
	v.Unwant()
	if o.disk.Gone() {
		p.lose(o, "superseded")
	}
}

// shows reports whether every version of l that is or may be published means v by its reference to o, so that to store v
// can only mend what they name: nobody knows what the store holds. What an earlier process published means what is stored. The
// published version may mean what it likes if one in doubt means v: what it meant went when v was stored for that one.
func (l *list) shows(o *object, v *disk.Version) bool {
	replaced := false
	for _, s := range append(slices.Clip(l.doubt), l.published) {
		if s == nil || s == l.published && replaced {
			continue
		}
		i := s.find(o)
		if i < 0 || s.binds[i].free() {
			continue
		}
		b := &s.binds[i]
		if b.ver == nil || b.ver.ID != v.ID || s.prior && o.cell.ETag() != "" {
			return false
		}
		replaced = replaced || !b.rebinds
	}
	return true
}

// overwritable reports whether v may replace bytes that the published version of l names: when a newer
// snapshot waits for nothing but overwrites; else after Settle if no newer playlist came, or after Patience from the
// first bytes on, when it is to be asked again.
func (p *Plan) overwritable(l *list, o *object, v *disk.Version) (ok bool, again time.Time) {
	if len(l.doubt) > 0 {
		return false, again // what is published shows when its PUT ended well
	}
	meant, due := l.meaning(o, v)
	if due {
		return true, again
	}
	ended := l.last != nil && l.last == l.published && l.last.file.Playlist.Ended && l.last.find(o) >= 0
	if !meant && o.isMedia() && !ended {
		return false, again // older bytes than the published ones, or a packager's that has not listed them yet
	}
	at := v.File.Seen.Add(p.cfg.Settle)
	if patient := o.disk.Unsettled().Add(max(p.cfg.Patience, p.cfg.Settle)); len(l.pending) > 0 || patient.Before(at) {
		at = patient // it may be written again and again
	}
	return !p.now.Before(at), at
}

// meaning reports whether a snapshot newer than the published one, or the newest on disk, means v by its reference to
// o, and whether such a pending one waits for nothing but overwrites, so that its time has come.
func (l *list) meaning(o *object, v *disk.Version) (meant, due bool) {
	floor := l.floor()
	for _, s := range slices.Backward(l.pending) {
		if s.seq <= floor {
			break
		}
		if s.means(o, v) {
			meant = true
			if s.waitsForOverwrites(l) {
				return true, true
			}
		}
	}
	return meant || l.last != nil && (l.last.means(o, v) || l.last.indifferent(o) && (o.meant(v) || o.meantNow(v))), false
}

// indifferent reports whether s, which an earlier process published, may mean any bytes of o that another playlist means: when it was met in
// the bucket those of the directory were too young to be meant at once, and a store whose ETags tell nothing cannot say whether it has
// them.
func (s *snapshot) indifferent(o *object) bool {
	i := s.find(o)
	return s.prior && i >= 0 && s.binds[i].open()
}

// meantNow reports whether the newest version of a playlist means v, be it published or not.
func (o *object) meantNow(v *disk.Version) bool {
	return slices.ContainsFunc(o.naming, func(n naming) bool { return n.list.last != nil && n.list.last.means(o, v) })
}

// floor is the number of the newest snapshot that is or may be published.
func (l *list) floor() uint64 {
	var n uint64
	if l.published != nil {
		n = l.published.seq
	}
	for _, s := range l.doubt {
		n = max(n, s.seq)
	}
	return n
}

// waitsForOverwrites reports whether all that s names is stored but for names that the published version
// of l names too, whose new bytes are at hand.
func (s *snapshot) waitsForOverwrites(l *list) bool {
	if s.fault.any() {
		return false
	}
	for i := range s.binds {
		b := &s.binds[i]
		if b.satisfied() {
			continue
		}
		v := b.obj.disk.Newest()
		if b.ver == nil || v == nil || v.ID != b.ver.ID || !v.Reaches(b.need) || !b.obj.exposedBy(l) {
			return false
		}
	}
	for _, child := range s.lists {
		if !child.cell.Exists() {
			return false
		}
	}
	return true
}

// exposedBy reports whether a version of l that may be published names o.
func (o *object) exposedBy(l *list) bool {
	return slices.ContainsFunc(o.naming, func(n naming) bool { return n.list == l && n.exposed > 0 })
}
