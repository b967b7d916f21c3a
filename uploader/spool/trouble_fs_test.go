package spool

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/openfile"
)

// clock is a time that the test moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// fault is an error that a system call yields while it is set.
type fault struct {
	mu  sync.Mutex
	err error
}

func (f *fault) set(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

func (f *fault) get() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// TestErrors: what concerns the folder pauses the spool, what concerns a file does not; the log has one line.
func TestErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err    error
		pauses bool
		cure   string
	}{
		{syscall.EROFS, true, "let this user write to it"},
		{syscall.EACCES, true, "let this user write to it"},
		{syscall.ENOSPC, true, "free space or inodes"},
		{syscall.EDQUOT, true, "free space or inodes"},
		{syscall.EIO, true, "see the error"},
		{syscall.EPERM, false, "protected_hardlinks"},
		{syscall.EXDEV, false, "put the spool on the file system"},
		{syscall.EMLINK, false, "see the error"},
		{syscall.EOPNOTSUPP, false, "see the error"},
		{syscall.ENOENT, false, "have it keep its files"},
	} {
		t.Run(tt.err.Error(), func(t *testing.T) {
			t.Parallel()
			c, broken := &clock{now: time.Now()}, &fault{err: tt.err}
			x := start(t, func(_ *Config, sys *system) {
				sys.now = c.Now
				sys.clone = func(_, _ *os.File) error { return syscall.ENOTTY }
				sys.link = func(o original, to *os.File, name string) error {
					if err := broken.get(); err != nil {
						return err
					}
					return link(o, to, name)
				}
			})
			for i := range 3 {
				name := fmt.Sprintf("hi/%d.ts", i)
				x.write(name, "bytes")
				f := x.try(name)
				if pinned, _ := x.spool.Used(); pinned > 0 == tt.pauses || slices.Contains(x.obs.ways, hls.PinnedOpen) == tt.pauses {
					t.Fatalf("%d pinned, by %q", pinned, x.obs.ways)
				}
				x.want(f, "bytes")
				c.add(pause + 1) // the next is tried, and fails
			}
			level := "level=INFO" // as it is copied later
			if tt.pauses {
				level = "level=WARN"
			}
			if n := x.obs.lines("level="); n != 1 || x.obs.lines(level) != 1 || x.obs.lines(tt.cure) != 1 {
				t.Errorf("%d lines, want one at %s that says %q: %s", n, level, tt.cure, x.obs.log.String())
			}
			x.try("hi/0.ts")
			broken.set(nil)
			x.write("hi/new.ts", "bytes")
			f := x.try("hi/new.ts")
			if paused := f.Source == nil; paused != tt.pauses {
				t.Fatalf("paused: %v", paused)
			}
			if tt.pauses {
				c.add(pause)
				f = x.try("hi/new.ts")
				if x.obs.lines("works again") != 1 {
					t.Error("no line that it works again")
				}
			}
			x.want(f, "bytes")
			if got := x.onDisk(); len(got) != 4 { // those that were held meanwhile, too
				t.Errorf("on disk: %q", got)
			}
		})
	}
}

// mount mounts a small file system, or skips the test.
func mount(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("mounting is not allowed here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmount: %v", err)
		}
	})
	return dir
}

// TestFull fills a real file system, with bytes and with inodes, under copies and links.
func TestFull(t *testing.T) {
	for _, tt := range []struct{ name, options string }{
		{"bytes", "size=256k"}, {"inodes", "size=16m,nr_inodes=24"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			where := mount(t, tt.options)
			c := &clock{now: time.Now()}
			x := start(t, func(conf *Config, sys *system) {
				conf.Spool, sys.now = filepath.Join(where, "spool"), c.Now
			})
			body := strings.Repeat("b", 20_000)
			pinned := 0
			for i := range 40 {
				name := fmt.Sprintf("%d.ts", i)
				x.write(name, body)
				f := x.try(name)
				if f.Source == nil {
					break
				}
				x.pass()
				pinned, _ = x.spool.Used()
				if got, err := text(f); err != nil || got != body {
					t.Errorf("%s: %v, %d bytes", name, err, len(got))
				}
			}
			if pinned < 3 || pinned > 30 || x.obs.lines("level=WARN") != 1 || x.obs.lines("free space or inodes") != 1 {
				t.Fatalf("%d pinned: %s", pinned, x.obs.log.String())
			}
			parts, err := os.ReadDir(filepath.Join(x.spool.folder, part))
			if err != nil || len(parts) != 0 {
				t.Errorf("half a copy is left: %v and %v", parts, err)
			}
			x.wantUsed(pinned, int64(pinned*len(body)))
			// Another Open copes with it, too.
			x.spool.Close()
			x.open(func(conf *Config, _ *system) { conf.Spool = filepath.Join(where, "spool") })
			if got := len(x.spool.Recovered()); got != pinned {
				t.Errorf("recovered %d, want %d", got, pinned)
			}
			for _, f := range x.spool.Recovered() {
				if got, err := text(f); err != nil || got != body {
					t.Errorf("%s recovered: %v, %d bytes", f.Path, err, len(got))
				}
			}
		})
	}
}

