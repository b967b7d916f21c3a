package uplink

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
)

// sender takes from a share as fast as it is allowed to.
type sender struct {
	sent  atomic.Int64
	first time.Duration // until its first piece
	took  time.Duration // until all of it was sent
	err   error
}

// send sends size bytes of o through l, and tells group when it is done.
func send(ctx context.Context, group *sync.WaitGroup, l *Limiter, key string, p store.Priority, size int64) *sender {
	out, start := &sender{}, time.Now()
	share := l.open(store.Object{Key: key, Priority: p}, size)
	group.Go(func() {
		defer share.close()
		_, out.err = share.pace(ctx, 0)
		out.first = time.Since(start)
		for out.err == nil && out.sent.Load() < size {
			var n int64
			n, out.err = share.pace(ctx, min(size-out.sent.Load(), 32<<10))
			out.sent.Add(n)
		}
		out.took = time.Since(start)
	})
	return out
}

// near fails unless got is want within a tolerance of percent.
func near(t *testing.T, what string, got, want float64, percent float64) {
	t.Helper()
	if got < want*(1-percent/100) || got > want*(1+percent/100) {
		t.Errorf("%s: got %v, want %v within %v %%", what, got, want, percent)
	}
}

// TestLimiterRate: the rate holds for one and for many, however low or high it is, and after an idle time as well.
func TestLimiterRate(t *testing.T) {
	t.Parallel()
	for _, rate := range []int64{12_500, 2_500_000, 125_000_000} {
		for _, senders := range []int{1, 7} {
			t.Run(fmt.Sprintf("%d by %d", rate, senders), func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					l := New(rate)
					for range 2 {
						time.Sleep(time.Hour)
						start := time.Now()
						var all sync.WaitGroup
						for i := range senders {
							send(t.Context(), &all, l, fmt.Sprintf("%d/a.ts", i), store.Edge, 10*rate/int64(senders))
						}
						all.Wait()
						near(t, "seconds for ten seconds' bytes", time.Since(start).Seconds(), 10, 4)
					}
					if len(l.folders) != 0 || len(l.waiting) != 0 {
						t.Errorf("%d folders and %d turns are left", len(l.folders), len(l.waiting))
					}
				})
			})
		}
	}
}

// TestLimiterBurst: in no time whatever more is sent than the rate allows, the burst and a piece.
func TestLimiterBurst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const rate = 1_000_000
		l := New(rate)
		time.Sleep(time.Hour)
		var all sync.WaitGroup
		s := send(t.Context(), &all, l, "a.ts", store.Edge, rate)
		start := time.Now()
		for range 900 {
			synctest.Wait()
			allowed := int64(rate*(time.Since(start)+burst)/time.Second) + smallPiece
			if got := s.sent.Load(); got > allowed {
				t.Fatalf("%d bytes after %v, want at most %d", got, time.Since(start), allowed)
			}
			time.Sleep(time.Millisecond)
		}
		all.Wait()
	})
}

// TestLimiterPriority: a playlist waits for one piece, the live edge for nothing but itself, and backlog takes
// what is left.
func TestLimiterPriority(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const rate = 100_000
		l := New(rate)
		var all sync.WaitGroup
		late := send(t.Context(), &all, l, "old/a.ts", store.Backlog, 5*rate)
		time.Sleep(time.Second)
		before := late.sent.Load()
		edge := send(t.Context(), &all, l, "live/b.ts", store.Edge, 3*rate)
		time.Sleep(time.Second)
		list := send(t.Context(), &all, l, "live/c.m3u8", store.First, 2000)
		time.Sleep(2010 * time.Millisecond)
		if got := late.sent.Load() - before; got > 2*smallPiece {
			t.Errorf("backlog sent %d bytes while the live edge had some", got)
		}
		all.Wait()
		piece := time.Second * smallPiece / rate
		if list.took > 2*piece || edge.first > 2*piece {
			t.Errorf("the playlist took %v, the live edge's first piece %v, want at most %v", list.took, edge.first, 2*piece)
		}
		near(t, "seconds for the live edge", edge.took.Seconds(), 3.02, 3)
		near(t, "seconds for the backlog", late.took.Seconds(), 8, 3)
	})
}

