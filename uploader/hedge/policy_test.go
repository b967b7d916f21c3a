package hedge

import (
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
)

// TestThreshold: it is twice the ninth decile of the last that are remembered, whatever came before.
func TestThreshold(t *testing.T) {
	t.Parallel()
	var l latencies
	var all []time.Duration
	rng := rand.New(rand.NewPCG(1, 1))
	for i := range 1000 {
		d := time.Duration(100+rng.IntN(50)) * time.Millisecond // many are equal
		l.learn(d)
		all = append(all, d)
		last := slices.Sorted(slices.Values(all[max(0, len(all)-remembered):]))
		got, ok := l.threshold(20)
		if ok != (i >= 19) {
			t.Fatalf("after %d: known: %v", i+1, ok)
		}
		if want := 2 * last[(len(last)*9-1)/10]; ok && got != want {
			t.Fatalf("after %d: got %v, want %v", i+1, got, want)
		}
		if ok && got < 5*last[len(last)/2]/4 {
			t.Fatalf("after %d: %v is below 1.25 of the median", i+1, got)
		}
	}
	var quick latencies
	for range 20 {
		quick.learn(time.Millisecond)
	}
	if got, _ := quick.threshold(20); got != leastSilence {
		t.Errorf("a quick store: %v, want %v", got, leastSilence)
	}
}

func TestClasses(t *testing.T) {
	t.Parallel()
	edge := func(size int64) store.Object { return store.Object{Size: size} }
	for name, tt := range map[string]struct {
		object store.Object
		class  class
		ok     bool
	}{
		"nothing":           {edge(0), smallest, true},
		"small":             {edge(128<<10 - 1), smallest, true},
		"larger":            {edge(128 << 10), smallest + 1, true},
		"one of a class":    {edge(256<<10 - 1), smallest + 1, true},
		"the next":          {edge(256 << 10), smallest + 2, true},
		"the largest":       {edge(5 << 30), classes - 1, true},
		"too large":         {edge(1 << 62), classes - 1, true},
		"impossible":        {edge(-1), smallest, true},
		"playlist":          {store.Object{Priority: store.First, IfMatch: strings.Repeat("a", 32), Size: 1 << 20}, playlists, true},
		"over no MD5":       {store.Object{Priority: store.First, IfMatch: "x"}, playlists, false},
		"first playlist":    {store.Object{Priority: store.First, IfAbsent: true}, playlists, false},
		"careless playlist": {store.Object{Priority: store.First}, playlists, false},
		"backlog":           {store.Object{Priority: store.Backlog}, 0, false},
		"growing":           {store.Object{IfMatch: "x"}, smallest, false},
	} {
		if c, ok := classOf(tt.object); ok != tt.ok || ok && c != tt.class {
			t.Errorf("%s: class %d, %v, want %d, %v", name, c, ok, tt.class, tt.ok)
		}
	}
}

// known returns a policy that knows what media take: 10 ms at least, so that they are silent after 20.
func known() *policy {
	p := newPolicy(Config{})
	for range defaultSamples {
		p.known[smallest].learn(10 * time.Millisecond)
	}
	return p
}

// TestBudget: second attempts are a share of all PUTs, may be saved up, and the last one is for who waits longest.
func TestBudget(t *testing.T) {
	t.Parallel()
	const silent, long = 20 * time.Millisecond, 80 * time.Millisecond
	p := known()
	hedge := func(silent time.Duration) bool {
		p.began()
		ok := p.hedge(smallest, silent)
		p.ended(ok)
		return ok
	}
	if hedge(silent) || !hedge(long) || hedge(long) {
		t.Error("in the beginning there is one, for who waits longest")
	}
	sent := 0
	for range 10_000 {
		if hedge(silent) {
			sent++
		}
	}
	if sent < 295 || sent > 300 {
		t.Errorf("%d of 10,000", sent)
	}
	for range 10_000 {
		hedge(0)
	}
	sent = 0
	for hedge(silent) {
		sent++
	}
	if sent != mostSaved-1 || !hedge(long) || hedge(long) {
		t.Errorf("%d were saved up, want %d and one more", sent, mostSaved-1)
	}
}

// TestNoStorm: a store that is slow for all gets a quarter more at most.
func TestNoStorm(t *testing.T) {
	t.Parallel()
	for puts, want := range map[int]int{1: 1, 4: 1, 8: 2, 40: mostSaved} {
		p := known()
		p.saved = mostSaved
		for range puts {
			p.began()
		}
		sent := 0
		for p.hedge(smallest, time.Minute) {
			sent++
		}
		if sent != want {
			t.Errorf("%d under way: %d are sent again, want %d", puts, sent, want)
		}
	}
	p := known()
	p.saved, p.losers = mostSaved, Spare
	if p.began(); p.hedge(smallest, time.Minute) {
		t.Error("sent again, though too many attempts are under way for nobody")
	}
}

// TestRest: a store that asks for fewer requests rests, for as long as it does so for more than 5 %.
func TestRest(t *testing.T) {
	t.Parallel()
	busy := &store.Error{Busy: true, Err: errors.New("503")}
	for percent, rests := range map[int]bool{1: false, 5: false, 6: true, 50: true} {
		p := known()
		p.saved = mostSaved
		for i := range 1000 {
			var err error
			if i%100 < percent {
				err = busy
			}
			p.hear(err)
		}
		p.began()
		if got := !p.hedge(smallest, time.Minute); got != rests {
			t.Errorf("%d %%: rests: %v, want %v", percent, got, rests)
		}
		for range remembered {
			p.hear(errors.New("reset"))
		}
		if p.ended(!rests); !p.hedge(smallest, time.Minute) {
			t.Errorf("%d %%: it rests for ever", percent)
		}
	}
}

// TestTally: what two answers come to does not depend on which came first, but for the look that it takes.
func TestTally(t *testing.T) {
	t.Parallel()
	condition, reset := &store.Error{Kind: store.Precondition}, &store.Error{Err: errors.New("reset")}
	denied, busy := &store.Error{Kind: store.Alarm}, &store.Error{Busy: true}
	for name, tt := range map[string]struct {
		one, two error
		looks    bool
		want     error
	}{
		"refused and unclear": {condition, reset, true, reset},
		"refused twice":       {condition, condition, true, condition},
		"refused and denied":  {condition, denied, true, denied},
		"denied and unclear":  {denied, reset, false, reset},
		"busy and unclear":    {busy, reset, false, reset},
	} {
		for _, order := range [][2]error{{tt.one, tt.two}, {tt.two, tt.one}} {
			y, looks := tally{sent: 2, open: 2}, false
			for _, err := range order {
				y.take(err)
				if y.next() == stepLook {
					looks, y.look = true, lookAnswered
				}
			}
			if y.next() != stepEnd || looks != tt.looks || !errors.Is(y.err(), tt.want) {
				t.Errorf("%s: next %d, looks: %v, %v", name, y.next(), looks, y.err())
			}
		}
	}
	alone := tally{sent: 1, open: 1}
	if alone.take(condition); alone.next() != stepEnd || !errors.Is(alone.err(), condition) {
		t.Error("one attempt whose condition failed failed")
	}
	looking := tally{sent: 2, open: 1, look: lookAsked, unclear: reset}
	if looking.take(condition); looking.next() != stepWait {
		t.Error("the store's word was not waited for")
	}
}
