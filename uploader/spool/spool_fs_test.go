package spool

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/openfile"
)

// cloning has a file system without reflinks look like one that has them; where it has, it is used.
func cloning(_ *Config, sys *system) {
	sys.link = func(original, *os.File, string) error { return syscall.EPERM }
	clone := sys.clone
	sys.clone = func(to, file *os.File) error {
		if err := clone(to, file); err == nil || !cannotClone(err) {
			return err
		}
		_, err := io.Copy(to, io.NewSectionReader(file, 0, 1<<30))
		return err
	}
}

func copying(_ *Config, sys *system) {
	sys.link = func(original, *os.File, string) error { return syscall.EXDEV }
	sys.clone = func(_, _ *os.File) error { return syscall.EOPNOTSUPP }
}

// TestWays has the packager do its worst to files pinned in every way.
func TestWays(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		way    string
		change func(*Config, *system)
		void   bool // by a rewrite in place
	}{
		{hls.PinnedByLink, nil, true},
		{hls.PinnedByLink, func(c *Config, _ *system) { c.Hold = 1 }, true},
		{hls.PinnedByReflink, cloning, false},
		{hls.PinnedByCopy, copying, false},
	} {
		for name, packager := range map[string]func(*stage) bool{
			"left":      func(*stage) bool { return false },
			"removed":   func(x *stage) bool { x.remove("hi/a.ts"); return false },
			"renamed":   func(x *stage) bool { x.must(os.Rename(x.path("hi/a.ts"), x.path("b.ts"))); return false },
			"replaced":  func(x *stage) bool { x.write("t", "other"); return os.Rename(x.path("t"), x.path("hi/a.ts")) != nil },
			"truncated": func(x *stage) bool { x.must(os.Truncate(x.path("hi/a.ts"), 3)); return true },
			"rewritten": func(x *stage) bool { x.write("hi/a.ts", "other"); return true },
			"touched":   func(x *stage) bool { x.must(os.Chtimes(x.path("hi/a.ts"), time.Time{}, time.Unix(5, 0))); return true },
		} {
			t.Run(tt.way+"/"+name, func(t *testing.T) {
				t.Parallel()
				x := start(t, tt.change)
				f := x.pinText("hi/a.ts", "bytes of a")
				x.pinText("hi/z.ts", "one more, beyond a limit of 1")
				x.pass()
				if way := x.obs.lastWay(); way != tt.way {
					t.Fatalf("pinned by %s: %s", way, x.obs.log.String())
				}
				early, err := f.Source.Open()
				x.must(err)
				defer early.Close()
				void := packager(x) && tt.void
				check := func(what string, f hls.File, got string, err error) {
					if void && (err == nil || !errors.Is(err, errVoid)) || !void && (err != nil || got != "bytes of a") {
						t.Errorf("%s: got %q and %v, void: %v", what, got, err, void)
					}
				}
				got, err := text(f)
				check("open", f, got, err)
				got, err = textOf(early, f.Version)
				check("opened before", f, got, err)

				// The next process.
				x.again()
				all := x.spool.Recovered()
				if void {
					if fmt.Sprint(names(all)) != "[hi/z.ts (hi/a.ts)]" || fmt.Sprint(x.obs.dropped) != "[changed]" || x.obs.lines("path=hi/a.ts") != 1 {
						t.Errorf("recovered %q, dropped %q", names(all), x.obs.dropped)
					}
					return
				}
				if len(all) != 2 || all[0].Version != f.Version {
					t.Fatalf("recovered %+v, want %+v", all, f.Version)
				}
				got, err = text(all[0])
				check("recovered", f, got, err)
			})
		}
	}
}

