package hedge

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
)

// tail is how long a store takes.
type tail struct {
	name string
	fate func(rng *rand.Rand) fate
	// p95 and p99 are what a segment takes at most with hedging, as multiples of the median, edge is the p99 of it with its playlist,
	// and more is how many more PUTs there may be.
	p95, p99, edge, more float64
}

// usual is the time that most PUTs take: 20 ms, and 40 ms for one of ten.
func usual(rng *rand.Rand) time.Duration {
	return time.Duration(20e6 * math.Exp(0.54*rng.NormFloat64()))
}

// stalls is a store that needs 3 s more for 2 % of the PUTs.
func stalls(rng *rand.Rand) time.Duration {
	d := usual(rng)
	if rng.IntN(50) == 0 {
		d += 3 * time.Second
	}
	return d
}

// long is the tail of S3: of a segment and its playlist, one in twenty takes ten times as long, and some of those ten times that.
func long(rng *rand.Rand) time.Duration {
	d := usual(rng)
	if rng.IntN(40) == 0 {
		d *= time.Duration(10 * math.Exp(1.1*math.Abs(rng.NormFloat64())))
	}
	return d
}

func tails() []tail {
	early := func(of func(*rand.Rand) time.Duration) func(*rand.Rand) fate {
		return func(rng *rand.Rand) fate { return fate{commit: usual(rng), answer: usual(rng) + of(rng)} }
	}
	late := func(of func(*rand.Rand) time.Duration) func(*rand.Rand) fate {
		return func(rng *rand.Rand) fate { return soon(of(rng)) }
	}
	busy := func(of func(*rand.Rand) fate) func(*rand.Rand) fate {
		return func(rng *rand.Rand) fate {
			f := of(rng)
			if rng.IntN(100) == 0 {
				f.commit, f.answer = -1, usual(rng)
				f.err = &store.Error{Op: "put", Busy: true, Err: errors.New("503 SlowDown")}
			}
			return f
		}
	}
	return []tail{
		{"no tail", late(usual), 3, 4, 3, 0.01},
		{"stalls of 3 s", late(stalls), 3.5, 7, 30, 0.031}, // the next version of a playlist waits for the attempt that lost
		{"long", late(long), 3.5, 7, 5, 0.031},
		{"stalls behind the commit", early(stalls), 3, 5, 15, 0.031},
		{"long behind the commit", early(long), 3, 5, 4, 0.031},
		{"long and 503", busy(late(long)), 3.5, 7, 5, 0.031},
	}
}

// latency is what streams of segments and playlists take.
type latency struct {
	media, edge durations // of a segment, and of it with its playlist
	puts        int       // those of the streams
	sent        int       // those that the store got
	counter     counter
}

// durations are sorted before they are asked.
type durations []time.Duration

func (d durations) quantile(q float64) time.Duration { return d[min(len(d)-1, int(q*float64(len(d))))] }

// String is a row of quantiles, as multiples of the median.
func (d durations) String() string {
	ratio := func(q float64) float64 { return float64(d.quantile(q)) / float64(d.quantile(0.5)) }
	return fmt.Sprintf("median %v, p95 %.1fx, p99 %.1fx, p99.9 %v", d.quantile(0.5).Round(time.Millisecond), ratio(0.95), ratio(0.99), d.quantile(0.999).Round(time.Millisecond))
}

