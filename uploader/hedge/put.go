package hedge

import (
	"context"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
)

// put is one PUT that may be sent twice. The goroutine of its caller owns it.
type put struct {
	hedger *Hedger
	behind store.Store
	object store.Object
	class  class

	gate     gate
	attempts []*attempt
	answers  chan answer // has room for all
	tally    tally
	etag     string        // under which it is stored
	won      bool          // by the second attempt
	alarm    *time.Timer   // when to look whether it is silent; nil if nobody knows what that means
	looks    chan sighting // has room for all
}

// sighting is what the store says that it holds.
type sighting struct {
	info store.Info
	err  error
}

// most is how often a PUT is sent.
const most = 2

func newPut(h *Hedger, behind store.Store, o store.Object, c class) *put {
	return &put{hedger: h, behind: behind, object: o, class: c, answers: make(chan answer, most), looks: make(chan sighting, 1)}
}

// run returns as store.Store.Put does.
func (p *put) run(ctx context.Context) (etag string, err error) {
	looking, stopLooking := context.WithCancel(ctx)
	defer stopLooking()
	defer p.leave()
	p.send(ctx)
	alarm := p.listen()
	done := ctx.Done()
	for {
		select {
		case ans := <-p.answers:
			if ans.panicked != nil {
				panic(ans.panicked)
			}
			p.take(ans)
		case s := <-p.looks:
			p.tally.look = lookAnswered
			if s.err == nil && shows(s.info, p.object) {
				p.tally.stored, p.etag = true, s.info.ETag
			}
		case <-alarm:
			p.consider(ctx)
		case <-done:
			done, alarm = nil, nil
			p.breakOff(context.Cause(ctx))
		}
		switch p.tally.next() {
		case stepLook:
			p.tally.look = lookAsked
			p.hedger.running.Go(func() {
				info, err := p.behind.Stat(looking, p.object.Key)
				p.looks <- sighting{info, err}
			})
		case stepEnd:
			if p.tally.stored {
				return p.etag, nil
			}
			return "", p.tally.err()
		case stepWait:
		}
	}
}

// send makes an attempt.
func (p *put) send(ctx context.Context) {
	a := newAttempt(p.object, p.class)
	o := p.gate.object(ctx, p.object, a.quiet)
	if len(p.attempts) > 0 && o.Priority == store.Edge {
		o.Priority = store.Backlog // of a line that is full, it takes what others leave
	}
	p.attempts = append(p.attempts, a)
	p.tally.sent++
	p.tally.open++
	p.hedger.start(ctx, a, p.behind, o, func(ans answer) { p.answers <- ans })
}

// take takes an answer in.
func (p *put) take(ans answer) {
	p.tally.take(ans.err)
	if ans.err == nil {
		p.etag, p.won = ans.etag, ans.from != p.attempts[0]
	}
}

// listen has the silence of the first attempt looked at when it is long, if it is known what that is.
func (p *put) listen() <-chan time.Time {
	p.hedger.mu.Lock()
	defer p.hedger.mu.Unlock()
	after, ok := p.hedger.policy.threshold(p.class)
	if !ok {
		return nil
	}
	p.alarm = time.NewTimer(after)
	return p.alarm.C
}

// consider sends the object again if the first attempt is silent for too long.
func (p *put) consider(ctx context.Context) {
	silent := p.attempts[0].quiet.lasts()
	p.hedger.mu.Lock()
	after, _ := p.hedger.policy.threshold(p.class)
	again := p.hedger.policy.hedge(p.class, silent)
	p.hedger.mu.Unlock()
	switch {
	case again:
		p.send(ctx)
	case silent < after:
		p.alarm.Reset(after - silent)
	default:
		p.alarm.Reset(max(silent, after))
	}
}

// breakOff ends all attempts, as the caller does not wait any more.
func (p *put) breakOff(cause error) {
	for _, a := range p.attempts {
		a.cancel(cause)
	}
}

// leave ends the PUT. What is still under way goes on without its caller.
func (p *put) leave() {
	if p.alarm != nil {
		p.alarm.Stop()
	}
	p.gate.close()
	h := p.hedger
	h.mu.Lock()
	if p.tally.stored || p.tally.open > 0 {
		for _, a := range p.attempts {
			h.linger(a)
		}
	}
	h.mu.Unlock()
	if p.tally.sent > 1 {
		h.observer.Hedged(p.won, p.object.Size)
	}
}