func TestSource(t *testing.T) {
	t.Parallel()
	for _, hold := range []int{1, 10} {
		t.Run(fmt.Sprint("hold ", hold), func(t *testing.T) {
			t.Parallel()
			x := start(t, func(c *Config, _ *system) { c.Hold = hold })
			a := x.pinText("a.ts", "bytes")
			b := x.pinText("b.ts", "more")
			x.remove("a.ts")
			x.remove("b.ts")
			x.wantUsed(2, 9)
			r1, err := a.Source.Open()
			x.must(err)
			r2, err := a.Source.Open()
			x.must(err)
			x.must(r1.Close())
			x.must(r1.Close())
			a.Source.Release()
			a.Source.Release()
			if got, err := textOf(r2, a.Version); err != nil || got != "bytes" {
				t.Errorf("released with a reader open: got %q and %v", got, err)
			}
			x.must(r2.Close())
			if _, err := r2.ReadAt(make([]byte, 1), 0); !errors.Is(err, os.ErrClosed) {
				t.Errorf("read after the last close: %v", err)
			}
			x.wantGone(a)
			x.wantUsed(1, 4)
			keep(a) // too late
			keep(b)
			keep(b)
			if got := x.onDisk(); len(got) != 1 || !strings.HasPrefix(got[0], "named/b.ts@4-") {
				t.Errorf("on disk: %q", got)
			}
			x.want(b, "more")
			b.Source.Release()
			x.wantUsed(0, 0)
			if got := x.onDisk(); len(got) != 0 {
				t.Errorf("on disk: %q", got)
			}
		})
	}
}

// TestSameBytesTwice: the watcher may report a version again.
func TestSameBytesTwice(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	a := x.pinText("a.ts", "bytes")
	keep(a)
	b := x.pin("a.ts")
	x.wantUsed(1, 5)
	a.Source.Release()
	x.remove("a.ts")
	x.want(b, "bytes")
	x.again()
	if all := x.spool.Recovered(); len(all) != 1 || !all[0].Named {
		t.Errorf("recovered %+v, want one that is named", all)
	}
	// What is recovered and still in the directory is one thing, too.
	all := x.spool.Recovered()
	x.must(os.Link(filepath.Join(x.spool.folder, x.onDisk()[0]), x.path("a.ts")))
	c := x.pin("a.ts")
	if c.Version != all[0].Version {
		t.Errorf("got version %+v, want %+v", c.Version, all[0].Version)
	}
	x.wantUsed(1, 5)
	all[0].Source.Release()
	x.want(c, "bytes")
	c.Source.Release()
	x.wantUsed(0, 0)
}

func TestNewBytesOfOneName(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	var all []hls.File
	for i := range 5 {
		x.write("t", fmt.Sprint("bytes ", i))
		x.must(os.Rename(x.path("t"), x.path("a.ts")))
		all = append(all, x.pin("a.ts"))
	}
	for i, f := range all {
		x.want(f, fmt.Sprint("bytes ", i))
		if x.obs.ways[i] != hls.PinnedByLink {
			t.Errorf("pinned by %s: new inodes are no rewriting", x.obs.ways[i])
		}
	}
	x.wantUsed(5, 35)
}

// TestRewritten: a folder whose files are written again in place is reflinked, copied, or at least linked.
func TestRewritten(t *testing.T) {
	t.Parallel()
	linking := func(c *Config, sys *system) { copying(c, sys); sys.link = link }
	for _, tt := range []struct {
		name   string
		size   int // of all files
		change func(*Config, *system)
		want   string
	}{
		{"reflinks", smallFile, func(c *Config, sys *system) { cloning(c, sys); sys.link = link }, hls.PinnedByReflink},
		{"small files", smallFile, linking, hls.PinnedByCopy},
		{"large files", smallFile + 1, linking, hls.PinnedByCopy},
		{"no time of birth", smallFile + 1, func(c *Config, sys *system) {
			copying(c, sys)
			sys.link, sys.born = link, func(*os.File) int64 { return 0 }
		}, hls.PinnedByCopy},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			x := start(t, tt.change)
			text := func(c string) string { return strings.Repeat(c, tt.size) }
			x.pinText("hi/a.ts", text("1"))
			x.write("hi/a.ts", text("2"))
			f := x.pin("hi/a.ts")
			x.pass()
			if way := x.obs.lastWay(); way != tt.want {
				t.Errorf("pinned by %s, want %s", way, tt.want)
			}
			x.want(f, text("2"))
			x.pinText("hi/b.ts", text("3"))
			x.pass()
			if way := x.obs.lastWay(); way != tt.want {
				t.Errorf("its neighbour is pinned by %s, want %s", way, tt.want)
			}
			x.pinText("lo/b.ts", text("4"))
			if way := x.obs.lastWay(); way != hls.PinnedByLink {
				t.Errorf("in another folder: pinned by %s, want %s", way, hls.PinnedByLink)
			}
			if n := x.obs.lines("in place"); n != 1 {
				t.Errorf("%d lines about it, want 1", n)
			}
		})
	}
	t.Run("inode numbers are given anew", func(t *testing.T) {
		t.Parallel()
		births := int64(0)
		x := start(t, func(_ *Config, sys *system) { sys.born = func(*os.File) int64 { births++; return births } })
		x.pinText("a.ts", "first").Source.Release()
		x.write("a.ts", "second") // the same inode, said to be another
		x.pin("a.ts")
		if n := x.obs.lines("in place"); n != 0 {
			t.Error("taken for rewriting")
		}
	})
}

