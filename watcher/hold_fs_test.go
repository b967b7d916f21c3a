package watcher

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/openfile"
)

func TestUnlinkRightAfterClose(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	// VLC unlinks its last segment 6 ms after closing it. The facts are not taken before that.
	for i := range 20 {
		name := fmt.Sprintf("seg_%d.ts", i)
		x.write(name, name)
		x.obs.until(t, "the file to be held", func(r *recorder) bool { return r.holding == i+1 })
		check(t, os.Remove(x.path(name)))
	}
	for i := range 20 {
		name := fmt.Sprintf("seg_%d.ts", i)
		for {
			f := x.next()
			if f.Path == name && f.Source != nil {
				if got := string(read(t, f)); got != name {
					t.Errorf("got %q, want %q", got, name)
				}
				break
			}
		}
	}
}

func TestUnlinkWhileAProbeIsRepeated(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	answer, asked := some, make(chan struct{}, 100)
	x := start(t, nil, withProbe(func(f *os.File) writer {
		mu.Lock()
		defer mu.Unlock()
		asked <- struct{}{}
		return answer
	}))
	x.write("seg.ts.tmp", "bytes") // its close is seen under a name that is not opened
	x.rename("seg.ts.tmp", "seg.ts")
	<-asked
	mu.Lock()
	check(t, os.Remove(x.path("seg.ts")))
	answer = none
	mu.Unlock()
	x.settled("seg.ts", "bytes")
	x.gone("seg.ts")
}

func TestHoldExceeded(t *testing.T) {
	t.Parallel()
	x := start(t, func(c *Config) { c.Hold = 2 })
	var all []hls.File
	for i := range 4 {
		name := fmt.Sprintf("seg_%d.ts", i)
		x.write(name, fmt.Sprint(i))
		all = append(all, x.settled(name, fmt.Sprint(i)))
	}
	first, second, fourth := all[0], all[1], all[3]
	x.obs.until(t, "two held files", func(r *recorder) bool { return r.holding == 2 })
	read(t, first) // by its name
	check(t, os.Remove(x.path("seg_0.ts")))
	if _, err := first.Source.Open(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open after removal: got %v", err)
	}
	x.write("seg_1.ts.tmp", "1")
	x.rename("seg_1.ts.tmp", "seg_1.ts")
	if _, err := second.Source.Open(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open after replacement: got %v", err)
	}
	check(t, os.Remove(x.path("seg_1.ts")))
	check(t, os.Symlink("seg_2.ts", x.path("seg_1.ts")))
	if _, err := second.Source.Open(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open after replacement by a link: got %v", err)
	}
	fourth.Source.Release()
	x.obs.until(t, "fewer held files", func(r *recorder) bool { return r.holding <= 2 })
}

func TestSource(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	changes := 0
	sys := theSystem()
	h := newHolder(1, &sys, func() { changes++ })
	hold := func(name string) *source {
		check(t, os.WriteFile(filepath.Join(dir, name), []byte(name), 0o644))
		f, err := os.Open(filepath.Join(dir, name))
		check(t, err)
		v, err := openfile.Version(f)
		check(t, err)
		return h.hold(dir, name, v, f)
	}
	a := hold("a")
	r1, err := a.Open()
	check(t, err)
	b := hold("b") // a is let go, r1 still reads it
	check(t, os.Remove(filepath.Join(dir, "a")))
	var one [1]byte
	_, err = r1.ReadAt(one[:], 0)
	check(t, err)
	if one[0] != 'a' || h.count() != 1 {
		t.Errorf("read %q, holding %d", one, h.count())
	}
	if _, err := a.Open(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open: got %v", err)
	}
	check(t, r1.Close())
	check(t, r1.Close())
	if _, err := r1.ReadAt(one[:], 0); !errors.Is(err, os.ErrClosed) {
		t.Errorf("read after close: got %v", err)
	}
	a.Release()

	r2, err := b.Open()
	check(t, err)
	r3, err := b.Open()
	check(t, err)
	b.Release()
	b.Release()
	if _, err := b.Open(); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("open after release: got %v", err)
	}
	check(t, r2.Close())
	_, err = r3.ReadAt(one[:], 0)
	check(t, err)
	if v, err := r3.Version(); err != nil || v != b.version {
		t.Errorf("version: got %v, %v", v, err)
	}
	check(t, os.WriteFile(filepath.Join(dir, "b"), []byte("changed"), 0o644))
	if v, err := r3.Version(); err != nil || v == b.version {
		t.Errorf("version after a change: got %v, %v", v, err)
	}
	check(t, r3.Close())
	if h.count() != 0 || changes == 0 {
		t.Errorf("holding %d after %d changes", h.count(), changes)
	}
}

