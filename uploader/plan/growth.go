package plan

import (
	"math"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/store"
)

// leastAppend is the size from which on an object is lengthened in the store instead of being sent whole: every part
// of a multipart upload but the last is at least 5 MiB (S3 "Multipart upload limits").
const leastAppend = 5 << 20

// reach is how many bytes of a file v has: those of a growing file are versions of one id, each longer than the one
// before it. What is finished is whole, and reaches to every range that a playlist may name.
func (v *version) reach() int64 {
	if v.file.State == hls.Growing {
		return v.file.Version.Size
	}
	return math.MaxInt64
}

// reaches reports whether v has the bytes that a reference needs. What is known from the store alone may be the
// beginning of a file that grew.
func (v *version) reaches(need int64) bool {
	if v.file.State == 0 && need != math.MaxInt64 {
		return v.file.Version.Size >= need
	}
	return v.reach() >= need
}

// size is how many bytes are to be stored for v.
func (v *version) size() int64 { return v.file.Version.Size - v.head }

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
	same := func(v *version) bool { return v != nil && v.file.Growth == f.Growth }
	switch {
	case f.Growth == 0:
		return false
	case o.asked != nil && f.State == hls.Growing && same(o.asked):
		p.releaseSource(f.Source) // the next fact tells of these bytes, too; until then it shows whether the store has them
		return true
	case o.asked != nil || !same(o.newest):
		return false
	}
	old := o.newest
	v := &version{id: old.id, file: f, differs: true}
	if o.extends(v) {
		v.head = o.remote.file.Version.Size
	}
	o.newest, o.lost, o.query, o.before, o.recall = v, false, false, "", nil
	p.uncount(old)
	p.release(old)
	p.whole(o)
	if old.wanted {
		if v.wanted = true; o.late {
			o.hurry()
		}
		p.keep(v)
		p.queue(o)
	}
	p.wakeNaming(o)
	return true
}

// whole notes that the store holds all of a file, if it was finished with nothing behind what is stored.
func (p *Plan) whole(o *object) {
	v := o.newest
	if v == nil || o.remote == nil || o.remote == v || o.remote.id != v.id || o.remote.file.Version.Size != v.file.Version.Size {
		return
	}
	o.remote = v
	p.uncount(v)
	p.release(v)
	p.note(o, v)
}

// outgrown reports whether a request was about bytes of which o has more by now.
func (o *object) outgrown(v *version) bool {
	return o.newest != nil && o.newest != v && o.newest.id == v.id
}

// extends reports whether v is what the store holds, and more.
func (o *object) extends(v *version) bool { return o.remote != nil && o.remote.id == v.id }

// lengthen has the job add to what the store holds, or put the whole on condition that it holds what is known: a
// request that was given up and arrives late would make the object shorter than playlists say.
func (p *Plan) lengthen(j *errand, o *object) {
	if j.File.Growth == 0 || p.cfg.Unconditional {
		return
	}
	j.IfMatch, j.IfAbsent = o.etag, o.etag == ""
	if o.extends(j.version) && o.etag != "" && !p.noAppend {
		if from := o.remote.file.Version.Size; from >= leastAppend && from < j.File.Version.Size {
			j.From = from
		}
	}
}

// clash notes that a condition of lengthen failed, so that the store is asked what it holds before the next request.
func (p *Plan) clash(j *errand, out Outcome) bool {
	if j.From > 0 && (out.Kind == store.Unsupported || out.Kind == store.Permanent) {
		p.noAppend = true
		return true
	}
	if j.IfMatch == "" && !j.IfAbsent || out.Kind != store.Precondition && out.Kind != store.Unsupported && out.Kind != store.NotFound {
		return false
	}
	if out.Kind == store.Unsupported {
		p.cfg.Unconditional = true
	}
	j.object.etag, j.object.clashed = "", true
	return true
}
