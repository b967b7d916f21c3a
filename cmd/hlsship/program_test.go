package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/metrics"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/store"
	"github.com/hlsship/hlsship/watcher"
)

// deadline is how long a test waits for what takes milliseconds on an idle machine.
const deadline = 30 * time.Second

const (
	testAccess = "AKIDTESTACCESSKEY"
	testSecret = "very-secret-access-key-of-the-test"
	testToken  = "very-secret-session-token-of-the-test"
)

// gateway is an S3 server whose PUTs can be watched and held up.
type gateway struct {
	url     string
	backend *s3mem.Backend
	// asked is told the key of every PUT that arrives, stored of every one that succeeded.
	asked, stored chan string
	// free is closed when PUTs may go on.
	free chan struct{}
}

func newGateway(t *testing.T, held bool) *gateway {
	t.Helper()
	g := &gateway{backend: s3mem.New(), asked: make(chan string, 100), stored: make(chan string, 100), free: make(chan struct{})}
	if err := g.backend.CreateBucket("bucket"); err != nil {
		t.Fatal(err)
	}
	if !held {
		close(g.free)
	}
	s3 := gofakes3.New(g.backend).Server()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := strings.TrimPrefix(r.URL.Path, "/bucket/")
		if r.Method != http.MethodPut {
			s3.ServeHTTP(w, r)
			return
		}
		g.asked <- key
		select {
		case <-g.free:
		case <-r.Context().Done():
			return
		case <-t.Context().Done():
			return
		}
		s3.ServeHTTP(w, r)
		g.stored <- key
	}))
	t.Cleanup(server.Close)
	g.url = server.URL
	return g
}

// await receives from ch until it gets want.
func await(t *testing.T, ch <-chan string, want string) {
	t.Helper()
	limit := time.After(deadline)
	for {
		select {
		case got := <-ch:
			if got == want {
				return
			}
		case <-limit:
			t.Fatalf("%q did not come", want)
		}
	}
}

// runs runs the program in the test's own process. Such a test is not parallel: the library of the command line is not.
func (p program) runs(ctx context.Context, args ...string) int {
	return p.run(ctx, append([]string{"hlsship"}, args...))
}

// process is the program in a process of its own.
type process struct {
	cmd *exec.Cmd
	// lines are those of standard output and standard error.
	lines chan string
	// ended is closed once nobody writes any more.
	ended chan struct{}
	mu    sync.Mutex
	all   bytes.Buffer
}

// start runs the program with a store and credentials for it.
func start(t *testing.T, g *gateway, args ...string) *process {
	t.Helper()
	return startIn(t, []string{
		"HLSSHIP_ENDPOINT=" + g.url, "AWS_ACCESS_KEY_ID=" + testAccess, "AWS_SECRET_ACCESS_KEY=" + testSecret,
		"AWS_SESSION_TOKEN=" + testToken,
	}, args...)
}

// startIn runs the program with further variables. HLSSHIP_TEST_PROGRAM names another one to be run instead, such as
// that of the container image.
func startIn(t *testing.T, env []string, args ...string) *process {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if other := os.Getenv("HLSSHIP_TEST_PROGRAM"); other != "" {
		exe = other
	}
	return startCommand(t, env, append([]string{exe}, args...)...)
}

// startCommand runs a command that becomes the program.
func startCommand(t *testing.T, env []string, command ...string) *process {
	t.Helper()
	return startAs(t, nil, env, command...)
}

// startAs is startCommand with attributes of the process, such as another user.
func startAs(t *testing.T, as *syscall.SysProcAttr, env []string, command ...string) *process {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.SysProcAttr = as
	cmd.Env = append(append(os.Environ(), "HLSSHIP_TEST_MAIN=1", "AWS_EC2_METADATA_DISABLED=true"), env...)
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = writer, writer
	p := &process{cmd: cmd, lines: make(chan string, 10000), ended: make(chan struct{})}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.ended)
		defer func() { _ = reader.Close() }()
		scan := bufio.NewScanner(reader)
		for scan.Scan() {
			p.mu.Lock()
			p.all.WriteString(scan.Text() + "\n")
			p.mu.Unlock()
			p.lines <- scan.Text()
		}
	}()
	return p
}

