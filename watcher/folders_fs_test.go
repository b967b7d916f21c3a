package watcher

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/hlsship/hlsship/hls"
)

// collect returns the paths of n settled facts with the bytes of each; a path may come more than once.
func (x *watch) collect(n int) map[string]string {
	x.t.Helper()
	got := make(map[string]string)
	for len(got) < n {
		f := x.next()
		if f.State == hls.Settled {
			got[f.Path] = string(read(x.t, f))
		}
	}
	return got
}

func TestNestedFoldersInOneGo(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	const folders = 50
	for i := range folders {
		dir := fmt.Sprintf("%d/11/22/0723", i)
		check(t, os.MkdirAll(x.path(dir), 0o755))
		x.write(dir+"/init.mp4", dir)
		check(t, os.WriteFile(x.path(fmt.Sprintf("%d/11/index.m3u8", i)), []byte(playlist("a.ts")), 0o644))
	}
	got := x.collect(2 * folders)
	for i := range folders {
		dir := fmt.Sprintf("%d/11/22/0723", i)
		if got[dir+"/init.mp4"] != dir {
			t.Errorf("%s: got %q", dir, got[dir+"/init.mp4"])
		}
	}
	x.obs.until(t, "all folders", func(r *recorder) bool { return r.folders == 1+4*folders })
	// Later files in the deepest folder come by events.
	x.write("7/11/22/0723/seg.ts", "later")
	x.settled("7/11/22/0723/seg.ts", "later")
	check(t, os.RemoveAll(x.path("7")))
	x.obs.until(t, "less folders", func(r *recorder) bool { return r.folders == 1+4*(folders-1) })
	gone := map[string]bool{}
	for len(gone) < 3 {
		f := x.next()
		gone[f.Path] = f.State == hls.Gone
	}
	for _, p := range []string{"7/11/index.m3u8", "7/11/22/0723/init.mp4", "7/11/22/0723/seg.ts"} {
		if !gone[p] {
			t.Errorf("%s is not gone: %v", p, gone)
		}
	}
}

func TestFolderMovesAndComesAgain(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	for i := range 20 {
		check(t, os.MkdirAll(x.path("a/sub"), 0o755))
		x.write("a/sub/seg.ts", fmt.Sprint("one ", i))
		x.settled("a/sub/seg.ts", fmt.Sprint("one ", i))
		x.rename("a", "b")
		x.both("a/sub/seg.ts", "b/sub/seg.ts", fmt.Sprint("one ", i))
		check(t, os.Mkdir(x.path("a"), 0o755)) // at once under the old name
		x.write("b/sub/seg.ts", fmt.Sprint("two ", i))
		x.settled("b/sub/seg.ts", fmt.Sprint("two ", i))
		x.write("a/seg.ts", fmt.Sprint("three ", i))
		x.settled("a/seg.ts", fmt.Sprint("three ", i))
		check(t, os.RemoveAll(x.path("b")))
		x.gone("b/sub/seg.ts")
		check(t, os.RemoveAll(x.path("a")))
		x.gone("a/seg.ts")
	}
}

func TestOverflow(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("/proc/sys/fs/inotify/max_queued_events")
	check(t, err)
	limit, err := strconv.Atoi(strings.TrimSpace(string(text)))
	check(t, err)
	// The first name stops the loop until more happened than the kernel remembers.
	full := make(chan struct{})
	x := newWatch(t, t.TempDir(), func(c *Config) {
		c.Exclude = func(path string) bool {
			if path == "first.ts" {
				<-full
			}
			return false
		}
	})
	x.run()
	x.scanned("start", 1)
	removed := x.open("removed.ts")
	x.barrier()
	x.write("first.ts", "first")
	for range limit/2 + 2000 { // create and close, over and over
		x.write("busy.tmp", "")
		check(t, os.Remove(x.path("busy.tmp")))
	}
	x.write("lost.ts", "lost")
	_, err = removed.WriteString("removed since")
	check(t, err)
	check(t, removed.Close())
	check(t, os.Remove(x.path("removed.ts")))
	check(t, os.MkdirAll(x.path("new/folder"), 0o755))
	x.write("new/folder/seg.ts", "lost, too")
	close(full)
	got := x.collect(4)
	x.scanned("overflow", 1)
	if got["lost.ts"] != "lost" || got["removed.ts"] != "removed since" || got["new/folder/seg.ts"] != "lost, too" {
		t.Errorf("got %v", got)
	}
	x.write("new/folder/later.ts", "by events again")
	for f := x.next(); f.Path != "new/folder/later.ts"; f = x.next() {
		t.Logf("also %s %s", f.Path, f.State)
	}
}

