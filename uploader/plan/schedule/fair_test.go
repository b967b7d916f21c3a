package schedule

import (
	"fmt"
	"testing"
)

// TestNewcomersAreServed: a stream that has little to do waits for two requests of each of the others at most, however much those have to
// do.
func TestNewcomersAreServed(t *testing.T) {
	t.Parallel()
	for seed := range uint64(100) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			workers, others := 3+int(seed%16), 1+int(seed*7%90)
			w := newWorld(t, seed, Config{Workers: workers, PerStream: 4}, others)
			for _, s := range w.list {
				for range 30 {
					w.toy(s, Edge)
				}
			}
			w.begin()
			for range min(w.rand.IntN(3*workers), 20*others) {
				w.end(w.rand.IntN(len(w.under)), false)
				w.begin()
			}
			x := w.toy(w.stream(), Edge)
			ended := 0
			for w.begin(); !x.item.Busy(); w.begin() {
				if ended++; ended > 2*others+workers {
					t.Fatalf("it still waits when %d requests have ended, beside %d streams", ended, others)
				}
				w.end(0, false)
			}
		})
	}
}

// TestNobodyStarves: of streams that all have much to do none waits for ever, although newcomers come all the time.
func TestNobodyStarves(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			workers, streams := 3+int(seed%16), 2+int(seed*5%40)
			w := newWorld(t, seed, Config{Workers: workers, PerStream: 1 + int(seed%4)}, streams)
			old := w.list
			for _, s := range old {
				for range 200 {
					w.toy(s, Edge)
				}
			}
			rounds := 20 * streams
			for range rounds {
				if w.begin(); w.rand.IntN(3) == 0 {
					w.toy(w.stream(), Edge)
				}
				w.end(0, false)
			}
			for _, s := range old {
				if n := w.begun[s]; n < 3 {
					t.Errorf("%s began %d of %d requests beside %d streams", w.streams[s], n, rounds, streams)
				}
			}
			w.advance()
		})
	}
}