func TestTouch(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	x.pinText("z.key", "0123456789abcdef")
	f := x.pinText("k.key", "fedcba9876543210")
	now := time.Unix(1_700_000_000, 0)
	x.must(os.Chtimes(x.path("k.key"), now, now))
	f.Source.(interface{ Touch(int64) }).Touch(now.UnixNano())
	x.want(f, "fedcba9876543210")
	again := x.pin("k.key") // reported with its new time
	if x.obs.lastWay() != hls.PinnedByLink || x.obs.lines("in place") != 0 {
		t.Errorf("a touch is taken for rewriting")
	}
	x.wantUsed(2, 32)
	f.Source.Release()
	x.remove("k.key")
	x.want(again, "fedcba9876543210")
	x.again()
	all := x.spool.Recovered()
	if len(all) != 2 || all[0].Path != "k.key" || all[0].Version != again.Version {
		t.Fatalf("recovered %+v", all)
	}
	x.want(all[0], "fedcba9876543210")
}

// TestUnlinkedBeforePin: VLC removes its last segment within milliseconds.
func TestUnlinkedBeforePin(t *testing.T) {
	t.Parallel()
	x := start(t, func(c *Config, sys *system) { copying(c, sys); sys.link = link })
	x.write("hi/a.ts", "bytes")
	f, err := os.Open(x.path("hi/a.ts"))
	x.must(err)
	v, err := openfile.Version(f)
	x.must(err)
	x.remove("hi/a.ts")
	src, ok := x.spool.Pin("hi/a.ts", f, v)
	if !ok {
		t.Fatal("not taken")
	}
	x.pass()
	if way := x.obs.lastWay(); way != hls.PinnedByCopy {
		t.Errorf("kept by %s, want %s", way, hls.PinnedByCopy)
	}
	x.want(hls.File{Path: "hi/a.ts", Version: v, Source: src}, "bytes")
	x.pinText("hi/b.ts", "the next is linked")
	if way := x.obs.lastWay(); way != hls.PinnedByLink {
		t.Errorf("the next is pinned by %s", way)
	}
}

