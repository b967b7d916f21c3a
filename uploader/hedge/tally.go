package hedge

import "github.com/hlsship/hlsship/uploader/store"

// tally is what the attempts at one PUT come to. The zero value has no attempt.
type tally struct {
	sent, open int   // attempts made, and not answered
	stored     bool  // one was answered that it is stored
	unclear    error // the first after which nobody knows whether the store has it
	failed     error // the first that surely stored nothing
}

// take takes an answer in.
func (t *tally) take(err error) {
	t.open--
	switch {
	case err == nil:
		t.stored = true
	case store.Unclear(err) && t.unclear == nil:
		t.unclear = err
	case !store.Unclear(err) && t.failed == nil:
		t.failed = err
	}
}

// over reports whether no answer changes anything any more.
func (t *tally) over() bool { return t.stored || t.open == 0 }

// err returns why the PUT failed; nil if it is stored. If nobody knows whether one attempt did, it is that.
func (t *tally) err() error {
	switch {
	case t.stored:
		return nil
	case t.unclear != nil:
		return t.unclear
	}
	return t.failed
}
