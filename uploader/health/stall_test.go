package health

import (
	"testing"
	"time"
)

func TestStallBound(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		answers []time.Duration
		attempt int
		want    time.Duration // 0 for no bound
	}{
		{"nothing is known at first", nil, 0, 0},
		{"a few answers tell too little", []time.Duration{time.Second, time.Second, time.Second}, 0, 0},
		{"a quick store", repeated(20*time.Millisecond, 8), 0, 3 * time.Second},
		{"a slow store", repeated(8*time.Second, 8), 0, 24 * time.Second},
		{"a store that was slow once", append(repeated(20*time.Millisecond, 8), 4*time.Second), 0, 12 * time.Second},
		{"which is forgotten", append([]time.Duration{4 * time.Second}, repeated(20*time.Millisecond, 60)...), 0, 3 * time.Second},
		{"a later attempt", repeated(20*time.Millisecond, 8), 2, 12 * time.Second},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var b stallBound
			for _, a := range c.answers {
				b.learn(a)
			}
			got, ok := b.bound(c.attempt)
			if !ok {
				got = 0
			}
			if got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func repeated(d time.Duration, n int) []time.Duration {
	all := make([]time.Duration, n)
	for i := range all {
		all[i] = d
	}
	return all
}
