package main

import (
	"context"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

func TestGarbagePercent(t *testing.T) {
	t.Parallel()
	for live, want := range map[uint64]int{
		0: 100, 4 << 20: 100, 16 << 20: 100, 20 << 20: 80, 30 << 20: 53, 32 << 20: 50, 500 << 20: 50,
	} {
		if got := garbagePercent(live); got != want {
			t.Errorf("beside %d MiB: got %d, want %d", live>>20, got, want)
		}
	}
}

// TestGarbageIsBounded sets the collector of the whole process, so that it is not parallel.
func TestGarbageIsBounded(t *testing.T) {
	before := debug.SetGCPercent(90)
	defer debug.SetGCPercent(before)
	percent := func() uint64 {
		is := []metrics.Sample{{Name: "/gc/gogc:percent"}}
		metrics.Read(is)
		return is[0].Value.Uint64()
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	large := make([]byte, 64<<20)
	runtime.GC()
	go func() { ended <- boundGarbage(ctx) }()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(10 * time.Second); percent() > leastPercent; {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("it is still %d", percent())
		}
	}
	runtime.KeepAlive(large)
	stop()
	if err := <-ended; err != nil || percent() != 90 {
		t.Errorf("it ended with %v and %d %%, want what it was", err, percent())
	}
}
