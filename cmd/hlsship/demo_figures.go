package main

import (
	"slices"
	"sync"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/state"
	"github.com/hlsship/hlsship/uploader"
)

// keptSamples is how many latencies the figures are of, shownSamples how many the chart shows.
const (
	keptSamples  = 1000
	shownSamples = 90
)

// figures is an uploader.Observer that passes everything on and keeps what the page shows. It is safe
// for concurrent use.
type figures struct {
	uploader.Observer

	mu      sync.Mutex
	started time.Time
	state   snapshot
	// waiting are the completions on disk of segments that are stored and not yet published.
	waiting []time.Time
	// samples are the last keptSamples latencies in milliseconds, oldest first.
	samples []float64
}

// snapshot is what the page shows at one moment.
type snapshot struct {
	// Source is "ffmpeg" or "clip", Note why it is not what one would expect.
	Source string `json:"source"`
	Note   string `json:"note"`
	// Segments, Bytes and Playlists count what was stored.
	Segments  int   `json:"segments"`
	Bytes     int64 `json:"bytes"`
	Playlists int   `json:"playlists"`
	// Last, Median, P99 and Worst are the times from a segment finished on disk to a published playlist
	// that names it, in milliseconds; Chart are the latest of them, oldest first.
	Last   float64   `json:"last"`
	Median float64   `json:"median"`
	P99    float64   `json:"p99"`
	Worst  float64   `json:"worst"`
	Chart  []float64 `json:"chart"`
	// Store says whether the store answers, Held how many playlist versions wait.
	Store bool `json:"store"`
	Held  int  `json:"held"`
	// Uptime is in seconds.
	Uptime float64 `json:"uptime"`
	// Status is the address of the status page of the shipping itself.
	Status string `json:"status"`
	// Playlist is the text in the bucket.
	Playlist string `json:"playlist"`
}

func newFigures(next uploader.Observer, now time.Time) *figures {
	return &figures{Observer: next, started: now}
}

// Stored notes when a segment was finished on disk.
func (f *figures) Stored(stream, kind string, bytes int64, latency time.Duration) {
	f.Observer.Stored(stream, kind, bytes, latency)
	if kind != hls.Media.String() {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.state.Segments++
	f.state.Bytes += bytes
	if latency > 0 {
		f.waiting = append(f.waiting, time.Now().Add(-latency))
	}
}

// Published makes the segments stored before playable.
func (f *figures) Published(stream, kind string, latency time.Duration) {
	f.Observer.Published(stream, kind, latency)
	now := time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.state.Playlists++
	for _, at := range f.waiting {
		f.samples = append(f.samples, float64(now.Sub(at).Microseconds())/1000)
	}
	f.waiting = f.waiting[:0]
	if over := len(f.samples) - keptSamples; over > 0 {
		f.samples = slices.Delete(f.samples, 0, over)
	}
}

// Stream keeps how many playlist versions wait.
func (f *figures) Stream(s state.Stream) {
	f.Observer.Stream(s)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.state.Held = s.Versions
}

// Store keeps whether the store answers.
func (f *figures) Store(s state.Store) {
	f.Observer.Store(s)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.state.Store = s.State == state.Up
}

// source says what makes the stream, and why if that is a surprise.
func (f *figures) source(name, note string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.state.Source, f.state.Note = name, note
}

// status says where the status page is.
func (f *figures) status(url string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.state.Status = url
}

// snapshot returns the figures of now, without the playlist's text.
func (f *figures) snapshot(now time.Time) snapshot {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.state
	s.Uptime = now.Sub(f.started).Seconds()
	s.Chart = []float64{}
	if n := len(f.samples); n > 0 {
		sorted := slices.Sorted(slices.Values(f.samples))
		s.Last, s.Median, s.P99, s.Worst = f.samples[n-1], quantile(sorted, 50), quantile(sorted, 99), sorted[n-1]
		s.Chart = slices.Clone(f.samples[max(0, n-shownSamples):])
	}
	return s
}

// quantile returns the percentile of sorted values by the nearest rank. There must be at least one.
func quantile(sorted []float64, percent int) float64 {
	rank := (len(sorted)*percent + 99) / 100
	return sorted[max(1, rank)-1]
}
