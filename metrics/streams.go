package metrics

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hlsship/hlsship/state"
)

const (
	// maxStreams bounds the values of the stream label: a packager that makes a folder for every
	// session must not fill the memory of whoever scrapes.
	maxStreams = 200
	// otherStreams is the label value under which the streams beyond the bound are summed. A stream
	// of that very name is summed with them.
	otherStreams = "other"
)

// edge is how one stream does, and what it has done so far.
type edge struct {
	state.Stream

	storedFiles, storedBytes, playlists, lost float64

	stored trace // bytes
}

// streams collects the series that carry the stream label. Ages are computed when they are collected,
// so that they grow while nothing happens at all.
type streams struct {
	limit int

	state, held, oldest, lag, published, storedFiles, storedBytes, playlists, lost *prometheus.Desc

	mu sync.Mutex
	// named have their own label value, surplus share otherStreams.
	named, surplus map[string]*edge
	// retired are the counts of surplus streams that were forgotten: a counter never falls.
	retired edge
	// overflowed says that otherStreams has been shown once, so that it stays.
	overflowed bool
}

func newStreams(limit int) *streams {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, append([]string{"stream"}, labels...), nil)
	}
	return &streams{
		limit: limit, named: map[string]*edge{}, surplus: map[string]*edge{},
		state:       desc("hlsship_stream_state", "1 for the state of the stream, 0 for all others: held, behind, stalled, waiting, live, ended.", "state"),
		held:        desc("hlsship_snapshots_held", "Playlist versions that wait for what they name."),
		oldest:      desc("hlsship_snapshot_oldest_age_seconds", "Time since the oldest playlist version held was finished on disk; 0 if none is held."),
		lag:         desc("hlsship_live_edge_lag_seconds", "Time that the store has been behind the disk; 0 while the newest finished playlist is published."),
		published:   desc("hlsship_published_timestamp_seconds", "When the published playlist was finished on disk, since the Unix epoch; 0 if none is published."),
		storedFiles: desc("hlsship_stream_stored_files_total", "Files of the stream stored."),
		storedBytes: desc("hlsship_stream_stored_bytes_total", "Bytes of the files of the stream stored."),
		playlists:   desc("hlsship_stream_playlists_published_total", "Playlist versions of the stream published."),
		lost:        desc("hlsship_stream_lost_files_total", "Files of the stream that can never be stored."),
	}
}

// update applies change to the stream of that name, which it makes known.
func (s *streams) update(name string, change func(*edge)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.named[name]
	if e == nil {
		e = s.surplus[name]
	}
	if e == nil {
		e = &edge{}
		if len(s.named) < s.limit && name != otherStreams {
			s.named[name] = e
		} else {
			s.surplus[name] = e
			s.overflowed = true
		}
	}
	change(e)
}

// forget removes the stream.
func (s *streams) forget(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.named, name)
	if e := s.surplus[name]; e != nil {
		s.retired.count(e)
		delete(s.surplus, name)
	}
}

// forgetAll removes every stream: who ships them began again and tells of those that are there.
func (s *streams) forgetAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.surplus {
		s.retired.count(e)
	}
	clear(s.named)
	clear(s.surplus)
}

// count adds what other has done.
func (e *edge) count(other *edge) {
	e.storedFiles += other.storedFiles
	e.storedBytes += other.storedBytes
	e.playlists += other.playlists
	e.lost += other.lost
}

// Describe sends every description; it implements prometheus.Collector.
func (s *streams) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{s.state, s.held, s.oldest, s.lag, s.published, s.storedFiles, s.storedBytes, s.playlists, s.lost} {
		ch <- d
	}
}

// row is one stream as it is shown.
type row struct {
	state.Stream
	Lag, Oldest time.Duration
	counts      edge
	bits        []float64 // a second
	bitrate     float64
}

// rows returns the streams by name, and the sum of the surplus ones last. Of their states and ages it takes the
// worst.
func (s *streams) rows(now time.Time) []row {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []row
	for name, e := range s.named {
		all = append(all, e.row(name, now))
	}
	slices.SortFunc(all, func(a, b row) int { return cmp.Compare(a.Name, b.Name) })
	if !s.overflowed {
		return all
	}
	sum := s.retired.row(otherStreams, now)
	for _, e := range s.surplus {
		sum.add(e.row(otherStreams, now))
	}
	return append(all, sum)
}

// add takes another stream in, which is shown together with r.
func (r *row) add(o row) {
	r.counts.count(&o.counts)
	versions, published := r.Versions+o.Versions, r.Published
	if !o.Published.IsZero() && (published.IsZero() || o.Published.Before(published)) {
		published = o.Published
	}
	if o.State.Worse(r.State) {
		r.Stream = o.Stream
	}
	r.Versions, r.Published = versions, published
	r.Lag, r.Oldest = max(r.Lag, o.Lag), max(r.Oldest, o.Oldest)
	r.bitrate += o.bitrate
	for i, v := range o.bits {
		r.bits[i] += v
	}
}

func (e *edge) row(name string, now time.Time) row {
	r := row{Stream: e.Stream, Lag: e.Lag(now), Oldest: e.Oldest(now), counts: *e, bitrate: 8 * e.stored.lastMinute(now)}
	r.Name = name
	r.bits = e.stored.values(now, func(s slot) float64 { return 8 * s.perSecond() })
	return r
}

// Collect sends the series of every stream; it implements prometheus.Collector.
func (s *streams) Collect(ch chan<- prometheus.Metric) {
	for _, r := range s.rows(time.Now()) {
		gauge := func(d *prometheus.Desc, v float64, labels ...string) {
			ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, append([]string{r.Name}, labels...)...)
		}
		counter := func(d *prometheus.Desc, v float64) {
			ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, r.Name)
		}
		for _, one := range state.StreamStates() {
			gauge(s.state, truth(one == r.State), string(one))
		}
		gauge(s.held, float64(r.Versions))
		gauge(s.oldest, r.Oldest.Seconds())
		gauge(s.lag, r.Lag.Seconds())
		published := 0.0
		if !r.Published.IsZero() {
			published = seconds(r.Published)
		}
		gauge(s.published, published)
		counter(s.storedFiles, r.counts.storedFiles)
		counter(s.storedBytes, r.counts.storedBytes)
		counter(s.playlists, r.counts.playlists)
		counter(s.lost, r.counts.lost)
	}
}
