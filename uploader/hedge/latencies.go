package hedge

import (
	"math/bits"
	"slices"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
)

const (
	// remembered is how many PUTs of a class are.
	remembered = 200
	// leastSilence is the shortest silence that is worth a second attempt: nobody watches for less, and this machine itself may be why.
	leastSilence = 20 * time.Millisecond
)

// class is a sort of PUTs that take about as long: playlists, or media from one size to twice that.
type class uint8

const (
	playlists class = iota
	smallest        // media of less than 128 KiB
	classes   = smallest + 17
)

// classOf returns the class of o, and whether it may be sent twice. A playlist may if it takes the place of one whose bytes are known:
// where nothing was stored yet, a late attempt could bring it back after the bucket was emptied, and without a condition at any time.
func classOf(o store.Object) (c class, ok bool) {
	switch {
	case o.Pace != nil: // which one goroutine asks at a time
		return 0, false
	case o.Priority == store.First:
		return playlists, store.IsMD5(o.IfMatch)
	case o.Priority == store.Edge:
		return min(smallest+class(bits.Len64(uint64(max(0, o.Size))>>17)), classes-1), !o.IfAbsent && o.IfMatch == ""
	}
	return 0, false
}

// latencies are how long the last PUTs of a class were silent. The zero value knows none.
type latencies struct {
	ring   []time.Duration // by time, the oldest at next once there are as many as are remembered
	next   int
	sorted []time.Duration
}

// learn takes in how long a PUT was silent.
func (l *latencies) learn(d time.Duration) {
	if len(l.ring) < remembered {
		l.ring = append(l.ring, d)
	} else {
		i, _ := slices.BinarySearch(l.sorted, l.ring[l.next])
		l.sorted = slices.Delete(l.sorted, i, i+1)
		l.ring[l.next] = d
		l.next = (l.next + 1) % remembered
	}
	i, _ := slices.BinarySearch(l.sorted, d)
	l.sorted = slices.Insert(l.sorted, i, d)
}

// threshold is the silence after which a PUT is sent again: twice what nine of ten PUTs take. A higher quantile is blind where the
// tail is thicker than what is above it. ok is false as long as fewer than least are known.
func (l *latencies) threshold(least int) (d time.Duration, ok bool) {
	n := len(l.sorted)
	if n == 0 || n < least {
		return 0, false
	}
	return max(2*l.sorted[(n*9-1)/10], leastSilence), true
}
