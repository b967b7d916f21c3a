package plan

import "time"

const (
	// RejectedDelay is what an error costs that nobody is expected to mend.
	RejectedDelay = time.Minute
	// maxRetryAfter bounds what a store can ask of backlog, edgeRetryAfter of what players wait for: some write a minute into
	// each refusal, however short the reason.
	maxRetryAfter, edgeRetryAfter = time.Minute, 3 * time.Second
)

// backOff is the wait of a name whose request failed. Its zero value waits for nothing.
type backOff struct {
	failures int           // in a row
	since    time.Time     // of the last one
	own      time.Duration // from then on: our own wait
	asked    time.Duration // and what the store asked for
	heard    uint64        // Plan.heard at that time
}

// retries is what ends the waits of all names.
type retries struct {
	recovery time.Time // waits from before it are over
	heard    uint64    // how often the store did what it was asked
	obliged  []*stream // those that wait because the store asked for it, since it did anything
	draining bool      // no fact will come any more
}

// holdOff has b wait after a failure.
func (p *Plan) holdOff(b *backOff, out Outcome) {
	b.failures++
	b.since, b.own, b.asked, b.heard = p.now, out.RetryIn, min(out.Asked, maxRetryAfter), p.heard
}

// waits reports whether b is not over yet, and has s looked at again when it is.
func (p *Plan) waits(b *backOff, backlog bool, s *stream) bool {
	at := p.retryAt(b, backlog)
	if !p.now.Before(at) {
		return false
	}
	p.alarm(at, s)
	if b.asked > b.own && b.heard == p.heard {
		p.oblige(s)
	}
	return true
}

// oblige notes that s waits because the store asked for it.
func (p *Plan) oblige(s *stream) {
	if s != nil && !s.obliged {
		s.obliged = true
		p.obliged = append(p.obliged, s)
	}
}

// retryAt returns when b is over. What the store asked for counts until it does anything that it is asked, and not at the end, when
// there is no later; what players wait for is not held up by it for long.
func (p *Plan) retryAt(b *backOff, backlog bool) time.Time {
	if b.since.Before(p.recovery) {
		return time.Time{}
	}
	wait, asked := b.own, b.asked
	if !backlog {
		asked = min(asked, edgeRetryAfter)
	}
	if !p.draining && b.heard == p.heard {
		wait = max(wait, asked)
	}
	return b.since.Add(wait)
}

// hear notes that the store did what it was asked, which ends what it asked for itself.
func (p *Plan) hear() {
	p.heard++
	for _, s := range p.obliged {
		s.obliged = false
		p.wake(s)
	}
	p.obliged = nil
}

// Drain says that no fact will come any more. What waits because the store asked for it is tried again, and once more what it
// rejected.
func (p *Plan) Drain() {
	p.draining = true
	p.retryRejects()
	p.alarms = nil // each stream sets its own again
	for _, s := range p.streams {
		s.alarm = time.Time{}
		p.wake(s)
	}
}
