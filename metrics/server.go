package metrics

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/exporter-toolkit/web"
)

// stopTimeout is how long Serve waits for requests under way when it stops. A scrape takes
// milliseconds; who has not got its answer by then is not reading, and must not hold up the end.
const stopTimeout = 500 * time.Millisecond

//go:embed status.html
var statusPage string

// Server shows the metrics over HTTP: /metrics, /healthz, /readyz, /status.json, which is a state.Report, and a status page on /. Make one with
// NewServer, call Listen, then Serve. It is owned by one goroutine.
type Server struct {
	// Alive, if set before Serve, is asked by /healthz: an error says why the process should be restarted. It
	// must be safe for concurrent use.
	Alive func() error
	// WebConfig, if set before Serve, is a web configuration file of Prometheus' exporter-toolkit, for TLS and passwords. It
	// is read again for each connection and request.
	WebConfig string

	metrics  *Metrics
	logger   *slog.Logger
	conns    *connections
	policy   string // of the page
	http     *http.Server
	listener net.Listener
}

// NewServer returns a server of m's figures.
func NewServer(m *Metrics, logger *slog.Logger) *Server {
	s := &Server{metrics: m, logger: logger, conns: newConnections(maxConnections), policy: policy(statusPage)}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m, promhttp.HandlerOpts{
		EnableOpenMetrics: true, Registry: m.registry, MaxRequestsInFlight: 8, Timeout: 10 * time.Second,
		ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelError),
	}))
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.HandleFunc("GET /status.json", s.report)
	mux.HandleFunc("GET /{$}", s.status)
	s.http = &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      20 * time.Second,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    16 << 10,
		ConnState:         s.conns.changed,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
	return s
}

// Listen binds addr, "127.0.0.1:9810" for example, and returns the address bound, with the port that
// the system chose for port 0. Connections wait until Serve is called, and where there are many idle ones the
// oldest is closed. Where addr is one of loopback, only requests to a name of loopback are answered. A failure is one
// of configuration and should stop the start.
func (s *Server) Listen(addr string) (net.Addr, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen for HTTP: %w", err)
	}
	if at, ok := l.Addr().(*net.TCPAddr); ok && at.IP.IsLoopback() {
		s.http.Handler = loopbackOnly(s.http.Handler)
	}
	s.listener = s.conns.few(l)
	return l.Addr(), nil
}

// Serve answers until ctx is done, gives requests under way a moment to end, and returns nil once
// nothing of it runs any more. It closes what Listen opened. Any other end is an error.
func (s *Server) Serve(ctx context.Context) error {
	if s.listener == nil {
		return errors.New("serve HTTP: Listen was not called")
	}
	failed := make(chan error, 1)
	go func() { failed <- s.serve() }()
	select {
	case err := <-failed:
		return fmt.Errorf("serve HTTP: %w", err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	if err := s.http.Shutdown(stop); err != nil {
		if err := s.http.Close(); err != nil {
			return fmt.Errorf("close HTTP server: %w", err)
		}
	}
	<-failed
	return nil
}

// serve answers, by TLS and to those who know a password if the web configuration says so.
func (s *Server) serve() error {
	if s.WebConfig == "" {
		return s.http.Serve(s.listener)
	}
	return web.Serve(s.listener, s.http, &web.FlagConfig{WebConfigFile: &s.WebConfig}, s.logger)
}

// CheckWebConfig says what is wrong with a web configuration file and what it names.
func CheckWebConfig(file string) error { return web.Validate(file) }

// healthz says that the process lives. Every actor's end ends the process, so that only one that hangs is left to
// be asked after.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	if s.Alive != nil {
		if err := s.Alive(); err != nil {
			answer(w, http.StatusServiceUnavailable, err.Error()+"\n")
			return
		}
	}
	answer(w, http.StatusOK, "ok\n")
}

// readyz says whether every directory has been scanned, and no store keeps files out.
func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) {
	if reasons := s.metrics.unready(); len(reasons) > 0 {
		answer(w, http.StatusServiceUnavailable, strings.Join(reasons, "\n")+"\n")
		return
	}
	answer(w, http.StatusOK, "ready\n")
}

// answer writes a short text. An error means that the client left.
func answer(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, text)
}

// status shows the page, which is the same for all.
func (s *Server) status(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", s.policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	_, _ = io.WriteString(w, statusPage) // an error means that the client left
}

// report shows how everything does, for programs.
func (s *Server) report(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	_ = json.NewEncoder(w).Encode(s.metrics.Report(time.Now())) // an error means that the client left
}

// policy lets a page run what stands in it, and ask nobody but us.
func policy(page string) string {
	inline := func(tag string) string {
		_, rest, _ := strings.Cut(page, "<"+tag+">")
		text, _, _ := strings.Cut(rest, "</"+tag+">")
		sum := sha256.Sum256([]byte(text))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	return "default-src 'none'; style-src " + inline("style") + "; script-src " + inline("script") + "; img-src data:; connect-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// value reads a gauge or a counter.
func value(p prometheus.Metric) float64 {
	var d dto.Metric
	if err := p.Write(&d); err != nil {
		return 0
	}
	if c := d.GetCounter(); c != nil {
		return c.GetValue()
	}
	return d.GetGauge().GetValue()
}

// sum adds up all series of a counter.
func sum(c *prometheus.CounterVec) float64 {
	ch := make(chan prometheus.Metric)
	go func() {
		c.Collect(ch)
		close(ch)
	}()
	var total float64
	for one := range ch {
		total += value(one)
	}
	return total
}
