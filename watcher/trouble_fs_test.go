package watcher

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// failing has the machine fail at what is named name, while it is told to.
type failing struct {
	name string
	err  error
	on   atomic.Bool
	met  chan struct{} // one token for each failure, as far as there is room
}

func newFailing(name string, err error) *failing {
	return &failing{name: name, err: err, met: make(chan struct{}, 1000)}
}

// at returns the error of an act on name, nil if it is none of those that fail.
func (f *failing) at(act, name string) error {
	if !f.on.Load() || filepath.Base(name) != f.name {
		return nil
	}
	select {
	case f.met <- struct{}{}:
	default:
	}
	return &fs.PathError{Op: act, Path: name, Err: f.err}
}

// meet waits for a failure.
func (f *failing) meet(t *testing.T) {
	t.Helper()
	select {
	case <-f.met:
	case <-time.After(patient):
		t.Fatalf("waited %v for %v at %s", patient, f.err, f.name)
	}
}

// lstats, opens and lists make those acts fail.
func (f *failing) lstats(w *Watcher) {
	lstat := w.sys.lstat
	w.sys.lstat = func(root *os.Root, name string) (fs.FileInfo, error) {
		if err := f.at("lstat", name); err != nil {
			return nil, err
		}
		return lstat(root, name)
	}
}

func (f *failing) opens(w *Watcher) {
	open := w.sys.open
	w.sys.open = func(root *os.Root, name string, flags int) (*os.File, error) {
		if err := f.at("open", name); err != nil {
			return nil, err
		}
		return open(root, name, flags)
	}
}

func (f *failing) lists(w *Watcher) {
	list := w.sys.list
	w.sys.list = func(dir *os.File) ([]fs.DirEntry, error) {
		if err := f.at("read", dir.Name()); err != nil {
			return nil, err
		}
		return list(dir)
	}
}

// TestOthersCloseFirst: where descriptors are short, those give theirs whose files lose nothing, and what is held here stays open.
func TestOthersCloseFirst(t *testing.T) {
	t.Parallel()
	f := newFailing("second.ts", syscall.EMFILE)
	asked := 0
	x := newWatch(t, t.TempDir(), func(c *Config) {
		c.Spare = func() bool {
			asked++ // looks at one file come one after the other
			f.on.Store(asked < 3)
			return true
		}
	}, f.opens)
	x.run()
	x.write("first.ts", "bytes")
	first := x.settled("first.ts", "bytes")
	f.on.Store(true)
	x.write("second.ts", "more")
	x.settled("second.ts", "more")
	check(t, os.Remove(x.path("first.ts")))
	if got := string(read(t, first)); got != "bytes" || asked != 3 {
		t.Errorf("got %q, asked %d times", got, asked)
	}
}

// TestMachineErrorsAreNoPropertyOfAFolder has a folder that cannot be looked at for want of something, and is scanned
// soon after that is there again: the timer of this test never rings.
func TestMachineErrorsAreNoPropertyOfAFolder(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		err  error
		act  func(*failing) option
	}{
		{"no descriptor to open it", syscall.EMFILE, func(f *failing) option { return f.opens }},
		{"no memory to list it", syscall.ENOMEM, func(f *failing) option { return f.lists }},
		{"its disk fails", syscall.EIO, func(f *failing) option { return f.lists }},
		{"its server does not answer", syscall.ETIMEDOUT, func(f *failing) option { return f.lstats }},
		{"its server is no longer connected", syscall.ENOTCONN, func(f *failing) option { return f.lstats }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFailing("hi", c.err)
			f.on.Store(true)
			x := newWatch(t, t.TempDir(), nil, c.act(f))
			check(t, os.Mkdir(x.path("hi"), 0o755))
			x.write("hi/seg.ts", "bytes")
			x.run()
			for range 3 {
				f.meet(t)
			}
			f.on.Store(false)
			x.settled("hi/seg.ts", "bytes")
			x.write("hi/later.ts", "by an event")
			x.settled("hi/later.ts", "by an event")
			if log := x.log.String(); strings.Count(log, "the machine fails") != 1 || !strings.Contains(log, "cure=") {
				t.Errorf("log:\n%s", log)
			}
			x.obs.until(t, "nothing refused", func(r *recorder) bool { return len(r.refused) == 0 })
		})
	}
}

