package metrics

import (
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"

	"github.com/hlsship/hlsship/state"
)

func TestMain(m *testing.M) {
	flag.Bool("update", false, "rewrite golden files")
	flag.Parse()
	os.Exit(m.Run())
}

func TestLint(t *testing.T) {
	t.Parallel()
	m := New("1.2.3", "abc")
	c := m.Channel("", "")
	c.Uploader().Stream(state.Stream{Name: "live", State: state.Live})
	c.Uploader().Recording(state.Recording{Session: "20261130T010203Z", State: state.RecordingOpen})
	c.Watcher().Watching(1, true)
	problems, err := testutil.GatherAndLint(m)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	families, err := m.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if strings.HasPrefix(f.GetName(), "hlsship_") && !strings.HasSuffix(f.GetHelp(), ".") {
			t.Errorf("%s: help %q does not end with a full stop", f.GetName(), f.GetHelp())
		}
	}
}

// TestExposition keeps every name, type, label set, number of series and help text: what dashboards and
// alerts rely on changes in testdata/exposition.txt only.
func TestExposition(t *testing.T) {
	t.Parallel()
	m := New("1.2.3", "abc")
	c := m.Channel("", "")
	c.Uploader().Stream(state.Stream{Name: "live", State: state.Live})
	c.Uploader().Recording(state.Recording{Session: "20261130T010203Z", State: state.RecordingOpen})
	c.Watcher().Watching(1, true)
	families, err := m.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	standard := map[string]bool{}
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "hlsship_") {
			standard[f.GetName()] = true
			continue
		}
		var labels []string
		for _, l := range f.Metric[0].Label {
			labels = append(labels, l.GetName())
		}
		fmt.Fprintf(&b, "%s{%s} %s, %d series\n\t%s\n", f.GetName(), strings.Join(labels, ","),
			strings.ToLower(f.GetType().String()), len(f.Metric), f.GetHelp())
	}
	for _, name := range []string{"go_goroutines", "process_start_time_seconds", "go_build_info"} {
		if !standard[name] {
			t.Errorf("%s is missing", name)
		}
	}
	golden := filepath.Join("testdata", "exposition.txt")
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("the exposition changed; run the test with -update and look at the difference:\n%s", b.String())
	}
}

// exposed returns every hlsship series as "name{label=value,…}" with its value; a histogram is its
// count and its sum.
func exposed(t *testing.T, m *Metrics) map[string]float64 {
	t.Helper()
	families, err := m.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), "hlsship_") {
			continue
		}
		for _, one := range f.Metric {
			var labels []string
			for _, l := range one.Label {
				labels = append(labels, l.GetName()+"="+l.GetValue())
			}
			set := "{" + strings.Join(labels, ",") + "}"
			if f.GetType() == dto.MetricType_HISTOGRAM {
				all[f.GetName()+"_count"+set] = float64(one.Histogram.GetSampleCount())
				all[f.GetName()+"_sum"+set] = one.Histogram.GetSampleSum()
				continue
			}
			all[f.GetName()+set] = one.GetCounter().GetValue() + one.GetGauge().GetValue()
		}
	}
	return all
}

// observerCall is a call of an observer and the series that it moves, by how much.
type observerCall struct {
	name string
	call func(*Watcher, *Uploader)
	want map[string]float64
}

