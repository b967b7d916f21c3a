package hedge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
	"github.com/hlsship/hlsship/uploader/storetest"
	"github.com/hlsship/hlsship/uploader/uplink"
)

const (
	fast = 20 * time.Millisecond
	// suspect is when a PUT is sent again where all take as long as fast.
	suspect = 2 * fast
)

// stage is a hedged wire, on which every PUT is fast but those that fates tell of, by their order.
type stage struct {
	*wire
	store.Store
	hedger *Hedger
	count  counter
	fates  map[int]fate // guarded by wire.mu
	log    bytes.Buffer // guarded by Hedger.mu
}

// onStage runs act with a Hedger that knows what is usual and has second attempts to spare, and ends all.
func onStage(t *testing.T, act func(t *testing.T, s *stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &stage{fates: map[int]fate{}}
		s.wire = newWire(func(n int, _ store.Object) fate {
			if f, ok := s.fates[n]; ok {
				return f
			}
			return soon(fast)
		})
		s.hedger = New(Config{Share: 1, Samples: 5, Observer: &s.count, Logger: slog.New(slog.NewTextHandler(&s.log, nil))})
		s.Store = s.hedger.Hedge(s.wire)
		ctx, end := context.WithCancel(t.Context())
		var ran sync.WaitGroup
		ran.Go(func() { _ = s.hedger.Run(ctx) })
		act(t, s)
		end()
		ran.Wait()
		s.background.Wait()
	})
}

// learn has it know what media and playlists take. It returns the ETag of live.m3u8.
func (s *stage) learn(t *testing.T) (etag string) {
	t.Helper()
	for i := range 5 {
		s.put(t, segment(fmt.Sprintf("old%d.ts", i), "old"))
	}
	o := playlist("live.m3u8", "0", "")
	o.IfAbsent = true
	etag = s.put(t, o)
	for i := range 6 {
		etag = s.put(t, playlist("live.m3u8", fmt.Sprint(i+1), etag))
	}
	<-time.After(10 * time.Second)
	return etag
}

// next sets what becomes of the next PUTs.
func (s *stage) next(fates ...fate) {
	s.wire.mu.Lock()
	defer s.wire.mu.Unlock()
	for i, f := range fates {
		s.fates[s.puts+i] = f
	}
}

func (s *stage) put(t *testing.T, o store.Object) (etag string) {
	t.Helper()
	etag, err := s.Store.Put(t.Context(), o)
	if err != nil || etag == "" {
		t.Fatalf("put %s: ETag %q, %v", o.Key, etag, err)
	}
	return etag
}

// took checks that about that much time has passed.
func took(t *testing.T, what string, since time.Time, want time.Duration) {
	t.Helper()
	if got := time.Since(since); got < want || got > want+10*time.Millisecond {
		t.Errorf("%s: took %v, want %v", what, got, want)
	}
}