// ship ships streams of segments with a store of that tail.
func ship(t *testing.T, tt tail, streams, segments int, hedging bool) *latency {
	l := &latency{}
	synctest.Test(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(1, 2))
		w := newWire(func(int, store.Object) fate { return tt.fate(rng) })
		var h *Hedger
		if hedging {
			h = New(Config{Observer: &l.counter})
		}
		behind := h.Hedge(w)
		ctx, end := context.WithCancel(t.Context())
		var ran sync.WaitGroup
		ran.Go(func() { _ = h.Run(ctx) })
		var mu sync.Mutex
		var all sync.WaitGroup
		put := func(o store.Object) string {
			for {
				mu.Lock()
				l.puts++
				mu.Unlock()
				etag, err := behind.Put(t.Context(), o)
				if err == nil {
					return etag
				}
				if store.KindOf(err) == store.Precondition {
					t.Errorf("%s: %v", o.Key, err)
				}
				time.Sleep(75 * time.Millisecond)
			}
		}
		body := strings.Repeat("x", 1000)
		for s := range streams {
			all.Go(func() {
				time.Sleep(time.Duration(s) * 2 * time.Second / time.Duration(streams))
				name := fmt.Sprintf("%d/live.m3u8", s)
				etag := ""
				for i := range segments {
					start := time.Now()
					put(segment(fmt.Sprintf("%d/%d.ts", s, i), body))
					media := time.Since(start)
					o := playlist(name, fmt.Sprintf("%d segments", i), etag)
					o.IfAbsent = etag == ""
					etag = put(o)
					took := time.Since(start)
					mu.Lock()
					l.media, l.edge = append(l.media, media), append(l.edge, took)
					mu.Unlock()
					time.Sleep(time.Until(start.Add(2 * time.Second)))
				}
			})
		}
		all.Wait()
		end()
		ran.Wait()
		w.background.Wait()
		l.sent = w.count()
	})
	slices.Sort(l.media)
	slices.Sort(l.edge)
	return l
}

// TestTails: with hedging a segment and its playlist take little longer than usual, whatever the store's tail, for few more PUTs.
func TestTails(t *testing.T) {
	t.Parallel()
	for _, tt := range tails() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			off, on := ship(t, tt, 20, 300, false), ship(t, tt, 20, 300, true)
			more := float64(on.sent)/float64(on.puts) - 1
			sent, won, _ := on.counter.counts()
			t.Logf("sent once:  segment %v; with its playlist %v", off.media, off.edge)
			t.Logf("sent again: segment %v; with its playlist %v", on.media, on.edge)
			t.Logf("%d second attempts, %d won, %+.1f %% PUTs", sent, won, 100*more)
			for q, want := range map[float64]float64{0.95: tt.p95, 0.99: tt.p99} {
				if got := float64(on.media.quantile(q)) / float64(on.media.quantile(0.5)); got > want {
					t.Errorf("p%.0f of a segment is %.1f times the median, want %.1f", 100*q, got, want)
				}
			}
			if got := float64(on.edge.quantile(0.99)) / float64(on.edge.quantile(0.5)); got > tt.edge {
				t.Errorf("p99 of a segment with its playlist is %.1f times the median, want %.1f", got, tt.edge)
			}
			if more > tt.more {
				t.Errorf("%.1f %% more PUTs, want %.1f %%", 100*more, 100*tt.more)
			}
		})
	}
}

// TestSlowForAll: a store that is slow for all is sent hardly more for it.
func TestSlowForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var slow, flying, most atomic.Int64
		w := newWire(func(int, store.Object) fate { return soon(20 * time.Millisecond * time.Duration(1+19*slow.Load())) })
		var count counter
		h := New(Config{Observer: &count})
		defer h.running.Wait()
		s := h.Hedge(putFunc{w, func(ctx context.Context, o store.Object) (string, error) {
			most.Store(max(most.Load(), flying.Add(1)))
			defer flying.Add(-1)
			return w.Put(ctx, o)
		}})
		puts := 0
		var all sync.WaitGroup
		begin := time.Now()
		for time.Since(begin) < 20*time.Second {
			slow.Store(0)
			if at := time.Since(begin); at > 10*time.Second && at < 15*time.Second {
				slow.Store(1)
			}
			puts++
			name := fmt.Sprint(puts)
			all.Go(func() { _, _ = s.Put(t.Context(), segment(name, "x")) })
			time.Sleep(20 * time.Millisecond)
		}
		all.Wait()
		w.background.Wait()
		sent, won, _ := count.counts()
		t.Logf("%d PUTs, %d at once at most, %d hedges, %d won", puts, most.Load(), sent, won)
		if sent > puts*3/100+mostSaved || most.Load() > 20+mostSaved {
			t.Error("it is a storm")
		}
	})
}
