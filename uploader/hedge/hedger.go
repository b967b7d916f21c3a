package hedge

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
)

// Config is what a Hedger needs. The zero value is good.
type Config struct {
	// Share is how many second attempts there may be for each PUT; 0 means 0.03.
	Share float64
	// Samples is how many PUTs of about a size must be known before one is sent twice; 0 means 20.
	Samples int
	// MediaOnly has playlists sent once, as for a store that takes one write a second for a key.
	MediaOnly bool
	// Observer is told what happens; nil means nobody.
	Observer Observer
}

// Observer is told what happens. Its method is called from the goroutines of PUTs, several at once, and must return quickly.
type Observer interface {
	// Hedged is called when a PUT ended that was sent twice. won is true if the second attempt was the one that stored it; wasted is
	// what the other attempt carried, in bytes.
	Hedged(won bool, wasted int64)
}

// Hedger sends PUTs again that take long. Stores that share a fate are given to one Hedger. It is safe for concurrent use. Use New; a
// nil Hedger sends every PUT once.
type Hedger struct {
	observer Observer
	running  sync.WaitGroup // attempts

	mu       sync.Mutex
	policy   *policy
	losers   map[string][]*attempt // by key: what may still take effect though its PUT was answered
	ended    bool                  // Run did
	panicked error                 // an attempt did whose PUT was answered
}

// New returns a Hedger. It starts nothing.
func New(c Config) *Hedger {
	return &Hedger{observer: c.Observer, policy: newPolicy(c), losers: map[string][]*attempt{}}
}

// Run waits for ctx, ends the attempts whose PUTs were answered by others, and returns nil once there are none. What such an attempt
// sent may still arrive afterwards, as what any process sent that ends. Call it once, and let it end after the last PUT.
func (h *Hedger) Run(ctx context.Context) error {
	<-ctx.Done()
	if h == nil {
		return nil
	}
	h.mu.Lock()
	h.ended = true
	for _, all := range h.losers {
		for _, a := range all {
			a.timer.Stop()
			a.cancel(context.Cause(ctx))
		}
	}
	h.mu.Unlock()
	h.running.Wait()
	return nil
}

// begin takes in a PUT that begins. It panics if an attempt did that nobody waited for.
func (h *Hedger) begin() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.panicked; err != nil {
		h.panicked = nil
		panic(err)
	}
	h.policy.began()
}

// end takes in that a PUT is answered, and how often it was sent.
func (h *Hedger) end(sent int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.policy.ended(sent > 1)
}

// hear takes in what an answer says of the store.
func (h *Hedger) hear(o store.Object, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.policy.hear(err, o.IfMatch != "" || o.IfAbsent)
}

// finish takes in how an attempt ended.
func (h *Hedger) finish(ans answer) {
	a := ans.from
	longest, starved := a.quiet.end()
	h.mu.Lock()
	defer h.mu.Unlock()
	if a.state = ended; store.Unclear(ans.err) && !starved {
		a.state = unheard
	}
	if a.trial {
		h.policy.tried(ans.err)
	} else {
		h.policy.hear(ans.err, a.ifMatch != "")
		if ans.err == nil || store.KindOf(ans.err) == store.Precondition || a.lingers() {
			h.policy.known[a.class].learn(longest) // what loses as well, or the tail would be out of sight
		}
	}
	if !a.lingers() {
		return
	}
	h.policy.losers--
	if ans.panicked != nil {
		h.panicked = ans.panicked
	}
	h.settle(a)
}

// linger has what a may still do known by its key. The caller holds mu.
func (h *Hedger) linger(a *attempt) {
	if a.state == ended {
		return
	}
	a.over = make(chan struct{})
	h.losers[a.key] = append(h.losers[a.key], a)
	if a.state == unheard {
		h.settle(a)
		return
	}
	h.policy.losers++
	a.timer = time.AfterFunc(max(0, patience-a.quiet.lasts()), func() { a.cancel(errSilence) })
	if h.ended {
		a.cancel(errSilence)
	}
}

// settle forgets a lingering attempt that ended, once it cannot arrive any more. The caller holds mu.
func (h *Hedger) settle(a *attempt) {
	forget := func() {
		h.losers[a.key] = slices.DeleteFunc(h.losers[a.key], func(o *attempt) bool { return o == a })
		if len(h.losers[a.key]) == 0 {
			delete(h.losers, a.key)
		}
		close(a.over)
	}
	if a.timer != nil {
		a.timer.Stop()
	}
	if a.state == ended {
		forget()
		return
	}
	a.timer = time.AfterFunc(aftermath, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		forget()
	})
}

// clear waits until nothing that was sent before can take the place of o, whatever its condition: some stores look at conditions before
// they have the bytes, and a late one comes true all the same. The error is that of ctx.
func (h *Hedger) clear(ctx context.Context, o store.Object) error {
	waits := false
	defer func() {
		if waits && o.Waits != nil {
			o.Waits(false)
		}
	}()
	for {
		h.mu.Lock()
		losers := slices.Clone(h.losers[o.Key])
		h.mu.Unlock()
		if len(losers) == 0 {
			return nil
		}
		if !waits && o.Waits != nil {
			o.Waits(true)
		}
		waits = true
		select {
		case <-losers[0].over:
		case <-ctx.Done():
			return &store.Error{Op: "put", Key: o.Key, Err: ctx.Err()}
		}
	}
}

const (
	// noETag is none that an object has.
	noETag = "00000000000000000000000000000000"
	// mostTried is the size of a playlist with which a store is tried, at most, in bytes.
	mostTried = 256 << 10
)

// try asks a store that has just stored the playlist o whether it keeps conditions, by storing it again under one that cannot hold:
// no second attempt is made at a playlist before that is known. Where conditions are ignored, the store holds the same bytes again. It is
// done once, in the background, and until it is over nothing else is stored under the key.
func (h *Hedger) try(ctx context.Context, behind store.Store, o store.Object) {
	if o.Size > mostTried {
		return
	}
	h.mu.Lock()
	tries := !h.ended && h.policy.tries()
	h.mu.Unlock()
	if !tries {
		return
	}
	content := make([]byte, o.Size)
	if _, err := o.Body.ReadAt(content, 0); err != nil && !errors.Is(err, io.EOF) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.policy.tried(err)
		return
	}
	o.Body, o.IfMatch, o.Waits = bytes.NewReader(content), noETag, nil
	a := newAttempt(o, playlists)
	a.trial = true
	h.start(ctx, a, behind, o, func(answer) {})
	h.mu.Lock()
	defer h.mu.Unlock()
	h.linger(a)
}

// newAttempt returns an attempt at o, which start starts.
func newAttempt(o store.Object, c class) *attempt {
	return &attempt{key: o.Key, ifMatch: o.IfMatch, class: c, quiet: &silence{since: time.Now()}}
}

// start carries a out, which ends with neither ctx nor the call, and gives the answer to report, which must not block.
func (h *Hedger) start(ctx context.Context, a *attempt, behind store.Store, o store.Object, report func(answer)) {
	ctx, a.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	h.running.Go(func() {
		defer a.cancel(nil)
		ans := a.put(ctx, behind, o)
		h.finish(ans)
		report(ans)
	})
}