func TestManyFilesFoundInOrder(t *testing.T) {
	t.Parallel()
	x := newWatch(t, t.TempDir(), func(c *Config) { c.Hold = 100 })
	const files = 3000
	old := time.Now().Add(-time.Hour)
	for i := range files {
		name := fmt.Sprintf("%d.ts", files-i) // not the order of names
		x.write(name, "x")
		check(t, os.Chtimes(x.path(name), old, old.Add(time.Duration(i)*time.Millisecond)))
	}
	x.run()
	last := int64(0)
	for range files {
		f := x.next()
		if !f.Found || f.Version.ModTime < last {
			t.Fatalf("%s: found %v, older than the one before it: %v", f.Path, f.Found, f.Version.ModTime < last)
		}
		last = f.Version.ModTime
	}
}

func TestEventsAreServedWhileScanning(t *testing.T) {
	t.Parallel()
	x := newWatch(t, t.TempDir(), nil)
	const files = 3000
	for i := range files {
		x.write(fmt.Sprintf("old_%d.ts", i), "x")
	}
	x.run()
	x.next() // the scan has begun
	x.write("live.ts", "live")
	for n := 1; ; n++ {
		f := x.next()
		if f.Path != "live.ts" {
			continue
		}
		if n == files {
			t.Error("the live segment came last")
		}
		return
	}
}

func TestDirectoryComesLater(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "not", "yet")
	x := newWatch(t, dir, func(c *Config) { c.Rescan = 20 * time.Millisecond })
	x.run()
	check(t, os.MkdirAll(dir, 0o755))
	x.write("seg.ts", "bytes")
	x.settled("seg.ts", "bytes")
	check(t, os.RemoveAll(dir))
	x.gone("seg.ts")
	check(t, os.MkdirAll(filepath.Join(dir, "hi"), 0o755))
	x.write("hi/seg.ts", "again")
	x.settled("hi/seg.ts", "again")
	x.scanned("replaced", 1)
	if n := strings.Count(x.log.String(), "missing"); n > 2 {
		t.Errorf("%d warnings for being missing twice", n)
	}
}

func TestDirectoryReplaced(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		replace func(t *testing.T, x *watch)
	}{
		{"renamed away", func(t *testing.T, x *watch) {
			check(t, os.Rename(x.dir, x.dir+".old"))
			check(t, os.Mkdir(x.dir, 0o755))
		}},
		{"removed", func(t *testing.T, x *watch) {
			check(t, os.RemoveAll(x.dir))
			check(t, os.Mkdir(x.dir, 0o755))
		}},
		{"exchanged by a rename over it", func(t *testing.T, x *watch) {
			check(t, os.RemoveAll(x.path("hi")))
			check(t, os.Remove(x.path("kept.ts")))
			check(t, os.Mkdir(x.dir+".new", 0o755))
			check(t, syscall.Rename(x.dir+".new", x.dir)) // os.Rename refuses a folder as target
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			x := newWatch(t, filepath.Join(t.TempDir(), "live"), func(c *Config) { c.Rescan = 50 * time.Millisecond })
			check(t, os.MkdirAll(x.path("hi"), 0o755))
			x.write("kept.ts", "old")
			x.write("hi/seg.ts", "old")
			x.run()
			x.collect(2)
			c.replace(t, x)
			check(t, os.Mkdir(x.path("hi"), 0o755))
			x.write("kept.ts", "new")
			x.write("hi/new.ts", "new")
			settled, gone := map[string]string{}, map[string]bool{}
			for settled["kept.ts"] != "new" || settled["hi/new.ts"] != "new" || !gone["hi/seg.ts"] {
				f := x.next()
				if f.State == hls.Gone {
					gone[f.Path] = true
				} else {
					settled[f.Path] = string(read(t, f))
				}
			}
			x.write("hi/later.ts", "later")
			x.settled("hi/later.ts", "later")
			x.obs.until(t, "two folders", func(r *recorder) bool { return r.folders == 2 })
		})
	}
}

