package uploader

import (
	"errors"
	"slices"
	"time"

	"github.com/hlsship/hlsship/uploader/plan"
	"github.com/hlsship/hlsship/uploader/store"
)

// health is whether the store answers, and how long a request may be silent. It takes in how requests and probes end and says what
// that changes; the Plan, the journal and the loop draw the consequences. As soon as a request fails or makes no progress a
// probe is due; while probes fail the store is down and nothing else is sent, so that requests neither pile up in a black
// hole nor fall upon a store that has just come back. It reads no clock. Its zero value is of a store that was not asked
// yet. It is owned by the goroutine of Run.
//
//	unasked ────────────► up                        a request is done
//	up      ──Failing───► failing ──Mended──► up    a request fails; one is done
//	failing ────────────► recovering ──Mended──► up an answer such as 404 or 412: the store lives, and has done nothing yet
//	any     ──Down──────► down                      a probe fails
//	down    ──Back──────► recovering, up, failing   a probe is answered, or a late request: as that says
type health struct {
	state    storeState
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
}

// storeState is how the store does.
type storeState uint8

const (
	storeUnasked    storeState = iota
	storeUp                    // it does what it is asked
	storeFailing               // it failed a request, and answered none since
	storeDown                  // it does not even answer a probe
	storeRecovering            // it answered since it failed or was down, and was not asked anything yet that it did
)

// answers reports whether the store answers as it should.
func (s storeState) answers() bool { return s == storeUp || s == storeRecovering }

// storeEvent is a step from one storeState to another that somebody draws a consequence of.
type storeEvent uint8

const (
	eventNone    storeEvent = iota
	eventFailing            // the first request fails
	eventDown               // a probe fails: nothing is sent from now on
	eventBack               // the store answers again, and everything may be tried at once
	eventMended             // it does again what it is asked
)

// eventOf returns what it means that the state changes.
func eventOf(from, to storeState) storeEvent {
	switch {
	case from == to:
	case to == storeDown:
		return eventDown
	case from == storeDown:
		return eventBack
	case to == storeFailing:
		return eventFailing
	case to == storeUp && from != storeUnasked:
		return eventMended
	}
	return eventNone
}

// change is what the end of a request or a probe changed.
type change struct {
	event    storeEvent
	from, to storeState
	failures int  // requests and probes that had failed
	several  bool // the store is up, after it failed for more than one name: one that fails alone is its own trouble
	refused  bool // the store is up, after somebody had to mend something: it may be another one than before
}

// told is what a Plan is told of its store.
type told interface {
	Failing(fails bool)
	Recover(now time.Time)
	Inspect()
}

// tell has the Plan draw the consequences, but for those of Back.
func (c change) tell(p told, now time.Time) {
	p.Failing(c.to == storeFailing || c.to == storeDown)
	if c.several {
		p.Recover(now)
	}
	if c.refused {
		p.Inspect()
	}
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
func (r report) says() word {
	if r.job.Local() {
		return wordNone
	}
	switch r.out.Result {
	case plan.Done, plan.Different, plan.Present, plan.Absent:
		return wordDone
	case plan.Failed:
		e, ok := errors.AsType[*store.Error](r.err)
		switch {
		case !ok:
			return wordNone
		case r.out.Kind != store.Transient && r.out.Kind != store.Alarm:
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
func (p probe) answers() bool {
	return p.err == nil || store.KindOf(p.err) == store.NotFound || alive(p.err)
}

// alive reports whether err proves that the store works, though not for this request.
func alive(err error) bool {
	e, ok := errors.AsType[*store.Error](err)
	return ok && e.Alive
}

// ended takes in how a request ended that last made progress at moved.
func (h *health) ended(r report, moved time.Time) change {
	now := r.out.At
	if r.out.Result == plan.Done && !r.job.Local() {
		h.target = r.job.Key
		if r.job.Repeatable() && !r.job.Asks() {
			h.stall.learn(now.Sub(moved))
		}
	}
	switch says := r.says(); says {
	case wordDone:
		return h.answered(storeUp, now)
	case wordNo:
		if h.state == storeUnasked || h.state == storeUp {
			return h.answered(storeUp, now)
		}
		return h.answered(storeRecovering, now)
	case wordAlive, wordFailed:
		h.failures++
		h.refused = h.refused || r.out.Kind == store.Alarm
		if len(h.names) < 2 && !slices.Contains(h.names, r.job.Path) {
			h.names = append(h.names, r.job.Path)
		}
		if says == wordAlive {
			return h.answered(storeFailing, now)
		}
		h.suspect(r.job.Key, now)
		if h.state != storeDown {
			return h.become(storeFailing)
		}
	case wordNone:
	}
	return h.become(h.state)
}

// probeEnded takes in the outcome of a probe. A store that answers it may still fail what it is asked.
func (h *health) probeEnded(answers bool, now time.Time) change {
	h.probing = false
	switch {
	case !answers && h.heard.After(h.probed): // something else was answered meanwhile
	case !answers:
		h.failures++
		h.doubt = true
		return h.become(storeDown)
	case h.state == storeDown:
		return h.answered(storeRecovering, now)
	default:
		return h.answered(h.state, now)
	}
	return h.become(h.state)
}

// answered ends the doubt, as the store answered, and shows by that how it does.
func (h *health) answered(to storeState, now time.Time) change {
	h.heard, h.doubt = now, false
	return h.become(to)
}

func (h *health) become(to storeState) change {
	c := change{event: eventOf(h.state, to), from: h.state, to: to, failures: h.failures}
	h.state = to
	if to.answers() {
		h.failures = 0
	}
	if to == storeUp {
		c.several, c.refused = len(h.names) > 1, h.refused
		h.names, h.refused = h.names[:0], false
	}
	return c
}

// suspect has the store probed, as the request for that key failed or is silent.
func (h *health) suspect(key plan.Key, now time.Time) {
	if h.target == "" {
		h.target = key
	}
	if !h.doubt {
		h.doubt, h.next = true, now
	}
}

// probe returns the key to probe the store with, if that is due.
func (h *health) probe(now time.Time) (key plan.Key, ok bool) {
	if !h.doubt || h.probing || now.Before(h.next) {
		return "", false
	}
	h.probing, h.probed, h.next = true, now, now.Add(probeEvery) // one that is lost with its connection delays no other
	return h.target, true
}

// silent takes in that the request for that key last made progress at moved, which is longest ago of all under way.
func (h *health) silent(key plan.Key, moved, now time.Time) {
	if !now.Before(h.suspicious(moved)) {
		h.suspect(key, now)
	}
}

// wake returns when to listen again for the request that last made progress at moved, zero if there is none, and for the next
// probe. ok is false if there is neither.
func (h *health) wake(moved time.Time) (at time.Time, ok bool) {
	switch {
	case h.doubt:
		return h.next, !h.probing
	case moved.IsZero():
		return time.Time{}, false
	}
	return h.suspicious(moved), true
}