// TestLinkByName is the way where the kernel does not link by descriptor.
func TestLinkByName(t *testing.T) {
	t.Parallel()
	x := start(t, func(_ *Config, sys *system) {
		sys.link, sys.clone = linkByName, func(_, _ *os.File) error { return syscall.ENOTTY }
	})
	x.want(x.pinText("hi/a.ts", "bytes"), "bytes")
	if way := x.obs.lastWay(); way != hls.PinnedByLink {
		t.Errorf("pinned by %s", way)
	}
	for name, packager := range map[string]func() error{
		"another file": func() error { x.write("t", "other"); return os.Rename(x.path("t"), x.path("hi/b.ts")) },
		"a link":       func() error { x.remove("hi/b.ts"); return os.Symlink("a.ts", x.path("hi/b.ts")) },
		"nothing":      func() error { return os.Remove(x.path("hi/b.ts")) },
	} {
		x.write("hi/b.ts", "bytes of b")
		f, err := os.Open(x.path("hi/b.ts"))
		x.must(err)
		v, err := openfile.Version(f)
		x.must(err)
		x.must(packager())
		src, ok := x.spool.Pin("hi/b.ts", f, v)
		if x.pass(); !ok || x.obs.lastWay() != hls.PinnedByCopy {
			t.Fatalf("%s in its place: taken: %v, by %s", name, ok, x.obs.lastWay())
		}
		x.want(hls.File{Path: "hi/b.ts", Version: v, Source: src}, "bytes of b") // of what is open
		x.wantUsed(2, 15)
		src.Release()
		x.wantUsed(1, 5)
		_ = os.Remove(x.path("hi/b.ts"))
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	good := []string{
		"seg_1.ts", "a/b/c/d/e.m4s", "späße/日本語 🎬.ts", "with space/@1-2-3.ts", "a@b.ts", "-dash.ts", `back\slash.ts`,
		strings.Repeat("d", 255) + "/x.ts", strings.Repeat("n", 200) + ".ts", "settled/named/part/lock", ".hidden.ts",
		strings.Repeat("deep/", maxDepth-1) + "x.ts",
	}
	for i, name := range good {
		f := x.pinText(name, fmt.Sprint("bytes of ", i))
		keep(f)
		x.remove(name)
		x.want(f, fmt.Sprint("bytes of ", i))
	}
	x.again()
	if got := names(x.spool.Recovered()); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", good) {
		t.Errorf("recovered %q, want %q", got, good)
	}
	for i, f := range x.spool.Recovered() {
		x.want(f, fmt.Sprint("bytes of ", i))
		f.Source.Release()
	}
	long := strings.Repeat("n", 252) + ".ts"
	for _, name := range []string{long, "x.ts.tmp"} {
		x.write(name, "bytes")
		if f := x.try(name); f.Source != nil || x.obs.lastWay() != hls.PinnedOpen {
			t.Errorf("%s is pinned by %s", name, x.obs.lastWay())
		}
	}
	if n := x.obs.lines("shorter names"); n != 1 {
		t.Errorf("%d lines about long names, want 1", n)
	}
	f, err := os.Open(x.path(long))
	x.must(err)
	defer f.Close()
	for _, name := range []string{"../x.ts", "/x.ts", "a/../x.ts", "", ".", "a//x.ts", "a\nb.ts", "a\xff.ts", "a\x00.ts"} {
		if _, ok := x.spool.Pin(name, f, hls.Version{}); ok {
			t.Errorf("%q is pinned", name)
		}
	}
	x.wantUsed(0, 0)
}