func TestLinkAsDirectorySwitched(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	for _, name := range []string{"a", "b"} {
		check(t, os.Mkdir(filepath.Join(base, name), 0o755))
		check(t, os.WriteFile(filepath.Join(base, name, name+".ts"), []byte(name), 0o644))
	}
	link := filepath.Join(base, "live")
	check(t, os.Symlink("a", link))
	x := newWatch(t, link, func(c *Config) { c.Rescan = 50 * time.Millisecond })
	x.run()
	x.settled("a.ts", "a")
	check(t, os.Symlink("b", link+".new"))
	check(t, os.Rename(link+".new", link))
	got := map[string]hls.State{}
	for len(got) < 2 {
		f := x.next()
		got[f.Path] = f.State
	}
	if got["a.ts"] != hls.Gone || got["b.ts"] != hls.Settled {
		t.Errorf("got %v", got)
	}
	x.write("later.ts", "later")
	x.settled("later.ts", "later")
}

func TestNoWatchesLeft(t *testing.T) {
	t.Parallel()
	only := func(n int) option {
		return func(w *Watcher) {
			w.sys.arming = func(ctx context.Context) arming {
				a := closeWriteArming(ctx)
				add := a.add
				a.add = func(w *fsnotify.Watcher, path string) error {
					if n--; n < 0 {
						return syscall.ENOSPC
					}
					return add(w, path)
				}
				return a
			}
		}
	}
	t.Run("for a folder", func(t *testing.T) {
		t.Parallel()
		x := newWatch(t, t.TempDir(), nil, only(1))
		check(t, os.Mkdir(x.path("hi"), 0o755))
		x.run()
		x.scanned("start", 1)
		x.write("hi/seg.ts", "one")
		x.settled("hi/seg.ts", "one")
		x.write("hi/seg.ts", "two!")
		x.settled("hi/seg.ts", "two!")
		if log := x.log.String(); strings.Count(log, "max_user_watches") != 1 {
			t.Errorf("log:\n%s", log)
		}
	})
	t.Run("for the directory", func(t *testing.T) {
		t.Parallel()
		x := newWatch(t, t.TempDir(), nil, only(0))
		facts := make(chan hls.File)
		err := x.w.Run(context.Background(), facts)
		if !errors.Is(err, syscall.ENOSPC) || !containsText(err, "max_user_watches") {
			t.Errorf("got %v", err)
		}
		if _, open := <-facts; open {
			t.Error("facts is open")
		}
	})
}

func TestNoDirectory(t *testing.T) {
	t.Parallel()
	x := newWatch(t, t.TempDir(), nil)
	x.write("file", "")
	y := newWatch(t, x.path("file"), nil)
	if err := y.w.Run(context.Background(), make(chan hls.File)); err == nil || !containsText(err, "not a directory") {
		t.Errorf("got %v, want not a directory", err)
	}
	if err := y.w.Run(context.Background(), make(chan hls.File)); err == nil {
		t.Error("ran twice")
	}
}

func TestTimerScanFindsWhatEventsMissed(t *testing.T) {
	t.Parallel()
	deaf := func(w *Watcher) {
		w.sys.arming = func(context.Context) arming {
			return arming{add: func(*fsnotify.Watcher, string) error { return nil }, exact: true}
		}
	}
	x := newWatch(t, t.TempDir(), func(c *Config) { c.Rescan = 20 * time.Millisecond }, deaf)
	x.run()
	x.scanned("start", 1)
	x.write("seg.ts", "one")
	x.settled("seg.ts", "one")
	check(t, os.Mkdir(x.path("hi"), 0o755))
	x.write("hi/seg.ts", "two")
	x.settled("hi/seg.ts", "two")
	check(t, os.Remove(x.path("seg.ts")))
	x.gone("seg.ts")
	check(t, os.RemoveAll(x.path("hi")))
	x.gone("hi/seg.ts")
	x.scanned("timer", 3)
}