// output is all that the process wrote.
func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.all.String()
}

// says waits for a line that matches the expression, and returns its submatches.
func (p *process) says(t *testing.T, expression string) []string {
	t.Helper()
	re, limit := regexp.MustCompile(expression), time.After(deadline)
	for {
		select {
		case line := <-p.lines:
			if m := re.FindStringSubmatch(line); m != nil {
				return m
			}
		case <-limit:
			t.Fatalf("no line matches %q in:\n%s", expression, p.output())
		}
	}
}

// ships waits until the program is at work.
func (p *process) ships(t *testing.T) {
	t.Helper()
	if begun := "msg=shipping "; !strings.Contains(p.output(), begun) {
		p.says(t, begun)
	}
}

func (p *process) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatalf("signal: %v\n%s", err, p.output())
	}
}

// exits waits for the end and checks the exit code, and that no secret was printed.
func (p *process) exits(t *testing.T, code int) {
	t.Helper()
	select {
	case <-p.ended:
	case <-time.After(deadline):
		t.Fatalf("the process does not end:\n%s", p.output())
	}
	if err := p.cmd.Wait(); err != nil {
		if _, ok := errors.AsType[*exec.ExitError](err); !ok {
			t.Fatal(err)
		}
	}
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		t.Errorf("exit code %d, want %d:\n%s", got, code, p.output())
	}
	for _, secret := range []string{testSecret, testToken} {
		if strings.Contains(p.output(), secret) {
			t.Errorf("a secret was printed:\n%s", p.output())
		}
	}
}

