package schedule

import "time"

const (
	// MaxRetryAfter bounds what a store can ask of backlog: some write a minute into each refusal, however short the reason.
	MaxRetryAfter = time.Minute
	// EdgeRetryAfter bounds what it can ask of what players wait for.
	EdgeRetryAfter = 3 * time.Second
)

// Retry is the wait of a name whose request failed. Its zero value waits for nothing.
type Retry struct {
	failures int           // in a row
	since    time.Time     // of the last one
	own      time.Duration // from then on: our own wait
	asked    time.Duration // and what the store asked for
	heard    uint64        // retries.heard at that time
}

// Failures returns how many requests failed in a row.
func (r *Retry) Failures() int { return r.failures }

// Succeed notes that a request did not fail.
func (r *Retry) Succeed() { r.failures = 0 }

// Forgive ends the wait. The failures count on.
func (r *Retry) Forgive() { *r = Retry{failures: r.failures} }

// Reset forgets wait and failures.
func (r *Retry) Reset() { *r = Retry{} }

// retries is what ends the waits of all names.
type retries struct {
	recovery time.Time // waits from before it are over
	heard    uint64    // how often the store did what it was asked
	obliged  []*Stream // those that wait because the store asked for it, since it did anything
	draining bool      // nothing new will come
}

// Fail has r wait after a failure: for our own wait, or for what the store asked, 0 for nothing, whichever is longer.
func (q *Schedule) Fail(r *Retry, now time.Time, own, asked time.Duration) {
	r.failures++
	r.since, r.own, r.asked, r.heard = now, own, min(asked, MaxRetryAfter), q.retries.heard
}

// Waits reports whether r is not over yet, and has s looked at again when it is.
func (q *Schedule) Waits(now time.Time, r *Retry, s *Stream, backlog bool) bool {
	at := q.retries.over(r, backlog)
	if !now.Before(at) {
		return false
	}
	q.Alarm(at, s)
	if r.asked > r.own && r.heard == q.retries.heard {
		q.retries.oblige(s)
	}
	return true
}

// over returns when r is. What the store asked for counts until it does anything that it is asked, and not at the end, when
// there is no later; what players wait for is not held up by it for long.
func (t *retries) over(r *Retry, backlog bool) time.Time {
	if r.since.Before(t.recovery) {
		return time.Time{}
	}
	wait, asked := r.own, r.asked
	if !backlog {
		asked = min(asked, EdgeRetryAfter)
	}
	if !t.draining && r.heard == t.heard {
		wait = max(wait, asked)
	}
	return r.since.Add(wait)
}

// oblige notes that s waits because the store asked for it.
func (t *retries) oblige(s *Stream) {
	if !s.obliged {
		s.obliged = true
		t.obliged = append(t.obliged, s)
	}
}

// Hear notes that the store did what it was asked, which ends what it asked for itself.
func (q *Schedule) Hear() {
	q.retries.heard++
	for _, s := range q.retries.obliged {
		s.obliged = false
		q.Wake(s)
	}
	q.retries.obliged = nil
}

// Recover ends every wait from before now. The owner wakes the streams.
func (q *Schedule) Recover(now time.Time) { q.retries.recovery = now }

// Drain notes that nothing new will come: what the store asked for counts no more. The owner wakes the streams.
func (q *Schedule) Drain() {
	q.retries.draining = true
	q.alarms.silence()
}

// Draining reports whether Drain was called.
func (q *Schedule) Draining() bool { return q.retries.draining }

// Turns are those of one playlist: when it may be requested again. The zero value may at once.
type Turns struct {
	Retry
	rest time.Time // before which it is not published again
}

// Rest has it published again after that time only.
func (t *Turns) Rest(until time.Time) { t.rest = until }

// Rests reports whether t is not to be published yet, and has s looked at again when it is.
func (q *Schedule) Rests(now time.Time, t *Turns, s *Stream) bool {
	if !now.Before(t.rest) {
		return false
	}
	q.Alarm(t.rest, s)
	return true
}
