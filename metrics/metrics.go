package metrics

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/hlsship/hlsship/hls"
)

// Metrics is everything that the program shows. Make one with New; it is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	version  string
	commit   string
	started  time.Time
	taken    prometheus.Gauge
	takenAt  prometheus.Gauge
	memory   atomic.Pointer[hls.Account]
	log      atomic.Pointer[func() int64]

	mu       sync.Mutex
	channels map[string]*Channel
	// ready is never taken back; see unready.
	ready bool
}

// New returns the metrics of a program of that version, built from that commit, without channels.
func New(version, commit string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), version: version, commit: commit, started: time.Now(), channels: map[string]*Channel{}}
	m.registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewBuildInfoCollector(),
	)
	r := maker{m.registry}
	build := r.gaugeVec("hlsship_build_info", "1, labelled by the version, the commit it was built from, and the Go version.",
		"version", "revision", "goversion")
	build.WithLabelValues(version, commit, runtime.Version()).Set(1)
	start := r.gauge("hlsship_started_timestamp_seconds", "When the program started, since the Unix epoch.")
	start.Set(seconds(m.started))
	m.taken = r.gauge("hlsship_config_reload_success", "1 if the configuration read last is in use, 0 if it was refused and the one before goes on.")
	m.takenAt = r.gauge("hlsship_config_reload_timestamp_seconds", "When the configuration in use was taken, since the Unix epoch.")
	r.gaugeFunc("hlsship_memory_budget_bytes", "What the playlists of all channels may take together; 0 for no bound.",
		func() float64 { return float64(m.memory.Load().Limit()) })
	r.gaugeFunc("hlsship_memory_used_bytes", "What the playlists of all channels take together, reckoned generously.",
		func() float64 { return float64(m.memory.Load().Used()) })
	r.counterFunc("hlsship_log_lines_dropped_total", "Lines of the log that were dropped, as nobody read it for too long.", func() float64 {
		if dropped := m.log.Load(); dropped != nil {
			return float64((*dropped)())
		}
		return 0
	})
	m.Reloaded(true)
	return m
}

// Log has the number of lines of the log shown that were dropped so far, which dropped returns. It is called from any goroutine.
// Before the first call none were.
func (m *Metrics) Log(dropped func() int64) { m.log.Store(&dropped) }

// Memory has a's figures shown as those of all playlists. nil, as before the first call, has none.
func (m *Metrics) Memory(a *hls.Account) { m.memory.Store(a) }

// Reloaded keeps whether the configuration read last was taken.
func (m *Metrics) Reloaded(taken bool) {
	m.taken.Set(truth(taken))
	if taken {
		m.takenAt.Set(seconds(time.Now()))
	}
}

// maker registers what it makes.
type maker struct{ prometheus.Registerer }

func (r maker) gauge(name, help string) prometheus.Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	r.MustRegister(g)
	return g
}

func (r maker) gaugeFunc(name, help string, value func() float64) {
	r.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value))
}

func (r maker) counterFunc(name, help string, value func() float64) {
	r.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, value))
}

func (r maker) gaugeVec(name, help string, labels ...string) *prometheus.GaugeVec {
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	r.MustRegister(v)
	return v
}

func (r maker) counter(name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	r.MustRegister(c)
	return c
}

func (r maker) counterVec(name, help string, labels ...string) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	r.MustRegister(v)
	return v
}

func (r maker) histogram(name, help string) prometheus.Histogram {
	h := prometheus.NewHistogram(latencies(name, help))
	r.MustRegister(h)
	return h
}

// latencies are classic buckets from a local store's 5 ms to a long outage's minute, and native
// ones of 10 % width for scrapers that ask for them.
func latencies(name, help string) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{
		Name: name, Help: help,
		Buckets:                         []float64{.005, .01, .025, .1, .25, .5, 1, 2.5, 5, 60},
		NativeHistogramBucketFactor:     1.1,
		NativeHistogramMaxBucketNumber:  160,
		NativeHistogramMinResetDuration: time.Hour,
	}
}

// seconds returns t since the Unix epoch.
func seconds(t time.Time) float64 { return float64(t.UnixNano()) / 1e9 }
