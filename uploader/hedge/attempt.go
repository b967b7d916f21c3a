package hedge

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
)

const (
	// patience is how long an attempt may be silent whose PUT was answered by another, a little shorter than a Store's own.
	patience = 8 * time.Second
	// aftermath is how long one that ended without an answer may still arrive.
	aftermath = 8 * time.Second
)

var (
	errOver    = errors.New("the PUT was answered by another attempt")
	errSilence = errors.New("no progress, and the PUT was answered by another attempt")
)

// attempt is one try at a PUT.
type attempt struct {
	key, ifMatch string // of the object
	class        class
	cancel       context.CancelCauseFunc
	quiet        *silence
	ended        chan struct{} // closed once it ended, however

	// What follows is guarded by Hedger.mu.

	state state
	over  chan struct{} // if its PUT is answered: closed once it can have no effect any more; else nil
	timer *time.Timer   // what ends that; nil if nothing need
}

// state is how far an attempt is.
type state uint8

const (
	underWay state = iota
	unheard        // it ended without a word, and may still take effect
	answered
)

// lingers reports whether its PUT was answered while it could take effect.
func (a *attempt) lingers() bool { return a.over != nil }

// answer is how an attempt ended.
type answer struct {
	from *attempt
	etag string
	err  error
	// panicked is what it panicked with, nil if it did not.
	panicked error
}

// put carries the attempt out.
func (a *attempt) put(ctx context.Context, behind store.Store, o store.Object) (ans answer) {
	defer func() {
		if value := recover(); value != nil {
			err := fmt.Errorf("put %s panicked: %v\n%s", o.Key, value, debug.Stack())
			ans = answer{from: a, err: err, panicked: err}
		}
	}()
	etag, err := behind.Put(ctx, o)
	return answer{from: a, etag: etag, err: err}
}

// silence is for how long an attempt makes no progress: nothing is read of its body, and there is no answer. To wait for its share of
// an uplink is none. It is safe for concurrent use.
type silence struct {
	mu      sync.Mutex
	since   time.Time
	longest time.Duration
	waits   bool // for its share of the uplink
	starved bool // it was denied bytes, so that it cannot be stored whole
}

// progress ends a silence.
func (s *silence) progress() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moved(time.Now())
}

// moved notes progress. The caller holds mu.
func (s *silence) moved(now time.Time) {
	if !s.waits {
		s.longest = max(s.longest, now.Sub(s.since))
	}
	s.since = now
}

// wait notes that the attempt begins, or ceases, to wait for its share of the uplink.
func (s *silence) wait(waits bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moved(time.Now())
	s.waits = waits
}

// starve notes that it was denied bytes.
func (s *silence) starve() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.starved = true
}

// lasts returns how long the present silence is.
func (s *silence) lasts() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waits {
		return 0
	}
	return time.Since(s.since)
}

// end returns how long the longest silence was, and whether it was denied bytes.
func (s *silence) end() (longest time.Duration, starved bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moved(time.Now())
	return s.longest, s.starved
}

// gate is between a PUT's caller and its attempts, which may go on when it has returned. Use it by pointer.
type gate struct {
	mu   sync.RWMutex
	shut bool
}

// close returns once no attempt makes use of what is the caller's. None follows.
func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = true
}

// object returns o as an attempt may send it whose caller waits as long as ctx.
func (g *gate) object(ctx context.Context, o store.Object, quiet *silence) store.Object {
	if o.Body != nil {
		o.Body = gated{ctx, g, o.Body, quiet}
	}
	told := o.Waits
	o.Waits = func(waiting bool) {
		quiet.wait(waiting)
		g.mu.RLock()
		defer g.mu.RUnlock()
		if told != nil && !g.shut {
			told(waiting)
		}
	}
	return o
}

// gated is a body behind a gate.
type gated struct {
	ctx   context.Context //nolint:containedctx // the caller's, which an attempt hears of a moment later
	gate  *gate
	body  io.ReaderAt
	quiet *silence
}

// ReadAt implements io.ReaderAt.
func (b gated) ReadAt(p []byte, off int64) (int, error) {
	b.gate.mu.RLock()
	defer b.gate.mu.RUnlock()
	if b.gate.shut {
		b.quiet.starve()
		return 0, errOver
	}
	b.quiet.progress()
	n, err := b.body.ReadAt(p, off)
	b.quiet.progress()
	if ended := b.ctx.Err(); ended != nil {
		return 0, ended
	}
	return n, err
}
