package metrics

import (
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hlsship/hlsship/hls"
)

// Channel holds the metrics of one directory on its way to one bucket. Metrics.Channel makes it; it is safe for
// concurrent use.
type Channel struct {
	name, title string
	registry    *prometheus.Registry
	ready       readiness
	streams     *streams
	recordings  *recordings
	conditions  *conditions
	recent      recent   // requests
	failures    failures // requests that failed

	// What the watcher tells.
	settled      *prometheus.CounterVec
	refused      *prometheus.CounterVec
	scans        *prometheus.CounterVec
	scanDuration prometheus.Gauge
	scanFiles    prometheus.Gauge
	folders      prometheus.Gauge
	holding      prometheus.Gauge
	waiting      prometheus.Gauge

	// What the uploader tells.
	attempts        *prometheus.CounterVec
	attemptDuration prometheus.Histogram
	sentBytes       prometheus.Counter
	storedFiles     *prometheus.CounterVec
	storedBytes     prometheus.Counter
	storeLatency    prometheus.Histogram
	publishLatency  prometheus.Histogram
	lost            *prometheus.CounterVec
	edits           *prometheus.CounterVec
	lastSuccess     prometheus.Gauge
	inFlight        prometheus.Gauge
	queueFiles      prometheus.Gauge
	queueBytes      prometheus.Gauge
	unpinnedFiles   prometheus.Gauge
	unpinnedBytes   prometheus.Gauge
	pinned          *prometheus.CounterVec
	spoolFiles      prometheus.Gauge
	spoolBytes      prometheus.Gauge
	spoolDropped    *prometheus.CounterVec
	uplinkLimit     prometheus.Gauge
	hedgesSent      prometheus.Counter
	hedgesWon       prometheus.Counter
	hedgeWasted     prometheus.Counter
	hedgeWaited     prometheus.Counter
}

// newChannel returns the metrics of a channel; its series have no label "channel" if it has no name.
func newChannel(name, title string) *Channel {
	c := &Channel{name: name, title: title, registry: prometheus.NewRegistry(), streams: newStreams(maxStreams), recordings: newRecordings(), conditions: newConditions(time.Now())}
	r := maker{c.registry}
	if name != "" {
		r.Registerer = prometheus.WrapRegistererWith(prometheus.Labels{"channel": name}, c.registry)
	}
	c.declareWatcher(r)
	c.declareUploader(r)
	c.declareSpool(r)
	r.MustRegister(c.streams, c.conditions, c.recordings)
	c.fill()
	return c
}

func (c *Channel) declareWatcher(r maker) {
	c.settled = r.counterVec("hlsship_files_settled_total", "Files reported as finished, by the evidence for it.", "evidence")
	c.refused = r.counterVec("hlsship_files_refused_total", "Files that are never reported, by reason.", "reason")
	c.scans = r.counterVec("hlsship_scans_total", "Scans of the directory, by reason.", "reason")
	c.scanDuration = r.gauge("hlsship_scan_duration_seconds", "Time that the last scan of the directory took.")
	c.scanFiles = r.gauge("hlsship_scan_files", "Regular files met by the last scan.")
	c.folders = r.gauge("hlsship_watched_folders", "Folders watched.")
	c.holding = r.gauge("hlsship_files_held_open", "Files held open so that their bytes outlive their names.")
	c.waiting = r.gauge("hlsship_playlists_waiting_for_memory", "Playlists whose newest version is not read yet, as playlists take all the memory that they may.")
}

