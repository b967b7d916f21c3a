package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	browserlog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/hlsship/hlsship/metrics"
	"github.com/hlsship/hlsship/state"
)

// pageScene is what the status page is shown, and what its title says then.
type pageScene struct {
	name, title string
	// tell changes what a healthy channel with a stream says.
	tell func(r *state.Report)
}

// pageScenes are a healthy channel, one of fifty streams, and each fault.
func pageScenes() []pageScene {
	left := state.Seconds(95)
	stream := func(s state.OfStream, tell func(s *state.StreamReport)) func(r *state.Report) {
		return func(r *state.Report) {
			one := &r.Channels[0].Streams[0]
			one.State, one.Since = s, r.Now.Add(-75*time.Second)
			tell(one)
		}
	}
	store := func(s state.Store) func(r *state.Report) {
		return func(r *state.Report) {
			s.Since = r.Now.Add(-3 * time.Minute)
			c, few := &r.Channels[0], state.Seconds(1260)
			c.Store, c.OutageLeft, c.Backlog = s, &few, state.Backlog{Files: 91, Bytes: 80 << 20}
			c.Unpinned = state.Backlog{Files: 3, Bytes: 2 << 20}
			r.Failures = []state.Failure{{At: r.Now, Count: 12, Channel: "news", Key: "live/hi.m3u8", Op: "put", Kind: "transient", Error: s.Error, Cure: s.Cure}}
		}
	}
	channel := func(c state.Channel) func(r *state.Report) {
		return func(r *state.Report) {
			c.Name, c.Since = "news", r.Now.Add(-9*time.Second)
			c.Again, c.Deadline = r.Now.Add(20*time.Second), r.Now.Add(15*time.Second)
			r.Channels[0].Channel = c
			r.Unready = []string{"channel news: " + string(c.State), "the configuration file cannot be read"}
		}
	}
	starting := state.Channel{State: state.Starting}
	starting.Compared, starting.All, starting.Left = 4200, 20_000, &left
	return []pageScene{
		{"one stream", "1 live", func(*state.Report) {}},
		{"fifty streams", "50 live", func(r *state.Report) { *r = *healthyReport(50) }},
		{"recordings", "1 live", func(r *state.Report) {
			r.Channels[0].Recordings = []state.Recording{
				{Session: "20261130T030000Z", State: state.RecordingOpen, Since: r.Now.Add(-time.Minute)},
				{Session: "20261130T020000Z", State: state.RecordingClosing, Since: r.Now.Add(-3 * time.Second)},
				{Session: "20261130T010000Z", State: state.RecordingClosed, Since: r.Now.Add(-time.Hour), Why: "run", Duration: 3600, Segments: 1797, Missing: 3, Holes: 1, Bytes: 2 << 30},
				{Session: "20261130T000000Z", State: state.RecordingBroken, Since: r.Now.Add(-time.Hour)},
			}
		}},
		{"no stream", "no streams yet", func(r *state.Report) { r.Channels[0].Streams = []state.StreamReport{} }},
		{"held", "⚠ held", stream(state.Held, func(s *state.StreamReport) {
			s.WaitsFor, s.Reason, s.Why, s.Until = "hi/seg00042.ts", "missing", strings.Repeat("a long reason without an end ", 8), time.Now().Add(time.Hour)
			s.Cure, s.Versions, s.Lag = "see whether the packager writes that file, and where", 3, 75
			s.Decisions = []state.Decision{{At: time.Now(), What: "declined", Name: "hi/seg00042.ts", Why: "not in the directory", More: 2}}
		})},
		{"behind", "⚠ behind", stream(state.Behind, func(s *state.StreamReport) {
			s.Lag, s.Backlog, s.Cure = 20, state.Backlog{Files: 12, Bytes: 9 << 20, Rate: 2, Left: &left}, "see whether the uplink is fast enough"
		})},
		{"stalled", "⚠ stalled", stream(state.Stalled, func(s *state.StreamReport) { s.Newest = time.Now().Add(-75 * time.Second) })},
		{"waiting", "1 waiting", stream(state.Waiting, func(s *state.StreamReport) { s.WaitsFor, s.Newest = "hi/seg00001.ts", time.Time{} })},
		{"ended", "1 ended", stream(state.Ended, func(*state.StreamReport) {})},
		{"store refuses", "⚠ store refusing", store(state.Store{State: state.Refusing, Tries: 12, Error: "put live/hi.m3u8: 403 SignatureDoesNotMatch " + strings.Repeat("Long", 80),
			Cure: "compare the keys with those of the store"})},
		{"store is out of reach", "⚠ store unreachable", store(state.Store{State: state.Unreachable, Tries: 81,
			Error: "put live/hi.m3u8: dial tcp 192.0.2.7:9000: i/o timeout", Cure: "see whether the store runs, and whether a firewall is in the way"})},
		{"store was not asked", "1 live", func(r *state.Report) { r.Channels[0].Store = state.Store{State: state.Unasked} }},
		{"restarting", "⚠ restarting", channel(state.Channel{State: state.Restarting, Failures: 4, Error: "spool /srv/hls/.hlsship: in use by process 4711", Cure: "end that process"})},
		{"starting", "starting", channel(starting)},
		{"draining", "draining", channel(state.Channel{State: state.Draining})},
		{"stopped", "stopped", channel(state.Channel{State: state.Stopped})},
		{"files were lost", "1 live", func(r *state.Report) {
			c := &r.Channels[0]
			c.Lost, c.Refused, c.Guesses, c.Streams[0].Lost = 2, 1, true, 2
		}},
	}
}

