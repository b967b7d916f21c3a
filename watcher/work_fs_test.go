package watcher

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// gate lets through what is named name once it is opened, and everything else at once.
type gate struct {
	name   string
	opened chan struct{}
	met    chan struct{} // one token for each that arrived
	once   sync.Once
}

func newGate(t *testing.T, name string) *gate {
	g := &gate{name: name, opened: make(chan struct{}), met: make(chan struct{}, 1000)}
	t.Cleanup(g.open)
	return g
}

func (g *gate) open() { g.once.Do(func() { close(g.opened) }) }

// pass waits at the gate, on the way to the file or folder of that name or below it.
func (g *gate) pass(name string) {
	if filepath.Base(name) == g.name || strings.HasPrefix(name, g.name+"/") {
		g.met <- struct{}{}
		<-g.opened
	}
}

// arrives waits until somebody is at the gate.
func (g *gate) arrives(t *testing.T) {
	t.Helper()
	select {
	case <-g.met:
	case <-time.After(patient):
		t.Fatalf("waited %v for somebody to come to %s", patient, g.name)
	}
}

// pin is a Config.Pin that takes as long as the gate is closed.
func (g *gate) pin(path string, _ *os.File, _ hls.Version) (hls.Source, bool) {
	g.pass(path)
	return nil, false
}

// files makes whoever touches the file system wait at the gate, as below a mount whose server is away.
func (g *gate) files(w *Watcher) {
	lstat, open, list := w.sys.lstat, w.sys.open, w.sys.list
	w.sys.lstat = func(root *os.Root, name string) (fs.FileInfo, error) {
		g.pass(name)
		return lstat(root, name)
	}
	w.sys.open = func(root *os.Root, name string, flags int) (*os.File, error) {
		g.pass(name)
		return open(root, name, flags)
	}
	w.sys.list = func(dir *os.File) ([]fs.DirEntry, error) {
		g.pass(dir.Name())
		return list(dir)
	}
}

// TestSlowPlaylistDelaysItselfOnly has a playlist that takes long to be read, small and large, while others come and go.
func TestSlowPlaylistDelaysItselfOnly(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"small": playlist("known.ts"),
		"large": playlist("known.ts") + "#" + strings.Repeat("x", 2*smallText) + "\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGate(t, "slow.m3u8")
			x := start(t, func(c *Config) { c.Pin = g.pin })
			x.write("known.ts", "one")
			x.settled("known.ts", "one")
			x.write("going.ts", "one")
			x.settled("going.ts", "one")
			x.write("slow.m3u8", text)
			g.arrives(t)
			// Others are not delayed …
			x.write("new.ts", "new")
			x.settled("new.ts", "new")
			for _, more := range []string{"new.ts", "newer.ts"} {
				x.write("live.m3u8", playlist(more))
				x.settled("live.m3u8", playlist(more))
			}
			// … but for what has a name that the slow one may mean.
			x.write("known.ts", "two!")
			check(t, os.Remove(x.path("going.ts")))
			x.barrier()
			x.write("slow.m3u8", "#EXTM3U\n## the next version\n")
			x.barrier()
			g.open()
			x.settled("slow.m3u8", text)
			rest := map[string]bool{}
			for range 3 {
				f := x.next()
				rest[f.Path+" "+f.State.String()] = true
			}
			if !rest["known.ts settled"] || !rest["going.ts gone"] || !rest["slow.m3u8 settled"] {
				t.Errorf("got %v", rest)
			}
		})
	}
}

// TestPlaylistWaitsForWhatItNames has a file be pinned slowly, one that is new and one that is known, and names it.
func TestPlaylistWaitsForWhatItNames(t *testing.T) {
	t.Parallel()
	for name, known := range map[string]bool{"new": false, "known": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGate(t, "seg.ts")
			pin := func(path string, f *os.File, v hls.Version) (hls.Source, bool) {
				if v.Size != int64(len("first")) {
					g.pass(path)
				}
				return nil, false
			}
			x := start(t, func(c *Config) { c.Pin = pin })
			if known {
				x.write("seg.ts", "first")
				x.settled("seg.ts", "first")
			}
			replace := func(text string) {
				x.write("seg.ts.tmp", text)
				x.rename("seg.ts.tmp", "seg.ts")
			}
			replace("bytes of the segment")
			g.arrives(t)
			x.write("names.m3u8", playlist("other.ts", "seg.ts"))
			x.write("names_not.m3u8", playlist("other.ts"))
			x.settled("names_not.m3u8", playlist("other.ts"))
			replace("and other bytes")
			g.arrives(t)
			x.barrier()
			g.open()
			x.settled("seg.ts", "bytes of the segment")
			x.settled("names.m3u8", playlist("other.ts", "seg.ts"))
			x.settled("seg.ts", "and other bytes")
		})
	}
}

