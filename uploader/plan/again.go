package plan

import "github.com/hlsship/hlsship/hls"

// Many packagers write an initialization section or a key again with the same bytes: with every playlist, at the end, or when they begin
// anew. That is the version that is known, with another source: nothing waits for it, and nothing is stored again.

// has reports whether the bytes of f are those of v, which is the newest version of o, or the one before it.
func (o *object) has(v *version, f hls.File) bool {
	newest := v == o.asked || o.asked == nil
	return v.file.Version == f.Version || newest && v.file.Sum == f.Sum && f.Sum != hls.Sum{}
}

// refresh takes in that v, a version of o, was reported again: as an upload of it was void, as its source might have been lost, or
// since somebody wrote the same bytes once more.
func (p *Plan) refresh(o *object, v *version, f hls.File) {
	named, again := v.file.Named || f.Named, v.file.Version != f.Version
	switch {
	case again:
		p.release(v)
		v.file, v.kept = f, false
	case v.file.Source == nil:
		v.file.Source = f.Source
	default:
		p.releaseSource(f.Source)
	}
	if v.file.Sum == (hls.Sum{}) {
		v.file.Sum = f.Sum // what an earlier process left nobody read
	}
	if v.file.Named = named; !again || v == o.asked {
		return
	}
	if o.lost = false; o.stored(v) && !o.unproven {
		v.noted = ""
		p.note(o, v)
		p.release(v)
	}
	p.offer(o) // what waited for bytes that are younger has them
	p.wakeNaming(o)
}

// rewriting reports whether v, whose bytes changed under the request, may be written again with the same. Then it stays, without a source,
// until the watcher has looked.
func (p *Plan) rewriting(o *object, v *version) bool {
	if v != o.newest || o.asked != nil || o.gone || v.file.Sum == (hls.Sum{}) || o.isMedia() {
		return false
	}
	p.uncount(v)
	p.release(v)
	if v.kept = false; !o.looked {
		o.looked = true
		p.out.Looks = append(p.out.Looks, o.path)
	}
	return true
}

// current is what out says of the version that j is about: that its source is out of reach or has other bytes says nothing once
// there is another.
func (j *errand) current(out Outcome) Outcome {
	replaced := j.version != nil && j.version.file.Version != j.File.Version && j.File.Growth == 0
	if replaced && (out.Result == Void || out.Result == Gone) {
		out.Result = Cancelled
	}
	return out
}
