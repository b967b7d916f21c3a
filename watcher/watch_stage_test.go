package watcher

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/hlsship/hlsship/hls"
)

// patient is how long a test waits for what must happen.
const patient = 30 * time.Second

// recorder is an Observer that tests wait on.
type recorder struct {
	mu       sync.Mutex
	changed  chan struct{} // closed and replaced at every call
	evidence map[string]int
	refused  map[string]int
	scanned  map[string]int
	folders  int
	exact    bool
	holding  int
	waiting  int
}

func newRecorder() *recorder {
	return &recorder{
		changed:  make(chan struct{}),
		evidence: make(map[string]int),
		refused:  make(map[string]int),
		scanned:  make(map[string]int),
	}
}

func (r *recorder) update(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *recorder) Settled(_, evidence string) { r.update(func() { r.evidence[evidence]++ }) }
func (r *recorder) Refused(reason string)      { r.update(func() { r.refused[reason]++ }) }
func (r *recorder) Holding(files int)          { r.update(func() { r.holding = files }) }
func (r *recorder) Waiting(playlists int)      { r.update(func() { r.waiting = playlists }) }

func (r *recorder) Scanned(reason string, _ int, _ time.Duration) {
	r.update(func() { r.scanned[reason]++ })
}

func (r *recorder) Watching(folders int, exact bool) {
	r.update(func() { r.folders, r.exact = folders, exact })
}

// until waits until the condition holds; it is checked after every call of the observer.
func (r *recorder) until(t *testing.T, what string, condition func(r *recorder) bool) {
	t.Helper()
	timer := time.NewTimer(patient)
	defer timer.Stop()
	for {
		r.mu.Lock()
		ok, changed := condition(r), r.changed
		r.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-timer.C:
			t.Fatalf("waited %v for %s: evidence %v, refused %v, scanned %v, folders %d, holding %d",
				patient, what, r.evidence, r.refused, r.scanned, r.folders, r.holding)
		}
	}
}

// got returns how often each kind of evidence was told.
func (r *recorder) got() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.evidence)
}

// watch is a running Watcher under test.
type watch struct {
	t      *testing.T
	dir    string
	w      *Watcher
	obs    *recorder
	log    *syncBuffer
	facts  chan hls.File
	ended  chan error
	cancel context.CancelFunc
	marks  int
}

// option changes a Watcher before it runs.
type option func(w *Watcher)

// withProbe replaces the question for writers.
func withProbe(probe func(*os.File) writer) option {
	return func(w *Watcher) { w.sys.probe = probe }
}

// withoutCloses makes the quiet rule decide.
func withoutCloses(w *Watcher) {
	w.sys.arming = func(ctx context.Context) arming {
		a := closeWriteArming(ctx)
		return arming{add: defaultAdd, why: errors.Join(a.why, errors.New("switched off by a test"))}
	}
}

// cannotTell is a probe as on a file system without leases.
func cannotTell(*os.File) writer { return unknown }

