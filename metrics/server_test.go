package metrics

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/state"
)

// serve starts a Server on loopback and returns its address and a function that stops it.
func serve(t *testing.T, m *Metrics) (base string, stop func() error) {
	t.Helper()
	m.Channel("", "/var/hls to s3://b/<p>")
	s := NewServer(m, slog.New(slog.DiscardHandler))
	addr, err := s.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Serve(ctx) }()
	stop = func() error { cancel(); return <-done }
	t.Cleanup(cancel)
	return "http://" + addr.String(), stop
}

func get(t *testing.T, url, accept string) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", accept)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, string(body)
}

func TestReadiness(t *testing.T) {
	t.Parallel()
	m := New("1", "c")
	base, _ := serve(t, m)
	c := m.Channel("", "/var/hls to s3://b/<p>")
	var lacks error
	steps := []struct {
		name   string
		act    func()
		code   int
		reason string
	}{
		{"at start", func() {}, 503, "first scan"},
		{"restarting", func() { m.State("", state.Channel{State: state.Restarting, Error: "spool is in use"}) }, 503, "restarting: spool is in use\n"},
		{"no keys, and scanned", func() {
			m.State("", state.Channel{State: state.Running})
			c.Watcher().Scanned("start", 0, time.Second)
			lacks = errors.New("no credentials yet: container role: answered 503")
			c.Lacking(func() error { return lacks })
		}, 503, "no credentials yet: container role: answered 503\n"},
		{"keys, and refused", func() {
			lacks = nil
			c.Uploader().Store(state.Store{State: state.Refusing, Error: "404 NoSuchBucket", Cure: "create the bucket"})
		}, 503, "the store is refusing: 404 NoSuchBucket. Create the bucket\n"},
		{"unreachable", func() { c.Uploader().Store(state.Store{State: state.Unreachable, Error: "no route"}) }, 503, "the store is unreachable: no route\n"},
		{"not asked", func() { c.Uploader().Store(state.Store{State: state.Unasked}) }, 200, "ready"},
		{"outage later", func() { c.Uploader().Store(state.Store{State: state.Unreachable}) }, 200, "ready"},
	}
	for _, step := range steps {
		step.act()
		code, _, body := get(t, base+"/readyz", "")
		if code != step.code || !strings.Contains(body, step.reason) {
			t.Errorf("%s: /readyz answers %d %q, want %d with %q", step.name, code, body, step.code, step.reason)
		}
	}
	if code, _, body := get(t, base+"/healthz", ""); code != 200 || body != "ok\n" {
		t.Errorf("/healthz answers %d %q", code, body)
	}
}

// TestHealthOfAHang checks that /healthz says what hangs.
func TestHealthOfAHang(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		alive error
		code  int
		body  string
	}{
		"alive":   {nil, http.StatusOK, "ok\n"},
		"hanging": {errors.New("a loop hangs"), http.StatusServiceUnavailable, "a loop hangs\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := NewServer(New("1", "c"), slog.New(slog.DiscardHandler))
			s.Alive = func() error { return tt.alive }
			w := httptest.NewRecorder()
			s.http.Handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/healthz", nil))
			if w.Code != tt.code || w.Body.String() != tt.body {
				t.Errorf("got %d %q, want %d %q", w.Code, w.Body, tt.code, tt.body)
			}
		})
	}
}

func TestMetricsEndpoint(t *testing.T) {
	t.Parallel()
	m := New("1", "c")
	base, _ := serve(t, m)
	_, header, body := get(t, base+"/metrics", "text/plain")
	if !strings.Contains(body, "\nhlsship_build_info{") || !strings.Contains(body, "\nhlsship_store_up 1\n") {
		t.Errorf("/metrics lacks series: %.200s", body)
	}
	if got := header.Get("Content-Type"); !strings.HasPrefix(got, "text/plain") {
		t.Errorf("Content-Type is %q", got)
	}
	_, header, body = get(t, base+"/metrics", "application/openmetrics-text; version=1.0.0")
	if got := header.Get("Content-Type"); !strings.HasPrefix(got, "application/openmetrics-text") {
		t.Errorf("asked for OpenMetrics, Content-Type is %q", got)
	}
	if !strings.HasSuffix(body, "# EOF\n") {
		t.Error("OpenMetrics text has no end mark")
	}
}

