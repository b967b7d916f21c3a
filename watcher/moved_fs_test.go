package watcher

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/hlsship/hlsship/hls"
)

// whileRead does something once, while a playlist whose name begins with tmp is read for the first time: it was found finished,
// and is not reported yet.
func whileRead(act func()) option {
	var once sync.Once
	return func(w *Watcher) {
		probe, probes := w.sys.probe, 0
		var mu sync.Mutex
		w.sys.probe = func(f *os.File) writer {
			answer := probe(f)
			mu.Lock()
			if strings.HasPrefix(filepath.Base(f.Name()), "tmp") && answer == none {
				probes++
			}
			reading := probes == 2 // the first one was that of the look
			mu.Unlock()
			if reading {
				once.Do(act)
			}
			return answer
		}
	}
}

// manifest is a DASH manifest without segments.
const manifest = `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period></Period></MPD>`

// TestTemporaryPlaylistIsWhatItWasRenamedTo has a playlist lose its name before it is reported.
func TestTemporaryPlaylistIsWhatItWasRenamedTo(t *testing.T) {
	t.Parallel()
	rename := os.Rename
	link := func(from, to string) error {
		if err := os.Link(from, to); err != nil {
			return err
		}
		return os.Remove(from)
	}
	for _, c := range []struct {
		name, temporary, last, text string
		move                        func(from, to string) error
	}{
		{"renamed", "tmpx.m3u8", "live.m3u8", playlist("a.ts"), rename},
		{"linked and unlinked", "tmpx.m3u8", "live.m3u8", playlist("a.ts"), link},
		{"renamed into a folder", "tmpx.m3u8", "hi/live.m3u8", playlist("a.ts"), rename},
		{"a manifest", "tmpx.mpd", "live.mpd", manifest, rename},
		{"a manifest, linked", "tmpx.mpd", "live.mpd", manifest, link},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			check(t, os.Mkdir(filepath.Join(dir, "hi"), 0o755))
			x := newWatch(t, dir, nil, whileRead(func() {
				if err := c.move(filepath.Join(dir, c.temporary), filepath.Join(dir, c.last)); err != nil {
					t.Error(err)
				}
			}))
			x.run()
			x.scanned("start", 1)
			x.write(c.temporary, c.text)
			x.settled(c.last, c.text)
			x.barrier()
		})
	}
}

// TestPlaylistThatIsRemovedIsReported: it has no other name.
func TestPlaylistThatIsRemovedIsReported(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	x := newWatch(t, dir, nil, whileRead(func() { _ = os.Remove(filepath.Join(dir, "tmpx.m3u8")) }))
	x.run()
	x.scanned("start", 1)
	x.write("tmpx.m3u8", playlist("a.ts"))
	x.settled("tmpx.m3u8", playlist("a.ts"))
	if f := x.next(); f.State != hls.Gone || f.Moved {
		t.Errorf("got %s, moved %v, want gone", f.State, f.Moved)
	}
}

// TestTemporaryPlaylistIsCalledBack has a playlist lose its name moments after it was reported.
func TestTemporaryPlaylistIsCalledBack(t *testing.T) {
	t.Parallel()
	for name, move := range map[string]func(x *watch){
		"renamed":      func(x *watch) { x.rename("tmpx.m3u8", "live.m3u8") },
		"moved away":   func(x *watch) { check(x.t, os.Rename(x.path("tmpx.m3u8"), x.dir+".m3u8")) },
		"linked first": func(x *watch) { check(x.t, os.Link(x.path("tmpx.m3u8"), x.path("live.m3u8"))) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := start(t, nil)
			t.Cleanup(func() { _ = os.Remove(x.dir + ".m3u8") })
			x.write("tmpx.m3u8", playlist("a.ts"))
			x.settled("tmpx.m3u8", playlist("a.ts"))
			move(x)
			if name == "linked first" {
				x.settled("live.m3u8", playlist("a.ts"))
				check(t, os.Remove(x.path("tmpx.m3u8")))
			}
			for {
				f := x.next()
				if f.Path == "live.m3u8" && f.State == hls.Settled {
					continue
				}
				if f.Path != "tmpx.m3u8" || f.State != hls.Gone || !f.Moved {
					t.Errorf("got %s %s, moved %v", f.Path, f.State, f.Moved)
				}
				break
			}
		})
	}
}
