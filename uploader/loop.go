package uploader

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"

	"github.com/hlsship/hlsship/crew"
	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/health"
	"github.com/hlsship/hlsship/uploader/plan"
)

// loop is one Run: the requests under way and what they report. It is owned by the goroutine of Run.
type loop struct {
	*Uploader
	jobs     context.Context //nolint:containedctx // it ends with the Run that made it
	attempts map[uint64]*attempt
	last     uint64    // number of the last attempt
	running  crew.Crew // attempts
	reports  chan report
	probes   chan health.Probe
	health   health.Health
	listenAt time.Time // when a request may be silent for too long, or a probe is due; zero if never
	crash    error     // a request panicked

	survey survey

	inherited []hls.File // playlists of an earlier process, until the directory had its say
}

// attempt is a request under way.
type attempt struct {
	job    plan.Job
	ctx    context.Context //nolint:containedctx // it is the attempt's own
	began  time.Time
	cancel context.CancelCauseFunc
	moved  *atomic.Int64 // when it last made progress, in nanoseconds since the epoch; 0 while it waits for its turn
}

// last returns when a last made progress. To wait for its share of a limited uplink is no silence.
func (a *attempt) last() time.Time {
	if at := a.moved.Load(); at != 0 {
		return time.Unix(0, at)
	}
	return time.Now()
}

// step has the Plan go on and carries out what follows. It returns when the Plan wants to go on although nothing happens.
func (l *loop) step(stopping bool) (next time.Time) {
	may := l.allowance(stopping)
	e := l.plan.Advance(time.Now(), may)
	if l.advanced != nil {
		l.advanced(may)
	}
	l.start(e.Jobs)
	if !stopping {
		l.listen(time.Now())
	}
	l.apply(e, len(l.attempts))
	return e.Wake
}

// allowance says what the Plan may begin.
func (l *loop) allowance(stopping bool) plan.Allowance {
	switch {
	case stopping:
		return plan.Nothing
	case l.health.State() == health.Down:
		return plan.NoRequests
	}
	return plan.Requests
}

// start starts jobs.
func (l *loop) start(jobs []plan.Job) {
	now := time.Now()
	for _, j := range jobs {
		ctx, cancel := context.WithCancelCause(l.jobs)
		a := &attempt{job: j, ctx: ctx, began: now, cancel: cancel, moved: new(atomic.Int64)}
		a.moved.Store(now.UnixNano())
		l.last++
		id := l.last
		l.attempts[id] = a
		l.running.Go(func() { l.reports <- l.attempt(ctx, id, a) }) // always received by Run
	}
}

// attempt carries out a request. One that panics is reported as such, so that it ends this Run and not the process.
func (l *loop) attempt(ctx context.Context, id uint64, a *attempt) (r report) {
	defer func() {
		if value := recover(); value != nil {
			r = report{id: id, Request: health.Request{Job: a.job}, crash: fmt.Errorf("%s %s panicked: %v\n%s", a.job.Op, a.job.Path, value, debug.Stack())}
		}
	}()
	r = l.worker.do(ctx, a.job, a.moved)
	r.id = id
	return r
}

// end is the end of a Run with nothing under way any more.
func (l *loop) end(facts <-chan hls.File) error {
	l.observeInherited()
	if l.crash != nil {
		return errors.Join(l.crash, l.finish(nil)) // the sender of facts ends later
	}
	return l.finish(facts)
}

// abandon ends all that is under way and lets go of everything, as the loop itself panicked.
func (l *loop) abandon(stop context.CancelFunc) {
	stop()
	for l.busy() {
		select {
		case r := <-l.reports:
			delete(l.attempts, r.id)
		case p := <-l.probes:
			l.health.ProbeEnded(p, time.Now())
		case news := <-l.survey.pages:
			l.survey.running = !news.ends
		}
	}
	for _, s := range l.plan.Abandon() {
		s.Release()
	}
}

// finished takes the report of an attempt in.
func (l *loop) finished(r report) {
	a := l.attempts[r.id]
	a.cancel(nil)
	delete(l.attempts, r.id)
	if r.crash != nil {
		l.crash = errors.Join(l.crash, r.crash)
		r.Outcome = plan.Outcome{Result: plan.Cancelled, At: time.Now()}
	}
	c := l.health.Ended(r.Request, a.last())
	l.log.Ended(l.jobs, r.Request, c)
	l.tell(c, r.Outcome.At)
	l.plan.Report(r.Job.ID, r.Outcome)
	l.back(c, r.Outcome.At)
}