func observerCalls() []observerCall {
	const s = time.Second
	now := func() time.Time { return time.Now() }
	return []observerCall{
		{"settled", func(w *Watcher, _ *Uploader) { w.Settled("segment", "close") },
			map[string]float64{"hlsship_files_settled_total{evidence=close}": 1}},
		{"refused", func(w *Watcher, _ *Uploader) { w.Refused("link") },
			map[string]float64{"hlsship_files_refused_total{reason=link}": 1}},
		{"scanned", func(w *Watcher, _ *Uploader) { w.Scanned("timer", 7, 2*s) },
			map[string]float64{
				"hlsship_scans_total{reason=timer}": 1, "hlsship_scan_files{}": 7,
				"hlsship_scan_duration_seconds{}": 2,
			}},
		{"watching", func(w *Watcher, _ *Uploader) { w.Watching(3, true) },
			map[string]float64{"hlsship_watched_folders{}": 3, "hlsship_watching_exact{}": 1}},
		{"holding", func(w *Watcher, _ *Uploader) { w.Holding(4) }, map[string]float64{"hlsship_files_held_open{}": 4}},
		{"waiting for memory", func(w *Watcher, _ *Uploader) { w.Waiting(2) }, map[string]float64{"hlsship_playlists_waiting_for_memory{}": 2}},
		{"attempt failed", func(_ *Watcher, u *Uploader) { u.Attempted("put", "segment", "transient", 100, 3*s) },
			map[string]float64{
				"hlsship_attempts_total{op=put,result=transient}": 1, "hlsship_sent_bytes_total{}": 100,
				"hlsship_attempt_duration_seconds_count{}": 1, "hlsship_attempt_duration_seconds_sum{}": 3,
			}},
		{"attempt succeeded", func(_ *Watcher, u *Uploader) { u.Attempted("put", "init", "ok", 10, s) },
			map[string]float64{
				"hlsship_attempts_total{op=put,result=ok}": 1, "hlsship_sent_bytes_total{}": 10,
				"hlsship_attempt_duration_seconds_count{}": 1, "hlsship_attempt_duration_seconds_sum{}": 1,
				"hlsship_last_success_timestamp_seconds{}": 946684800,
			}},
		{"stored", func(_ *Watcher, u *Uploader) { u.Stored("live", "segment", 50, 2*s) },
			map[string]float64{
				"hlsship_stored_files_total{kind=segment}": 1, "hlsship_stored_bytes_total{}": 50,
				"hlsship_store_latency_seconds_count{}": 1, "hlsship_store_latency_seconds_sum{}": 2,
				"hlsship_stream_stored_files_total{stream=live}": 1, "hlsship_stream_stored_bytes_total{stream=live}": 50,
			}},
		{"stored, found at rest", func(_ *Watcher, u *Uploader) { u.Stored("live", "key", 16, 0) },
			map[string]float64{
				"hlsship_stored_files_total{kind=key}": 1, "hlsship_stored_bytes_total{}": 16,
				"hlsship_stream_stored_files_total{stream=live}": 1, "hlsship_stream_stored_bytes_total{stream=live}": 16,
			}},
		{"published", func(_ *Watcher, u *Uploader) { u.Published("live", "playlist", s) },
			map[string]float64{
				"hlsship_publish_latency_seconds_count{}": 1, "hlsship_publish_latency_seconds_sum{}": 1,
				"hlsship_stream_playlists_published_total{stream=live}": 1,
			}},
		{"lost", func(_ *Watcher, u *Uploader) { u.Lost("live", "subtitle", "gone", 1) },
			map[string]float64{
				"hlsship_lost_files_total{reason=gone}": 1, "hlsship_stream_lost_files_total{stream=live}": 1,
			}},
		{"never seen", func(_ *Watcher, u *Uploader) { u.Lost("live", "segment", "unseen", 15) },
			map[string]float64{
				"hlsship_lost_files_total{reason=unseen}": 15, "hlsship_stream_lost_files_total{stream=live}": 15,
			}},
		{"stream behind", func(_ *Watcher, u *Uploader) {
			u.Stream(state.Stream{Name: "live", State: state.Held, Versions: 2, WaitingSince: now().Add(-6 * s), Published: now().Add(-8 * s), Newest: now().Add(-2 * s)})
		},
			map[string]float64{
				"hlsship_stream_state{state=held,stream=live}": 1, "hlsship_snapshots_held{stream=live}": 2, "hlsship_snapshot_oldest_age_seconds{stream=live}": 6,
				"hlsship_live_edge_lag_seconds{stream=live}": 6, "hlsship_published_timestamp_seconds{stream=live}": 946684792,
			}},
		{"stream current", func(_ *Watcher, u *Uploader) {
			u.Stream(state.Stream{Name: "live", State: state.Live, Published: now(), Newest: now()})
		},
			map[string]float64{"hlsship_stream_state{state=live,stream=live}": 1, "hlsship_published_timestamp_seconds{stream=live}": 946684800}},
		{"queue", func(_ *Watcher, u *Uploader) { u.Queue(1, state.Backlog{Files: 2, Bytes: 3}) },
			map[string]float64{"hlsship_requests_in_flight{}": 1, "hlsship_queue_files{}": 2, "hlsship_queue_bytes{}": 3}},
		{"unpinned", func(_ *Watcher, u *Uploader) { u.Unpinned(4, 50) },
			map[string]float64{"hlsship_unpinned_files{}": 4, "hlsship_unpinned_bytes{}": 50}},
		{"reserve", func(_ *Watcher, u *Uploader) { u.Reserve(state.Reserve{Waiting: 40, Budget: 100, Rate: 5}) },
			map[string]float64{"hlsship_queue_budget_bytes{}": 100, "hlsship_outage_seconds_left{}": 12}},
		{"uplink limited", func(_ *Watcher, u *Uploader) { u.c.UplinkLimit(2_500_000) },
			map[string]float64{"hlsship_uplink_limit_bytes_per_second{}": 2_500_000}},
		{"hedged", func(_ *Watcher, u *Uploader) { u.c.Hedges().Hedged(false, 30) },
			map[string]float64{"hlsship_hedges_sent_total{}": 1, "hlsship_hedge_wasted_bytes_total{}": 30}},
		{"hedged and won", func(_ *Watcher, u *Uploader) { u.c.Hedges().Hedged(true, 40) },
			map[string]float64{"hlsship_hedges_sent_total{}": 1, "hlsship_hedges_won_total{}": 1, "hlsship_hedge_wasted_bytes_total{}": 40}},
		{"waited for an earlier attempt", func(_ *Watcher, u *Uploader) { u.c.Hedges().Waited(1500 * time.Millisecond) },
			map[string]float64{"hlsship_hedge_wait_seconds_total{}": 1.5}},
		{"pinned", func(_ *Watcher, u *Uploader) { u.c.Spool().Pinned("link") },
			map[string]float64{"hlsship_spool_pinned_total{way=link}": 1}},
		{"spool used", func(_ *Watcher, u *Uploader) { u.c.Spool().Usage(2, 30) },
			map[string]float64{"hlsship_spool_files{}": 2, "hlsship_spool_bytes{}": 30}},
		{"spool dropped", func(_ *Watcher, u *Uploader) { u.c.Spool().Dropped("changed") },
			map[string]float64{"hlsship_spool_dropped_total{reason=changed}": 1}},
		{"store up", func(_ *Watcher, u *Uploader) { u.Store(state.Store{State: state.Up}) },
			map[string]float64{"hlsship_store_state{state=up}": 1, "hlsship_store_state{state=unasked}": -1}},
		{"store refusing", func(_ *Watcher, u *Uploader) { u.Store(state.Store{State: state.Refusing}) },
			map[string]float64{"hlsship_store_up{}": -1, "hlsship_store_state{state=refusing}": 1, "hlsship_store_state{state=unasked}": -1}},
	}
}

