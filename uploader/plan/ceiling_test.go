package plan

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/plan/schedule"
)

// TestCeilings: what a segment and the version of the playlist that names it cost the Plan has a ceiling: three facts, two jobs and their
// outcomes. The streams beside it do not raise it, and each segment more in the window costs the reference to it and nothing else. What is
// counted does not depend on the machine.
func TestCeilings(t *testing.T) { // not parallel, as others allocate as well
	const (
		allocs, size = 20, 3300 // 15 and 2,500 as this was written
		reference    = 40       // bytes: a bind, and what is over in a size of memory
		questions    = 8        // whether something is due, or may go: 5
		within       = 6        // times what a hundred segments take, if that were as many more as there are in the window
	)
	few := measure(t, 1, 100)
	for _, tt := range []struct{ streams, window int }{{1, 5}, {1000, 5}, {1, 10_000}, {10, 1000}} {
		t.Run(fmt.Sprintf("streams=%d/window=%d", tt.streams, tt.window), func(t *testing.T) {
			got := measure(t, tt.streams, tt.window)
			if got.allocs > allocs {
				t.Errorf("%d allocations a round, want %d at most", got.allocs, allocs)
			}
			if most := uint64(size + tt.window*reference); got.bytes > most {
				t.Errorf("%d bytes a round, want %d at most", got.bytes, most)
			}
			if got.questions > questions {
				t.Errorf("the schedule asks %d times a round, want %d at most", got.questions, questions)
			}
			if most := few.took * time.Duration(max(tt.window/100, 1)*within); got.took > most && tt.streams == 1 {
				t.Errorf("a round takes %v, and one of a window of 100 segments %v: something grows faster than the window", got.took, few.took)
			}
			t.Logf("%+v", got)
		})
	}
}

// cost is that of a round.
type cost struct {
	allocs, bytes uint64
	questions     int
	took          time.Duration // of the processor
}

// measure returns what the rounds of streams with such windows cost: the median of each, as memory grows in steps, and of the time the
// least.
func measure(t *testing.T, streams, window int) (c cost) {
	t.Helper()
	asked := 0
	a := newAir(t, streams, window, func(p *Plan) { count(p, &asked) })
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var allocs, bytes []uint64
	var questions []int
	var took []time.Duration
	for n := range 21 {
		r := a.round(t, n%streams)
		var before, after runtime.MemStats
		asked = 0
		runtime.ReadMemStats(&before)
		began := used(t)
		a.play(t, r)
		took = append(took, used(t)-began)
		runtime.ReadMemStats(&after)
		allocs, bytes, questions = append(allocs, after.Mallocs-before.Mallocs), append(bytes, after.TotalAlloc-before.TotalAlloc), append(questions, asked)
	}
	return cost{median(allocs), median(bytes), median(questions), slices.Min(took)}
}

func median[T uint64 | int](all []T) T {
	slices.Sort(all)
	return all[len(all)/2]
}

// count has asked counted up whenever the schedule of p asks whether something is due or may go.
func count(p *Plan, asked *int) {
	r := p.rules()
	due, may := r.Due, r.May
	r.Due = func(i *schedule.Item, at schedule.Place) bool {
		*asked++
		return due(i, at)
	}
	r.May = func(i *schedule.Item, q *schedule.Stream, at schedule.Place) (bool, time.Time) {
		*asked++
		return may(i, q, at)
	}
	p.schedule = schedule.New(schedule.Config{Workers: p.cfg.Workers, PerStream: p.cfg.PerStream}, r)
}