func TestSourceConcurrently(t *testing.T) {
	t.Parallel()
	x := start(t, func(c *Config) { c.Hold = 4 })
	var wg sync.WaitGroup
	for i := range 50 {
		name := fmt.Sprintf("seg_%d.ts", i)
		x.write(name, name)
		f := x.settled(name, name)
		for range 4 {
			wg.Go(func() {
				for range 20 {
					r, err := f.Source.Open()
					if err != nil {
						return // released by another
					}
					if _, err := r.Version(); err != nil {
						t.Error(err)
					}
					if err := r.Close(); err != nil {
						t.Error(err)
					}
				}
				f.Source.Release()
			})
		}
	}
	wg.Wait()
	x.obs.until(t, "nothing held", func(r *recorder) bool { return r.holding == 0 })
}

func TestOutOfDescriptors(t *testing.T) {
	t.Parallel()
	if !tooManyFiles(fmt.Errorf("open: %w", syscall.EMFILE)) || tooManyFiles(fs.ErrNotExist) || noMoreWatches(nil) {
		t.Error("wrong classes")
	}
	if n := defaultHold(); n < 16 || n > 4096 {
		t.Errorf("default hold %d", n)
	}
}

// TestGoneBeforeItsCloseIsSeen has the machine so busy that a segment is closed and removed before the loop turns again.
func TestGoneBeforeItsCloseIsSeen(t *testing.T) {
	t.Parallel()
	for name, remove := range map[string]func(x *watch){
		"the file":   func(x *watch) { check(t, os.Remove(x.path("live/seg.ts"))) },
		"the folder": func(x *watch) { check(t, os.RemoveAll(x.path("live"))) },
	} {
		for _, content := range []string{"", "some "} {
			t.Run(fmt.Sprintf("%s, %d bytes seen", name, len(content)), func(t *testing.T) {
				t.Parallel()
				asked, busy, met := make(chan struct{}, 10), make(chan struct{}), make(chan struct{}, 10)
				x := newWatch(t, t.TempDir(), nil, withProbe(func(f *os.File) writer {
					if filepath.Base(f.Name()) == "busy.ts" {
						asked <- struct{}{}
						<-busy
					} else if filepath.Base(f.Name()) == "seg.ts" {
						met <- struct{}{}
					}
					return probeWriter(f)
				}))
				check(t, os.Mkdir(x.path("live"), 0o755))
				x.run()
				x.scanned("start", 1)
				seg := x.open("live/seg.ts")
				_, err := seg.WriteString(content)
				check(t, err)
				<-met // it is open
				x.write("busy.ts", "busy")
				<-asked
				_, err = seg.WriteString("bytes")
				check(t, err)
				check(t, seg.Close())
				remove(x)
				x.settled("live/seg.ts", content+"bytes")
				x.gone("live/seg.ts")
				close(busy)
				x.settled("busy.ts", "busy")
			})
		}
	}
}

// TestGoneWhileItIsLookedAt checks that a file that is closed and removed while a look at it has not ended is told of all the
// same, though its folder is removed with it: the look that began before the close proves nothing, and the next one has
// only what that one opened.
func TestGoneWhileItIsLookedAt(t *testing.T) {
	t.Parallel()
	for name, remove := range map[string]func(x *watch){
		"the file":           func(x *watch) { check(t, os.Remove(x.path("live/a/seg.ts"))) },
		"its folder":         func(x *watch) { check(t, os.RemoveAll(x.path("live/a"))) },
		"the folder of that": func(x *watch) { check(t, os.RemoveAll(x.path("live"))) },
	} {
		for _, content := range []string{"", "some "} {
			t.Run(fmt.Sprintf("%s, %d bytes seen", name, len(content)), func(t *testing.T) {
				t.Parallel()
				met, goOn := make(chan struct{}), make(chan struct{})
				once := sync.OnceFunc(func() { close(met) })
				x := newWatch(t, t.TempDir(), nil, withProbe(func(f *os.File) writer {
					w := probeWriter(f)
					if filepath.Base(f.Name()) == "seg.ts" {
						once()
						<-goOn
					}
					return w
				}))
				check(t, os.MkdirAll(x.path("live/a"), 0o755))
				x.run()
				x.scanned("start", 1)
				seg := x.open("live/a/seg.ts")
				_, err := seg.WriteString(content)
				check(t, err)
				<-met // it is open, and somebody writes
				_, err = seg.WriteString("bytes")
				check(t, err)
				check(t, seg.Close())
				remove(x)
				x.barrier() // the removal is known by now
				close(goOn)
				x.settled("live/a/seg.ts", content+"bytes")
			})
		}
	}
}