// stream writes a segment and the playlist that names it into a new directory.
func stream(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{
		"seg0.ts":    strings.Repeat("G", 188),
		"index.m3u8": "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nseg0.ts\n",
	}
	for _, name := range []string{"seg0.ts", "index.m3u8"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(files[name]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestRunShipsAndDrains(t *testing.T) {
	t.Parallel()
	g, dir := newGateway(t, false), stream(t)
	p := start(t, g, "run", dir, "s3://bucket/live", "--http-listen", "127.0.0.1:0", "--log-level", "debug")
	address := p.says(t, `listening for HTTP.* address=(\S+)`)[1]
	await(t, g.stored, "live/index.m3u8")
	for path, want := range map[string]string{"/healthz": "ok", "/metrics": "hlsship_build_info{", "/": "status.json", "/status.json": "s3://bucket/live"} {
		if body := fetch(t, "http://"+address+path); !strings.Contains(body, want) {
			t.Errorf("%s lacks %q: %.300s", path, want, body)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "seg1.ts"), []byte("last"), 0o644); err != nil {
		t.Fatal(err)
	}
	next := "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nseg0.ts\n#EXTINF:1,\nseg1.ts\n"
	if err := os.WriteFile(filepath.Join(dir, "index.m3u8"), []byte(next), 0o644); err != nil {
		t.Fatal(err)
	}
	p.signal(t, syscall.SIGTERM)
	p.exits(t, exitDone)
	for _, key := range []string{"live/seg0.ts", "live/seg1.ts", "live/index.m3u8"} {
		if _, err := g.backend.HeadObject("bucket", key); err != nil {
			t.Errorf("%s is not stored: %v", key, err)
		}
	}
	object, err := g.backend.GetObject("bucket", "live/index.m3u8", nil)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(object.Contents)
	if err != nil || string(body) != next {
		t.Errorf("the playlist in the bucket is %q (%v), want the last one", body, err)
	}
	if !strings.Contains(p.output(), "everything is shipped") {
		t.Errorf("the log does not say how it ended:\n%s", p.output())
	}
}

// TestUplinkLimitIsKept has a segment take the two seconds that the limit allows it. That the test itself may be late
// makes what it measures shorter.
func TestUplinkLimitIsKept(t *testing.T) {
	t.Parallel()
	g, dir := newGateway(t, false), stream(t)
	if err := os.WriteFile(filepath.Join(dir, "seg0.ts"), make([]byte, 250_000), 0o644); err != nil {
		t.Fatal(err)
	}
	p := start(t, g, "run", dir, "s3://bucket/live", "--http-listen", "127.0.0.1:0", "--uplink-limit", "1Mbit/s")
	address := p.says(t, `listening for HTTP.* address=(\S+)`)[1]
	await(t, g.asked, "live/seg0.ts")
	begin := time.Now()
	await(t, g.stored, "live/index.m3u8")
	if took := time.Since(begin); took < 500*time.Millisecond {
		t.Errorf("250 kB took %v at 1 Mbit/s", took)
	}
	if body := fetch(t, "http://"+address+"/metrics"); !strings.Contains(body, "\nhlsship_uplink_limit_bytes_per_second 125000\n") {
		t.Error("the limit is not shown")
	}
	p.signal(t, syscall.SIGTERM)
	p.exits(t, exitDone)
}

func TestSecondSignalStopsAtOnce(t *testing.T) {
	t.Parallel()
	g, dir := newGateway(t, true), stream(t)
	p := start(t, g, "run", "--http-listen", "off", "--drain-timeout", "10m", dir, "s3://bucket")
	await(t, g.asked, "seg0.ts")
	p.signal(t, syscall.SIGINT)
	p.says(t, "msg=draining")
	p.signal(t, syscall.SIGTERM)
	p.exits(t, exitUnshipped)
	if !strings.Contains(p.output(), `first="index.m3u8 seg0.ts"`) {
		t.Errorf("the log does not name what is left:\n%s", p.output())
	}
}

func TestDrainTimeout(t *testing.T) {
	t.Parallel()
	g, dir := newGateway(t, true), stream(t)
	p := start(t, g, "run", "--http-listen", "off", "--drain-timeout", "100ms", dir, "s3://bucket")
	await(t, g.asked, "seg0.ts")
	p.signal(t, syscall.SIGTERM)
	p.exits(t, exitUnshipped)
}

func TestDrainWaitsForTheStore(t *testing.T) {
	t.Parallel()
	g, dir := newGateway(t, true), stream(t)
	p := start(t, g, "run", "--http-listen", "off", dir, "s3://bucket")
	await(t, g.asked, "seg0.ts")
	p.signal(t, syscall.SIGTERM)
	p.says(t, "msg=draining")
	close(g.free)
	p.exits(t, exitDone)
	if _, err := g.backend.HeadObject("bucket", "index.m3u8"); err != nil {
		t.Errorf("the playlist is not stored: %v", err)
	}
}

func TestAddressInUse(t *testing.T) {
	t.Parallel()
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = busy.Close() })
	p := start(t, newGateway(t, false), "run", "--http-listen", busy.Addr().String(), t.TempDir(), "s3://bucket")
	p.exits(t, exitFailed)
	if !strings.Contains(p.output(), "address already in use") {
		t.Errorf("the reason is missing:\n%s", p.output())
	}
}

// TestExitCodes runs what ends before anything is shipped.
func TestExitCodes(t *testing.T) {
	dir := t.TempDir()
	tests := []struct {
		name string
		args []string
		code int
		out  string
		err  []string
	}{
		{"overview", nil, exitDone, "hlsship run [flags] DIR", nil},
		{"help", []string{"--help"}, exitDone, "hlsship run [flags] DIR", nil},
		{"help of run", []string{"run", "--help"}, exitDone, "AWS_ACCESS_KEY_ID", nil},
		{"version", []string{"version"}, exitDone, "hlsship 1.2.3 (commit abc, go", nil},
		{"no such command", []string{"rnu"}, exitUsage, "", []string{`no command "rnu"; did you mean "run"?`}},
		{"--version", []string{"--version"}, exitDone, "hlsship 1.2.3 (commit abc, go", nil},
		{"-v", []string{"-v"}, exitDone, "hlsship 1.2.3 (commit abc, go", nil},
		{"help, as a command", []string{"help"}, exitDone, "hlsship run [flags] DIR", nil},
		{"help, of a command", []string{"help", "run"}, exitDone, "AWS_ACCESS_KEY_ID", nil},
		{"help, of a command below another", []string{"help", "spool", "ls"}, exitDone, "hlsship spool ls [--json]", nil},
		{"help, of no command", []string{"help", "rnu"}, exitUsage, "", []string{`no command "rnu"; did you mean "run"?`}},
		{"no such flag", []string{"run", "--workres", "3", dir, "s3://bucket"}, exitUsage, "", []string{"hlsship: no flag --workres; did you mean --workers?\n", "Say \"hlsship run --help\" for help."}},
		{"no such flag of check", []string{"check", "-endpont=http://127.0.0.1", dir, "s3://bucket"}, exitUsage, "", []string{"no flag --endpont; did you mean --endpoint?", "Say \"hlsship check --help\""}},
		{"no such flag of a command below another", []string{"spool", "ls", "--jsn"}, exitUsage, "", []string{"no flag --jsn; did you mean --json?", "Say \"hlsship spool ls --help\""}},
		{"no such flag of the program", []string{"--verbose"}, exitUsage, "", []string{"no flag --verbose\n", "Say \"hlsship --help\""}},
		{"a flag like no other", []string{"run", "--frobnicate"}, exitUsage, "", []string{"no flag --frobnicate\n"}},
		{"a flag without its value", []string{"run", "--workers"}, exitUsage, "", []string{"--workers needs a value"}},
		{"secret by flag", []string{"run", "--secret-key=" + testSecret, dir, "s3://bucket"}, exitUsage, "", []string{"-secret-key"}},
		{"nothing given", []string{"run"}, exitUsage, "", []string{"hlsship: DIR is missing", "hlsship: the destination is missing"}},
		{"too much given", []string{"run", dir, "s3://bucket", "more"}, exitUsage, "", []string{`"more" is one too many`}},
		{"several mistakes", []string{"run", "--settle", "x", dir, "--workers", "y", "s3://bucket"}, exitUsage, "", []string{"--settle", "--workers"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			p := program{
				stdout: &out, stderr: &errs, build: build{"1.2.3", "abc"},
				environ: []string{"HLSSHIP_ENDPOINT=http://127.0.0.1:1"},
			}
			ctx, cancel := context.WithTimeout(t.Context(), deadline)
			defer cancel()
			if got := p.runs(ctx, tt.args...); got != tt.code {
				t.Errorf("exit code %d, want %d", got, tt.code)
			}
			if !strings.Contains(out.String(), tt.out) {
				t.Errorf("standard output lacks %q: %s", tt.out, &out)
			}
			for _, want := range tt.err {
				if !strings.Contains(errs.String(), want) {
					t.Errorf("standard error lacks %q: %s", want, &errs)
				}
			}
			if tt.code == exitUsage && out.Len() > 0 {
				t.Errorf("a mistake was answered on standard output: %s", &out)
			}
			if strings.Contains(out.String()+errs.String(), testSecret) {
				t.Error("a secret was printed")
			}
		})
	}
}

// TestMetricsKnowEveryWord calls the observers with all that the rooms say: a series that did not exist
// from the start means that metrics has lost touch.
func TestMetricsKnowEveryWord(t *testing.T) {
	t.Parallel()
	m := metrics.New("1", "c")
	c := m.Channel("", "")
	var w watcher.Observer = c.Watcher()
	var u uploader.Observer = c.Uploader()
	server := metrics.NewServer(m, newLogger(io.Discard, slog.LevelInfo, false))
	address, err := server.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	series := func() int {
		return len(regexp.MustCompile(`(?m)^hlsship_(files|scans|attempts|lost)\w*\{`).FindAllString(fetch(t, "http://"+address.String()+"/metrics"), -1))
	}
	before := series()
	for _, reason := range hls.ScanReasons() {
		w.Scanned(reason, 1, time.Second)
	}
	for _, reason := range hls.Refusals() {
		w.Refused(reason)
	}
	for k := store.Transient; k <= store.Unsupported; k++ {
		u.Attempted("put", "segment", k.String(), 1, time.Second)
	}
	for _, reason := range []string{"gone", "superseded", "rejected", "budget", "age", "unseen"} {
		u.Lost("live", "segment", reason, 1)
	}
	if got := series(); got != before {
		t.Errorf("%d series appeared that did not exist from the start", got-before)
	}
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
