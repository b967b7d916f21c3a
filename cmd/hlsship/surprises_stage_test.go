//go:build linux

package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/spool"
	"github.com/hlsship/hlsship/uploader/store"
	"github.com/hlsship/hlsship/uploader/storetest"
	"github.com/hlsship/hlsship/watcher"
)

const (
	// replayPrefix stands before every key.
	replayPrefix = "live/"
	// never is a Settle that does not pass: what is stored is stored because of what the packager did.
	never = time.Hour
	// marker is a playlist that tests write to see that all before it was dealt with.
	marker = "marker.m3u8"
)

// step is one act of a packager, or what the store has to show before the next one.
type step func(r *replay)

// replay is a packager that does one thing after the other in a directory which a real watcher and a real
// uploader ship to a store in memory. A viewer judges every change of that store.
type replay struct {
	t            *testing.T
	dir, outside string // outside is on the same file system
	viewer       *storetest.Viewer
	faults       *storetest.Faults
	restore      func()             // ends an outage
	writing      map[string]*writer // by the name under which they were opened
	finished     map[string]string  // the bytes that the packager finished last
	next         []string           // what the next playlist names with bytes still to come
	marks        int

	mu      sync.Mutex
	changed chan struct{} // closed and replaced whenever something below changes
	scanned bool
	begun   chan struct{} // closed once it is
	stored  map[string]string
	puts    map[string]int
	pinned  map[string]int64 // sizes
}

// writer is a file that the packager has open for writing.
type writer struct {
	file  *os.File
	path  string // its name now
	text  string
	dirty bool // truncated or written to, and not yet finished
}

// replaying is the watcher.Observer of a replay that waits for the first scan.
type replaying struct{ *replay }

func (r replaying) Scanned(string, int, time.Duration) {
	r.note(func() {
		if !r.scanned {
			close(r.begun)
		}
		r.scanned = true
	})
}
func (replaying) Settled(string, string) {}
func (replaying) Refused(string)         {}
func (replaying) Watching(int, bool)     {}
func (replaying) Holding(int)            {}
func (replaying) Waiting(int)            {}

func newReplay(t *testing.T, settle time.Duration) *replay {
	t.Helper()
	r := &replay{
		t: t, dir: t.TempDir(), outside: t.TempDir(), viewer: storetest.NewViewer(replayPrefix),
		writing: map[string]*writer{}, finished: map[string]string{}, changed: make(chan struct{}),
		stored: map[string]string{}, puts: map[string]int{}, pinned: map[string]int64{},
	}
	r.viewer.Settle = settle
	memory := storetest.NewMemory()
	memory.OnChange = func(key string, content []byte) {
		r.viewer.Changed(key, content)
		name := strings.TrimPrefix(key, replayPrefix)
		r.note(func() {
			r.stored[name] = string(content)
			r.puts[name]++
		})
	}
	r.faults = storetest.NewFaults(memory)
	return r
}

// note changes what others wait for.
func (r *replay) note(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
	close(r.changed)
	r.changed = make(chan struct{})
}

// until waits for the condition, which is asked after every change.
func (r *replay) until(what string, condition func() bool) {
	r.t.Helper()
	timer := time.NewTimer(deadline)
	defer timer.Stop()
	for {
		r.mu.Lock()
		ok, changed := condition(), r.changed
		r.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-timer.C:
			r.t.Fatalf("waited %v for %s; the store holds %q", deadline, what, r.names())
		}
	}
}

// names returns what the store holds, but for the marker.
func (r *replay) names() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(slices.Sorted(maps.Keys(r.stored)), func(name string) bool { return name == marker })
}

// ship starts watcher and uploader as the run command does, without a spool unless it is to be used, and
// returns what stops and joins them.
func (r *replay) ship(settle time.Duration, spooled bool) (stop func() error) {
	r.t.Helper()
	logger := slog.New(slog.NewTextHandler(r.t.Output(), nil))
	pin := func(string, *os.File, hls.Version) (hls.Source, bool) { return nil, false }
	if spooled {
		kept, err := spool.Open(spool.Config{Dir: r.dir, Logger: logger})
		r.check(err)
		r.t.Cleanup(kept.Close)
		pin = kept.Pin
	}
	watch, err := watcher.New(watcher.Config{
		Dir: r.dir, Settle: settle, Rescan: never, Logger: logger, Observer: replaying{r},
		Pin: func(path string, f *os.File, v hls.Version) (hls.Source, bool) {
			src, ok := pin(path, f, v)
			r.note(func() { r.pinned[path] = v.Size })
			return src, ok
		},
	})
	r.check(err)
	r.note(func() { r.scanned, r.begun = false, make(chan struct{}) })
	upload, err := uploader.New(uploader.Config{
		Store: r.faults, Scanned: r.begun, Prefix: replayPrefix, Settle: settle, Conditional: true, Look: watch.Look, Logger: logger,
	})
	r.check(err)
	watching, cancel := context.WithCancel(context.Background())
	var both group
	facts := make(chan hls.File)
	both.start("watch", cancel, func() error { return watch.Run(watching, facts) })
	both.start("upload", cancel, func() error { return upload.Run(r.t.Context(), facts) })
	stop = sync.OnceValue(func() error {
		cancel()
		return both.wait()
	})
	r.t.Cleanup(func() { _ = stop() }) // a test that failed; its context has ended
	r.until("the first scan", func() bool { return r.scanned })
	return stop
}

