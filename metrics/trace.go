package metrics

import (
	"slices"
	"sync"
	"time"

	"github.com/hlsship/hlsship/state"
)

// trace sums values up by the time at which they came, for as long as a trace is. The zero trace is empty. It has one owner.
type trace struct {
	slots [state.TraceSlots]slot
}

type slot struct {
	at  int64 // number of the time since the Unix epoch
	sum float64
	n   int
}

func (t *trace) add(value float64, now time.Time) {
	at := now.Unix() / state.TraceSeconds
	s := &t.slots[at%state.TraceSlots]
	if s.at != at {
		*s = slot{at: at}
	}
	s.sum, s.n = s.sum+value, s.n+1
}

// values returns what of makes of each slot, the oldest first; the last one is of the time that is not over.
func (t *trace) values(now time.Time, of func(slot) float64) []float64 {
	all := make([]float64, state.TraceSlots)
	last := now.Unix() / state.TraceSeconds
	for i := range all {
		at := last - int64(state.TraceSlots-1-i)
		if s := t.slots[((at%state.TraceSlots)+state.TraceSlots)%state.TraceSlots]; s.at == at {
			all[i] = of(s)
		}
	}
	return all
}

// mean is the mean of a slot, perSecond what came in it a second.
func (s slot) mean() float64      { return s.sum / float64(max(s.n, 1)) }
func (s slot) perSecond() float64 { return s.sum / state.TraceSeconds }

// lastMinute returns what came a second in the last minute, but for the time that is not over.
func (t *trace) lastMinute(now time.Time) float64 {
	const slots = 60 / state.TraceSeconds
	all := t.values(now, slot.perSecond)
	sum := 0.0
	for _, v := range all[len(all)-1-slots : len(all)-1] {
		sum += v
	}
	return sum / slots
}

// recent keeps how long the last requests took. The zero recent has none. It is safe for concurrent use.
type recent struct {
	mu    sync.Mutex
	trace trace
	ring  []request
	next  int
}

// request is when a request ended, and how long it took.
type request struct {
	at   time.Time
	took time.Duration
}

// maxRecent is how many requests are kept, recentTime how old they count.
const (
	maxRecent  = 512
	recentTime = state.TraceSlots * state.TraceSeconds * time.Second
)

func (r *recent) add(took time.Duration, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trace.add(took.Seconds(), now)
	if len(r.ring) < maxRecent {
		r.ring = append(r.ring, request{now, took})
		return
	}
	r.ring[r.next] = request{now, took}
	r.next = (r.next + 1) % maxRecent
}

// view returns the median and the 99th percentile of the last minutes, and the trace of means.
func (r *recent) view(now time.Time) (state.Latency, []float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []time.Duration
	for _, one := range r.ring {
		if now.Sub(one.at) <= recentTime {
			all = append(all, one.took)
		}
	}
	var l state.Latency
	if n := len(all); n > 0 {
		slices.Sort(all)
		l = state.Latency{Median: state.In(all[(n-1)/2]), P99: state.In(all[(n*99+99)/100-1])}
	}
	return l, r.trace.values(now, slot.mean)
}