func TestNotifierFails(t *testing.T) {
	t.Parallel()
	x := newWatch(t, t.TempDir(), nil)
	x.write("seg.ts", "bytes")
	r := newRun(x.w, x.facts)
	defer r.close()
	r.arming = closeWriteArming(t.Context())
	check(t, r.notify())
	turn := func() {
		for len(r.scans) > 0 || !r.work.idle() {
			r.step(t.Context().Done())
		}
	}
	r.checkRoot()
	turn()
	r.failed(errors.New("read failed"))
	turn()
	if r.fatal != nil || r.root == nil {
		t.Fatalf("the first failure was not mended: %v", r.fatal)
	}
	if len(r.armed) != 1 || len(r.out) != 1 {
		t.Errorf("armed %d folders, reported %d files, want 1 and 1", len(r.armed), len(r.out))
	}
	x.write("later.ts", "later")
	if ev := <-r.notifier.Events; ev.Name != x.path("later.ts") {
		t.Errorf("got %v", ev)
	}
	r.failed(errors.New("read failed again"))
	if r.fatal == nil {
		t.Error("the second failure within a moment was not fatal")
	}
}

// TestFoldersTooDeep makes folders within folders, before and after the start, and moves some up and down.
func TestFoldersTooDeep(t *testing.T) {
	t.Parallel()
	nested := func(name string, n int) string { return strings.Repeat(name+"/", n) }
	x := newWatch(t, t.TempDir(), func(c *Config) { c.Rescan = patient / 1000 })
	for _, top := range []string{"a", "b"} {
		check(t, os.MkdirAll(x.path(nested(top, maxDepth+3)), 0o755))
		x.write(nested(top, maxDepth+1)+"deep.ts", "deep")
		x.write(nested(top, maxDepth)+"seg.ts", top)
	}
	x.run()
	if got := x.collect(2); got[nested("a", maxDepth)+"seg.ts"] != "a" || got[nested("b", maxDepth)+"seg.ts"] != "b" {
		t.Errorf("got %v", got)
	}
	x.scanned("timer", 2)
	check(t, os.Mkdir(x.path("c"), 0o755))
	x.write("c/seg.ts", "c")
	x.settled("c/seg.ts", "c")
	check(t, os.Rename(x.path("c"), x.path(nested("a", maxDepth)+"c"))) // is out of sight there
	x.gone("c/seg.ts")
	x.obs.until(t, "refusals", func(r *recorder) bool { return r.refused[hls.RefusedDeep] == 3 && r.folders == 1+2*maxDepth })
	x.scanned("timer", 4)
	x.barrier()
	check(t, os.Rename(x.path(nested("a", maxDepth+1)), x.path("up")))
	x.settled("up/deep.ts", "deep")
	if log := x.log.String(); strings.Count(log, "reason=deep") != 1 {
		t.Errorf("log:\n%s", log)
	}
}

// TestPathsTooLong has files at and beyond the longest path, met by the scan and by events, and one that is moved to where its path
// is short enough.
func TestPathsTooLong(t *testing.T) {
	t.Parallel()
	x := newWatch(t, t.TempDir(), func(c *Config) { c.LongestPath = 20 })
	long := strings.Repeat("n", 14)
	check(t, os.Mkdir(x.path(long), 0o755))
	x.write(long+"/1.ts", "at rest")
	x.write(long+"/123456.ts", "refused")
	x.write(long+"/temporary.tmp", "none of ours")
	x.run()
	x.settled(long+"/1.ts", "at rest")
	x.write(long+"/ééé.ts", "counted in bytes")
	x.write(long+"/seg12345.m3u8", "#EXTM3U\n")
	check(t, os.MkdirAll(x.path(long+"/folder"), 0o755))
	x.write(long+"/folder/1.ts", "refused")
	x.obs.until(t, "refusals", func(r *recorder) bool { return r.refused[hls.RefusedLong] >= 4 })
	check(t, os.Rename(x.path(long+"/123456.ts"), x.path("2.ts")))
	x.settled("2.ts", "refused")
	x.write(long+"/2.ts", "next")
	x.settled(long+"/2.ts", "next")
	if log := x.log.String(); strings.Count(log, "reason=long") != 1 || !strings.Contains(log, "cure=") {
		t.Errorf("log:\n%s", log)
	}
}