// TestObservers checks that every call moves exactly its series, and makes none that was not there.
func TestObservers(t *testing.T) {
	t.Parallel()
	for _, tt := range observerCalls() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := New("1", "c")
				c := m.Channel("", "")
				before := exposed(t, m)
				tt.call(c.Watcher(), c.Uploader())
				moved := map[string]float64{}
				for series, v := range exposed(t, m) {
					old, there := before[series]
					if !there && !strings.Contains(series, "stream=") && series != "hlsship_watching_exact{}" {
						t.Errorf("%s did not exist from the start", series)
					}
					if math.IsInf(old, 0) {
						old = 0
					}
					if v != old && !math.IsInf(v, 0) {
						moved[series] = v - old
					}
				}
				for series, want := range tt.want {
					if moved[series] != want {
						t.Errorf("%s moved by %v, want %v", series, moved[series], want)
					}
					delete(moved, series)
				}
				for series, v := range moved {
					t.Errorf("%s moved by %v, want 0", series, v)
				}
			})
		})
	}
}

// TestLagGrows checks that ages are those of the scrape, and fall to 0 when the stream is current.
func TestLagGrows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := New("1", "c")
		u, start := m.Channel("", "").Uploader(), time.Now()
		u.Stream(state.Stream{Name: "live", Versions: 1, WaitingSince: start, Newest: start})
		time.Sleep(5 * time.Second)
		if got := exposed(t, m)["hlsship_live_edge_lag_seconds{stream=live}"]; got != 5 {
			t.Errorf("lag is %v s after 5 s, want 5", got)
		}
		u.Stream(state.Stream{Name: "live", Published: start, Newest: start})
		time.Sleep(5 * time.Second)
		if got := exposed(t, m)["hlsship_live_edge_lag_seconds{stream=live}"]; got != 0 {
			t.Errorf("lag is %v s once the newest version is published, want 0", got)
		}
	})
}

