package uploader

import "time"

const (
	// silence is how long the requests under way may make no progress before the store is asked whether it
	// is there at all.
	silence = 2 * time.Second
	// probeEvery is the time between two probes of a store that does not answer, and with it how late its
	// return is noticed.
	probeEvery = time.Second
	// probeTimeout bounds one probe: a black hole answers nothing.
	probeTimeout = 2 * time.Second
	// playlistPatience is how long a playlist PUT is left alone even when the store came back meanwhile, as
	// one that is given up may still arrive.
	playlistPatience = 8 * time.Second
)

// pulse tells whether the store answers at all. As soon as a request fails or makes no progress a probe asks;
// while probes fail the store is down and nothing else is sent, so that requests neither pile up in
// a black hole nor fall upon a store that has just come back. It is owned by the goroutine of Run.
type pulse struct {
	trouble bool      // a request failed, or was silent, since the last answer
	down    bool      // the last probe failed
	probing bool      // a probe is under way
	next    time.Time // when the next probe is due, if there is trouble
	heard   time.Time // when the store last answered
}

// failed notes that a request failed or was silent.
func (p *pulse) failed(now time.Time) {
	if !p.trouble {
		p.trouble, p.next = true, now
	}
}

// suspicious returns when requests that last made progress at moved are silent for too long.
func (p *pulse) suspicious(moved time.Time) time.Time {
	if p.heard.After(moved) {
		moved = p.heard
	}
	return moved.Add(silence)
}

// answered notes that the store answered, and reports whether it was down before.
func (p *pulse) answered(now time.Time) (back bool) {
	back = p.down
	p.trouble, p.down, p.heard = false, false, now
	return back
}

// probed notes the outcome of a probe, and reports whether the store is back.
func (p *pulse) probed(ok bool, now time.Time) (back bool) {
	p.probing = false
	if ok {
		return p.answered(now)
	}
	p.trouble, p.down = true, true
	return false
}

// probe reports whether a probe is to be sent now.
func (p *pulse) probe(now time.Time) bool {
	if !p.trouble || p.probing || now.Before(p.next) {
		return false
	}
	p.probing, p.next = true, now.Add(probeEvery) // one that is lost with its connection delays no other
	return true
}