// TestVersionsOfASlowPlaylist has many versions of a playlist come while one is read: the one that is read, the next and the
// newest are reported.
func TestVersionsOfASlowPlaylist(t *testing.T) {
	t.Parallel()
	g := newGate(t, "x.m3u8")
	looked := make(chan struct{}, 100)
	x := start(t, func(c *Config) { c.Pin = g.pin }, withProbe(func(f *os.File) writer {
		if filepath.Base(f.Name()) == "x.m3u8" {
			looked <- struct{}{}
		}
		return probeWriter(f)
	}))
	text := func(i int) string { return playlist(strings.Repeat("s", i+1) + ".ts") }
	for i := range 9 {
		x.write("x.m3u8.tmp", text(i))
		x.rename("x.m3u8.tmp", "x.m3u8")
		<-looked
		if i == 0 {
			g.arrives(t)
			<-looked // as it was read
		}
		x.barrier()
	}
	g.open()
	x.settled("x.m3u8", text(0))
	x.settled("x.m3u8", text(1))
	x.settled("x.m3u8", text(8))
	x.barrier()
}

// TestPlaylistThatHangsLosesItsPlace has a change wait for a playlist that is not read in time. It is read anew then.
func TestPlaylistThatHangsLosesItsPlace(t *testing.T) {
	t.Parallel()
	g := newGate(t, "slow.m3u8")
	x := start(t, func(c *Config) { c.Pin = g.pin })
	x.write("known.ts", "one")
	x.settled("known.ts", "one")
	x.write("slow.m3u8", playlist("known.ts"))
	g.arrives(t)
	began := time.Now()
	x.write("known.ts", "two!")
	x.settled("known.ts", "two!")
	if took := time.Since(began); took < holdTime {
		t.Errorf("it waited %v only", took)
	}
	g.open()
	x.settled("slow.m3u8", playlist("known.ts"))
	x.barrier()
}

// TestDeadFolder has a folder below the directory that answers nobody, as that of a server that is away does, at the
// start and later. Everything else goes on, and the end comes in time.
func TestDeadFolder(t *testing.T) {
	t.Parallel()
	for _, later := range []bool{false, true} {
		name := map[bool]string{false: "at the start", true: "later"}[later]
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGate(t, "dead")
			dead := func(w *Watcher) { g.files(w) }
			x := newWatch(t, t.TempDir(), func(c *Config) { c.Rescan = patient / 1000 }, dead)
			check(t, os.Mkdir(x.path("alive"), 0o755))
			if !later {
				check(t, os.Mkdir(x.path("dead"), 0o755))
				x.write("dead/seg.ts", "bytes")
			}
			x.run()
			if later {
				x.scanned("start", 1)
				check(t, os.Mkdir(x.path("dead"), 0o755))
				x.write("dead/seg.ts", "bytes")
			}
			g.arrives(t)
			for range 3 {
				x.write("alive/seg.ts", "one")
				x.settled("alive/seg.ts", "one")
				x.w.Look("dead/seg.ts")
				x.write("alive/live.m3u8", playlist("../dead/seg.ts", "seg.ts"))
				for f := x.next(); f.Path != "alive/live.m3u8"; f = x.next() {
					if f.Path != "dead/seg.ts" || f.State != hls.Gone { // what is not known yet is not there
						t.Fatalf("got %s %s", f.Path, f.State)
					}
				}
				check(t, os.Remove(x.path("alive/live.m3u8")))
				x.gone("alive/live.m3u8")
				check(t, os.Remove(x.path("alive/seg.ts")))
				x.gone("alive/seg.ts")
			}
			n := x.obs.scans("timer")
			x.scanned("timer", n+2) // though the folder hangs
			if later {
				g.open()
				for f := x.next(); f.Path != "dead/seg.ts" || f.State != hls.Settled; f = x.next() {
					t.Logf("also %s %s", f.Path, f.State)
				}
			}
			began := time.Now()
			x.stop()
			if took := time.Since(began); took > patience {
				t.Errorf("the end took %v", took)
			}
		})
	}
}

// TestManyDeadFiles has more files hang than are looked at at once, below a folder that was listed before its server was away.
func TestManyDeadFiles(t *testing.T) {
	t.Parallel()
	g := newGate(t, "dead")
	var away sync.Map
	x := newWatch(t, t.TempDir(), nil, func(w *Watcher) {
		open := w.sys.open
		w.sys.open = func(root *os.Root, name string, flags int) (*os.File, error) {
			if _, ok := away.Load("away"); ok {
				g.pass(name)
			}
			return open(root, name, flags)
		}
	})
	check(t, os.Mkdir(x.path("dead"), 0o755))
	x.run()
	x.obs.until(t, "both folders", func(r *recorder) bool { return r.folders == 2 })
	x.scanned("start", 1)
	away.Store("away", true)
	name := func(i int) string { return "dead/" + strings.Repeat("x", i+1) + ".ts" }
	const files = 3 * inOneFolder
	for i := range files {
		x.write(name(i), "bytes")
	}
	for range inOneFolder {
		g.arrives(t)
	}
	x.write("alive.ts", "one")
	x.settled("alive.ts", "one")
	x.write("alive.ts", "two!")
	x.settled("alive.ts", "two!")
	g.open()
	got := x.collect(files)
	for i := range files {
		if got[name(i)] != "bytes" {
			t.Errorf("%s: got %q", name(i), got[name(i)])
		}
	}
}
