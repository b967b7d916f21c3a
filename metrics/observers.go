package metrics

import (
	"sync/atomic"
	"time"

	"github.com/hlsship/hlsship/state"
)

// readiness is what /readyz asks about.
type readiness struct {
	scanned atomic.Bool
	// lacking says why the store cannot be asked; nil if nobody can tell.
	lacking atomic.Pointer[func() error]
}

// Lacking has /readyz ask why is, until the store has answered, for what keeps it from being asked at all, such as keys that
// are late; nil is nothing. It is safe for concurrent use.
func (c *Channel) Lacking(why func() error) { c.ready.lacking.Store(&why) }

// Watcher is a watcher.Observer. Its methods are safe for concurrent use.
type Watcher struct{ c *Channel }

// Watcher returns the observer to give to the watcher.
func (c *Channel) Watcher() *Watcher { return &Watcher{c} }

// Settled counts a file reported as finished.
func (w *Watcher) Settled(_, evidence string) { w.c.settled.WithLabelValues(evidence).Inc() }

// Refused counts a file that is never reported.
func (w *Watcher) Refused(reason string) { w.c.refused.WithLabelValues(reason).Inc() }

// Scanned counts a scan. The first one makes the program ready, as far as the directory goes.
func (w *Watcher) Scanned(reason string, files int, took time.Duration) {
	w.c.scans.WithLabelValues(reason).Inc()
	w.c.scanDuration.Set(took.Seconds())
	w.c.scanFiles.Set(float64(files))
	w.c.ready.scanned.Store(true)
}

// Watching keeps the number of folders and whether the kernel tells of closed files.
func (w *Watcher) Watching(folders int, exact bool) {
	w.c.folders.Set(float64(folders))
	w.c.conditions.change(func(all *conditions) { all.known, all.guesses = true, !exact })
}

// Holding keeps the number of files held open.
func (w *Watcher) Holding(files int) { w.c.holding.Set(float64(files)) }

// Waiting keeps the number of playlists that wait for memory.
func (w *Watcher) Waiting(playlists int) { w.c.waiting.Set(float64(playlists)) }

// Uploader is an uploader.Observer. Its methods are safe for concurrent use.
type Uploader struct{ c *Channel }

// Uploader returns the observer to give to the uploader.
func (c *Channel) Uploader() *Uploader { return &Uploader{c} }

// Attempted counts a request, its bytes and its time.
func (u *Uploader) Attempted(op, _, result string, bytes int64, took time.Duration) {
	now := time.Now()
	u.c.attempts.WithLabelValues(op, result).Inc()
	u.c.attemptDuration.Observe(took.Seconds())
	u.c.sentBytes.Add(float64(bytes))
	if op == "put" && result == "ok" {
		u.c.lastSuccess.Set(seconds(now))
		u.c.recent.add(took, now)
	}
}

// Reserve keeps how long an outage may last.
func (u *Uploader) Reserve(r state.Reserve) {
	u.c.conditions.change(func(all *conditions) { all.reserve = r })
}

// Started does nothing: how far a start is is told with the state of the channel.
func (u *Uploader) Started(state.Start) {}

// Failed keeps a request that failed.
func (u *Uploader) Failed(f state.Failure) { u.c.failures.add(f) }

// UplinkLimit sets the bandwidth that uploads may take, in bytes a second; 0 means no limit. It is safe for
// concurrent use.
func (c *Channel) UplinkLimit(rate int64) { c.uplinkLimit.Set(float64(rate)) }

// Stored counts a file in the store. Without a latency, nobody saw its completion, and none is observed.
func (u *Uploader) Stored(stream, kind string, bytes int64, latency time.Duration) {
	u.c.storedFiles.WithLabelValues(kind).Inc()
	u.c.storedBytes.Add(float64(bytes))
	if latency > 0 {
		u.c.storeLatency.Observe(latency.Seconds())
	}
	now := time.Now()
	u.c.streams.update(stream, func(e *edge) {
		e.storedFiles++
		e.storedBytes += float64(bytes)
		e.stored.add(float64(bytes), now)
	})
}

// Published counts a playlist in the store.
func (u *Uploader) Published(stream, _ string, latency time.Duration) {
	if latency > 0 {
		u.c.publishLatency.Observe(latency.Seconds())
	}
	u.c.streams.update(stream, func(e *edge) { e.playlists++ })
}

// Lost counts files that can never be stored.
func (u *Uploader) Lost(stream, _, reason string, count int) {
	u.c.lost.WithLabelValues(reason).Add(float64(count))
	u.c.streams.update(stream, func(e *edge) { e.lost += float64(count) })
}

// Stream keeps how a stream does.
func (u *Uploader) Stream(s state.Stream) {
	u.c.streams.update(s.Name, func(e *edge) { e.Stream = s })
}

// Edited counts what players notice of a playlist.
func (u *Uploader) Edited(_, kind string) { u.c.edits.WithLabelValues(kind).Inc() }

// Recording keeps how a recording does.
func (u *Uploader) Recording(r state.Recording) { u.c.recordings.take(r) }

// Forgotten removes the stream's series.
func (u *Uploader) Forgotten(stream string) { u.c.streams.forget(stream) }

// Queue keeps what is under way and waiting.
func (u *Uploader) Queue(inFlight int, waiting state.Backlog) {
	u.c.inFlight.Set(float64(inFlight))
	u.c.queueFiles.Set(float64(waiting.Files))
	u.c.queueBytes.Set(float64(waiting.Bytes))
	u.c.conditions.change(func(all *conditions) { all.backlog = waiting })
}

// Unpinned keeps how many files are in the directory alone, and their size.
func (u *Uploader) Unpinned(files int, bytes int64) {
	u.c.unpinnedFiles.Set(float64(files))
	u.c.unpinnedBytes.Set(float64(bytes))
}

// Store keeps how the store does.
func (u *Uploader) Store(s state.Store) {
	u.c.conditions.change(func(all *conditions) { all.store = s })
}

func truth(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// Hedges is a hedge.Observer. Its methods are safe for concurrent use.
type Hedges struct{ c *Channel }

// Hedges returns the observer to give to what sends slow PUTs a second time.
func (c *Channel) Hedges() *Hedges { return &Hedges{c} }

// Hedged counts a PUT that was sent twice.
func (h *Hedges) Hedged(won bool, wasted int64) {
	h.c.hedgesSent.Inc()
	if won {
		h.c.hedgesWon.Inc()
	}
	h.c.hedgeWasted.Add(float64(wasted))
}

// Waited adds how long a PUT waited for an earlier attempt at its name.
func (h *Hedges) Waited(long time.Duration) { h.c.hedgeWaited.Add(long.Seconds()) }

// Spool observes the spool. Its methods are safe for concurrent use.
type Spool struct{ c *Channel }

// Spool returns the observer of the spool.
func (c *Channel) Spool() *Spool { return &Spool{c} }

// Pinned counts a file by the way in which it was pinned.
func (s *Spool) Pinned(way string) { s.c.pinned.WithLabelValues(way).Inc() }

// Usage sets what is pinned.
func (s *Spool) Usage(files int, bytes int64) {
	s.c.spoolFiles.Set(float64(files))
	s.c.spoolBytes.Set(float64(bytes))
}

// Dropped counts an entry that was not recovered.
func (s *Spool) Dropped(reason string) { s.c.spoolDropped.WithLabelValues(reason).Inc() }
