package watcher

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/hlsship/hlsship/hls"
)

// mounted has folders of those names, "." for all, be on a network mount that others write to: nothing that happens there is
// announced.
func mounted(names ...string) option {
	remote := func(path string) bool {
		for _, name := range names {
			if name == "." || filepath.Base(path) == name {
				return true
			}
		}
		return false
	}
	return func(w *Watcher) {
		w.sys.remote = func(folder *os.File) string {
			if remote(folder.Name()) {
				return "NFS"
			}
			return ""
		}
		w.sys.arming = func(ctx context.Context) arming {
			a := closeWriteArming(ctx)
			add := a.add
			a.add = func(w *fsnotify.Watcher, path string) error {
				if remote(path) {
					return nil
				}
				return add(w, path)
			}
			return a
		}
	}
}

// listed counts the listings of folders, by name.
type listed struct {
	mu sync.Mutex
	n  map[string]int
}

func (l *listed) count(w *Watcher) {
	l.n = map[string]int{}
	list := w.sys.list
	w.sys.list = func(dir *os.File) ([]fs.DirEntry, error) {
		all, err := list(dir)
		l.mu.Lock()
		defer l.mu.Unlock()
		if err != nil {
			l.n[filepath.Base(dir.Name())]++
		}
		return all, err
	}
}

func (l *listed) of(name string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.n[name]
}

// TestNetworkMount has all files written on another machine.
func TestNetworkMount(t *testing.T) {
	t.Parallel()
	x := start(t, nil, mounted("."))
	x.obs.until(t, "no exactness", func(r *recorder) bool { return r.folders > 0 && !r.exact })
	x.write("seg.ts", "one")
	x.settled("seg.ts", "one")
	x.write("live.m3u8.tmp", playlist("seg.ts"))
	x.rename("live.m3u8.tmp", "live.m3u8")
	x.settled("live.m3u8", playlist("seg.ts"))
	x.write("live.m3u8", playlist("seg.ts", "b.ts"))
	x.settled("live.m3u8", playlist("seg.ts", "b.ts"))
	x.evidence("quiet", 3) // a lease says nothing of writers elsewhere
	check(t, os.MkdirAll(x.path("hi/lo"), 0o755))
	x.write("hi/lo/seg.ts", "two")
	x.settled("hi/lo/seg.ts", "two")
	x.write("hi/lo/later.ts", "three")
	x.settled("hi/lo/later.ts", "three")
	check(t, os.Remove(x.path("seg.ts")))
	x.gone("seg.ts")
	if log := x.log.String(); strings.Count(log, "level=WARN") != 1 || !strings.Contains(log, "file_system=NFS") || !strings.Contains(log, "cure=") {
		t.Errorf("log:\n%s", log)
	}
	if n := x.obs.scans("timer"); n != 0 {
		t.Errorf("%d scans of the whole directory", n)
	}
}

// TestMountBelowLocalDirectory has one folder be a mount, which is unmounted in the end, and another be local. Listings of the
// former are the clock.
func TestMountBelowLocalDirectory(t *testing.T) {
	t.Parallel()
	var l listed
	x := newWatch(t, t.TempDir(), nil, mounted("hi"), l.count)
	check(t, os.MkdirAll(x.path("hi/within"), 0o755)) // another mount, of this machine's
	check(t, os.Mkdir(x.path("lo"), 0o755))
	x.run()
	x.obs.until(t, "no exactness", func(r *recorder) bool { return r.folders == 4 && !r.exact })
	for i := range 5 {
		name := "hi/" + strings.Repeat("x", i+1) + ".ts"
		x.write(name, "far")
		x.settled(name, "far")
	}
	x.write("lo/seg.ts", "near")
	x.settled("lo/seg.ts", "near")
	if got := x.obs.got(); got[hls.ByQuiet] != 5 {
		t.Errorf("evidence %v, want 5 times quiet", got)
	}
	if l.of("hi") < 5 || l.of("within") != 1 || l.of("lo") != 1 || l.of(".") != 1 {
		t.Errorf("listed hi %d times, within %d, lo %d, . %d, want the latter once", l.of("hi"), l.of("within"), l.of("lo"), l.of("."))
	}
	check(t, os.RemoveAll(x.path("hi")))
	x.obs.until(t, "exactness", func(r *recorder) bool { return r.exact })
}