// TestMachineErrorsAreNoPropertyOfAFile has files that cannot be looked at for a while, before and after they were
// reported, by an event, a scan and a question.
func TestMachineErrorsAreNoPropertyOfAFile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		err  error
		act  func(*failing) option
		// blind: not even the name can be looked up.
		blind bool
	}{
		{"its disk fails", syscall.EIO, func(f *failing) option { return f.opens }, false},
		{"no memory for its inode", syscall.ENOMEM, func(f *failing) option { return f.lstats }, true},
		{"no descriptor in the machine", syscall.ENFILE, func(f *failing) option { return f.opens }, false},
		{"its server forgot it", syscall.ESTALE, func(f *failing) option { return f.lstats }, true},
		{"its server is away", syscall.EHOSTUNREACH, func(f *failing) option { return f.lstats }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			f := newFailing("seg.ts", c.err)
			x := newWatch(t, t.TempDir(), nil, c.act(f))
			f.on.Store(true)
			x.write("seg.ts", "at rest")
			x.run()
			f.meet(t)
			x.scanned("start", 1)
			f.on.Store(false)
			x.settled("seg.ts", "at rest")
			f.on.Store(true)
			x.write("seg.ts", "witnessed")
			f.meet(t)
			f.on.Store(false)
			x.settled("seg.ts", "witnessed")
			f.on.Store(true)
			x.w.Look("seg.ts")
			f.meet(t)
			f.on.Store(false)
			x.settled("seg.ts", "witnessed")
			f.on.Store(true)
			check(t, os.Remove(x.path("seg.ts")))
			if c.blind {
				x.barrier() // whether it is gone is not known
			}
			f.on.Store(false)
			x.gone("seg.ts")
			x.obs.until(t, "nothing refused", func(r *recorder) bool { return len(r.refused) == 0 })
		})
	}
}

// TestSweepForgetsNothingThatCannotBeLookedAt has a listing miss a file that is there, as one of a folder that changes may.
func TestSweepForgetsNothingThatCannotBeLookedAt(t *testing.T) {
	t.Parallel()
	f := newFailing("seg.ts", syscall.EIO)
	x := newWatch(t, t.TempDir(), func(c *Config) { c.Rescan = patient / 1000 }, f.lstats, func(w *Watcher) {
		list := w.sys.list
		w.sys.list = func(dir *os.File) ([]fs.DirEntry, error) {
			all, err := list(dir)
			if f.on.Load() {
				all = nil
			}
			return all, err
		}
	})
	x.write("seg.ts", "bytes")
	x.run()
	x.settled("seg.ts", "bytes")
	f.on.Store(true)
	f.meet(t)
	x.obs.until(t, "scans", func(r *recorder) bool { return r.scanned["timer"] >= 3 })
	f.on.Store(false)
	x.barrier()
}

// TestMachineFailsAtTheDirectory has no descriptor for the directory itself, at the start and when it is made anew.
func TestMachineFailsAtTheDirectory(t *testing.T) {
	t.Parallel()
	f := newFailing(".", syscall.EMFILE)
	f.on.Store(true)
	x := newWatch(t, t.TempDir(), nil, f.opens)
	x.write("seg.ts", "bytes")
	x.run()
	f.meet(t)
	f.on.Store(false)
	x.settled("seg.ts", "bytes")
	if rest := x.stop(); len(rest) > 0 {
		t.Errorf("reported %v", paths(rest))
	}
}

func TestErrorsOfTheMachine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	check(t, err)
	defer func() { check(t, root.Close()) }()
	check(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o644))
	check(t, os.Symlink("/", filepath.Join(dir, "out")))
	check(t, os.Symlink("loop", filepath.Join(dir, "loop")))
	for _, name := range []string{"missing", "file/below", "out/etc", "loop/below", strings.Repeat("x", 300)} {
		if _, err := root.Lstat(name); !absent(err) || ofMachine(err) {
			t.Errorf("%s: %v is none of the file", name, err)
		}
	}
	for _, errno := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.EIO, syscall.ENOBUFS,
		syscall.EINTR, syscall.ESTALE, syscall.ETIMEDOUT, syscall.EHOSTDOWN, syscall.ENXIO} {
		if err := fmt.Errorf("open: %w", errno); !ofMachine(err) || absent(err) || cure(err) == "" {
			t.Errorf("%v is none of the machine", err)
		}
	}
	for _, err := range []error{nil, fs.ErrPermission, syscall.EACCES, syscall.EPERM, errors.New("escapes"), &notRegular{}} {
		if ofMachine(err) {
			t.Errorf("%v is one of the machine", err)
		}
	}
	if again(0) != firstAgain || again(3) != 8*firstAgain || again(1000) != lastAgain {
		t.Errorf("got %v, %v, %v", again(0), again(3), again(1000))
	}
}