// TestSecondAttempt: a PUT that is silent is sent again, and the first answer counts, whosever it is.
func TestSecondAttempt(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		fates   []fate
		took    time.Duration
		won     int
		sent    int
		failure store.ErrorKind
		fails   bool
	}{
		"fast enough":                {[]fate{soon(suspect - 1)}, suspect - 1, 0, 0, 0, false},
		"the second wins":            {[]fate{soon(3 * time.Second)}, suspect + fast, 1, 1, 0, false},
		"the first wins":             {[]fate{soon(suspect + fast), soon(time.Second)}, suspect + fast, 0, 1, 0, false},
		"the second fails":           {[]fate{soon(time.Second), {commit: -1, answer: fast}}, time.Second, 0, 1, 0, false},
		"the first fails":            {[]fate{{commit: -1, answer: time.Second}, soon(2 * time.Second)}, suspect + 2*time.Second, 1, 1, 0, false},
		"it fails at once":           {[]fate{{commit: -1, answer: fast}}, fast, 0, 0, store.Transient, true},
		"both fail":                  {[]fate{{commit: -1, answer: time.Second}, {commit: -1, answer: fast}}, time.Second, 0, 1, store.Transient, true},
		"both are refused for good":  {[]fate{{-1, time.Second, &store.Error{Kind: store.Alarm}}, {-1, fast, &store.Error{Kind: store.Alarm}}}, time.Second, 0, 1, store.Alarm, true},
		"one may have been stored":   {[]fate{{commit: -1, answer: time.Second}, {-1, fast, &store.Error{Kind: store.Alarm}}}, time.Second, 0, 1, store.Transient, true},
		"the answer alone was slow":  {[]fate{{commit: fast, answer: 3 * time.Second}}, suspect + fast, 1, 1, 0, false},
		"both are slow, and one won": {[]fate{soon(3 * time.Second), soon(2 * time.Second)}, suspect + 2*time.Second, 1, 1, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onStage(t, func(t *testing.T, s *stage) {
				s.learn(t)
				s.next(tt.fates...)
				start := time.Now()
				_, err := s.Store.Put(t.Context(), segment("a.ts", "bytes"))
				took(t, "the PUT", start, tt.took)
				if (err != nil) != tt.fails || err != nil && store.KindOf(err) != tt.failure {
					t.Errorf("got %v, want failure: %v, %v", err, tt.fails, tt.failure)
				}
				if !tt.fails {
					s.holds(t, "a.ts", "bytes")
				}
				if sent, won, wasted := s.count.counts(); sent != tt.sent || won != tt.won || wasted != int64(5*tt.sent) {
					t.Errorf("%d sent, %d won, %d bytes wasted, want %d and %d", sent, won, wasted, tt.sent, tt.won)
				}
			})
		})
	}
}

// TestOtherBytesWait: other bytes are not stored under a key before all that was sent for it can do nothing any more.
func TestOtherBytesWait(t *testing.T) {
	t.Parallel()
	reset := errors.New("connection reset")
	for name, tt := range map[string]struct {
		loser fate
		after time.Duration // when the next PUT of the key ends, counted from the first
	}{
		"it is answered late":                         {soon(5 * time.Second), 5*time.Second + fast},
		"it is stored, and answered later":            {fate{commit: fast, answer: 5 * time.Second}, 5*time.Second + fast},
		"it dies without an answer and comes late":    {fate{9 * time.Second, 2 * time.Second, reset}, 2*time.Second + aftermath + fast},
		"it died before the other was answered":       {fate{8 * time.Second, suspect + fast/2, reset}, suspect + fast + aftermath + fast},
		"it is silent for too long, and comes late":   {fate{15 * time.Second, time.Hour, nil}, patience + aftermath + fast},
		"the store says that it did nothing":          {fate{-1, 2 * time.Second, &store.Error{Busy: true, Err: reset}}, 2*time.Second + fast},
		"it is answered before the key is used again": {soon(900 * time.Millisecond), time.Second + fast},
	} {
		for _, way := range []string{"put", "append"} {
			t.Run(name+", "+way, func(t *testing.T) {
				t.Parallel()
				onStage(t, func(t *testing.T, s *stage) {
					s.learn(t)
					s.next(tt.loser)
					start := time.Now()
					s.put(t, segment("a.ts", "old"))
					took(t, "the first PUT", start, suspect+fast)
					time.Sleep(time.Until(start.Add(time.Second)))
					next := segment("a.ts", "new")
					told := []bool{}
					next.Waits = func(waiting bool) { told = append(told, waiting) }
					want := tt.after
					if way == "append" {
						want -= fast // of the wire's Memory, which refuses so few bytes at once
						_, err := s.Store.(store.Appender).Append(t.Context(), next, 1)
						if err == nil {
							t.Error("a few bytes were appended")
						}
					} else {
						s.put(t, next)
					}
					took(t, "both", start, want)
					if want := want > time.Second+fast; want != (fmt.Sprint(told) == "[true false]") {
						t.Errorf("told %v that it waits, want that: %v", told, want)
					}
					time.Sleep(time.Minute)
					if way == "put" {
						s.holds(t, "a.ts", "new")
					}
					if len(s.hedger.losers) != 0 {
						t.Errorf("%d keys are remembered", len(s.hedger.losers))
					}
				})
			})
		}
	}
}

