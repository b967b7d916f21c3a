package metrics

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/state"
)

// maxSeries is how many series a channel has at most beside those of its streams, as the changelog promises.
const maxSeries = 150

// possible reports whether a request can end so. What changes nothing has no condition, and what is fetched reads no file. The model test
// of the uploader holds requests to the same.
func possible(op, result string) bool {
	return op == "put" || result != "precondition" && result != "unsupported" && (op != "get" || result != "void")
}

// TestSeriesOfAChannel has a channel told all that there is to be told, and counts the series as Prometheus does.
func TestSeriesOfAChannel(t *testing.T) {
	t.Parallel()
	m := New("1", "c")
	c := m.Channel("one", "")
	w, u := c.Watcher(), c.Uploader()
	w.Watching(1, true)
	for _, op := range []string{"put", "stat", "get"} {
		for _, result := range results() {
			if !possible(op, result) {
				continue
			}
			for _, k := range hls.Kinds() {
				u.Attempted(op, k.String(), result, 1, time.Second)
			}
		}
	}
	for _, k := range kinds() {
		u.Stored("live", k, 1, time.Second)
		u.Published("live", k, time.Second)
		for _, reason := range losses() {
			u.Lost("live", k, reason, 1)
		}
		for _, evidence := range hls.Evidences() {
			w.Settled(k, evidence)
		}
	}
	for _, s := range state.RecordingStates() {
		u.Recording(state.Recording{Session: string(s), State: s})
	}
	for _, s := range state.StoreStates() {
		u.Store(state.Store{State: s})
	}
	families, err := m.Gather()
	if err != nil {
		t.Fatal(err)
	}
	series := 0
	for _, f := range families {
		for _, one := range f.Metric {
			labels := fmt.Sprint(one.Label)
			if !strings.Contains(labels, "channel") || strings.Contains(labels, "stream") {
				continue
			}
			if series++; one.Histogram != nil {
				series += len(one.Histogram.Bucket) + 2 // that of +Inf, the sum and the count
			}
		}
	}
	if series > maxSeries {
		t.Errorf("a channel has %d series, want %d at most", series, maxSeries)
	}
	t.Logf("%d series", series)
}
