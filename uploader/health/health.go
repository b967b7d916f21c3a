package health

import (
	"errors"
	"slices"
	"time"

	"github.com/hlsship/hlsship/state"
	"github.com/hlsship/hlsship/uploader/plan"
	"github.com/hlsship/hlsship/uploader/store"
)

// Health is whether the store answers, and how long a request may be silent. It takes in how requests and probes end and says what
// that changes. As soon as a request fails or makes no progress a probe is due; while probes fail the store is down and nothing
// else is to be sent, so that requests neither pile up in a black hole nor fall upon a store that has just come back. Its zero
// value is of a store that was not asked yet. It has one owner.
//
//	unasked ────────────► up                        a request is done
//	up      ──Failing───► failing ──Mended──► up    a request fails; one is done
//	failing ────────────► recovering ──Mended──► up an answer such as 404 or 412: the store lives, and has done nothing yet
//	any     ──Down──────► down                      a probe fails
//	down    ──Back──────► recovering, up, failing   a probe is answered, or a late request: as that says
type Health struct {
	state    State
	failures int      // requests and probes that failed since it last answered as it should
	names    []string // whose requests failed since it was last up, at most two
	refused  bool     // since then it refused something until somebody mends it
	target   plan.Key // what a probe asks for: surely there, once anything is

	heard   time.Time // when it last answered
	doubt   bool      // a request failed, or was silent, since then
	probing bool      // a probe is under way
	probed  time.Time // when it, or the last one, began
	next    time.Time // when the next probe is due, if there is doubt
	stall   stallBound

	verdict verdict
}

// Request is a request that ended.
type Request struct {
	// Job and Outcome say what was asked and how that ended, Err why it failed; it is nil otherwise.
	Job     plan.Job
	Outcome plan.Outcome
	Err     error
	// Took is how long it was under way.
	Took time.Duration
}

// Probe is a probe that ended.
type Probe struct {
	// Err is what the store said; nil if it has the key.
	Err error
	// Took is how long it was under way.
	Took time.Duration
}

// State is how the store does.
type State uint8

const (
	// Unasked: it was asked nothing yet.
	Unasked State = iota
	// Up: it does what it is asked.
	Up
	// Failing: it failed a request, and answered none since.
	Failing
	// Down: it does not even answer a probe.
	Down
	// Recovering: it answered since it failed or was down, and was not asked anything yet that it did.
	Recovering
)

// Answers reports whether the store answers as it should.
func (s State) Answers() bool { return s == Up || s == Recovering }

// Event is a step from one State to another that somebody draws a consequence of.
type Event uint8

const (
	// EventNone: nothing changed that matters.
	EventNone Event = iota
	// EventFailing: the first request fails.
	EventFailing
	// EventDown: a probe fails; nothing is to be sent from now on.
	EventDown
	// EventBack: the store answers again, and everything may be tried at once.
	EventBack
	// EventMended: it does again what it is asked.
	EventMended
)

// eventOf returns what it means that the state changes.
func eventOf(from, to State) Event {
	switch {
	case from == to:
	case to == Down:
		return EventDown
	case from == Down:
		return EventBack
	case to == Failing:
		return EventFailing
	case to == Up && from != Unasked:
		return EventMended
	}
	return EventNone
}

// Change is what the end of a request or a probe changed.
type Change struct {
	// Event is what happened; From and To are the states before and after.
	Event    Event
	From, To State
	// Failures counts the requests and probes that had failed.
	Failures int
	// Several is true if the store is up, after it failed for more than one name: one that fails alone is its own trouble.
	Several bool
	// Refused is true if the store is up, after somebody had to mend something: it may be another one than before.
	Refused bool
	// Store is how the store does now, for people.
	Store state.Store
}

// word is what the end of a request says of the store.
type word uint8

const (
	wordNone   word = iota // it was broken off, or never came to the store
	wordDone               // the store did what it was asked
	wordNo                 // it said why it cannot, as it should
	wordAlive              // it fails this request, and works for others
	wordFailed             // it gave no answer, or one that says that it fails all
)

// says returns what r says of the store.
func (r Request) says() word {
	if r.Job.Local() {
		return wordNone
	}
	switch r.Outcome.Result {
	case plan.Done, plan.Different, plan.Present, plan.Absent:
		return wordDone
	case plan.Failed:
		e, ok := errors.AsType[*store.Error](r.Err)
		switch {
		case !ok:
			return wordNone
		case r.Outcome.Kind != store.Transient && r.Outcome.Kind != store.Alarm:
			return wordNo
		case e.Alive:
			return wordAlive
		}
		return wordFailed
	case plan.Void, plan.Gone, plan.Cancelled:
	}
	return wordNone
}

// answers reports whether the store answered: that the key is missing is an answer, too, as is any
// that is about this request.
func (p Probe) answers() bool {
	return p.Err == nil || store.KindOf(p.Err) == store.NotFound || alive(p.Err)
}