// tell has the Plan draw the consequences of c, but for those of EventBack.
func (l *loop) tell(c health.Change, now time.Time) {
	l.plan.Failing(c.To == health.Failing || c.To == health.Down)
	if c.Several {
		l.plan.Recover(now)
	}
	if c.Refused {
		l.plan.Inspect()
	}
}

// listen breaks off requests that are silent for too long, and probes the store if it is in doubt.
func (l *loop) listen(now time.Time) {
	var quietest *attempt
	var moved time.Time
	l.listenAt = time.Time{}
	for _, a := range l.attempts {
		if a.job.Local() {
			continue
		}
		last := a.last()
		if quietest == nil || last.Before(moved) {
			quietest, moved = a, last
		}
		switch at, ok := l.health.Deadline(a.job, last); {
		case !ok || a.ctx.Err() != nil:
		case now.Before(at):
			l.listenBy(at)
		default:
			a.cancel(errStalled)
		}
	}
	if quietest != nil {
		l.health.Silent(quietest.job.Key, moved, now)
	}
	if key, ok := l.health.Probe(now); ok {
		go l.probe(l.worker.key(key))
	}
	if at, ok := l.health.Wake(moved); ok {
		l.listenBy(at)
	}
}

// listenBy has listen called at that time, or before.
func (l *loop) listenBy(at time.Time) {
	if l.listenAt.IsZero() || at.Before(l.listenAt) {
		l.listenAt = at
	}
}

// probe asks the store for a key.
func (l *loop) probe(key string) {
	ctx, cancel := context.WithTimeout(l.jobs, health.ProbeTimeout)
	defer cancel()
	begin := time.Now()
	err := l.worker.probe(ctx, key)
	l.probes <- health.Probe{Err: err, Took: time.Since(begin)} // always received by Run
}

// probed takes the outcome of a probe in.
func (l *loop) probed(p health.Probe, now time.Time) {
	c := l.health.ProbeEnded(p, now)
	l.log.Probed(p, c, now)
	l.tell(c, now)
	l.back(c, now)
}

// back breaks off what went silent while the store was down, and lets everything go on, if it is back.
func (l *loop) back(c health.Change, now time.Time) {
	if c.Event != health.EventBack {
		return
	}
	for _, a := range l.attempts {
		if l.health.Hangs(a.job, a.began, a.last(), now) {
			a.cancel(nil)
		}
	}
	l.plan.Recover(now)
}

// busy reports whether a goroutine of this Run is still under way.
func (l *loop) busy() bool { return len(l.attempts) > 0 || l.health.Probing() || l.survey.running }

// alarm sets wake to the next time at which there is something to do without news from outside: at, if not zero, for the Plan.
func (l *loop) alarm(wake *time.Timer, at time.Time, stopping bool) {
	if stopping {
		wake.Reset(time.Hour)
		return
	}
	ok := !at.IsZero()
	if !l.listenAt.IsZero() && (!ok || l.listenAt.Before(at)) {
		at, ok = l.listenAt, true
	}
	if !ok {
		wake.Reset(time.Hour)
		return
	}
	wake.Reset(time.Until(at))
}

// recover takes in what an earlier process left, but for its playlists. What those of the directory name goes first.
func (l *loop) recover(files []hls.File) {
	for _, f := range files {
		if f.Playlist != nil {
			l.inherited = append(l.inherited, f)
		} else {
			l.plan.Observe(f)
			l.questioned(f)
		}
	}
}

// observeInherited takes in the playlists of an earlier process.
func (l *loop) observeInherited() {
	for _, f := range l.inherited {
		l.plan.Observe(f)
	}
	l.inherited = nil
}

// observeLate takes in what turned up late of an earlier process.
func (l *loop) observeLate(files []hls.File) {
	for _, f := range files {
		l.plan.ObserveLate(f)
		l.questioned(f)
	}
}

// observe takes a fact in. What the directory has of a playlist is as new as what was left of it, or newer.
func (l *loop) observe(f hls.File) {
	l.log.Observed(f)
	if f.Playlist != nil {
		l.inherited = slices.DeleteFunc(l.inherited, func(old hls.File) bool {
			if old.Path == f.Path {
				l.plan.Remember(old)
				old.Source.Release()
			}
			return old.Path == f.Path
		})
	}
	l.plan.Observe(f)
	l.questioned(f)
}

// drain takes in the facts that are waiting, so that a scan's many facts cost one round.
func (l *loop) drain(facts <-chan hls.File) {
	for range 1024 {
		select {
		case f, ok := <-facts:
			if !ok {
				return // seen again by Run
			}
			l.observe(f)
		default:
			return
		}
	}
}