// TestOtherKeysWaitForNothing: nor does one whose caller gives up wait on.
func TestOtherKeysWaitForNothing(t *testing.T) {
	t.Parallel()
	onStage(t, func(t *testing.T, s *stage) {
		s.learn(t)
		s.next(soon(5 * time.Second))
		s.put(t, segment("a.ts", "old"))
		start := time.Now()
		s.put(t, segment("b.ts", "new"))
		took(t, "another key", start, fast)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := s.Store.Put(ctx, segment("a.ts", "new"))
		took(t, "a caller who gives up", start, fast+time.Second)
		if !errors.Is(err, context.DeadlineExceeded) || store.KindOf(err) != store.Transient {
			t.Errorf("got %v", err)
		}
	})
}

// TestFailedCondition: the condition of one attempt fails when the other was stored; then the store tells, or the other attempt.
func TestFailedCondition(t *testing.T) {
	t.Parallel()
	slow := fate{commit: fast, answer: 3 * time.Second} // it is stored at once
	broken := fate{fast, time.Second, errors.New("connection reset")}
	never := fate{commit: -1, answer: time.Second}
	for name, tt := range map[string]struct {
		first, second fate
		other         string // what somebody else stores meanwhile
		took          time.Duration
		fails         bool
		failure       store.ErrorKind
	}{
		"the store shows the bytes":                {first: slow, second: soon(fast), took: suspect + fast},
		"the first was cut off, and stored":        {first: broken, second: soon(fast), took: suspect + fast},
		"the first was cut off before the second":  {first: fate{fast, suspect + fast/2, errors.New("reset")}, second: soon(fast), took: suspect + fast},
		"somebody else's, and one is unclear":      {first: never, second: soon(fast), other: "other", took: time.Second, fails: true, failure: store.Transient},
		"somebody else's, and both are refused":    {first: soon(time.Second), second: soon(fast), other: "other", took: time.Second, fails: true, failure: store.Precondition},
		"the second is stored, the first refused":  {first: soon(suspect + 2*fast), second: fate{commit: fast, answer: time.Second}, took: suspect + 2*fast},
		"the first is stored, before it is needed": {first: fate{commit: fast, answer: suspect + fast/2}, second: soon(time.Second), took: suspect + fast/2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onStage(t, func(t *testing.T, s *stage) {
				etag := s.learn(t)
				s.next(tt.first, tt.second)
				start := time.Now()
				if tt.other != "" {
					if _, err := s.Memory.Put(t.Context(), segment("live.m3u8", tt.other)); err != nil {
						t.Fatal(err)
					}
				}
				o := playlist("live.m3u8", "new", etag)
				got, err := s.Store.Put(t.Context(), o)
				took(t, "the PUT", start, tt.took)
				switch {
				case tt.fails:
					if err == nil || store.KindOf(err) != tt.failure {
						t.Errorf("got %v, want %v", err, tt.failure)
					}
				case err != nil:
					t.Error(err)
				default:
					s.holds(t, "live.m3u8", "new")
					if info, _ := s.Store.Stat(t.Context(), "live.m3u8"); info.ETag != got {
						t.Errorf("got ETag %s, and the store says %s", got, info.ETag)
					}
				}
				time.Sleep(time.Minute)
			})
		})
	}
}

