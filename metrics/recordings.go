package metrics

import (
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hlsship/hlsship/state"
)

// maxRecordings is how many recordings are shown: those that are not closed, and the last ones that are.
const maxRecordings = 256

// recordings are those of a channel as they were told last. It is safe for concurrent use, and a prometheus.Collector.
type recordings struct {
	desc, missed *prometheus.Desc
	mu           sync.Mutex
	last         []state.Recording // the newest first
	missing      int               // segments that those which are closed have not
}

func newRecordings() *recordings {
	return &recordings{
		desc:   prometheus.NewDesc("hlsship_recordings", "Recordings that are not closed, by state: broken, closing, open; missing while nothing is recorded.", []string{"state"}, nil),
		missed: prometheus.NewDesc("hlsship_recording_missing_total", "Segments that recordings lack, because they were not stored when these were closed.", nil, nil),
	}
}

// take takes in how one does. The oldest that is closed, or else the oldest, makes room.
func (x *recordings) take(r state.Recording) {
	x.mu.Lock()
	defer x.mu.Unlock()
	before := 0 // which was told when it was closed before
	x.last = slices.DeleteFunc(x.last, func(old state.Recording) bool {
		if old.Session == r.Session {
			before = old.Missing
		}
		return old.Session == r.Session
	})
	if x.missing += max(0, r.Missing-before); r.State != state.RecordingClosed {
		r.Missing = before
	}
	if x.last = slices.Insert(x.last, 0, r); len(x.last) <= maxRecordings {
		return
	}
	for i, old := range slices.Backward(x.last) {
		if old.State == state.RecordingClosed {
			x.last = slices.Delete(x.last, i, i+1)
			return
		}
	}
	x.last = x.last[:maxRecordings]
}

// all returns those that are shown, the newest first.
func (x *recordings) all() []state.Recording {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Clone(x.last)
}

// Describe is a method of prometheus.Collector, as is Collect.
func (x *recordings) Describe(ch chan<- *prometheus.Desc) {
	ch <- x.desc
	ch <- x.missed
}

func (x *recordings) Collect(ch chan<- prometheus.Metric) {
	count, all := make(map[state.OfRecording]float64), x.all()
	if len(all) == 0 {
		return
	}
	x.mu.Lock()
	missing := x.missing
	x.mu.Unlock()
	ch <- prometheus.MustNewConstMetric(x.missed, prometheus.CounterValue, float64(missing))
	for _, r := range all {
		count[r.State]++
	}
	for _, s := range state.RecordingStates() {
		if s != state.RecordingClosed {
			ch <- prometheus.MustNewConstMetric(x.desc, prometheus.GaugeValue, count[s], string(s))
		}
	}
}
