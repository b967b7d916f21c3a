package watcher

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/hlsship/hlsship/hls"
)

func TestStopReportsWhatIsSettled(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	var want []string
	for i := range 100 {
		name := fmt.Sprintf("seg_%d.ts", i)
		x.write(name, name)
		want = append(want, name)
	}
	open := x.open("open.ts")
	_, err := open.WriteString("half")
	check(t, err)
	got := paths(x.stop())
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	x.scanned("stop", 1)
}

func TestStopWaitsForAClose(t *testing.T) {
	t.Parallel()
	busy := make(chan struct{}, 1)
	x := start(t, nil, withProbe(func(f *os.File) writer {
		w := probeWriter(f)
		if w == some {
			select {
			case busy <- struct{}{}:
			default:
			}
		}
		return w
	}))
	f := x.open("seg.ts")
	_, err := f.WriteString("whole")
	check(t, err)
	x.barrier()
	for len(busy) > 0 {
		<-busy
	}
	x.cancel()
	<-busy // the last scan met the writer, which closes now
	check(t, f.Close())
	x.settled("seg.ts", "whole")
	if rest := x.stop(); len(rest) > 0 {
		t.Errorf("reported %v", paths(rest))
	}
}

// TestStopHearsWhatIsQueued has the kernel queue many events, of which the last ones say that a playlist is finished, as no
// lease tells. Then the end comes at once.
func TestStopHearsWhatIsQueued(t *testing.T) {
	t.Parallel()
	for name, finish := range map[string]func(x *watch, text string){
		"renamed": func(x *watch, text string) {
			x.write("live.m3u8.tmp", text)
			x.rename("live.m3u8.tmp", "live.m3u8")
		},
		"closed": func(x *watch, text string) { x.write("live.m3u8", text) },
		"renamed twice": func(x *watch, text string) {
			x.write("live.m3u8.tmp", text)
			x.rename("live.m3u8.tmp", "live.m3u8.bak")
			x.rename("live.m3u8.bak", "live.m3u8")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			busy, free := make(chan struct{}), make(chan struct{})
			x := start(t, func(c *Config) { c.Settle = time.Hour }, withProbe(cannotTell), func(w *Watcher) {
				w.config.Observer = &stuck{Observer: w.config.Observer, busy: busy, free: free}
			})
			x.write("first.ts", "first")
			<-busy // the loop does not turn now
			for range 6000 {
				check(t, os.Chmod(x.path("first.ts"), 0o600)) // two files in turn, as the kernel merges equal events
				check(t, os.Chmod(x.dir, 0o755))
			}
			finish(x, playlist("first.ts"))
			x.cancel()
			close(free)
			if got := paths(x.stop()); !slices.Equal(got, []string{"first.ts", "live.m3u8"}) {
				t.Errorf("got %v", got)
			}
		})
	}
}

// stuck is an Observer that stops the loop at the first file.
type stuck struct {
	Observer
	busy, free chan struct{}
	once       sync.Once
}

func (s *stuck) Settled(kind, evidence string) {
	s.once.Do(func() {
		close(s.busy)
		<-s.free
	})
	s.Observer.Settled(kind, evidence)
}

// TestStopWithAnOpenPlaylist has what changed wait for a playlist that stays open until the end.
func TestStopWithAnOpenPlaylist(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(x *watch){
		"removed":   func(x *watch) { check(x.t, os.Remove(x.path("seg.ts"))) },
		"rewritten": func(x *watch) { x.write("seg.ts", "other bytes") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			met := make(chan struct{}, 1)
			x := start(t, nil, withProbe(func(f *os.File) writer {
				if filepath.Base(f.Name()) != "live.m3u8" {
					return probeWriter(f)
				}
				select {
				case met <- struct{}{}:
				default:
				}
				return some
			}))
			x.write("seg.ts", "bytes")
			x.settled("seg.ts", "bytes")
			x.write("live.m3u8", playlist("seg.ts"))
			<-met
			change(x)
			if got := paths(x.stop()); !slices.Equal(got, []string{"seg.ts"}) {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestStopBeforeTheStart(t *testing.T) {
	t.Parallel()
	x := newWatch(t, t.TempDir(), nil)
	x.write("seg.ts", "bytes")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	go func() { x.ended <- x.w.Run(ctx, x.facts) }()
	x.settled("seg.ts", "bytes")
	if _, open := <-x.facts; open {
		t.Error("reported twice")
	}
	check(t, <-x.ended)
	x.w.Look("seg.ts") // harmless
}

// TestStopWithoutReceiver runs the end of the loop in a bubble: nothing in it waits for the kernel.
func TestStopWithoutReceiver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, err := New(Config{Dir: "/"})
		check(t, err)
		r := newRun(w, make(chan hls.File))
		r.notifier = &fsnotify.Watcher{}
		f := &released{}
		r.push(hls.File{Path: "a.ts", Source: f})
		began := time.Now()
		if err := r.finish(context.Background()); err == nil || time.Since(began) != patience {
			t.Errorf("got %v after %v, want an error after %v", err, time.Since(began), patience)
		}
		r.notifier = nil
		r.close()
		if !f.yes {
			t.Error("not released")
		}
	})
}

type released struct{ yes bool }

func (*released) Open() (hls.Reader, error) { return nil, errors.New("nothing") }
func (r *released) Release()                { r.yes = true }

func TestSlowReceiverBlocksNothing(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	// Nobody takes a fact until everything was dealt with and all but the last file is unlinked again.
	const files = 200
	for i := range files {
		x.write(fmt.Sprintf("seg_%d.ts", i), "x")
		x.obs.until(t, "the file to be held", func(r *recorder) bool { return r.holding == i+1 })
	}
	for i := range files {
		x.settled(fmt.Sprintf("seg_%d.ts", i), "x")
	}
}