func TestStreamsAreBounded(t *testing.T) {
	t.Parallel()
	s := newStreams(2)
	names := func() []string {
		var all []string
		for _, r := range s.rows(time.Now()) {
			all = append(all, r.Name)
		}
		return all
	}
	for i, name := range []string{"b", "a", "c", "d", otherStreams} {
		s.update(name, func(e *edge) { e.Versions, e.lost = i+1, 1 })
	}
	if got, want := names(), []string{"a", "b", otherStreams}; !slices.Equal(got, want) {
		t.Fatalf("streams are %q, want %q", got, want)
	}
	sum := s.rows(time.Now())[2]
	if sum.Versions != 3+4+5 || sum.counts.lost != 3 {
		t.Errorf("other holds %d and lost %v, want 12 and 3", sum.Versions, sum.counts.lost)
	}
	s.forget("a")
	s.forget("c")
	if got, want := names(), []string{"b", otherStreams}; !slices.Equal(got, want) {
		t.Fatalf("after forgetting, streams are %q, want %q", got, want)
	}
	sum = s.rows(time.Now())[1]
	if sum.Versions != 4+5 || sum.counts.lost != 3 {
		t.Errorf("after forgetting, other holds %d and lost %v, want 9 and 3: a counter never falls", sum.Versions, sum.counts.lost)
	}
}

func TestForgottenRemovesSeries(t *testing.T) {
	t.Parallel()
	m := New("1", "c")
	u := m.Channel("", "").Uploader()
	before := len(exposed(t, m))
	u.Stored("gone", "segment", 1, 0)
	if len(exposed(t, m)) == before {
		t.Fatal("a stream made no series")
	}
	u.Forgotten("gone")
	if got := len(exposed(t, m)); got != before {
		t.Errorf("%d series are left of a forgotten stream", got-before)
	}
}

// TestRegistriesAreIndependent fails if anything is registered globally.
func TestRegistriesAreIndependent(t *testing.T) {
	t.Parallel()
	New("1", "a").Channel("", "").Watcher().Refused("link")
	if got := exposed(t, New("2", "b"))["hlsship_files_refused_total{reason=link}"]; got != 0 {
		t.Errorf("a second Metrics starts at %v", got)
	}
	families, err := prometheus.DefaultGatherer.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if strings.HasPrefix(f.GetName(), "hlsship_") {
			t.Errorf("%s is in the global registry", f.GetName())
		}
	}
}