// finish has everything shipped and judges it: want is all that the store may hold.
func (r *replay) finish(stop func() error, want []string) {
	r.t.Helper()
	stored(want...)(r)
	r.check(stop())
	r.viewer.Finale()
	for _, v := range r.viewer.Violations() {
		r.t.Error(v)
	}
	if got := r.names(); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
		r.t.Errorf("the store holds %q, want %q", got, want)
	}
}

func (r *replay) check(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *replay) path(name string) string { return filepath.Join(r.dir, filepath.FromSlash(name)) }

// finishes tells the viewer of finished bytes. It comes before the system call, so that nobody hears of them
// earlier.
func (r *replay) finishes(path, text string) {
	r.finished[path] = text
	if hls.Classify(path).IsPlaylist() {
		r.viewer.Listed(path, []byte(text), r.next...)
		r.next = nil
	} else {
		r.viewer.Finished(path, []byte(text))
	}
}

func (r *replay) open(name string, flags int) {
	r.t.Helper()
	f, err := os.OpenFile(r.path(name), os.O_WRONLY|os.O_CREATE|flags, 0o644)
	r.check(err)
	r.writing[name] = &writer{file: f, path: name, dirty: flags&os.O_TRUNC != 0}
	r.t.Cleanup(func() { _ = f.Close() })
}

// The acts of a packager.

// opens creates or truncates a file, which then is empty for everybody to see.
func opens(name string) step { return func(r *replay) { r.open(name, os.O_TRUNC) } }

// touches opens a file to close it again untouched, some time.
func touches(name string) step { return func(r *replay) { r.open(name, 0) } }

// appends writes to a file that is open.
func appends(name, text string) step {
	return func(r *replay) {
		w := r.writing[name]
		w.text, w.dirty = w.text+text, true
		_, err := w.file.WriteString(text)
		r.check(err)
	}
}

// closes closes a file by the name under which it was opened; what was written is finished under the name that
// it has now.
func closes(name string) step {
	return func(r *replay) {
		w := r.writing[name]
		delete(r.writing, name)
		if w.dirty {
			r.finishes(w.path, w.text)
		}
		r.check(w.file.Close())
	}
}

// writes is a file opened, written and closed.
func writes(name, text string) step { return all(opens(name), appends(name, text), closes(name)) }

// renames gives a file another name, under which it is finished.
func renames(from, to string) step {
	return func(r *replay) {
		text, ok := r.finished[from]
		for _, w := range r.writing {
			if w.path == from && w.dirty {
				text, ok, w.path, w.dirty = w.text, true, to, false
			}
		}
		if delete(r.finished, from); ok {
			r.finishes(to, text)
		}
		r.check(os.Rename(r.path(from), r.path(to)))
	}
}

// arrives is a file that was written in another folder, so that nothing is seen but its new name.
func arrives(name, text string) step {
	return func(r *replay) {
		from := filepath.Join(r.outside, "packager-tempfile")
		r.check(os.WriteFile(from, []byte(text), 0o600))
		r.finishes(name, text)
		r.check(os.Rename(from, r.path(name)))
	}
}

// removes deletes files.
func removes(names ...string) step {
	return func(r *replay) {
		for _, name := range names {
			r.check(os.Remove(r.path(name)))
		}
	}
}

// makes is mkdir, once for each folder of the path.
func makes(folder string) step {
	return func(r *replay) { r.check(os.MkdirAll(r.path(folder), 0o755)) } //nolint:gosec // as ffmpeg does
}

// lists is how most packagers update a playlist: under a temporary name, then renamed.
func lists(name, text string) step { return all(writes(name+".tmp", text), renames(name+".tmp", name)) }

// dies is SIGKILL: the kernel closes what is open, and nothing of it is finished.
func dies() step {
	return func(r *replay) {
		for _, name := range slices.Sorted(maps.Keys(r.writing)) {
			r.check(r.writing[name].file.Close())
		}
		clear(r.writing)
	}
}