// alive reports whether err proves that the store works, though not for this request.
func alive(err error) bool {
	e, ok := errors.AsType[*store.Error](err)
	return ok && e.Alive
}

// State returns how the store does.
func (h *Health) State() State { return h.state }

// Probing reports whether a probe is under way.
func (h *Health) Probing() bool { return h.probing }

// Ended takes in how a request ended that last made progress at moved.
func (h *Health) Ended(r Request, moved time.Time) Change {
	c := h.ended(r, moved)
	c.Store = h.verdict.reach(h.state, h.failures, r.Err, r.Outcome.At)
	return c
}

func (h *Health) ended(r Request, moved time.Time) Change {
	now := r.Outcome.At
	if r.Outcome.Result == plan.Done && !r.Job.Local() {
		h.target = r.Job.Key
		if r.Job.Repeatable() && !r.Job.Asks() {
			h.stall.learn(now.Sub(moved))
		}
	}
	switch says := r.says(); says {
	case wordDone:
		return h.answered(Up, now)
	case wordNo:
		if h.state == Unasked || h.state == Up {
			return h.answered(Up, now)
		}
		return h.answered(Recovering, now)
	case wordAlive, wordFailed:
		h.failures++
		h.refused = h.refused || r.Outcome.Kind == store.Alarm
		if len(h.names) < 2 && !slices.Contains(h.names, r.Job.Path) {
			h.names = append(h.names, r.Job.Path)
		}
		if says == wordAlive {
			return h.answered(Failing, now)
		}
		h.suspect(r.Job.Key, now)
		if h.state != Down {
			return h.become(Failing)
		}
	case wordNone:
	}
	return h.become(h.state)
}

// ProbeEnded takes in how a probe ended. A store that answers it may still fail what it is asked.
func (h *Health) ProbeEnded(p Probe, now time.Time) Change {
	c := h.probeEnded(p, now)
	c.Store = h.verdict.reach(h.state, h.failures, p.Err, now)
	return c
}

// Listed takes in that a page of a listing came, or err if none did, and none will. A page is an answer, and so is that the store may not
// be listed.
func (h *Health) Listed(err error, now time.Time) Change {
	var c Change
	switch answers := err == nil || alive(err); {
	case answers && h.state == Unasked:
		c = h.answered(Up, now)
	case answers && h.state == Down:
		c = h.answered(Recovering, now)
	case answers:
		c = h.answered(h.state, now)
	case h.state == Unasked || h.state == Up:
		h.failures++
		c = h.become(Failing)
	default:
		c = h.become(h.state)
	}
	c.Store = h.verdict.reach(h.state, h.failures, err, now)
	return c
}

func (h *Health) probeEnded(p Probe, now time.Time) Change {
	answers := p.answers()
	h.probing = false
	switch {
	case !answers && h.heard.After(h.probed): // something else was answered meanwhile
	case !answers:
		h.failures++
		h.doubt = true
		return h.become(Down)
	case h.state == Down:
		return h.answered(Recovering, now)
	default:
		return h.answered(h.state, now)
	}
	return h.become(h.state)
}

// answered ends the doubt, as the store answered, and shows by that how it does.
func (h *Health) answered(to State, now time.Time) Change {
	h.heard, h.doubt = now, false
	return h.become(to)
}

func (h *Health) become(to State) Change {
	c := Change{Event: eventOf(h.state, to), From: h.state, To: to, Failures: h.failures}
	h.state = to
	if to.Answers() {
		h.failures = 0
	}
	if to == Up {
		c.Several, c.Refused = len(h.names) > 1, h.refused
		h.names, h.refused = h.names[:0], false
	}
	return c
}

// suspect has the store probed, as the request for that key failed or is silent.
func (h *Health) suspect(key plan.Key, now time.Time) {
	if h.target == "" {
		h.target = key
	}
	if !h.doubt {
		h.doubt, h.next = true, now
	}
}

// Probe returns the key to probe the store with, if that is due.
func (h *Health) Probe(now time.Time) (key plan.Key, ok bool) {
	if !h.doubt || h.probing || now.Before(h.next) {
		return "", false
	}
	h.probing, h.probed, h.next = true, now, now.Add(probeEvery) // one that is lost with its connection delays no other
	return h.target, true
}

// Silent takes in that the request for that key last made progress at moved, which is longest ago of all under way.
func (h *Health) Silent(key plan.Key, moved, now time.Time) {
	if !now.Before(h.suspicious(moved)) {
		h.suspect(key, now)
	}
}

// Wake returns when to listen again for the request that last made progress at moved, zero if there is none, and for the next
// probe. ok is false if there is neither.
func (h *Health) Wake(moved time.Time) (at time.Time, ok bool) {
	switch {
	case h.doubt:
		return h.next, !h.probing
	case moved.IsZero():
		return time.Time{}, false
	}
	return h.suspicious(moved), true
}
