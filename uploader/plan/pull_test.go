package plan

import (
	"time"

	"github.com/hlsship/hlsship/hls"
)

// What follows takes one kind of effect alone, which is all that most cases look at.

// Next returns the jobs that are allowed at now.
func (p *Plan) Next(now time.Time) []Job {
	p.tick(now)
	p.heedDue()
	return p.jobs(nil)
}

// Recheck is Advance without requests.
func (p *Plan) Recheck(now time.Time) {
	p.tick(now)
	p.heedDue()
	p.recheckAll()
}

// Wake returns when Advance is to be called; ok is false for never.
func (p *Plan) Wake() (at time.Time, ok bool) {
	at = p.wakeAt()
	return at, !at.IsZero()
}

func take[T any](from *T) T {
	var none T
	all := *from
	*from = none
	return all
}

// Released, Kept, Looks, Losses, Lags, Strangers, Useless and Vanished return what Effects has under their names.
func (p *Plan) Released() []hls.Source { return take(&p.out.Release) }
func (p *Plan) Kept() []Kept           { return take(&p.out.Keep) }
func (p *Plan) Looks() []string        { return take(&p.out.Looks) }
func (p *Plan) Losses() []Loss         { return take(&p.out.Losses) }
func (p *Plan) Lags() []Lag            { return take(&p.out.Lags) }
func (p *Plan) Strangers() []Key       { return take(&p.out.Strangers) }
func (p *Plan) Useless() bool          { return take(&p.out.Useless) }
func (p *Plan) Notes() []Note          { return take(&p.out.Notes) }
