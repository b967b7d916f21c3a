package hedge

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/hlsship/hlsship/crew"
	"github.com/hlsship/hlsship/uploader/store"
)

// tellEvery is how often the log is told that PUTs waited, at most.
const tellEvery = time.Minute

// Config is what a Hedger needs. The zero value is good.
type Config struct {
	// Share is how many second attempts there may be for each PUT; 0 means 0.03.
	Share float64
	// Samples is how many PUTs of about a size must be known before one is sent twice; 0 means 20.
	Samples int
	// Observer is told what happens; nil means nobody.
	Observer Observer
	// Logger is told, once a minute at most, that PUTs waited; nil means nobody.
	Logger *slog.Logger
}

// Observer is told what happens. Its methods are called from the goroutines of PUTs, several at once, and must return quickly.
type Observer interface {
	// Hedged is called when a PUT ended that was sent twice. won is true if the second attempt was the one that stored it; wasted is
	// what the other attempt carried, in bytes.
	Hedged(won bool, wasted int64)
	// Waited is called when a PUT begins that waited for so long for what was sent before under its key.
	Waited(long time.Duration)
}

// nobody is an Observer that is told in vain.
type nobody struct{}

func (nobody) Hedged(bool, int64)   {}
func (nobody) Waited(time.Duration) {}

// Hedger sends PUTs again that take long. Stores that share a fate are given to one Hedger. It is safe for concurrent use. Use New; a
// nil Hedger sends every PUT once.
type Hedger struct {
	observer Observer
	logger   *slog.Logger
	running  crew.Crew // attempts

	mu       sync.Mutex
	policy   *policy
	losers   map[string][]*attempt // by key: what may still take effect though its PUT was answered
	ended    bool                  // Run did
	panicked error                 // an attempt did whose PUT was answered
	told     time.Time             // when the log was that a PUT waited
	waited   int                   // how many did since
}

// New returns a Hedger. It starts nothing.
func New(c Config) *Hedger {
	h := &Hedger{observer: c.Observer, logger: c.Logger, policy: newPolicy(c), losers: map[string][]*attempt{}}
	if h.observer == nil {
		h.observer = nobody{}
	}
	if h.logger == nil {
		h.logger = slog.New(slog.DiscardHandler)
	}
	return h
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
func (h *Hedger) hear(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.policy.hear(err)
}

// finish takes in how an attempt ended.
func (h *Hedger) finish(ans answer) {
	a := ans.from
	longest, starved := a.quiet.end()
	h.mu.Lock()
	defer h.mu.Unlock()
	if a.state = answered; store.Unclear(ans.err) && !starved {
		a.state = unheard
	}
	close(a.ended)
	h.policy.hear(ans.err)
	if ans.err == nil || store.KindOf(ans.err) == store.Precondition || a.lingers() {
		h.policy.known[a.class].learn(longest) // what loses as well, or the tail would be out of sight
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
	if a.state == answered {
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
	if a.state == answered {
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
	rival := h.rival(o)
	if rival == nil {
		return nil
	}
	since := time.Now()
	if o.Waits != nil {
		o.Waits(true)
		defer o.Waits(false)
	}
	for ; rival != nil; rival = h.rival(o) {
		select {
		case <-rival:
		case <-ctx.Done():
			return &store.Error{Op: "put", Key: o.Key, Err: ctx.Err()}
		}
	}
	h.tell(o.Key, time.Since(since))
	return nil
}

// rival returns what is closed once an attempt that o waits for is no rival any more, or another sort of one; nil if it waits for none.
// What was broken off or cut off may arrive for a while, and media wait for that. A playlist does not, be it sent once or twice, unless
// it brings back the very bytes that the attempt would replace: then its condition holds again, on every store.
func (h *Hedger) rival(o store.Object) <-chan struct{} {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, a := range h.losers[o.Key] {
		switch {
		case a.state == underWay:
			return a.ended
		case a.class != playlists || holdsMD5(o, a.ifMatch):
			return a.over
		}
	}
	return nil
}

// tell tells that a PUT waited.
func (h *Hedger) tell(key string, long time.Duration) {
	h.observer.Waited(long)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.waited++
	if now := time.Now(); now.Sub(h.told) >= tellEvery {
		h.logger.Info("file waited for an earlier attempt at its name", "key", key, "waited", long.Round(time.Millisecond), "files", h.waited)
		h.told, h.waited = now, 0
	}
}

// newAttempt returns an attempt at o, which start starts.
func newAttempt(o store.Object, c class) *attempt {
	return &attempt{key: o.Key, ifMatch: o.IfMatch, class: c, quiet: &silence{since: time.Now()}, ended: make(chan struct{})}
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
