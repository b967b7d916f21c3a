package health

import (
	"time"

	"github.com/hlsship/hlsship/uploader/plan"
)

// How long a request may be silent is bounded here and nowhere else, but for what is about one connection and not about the store:
// a Store fails a request over which no byte moves (s3.DefaultStall, 10 s, doubled for a key that stalled before). That is
// longer than it takes to find a store down, so that an outage is told as one and not connection by connection.
const (
	// suspicion is how long the requests under way may make no progress before the store is asked whether it answers at all, and
	// what is silent for so long is broken off when it is back.
	suspicion = 2 * time.Second
	// ProbeTimeout bounds one probe: a black hole answers nothing.
	ProbeTimeout = 2 * time.Second
	// minStall is the shortest silence after which a request is broken off while the store answers others.
	minStall = 3 * time.Second
	// playlistPatience is how long a playlist PUT is left alone even when the store came back meanwhile, as
	// one that is broken off may still arrive.
	playlistPatience = 8 * time.Second

	// probeEvery is the time between two probes of a store that does not answer, and with it how late its
	// return is noticed.
	probeEvery = time.Second
	// minSamples is how many PUTs must have succeeded before the silence of any is bounded.
	minSamples = 8
)

// stallBound learns how long this store usually takes to answer a PUT, and bounds the silence of one while the store answers
// others: after that its connection is taken for dead.
type stallBound struct {
	samples int           // PUTs that succeeded, at most minSamples
	usual   time.Duration // the longest silence before an answer, fading
}

// learn takes in how long a PUT was silent before it succeeded.
func (b *stallBound) learn(silent time.Duration) {
	b.samples = min(b.samples+1, minSamples)
	b.usual = max(silent, b.usual-b.usual/16)
}

// bound returns how long a request may be silent that was tried that often before. It doubles with each attempt, so
// that none is broken off for ever which is just slow. ok is false if that is not known yet.
func (b *stallBound) bound(attempt int) (silent time.Duration, ok bool) {
	return max(minStall, 3*b.usual) << min(attempt, 8), b.samples == minSamples
}

// suspicious returns when requests that last made progress at moved are silent for too long for a store that answers.
func (h *Health) suspicious(moved time.Time) time.Time {
	if h.heard.After(moved) {
		moved = h.heard
	}
	return moved.Add(suspicion)
}

// Deadline returns when the request of j, which last made progress at moved, is to be broken off and sent again if it makes none.
// ok is false as long as the store has answered nothing since, or it may not be sent again, or it is not known how long a PUT takes.
func (h *Health) Deadline(j plan.Job, moved time.Time) (at time.Time, ok bool) {
	if !j.Repeatable() || !h.heard.After(moved) {
		return time.Time{}, false
	}
	bound, known := h.stall.bound(j.Attempt)
	return moved.Add(bound), known || j.Asks()
}

// Hangs reports whether the request of j, which began and last made progress at these times, was silent while the store was down
// and is not answered any more: then it is broken off once the store is back. A playlist's PUT is left alone for a while, as it may
// still arrive.
func (h *Health) Hangs(j plan.Job, began, moved, now time.Time) bool {
	return now.Sub(moved) >= suspicion && (j.Op != plan.PutPlaylist || now.Sub(began) >= playlistPatience)
}
