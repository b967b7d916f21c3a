package plan

import (
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/recorder"
)

// Allowance says what Plan.Advance may begin.
type Allowance uint8

const (
	// Requests allows all.
	Requests Allowance = iota + 1
	// NoRequests is for a store that is out of reach. Time goes on for what waits in the directory, where other bytes may come before
	// the store is back.
	NoRequests
	// Nothing is for the end.
	Nothing
)

// Effects is all that a Plan has for others since the last call of Advance, in the order in which it is to be carried out. The zero
// value is nothing. It is the Plan's again from the next call on.
type Effects struct {
	// Jobs are to be begun. Each is to be reported once.
	Jobs []Job
	// Keep are sources that a playlist named: they are kept over a restart where they can be.
	Keep []Kept
	// Release are sources that nobody needs any more.
	Release []hls.Source
	// Notes are to be remembered over a restart, once the links are gone that the sources to be released had.
	Notes []Note
	// Looks are the paths that the watcher is asked to look at again.
	Looks []string
	// Vanished is true if what the store held was found to be gone.
	Vanished bool
	// Useless is true if no condition of this store ever holds, so that playlists go up without. It is said once.
	Useless bool
	// Strangers are playlists that somebody else wrote.
	Strangers []Key
	// Losses are named files that can never be stored, and segments that nobody saw.
	Losses []Loss
	// Edits say what players notice of playlists beside new segments.
	Edits []Edit
	// Parts are to be kept over a restart.
	Parts []recorder.Part
	// Recordings say what became of recordings.
	Recordings []recorder.News
	// Lags say whose live edge fell behind or caught up, as the line is slower than the stream.
	Lags []Lag
	// Streams are the states of the streams that changed, some of them a little later.
	Streams []LiveState
	// Waiting are the files that wait now.
	Waiting Waiting
	// Wake is when Advance is to be called although nothing happened; zero for never.
	Wake time.Time
}

// Kept is a source, and the folder of its key: see hls.Keeper.
type Kept struct {
	// Source is a Keeper, or cannot be kept.
	Source hls.Source
	// Folder is that of a session, with its slash; empty for none.
	Folder string
}

// look has the watcher asked to look at a path.
func (e *Effects) look(path string) { e.Looks = append(e.Looks, path) }

// keep has a source kept for the key of a path in that folder of a session; empty for its own.
func (e *Effects) keep(s hls.Source, folder string) { e.Keep = append(e.Keep, Kept{s, folder}) }

// release has a source released, if there is any.
func (e *Effects) release(s hls.Source) {
	if s != nil {
		e.Release = append(e.Release, s)
	}
}

// lose has a loss told.
func (e *Effects) lose(l Loss) { e.Losses = append(e.Losses, l) }

// Waiting counts the files that are named and not stored.
type Waiting struct {
	// Files and Bytes are how many there are, and their size.
	Files int
	Bytes int64
	// Unpinned and UnpinnedBytes are those that are in the directory alone, which the others do not include.
	Unpinned      int
	UnpinnedBytes int64
	// Rate is what became due of late, in bytes a second.
	Rate float64
	// Found is how many of the files were met at rest, Met how many ever were.
	Found, Met int
	// Started is true if the directory was looked through, and what was met there is stored.
	Started bool
}

// Advance goes on to now, and returns what follows from all that the Plan was told.
func (p *Plan) Advance(now time.Time, may Allowance) *Effects {
	p.tick(now)
	p.flow()
	p.heedDue()
	switch may {
	case Requests:
		p.out.Jobs = p.jobs(p.out.Jobs)
	case NoRequests:
		p.recheckAll()
	case Nothing:
	}
	return p.effects(false)
}

// Close returns what is left to do when nothing is under way any more: all that is still held is released, but for what a
// playlist named and that outlives the process, and all streams are told of. The Plan is of no use after that.
func (p *Plan) Close(now time.Time) *Effects {
	p.tick(now)
	e := p.effects(true)
	e.Release = append(e.Release, p.Abandon()...)
	return e
}

// effects empties what was gathered for others.
func (p *Plan) effects(last bool) *Effects {
	for i := range p.out.Looks {
		p.out.Looks[i] = p.continuous.source(p.out.Looks[i])
	}
	a := &p.account
	p.out.Streams = p.changedStreams(p.out.Streams, p.now, last)
	p.out.Waiting = Waiting{a.files, a.bytes, len(p.unpinned.versions), p.unpinned.bytes, a.due.rate, a.found, a.met, !p.strays.scanning && p.bucket.Listed() && a.found == 0}
	p.recordings.tell(p.out.Effects)
	p.out.Wake = p.wakeAt()
	return p.out.hand()
}

// wakeAt returns when Advance is to be called although nothing happened; zero for never.
func (p *Plan) wakeAt() time.Time {
	at := earlier(earlier(p.schedule.Next(), p.shows.wakeAt()), p.recordings.wakeAt(p.now))
	at = earlier(at, p.strays.due(p.met()))
	if p.continuous.machine != nil {
		at = earlier(at, p.continuous.machine.Wake())
	}
	return at
}

// outbox gathers effects, while somebody has those that were gathered before.
type outbox struct {
	*Effects
	before *Effects
}

func newOutbox() outbox { return outbox{new(Effects), new(Effects)} }

// hand hands over what was gathered. The memory of what is there in every round is used again.
func (o *outbox) hand() *Effects {
	o.Effects, o.before = o.before, o.Effects
	e := o.Effects
	*e = Effects{Jobs: again(e.Jobs), Keep: again(e.Keep), Release: again(e.Release), Streams: again(e.Streams)}
	return o.before
}

// maxAgain is how many elements memory is kept for.
const maxAgain = 64

// again returns an empty slice, with the memory of s unless that is large.
func again[T any](s []T) []T {
	if cap(s) > maxAgain {
		return nil
	}
	clear(s)
	return s[:0]
}
