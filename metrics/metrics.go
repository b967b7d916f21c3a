package metrics

import (
	"runtime"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/hlsship/hlsship/hls"
)

// Metrics is the registry and everything in it. Make one with New; it is safe for concurrent use.
type Metrics struct {
	registry *prometheus.Registry
	version  string
	started  time.Time
	ready    readiness
	streams  *streams

	// What the watcher tells.
	settled      *prometheus.CounterVec
	refused      *prometheus.CounterVec
	scans        *prometheus.CounterVec
	scanDuration prometheus.Histogram
	scanFiles    prometheus.Gauge
	folders      prometheus.Gauge
	exact        prometheus.Gauge
	holding      prometheus.Gauge

	// What the uploader tells.
	attempts        *prometheus.CounterVec
	attemptDuration *prometheus.HistogramVec
	sentBytes       *prometheus.CounterVec
	storedFiles     *prometheus.CounterVec
	storedBytes     *prometheus.CounterVec
	storeLatency    *prometheus.HistogramVec
	publishLatency  *prometheus.HistogramVec
	lost            *prometheus.CounterVec
	lastSuccess     prometheus.Gauge
	inFlight        prometheus.Gauge
	queueFiles      prometheus.Gauge
	queueBytes      prometheus.Gauge
	budget          prometheus.Gauge
	pinned          *prometheus.CounterVec
	spoolFiles      prometheus.Gauge
	spoolBytes      prometheus.Gauge
	spoolDropped    *prometheus.CounterVec
	outageLeft      prometheus.Gauge
	storeUp         prometheus.Gauge
	uplinkLimit     prometheus.Gauge
}

// New returns the metrics of a program of that version, built from that commit.
func New(version, commit string) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), version: version, started: time.Now(), streams: newStreams(maxStreams)}
	m.declareWatcher()
	m.declareUploader()
	m.declareSpool()
	m.registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewBuildInfoCollector(),
		m.streams,
	)
	build := m.gaugeVec("hlsship_build_info", "1, labelled by the version, the commit it was built from, and the Go version.",
		"version", "revision", "goversion")
	build.WithLabelValues(version, commit, runtime.Version()).Set(1)
	start := m.gauge("hlsship_started_timestamp_seconds", "When the program started, since the Unix epoch.")
	start.Set(seconds(m.started))
	m.fill()
	return m
}

func (m *Metrics) declareWatcher() {
	m.settled = m.counterVec("hlsship_files_settled_total", "Files reported as finished, by the evidence for it.", "kind", "evidence")
	m.refused = m.counterVec("hlsship_files_refused_total", "Files that are never reported, by reason.", "reason")
	m.scans = m.counterVec("hlsship_scans_total", "Scans of the directory, by reason.", "reason")
	m.scanDuration = m.histogram("hlsship_scan_duration_seconds", "Time that a scan of the directory took.")
	m.scanFiles = m.gauge("hlsship_scan_files", "Regular files met by the last scan.")
	m.folders = m.gauge("hlsship_watched_folders", "Folders watched.")
	m.exact = m.gauge("hlsship_watching_exact", "1 while the kernel tells of closed files, 0 while quiet alone says that a file is finished.")
	m.holding = m.gauge("hlsship_files_held_open", "Files held open so that their bytes outlive their names.")
}

func (m *Metrics) declareUploader() {
	m.attempts = m.counterVec("hlsship_attempts_total", "Requests to the store, by result.", "op", "kind", "result")
	m.attemptDuration = m.histogramVec("hlsship_attempt_duration_seconds", "Time that a request to the store took.", "op")
	m.sentBytes = m.counterVec("hlsship_sent_bytes_total", "Bytes that PUTs carried, failed ones included.", "kind")
	m.storedFiles = m.counterVec("hlsship_stored_files_total", "Files stored.", "kind")
	m.storedBytes = m.counterVec("hlsship_stored_bytes_total", "Bytes of the files stored.", "kind")
	m.storeLatency = m.histogramVec("hlsship_store_latency_seconds", "Time from a file's completion on disk until it was stored.", "kind")
	m.publishLatency = m.histogramVec("hlsship_publish_latency_seconds",
		"Time from a playlist's completion on disk, when what it lists became known, until it was published.", "kind")
	m.lost = m.counterVec("hlsship_lost_files_total", "Files that a playlist names and that can never be stored, by reason.", "kind", "reason")
	m.lastSuccess = m.gauge("hlsship_last_success_timestamp_seconds", "When a PUT last succeeded, since the Unix epoch; 0 if none did.")
	m.inFlight = m.gauge("hlsship_requests_in_flight", "Requests to the store under way.")
	m.queueFiles = m.gauge("hlsship_queue_files", "Files named and not stored yet.")
	m.queueBytes = m.gauge("hlsship_queue_bytes", "Size of the files named and not stored yet.")
	m.budget = m.gauge("hlsship_queue_budget_bytes", "What hlsship_queue_bytes may be before files are given up; 0 for no bound.")
	m.outageLeft = m.gauge("hlsship_outage_seconds_left",
		"How long the store may be away, at the present rate, before files are given up; +Inf while nothing comes.")
	m.uplinkLimit = m.gauge("hlsship_uplink_limit_bytes_per_second", "Bandwidth that uploads may take; 0 for no limit.")
	m.storeUp = m.gauge("hlsship_store_up", "1 while the store answers, 0 while it fails or has not been asked.")
}