func TestServeStops(t *testing.T) {
	t.Parallel()
	base, stop := serve(t, New("1", "c"))
	get(t, base+"/healthz", "")
	if err := stop(); err != nil {
		t.Errorf("Serve returned %v after its context ended, want nil", err)
	}
	if _, err := http.Get(base + "/healthz"); err == nil {
		t.Error("somebody still answers after Serve returned")
	}
}

func TestListenFails(t *testing.T) {
	t.Parallel()
	logger := slog.New(slog.DiscardHandler)
	first := NewServer(New("1", "c"), logger)
	addr, err := first.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = first.listener.Close() })
	if _, err := NewServer(New("1", "c"), logger).Listen(addr.String()); err == nil {
		t.Error("a second Listen on one address succeeded")
	}
	if err := NewServer(New("1", "c"), logger).Serve(t.Context()); err == nil {
		t.Error("Serve without Listen succeeded")
	}
}

// TestChannels has two named channels side by side, a third that comes later and one that goes.
func TestChannels(t *testing.T) {
	t.Parallel()
	m := New("1", "c")
	one, two := m.Channel("one", "/a to s3://b/a"), m.Channel("two", "/b to s3://b/b")
	if got := strings.Join(m.unready(), "; "); strings.Count(got, "one: ") != 1 || strings.Count(got, "two: ") != 1 {
		t.Errorf("not ready because of %q, want a reason for each channel", got)
	}
	for _, c := range []*Channel{one, two} {
		c.Watcher().Scanned("start", 1, time.Second)
		c.Uploader().Store(state.Store{State: state.Up})
		c.Uploader().Stored("live", "segment", 1, 0)
		c.Uploader().Stream(state.Stream{Name: "live", State: state.Live})
		c.Uploader().Queue(1, state.Backlog{Files: 2, Bytes: 3})
	}
	if got := m.unready(); got != nil {
		t.Errorf("not ready: %v", got)
	}
	two.Uploader().Store(state.Store{State: state.Unreachable})
	m.Channel("three", "")
	if got := m.unready(); got != nil {
		t.Errorf("a channel that was added makes the others unready: %v", got)
	}
	got := exposed(t, m)
	for series, want := range map[string]float64{
		"hlsship_store_up{channel=one}": 1, "hlsship_store_up{channel=two}": 0, "hlsship_store_up{channel=three}": 1,
		"hlsship_stream_stored_files_total{channel=one,stream=live}": 1,
		"hlsship_stream_stored_files_total{channel=two,stream=live}": 1,
		"hlsship_stored_files_total{channel=two,kind=segment}":       1,
		"hlsship_attempts_total{channel=three,op=put,result=ok}":     0,
	} {
		if at, ok := got[series]; !ok || at != want {
			t.Errorf("%s is %v (%v), want %v", series, at, ok, want)
		}
	}
	r := m.Report(time.Now())
	if len(r.Channels) != 3 || r.Channels[0].Title != "/a to s3://b/a" || r.Channels[2].Store.State != state.Unreachable || len(r.Channels[2].Streams) != 1 ||
		r.Channels[2].Backlog.Bytes != 3 || r.Channels[2].Stored != 1 || r.Title != "⚠ 1 of 3 stores unreachable" {
		t.Errorf("the report says %+v", r)
	}
	m.Channel("one", "")
	m.Remove("two")
	got = exposed(t, m)
	for _, gone := range []string{"hlsship_store_up{channel=two}", "hlsship_stream_stored_files_total{channel=one,stream=live}"} {
		if _, ok := got[gone]; ok {
			t.Errorf("%s is still there", gone)
		}
	}
	if got["hlsship_stored_files_total{channel=one,kind=segment}"] != 1 {
		t.Error("a channel that begins anew forgot what it had stored")
	}
}

