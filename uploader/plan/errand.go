package plan

import "github.com/hlsship/hlsship/uploader/plan/disk"

// errand is a Job under way, and what of the Plan it is about.
type errand struct {
	Job
	epoch    uint64        // of the Plan when it began
	object   *object       // of PutMedia and Compare
	version  *disk.Version // that is stored or compared; nil if the store is asked for whatever it has
	snapshot *snapshot     // of PutPlaylist
	list     *list         // of Fetch and PutPlaylist
	asker    *stream       // of a Fetch: that of the parent of a playlist of which there is no file
}

// begin numbers e and keeps it until it is reported.
func (p *Plan) begin(e errand) Job {
	p.lastJob++
	e.ID, e.epoch, e.Key = p.lastJob, p.bucket.Epoch(), keyOf(e.Path)
	p.errands[e.ID] = &e
	return e.Job
}

// end takes the errand of that number out. It panics if there is none, as the books would be wrong for ever.
func (p *Plan) end(id uint64) *errand {
	e := p.errands[id]
	if e == nil {
		panic("uploader: a job was reported twice, or never begun")
	}
	delete(p.errands, id)
	return e
}

// past returns what counts of an outcome that may be of a store which has vanished since: that something was there says nothing.
// What the PUT of a playlist did, a look at it tells.
func (e *errand) past(o Outcome) Outcome {
	switch {
	case e.Op == Fetch:
		o.Share.Release()
		return Outcome{Result: Cancelled, At: o.At}
	case e.object == nil:
		return o
	}
	if e.Op == PutMedia && o.Result == Done {
		e.object.cell.Landed(o.ETag)
	}
	switch o.Result {
	case Done, Different, Present:
		return Outcome{Result: Cancelled, At: o.At}
	case Absent, Void, Gone, Failed, Cancelled:
	}
	return o
}
