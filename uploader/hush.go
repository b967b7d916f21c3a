package uploader

import (
	"errors"
	"time"
)

const (
	// leastHush is the shortest silence at which a request is broken off.
	leastHush = 3 * time.Second
	// experience is how many answers must have been seen before any PUT is.
	experience = 8
)

// errSilent ends a request that made no progress while the store answered others.
var errSilent = errors.New("no progress while the store answered other requests; sent again")

// hush tells how long a request may be silent while the store answers others: then its connection is taken for dead. As
// some stores take their time before they answer a PUT, it learns how long that is; a question is asked again without that. It is owned by the goroutine of
// Run.
type hush struct {
	answers int           // seen, at most experience
	usual   time.Duration // the longest silence before an answer, fading
}

// answered takes in how long a request was silent before it succeeded.
func (h *hush) answered(silent time.Duration) {
	h.answers = min(h.answers+1, experience)
	h.usual = max(silent, h.usual-h.usual/16)
}

// bound returns how long a request may be silent that was tried that often before. It doubles with each attempt, so
// that none is broken off for ever which is just slow. ok is false if that is not known yet.
func (h *hush) bound(attempt int) (silent time.Duration, ok bool) {
	return max(leastHush, 3*h.usual) << min(attempt, 8), h.answers == experience
}