// TestLimiterFairness: streams have equal shares whatever they have under way, a stream's oldest PUT goes first, and
// who needs less than its share gets it without delay.
func TestLimiterFairness(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const rate = 1_000_000
		l := New(rate)
		var all sync.WaitGroup
		busy := make([]*sender, 4)
		for i := range busy {
			busy[i] = send(t.Context(), &all, l, fmt.Sprintf("busy/%d.ts", i), store.Edge, rate)
			synctest.Wait()
		}
		single := send(t.Context(), &all, l, "single/a.ts", store.Edge, rate)
		var small []*sender
		for range 10 {
			time.Sleep(100 * time.Millisecond)
			small = append(small, send(t.Context(), &all, l, "audio/a.aac", store.Edge, 2000))
		}
		if got := busy[3].sent.Load(); got > smallPiece+burst.Milliseconds()*rate/1000 {
			t.Errorf("the youngest sent %d bytes before the oldest was done", got)
		}
		near(t, "bytes of the stream with one PUT", float64(single.sent.Load()), rate*0.98/2, 5)
		all.Wait()
		for _, s := range small {
			if s.took > 15*time.Millisecond {
				t.Errorf("a small file took %v", s.took)
			}
		}
	})
}

// TestLimiterTrickle: a request that has begun is never silent for so long that a server gives it up, but one that
// has not begun waits.
func TestLimiterTrickle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const rate = 100_000
		l := New(rate)
		var all sync.WaitGroup
		ctx, cancel := context.WithCancel(t.Context())
		begun := send(ctx, &all, l, "old/a.ts", store.Backlog, rate)
		synctest.Wait()
		send(ctx, &all, l, "live/b.ts", store.Edge, 100*rate)
		waiting := send(ctx, &all, l, "old/c.ts", store.Backlog, rate)
		last, at := begun.sent.Load(), time.Now()
		for range 600 {
			time.Sleep(100 * time.Millisecond)
			if now := begun.sent.Load(); now != last {
				last, at = now, time.Now()
			}
			if quiet := time.Since(at); quiet > trickleAfter+200*time.Millisecond {
				t.Fatalf("nothing was sent for %v", quiet)
			}
		}
		if got := waiting.sent.Load(); got != 0 {
			t.Errorf("%d bytes were sent of a request that had better not begin", got)
		}
		if last > rate/2 {
			t.Errorf("backlog sent %d bytes", last)
		}
		cancel()
		all.Wait()
	})
}

// TestLimiterCancel: whoever gives up is gone at once, and the others go on.
func TestLimiterCancel(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const rate = 10_000
		l := New(rate)
		var all sync.WaitGroup
		other := send(t.Context(), &all, l, "a/a.ts", store.Edge, 3*rate)
		var gone []*sender
		ctx, cancel := context.WithCancel(t.Context())
		for i := range 5 {
			gone = append(gone, send(ctx, &all, l, "a/b.ts", store.Priority(i%3), 100*rate))
		}
		time.Sleep(100 * time.Millisecond)
		cancel()
		synctest.Wait()
		for _, s := range gone {
			if !errors.Is(s.err, context.Canceled) || s.took != 100*time.Millisecond {
				t.Errorf("got %v after %v, want the end of the context at once", s.err, s.took)
			}
		}
		all.Wait()
		if other.err != nil || other.took > 4*time.Second {
			t.Errorf("the other one: %v after %v", other.err, other.took)
		}
		if len(l.waiting) != 0 || len(l.folders) != 0 {
			t.Errorf("%d turns and %d folders are left", len(l.waiting), len(l.folders))
		}
	})
}
