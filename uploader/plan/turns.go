package plan

import (
	"iter"
	"time"

	"github.com/hlsship/hlsship/uploader/plan/bucket"
	"github.com/hlsship/hlsship/uploader/plan/schedule"
)

// What may go now: the schedule says whose turn it is, and asks here whether it may.

// rules are what the schedule asks. They have no effects.
func (p *Plan) rules() schedule.Rules {
	return schedule.Rules{
		Due: func(i *schedule.Item, at schedule.Place) bool { return objectOf(i).due(at) },
		May: func(i *schedule.Item, q *schedule.Stream, at schedule.Place) (bool, time.Time) {
			return p.may(objectOf(i), streamOf(q), at)
		},
		First: func(q *schedule.Stream) iter.Seq[*schedule.Item] { return streamOf(q).first() },
	}
}

// due reports whether a request for o is to be made as what stands there.
func (o *object) due(at schedule.Place) bool {
	switch at {
	case schedule.Local:
		return o.disk.Candidate() != nil && o.cell.ETag() != ""
	case schedule.Proof:
		return o.cell.Unproven() && o.disk.Candidate() == nil && o.disk.Newest() != nil && o.stored(o.disk.Newest())
	default:
		return o.pendingWork()
	}
}

// may reports whether a request of s for o, which stands there, may go now; if not, it may at that time although nothing happens.
func (p *Plan) may(o *object, s *stream, at schedule.Place) (ok bool, again time.Time) {
	switch at {
	case schedule.Proof:
		return p.bucket.Listed(), again
	case schedule.Backlog, schedule.Skipped:
		if !p.bucket.Listed() && o.inQuestion() { // a listing tells more of them at once
			return false, again
		}
	case schedule.Nowhere, schedule.Edge, schedule.Local:
	}
	unread, own := o.unread(s)
	if own {
		return false, again // what is published is not known yet; its Fetch will wake this stream
	}
	asks := false
	if unread {
		if asks, ok, again = p.asks(o); !ok {
			return false, again
		}
	}
	if asks || o.compares() {
		return true, again
	}
	return p.mayOverwrite(o, o.disk.Newest())
}

// unread reports whether a playlist that names o may be published and was not read back yet, and whether it is that of s.
func (o *object) unread(s *stream) (any, own bool) {
	for _, n := range o.naming {
		if !n.list.cell.Answered() {
			any, own = true, own || n.list.stream == s
		}
	}
	return any, own
}

// asks reports whether the next request for o has to ask the store, as a playlist of another stream that names it may be published and
// was not read back yet. Nobody waits long for somebody else's playlist, but what it may name is not overwritten: ok is false while the
// store holds other bytes.
func (p *Plan) asks(o *object) (must, ok bool, again time.Time) {
	v := o.disk.Newest()
	if v == nil {
		return false, true, again
	}
	if at := v.File.Seen.Add(softWait); p.now.Before(at) {
		return false, false, at
	}
	if o.cell.Belief() == bucket.Absent {
		return false, true, again // nothing can be overwritten
	}
	if !o.compares() {
		return true, !v.Compared(), again
	}
	return false, true, again
}

// mustAsk reports whether a request of s for o has to ask the store.
func (p *Plan) mustAsk(o *object, s *stream) bool {
	unread, _ := o.unread(s)
	if !unread {
		return false
	}
	must, _, _ := p.asks(o)
	return must
}

// compares reports whether the next request for o asks rather than stores.
func (o *object) compares() bool {
	if o.disk.Candidate() != nil || o.disk.Newest() == nil || o.stored(o.disk.Newest()) {
		return true
	}
	return o.cell.Question() == bucket.Contested || o.disk.Newest().Questioned() || o.exposed() && !o.disk.Newest().Compared()
}

// first returns what the goal of a playlist needs; nil if there is none.
func (s *stream) first() iter.Seq[*schedule.Item] {
	if s.list == nil || s.list.edge.goal == nil {
		return nil
	}
	return func(yield func(*schedule.Item) bool) {
		goal := s.list.edge.goal
		for i := goal.cursor; i < len(goal.binds); i++ {
			if b := &goal.binds[i]; !b.satisfied() && !yield(&b.obj.item) {
				return
			}
		}
	}
}

// jobs appends the jobs that are allowed now, which are under way from then on. Those of playlists come first.
func (p *Plan) jobs(jobs []Job) []Job {
	p.schedule.Ring(p.now)
	p.sortRejects()
	for _, o := range p.strays.excess(p.now, p.met()) {
		p.forgetObject(o)
	}
	for {
		p.flow()
		p.relieve() // in each round: what a round begins or learns may need room, too
		jobs = p.recordFor(p.askFor(jobs))
		turn := p.schedule.Turn()
		if len(turn) == 0 {
			p.reclaim()
			return jobs
		}
		for _, q := range turn {
			jobs = p.nextLists(streamOf(q), jobs)
		}
		p.schedule.Files(p.now, turn, func(i *schedule.Item, q *schedule.Stream) {
			jobs = append(jobs, p.launch(streamOf(q), objectOf(i)))
		})
		for _, q := range turn {
			if s := streamOf(q); s.idle() {
				p.touch(s)
			}
		}
	}
}
