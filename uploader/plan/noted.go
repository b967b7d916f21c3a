package plan

import (
	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/disk"
)

// What an earlier process stored it noted, so that a start reads next to nothing. A note is about bytes (hls.Version) and says under
// which ETag they were stored. It is believed at once if a playlist that the store has published names the file, as all that such a
// playlist names was stored before it; the listing of the store, or a request of its own, then proves it. Any other note
// is believed once the store shows the ETag. What is not noted is compared by its bytes, and what a proof contradicts is as well.

// Note says that the bytes of a file are stored, and under which ETag.
type Note struct {
	// Path names the file, relative to the watched directory.
	Path string
	// Version is that of the bytes that are stored.
	Version hls.Version
	// ETag is that of the object; never empty.
	ETag string
}

// known returns the ETag under which an earlier process stored the bytes of f, "" if that is not known.
func (p *Plan) known(f hls.File) string {
	if p.cfg.Known == nil || !f.Found || f.State != hls.Settled {
		return ""
	}
	if p.continuous.machine == nil {
		return p.cfg.Known(f.Path, f.Version)
	}
	n := p.continuous.remember(p.continuous.source(f.Path), f.Version, p.cfg.Known)
	if folder, _ := hls.SessionOf(f.Path); folder != n.folder {
		return ""
	}
	return n.etag
}

// note notes that the store holds v. A link, which keeps a file, ends what was noted of it.
func (p *Plan) note(o *object, v *disk.Version) {
	if p.cfg.Known == nil || o.cell.ETag() == "" || o.cell.Unproven() || v.File.State != hls.Settled || v.Noted() == o.cell.ETag() && !v.Kept() {
		return
	}
	path, etag := p.continuous.noteOf(o.path, o.cell.ETag())
	p.out.Notes = append(p.out.Notes, Note{Path: path, Version: v.File.Version, ETag: etag})
}

// trust takes it that the store holds the newest bytes of o, if that is noted and a playlist that it has published names them.
// Their source stays until that is proven.
func (p *Plan) trust(o *object) bool {
	v := o.disk.Newest()
	if v == nil || v.Noted() == "" || v.Hopeless() || o.disk.Candidate() != nil || o.busy() || o.cell.ETag() != "" || o.cell.Ours() != nil || !o.exposed() {
		return false
	}
	o.cell.Believe(v, v.Noted())
	p.uncount(v)
	p.account.compared(v, (*disk.Version).Close)
	p.proveLater(o)
	return true
}

// proveLater has the store asked, after all else, whether it has what is noted of o.
func (p *Plan) proveLater(o *object) {
	s := o.stream
	if s == nil || p.streams[s.key] != s { // it was forgotten
		s = p.unnamed(o.path)
	}
	p.schedule.PutProof(&o.item, &s.queue)
}

// vouch believes what is noted of the files that the published version of l names, now that it may be known. The bytes that it
// says nothing of are kept.
func (p *Plan) vouch(l *list) {
	if s := l.published; s != nil && s.exposed() {
		for i := range s.binds {
			if o := s.binds[i].obj; o.disk.Newest() != nil && o.disk.Newest().Wanted() && p.trust(o) {
				p.wakeNaming(o)
			}
		}
	}
	for _, s := range l.pending {
		for i := range s.binds {
			if o, v := s.binds[i].obj, s.binds[i].ver; v != nil && v.Noted() != "" && v == o.disk.Newest() && v.Wanted() && !v.Hopeless() && !o.stored(v) {
				p.keep(v)
			}
		}
	}
}

// prove compares what the store holds under the name of o with what is noted, and reports whether that is the same. If not it is to be
// compared by its bytes.
func (p *Plan) prove(o *object, etag string) bool {
	if etag != o.cell.ETag() {
		p.distrust(o)
		return false
	}
	o.cell.Prove()
	p.release(o.cell.Ours())
	return true
}

// distrust forgets what is known of o from a note alone, and reports whether there was anything.
func (p *Plan) distrust(o *object) bool {
	if !o.cell.Unproven() {
		return false
	}
	old, v := o.cell.Ours(), o.disk.Newest()
	p.changed(o, o.cell.Forget())
	if v == nil {
		return true
	}
	p.account.compared(v, (*disk.Version).Reopen)
	if v.ID != old.ID {
		p.supersede(o, old)
	} else if v.Wanted() {
		p.keep(v)
	}
	return true
}
