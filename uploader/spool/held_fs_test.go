package spool

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// TestPostponed holds files open that can only be copied, and copies those that are not stored within a second.
func TestPostponed(t *testing.T) {
	t.Parallel()
	c := &clock{now: time.Now()}
	x := start(t, func(conf *Config, sys *system) { copying(conf, sys); sys.now = c.Now })
	stored := x.freshText("hi/1.ts", "stored at once")
	c.add(pinAfter / 2)
	waits := x.freshText("hi/2.ts", "waits")
	again := x.fresh("hi/2.ts")
	early, err := waits.Source.Open()
	x.must(err)
	defer early.Close()
	stored.Source.Release()
	x.remove("hi/1.ts")
	x.remove("hi/2.ts")
	keep(again)
	c.add(pinAfter - 1)
	x.spool.serve(t.Context(), &usage{})
	if got := x.onDisk(); len(got) != 0 {
		t.Errorf("copied before a second is over: %q", got)
	}
	c.add(1)
	x.spool.serve(t.Context(), &usage{})
	if got := x.onDisk(); len(got) != 1 || !strings.HasPrefix(got[0], "named/hi/2.ts@5-") {
		t.Errorf("on disk: %q", got)
	}
	x.wantUsed(1, 5)
	if got := fmt.Sprint(x.obs.ways); got != "[held copy]" {
		t.Errorf("ways: %s", got)
	}
	if n := x.obs.lines("level="); n != 1 || x.obs.lines("copied if they wait for more than a second") != 1 {
		t.Errorf("log: %s", x.obs.log.String())
	}
	x.want(waits, "waits")
	if got, err := textOf(early, waits.Version); err != nil || got != "waits" {
		t.Errorf("opened before it was copied: got %q and %v", got, err)
	}
	waits.Source.Release()
	x.want(again, "waits")
	x.again()
	all := x.spool.Recovered()
	if len(all) != 1 || all[0].Version != waits.Version || !all[0].Named {
		t.Fatalf("recovered %+v, want %+v", all, waits.Version)
	}
	x.want(all[0], "waits")
}

// TestPostponedIsCopiedAtTheEnd: what a drain leaves is not a second old.
func TestPostponedIsCopiedAtTheEnd(t *testing.T) {
	t.Parallel()
	x := start(t, copying)
	f := x.freshText("a.ts", "bytes")
	x.remove("a.ts")
	x.again()
	if all := x.spool.Recovered(); len(all) != 1 || all[0].Version != f.Version {
		t.Errorf("recovered %+v, want %+v", all, f.Version)
	}
}

// TestPostponedIsTouched: nginx-rtmp sets the times of its keys.
func TestPostponedIsTouched(t *testing.T) {
	t.Parallel()
	x := start(t, copying)
	f := x.freshText("k.key", "fedcba9876543210")
	now := time.Unix(1_700_000_000, 0)
	touch := func() {
		x.must(os.Chtimes(x.path("k.key"), now, now))
		f.Source.(interface{ Touch(int64) }).Touch(now.UnixNano())
	}
	touch()
	x.want(f, "fedcba9876543210")
	x.pass()
	x.want(f, "fedcba9876543210")
	again := x.pin("k.key") // reported with its new time
	x.wantUsed(1, 16)
	x.again()
	if all := x.spool.Recovered(); len(all) != 1 || all[0].Version != again.Version {
		t.Errorf("recovered %+v, want %+v", all, again.Version)
	}
}

// TestPostponedChangesWhileItIsCopied: nothing is left of a copy that nobody needs, or of other bytes.
func TestPostponedChangesWhileItIsCopied(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(x *stage, release func()){
		"released":  func(_ *stage, release func()) { release() },
		"rewritten": func(x *stage, _ func()) { x.write("a.ts", "other bytes") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var meanwhile func()
			x := start(t, func(c *Config, sys *system) {
				copying(c, sys)
				sys.copy = func(to *os.File, o original) error {
					meanwhile()
					return copyBytes(to, o)
				}
			})
			f := x.freshText("a.ts", "bytes")
			meanwhile = func() { change(x, f.Source.Release) }
			x.pass()
			if got := x.onDisk(); len(got) != 0 {
				t.Errorf("on disk: %q", got)
			}
			if n := x.obs.lines("level=WARN"); n != 0 {
				t.Errorf("log: %s", x.obs.log.String())
			}
			x.wantUsed(0, 0)
		})
	}
}