// TestWriterHereAndElsewhere has a file made here, which is announced, and written elsewhere, which is not.
func TestWriterHereAndElsewhere(t *testing.T) {
	t.Parallel()
	x := start(t, nil, withProbe(cannotTell), func(w *Watcher) { w.sys.remote = func(*os.File) string { return "SMB" } })
	f := x.open("seg.ts")
	x.write("end.ts", "by a close")
	x.settled("end.ts", "by a close")
	_, err := f.WriteString("by quiet")
	check(t, err)
	x.settled("seg.ts", "by quiet")
}

// TestDeadMountHoldsUpNobody has the server of one mount be away, while another is listed as before.
func TestDeadMountHoldsUpNobody(t *testing.T) {
	t.Parallel()
	g := newGate(t, "dead")
	x := newWatch(t, t.TempDir(), nil, mounted("dead", "well"), g.files)
	check(t, os.Mkdir(x.path("dead"), 0o755))
	check(t, os.Mkdir(x.path("well"), 0o755))
	x.write("dead/seg.ts", "kept")
	x.run()
	g.arrives(t)
	x.write("well/seg.ts", "far")
	x.settled("well/seg.ts", "far")
	x.write("near.ts", "near")
	x.settled("near.ts", "near")
	g.open()
	x.settled("dead/seg.ts", "kept")
}

// TestPace: half a target duration, never more than settle, and what somebody writes into a playlist bounds it.
func TestPace(t *testing.T) {
	t.Parallel()
	w, err := New(Config{Dir: t.TempDir(), Settle: 3 * time.Second})
	check(t, err)
	r := newRun(w, make(chan hls.File))
	for target, want := range map[time.Duration]time.Duration{
		0: 3 * time.Second, -time.Second: 3 * time.Second, time.Nanosecond: fastest, time.Second: fastest,
		4 * time.Second: 2 * time.Second, 6 * time.Second: 3 * time.Second, 1 << 60: 3 * time.Second,
	} {
		if got := r.pace(target); got != want {
			t.Errorf("pace(%v): got %v, want %v", target, got, want)
		}
	}
	sub := r.newFolder(r.newFolder(r.top, "hi"), "media")
	for path, target := range map[string]time.Duration{"master.m3u8": 0, "live.m3u8": 2 * time.Second, "slow.m3u8": 5 * time.Second} {
		r.newFile(r.top, path).read.target = target
	}
	for _, f := range []*folder{r.top, sub} {
		r.heard(f, &listing{remote: "NFS"})
		if wait := time.Until(f.poll.at); f.poll.index == 0 || wait > time.Second || wait < time.Second/2 {
			t.Errorf("%s is listed after %v, want 1 s", f.path, wait)
		}
	}
	if r.deaf != 2 {
		t.Errorf("%d folders, want 2", r.deaf)
	}
	r.heard(sub, &listing{})
	r.hears(sub)
	if r.deaf != 1 || sub.poll.index != 0 {
		t.Errorf("%d folders, want 1; alarm %d", r.deaf, sub.poll.index)
	}
}

// TestFileSystems: what is local and what is not.
func TestFileSystems(t *testing.T) {
	t.Parallel()
	for magic, remote := range map[int64]bool{
		0xEF53: false, 0x58465342: false, 0x9123683E: false, 0x01021994: false, 0x794C7630: false, 0x12345: false,
		0x6969: true, 0xFF534D42: true, 0xFE534D42: true, 0x65735546: true, 0x01021997: true, 0x00C36400: true,
		0x5346414F: true, 0x6B414653: true, int64(-0x1acb2be): true, // SMB, as a processor has it whose type is signed
	} {
		if name, got := FileSystem(magic); got != remote || name == "" {
			t.Errorf("%#x: got %q, remote %v, want %v", magic, name, got, remote)
		}
	}
	dir, err := os.Open(t.TempDir())
	check(t, err)
	defer func() { check(t, dir.Close()) }()
	if kind := theSystem().remote(dir); kind != "" {
		t.Skipf("temporary files are on %s here", kind)
	}
}