// TestReloaded: the time stays that of the configuration in use.
func TestReloaded(t *testing.T) {
	t.Parallel()
	m := New("1", "c")
	at := exposed(t, m)["hlsship_config_reload_timestamp_seconds{}"]
	m.Reloaded(false)
	got := exposed(t, m)
	if got["hlsship_config_reload_success{}"] != 0 || got["hlsship_config_reload_timestamp_seconds{}"] != at || at == 0 {
		t.Errorf("after a refusal: %v at %v, want 0 at %v", got["hlsship_config_reload_success{}"], got["hlsship_config_reload_timestamp_seconds{}"], at)
	}
	m.Reloaded(true)
	if got := exposed(t, m); got["hlsship_config_reload_success{}"] != 1 || got["hlsship_config_reload_timestamp_seconds{}"] < at {
		t.Error("a configuration that was taken does not show")
	}
}

// TestMemory shows an account as it is used, and none as no bound.
func TestMemory(t *testing.T) {
	t.Parallel()
	m := New("1", "c")
	if got := exposed(t, m); got["hlsship_memory_budget_bytes{}"] != 0 || got["hlsship_memory_used_bytes{}"] != 0 {
		t.Errorf("without an account: %v of %v", got["hlsship_memory_used_bytes{}"], got["hlsship_memory_budget_bytes{}"])
	}
	a := hls.NewAccount(1000)
	m.Memory(a)
	share, ok := a.Take(10)
	if got := exposed(t, m); !ok || got["hlsship_memory_budget_bytes{}"] != 1000 || got["hlsship_memory_used_bytes{}"] != 10 {
		t.Errorf("with 10 of 1000 taken: %v of %v", got["hlsship_memory_used_bytes{}"], got["hlsship_memory_budget_bytes{}"])
	}
	share.Release()
	if got := exposed(t, m)["hlsship_memory_used_bytes{}"]; got != 0 {
		t.Errorf("%v is taken after it was given back", got)
	}
}

// TestStatusPage: the page runs what stands in it alone, and what it reads has all that it shows.
func TestStatusPage(t *testing.T) {
	t.Parallel()
	m := New("1.2.3", "c")
	base, _ := serve(t, m)
	c := m.Channel("", "/var/hls to s3://b/<p>")
	c.Watcher().Scanned("start", 1, time.Second)
	u := c.Uploader()
	u.Store(state.Store{State: state.Refusing, Error: "404 NoSuchBucket (request id R1)", Cure: "create the bucket", Tries: 3})
	u.Failed(state.Failure{Op: "put", Kind: "alarm", Key: "a.ts", Error: "404 NoSuchBucket (request id R1)", Count: 1})
	u.Failed(state.Failure{Op: "put", Kind: "alarm", Key: "a.ts", Error: "404 NoSuchBucket (request id R2)", Count: 1})
	u.Stream(state.Stream{Name: "live/<b>", State: state.Held, WaitsFor: "never.ts", Reason: "missing"})
	u.Stream(state.Stream{Name: "a", State: state.Live})
	code, header, body := get(t, base+"/", "")
	policy := header.Get("Content-Security-Policy")
	if code != 200 || !strings.Contains(policy, "default-src 'none'") || strings.Count(policy, "'sha256-") != 2 || strings.Contains(policy, "unsafe") {
		t.Errorf("the page answers %d with policy %q", code, policy)
	}
	if strings.Contains(body, "innerHTML") || strings.Contains(body, " style=") || strings.Contains(body, "//unpkg") || strings.Count(body, "<script>") != 1 {
		t.Error("the page has what its policy does not allow, or writes names as markup")
	}
	var r state.Report
	_, header, body = get(t, base+"/status.json", "")
	if err := json.Unmarshal([]byte(body), &r); err != nil || header.Get("Content-Type") != "application/json" {
		t.Fatalf("%v: %s", err, body)
	}
	if r.Version != 1 || r.Hlsship != "1.2.3" || r.Title != "⚠ store refusing" || len(r.Failures) != 1 || r.Failures[0].Count != 2 || !r.Faulty() {
		t.Errorf("status.json says %+v", r)
	}
	if s := r.Channels[0].Streams; len(s) != 2 || s[0].Name != "live/<b>" || s[0].WaitsFor != "never.ts" || r.Channels[0].Store.Tries != 3 {
		t.Errorf("status.json says %+v, want the worst first", r.Channels[0])
	}
	for _, path := range []string{"/nothing", "/debug/pprof/"} {
		if code, _, _ := get(t, base+path, ""); code != http.StatusNotFound {
			t.Errorf("%s answers %d, want 404", path, code)
		}
	}
}
