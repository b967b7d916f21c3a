package uplink

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// TestConformance: a limited Store is a Store, whose PUTs may be paced by somebody else as well.
func TestConformance(t *testing.T) {
	t.Parallel()
	storetest.Conformance(t, func(*testing.T) store.Store { return New(1 << 40).Limit(storetest.NewMemory()) })
}

// plain, appender, prober and both are the Stores that there can be.
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

// TestAbilitiesSurvive: what a Store can do it can do behind a limit, and nothing else.
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
		for _, limiter := range []*Limiter{nil, New(1000)} {
			behind := limiter.Limit(tt.store)
			if _, ok := behind.(store.Appender); ok != tt.appends {
				t.Errorf("%s, limited: %v; appends: %v", name, limiter != nil, ok)
			}
			if _, ok := behind.(store.Prober); ok != tt.probes {
				t.Errorf("%s, limited: %v; probes: %v", name, limiter != nil, ok)
			}
			if limiter == nil && behind != tt.store {
				t.Errorf("%s: no limit is another store", name)
			}
		}
	}
}

// TestOneLineForSeveralStores: two Stores behind one Limiter have its rate together, for PUTs and for what is appended.
func TestOneLineForSeveralStores(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const rate, head, tail = 1 << 20, 5 << 20, 2 << 20
		line := New(rate)
		one, two := line.Limit(storetest.NewMemory()), line.Limit(storetest.NewMemory())
		content := strings.Repeat("x", head+tail)
		object := func(size int64) store.Object {
			return store.Object{Key: "a.ts", Body: strings.NewReader(content), Size: size}
		}
		etag, err := one.Put(t.Context(), object(head))
		if err != nil {
			t.Fatal(err)
		}
		start := time.Now()
		var all sync.WaitGroup
		all.Go(func() {
			o := object(head + tail)
			o.IfMatch = etag
			if _, err := one.(store.Appender).Append(t.Context(), o, head); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			if _, err := two.Put(t.Context(), object(tail)); err != nil {
				t.Error(err)
			}
		})
		all.Wait()
		near(t, "seconds for both", time.Since(start).Seconds(), 2*tail/rate, 3)
		if len(line.folders) != 0 || len(line.waiting) != 0 {
			t.Errorf("%d folders and %d turns are left", len(line.folders), len(line.waiting))
		}
	})
}

// begins is a Store that only asks for leave to begin, and says how long that took.
type begins struct {
	store.Store
	took time.Duration
}

func (b *begins) Put(ctx context.Context, o store.Object) (string, error) {
	start := time.Now()
	_, err := o.Pace(ctx, 0)
	b.took = time.Since(start)
	return "etag", err
}

func (b *begins) Append(ctx context.Context, o store.Object, _ int64) (string, error) {
	return b.Put(ctx, o)
}

// TestNothingBeginsBeforeItsTurn: whoever is let begin has bytes to send at once, and who has none need not wait.
func TestNothingBeginsBeforeItsTurn(t *testing.T) {
	t.Parallel()
	const rate, piece = 1000, time.Second * smallPiece / 1000
	for name, tt := range map[string]struct {
		size, from int64
		want       time.Duration
	}{
		"a PUT":             {10_000, 0, piece - burst},
		"an empty one":      {0, 0, 0},
		"what is appended":  {10_000, 9_000, piece - burst},
		"nothing to append": {10_000, 10_000, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				line, end := New(rate), &begins{}
				var all sync.WaitGroup
				send(t.Context(), &all, line, "other/a.ts", store.First, smallPiece)
				synctest.Wait()
				o, err := store.Object{Key: "a.ts", Size: tt.size}, error(nil)
				if behind := line.Limit(end); tt.from > 0 {
					_, err = behind.(store.Appender).Append(t.Context(), o, tt.from)
				} else {
					_, err = behind.Put(t.Context(), o)
				}
				if err != nil || end.took != tt.want {
					t.Errorf("began after %v (%v), want %v", end.took, err, tt.want)
				}
				all.Wait()
			})
		})
	}
}
