//go:build linux

package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/spool"
	"github.com/hlsship/hlsship/uploader/store"
	"github.com/hlsship/hlsship/uploader/storetest"
	"github.com/hlsship/hlsship/watcher"
)

var eventFiles = flag.Int("event.files", 1500, "how many segments the EVENT playlist of TestEvent has; 43200 are a day of two seconds each")

var eventWithin = flag.Duration("event.within", 0, "how long after a restart TestEvent may have the next segment listed; 0 only says how long it took, as a busy machine may take long")

// openFiles returns how many files the watcher of TestEvent keeps open: what a process may have, or a part of those that there are.
func openFiles() int { return min(4096, *eventFiles/10) }

// reading counts the bytes that are read of media files.
type reading struct{ bytes atomic.Int64 }

// counted returns a source that counts.
func (r *reading) counted(f hls.File) hls.File {
	if kept, ok := f.Source.(hls.Keeper); ok && f.Playlist == nil {
		f.Source = countedSource{kept, r}
	}
	return f
}

type countedSource struct {
	hls.Keeper
	reading *reading
}

func (s countedSource) Open() (hls.Reader, error) {
	r, err := s.Keeper.Open()
	if err != nil {
		return nil, err
	}
	return countedReader{r, s.reading}, nil
}

type countedReader struct {
	hls.Reader
	reading *reading
}

func (r countedReader) ReadAt(b []byte, off int64) (int, error) {
	n, err := r.Reader.ReadAt(b, off)
	r.reading.bytes.Add(int64(n))
	return n, err
}

// unopened counts the files that the watcher told of unopened, and those that it opened.
type unopened struct {
	notes, others int // they belong to the watcher's goroutine until it has ended
}

func (u *unopened) Settled(_, evidence string) {
	if evidence == "note" {
		u.notes++
	} else {
		u.others++
	}
}
func (*unopened) Refused(string)                     {}
func (*unopened) Scanned(string, int, time.Duration) {}
func (*unopened) Watching(int, bool)                 {}
func (*unopened) Holding(int)                        {}
func (*unopened) Waiting(int)                        {}

// event is an EVENT stream that is shipped by one process after another.
type event struct {
	*testing.T
	dir         string
	destination string
	store       store.Store
	memory      *storetest.Memory
	last        atomic.Pointer[string] // the last segment that is listed in the store
	changed     chan struct{}          // has room for one token
	text        strings.Builder        // of the playlist
	bytes       int64                  // of all segments
}

func newEvent(t *testing.T, segments int) *event {
	t.Helper()
	e := &event{T: t, dir: t.TempDir(), destination: "here", memory: storetest.NewMemory(), changed: make(chan struct{}, 1)}
	e.store = e.memory
	e.memory.OnChange = func(key string, content []byte) {
		if strings.HasSuffix(key, ".m3u8") {
			lines := strings.Split(strings.TrimSpace(string(content)), "\n")
			e.last.Store(&lines[len(lines)-1])
		}
		select {
		case e.changed <- struct{}{}:
		default:
		}
	}
	e.text.WriteString("#EXTM3U\n#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-TARGETDURATION:2\n")
	for n := range segments {
		e.segment(n)
	}
	e.list()
	return e
}

func (e *event) path(name string) string { return filepath.Join(e.dir, name) }

func (e *event) write(name, text string) {
	e.Helper()
	for _, err := range []error{os.WriteFile(e.path("new.tmp"), []byte(text), 0o600), os.Rename(e.path("new.tmp"), e.path(name))} {
		if err != nil {
			e.Fatal(err)
		}
	}
}

func (e *event) segment(n int) {
	text := strings.Repeat(fmt.Sprintf("%7d ", n), 64)
	e.bytes += int64(len(text))
	e.write(fmt.Sprintf("s%d.ts", n), text)
	fmt.Fprintf(&e.text, "#EXTINF:2,\ns%d.ts\n", n)
}

func (e *event) list() { e.write("live.m3u8", e.text.String()) }

// until waits until the store shows what is wanted.
func (e *event) until(what string, ok func() bool) {
	e.Helper()
	timer := time.NewTimer(10 * deadline)
	defer timer.Stop()
	for !ok() {
		select {
		case <-e.changed:
		case <-timer.C:
			e.Fatalf("waited for %s", what)
		}
	}
}

func (e *event) listed(n int) func() bool {
	return func() bool { last := e.last.Load(); return last != nil && *last == fmt.Sprintf("s%d.ts", n) }
}

// run ships until the function returns, and then drains. It returns how many bytes of media were read, and how many files were opened.
func (e *event) run(spooled bool, until func()) (read int64, opened int) {
	e.Helper()
	logger := slog.New(slog.NewTextHandler(e.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	var watched unopened
	wc := watcher.Config{Dir: e.dir, Settle: time.Second, Rescan: never, Hold: openFiles(), Logger: logger, Observer: &watched}
	uc := uploader.Config{Store: e.store, Prefix: "live/", Settle: time.Second, Conditional: true, Logger: logger}
	running, stop := context.WithCancel(context.Background())
	defer stop()
	var servers group
	if spooled {
		kept, err := spool.Open(spool.Config{Dir: e.dir, Logger: logger})
		if err != nil {
			e.Fatal(err)
		}
		defer kept.Close()
		notes := kept.Notes(e.destination)
		wc.Pin, wc.Noted, uc.Notes = kept.Pin, notes.Unchanged, notes
		servers.start("spool", nil, func() error { return kept.Run(running) })
	}
	watch, err := watcher.New(wc)
	if err != nil {
		e.Fatal(err)
	}
	uc.Look = watch.Look
	upload, err := uploader.New(uc)
	if err != nil {
		e.Fatal(err)
	}
	watching, end := context.WithCancel(context.Background())
	defer end()
	facts, counted := make(chan hls.File, 64), make(chan hls.File, 64)
	var all reading
	var shippers group
	shippers.start("watch", end, func() error { return watch.Run(watching, facts) })
	shippers.start("count", nil, func() error {
		defer close(counted)
		for f := range facts {
			counted <- all.counted(f)
		}
		return nil
	})
	shippers.start("upload", end, func() error { return upload.Run(e.Context(), counted) })
	until()
	end()
	if err := shippers.wait(); err != nil {
		e.Error(err)
	}
	stop()
	if err := servers.wait(); err != nil {
		e.Error(err)
	}
	return all.bytes.Load(), watched.others
}

// TestEvent restarts in the middle of an EVENT stream. The next segment is listed, for which next to nothing is read.
func TestEvent(t *testing.T) {
	if testing.Short() {
		t.Skip("writes many files")
	}
	t.Parallel()
	n := *eventFiles
	e := newEvent(t, n)
	e.run(true, func() { e.until("the first version", e.listed(n-1)) })
	for next := n; next < n+3; next++ {
		began := time.Now()
		var took time.Duration
		read, opened := e.run(true, func() {
			e.segment(next)
			e.list()
			e.until("the next segment", e.listed(next))
			took = time.Since(began)
		})
		t.Logf("a segment was listed %v after the start; %d of %d bytes were read, %d of %d files opened", took.Round(time.Millisecond), read, e.bytes, opened, next+1)
		if read > e.bytes/100+1024 {
			t.Errorf("%d of %d bytes were read, want less than 1 %%", read, e.bytes)
		}
		if most := openFiles() + 5; opened > most {
			t.Errorf("%d files were opened, want %d at most", opened, most)
		}
		if *eventWithin > 0 && took > *eventWithin {
			t.Errorf("listed after %v, want less than %v", took, *eventWithin)
		}
	}
}
