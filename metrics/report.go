package metrics

import (
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hlsship/hlsship/state"
)

// Report returns how everything does at now. It is safe for concurrent use.
func (m *Metrics) Report(now time.Time) *state.Report {
	r := &state.Report{
		Version: state.ReportVersion, Hlsship: m.version, Commit: m.commit, Started: m.started, Now: now,
		Unready: m.unready(), Channels: []state.ChannelReport{}, Failures: []state.Failure{},
	}
	r.Ready = len(r.Unready) == 0
	for _, c := range m.sorted() {
		r.Channels = append(r.Channels, c.report(m.titleOf(c), now))
		r.Failures = append(r.Failures, c.failures.view(c.name)...)
	}
	slices.SortStableFunc(r.Failures, func(a, b state.Failure) int { return b.At.Compare(a.At) })
	r.Failures = r.Failures[:min(len(r.Failures), maxFailures)]
	r.Finish()
	return r
}

// report returns how the channel does.
func (c *Channel) report(title string, now time.Time) state.ChannelReport {
	r := state.ChannelReport{
		Title: title, InFlight: int(value(c.inFlight)), Unpinned: waiting(c.unpinnedFiles, c.unpinnedBytes), Spool: waiting(c.spoolFiles, c.spoolBytes),
		Stored: int64(sum(c.storedFiles)), Lost: int64(sum(c.lost)), Refused: int64(sum(c.refused)),
	}
	c.conditions.change(func(all *conditions) {
		r.Channel, r.Store, r.Reserve, r.Backlog, r.Guesses = all.channel, all.store, all.reserve, all.backlog, all.guesses
	})
	r.Channel.Name = c.name
	if left, ok := r.Reserve.Left(); ok {
		s := state.In(left)
		r.OutageLeft = &s
	}
	if at := value(c.lastSuccess); at > 0 {
		r.LastStored = time.Unix(0, int64(at*1e9))
	}
	r.Latency, r.LatencyTrace = c.recent.view(now)
	r.Recordings = c.recordings.all()
	r.Streams, r.BitrateTrace = c.streams.report(now)
	return r
}

// waiting returns two gauges as what waits.
func waiting(files, bytes prometheus.Metric) state.Backlog {
	return state.Backlog{Files: int(value(files)), Bytes: int64(value(bytes))}
}

// report returns the streams as they are shown, and what was stored of all of them together. Those beyond the bound are one.
func (s *streams) report(now time.Time) ([]state.StreamReport, []float64) {
	all, total := []state.StreamReport{}, make([]float64, state.TraceSlots)
	for _, r := range s.rows(now) {
		for i, v := range r.bits {
			total[i] += v
		}
		if r.State == "" {
			continue // it has no playlist
		}
		one := state.StreamReport{
			Stream: r.Stream, Lag: state.In(r.Lag), Bitrate: r.bitrate, BitrateTrace: r.bits,
			Stored: int64(r.counts.storedFiles), Lost: int64(r.counts.lost),
		}
		if !r.Newest.IsZero() {
			age := state.In(max(0, now.Sub(r.Newest)))
			one.Age = &age
		}
		all = append(all, one)
	}
	return all, total
}