func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	x := start(t, func(c *Config, sys *system) {
		c.Hold = 1
		began := time.Now()
		sys.now = func() time.Time { return began.Add(time.Since(began) * 10_000) } // everything is old at once
	})
	ctx, stop := context.WithCancel(t.Context())
	var run, all sync.WaitGroup
	run.Go(func() {
		var told usage
		for ctx.Err() == nil {
			x.spool.serve(ctx, &told)
		}
	})
	for i := range 6 {
		name := fmt.Sprintf("%d/a.ts", i%2) // three share each name
		if i < 2 {
			x.write(name, "bytes of "+name)
		}
		all.Go(func() {
			for n := range 150 {
				f := x.pin(name)
				var users sync.WaitGroup
				users.Go(func() { keep(f) })
				users.Go(func() { f.Source.(interface{ Touch(int64) }).Touch(f.Version.ModTime) })
				for range 2 {
					users.Go(func() {
						got, err := text(f)
						released := n%2 == 1 && errors.Is(err, fs.ErrNotExist)
						if !released && (err != nil || got != "bytes of "+name) {
							x.Errorf("%s: got %q and %v", name, got, err)
						}
					})
				}
				if n%2 == 0 {
					users.Wait()
				}
				f.Source.Release()
				users.Wait()
			}
		})
	}
	all.Wait()
	stop()
	run.Wait()
	x.wantUsed(0, 0)
	if got := x.onDisk(); len(got) != 0 {
		t.Errorf("on disk: %q", got)
	}
	if len(x.spool.entries) != 0 || x.spool.hands.count() != 0 {
		t.Errorf("%d entries and %d open files are left", len(x.spool.entries), x.spool.hands.count())
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	f := x.pinText("a.ts", "bytes")
	g := x.pinText("b.ts", "more")
	x.spool.Close()
	x.spool.Close()
	f.Source.Release()
	keep(g)
	x.write("c.ts", "late")
	if f := x.try("c.ts"); f.Source != nil {
		t.Error("pinned after Close")
	}
	if x.obs.lines("level=WARN") != 0 {
		t.Errorf("the log after Close: %s", x.obs.log.String())
	}
	x.again()
	if got := names(x.spool.Recovered()); fmt.Sprint(got) != "[a.ts b.ts]" {
		t.Errorf("recovered %q", got)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	if _, err := Open(Config{}); err == nil {
		t.Error("no directory: no error")
	}
	if _, err := Open(Config{Dir: t.TempDir(), Hold: -1}); err == nil {
		t.Error("negative Hold: no error")
	}
}

func TestInUse(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	f := x.pinText("a.ts", "bytes")
	_, err := Open(Config{Dir: x.dir})
	e, ok := errors.AsType[*InUseError](err)
	if !ok || e.PID != fmt.Sprint(os.Getpid()) || !strings.Contains(err.Error(), "in use by process "+e.PID) {
		t.Fatalf("got %v", err)
	}
	x.want(f, "bytes")
	if fi, err := os.Stat(x.spool.folder); err != nil || fi.Mode().Perm() != 0o700 {
		t.Errorf("spool folder: %v and %v", fi.Mode(), err)
	}
	x.again()
	if len(x.spool.Recovered()) != 1 {
		t.Error("not recovered once it is free")
	}
}

func TestSpoolElsewhere(t *testing.T) {
	t.Parallel()
	where := filepath.Join(t.TempDir(), "deep", "spool")
	x := start(t, func(c *Config, _ *system) { c.Spool = where })
	f := x.pinText("a.ts", "bytes")
	x.remove("a.ts")
	x.want(f, "bytes")
	if _, err := os.Stat(x.path(DefaultFolder)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the watched directory has a spool folder: %v", err)
	}
	if got := x.onDisk(); len(got) != 1 || x.spool.folder != where {
		t.Errorf("on disk: %q in %s", got, x.spool.folder)
	}
}

// TestChangedMeanwhile has the packager write a file that is copied at once.
func TestChangedMeanwhile(t *testing.T) {
	t.Parallel()
	var x *stage
	x = start(t, func(c *Config, sys *system) {
		copying(c, sys)
		sys.copy = func(to *os.File, o original) error {
			defer x.write("a.m3u8", "other bytes")
			return copyBytes(to, o)
		}
	})
	x.write("a.m3u8", "bytes")
	if _, err := text(x.try("a.m3u8")); !errors.Is(err, errVoid) {
		t.Errorf("got %v, want that it is void", err)
	}
	if got := x.onDisk(); len(got) != 0 || x.obs.lines("level=WARN") != 0 {
		t.Errorf("on disk: %q; the log: %s", got, x.obs.log.String())
	}
}

// TestAnotherFileInItsPlace has somebody replace the pin itself.
func TestAnotherFileInItsPlace(t *testing.T) {
	t.Parallel()
	x := start(t, func(c *Config, _ *system) { c.Hold = 1 })
	f := x.pinText("a.ts", "bytes")
	x.pinText("b.ts", "has the open file of a.ts closed")
	pin := filepath.Join(x.spool.folder, x.onDisk()[0])
	x.write("other", "other")
	x.must(os.Rename(x.path("other"), pin))
	x.wantGone(f)
}
