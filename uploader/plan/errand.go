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
	question uint64        // of a Compare for the sessions; 0 for none
	asker    *stream       // of a Fetch: that of the parent of a playlist of which there is no file
}

// begin numbers e and keeps it until it is reported.
func (p *Plan) begin(e errand) Job {
	e.epoch, e.Key = p.bucket.Epoch(), keyOf(e.Path)
	return p.errands.add(&e)
}

// end takes the errand of that number out. It panics if there is none, as the books would be wrong for ever.
func (p *Plan) end(id uint64) *errand {
	e := p.errands.byID[id]
	if e == nil {
		panic("uploader: a job was reported twice, or never begun")
	}
	delete(p.errands.byID, id)
	return e
}

// errands are the jobs under way. The zero value has none.
type errands struct {
	byID map[uint64]*errand
	last uint64 // ID
}

// add numbers e.
func (a *errands) add(e *errand) Job {
	if a.byID == nil {
		a.byID = make(map[uint64]*errand)
	}
	a.last++
	e.ID = a.last
	a.byID[e.ID] = e
	return e.Job
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
