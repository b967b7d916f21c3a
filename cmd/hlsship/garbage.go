package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// Beside what lives the Go runtime usually keeps as much garbage again before it collects it, in percent of what lives. Of that
	// mostGarbage bytes are enough: with many streams it is collected sooner, at leastPercent at the latest, as that costs time.
	mostGarbage  = 16 << 20
	usualPercent = 100
	leastPercent = 50
	// garbageEvery is how often it is looked at what lives.
	garbageEvery = 500 * time.Millisecond
	// heapLive is the name of that in runtime/metrics.
	heapLive = "/gc/heap/live:bytes"
)

// garbagePercent returns how much garbage there may be beside so many bytes that live, in percent of them (GOGC).
func garbagePercent(live uint64) int {
	return int(min(max(mostGarbage*100/max(live, 1), leastPercent), usualPercent))
}

// boundGarbage keeps garbage to what garbagePercent says until ctx ends, and returns nil. Nobody else may set it.
func boundGarbage(ctx context.Context) error {
	defer debug.SetGCPercent(debug.SetGCPercent(usualPercent))
	tick := time.NewTicker(garbageEvery)
	defer tick.Stop()
	lives := []metrics.Sample{{Name: heapLive}}
	for now := usualPercent; ; {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		metrics.Read(lives)
		// It stops the world, so that small changes are not worth it.
		if want := garbagePercent(lives[0].Value.Uint64()); want < now-5 || want > now+5 || want != now && want == usualPercent {
			debug.SetGCPercent(want)
			now = want
		}
	}
}