// returns lets time pass that the file system can tell: no process is gone and back at once.
func returns() step {
	return func(r *replay) {
		clock := filepath.Join(r.outside, "clock")
		var first time.Time
		for begin := time.Now(); ; {
			r.check(os.WriteFile(clock, nil, 0o600))
			fi, err := os.Stat(clock)
			r.check(err)
			switch {
			case first.IsZero():
				first = fi.ModTime()
			case fi.ModTime().After(first):
				return
			case time.Since(begin) > deadline:
				r.t.Fatal("the clock of the file system stands still")
			}
		}
	}
}

// all does one step after the other.
func all(steps ...step) step {
	return func(r *replay) {
		r.t.Helper()
		for _, s := range steps {
			s(r)
		}
	}
}

// means says that the next playlist means bytes of these names that are still to come, not those that are there.
func means(names ...string) step { return func(r *replay) { r.next = names } }

// What there is to be seen before the next step.

// stored waits until the store holds the bytes that were finished last.
func stored(names ...string) step {
	return func(r *replay) {
		r.t.Helper()
		for _, name := range names {
			want, ok := r.finished[name]
			if !ok {
				r.t.Fatalf("the packager never finished %s", name)
			}
			r.until(fmt.Sprintf("%s to be stored with %.200q", name, want), func() bool {
				got, there := r.stored[name]
				return there && got == want
			})
		}
	}
}

// pinned waits until files that were finished can no longer be lost by a delete.
func pinned(names ...string) step {
	return func(r *replay) {
		r.t.Helper()
		for _, name := range names {
			r.until(name+" to be pinned", func() bool {
				size, ok := r.pinned[name]
				return ok && size == int64(len(r.finished[name]))
			})
		}
	}
}

// dealt returns once everything before it was dealt with: a file written now is shipped. It takes two, since
// a first PUT may come sooner than another that waits for an answer of the store.
func dealt() step {
	return func(r *replay) {
		r.t.Helper()
		for range 2 {
			r.marks++
			all(writes(marker, mediaPlaylist(r.marks)), stored(marker))(r)
		}
	}
}

// held checks that the store does not show the bytes that were finished last.
func held(names ...string) step {
	return func(r *replay) {
		r.t.Helper()
		dealt()(r)
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, name := range names {
			if got, there := r.stored[name]; there && got == r.finished[name] {
				r.t.Errorf("%s is stored already", name)
			}
		}
	}
}

// lacks checks that the store holds nothing under these names.
func lacks(names ...string) step {
	return func(r *replay) {
		r.t.Helper()
		dealt()(r)
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, name := range names {
			if got, there := r.stored[name]; there {
				r.t.Errorf("%s is stored: %.200q", name, got)
			}
		}
	}
}

// storedOnce checks that there was one PUT of each name.
func storedOnce(names ...string) step {
	return func(r *replay) {
		r.t.Helper()
		all(stored(names...), dealt())(r)
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, name := range names {
			if n := r.puts[name]; n != 1 {
				r.t.Errorf("%d PUTs of %s, want 1", n, name)
			}
		}
	}
}

// away is an outage of the store: nothing gets an answer until it is back.
func away() step {
	return func(r *replay) {
		over := make(chan struct{})
		lift := r.faults.Inject(storetest.Incident{
			Fault: func(ctx context.Context, c storetest.Call, next func(context.Context, store.Object) error) error {
				select {
				case <-over:
					return next(ctx, c.Object)
				case <-ctx.Done():
					return &store.Error{Op: c.Op, Key: c.Key, Kind: store.Transient, Err: ctx.Err()}
				}
			},
		})
		r.restore = func() {
			lift()
			close(over)
		}
	}
}

// back ends the outage.
func back() step { return func(r *replay) { r.restore() } }

// mediaPlaylist is the text of a media playlist whose first number is seq: tags as they are, segments with
// a duration.
func mediaPlaylist(seq int, lines ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:%d\n", seq)
	for _, l := range lines {
		if !strings.HasPrefix(l, "#") {
			l = "#EXTINF:1.0,\n" + l
		}
		b.WriteString(l + "\n")
	}
	return b.String()
}

// multivariantPlaylist is the text of a playlist that names others.
func multivariantPlaylist(names ...string) string {
	var b strings.Builder
	b.WriteString("#EXTM3U\n")
	for _, name := range names {
		b.WriteString("#EXT-X-STREAM-INF:BANDWIDTH=300000\n" + name + "\n")
	}
	return b.String()
}
