package hedge

import "github.com/hlsship/hlsship/uploader/store"

// tally is what the attempts at one PUT come to. The zero value has no attempt.
type tally struct {
	sent, open int   // attempts made, and not answered
	stored     bool  // one was answered that it is stored, or the store shows it
	refused    int   // whose condition did not hold
	condition  error // the first of those
	unclear    error // the first after which nobody knows whether the store has it
	failed     error // the first that surely stored nothing
	look       look  // whether the store was asked what it holds
}

// look is how far asking the store is.
type look uint8

const (
	lookNever look = iota
	lookAsked
	lookAnswered
)

// step is what follows.
type step uint8

const (
	stepWait step = iota // for an answer
	stepLook             // ask the store what it holds
	stepEnd
)

// take takes an answer in.
func (t *tally) take(err error) {
	t.open--
	first := func(at *error) {
		if *at == nil {
			*at = err
		}
	}
	switch {
	case err == nil:
		t.stored = true
	case store.KindOf(err) == store.Precondition:
		t.refused++
		first(&t.condition)
	case store.Unclear(err):
		first(&t.unclear)
	default:
		first(&t.failed)
	}
}

// next returns what follows. A condition that failed says nothing as long as the other attempt may be why.
func (t *tally) next() step {
	switch {
	case t.stored:
		return stepEnd
	case t.sent > 1 && t.refused > 0 && t.refused < t.sent && t.look == lookNever:
		return stepLook
	case t.open > 0, t.look == lookAsked:
		return stepWait
	}
	return stepEnd
}

// err returns why the PUT failed. If nobody knows whether it did, it is that: whoever heard of a condition that failed would take it
// for sure that these bytes are not stored.
func (t *tally) err() error {
	for _, err := range []error{t.unclear, t.failed, t.condition} {
		if err != nil {
			return err
		}
	}
	return nil
}