func (m *Metrics) declareSpool() {
	m.pinned = m.counterVec("hlsship_spool_pinned_total", "Finished files kept alive, by the way that was taken; held ones do not survive the process.", "way")
	m.spoolFiles = m.gauge("hlsship_spool_files", "Files pinned in the spool.")
	m.spoolBytes = m.gauge("hlsship_spool_bytes", "Size of the files pinned in the spool; they take up space of their own only once the packager removed them.")
	m.spoolDropped = m.counterVec("hlsship_spool_dropped_total", "Entries of an earlier process's spool that were not recovered, by reason.", "reason")
}

// fill makes every series of a closed label set exist.
func (m *Metrics) fill() {
	for _, reason := range refusals() {
		m.refused.WithLabelValues(reason)
	}
	for _, way := range pinWays() {
		m.pinned.WithLabelValues(way)
	}
	for _, reason := range pinDrops() {
		m.spoolDropped.WithLabelValues(reason)
	}
	for _, reason := range scanReasons() {
		m.scans.WithLabelValues(reason)
	}
	for _, op := range ops() {
		m.attemptDuration.WithLabelValues(op)
	}
	for _, k := range kinds() {
		for _, evidence := range evidences() {
			m.settled.WithLabelValues(k, evidence)
		}
		for _, op := range ops() {
			for _, result := range results() {
				m.attempts.WithLabelValues(op, k, result)
			}
		}
		for _, reason := range losses() {
			m.lost.WithLabelValues(k, reason)
		}
		m.sentBytes.WithLabelValues(k)
		m.storedFiles.WithLabelValues(k)
		m.storedBytes.WithLabelValues(k)
		m.storeLatency.WithLabelValues(k)
	}
	m.publishLatency.WithLabelValues(hls.MediaPlaylist.String())
	m.publishLatency.WithLabelValues(hls.MultivariantPlaylist.String())
	m.publishLatency.WithLabelValues(hls.Manifest.String())
}

// kinds are the words of every kind of file that is ever reported: all but Temporary.
func kinds() []string {
	var words []string
	for _, k := range hls.Kinds() {
		if k != hls.Temporary {
			words = append(words, k.String())
		}
	}
	return slices.Clip(words)
}

// The closed sets below are the words of watcher.Observer and uploader.Observer.

func evidences() []string { return []string{"close", "rename", "lease", "quiet", "range"} }

func refusals() []string {
	return []string{"link", "irregular", "name", "playlist", "size", "permission"}
}

func scanReasons() []string {
	return []string{"start", "overflow", "folder", "timer", "replaced", "stop"}
}

func ops() []string { return []string{"put", "stat", "get"} }

func results() []string {
	return []string{"ok", "void", "cancelled", "transient", "alarm", "permanent", "not_found", "precondition", "unsupported"}
}

func pinWays() []string { return []string{"link", "reflink", "copy", "held"} }

func pinDrops() []string { return []string{"changed", "foreign"} }

func losses() []string { return []string{"gone", "superseded", "rejected", "budget", "age"} }

func (m *Metrics) gauge(name, help string) prometheus.Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	m.registry.MustRegister(g)
	return g
}

func (m *Metrics) gaugeVec(name, help string, labels ...string) *prometheus.GaugeVec {
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	m.registry.MustRegister(v)
	return v
}

func (m *Metrics) counterVec(name, help string, labels ...string) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	m.registry.MustRegister(v)
	return v
}

func (m *Metrics) histogram(name, help string) prometheus.Histogram {
	h := prometheus.NewHistogram(latencies(name, help))
	m.registry.MustRegister(h)
	return h
}

func (m *Metrics) histogramVec(name, help string, labels ...string) *prometheus.HistogramVec {
	v := prometheus.NewHistogramVec(latencies(name, help), labels)
	m.registry.MustRegister(v)
	return v
}

// latencies are classic buckets from a local store's 5 ms to a long outage's minute, and native
// ones of 10 % width for scrapers that ask for them.
func latencies(name, help string) prometheus.HistogramOpts {
	return prometheus.HistogramOpts{
		Name: name, Help: help,
		Buckets:                         []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
		NativeHistogramBucketFactor:     1.1,
		NativeHistogramMaxBucketNumber:  160,
		NativeHistogramMinResetDuration: time.Hour,
	}
}

// seconds returns t since the Unix epoch.
func seconds(t time.Time) float64 { return float64(t.UnixNano()) / 1e9 }
