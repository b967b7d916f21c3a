package uploader_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// crumb is a segment of one byte.
type crumb hls.Version

func (c crumb) Open() (hls.Reader, error)     { return c, nil }
func (c crumb) Release()                      {}
func (c crumb) Close() error                  { return nil }
func (c crumb) Version() (hls.Version, error) { return hls.Version(c), nil }
func (c crumb) ReadAt(p []byte, off int64) (int, error) {
	if off > 0 || len(p) == 0 {
		return 0, io.EOF
	}
	p[0] = 'x'
	return 1, nil
}

// reading is the watcher of very many streams, as far as it reads playlists: each version takes of the account, and one
// for which there is no room is read when there is.
type reading struct {
	account *hls.Account
	facts   chan<- hls.File

	mu      sync.Mutex
	inode   uint64
	texts   map[string][]byte // on disk
	waiting map[string]bool   // for memory
	most    int               // of those at once
}

func (r *reading) version(size int) hls.Version {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.inode++
	return hls.Version{Device: 1, Inode: r.inode, Size: int64(size), ModTime: time.Now().UnixNano()}
}

// segment finishes a segment.
func (r *reading) segment(name string) {
	v := r.version(1)
	r.facts <- hls.File{Path: name, State: hls.Settled, Kind: hls.Media, Version: v, Seen: time.Now(), Source: crumb(v)}
}

// list writes a playlist.
func (r *reading) list(name string, text []byte) {
	r.mu.Lock()
	r.texts[name] = text
	r.mu.Unlock()
	r.read(name)
}

// read reads a playlist if there is room, and notes that it waits if not.
func (r *reading) read(name string) {
	r.mu.Lock()
	text := r.texts[name]
	r.mu.Unlock()
	size := int64(len(text))
	share, ok := r.account.Take(hls.Cost(size, bytes.Count(text, []byte("#EXTINF"))))
	var pl *hls.Playlist
	if ok {
		pl, _ = hls.ParseFile(name, text, hls.ParseOptions{})
	}
	r.mu.Lock()
	delete(r.waiting, name)
	if !ok {
		r.waiting[name] = true
		r.most = max(r.most, len(r.waiting))
	}
	r.mu.Unlock()
	if !ok {
		return
	}
	r.facts <- hls.File{
		Path: name, State: hls.Settled, Kind: pl.Kind, Version: r.version(len(text)), Seen: time.Now(), Content: text, Playlist: pl, Share: share,
	}
}

// wait reads what waits whenever memory is given back.
func (r *reading) wait(ctx context.Context) {
	for {
		freed := r.account.Freed()
		r.mu.Lock()
		var names []string
		for name := range r.waiting {
			names = append(names, name)
		}
		r.mu.Unlock()
		for _, name := range names {
			r.read(name)
		}
		select {
		case <-freed:
		case <-ctx.Done():
			return
		}
	}
}

// TestRunManyPlaylistsThroughAnOutage: 500 streams, two of which list all of their twelve hours, write on while the store is
// out of reach for two minutes. What they take stays within the account, as it is counted and as it is, and everything
// arrives afterwards.
func TestRunManyPlaylistsThroughAnOutage(t *testing.T) { //nolint:paralleltest // it measures memory
	if testing.Short() {
		t.Skip("it keeps one core busy for four seconds, and lets no other test run")
	}
	const streams, events, hours, limit = 500, 2, 12 * 1800, 24 << 20
	synctest.Test(t, func(t *testing.T) {
		memory := storetest.NewMemory()
		faults := storetest.NewFaults(memory)
		account := hls.NewAccount(limit)
		facts := make(chan hls.File)
		r := &reading{account: account, facts: facts, texts: map[string][]byte{}, waiting: map[string]bool{}}
		up, err := uploader.New(uploader.Config{
			Store: faults, Conditional: true, Memory: account,
			Look: func(name string) { go r.read(name) },
		})
		if err != nil {
			t.Fatal(err)
		}
		said := make(chan error, 1)
		go func() { said <- up.Run(t.Context(), facts) }()
		waiting, stop := context.WithCancel(t.Context())
		go r.wait(waiting)

		texts := make([]strings.Builder, events)
		for e := range texts {
			texts[e].WriteString("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-PLAYLIST-TYPE:EVENT\n")
			for i := range hours {
				r.segment(listed(&texts[e], e, i))
			}
			r.list(fmt.Sprintf("%d/x.m3u8", e), []byte(texts[e].String()))
		}
		step := func(i int) {
			for s := range streams {
				if s < events {
					r.segment(listed(&texts[s], s, hours+i))
					r.list(fmt.Sprintf("%d/x.m3u8", s), []byte(texts[s].String()))
					continue
				}
				var text strings.Builder
				fmt.Fprintf(&text, "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%d\n", max(0, i-5))
				for k := max(0, i-5); k < i; k++ {
					listed(&text, s, k)
				}
				r.segment(listed(&text, s, i))
				r.list(fmt.Sprintf("%d/x.m3u8", s), []byte(text.String()))
			}
			if used := account.Used(); used > limit {
				t.Errorf("step %d: %d bytes are taken", i, used)
			}
			time.Sleep(2 * time.Second)
		}
		for i := range 3 {
			step(i)
		}
		before := live()
		lift := faults.Inject(storetest.Incident{Fault: storetest.Outage()})
		const outage = 63
		for i := 3; i < outage; i++ {
			step(i)
		}
		files := int64(streams * (outage - 3) * 900) // what the Plan keeps of a file that waits
		grown, used := live()-before, account.Used()
		r.mu.Lock()
		most := r.most
		r.mu.Unlock()
		t.Logf("after two minutes: %d bytes taken, %d more on the heap, at most %d playlists waited for memory", used, grown, most)
		if grown-files > limit {
			t.Errorf("%d bytes more on the heap", grown)
		}
		lift()
		for i := outage; i < outage+5; i++ {
			step(i)
		}
		time.Sleep(time.Minute)
		stop()
		close(facts)
		if err := <-said; err != nil {
			t.Error(err)
		}
		stored := memory.Contents()
		for name, text := range r.texts {
			if string(stored[name]) != string(text) {
				t.Errorf("%s is not the newest", name)
			}
		}
		if want := events*hours + streams*(outage+5) + streams; len(stored) != want {
			t.Errorf("%d objects stored, want %d", len(stored), want)
		}
		if used := account.Used(); used != 0 {
			t.Errorf("%d bytes are still taken", used)
		}
	})
}

// listed appends segment i of stream s to a playlist, and returns its path.
func listed(text *strings.Builder, s, i int) string {
	fmt.Fprintf(text, "#EXTINF:2.000000,\nseg%06d.ts\n", i)
	return fmt.Sprintf("%d/seg%06d.ts", s, i)
}

// live returns how many bytes are live on the heap.
func live() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc) //nolint:gosec // no machine has as many
}
