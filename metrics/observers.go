package metrics

import (
	"math"
	"sync/atomic"
	"time"
)

// readiness is what /readyz asks about.
type readiness struct {
	scanned, answered atomic.Bool
}

// Watcher is a watcher.Observer. Its methods are safe for concurrent use.
type Watcher struct{ m *Metrics }

// Watcher returns the observer to give to the watcher.
func (m *Metrics) Watcher() *Watcher { return &Watcher{m} }

// Settled counts a file reported as finished.
func (w *Watcher) Settled(kind, evidence string) { w.m.settled.WithLabelValues(kind, evidence).Inc() }

// Refused counts a file that is never reported.
func (w *Watcher) Refused(reason string) { w.m.refused.WithLabelValues(reason).Inc() }

// Scanned counts a scan. The first one makes the program ready, as far as the directory goes.
func (w *Watcher) Scanned(reason string, files int, took time.Duration) {
	w.m.scans.WithLabelValues(reason).Inc()
	w.m.scanDuration.Observe(took.Seconds())
	w.m.scanFiles.Set(float64(files))
	w.m.ready.scanned.Store(true)
}

// Watching keeps the number of folders and whether the kernel tells of closed files.
func (w *Watcher) Watching(folders int, exact bool) {
	w.m.folders.Set(float64(folders))
	w.m.exact.Set(truth(exact))
}

// Holding keeps the number of files held open.
func (w *Watcher) Holding(files int) { w.m.holding.Set(float64(files)) }

// Uploader is an uploader.Observer. Its methods are safe for concurrent use.
type Uploader struct{ m *Metrics }

// Uploader returns the observer to give to the uploader.
func (m *Metrics) Uploader() *Uploader { return &Uploader{m} }

// Attempted counts a request, its bytes and its time.
func (u *Uploader) Attempted(op, kind, result string, bytes int64, took time.Duration) {
	u.m.attempts.WithLabelValues(op, kind, result).Inc()
	u.m.attemptDuration.WithLabelValues(op).Observe(took.Seconds())
	u.m.sentBytes.WithLabelValues(kind).Add(float64(bytes))
	if op == "put" && result == "ok" {
		u.m.lastSuccess.Set(seconds(time.Now()))
	}
}

// Reserve sets how long an outage may last.
func (u *Uploader) Reserve(waiting, budget int64, rate float64) {
	u.m.budget.Set(float64(budget))
	left := math.Inf(1)
	if budget > 0 && rate > 0 {
		left = max(0, float64(budget-waiting)/rate)
	}
	u.m.outageLeft.Set(left)
}

// UplinkLimit sets the bandwidth that uploads may take, in bytes a second; 0 means no limit. It is safe for
// concurrent use.
func (m *Metrics) UplinkLimit(rate int64) { m.uplinkLimit.Set(float64(rate)) }

// Stored counts a file in the store. Without a latency, nobody saw its completion, and none is observed.
func (u *Uploader) Stored(stream, kind string, bytes int64, latency time.Duration) {
	u.m.storedFiles.WithLabelValues(kind).Inc()
	u.m.storedBytes.WithLabelValues(kind).Add(float64(bytes))
	if latency > 0 {
		u.m.storeLatency.WithLabelValues(kind).Observe(latency.Seconds())
	}
	u.m.streams.update(stream, func(e *edge) {
		e.storedFiles++
		e.storedBytes += float64(bytes)
	})
}

// Published counts a playlist in the store.
func (u *Uploader) Published(stream, kind string, latency time.Duration) {
	if latency > 0 {
		u.m.publishLatency.WithLabelValues(kind).Observe(latency.Seconds())
	}
	u.m.streams.update(stream, func(e *edge) { e.playlists++ })
}

// Lost counts a file that can never be stored.
func (u *Uploader) Lost(stream, kind, reason string) {
	u.m.lost.WithLabelValues(kind, reason).Inc()
	u.m.streams.update(stream, func(e *edge) { e.lost++ })
}

// Stream keeps the live edge of one stream.
func (u *Uploader) Stream(stream string, held int, waitingSince, published, newest time.Time) {
	u.m.streams.update(stream, func(e *edge) {
		e.held, e.waitingSince, e.published, e.newest = held, waitingSince, published, newest
	})
}

// Forgotten removes the stream's series.
func (u *Uploader) Forgotten(stream string) { u.m.streams.forget(stream) }

// Queue keeps what is under way and waiting.
func (u *Uploader) Queue(inFlight, waiting int, waitingBytes int64) {
	u.m.inFlight.Set(float64(inFlight))
	u.m.queueFiles.Set(float64(waiting))
	u.m.queueBytes.Set(float64(waitingBytes))
}

// Store keeps whether the store answers. The first answer makes the program ready for good: an outage
// is no reason to take a pod, and the packager in it, out of service.
func (u *Uploader) Store(answers bool) {
	u.m.storeUp.Set(truth(answers))
	if answers {
		u.m.ready.answered.Store(true)
	}
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// Spool observes the spool. Its methods are safe for concurrent use.
type Spool struct{ m *Metrics }

// Spool returns the observer of the spool.
func (m *Metrics) Spool() *Spool { return &Spool{m} }

// Pinned counts a file by the way in which it was pinned.
func (s *Spool) Pinned(way string) { s.m.pinned.WithLabelValues(way).Inc() }

// Usage sets what is pinned.
func (s *Spool) Usage(files int, bytes int64) {
	s.m.spoolFiles.Set(float64(files))
	s.m.spoolBytes.Set(float64(bytes))
}

// Dropped counts an entry that was not recovered.
func (s *Spool) Dropped(reason string) { s.m.spoolDropped.WithLabelValues(reason).Inc() }