// TestReadOnly watches a directory that nobody may write to.
func TestReadOnly(t *testing.T) {
	where := mount(t, "size=1m")
	if err := os.WriteFile(filepath.Join(where, "a.ts"), []byte("bytes"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tmpfs", where, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	x := &stage{T: t, dir: where}
	x.open(nil)
	x.try("a.ts")
	if n := x.obs.lines("level=WARN"); n != 1 || x.obs.lines("let this user write to it") != 1 || x.obs.lastWay() != hls.PinnedOpen {
		t.Errorf("%s: %s", x.obs.lastWay(), x.obs.log.String())
	}
	if x.spool.Recovered() != nil {
		t.Error("recovered something")
	}
	if err := syscall.Mount("tmpfs", where, "tmpfs", syscall.MS_REMOUNT, ""); err != nil {
		t.Fatal(err)
	}
	x.spool.retry = time.Time{}
	x.spool.serve(t.Context(), &usage{})
	x.want(x.try("a.ts"), "bytes")
	if x.obs.lines("works again") != 1 {
		t.Error("no line that it works again")
	}
}

// TestFolderRemoved: somebody removes the whole watched directory and makes it anew.
func TestFolderRemoved(t *testing.T) {
	t.Parallel()
	for _, moved := range []bool{false, true} {
		t.Run(fmt.Sprint("moved ", moved), func(t *testing.T) {
			t.Parallel()
			x := start(t, func(c *Config, _ *system) { c.Hold = 2 })
			a, b, c := x.pinText("a.ts", "a"), x.pinText("b.ts", "b"), x.pinText("c.ts", "c")
			if moved {
				x.must(os.Rename(x.dir, x.dir+".old"))
				t.Cleanup(func() { x.must(os.RemoveAll(x.dir + ".old")) })
			} else {
				x.must(os.RemoveAll(x.dir))
			}
			x.must(os.Mkdir(x.dir, 0o755))
			if moved {
				x.want(a, "a")
			} else {
				x.wantGone(a) // beyond Hold
			}
			x.want(b, "b")
			x.want(c, "c")
			keep(b)
			x.spool.serve(t.Context(), &usage{})
			d := x.pinText("d.ts", "d")
			keep(d)
			x.want(d, "d")
			for _, f := range []string{"a", "b", "c"} {
				if x.obs.lines("path="+f+".ts") > 1 {
					t.Errorf("the log repeats itself: %s", x.obs.log.String())
				}
			}
			if moved { // the packager moves a segment back; it is pinned anew, where it is found
				x.must(os.Rename(x.dir+".old/b.ts", x.path("b.ts")))
				again := x.pin("b.ts")
				x.wantUsed(4, 4)
				if got := x.onDisk(); len(got) != 2 || !strings.HasPrefix(got[0], "named/b.ts@") {
					t.Errorf("on disk: %q", got)
				}
				again.Source.Release()
			}
			a.Source.Release()
			b.Source.Release()
			c.Source.Release()
			x.wantUsed(1, 1)
			if got := x.onDisk(); len(got) != 1 || !strings.HasPrefix(got[0], "named/d.ts@") {
				t.Errorf("on disk: %q", got)
			}
			x.spool.serve(t.Context(), &usage{})
			if n := x.obs.lines("moved or removed"); n != 1 {
				t.Errorf("%d lines about it, want 1", n)
			}
		})
	}
}

func TestDirectoryComesLater(t *testing.T) {
	t.Parallel()
	c := &clock{now: time.Now()}
	x := &stage{T: t, dir: filepath.Join(t.TempDir(), "later")}
	x.open(func(_ *Config, sys *system) { sys.now = c.Now })
	if _, err := os.Stat(x.dir); err == nil {
		t.Error("the spool made the watched directory")
	}
	x.must(os.Mkdir(x.dir, 0o755))
	c.add(pause)
	x.spool.serve(t.Context(), &usage{})
	x.want(x.pinText("a.ts", "bytes"), "bytes")
}

// TestSpoolComesLater finds what an earlier process left once the disk of the spool is mounted.
func TestSpoolComesLater(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	f := x.pinText("a.ts", "bytes")
	keep(f)
	x.remove("a.ts")
	x.spool.Close()
	var late []hls.File
	c := &clock{now: time.Now()}
	x.must(os.Rename(x.dir, x.dir+".away")) // it is not mounted yet
	x.open(func(config *Config, sys *system) {
		sys.now = c.Now
		config.Late = func(_ context.Context, all []hls.File) { late = append(late, all...) }
	})
	if got := x.spool.Recovered(); len(got) > 0 {
		t.Fatalf("recovered %q without a folder", names(got))
	}
	x.must(os.Rename(x.dir+".away", x.dir))
	c.add(pause)
	x.spool.serve(t.Context(), &usage{})
	if got := strings.Join(names(late), " "); got != "a.ts" || !late[0].Named {
		t.Fatalf("got %q late, want a.ts, named", got)
	}
	x.want(late[0], "bytes")
	x.wantUsed(1, 5)
	x.want(x.pinText("b.ts", "more"), "more")
	x.spool.serve(t.Context(), &usage{})
	if len(late) != 1 {
		t.Errorf("got %q late, want a.ts once", names(late))
	}
}

// TestFlush: what is older than a second is flushed, once: the bytes first, then the folders up to the top.
func TestFlush(t *testing.T) {
	t.Parallel()
	c := &clock{now: time.Now()}
	var order []string
	var x *stage
	x = start(t, func(conf *Config, sys *system) {
		conf.Hold = 1
		sys.now = c.Now
		sys.sync = func(f *os.File) error {
			name := strings.TrimPrefix(filepath.ToSlash(f.Name()), filepath.ToSlash(x.spool.folder)+"/.")
			name, _, _ = strings.Cut(name, "@")
			order = append(order, name)
			return f.Sync()
		}
	})
	round := func(want ...string) {
		t.Helper()
		order = nil
		x.spool.serve(t.Context(), &usage{})
		if got := strings.Join(order, " "); got != strings.Join(want, " ") {
			t.Errorf("flushed %s, want %s", got, want)
		}
	}
	a := x.pinText("hi/a.ts", "bytes")
	round()
	c.add(durableAfter)
	b := x.pinText("hi/b.ts", "bytes")
	round("/settled/hi/a.ts", "/settled/hi", "/settled", "/.")
	round()
	keep(a)
	round("/named/hi", "/named", "/.")
	keep(b)
	c.add(durableAfter)
	b.Source.Release()
	round()
	// A disk that fails is told of once, and not asked again.
	x.spool.sys.sync = func(*os.File) error { return syscall.EIO }
	x.pinText("c.ts", "bytes")
	x.pinText("d.ts", "bytes")
	c.add(durableAfter)
	round()
	if n := x.obs.lines("cannot be flushed"); n != 1 {
		t.Errorf("%d lines about a failing disk, want 1", n)
	}
	// An end of Run is not held up by what is left to flush.
	ctx, stop := context.WithCancel(t.Context())
	stop()
	x.spool.sys.sync = func(*os.File) error { t.Error("flushed after the end"); return nil }
	x.pinText("e.ts", "bytes")
	c.add(durableAfter)
	x.spool.serve(ctx, &usage{})
}

func TestEmptyFoldersGo(t *testing.T) {
	t.Parallel()
	c := &clock{now: time.Now()}
	x := start(t, func(_ *Config, sys *system) { sys.now = c.Now })
	a, b := x.pinText("2026/11/22/a.ts", "bytes"), x.pinText("2026/b.ts", "bytes")
	keep(a)
	is := func(want bool, folder string) {
		t.Helper()
		if _, err := os.Stat(filepath.Join(x.spool.folder, folder)); (err == nil) != want {
			t.Errorf("%s: %v, want it to be there: %v", folder, err, want)
		}
	}
	c.add(idleAfter + 1)
	x.spool.serve(t.Context(), &usage{})
	is(false, "settled/2026/11")
	is(true, "settled/2026")
	a.Source.Release()
	b.Source.Release()
	x.spool.serve(t.Context(), &usage{})
	is(true, "named/2026/11/22")
	c.add(idleAfter + 1)
	x.spool.serve(t.Context(), &usage{})
	is(false, "named/2026")
	is(false, "settled/2026")
	is(true, "settled")
	x.want(x.pinText("2026/11/22/c.ts", "anew"), "anew")
}

// TestKeepIsRepeated: where the disk is full, Run moves later what Keep could not.
func TestKeepIsRepeated(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	f := x.pinText("hi/a.ts", "bytes")
	x.must(os.WriteFile(filepath.Join(x.spool.folder, named, "hi"), nil, 0o600)) // no folder can be made
	keep(f)
	x.want(f, "bytes")
	x.must(os.Remove(filepath.Join(x.spool.folder, named, "hi")))
	x.spool.serve(t.Context(), &usage{})
	if got := x.onDisk(); len(got) != 1 || !strings.HasPrefix(got[0], "named/hi/a.ts@") {
		t.Errorf("on disk: %q", got)
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	x.pinText("a.ts", "bytes")
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- x.spool.Run(ctx) }()
	select {
	case <-x.obs.usage:
	case <-time.After(20 * time.Second):
		t.Fatal("no usage is told")
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if x.obs.files != 1 || x.obs.bytes != 5 {
		t.Errorf("told %d files, %d bytes", x.obs.files, x.obs.bytes)
	}
}

// TestProtectedHardlinks pins files of another user, which that user may read only.
func TestProtectedHardlinks(t *testing.T) {
	t.Parallel()
	on, err := os.ReadFile("/proc/sys/fs/protected_hardlinks")
	if os.Getuid() != 0 || err != nil || strings.TrimSpace(string(on)) != "1" {
		t.Skip("needs root, to act as another user, and fs.protected_hardlinks")
	}
	x := &stage{T: t, dir: t.TempDir()}
	x.must(os.Chmod(filepath.Dir(x.dir), 0o755))
	x.must(os.Chmod(x.dir, 0o777))
	for _, name := range []string{"a.ts", "b.ts"} {
		x.write(name, "bytes")
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends with its strange user
		if err := syscall.Setfsuid(65534); err != nil {
			t.Error(err)
			return
		}
		s, err := x.tryOpen(func(_ *Config, sys *system) {
			sys.clone = func(_, _ *os.File) error { return syscall.ENOTTY } // it would be taken
			sys.user = func() int { return 65534 }
		})
		if err != nil {
			t.Error(err)
			return
		}
		defer s.Close()
		for _, name := range []string{"a.ts", "b.ts"} {
			f, err := os.Open(x.path(name))
			if err != nil {
				t.Error(err)
				return
			}
			defer f.Close()
			v, err := openfile.Version(f)
			if err != nil {
				t.Error(err)
			}
			if _, ok := s.Pin(name, f, v); !ok {
				t.Errorf("%s is not pinned", name)
			}
		}
		if s.secure(nil, time.Now()); x.obs.lastWay() != hls.PinnedByCopy {
			t.Errorf("kept by %s: %s", x.obs.lastWay(), x.obs.log.String())
		}
	}()
	<-done
	if n := x.obs.lines("level=WARN"); n != 0 || x.obs.lines("fs.protected_hardlinks") != 1 {
		t.Errorf("%d warnings: %s", n, x.obs.log.String())
	}
	x.open(func(_ *Config, sys *system) { sys.user = func() int { return 65534 } })
	if got := names(x.spool.Recovered()); fmt.Sprint(got) != "[a.ts b.ts]" {
		t.Errorf("recovered %q", got)
	}
}
