package plan

import (
	"github.com/hlsship/hlsship/uploader/plan/bucket"
	"github.com/hlsship/hlsship/uploader/plan/disk"
	"github.com/hlsship/hlsship/uploader/store"
)

// inQuestion reports whether the store may hold the newest bytes of o, found at rest, and nothing was heard of that yet.
func (o *object) inQuestion() bool {
	v := o.disk.Newest()
	return v != nil && !o.busy() && (o.cell.Unproven() || v.Comparison() == disk.Open && o.cell.Belief() < bucket.There)
}

// Questions counts the files to be shipped that are in question.
func (p *Plan) Questions() int {
	n := 0
	for _, o := range p.objects {
		if o.inQuestion() && o.disk.Newest().Wanted() {
			n++
		}
	}
	return n
}

// BeginSurvey has the backlog wait for what a listing, which begins now, will say of the files known.
func (p *Plan) BeginSurvey() { p.bucket.BeginListing(p.next()) }

// Listed is an object that a listing of the store shows.
type Listed struct {
	// Key is its key.
	Key Key
	store.Info
}

// Survey takes in a part of the listing, and returns how many of its objects are files of the
// directory that were in question. Files that come later than their part are asked for one by one.
func (p *Plan) Survey(page []Listed) (known int) {
	if p.bucket.Listing() == 0 {
		return 0
	}
	for _, it := range page {
		if o := p.objects[pathOf(it.Key)]; o != nil && o.inQuestion() {
			known++
			p.recognise(o, it.Info)
		}
	}
	return known
}

// EndSurvey has the backlog wait no longer. If the listing is whole, the store has nothing of what it did not list.
func (p *Plan) EndSurvey(whole bool) {
	if whole && p.bucket.Listing() > 0 {
		for _, o := range p.objects {
			if o.inQuestion() && o.disk.Newest().ID < p.bucket.Listing() {
				if p.distrust(o) {
					p.Inspect() // what was there is not, and perhaps nothing is
				}
				p.account.compared(o.disk.Newest(), (*disk.Version).Close)
				p.answered(o)
			}
		}
	}
	p.bucket.EndListing()
	for _, s := range p.streams {
		p.wake(s)
	}
}

// recognise draws from the listing what it says of the newest version of o. An object of another size holds other bytes; one
// of the same is told by its ETag or, where that is no MD5, by what only a request of its own brings: when it was finished.
func (p *Plan) recognise(o *object, info store.Info) {
	v := o.disk.Newest()
	if o.cell.Unproven() && p.prove(o, info.ETag) {
		return
	}
	switch {
	case v.Noted() != "" && info.ETag == v.Noted():
		p.same(o, v, info.ETag, true)
	case info.Size != v.File.Version.Size:
		p.account.compared(v, (*disk.Version).Close)
		v.Compare()
		o.cell.Show(info.ETag)
	case store.IsMD5(info.ETag):
		o.cell.Show(info.ETag)
	default:
		v.List()
	}
	p.answered(o)
}

// answered goes on with o, which is in question no more.
func (p *Plan) answered(o *object) {
	if v := o.disk.Newest(); v.Wanted() && !v.Questioned() && !o.stored(v) {
		p.keep(v)
	}
	if o.stream != nil {
		p.requeue(o)
	}
}
