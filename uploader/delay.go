package uploader

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/hlsship/hlsship/uploader/plan"
	"github.com/hlsship/hlsship/uploader/store"
)

const (
	// firstDelay is about how long the second attempt waits; each further one waits twice as long.
	firstDelay = 100 * time.Millisecond
	// maxDelay keeps the notice of a recovery short: with it, the first attempt that succeeds comes at most two
	// seconds after the store is back, and wakes all others.
	maxDelay = 2 * time.Second
	// alarmDelay is what an error costs that a person has to mend.
	alarmDelay = 5 * time.Second
)

// retryDelay is how long to wait after attempt failed with err, attempts counting from 0: doubling with
// half of it random, so that those who failed together do not come back together.
func retryDelay(attempt int, err error) time.Duration {
	kind := store.KindOf(err)
	if kind == store.Permanent {
		return plan.RejectedDelay
	}
	d := maxDelay
	if attempt < 16 {
		d = min(firstDelay<<attempt, maxDelay)
	}
	if kind == store.Alarm {
		d = max(alarmDelay/2, d)
	}
	return d/2 + rand.N(d/2+1)
}

// retryAfter is the wait that the store asked for with err, 0 for none.
func retryAfter(err error) time.Duration {
	if e, ok := errors.AsType[*store.Error](err); ok {
		return max(0, e.RetryAfter)
	}
	return 0
}