// newWatch returns a Watcher of dir that does not run yet. Its timer scans are rare, so that a test
// meets what events do.
func newWatch(t *testing.T, dir string, change func(*Config), options ...option) *watch {
	t.Helper()
	x := &watch{t: t, dir: dir, obs: newRecorder(), log: &syncBuffer{}, facts: make(chan hls.File), ended: make(chan error, 1)}
	c := Config{
		Dir:      dir,
		Settle:   50 * time.Millisecond,
		Rescan:   time.Hour,
		Observer: x.obs,
		Logger:   slog.New(slog.NewTextHandler(x.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	}
	if change != nil {
		change(&c)
	}
	w, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range options {
		o(w)
	}
	x.w = w
	return x
}

// start runs a Watcher of a new directory and waits for its first scan.
func start(t *testing.T, change func(*Config), options ...option) *watch {
	t.Helper()
	x := newWatch(t, t.TempDir(), change, options...)
	x.run()
	x.scanned("start", 1)
	return x
}

func (x *watch) run() {
	ctx, cancel := context.WithCancel(context.Background())
	x.cancel = cancel
	go func() { x.ended <- x.w.Run(ctx, x.facts) }()
	x.t.Cleanup(func() {
		cancel()
		for f := range x.facts {
			release(f)
		}
	})
}

// scanned waits for the nth scan of that reason.
func (x *watch) scanned(reason string, n int) {
	x.t.Helper()
	x.obs.until(x.t, reason+" scan", func(r *recorder) bool { return r.scanned[reason] >= n })
}

// next returns the next fact.
func (x *watch) next() hls.File {
	x.t.Helper()
	timer := time.NewTimer(patient)
	defer timer.Stop()
	select {
	case f, ok := <-x.facts:
		if !ok {
			x.t.Fatal("facts was closed")
		}
		x.t.Cleanup(func() { release(f) })
		return f
	case <-timer.C:
		x.t.Fatalf("no fact within %v; log:\n%s", patient, x.log)
	}
	panic("unreachable")
}

// settled returns the next fact and checks that it says that path is settled with those bytes.
func (x *watch) settled(path, bytes string) hls.File {
	x.t.Helper()
	f := x.next()
	if f.Path != path || f.State != hls.Settled {
		x.t.Fatalf("got %s %s, want %s settled", f.Path, f.State, path)
	}
	if got := string(read(x.t, f)); got != bytes {
		x.t.Fatalf("%s: got %.40q of %d bytes, want %.40q of %d", path, got, len(got), bytes, len(bytes))
	}
	return f
}

// gone returns the next fact and checks that it says that path is gone.
func (x *watch) gone(path string) {
	x.t.Helper()
	if f := x.next(); f.Path != path || f.State != hls.Gone {
		x.t.Fatalf("got %s %s, want %s gone", f.Path, f.State, path)
	}
}

// both returns once the two facts came that gone is gone and settled is settled with those bytes, in either order.
func (x *watch) both(gone, settled, bytes string) {
	x.t.Helper()
	for range 2 {
		switch f := x.next(); {
		case f.State == hls.Gone && f.Path == gone:
			gone = ""
		case f.State == hls.Settled && f.Path == settled && string(read(x.t, f)) == bytes:
			settled = ""
		default:
			x.t.Fatalf("got %s %s, want %s gone and %s settled", f.Path, f.State, gone, settled)
		}
	}
}

// barrier returns once all events before it were dealt with, and fails if they made a fact.
func (x *watch) barrier() {
	x.t.Helper()
	x.marks++
	name := "barrier_" + strings.Repeat("x", x.marks) + ".ts"
	x.write(name, "barrier")
	if f := x.next(); f.Path != name {
		x.t.Fatalf("got %s %s, want nothing before %s", f.Path, f.State, name)
	}
}

// evidence checks how often each kind of evidence was told: "close", 2, "lease", 1.
func (x *watch) evidence(pairs ...any) {
	x.t.Helper()
	want := make(map[string]int)
	for i := 0; i < len(pairs); i += 2 {
		want[pairs[i].(string)] = pairs[i+1].(int)
	}
	if got := x.obs.got(); !maps.Equal(got, want) {
		x.t.Errorf("evidence: got %v, want %v", got, want)
	}
}

// stop ends the Watcher and returns what it still reported.
func (x *watch) stop() []hls.File {
	x.t.Helper()
	x.cancel()
	var rest []hls.File
	for f := range x.facts {
		x.t.Cleanup(func() { release(f) })
		rest = append(rest, f)
	}
	if err := <-x.ended; err != nil {
		x.t.Fatalf("run: %v", err)
	}
	return rest
}

func (x *watch) path(name string) string { return filepath.Join(x.dir, name) }

func (x *watch) write(name, content string) {
	x.t.Helper()
	check(x.t, os.WriteFile(x.path(name), []byte(content), 0o644))
}

// place writes a file under another name and renames it, which is one event for its own.
func (x *watch) place(name, content string) {
	x.t.Helper()
	x.write(name+".tmp", content)
	x.rename(name+".tmp", name)
}

func (x *watch) rename(from, to string) {
	x.t.Helper()
	check(x.t, os.Rename(x.path(from), x.path(to)))
}

// open opens a file as a packager does, with os.Create's flags unless others are given.
func (x *watch) open(name string, flags ...int) *os.File {
	x.t.Helper()
	flag := os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	if len(flags) > 0 {
		flag = flags[0]
	}
	f, err := os.OpenFile(x.path(name), flag, 0o644)
	check(x.t, err)
	x.t.Cleanup(func() { _ = f.Close() })
	return f
}

// read returns the bytes of a fact.
func read(t *testing.T, f hls.File) []byte {
	t.Helper()
	if f.Source == nil {
		return f.Content
	}
	r, err := f.Source.Open()
	check(t, err)
	defer func() { check(t, r.Close()) }()
	b, err := io.ReadAll(io.NewSectionReader(r, 0, f.Version.Size+1))
	check(t, err)
	if v, err := r.Version(); err != nil || v != f.Version {
		t.Fatalf("version of %s: got %v, %v, want %v", f.Path, v, err, f.Version)
	}
	return b
}

func release(f hls.File) {
	if f.Source != nil {
		f.Source.Release()
	}
	f.Share.Release()
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// paths returns the sorted paths of facts.
func paths(facts []hls.File) []string {
	var all []string
	for _, f := range facts {
		all = append(all, f.Path)
	}
	slices.Sort(all)
	return all
}

// syncBuffer is a bytes.Buffer for several goroutines.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// playlist is a media playlist that names segments.
func playlist(names ...string) string {
	var b strings.Builder
	b.WriteString("#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n")
	for _, n := range names {
		b.WriteString("#EXTINF:1.0,\n" + n + "\n")
	}
	return b.String()
}

func defaultAdd(w *fsnotify.Watcher, path string) error { return w.Add(path) }

// scans returns how many scans of that reason were told.
func (r *recorder) scans(reason string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.scanned[reason]
}