func (c *Channel) declareUploader(r maker) {
	c.attempts = r.counterVec("hlsship_attempts_total", "Requests to the store, by result.", "op", "result")
	c.attemptDuration = r.histogram("hlsship_attempt_duration_seconds", "Time that a request to the store took.")
	c.sentBytes = r.counter("hlsship_sent_bytes_total", "Bytes that PUTs carried, failed ones included.")
	c.storedFiles = r.counterVec("hlsship_stored_files_total", "Files stored.", "kind")
	c.storedBytes = r.counter("hlsship_stored_bytes_total", "Bytes of the files stored.")
	c.storeLatency = r.histogram("hlsship_store_latency_seconds", "Time from a file's completion on disk until it was stored.")
	c.publishLatency = r.histogram("hlsship_publish_latency_seconds",
		"Time from a playlist's completion on disk, when what it lists became known, until it was published.")
	c.lost = r.counterVec("hlsship_lost_files_total", "Files that a playlist names and that can never be stored, by reason.", "reason")
	c.edits = r.counterVec("hlsship_playlist_edits_total",
		"What happened to playlists beside new segments: another run goes on (run), a segment is left out (hole), the playlist cannot be continued (exact), another run began with a lower sequence number, so that players stand still (fall), the playlist is not recorded (unrecorded).", "kind")
	c.lastSuccess = r.gauge("hlsship_last_success_timestamp_seconds", "When a PUT last succeeded, since the Unix epoch; 0 if none did.")
	c.inFlight = r.gauge("hlsship_requests_in_flight", "Requests to the store under way.")
	c.queueFiles = r.gauge("hlsship_queue_files", "Files named and not stored yet.")
	c.queueBytes = r.gauge("hlsship_queue_bytes", "Size of the files named and not stored yet.")
	c.unpinnedFiles = r.gauge("hlsship_unpinned_files",
		"Files named, not stored and in the directory alone, as they exceed what may wait; lost if the packager deletes them.")
	c.unpinnedBytes = r.gauge("hlsship_unpinned_bytes", "Size of those files, beside hlsship_queue_bytes.")
	c.uplinkLimit = r.gauge("hlsship_uplink_limit_bytes_per_second", "Bandwidth that uploads may take; 0 for no limit.")
	c.hedgesSent = r.counter("hlsship_hedges_sent_total", "PUTs that were sent a second time, as the store was slow to answer.")
	c.hedgesWon = r.counter("hlsship_hedges_won_total", "PUTs whose second attempt stored them first.")
	c.hedgeWasted = r.counter("hlsship_hedge_wasted_bytes_total", "Bytes that the slower of two attempts at a PUT carried, beside hlsship_sent_bytes_total.")
	c.hedgeWaited = r.counter("hlsship_hedge_wait_seconds_total", "Time that PUTs waited until the slower of two attempts at their name could not arrive any more.")
}

func (c *Channel) declareSpool(r maker) {
	c.pinned = r.counterVec("hlsship_spool_pinned_total", "Finished files that waited for more than a second, by the way in which they are kept alive; held ones do not survive the process, unless they are copied and counted again.", "way")
	c.spoolFiles = r.gauge("hlsship_spool_files", "Files pinned in the spool.")
	c.spoolBytes = r.gauge("hlsship_spool_bytes", "Size of the files pinned in the spool; they take up space of their own only once the packager removed them.")
	c.spoolDropped = r.counterVec("hlsship_spool_dropped_total", "Entries of an earlier process's spool that were not recovered, by reason.", "reason")
}

// fill makes every series of a closed label set exist.
func (c *Channel) fill() {
	for _, reason := range hls.Refusals() {
		c.refused.WithLabelValues(reason)
	}
	for _, way := range hls.PinWays() {
		c.pinned.WithLabelValues(way)
	}
	for _, reason := range hls.DropReasons() {
		c.spoolDropped.WithLabelValues(reason)
	}
	for _, reason := range hls.ScanReasons() {
		c.scans.WithLabelValues(reason)
	}
	for _, evidence := range hls.Evidences() {
		c.settled.WithLabelValues(evidence)
	}
	for _, result := range results() {
		c.attempts.WithLabelValues("put", result) // others come with the first of them
	}
	for _, kind := range edits() {
		c.edits.WithLabelValues(kind)
	}
	for _, reason := range losses() {
		c.lost.WithLabelValues(reason)
	}
	for _, k := range kinds() {
		c.storedFiles.WithLabelValues(k)
	}
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

// The closed sets below are the words of uploader.Observer.

func results() []string {
	return []string{"ok", "void", "cancelled", "transient", "alarm", "permanent", "not_found", "precondition", "unsupported"}
}

func edits() []string { return []string{"run", "hole", "exact", "fall", "unrecorded"} }

func losses() []string { return []string{"gone", "superseded", "rejected", "budget", "age", "unseen"} }
