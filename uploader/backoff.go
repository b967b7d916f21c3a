package uploader

import (
	"errors"
	"math/rand/v2"
	"time"
)

const (
	// firstDelay is about how long the second attempt waits; each further one waits twice as long.
	firstDelay = 100 * time.Millisecond
	// maxDelay keeps the notice of a recovery short: with it, the first attempt that succeeds comes at most two
	// seconds after the store is back, and wakes all others.
	maxDelay = 2 * time.Second
	// alarmDelay is what an error costs that a person has to mend.
	alarmDelay = 5 * time.Second
	// maxRetryAfter bounds what a store can ask for.
	maxRetryAfter = time.Minute
)

// retryDelay is how long to wait after attempt failed with err, attempts counting from 0: doubling with
// half of it random, so that those who failed together do not come back together.
func retryDelay(attempt int, err error) time.Duration {
	var retryAfter time.Duration
	kind := Transient
	if e, ok := errors.AsType[*Error](err); ok {
		retryAfter, kind = min(e.RetryAfter, maxRetryAfter), e.Kind
	}
	d := maxDelay
	if attempt < 16 {
		d = min(firstDelay<<attempt, maxDelay)
	}
	if kind == Alarm || kind == Permanent {
		d = max(alarmDelay/2, d)
	}
	d = d/2 + rand.N(d/2+1)
	return max(d, retryAfter)
}
