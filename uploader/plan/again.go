package plan

import (
	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/disk"
)

// Many packagers write an initialization section or a key again with the same bytes: with every playlist, at the end, or when they begin
// anew. That is the version that is known, with another source: nothing waits for it, and nothing is stored again.

// has reports whether the bytes of f are those of v, which is the newest version of o, or the one before it.
func (o *object) has(v *disk.Version, f hls.File) bool {
	newest := v == o.disk.Candidate() || o.disk.Candidate() == nil
	return v.File.Version == f.Version || newest && v.File.Sum == f.Sum && f.Sum != hls.Sum{}
}

// refresh takes in that v, a version of o, was reported again: as an upload of it was void, as its source might have been lost, or
// since somebody wrote the same bytes once more.
func (p *Plan) refresh(o *object, v *disk.Version, f hls.File) {
	if v.File.Version == f.Version {
		p.out.release(v.Refresh(f))
		return
	}
	p.release(v)
	if v.Again(f); v == o.disk.Candidate() {
		return
	}
	if o.disk.Lose(false); o.stored(v) && !o.cell.Unproven() {
		v.Unnote()
		p.note(o, v)
		p.release(v)
	}
	p.offer(o) // what waited for bytes that are younger has them
	p.wakeNaming(o)
}

// rewriting reports whether v, whose bytes changed under the request, may be written again with the same. Then it stays, without a source,
// until the watcher has looked.
func (p *Plan) rewriting(o *object, v *disk.Version) bool {
	if v != o.disk.Newest() || o.disk.Candidate() != nil || o.disk.Gone() || v.File.Sum == (hls.Sum{}) || o.isMedia() {
		return false
	}
	p.uncount(v)
	p.release(v)
	if v.Unkeep(); o.disk.Look() {
		p.out.look(o.path)
	}
	return true
}

// current is what out says of the version that j is about: that its source is out of reach or has other bytes says nothing once
// there is another.
func (j *errand) current(out Outcome) Outcome {
	replaced := j.version != nil && j.version.File.Version != j.File.Version && j.File.Growth == 0
	if replaced && (out.Result == Void || out.Result == Gone) {
		out.Result = Cancelled
	}
	return out
}