// TestPostponedIsBounded: a caller who holds more files open than the spool does keeps them, and learns why.
func TestPostponedIsBounded(t *testing.T) {
	t.Parallel()
	x := start(t, func(c *Config, sys *system) { copying(c, sys); c.Hold = 2 })
	a, b := x.freshText("a.ts", "a"), x.freshText("b.ts", "b")
	x.write("c.ts", "c")
	if f := x.fresh("c.ts"); f.Source != nil {
		t.Error("a third file is held")
	}
	if n := x.obs.lines("held open only"); n != 1 {
		t.Errorf("log: %s", x.obs.log.String())
	}
	a.Source.Release()
	x.pin("c.ts")
	x.want(b, "b")
}

// TestPostponedMeetsAFullDisk: what cannot be copied stays open, and is copied once there is room.
func TestPostponedMeetsAFullDisk(t *testing.T) {
	t.Parallel()
	c, full := &clock{now: time.Now()}, &fault{err: syscall.ENOSPC}
	x := start(t, func(conf *Config, sys *system) {
		copying(conf, sys)
		sys.now = c.Now
		sys.copy = func(to *os.File, o original) error {
			if err := full.get(); err != nil {
				return err
			}
			return copyBytes(to, o)
		}
	})
	f := x.freshText("hi/a.ts", "bytes")
	x.remove("hi/a.ts")
	x.pass()
	if n := x.obs.lines("level=WARN"); n != 1 || x.obs.lines("free space or inodes") != 1 {
		t.Errorf("log: %s", x.obs.log.String())
	}
	x.want(f, "bytes")
	full.set(nil)
	c.add(pause + pinAfter)
	x.spool.serve(t.Context(), &usage{})
	if got := x.onDisk(); len(got) != 1 || x.obs.lines("works again") != 1 {
		t.Errorf("on disk: %q; log: %s", got, x.obs.log.String())
	}
	if parts, err := filepath.Glob(filepath.Join(x.spool.folder, part, "*")); err != nil || len(parts) != 0 {
		t.Errorf("half a copy is left: %q", parts)
	}
}

// TestCopiesOfHugeFiles checks that a sparse file, which is as large as anybody likes and takes no room until it is copied,
// costs no more than its share: it is copied only where that leaves half of the room, and only until it is released.
func TestCopiesOfHugeFiles(t *testing.T) {
	t.Parallel()
	t.Run("no room", func(t *testing.T) {
		t.Parallel()
		c := &clock{now: time.Now()}
		x := start(t, func(conf *Config, sys *system) {
			copying(conf, sys)
			sys.now = c.Now
			sys.room = func(string) (int64, bool) { return 1 << 30, true }
		})
		x.write("huge.ts", "")
		x.must(os.Truncate(x.path("huge.ts"), 1<<40))
		huge, small := x.fresh("huge.ts"), x.freshText("small.ts", "small")
		x.pass()
		if got := x.onDisk(); len(got) != 1 || !strings.Contains(got[0], "small.ts") {
			t.Errorf("on disk: %q, want only the small one", got)
		}
		x.want(small, "small")
		huge.Source.Release()
	})
	t.Run("released", func(t *testing.T) {
		t.Parallel()
		var huge hls.File
		steps := 0
		x := start(t, func(conf *Config, sys *system) {
			copying(conf, sys)
			sys.room = func(string) (int64, bool) { return 1 << 50, true }
			sys.copy = func(to *os.File, o original) error {
				needed := o.needed
				o.needed = func() bool {
					if steps++; steps == 3 {
						huge.Source.Release()
					}
					return needed()
				}
				return copyBytes(to, o)
			}
		})
		x.write("huge.ts", "")
		x.must(os.Truncate(x.path("huge.ts"), 1<<40))
		huge = x.fresh("huge.ts")
		x.pass()
		if got := x.onDisk(); len(got) != 0 || steps != 3 {
			t.Errorf("on disk after %d steps: %q", steps, got)
		}
	})
	t.Run("grows", func(t *testing.T) {
		t.Parallel()
		x := start(t, func(conf *Config, sys *system) {
			copying(conf, sys)
			sys.copy = func(to *os.File, o original) error {
				f, err := os.OpenFile(o.file.Name(), os.O_WRONLY, 0)
				if err != nil {
					return err
				}
				defer f.Close()
				if err := f.Truncate(1 << 40); err != nil {
					return err
				}
				return copyBytes(to, o)
			}
		})
		f := x.freshText("a.ts", "bytes")
		x.pass()
		if got := x.onDisk(); len(got) != 0 {
			t.Errorf("on disk: %q", got)
		}
		f.Source.Release()
	})
}
