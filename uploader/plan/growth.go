package plan

import (
	"math"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/disk"
	"github.com/hlsship/hlsship/uploader/plan/schedule"
	"github.com/hlsship/hlsship/uploader/store"
)

// leastAppend is the size from which on an object is lengthened in the store instead of being sent whole: every part
// of a multipart upload but the last is at least 5 MiB (S3 "Multipart upload limits").
const leastAppend = 5 << 20

// need is how many bytes of its file a reference names.
func need(ref *hls.Reference) int64 {
	if ref.Length > 0 {
		return ref.Offset + ref.Length
	}
	return math.MaxInt64
}

// observeGrowth takes the fact in that a file, of which the first bytes are known, is longer now or finished. ok is
// false if f is not about such bytes.
func (p *Plan) observeGrowth(o *object, f hls.File) (ok bool) {
	same := func(v *disk.Version) bool { return v != nil && v.File.Growth == f.Growth }
	switch {
	case f.Growth == 0:
		return false
	case o.disk.Candidate() != nil && f.State == hls.Growing && same(o.disk.Candidate()):
		p.out.release(f.Source) // the next fact tells of these bytes, too; until then it shows whether the store has them
		return true
	case o.disk.Candidate() != nil || !same(o.disk.Newest()):
		return false
	}
	old := o.disk.Newest()
	head := int64(0)
	if o.cell.Begins(old) {
		head = o.cell.Ours().File.Version.Size
	}
	v := old.Longer(f, head)
	o.disk.Grow(v)
	o.cell.Renew()
	p.uncount(old)
	p.release(old)
	p.whole(o)
	if old.Wanted() {
		if o.item.In(schedule.Skipped) {
			o.item.Withdraw()
		}
		p.keep(v)
		p.queue(o)
	}
	p.wakeNaming(o)
	return true
}

// whole notes that the store holds all of a file, if it was finished with nothing behind what is stored.
func (p *Plan) whole(o *object) {
	v := o.disk.Newest()
	if v == nil || o.cell.Ours() == nil || o.cell.Ours() == v || o.cell.Ours().ID != v.ID || o.cell.Ours().File.Version.Size != v.File.Version.Size {
		return
	}
	o.cell.Extend(v)
	p.uncount(v)
	p.release(v)
	p.note(o, v)
}

// outgrown reports whether a request was about bytes of which o has more by now.
func (o *object) outgrown(v *disk.Version) bool {
	return o.disk.Newest() != nil && o.disk.Newest() != v && o.disk.Newest().ID == v.ID
}

// extends reports whether v is what the store holds, and more.
func (o *object) extends(v *disk.Version) bool {
	return o.cell.Ours() != nil && o.cell.Ours().ID == v.ID
}

// lengthen says how v is stored if it is of a file that grows: behind the bytes that the store holds, or whole on condition that it holds
// what is known. A request that was given up and arrives late would make the object shorter than playlists say.
func (p *Plan) lengthen(o *object, v *disk.Version) (ifMatch string, ifAbsent bool, from int64) {
	if v.File.Growth == 0 || !p.bucket.Conditional() {
		return "", false, 0
	}
	ifMatch, ifAbsent = o.cell.ETag(), o.cell.ETag() == ""
	if o.extends(v) && ifMatch != "" && p.bucket.Extends() {
		if n := o.cell.Ours().File.Version.Size; n >= leastAppend && n < v.File.Version.Size {
			from = n
		}
	}
	return ifMatch, ifAbsent, from
}

// clash notes that a condition of lengthen failed, so that the store is asked what it holds before the next request.
func (p *Plan) clash(j *errand, out Outcome) bool {
	if j.From > 0 && (out.Kind == store.Unsupported || out.Kind == store.Permanent) {
		p.bucket.Inextensible()
		return true
	}
	if j.IfMatch == "" && !j.IfAbsent || out.Kind != store.Precondition && out.Kind != store.Unsupported && out.Kind != store.NotFound {
		return false
	}
	if out.Kind == store.Unsupported {
		p.bucket.Unconditional()
	}
	j.object.cell.Clash()
	return true
}
