package health

import (
	"errors"
	"net"
	"time"

	"github.com/hlsship/hlsship/state"
	"github.com/hlsship/hlsship/uploader/store"
)

// verdict is how the store does, as people are told. The zero verdict is of a store that was asked nothing yet.
type verdict struct{ store state.Store }

// reach returns the verdict about a store in that state, of which so many requests failed in a row, the last one by err.
func (v *verdict) reach(s State, failures int, err error, now time.Time) state.Store {
	next := v.store
	switch s {
	case Unasked:
		next = state.Store{State: state.Unasked}
	case Up, Recovering:
		next = state.Store{State: state.Up, Since: v.store.Since}
	case Failing, Down:
		next.Tries = failures
		if e, ok := errors.AsType[*store.Error](err); ok && blames(e) && !v.better(e) {
			next.State, next.Error, next.Cure = faultOf(e), err.Error(), Cure(e)
		}
		if !next.State.Fault() {
			next.State = state.Unreachable
		}
	}
	if next.State != v.store.State && next.State != state.Unasked {
		next.Since = now
	}
	v.store = next
	return next
}

// blames reports whether e is about the store, and not about one object.
func blames(e *store.Error) bool { return e.Kind == store.Transient || e.Kind == store.Alarm }

// better reports whether what is known says more than e: what a HEAD is answered has no text, and that it was not answered in time says
// little. What the network or the name server says is news, as the way to the store may fail in one way after the other.
func (v *verdict) better(e *store.Error) bool {
	_, network := errors.AsType[*net.OpError](e)
	_, names := errors.AsType[*net.DNSError](e)
	return e.Op == "stat" && v.store.State == faultOf(e) && !network && !names
}

// faultOf says which fault e is one of.
func faultOf(e *store.Error) state.OfStore {
	if e.Kind == store.Alarm {
		return state.Refusing
	}
	return state.Unreachable
}

// Cure says what to do about e.
func Cure(e *store.Error) string {
	if e.Cure == "" && e.Kind == store.Transient {
		return "see whether the store runs, and whether the network, its name or a firewall is in the way; finished files are kept meanwhile"
	}
	return e.Cure
}