// healthyReport is what a healthy channel of that many streams says.
func healthyReport(streams int) *state.Report {
	now := time.Now()
	trace := func(level, swing float64) []float64 {
		all := make([]float64, state.TraceSlots)
		for i := range all {
			all[i] = level + swing*math.Sin(float64(i)*0.7)*math.Cos(float64(i*i))
		}
		return all
	}
	outage := state.Seconds(9*3600 + 600)
	c := state.ChannelReport{
		Channel: state.Channel{Name: "news", State: state.Running, Since: now.Add(-26 * time.Hour)}, Title: "/srv/hls/news to s3://my-bucket/live",
		Store: state.Store{State: state.Up, Since: now.Add(-26 * time.Hour)}, Latency: state.Latency{Median: 0.031, P99: 0.12}, OutageLeft: &outage,
		Reserve: state.Reserve{Budget: 20 << 30, Rate: 6e5}, Stored: int64(46_803 * streams), LastStored: now,
		LatencyTrace: trace(0.031, 0.008), BitrateTrace: trace(5e6*float64(streams), 4e5*float64(streams)),
	}
	for i := range streams {
		s := state.StreamReport{Bitrate: 5e6, BitrateTrace: trace(5e6, 4e5), Stored: 46_803}
		s.Name, s.State, s.Since, s.Target, s.Newest, s.Published = fmt.Sprintf("cam%02d", i+1), state.Live, now.Add(-26*time.Hour), 2, now, now
		s.Playlist = s.Name + "/live.m3u8"
		c.Streams = append(c.Streams, s)
	}
	r := &state.Report{
		Version: state.ReportVersion, Hlsship: "1.0.0", Commit: "abc", Started: now.Add(-26 * time.Hour), Now: now, Ready: true,
		Channels: []state.ChannelReport{c}, Failures: []state.Failure{},
	}
	r.Finish()
	return r
}

// pageServer serves the status page as the program does, with a report that a test makes. It is safe for concurrent use.
type pageServer struct {
	URL string

	mu  sync.Mutex
	now *state.Report
}

func newPageServer(t *testing.T) *pageServer {
	t.Helper()
	real := metrics.NewServer(metrics.New("1.0.0", "abc"), slog.New(slog.DiscardHandler))
	address, err := real.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- real.Serve(ctx) }()
	p := &pageServer{now: healthyReport(1)}
	mux := http.NewServeMux()
	mux.Handle("/", httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: address.String()}))
	mux.HandleFunc("/status.json", func(w http.ResponseWriter, _ *http.Request) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.now.Now = time.Now()
		_ = json.NewEncoder(w).Encode(p.now)
	})
	server := httptest.NewServer(mux)
	p.URL = server.URL + "/"
	t.Cleanup(func() {
		server.Close()
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return p
}

// says has the page be told r from now on.
func (p *pageServer) says(r *state.Report) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r.Finish()
	p.now = r
}

// complaints collects what the console of the page says and what its script throws.
func complaints(t *testing.T, ctx context.Context) *lines {
	t.Helper()
	said := &lines{}
	err := chromedp.Listen(ctx, func(e any) {
		switch e := e.(type) {
		case *browserlog.EventEntryAdded:
			_, _ = fmt.Fprintln(said, e.Entry.Text)
		case *runtime.EventExceptionThrown:
			_, _ = fmt.Fprintln(said, e.ExceptionDetails.Text)
		case *runtime.EventConsoleAPICalled:
			_, _ = fmt.Fprintf(said, "console.%s\n", e.Type)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return said
}
