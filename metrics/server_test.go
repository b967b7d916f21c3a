package metrics

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
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
	var lacks error
	steps := []struct {
		name   string
		act    func()
		code   int
		reason string
	}{
		{"at start", func() {}, 503, "first scan"},
		{"scanned", func() { m.Channel("", "/var/hls to s3://b/<p>").Watcher().Scanned("start", 0, time.Second) }, 503, "store has not answered"},
		{"no keys", func() {
			lacks = errors.New("no credentials yet: container role: answered 503")
			m.Channel("", "/var/hls to s3://b/<p>").Lacking(func() error { return lacks })
		}, 503, "no credentials yet: container role: answered 503\n"},
		{"keys", func() { lacks = nil }, 503, "store has not answered"},
		{"store fails", func() { m.Channel("", "/var/hls to s3://b/<p>").Uploader().Store(false) }, 503, "store has not answered"},
		{"store answers", func() { m.Channel("", "/var/hls to s3://b/<p>").Uploader().Store(true) }, 200, "ready"},
		{"outage later", func() { m.Channel("", "/var/hls to s3://b/<p>").Uploader().Store(false) }, 200, "ready"},
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
	if !strings.Contains(body, "\nhlsship_build_info{") || !strings.Contains(body, "\nhlsship_store_up 0\n") {
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

func TestStatusPage(t *testing.T) {
	t.Parallel()
	m := New("1.2.3", "c")
	base, _ := serve(t, m)
	if _, _, body := get(t, base+"/", ""); !strings.Contains(body, "No playlist has been seen yet") {
		t.Error("the empty page does not say that it is empty")
	}
	m.Channel("", "/var/hls to s3://b/<p>").Watcher().Scanned("start", 1, time.Second)
	u := m.Channel("", "/var/hls to s3://b/<p>").Uploader()
	u.Store(true)
	u.Queue(2, 3, 5<<20)
	u.Stored("live/<b>", "media", 1, 0)
	u.Stream("live/<b>", 4, time.Now().Add(-75*time.Second), time.Now().Add(-80*time.Second), time.Now())
	code, header, body := get(t, base+"/", "")
	if code != 200 || !strings.Contains(header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("the page answers %d with policy %q", code, header.Get("Content-Security-Policy"))
	}
	for _, want := range []string{"live/&lt;b&gt;", "1 min 15 s", "5.0 MiB", "Version 1.2.3", "s3://b/&lt;p&gt;", ">4<"} {
		if !strings.Contains(body, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if !strings.HasSuffix(strings.TrimSpace(body), "</html>") {
		t.Error("the page is cut off: the template failed")
	}
	for _, path := range []string{"/nothing", "/debug/pprof/"} {
		if code, _, _ := get(t, base+path, ""); code != http.StatusNotFound {
			t.Errorf("%s answers %d, want 404", path, code)
		}
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

func TestWords(t *testing.T) {
	t.Parallel()
	ages := map[time.Duration]string{
		400 * time.Millisecond: "0.4 s", 12 * time.Second: "12 s", 185 * time.Second: "3 min 5 s",
		130 * time.Minute: "2 h 10 min", 72 * time.Hour: "3 days",
	}
	for d, want := range ages {
		if got := age(d); got != want {
			t.Errorf("age(%v) = %q, want %q", d, got, want)
		}
	}
	sizes := map[int64]string{0: "0 B", 1023: "1023 B", 1536: "1.5 KiB", 5 << 20: "5.0 MiB", 3 << 40: "3.0 TiB"}
	for n, want := range sizes {
		if got := size(n); got != want {
			t.Errorf("size(%d) = %q, want %q", n, got, want)
		}
	}
}

// TestChannels has two named channels side by side, a third that comes later and one that goes.
func TestChannels(t *testing.T) {
	t.Parallel()
	m := New("1", "c")
	one, two := m.Channel("one", "/a to s3://b/a"), m.Channel("two", "/b to s3://b/b")
	s := NewServer(m, slog.New(slog.DiscardHandler))
	if got := strings.Join(m.unready(), "; "); strings.Count(got, "one: ") != 2 || strings.Count(got, "two: ") != 2 {
		t.Errorf("not ready because of %q, want two reasons for each channel", got)
	}
	for _, c := range []*Channel{one, two} {
		c.Watcher().Scanned("start", 1, time.Second)
		c.Uploader().Store(true)
		c.Uploader().Stored("live", "media", 1, 0)
		c.Uploader().Queue(1, 2, 3)
	}
	two.Uploader().Store(false)
	if got := m.unready(); got != nil {
		t.Errorf("not ready: %v", got)
	}
	m.Channel("three", "")
	if got := m.unready(); got != nil {
		t.Errorf("a channel that was added makes the others unready: %v", got)
	}
	got := exposed(t, m)
	for series, want := range map[string]float64{
		"hlsship_store_up{channel=one}": 1, "hlsship_store_up{channel=two}": 0, "hlsship_store_up{channel=three}": 0,
		"hlsship_stream_stored_files_total{channel=one,stream=live}":        1,
		"hlsship_stream_stored_files_total{channel=two,stream=live}":        1,
		"hlsship_stored_files_total{channel=two,kind=media}":                1,
		"hlsship_attempts_total{channel=three,kind=media,op=put,result=ok}": 0,
	} {
		if at, ok := got[series]; !ok || at != want {
			t.Errorf("%s is %v (%v), want %v", series, at, ok, want)
		}
	}
	v := m.view(time.Now())
	if v.StoresUp != 1 || v.Queue != 4 || v.QueueBytes != 6 || v.Stored != 2 || len(v.Streams) != 2 || v.Streams[1].Channel != "two" {
		t.Errorf("the page shows %+v", v)
	}
	var page strings.Builder
	if err := s.page.Execute(&page, v); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"one: /a to s3://b/a", "1 of 3 answer", "two: the store does not answer", "<td>two</td><td>live</td>"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	m.Channel("one", "")
	m.Remove("two")
	got = exposed(t, m)
	for _, gone := range []string{"hlsship_store_up{channel=two}", "hlsship_stream_stored_files_total{channel=one,stream=live}"} {
		if _, ok := got[gone]; ok {
			t.Errorf("%s is still there", gone)
		}
	}
	if got["hlsship_stored_files_total{channel=one,kind=media}"] != 1 {
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