// TestPlaylistsWaitForLosers: the next version of a playlist waits for an attempt at the one before that lost, though its condition cannot
// hold any more: some stores look at it when the request comes, and at nothing when the bytes are there. It does not wait for longer
// than it would for a PUT that is sent once: until that is broken off, or ends without an answer.
func TestPlaylistsWaitForLosers(t *testing.T) {
	t.Parallel()
	reset := errors.New("connection reset")
	for name, tt := range map[string]struct {
		loser fate
		third string
		early bool // conditions are looked at when a request comes
		took  time.Duration
	}{
		"conditions come true with the bytes":                 {soon(5 * time.Second), "c", false, 5*time.Second - suspect},
		"conditions are looked at before that":                {soon(5 * time.Second), "c", true, 5*time.Second - suspect},
		"the version before comes back":                       {soon(5 * time.Second), "a", false, 5*time.Second - suspect},
		"nobody answers":                                      {fate{-1, time.Hour, nil}, "c", false, patience - suspect},
		"nobody answers, and it comes late":                   {fate{15 * time.Second, time.Hour, nil}, "c", false, patience - suspect},
		"it is cut off":                                       {fate{-1, 2 * time.Second, reset}, "c", false, 2*time.Second - suspect},
		"it was cut off before":                               {fate{-1, suspect + fast/2, reset}, "c", false, fast},
		"it is cut off, and what it would replace comes back": {fate{8 * time.Second, 2 * time.Second, reset}, "a", false, 2*time.Second - suspect + aftermath},
		"so it does after it was cut off":                     {fate{8 * time.Second, suspect + fast/2, reset}, "a", false, fast + aftermath},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onStage(t, func(t *testing.T, s *stage) {
				s.wire.early = tt.early
				etag := s.put(t, playlist("live.m3u8", "a", s.learn(t)))
				s.next(tt.loser)
				etag = s.put(t, playlist("live.m3u8", "b", etag))
				start := time.Now()
				s.put(t, playlist("live.m3u8", tt.third, etag))
				took(t, "the third version", start, tt.took)
				time.Sleep(time.Minute)
				s.holds(t, "live.m3u8", tt.third)
				s.hedger.mu.Lock()
				defer s.hedger.mu.Unlock()
				if len(s.hedger.losers) != 0 {
					t.Errorf("%d keys are remembered", len(s.hedger.losers))
				}
			})
		})
	}
}

// TestWaitIsTold: observer and log hear that a PUT waited, the log once a minute at most.
func TestWaitIsTold(t *testing.T) {
	t.Parallel()
	onStage(t, func(t *testing.T, s *stage) {
		for i := range 50 { // so that nine of ten are fast, whatever follows
			s.put(t, segment(fmt.Sprint(i), "old"))
		}
		wait := func(key string) {
			s.next(soon(time.Second))
			s.put(t, segment(key, "old"))
			s.put(t, segment(key, "new"))
		}
		const each = time.Second - suspect - fast
		wait("a.ts")
		wait("b.ts")
		if lines := strings.Count(s.log.String(), "\n"); lines != 1 || !strings.Contains(s.log.String(), "key=a.ts waited=940ms files=1\n") {
			t.Errorf("two waited: the log says\n%s", &s.log)
		}
		time.Sleep(tellEvery)
		wait("c.ts")
		if lines := strings.Count(s.log.String(), "\n"); lines != 2 || !strings.Contains(s.log.String(), "key=c.ts waited=940ms files=2\n") {
			t.Errorf("a minute later: the log says\n%s", &s.log)
		}
		if s.count.waited != 3*each {
			t.Errorf("waited for %v, want %v", s.count.waited, 3*each)
		}
	})
}

// TestSentOnce: what must not be sent twice, or need not, is sent once.
func TestSentOnce(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*store.Object){
		"backlog":                func(o *store.Object) { o.Priority = store.Backlog },
		"a file that grows":      func(o *store.Object) { o.IfAbsent = true },
		"a careless playlist":    func(o *store.Object) { o.Priority = store.First },
		"the first playlist":     func(o *store.Object) { o.Priority, o.IfAbsent = store.First, true },
		"paced by somebody else": func(o *store.Object) { o.Pace = func(_ context.Context, n int64) (int64, error) { return n, nil } },
		"of another size":        func(o *store.Object) { o.Body, o.Size = strings.NewReader(strings.Repeat("x", 1<<20)), 1<<20 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onStage(t, func(t *testing.T, s *stage) {
				s.learn(t)
				s.next(soon(time.Second))
				o, start := segment("a.ts", "bytes"), time.Now()
				change(&o)
				s.put(t, o)
				took(t, "the PUT", start, time.Second)
			})
		})
	}
}

