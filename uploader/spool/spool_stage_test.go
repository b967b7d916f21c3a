package spool

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/openfile"
)

// recorder is an Observer and takes the log.
type recorder struct {
	mu      sync.Mutex
	ways    []string
	dropped []string
	files   int
	bytes   int64
	log     bytes.Buffer
	usage   chan struct{} // has room for one token: Usage was called
}

func newRecorder() *recorder { return &recorder{files: -1, usage: make(chan struct{}, 1)} }

func (r *recorder) Pinned(way string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ways = append(r.ways, way)
}

func (r *recorder) Dropped(reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropped = append(r.dropped, reason)
}

func (r *recorder) Usage(files int, bytes int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.files, r.bytes = files, bytes
	select {
	case r.usage <- struct{}{}:
	default:
	}
}

// Write takes the log.
func (r *recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.log.Write(p)
}

func (r *recorder) lines(part string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Count(r.log.String(), part)
}

func (r *recorder) lastWay() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.ways) == 0 {
		return ""
	}
	return r.ways[len(r.ways)-1]
}

// stage is a watched directory with its spool.
type stage struct {
	*testing.T
	dir   string
	obs   *recorder
	spool *Spool
}

// start opens the spool of an empty directory, with changes to its configuration and system.
func start(t *testing.T, change func(*Config, *system)) *stage {
	t.Helper()
	x := &stage{T: t, dir: t.TempDir()}
	x.open(change)
	return x
}

func (x *stage) open(change func(*Config, *system)) {
	x.Helper()
	s, err := x.tryOpen(change)
	x.must(err)
	x.spool = s
	x.Cleanup(s.Close)
}

func (x *stage) tryOpen(change func(*Config, *system)) (*Spool, error) {
	x.obs = newRecorder()
	c := Config{Dir: x.dir, Observer: x.obs, Logger: slog.New(slog.NewTextHandler(x.obs, nil))}
	sys := kernel()
	if change != nil {
		change(&c, &sys)
	}
	return open(c, sys)
}

// again ends the spool and opens it anew, as the next process does.
func (x *stage) again() {
	x.Helper()
	x.spool.Close()
	x.open(nil)
}

func (x *stage) must(err error) {
	x.Helper()
	if err != nil {
		x.Fatal(err)
	}
}

func (x *stage) path(name string) string { return filepath.Join(x.dir, filepath.FromSlash(name)) }

func (x *stage) write(name, text string) {
	x.Helper()
	x.must(os.MkdirAll(filepath.Dir(x.path(name)), 0o755))
	x.must(os.WriteFile(x.path(name), []byte(text), 0o644))
}

func (x *stage) remove(name string) {
	x.Helper()
	x.must(os.Remove(x.path(name)))
}

// try pins a file, and a second passes; it returns the fact, whose Source is nil if the spool did not take the file.
func (x *stage) try(name string) hls.File {
	x.Helper()
	f := x.fresh(name)
	x.pass()
	return f
}

// fresh is try before the second has passed.
func (x *stage) fresh(name string) hls.File {
	x.Helper()
	f, err := os.Open(x.path(name))
	x.must(err)
	v, err := openfile.Version(f)
	x.must(err)
	src, ok := x.spool.Pin(name, f, v)
	if !ok {
		x.must(f.Close()) // it must be open still
		return hls.File{Path: name, Version: v}
	}
	return hls.File{Path: name, Version: v, Source: src}
}

func (x *stage) pin(name string) hls.File {
	x.Helper()
	f := x.try(name)
	if f.Source == nil {
		x.Fatalf("%s is not pinned: %s", name, x.obs.log.String())
	}
	return f
}

// freshText is pinText before the second has passed.
func (x *stage) freshText(name, text string) hls.File {
	x.Helper()
	x.write(name, text)
	f := x.fresh(name)
	if f.Source == nil {
		x.Fatalf("%s is not taken: %s", name, x.obs.log.String())
	}
	return f
}

// pinText writes and pins a file.
func (x *stage) pinText(name, text string) hls.File {
	x.Helper()
	x.write(name, text)
	return x.pin(name)
}

// pass puts into the spool folder what waits, as Run does after a second.
func (x *stage) pass() { x.spool.secure(nil, x.spool.sys.now()) }

func keep(f hls.File) { f.Source.(hls.Keeper).Keep("") }

// text reads the bytes of a fact and checks their version before and after.
func text(f hls.File) (string, error) {
	r, err := f.Source.Open()
	if err != nil {
		return "", err
	}
	defer r.Close()
	return textOf(r, f.Version)
}

var errVoid = errors.New("void")

func textOf(r hls.Reader, want hls.Version) (string, error) {
	for range 2 {
		if v, err := r.Version(); err != nil || v != want {
			return "", errors.Join(errVoid, err)
		}
	}
	got, err := io.ReadAll(io.NewSectionReader(r, 0, want.Size))
	if err != nil {
		return "", err
	}
	if v, err := r.Version(); err != nil || v != want {
		return "", errors.Join(errVoid, err)
	}
	return string(got), nil
}

func (x *stage) want(f hls.File, want string) {
	x.Helper()
	got, err := text(f)
	if err != nil || got != want {
		x.Errorf("%s: got %q and %v, want %q", f.Path, got, err, want)
	}
}

func (x *stage) wantGone(f hls.File) {
	x.Helper()
	if _, err := text(f); !errors.Is(err, fs.ErrNotExist) {
		x.Errorf("%s: got %v, want that it does not exist", f.Path, err)
	}
}

// onDisk lists the files in the spool folder, with their paths, without lock.
func (x *stage) onDisk() []string {
	x.Helper()
	var all []string
	x.must(filepath.WalkDir(x.spool.folder, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() != "lock" {
			rel, _ := filepath.Rel(x.spool.folder, name)
			all = append(all, filepath.ToSlash(rel))
		}
		return err
	}))
	slices.Sort(all)
	return all
}

func (x *stage) wantUsed(files int, bytes int64) {
	x.Helper()
	if f, b := x.spool.Used(); f != files || b != bytes {
		x.Errorf("used: got %d files, %d bytes, want %d and %d", f, b, files, bytes)
	}
}

// names returns the paths of those facts. What is lost stands in parentheses.
func names(all []hls.File) []string {
	var out []string
	for _, f := range all {
		if f.State == hls.Lost {
			f.Path = "(" + f.Path + ")"
		}
		out = append(out, f.Path)
	}
	return out
}