// TestBrokenOff: the caller's end is that of all attempts.
func TestBrokenOff(t *testing.T) {
	t.Parallel()
	onStage(t, func(t *testing.T, s *stage) {
		s.learn(t)
		s.next(fate{time.Hour, time.Hour, nil}, fate{-1, time.Hour, nil})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		_, err := s.Store.Put(ctx, segment("a.ts", "bytes"))
		took(t, "the PUT", start, time.Second)
		if err == nil || store.KindOf(err) != store.Transient {
			t.Errorf("got %v", err)
		}
		start = time.Now()
		s.put(t, segment("a.ts", "bytes"))
		took(t, "the next try", start, fast)
	})
}

// late is a Store that reads the body of its first PUT late, and gives up after that.
type late struct {
	store.Store
	wait time.Duration
	used atomic.Bool
	err  error
}

func (l *late) Put(ctx context.Context, o store.Object) (etag string, err error) {
	if l.used.Swap(true) {
		return l.Store.Put(ctx, o)
	}
	<-time.After(l.wait)
	_, l.err = o.Body.ReadAt(make([]byte, 1), 0)
	o.Waits(true)
	return "", &store.Error{Op: "put", Key: o.Key, Err: l.err}
}

// TestBodyIsTheCallers: nothing of a PUT is read or told once it returned, and what was denied bytes holds no key.
func TestBodyIsTheCallers(t *testing.T) {
	t.Parallel()
	onStage(t, func(t *testing.T, s *stage) {
		s.learn(t)
		l := &late{Store: s.wire, wait: time.Second}
		s.Store = s.hedger.Hedge(l)
		o := segment("a.ts", "old")
		returned := false
		o.Waits = func(bool) {
			if returned {
				t.Error("told after it returned")
			}
		}
		s.put(t, o)
		returned = true
		start := time.Now()
		s.put(t, segment("a.ts", "new"))
		took(t, "the next PUT", start, time.Second-suspect-fast+fast)
		if !errors.Is(l.err, errOver) {
			t.Errorf("the loser read on: %v", l.err)
		}
		s.holds(t, "a.ts", "new")
	})
}

// TestNoSecondAttemptForTheUplink: who waits for a share of the uplink is not silent.
func TestNoSecondAttemptForTheUplink(t *testing.T) {
	t.Parallel()
	onStage(t, func(t *testing.T, s *stage) {
		s.learn(t)
		const size = 100_000
		s.Store = s.hedger.Hedge(uplink.New(size / 10).Limit(paced{s.wire}))
		body := strings.Repeat("x", size)
		var all sync.WaitGroup
		for i := range 4 {
			all.Go(func() { s.put(t, segment(fmt.Sprintf("%d.ts", i), body)) })
		}
		all.Wait()
		if sent, _, _ := s.count.counts(); sent > 0 {
			t.Errorf("%d second attempts", sent)
		}
	})
}

// paced is a Store that keeps to Pace.
type paced struct{ store.Store }

func (p paced) Put(ctx context.Context, o store.Object) (string, error) {
	for sent := int64(0); sent < o.Size; {
		n, err := o.Pace(ctx, o.Size-sent)
		if err != nil {
			return "", &store.Error{Op: "put", Key: o.Key, Err: err}
		}
		if _, err := io.Copy(io.Discard, io.NewSectionReader(o.Body, sent, n)); err != nil {
			return "", err
		}
		sent += n
	}
	return p.Store.Put(ctx, o)
}

// throws is a Store that panics after a while.
type throws struct {
	store.Store
	after time.Duration
}

func (p throws) Put(ctx context.Context, o store.Object) (string, error) {
	if p.after == 0 {
		return p.Store.Put(ctx, o)
	}
	<-time.After(p.after)
	panic("a mistake")
}

// TestPanics: what an attempt panics with reaches who called, or the next who does.
func TestPanics(t *testing.T) {
	t.Parallel()
	put := func(s store.Store, ctx context.Context) (thrown any) {
		defer func() { thrown = recover() }()
		_, _ = s.Put(ctx, segment("a.ts", "bytes"))
		return nil
	}
	onStage(t, func(t *testing.T, s *stage) {
		s.learn(t)
		if thrown := put(s.hedger.Hedge(throws{s.wire, time.Millisecond}), t.Context()); thrown == nil {
			t.Error("nobody heard of it")
		}
		var again atomic.Bool
		s.Store = s.hedger.Hedge(putFunc{s.wire, func(ctx context.Context, o store.Object) (string, error) {
			if !again.Swap(true) {
				return throws{s.wire, time.Second}.Put(ctx, o)
			}
			return s.wire.Put(ctx, o)
		}})
		s.put(t, segment("b.ts", "bytes"))
		time.Sleep(2 * time.Second)
		if thrown := put(s.Store, t.Context()); thrown == nil || !strings.Contains(fmt.Sprint(thrown), "a mistake") {
			t.Errorf("got %v", thrown)
		}
		if s.hedger.policy.puts != 0 || s.hedger.policy.hedged != 0 || s.hedger.policy.losers != 0 {
			t.Errorf("the accounts are %+v", s.hedger.policy.puts)
		}
	})
}

// putFunc is a Store with another Put.
type putFunc struct {
	store.Store
	put func(context.Context, store.Object) (string, error)
}

func (p putFunc) Put(ctx context.Context, o store.Object) (string, error) { return p.put(ctx, o) }

// TestRunEndsAll: once Run has returned nothing is under way.
func TestRunEndsAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWire(func(n int, _ store.Object) fate {
			if n == 5 {
				return fate{-1, time.Hour, nil}
			}
			return soon(fast)
		})
		h := New(Config{Share: 1, Samples: 5})
		ctx, end := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_ = h.Run(ctx)
		}()
		for i := range 6 {
			if _, err := h.Hedge(w).Put(t.Context(), segment(fmt.Sprint(i), "x")); err != nil {
				t.Fatal(err)
			}
		}
		start := time.Now()
		end()
		<-ended
		took(t, "the end", start, 0)
		if h.policy.losers != 0 {
			t.Errorf("%d attempts are under way", h.policy.losers)
		}
	})
}

// TestConformance: a hedged Store is a Store.
func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Conformance(t, func(*testing.T) store.Store { return New(Config{}).Hedge(storetest.NewMemory()) })
}

// The Stores that there can be.
type (
	plain    struct{ store.Store }
	appender struct {
		store.Store
		store.Appender
	}
	prober struct{ plain }
	both   struct{ appender }
)

func (prober) Probe(context.Context, string) error { return nil }
func (both) Probe(context.Context, string) error   { return nil }

// TestAbilitiesSurvive: what a Store can do it can do hedged, and nothing else.
func TestAbilitiesSurvive(t *testing.T) {
	t.Parallel()
	m := storetest.NewMemory()
	for name, tt := range map[string]struct {
		store           store.Store
		appends, probes bool
	}{
		"plain":    {plain{m}, false, false},
		"appender": {appender{m, m}, true, false},
		"prober":   {prober{plain{m}}, false, true},
		"both":     {both{appender{m, m}}, true, true},
	} {
		for _, h := range []*Hedger{nil, New(Config{})} {
			s := h.Hedge(tt.store)
			if _, ok := s.(store.Appender); ok != tt.appends {
				t.Errorf("%s, hedged: %v; appends: %v", name, h != nil, ok)
			}
			if _, ok := s.(store.Prober); ok != tt.probes {
				t.Errorf("%s, hedged: %v; probes: %v", name, h != nil, ok)
			}
			if h == nil && s != tt.store {
				t.Errorf("%s: not to hedge is another store", name)
			}
		}
	}
}
