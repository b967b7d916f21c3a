package spool

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// steps counts what the spool asks of the disk.
type steps struct{ links, copies atomic.Int64 }

// counting has a spool counted, whose time is that of c.
func counting(n *steps, c *clock) func(*Config, *system) {
	return func(_ *Config, sys *system) {
		link := sys.link
		sys.now = c.Now
		sys.link = func(o original, to *os.File, name string) error {
			n.links.Add(1)
			return link(o, to, name)
		}
		sys.copy = func(to *os.File, o original) error {
			n.copies.Add(1)
			return copyBytes(to, o)
		}
	}
}

const aPlaylist = "#EXTM3U\n#EXTINF:2,\na.ts\n"

// TestStoredWithinASecond: what is stored by then costs the disk nothing, kept or not, media and playlists alike.
func TestStoredWithinASecond(t *testing.T) {
	t.Parallel()
	n, c := &steps{}, &clock{now: time.Now()}
	x := start(t, counting(n, c))
	before, err := os.Stat(filepath.Join(x.spool.folder, settled))
	x.must(err)
	for i := range 50 {
		media, list := x.freshText(fmt.Sprintf("hi/%d.ts", i), "bytes"), fmt.Sprintf("hi/%d.m3u8", i%2)
		x.write("t", aPlaylist+fmt.Sprintf("#%d\n", i))
		x.must(os.Rename(x.path("t"), x.path(list)))
		lists := x.fresh(list)
		keep(media)
		keep(lists)
		x.want(media, "bytes")
		c.add(pinAfter / 2)
		x.spool.serve(t.Context(), &usage{})
		media.Source.Release()
		lists.Source.Release()
		c.add(pinAfter)
		x.spool.serve(t.Context(), &usage{})
	}
	after, err := os.Stat(filepath.Join(x.spool.folder, settled))
	x.must(err)
	if n.links.Load() != 0 || n.copies.Load() != 0 || !after.ModTime().Equal(before.ModTime()) || len(x.obs.ways) > 0 {
		t.Errorf("%d links and %d copies, in %q", n.links.Load(), n.copies.Load(), x.onDisk())
	}
	if len(x.spool.entries) != 0 || x.spool.hands.count() != 0 {
		t.Errorf("%d entries and %d open files are left", len(x.spool.entries), x.spool.hands.count())
	}
}

// TestOutageOfASecond: what still waits is put into the spool folder then, by Run itself: once, and to its place at once.
func TestOutageOfASecond(t *testing.T) {
	t.Parallel()
	for _, kept := range []bool{false, true} {
		t.Run(fmt.Sprint("kept ", kept), func(t *testing.T) {
			t.Parallel()
			n, dir := &steps{}, t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				x := &stage{T: t, dir: dir}
				x.open(counting(n, &clock{}))
				x.spool.sys.now = time.Now
				done := make(chan error)
				go func() { done <- x.spool.Run(t.Context()) }()
				go func() { <-t.Context().Done(); <-done }()
				time.Sleep(tick / 3) // so that no tick is near
				a := x.freshText("a.ts", "bytes of a")
				time.Sleep(pinAfter / 2)
				b := x.freshText("b.m3u8", aPlaylist)
				area := settled
				if kept {
					area = named
					keep(a)
					keep(b)
				}
				want := func(names ...string) {
					t.Helper()
					var got []string
					for _, name := range x.onDisk() {
						name, _, _ = strings.Cut(name, "@")
						got = append(got, name)
					}
					if !slices.Equal(got, names) {
						t.Errorf("on disk: %q, want %q", got, names)
					}
				}
				time.Sleep(pinAfter/2 - 1)
				synctest.Wait()
				want()
				time.Sleep(1)
				synctest.Wait()
				want(area + "/a.ts")
				time.Sleep(pinAfter / 2)
				synctest.Wait()
				want(area+"/a.ts", area+"/b.m3u8")
				time.Sleep(time.Minute)
				if n.links.Load() != 1 || n.copies.Load() != 1 {
					t.Errorf("%d links and %d copies, want one of each", n.links.Load(), n.copies.Load())
				}
				if got := fmt.Sprint(x.obs.ways); got != "[link copy]" {
					t.Errorf("ways: %s", got)
				}
				x.want(a, "bytes of a")
				x.want(b, aPlaylist)
				x.remove("a.ts")
				x.remove("b.m3u8")
				x.want(a, "bytes of a")
			})
			x := &stage{T: t, dir: dir}
			x.open(nil)
			if all := x.spool.Recovered(); len(all) != 2 || all[0].Named != kept || all[1].Named != kept {
				t.Errorf("recovered %+v", all)
			}
		})
	}
}

// TestDeletedWithinASecond: a file without a name cannot be linked, and is copied from what is open.
func TestDeletedWithinASecond(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(x *stage, c *clock){
		"by Run": func(x *stage, c *clock) { c.add(pinAfter); x.spool.serve(x.Context(), &usage{}) },
		// What follows is the end of a process that was told to stop.
		"at the end": func(*stage, *clock) {},
		"at the end, and a moment ago the disk was full": func(x *stage, _ *clock) { x.spool.trouble("pin", "x.ts", syscall.ENOSPC) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n, c := &steps{}, &clock{now: time.Now()}
			x := start(t, counting(n, c))
			long := strings.Repeat("0123456789", smallFile)
			files := map[string]string{"hi/a.ts": "a", "hi/long.ts": long, "hi/live.m3u8": aPlaylist, "hi/long.m3u8": aPlaylist + "#" + long, "there.ts": "there"}
			for name, text := range files {
				f := x.freshText(name, text)
				if keep(f); name != "there.ts" {
					x.remove(name)
				}
				x.want(f, text)
			}
			end(x, c)
			x.again()
			all := x.spool.Recovered()
			for _, f := range all {
				if x.want(f, files[f.Path]); !f.Named {
					t.Errorf("%s is not named", f.Path)
				}
			}
			if len(all) != len(files) || n.copies.Load() != 4 {
				t.Errorf("recovered %q, after %d copies", names(all), n.copies.Load())
			}
		})
	}
}

// TestRewrittenWithinASecond: bytes that are gone are no pin, and what is there next is one at once, as it may go as soon.
func TestRewrittenWithinASecond(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a.ts", "live.m3u8"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &clock{now: time.Now()}
			x := start(t, func(_ *Config, sys *system) { sys.now = c.Now })
			first := x.freshText(name, aPlaylist)
			x.write(name, aPlaylist+"#2\n")
			second := x.fresh(name)
			x.write(name, aPlaylist+"#3 and more\n")
			c.add(pinAfter)
			x.spool.serve(t.Context(), &usage{})
			if _, err := text(first); err == nil {
				t.Error("the first bytes can be read")
			}
			x.want(second, aPlaylist+"#2\n")
			x.remove(name)
			x.again()
			if all := x.spool.Recovered(); len(all) != 1 || all[0].Version != second.Version {
				t.Errorf("recovered %+v", all)
			}
			if x.obs.lines("level=WARN") > 0 {
				t.Errorf("log: %s", x.obs.log.String())
			}
		})
	}
}

// descriptors returns how many files of dir this process has open, but for those of its spool folder.
func descriptors(t *testing.T, dir string) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skipf("no list of open files: %v", err)
	}
	n := 0
	for _, fd := range all {
		if to, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.HasPrefix(to, dir+"/live/") {
			n++
		}
	}
	return n
}

// TestManyWait: a thousand streams finish a file each within a second, and few may be held open. Those that were finished first are
// pinned for the others.
func TestManyWait(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Config, *system){
		"linked": nil, "copied": copying,
		"with as few open files as there may be": func(c *Config, _ *system) { c.Hold = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const hold, all = 32, 1000
			x := start(t, func(c *Config, sys *system) {
				if c.Hold = hold; change != nil {
					change(c, sys)
				}
			})
			var files []hls.File
			refused := 0
			for i := range all {
				name := fmt.Sprintf("live/%03d.ts", i)
				x.write(name, name)
				f := x.fresh(name)
				if f.Source == nil { // its copy would have to be made now, and others have the room: the watcher holds it
					refused++
					continue
				}
				files = append(files, f)
			}
			if n := descriptors(t, x.dir); n > x.spool.config.Hold {
				t.Errorf("%d files are open, want %d at most", n, x.spool.config.Hold)
			}
			on := x.onDisk()
			if name == "copied" {
				if refused != all-hold || len(on) != 0 {
					t.Errorf("%d refused and %d on disk", refused, len(on))
				}
			} else if refused > 0 || len(on) != all-x.spool.config.Hold || strings.Contains(strings.Join(on, " "), "/999.ts") {
				t.Errorf("%d refused and %d on disk, the last %s", refused, len(on), on[len(on)-1])
			}
			for _, f := range files {
				x.want(f, f.Path)
			}
			x.pass()
			if n := len(x.onDisk()); n != len(files) {
				t.Errorf("%d of %d on disk", n, len(files))
			}
			for _, f := range files {
				x.want(f, f.Path)
				f.Source.Release()
			}
			if n := descriptors(t, x.dir); n != 0 || len(x.onDisk()) != 0 {
				t.Errorf("%d files are open, on disk %q", n, x.onDisk())
			}
		})
	}
}

// TestOneMakesRoomForOne: a playlist's pin is a copy, so that its file is closed with it, and no other need be pinned.
func TestOneMakesRoomForOne(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"live/%d.m3u8", "live/%d.ts"} {
		x := start(t, func(c *Config, _ *system) { c.Hold = 3 })
		for i := range 4 {
			x.freshText(fmt.Sprintf(name, i), aPlaylist)
		}
		if n := descriptors(t, x.dir); n != 3 || len(x.onDisk()) != 1 {
			t.Errorf("%d open, on disk %q", n, x.onDisk())
		}
		if !x.spool.LetGo() || descriptors(t, x.dir) != 2 || len(x.onDisk()) != 2 {
			t.Errorf("one lets go: %d open, on disk %q", descriptors(t, x.dir), x.onDisk())
		}
	}
}

// TestNoDescriptorIsFree: a pin takes one for a moment, which a pinned file gives, or none has.
func TestNoDescriptorIsFree(t *testing.T) {
	t.Parallel()
	c, short := &clock{now: time.Now()}, &fault{}
	x := start(t, func(_ *Config, sys *system) {
		sys.now = c.Now
		sys.link = func(o original, to *os.File, name string) error {
			if err := short.get(); err != nil {
				short.set(nil) // as if the one that was closed for it were enough
				return err
			}
			return link(o, to, name)
		}
	})
	a := x.pinText("live/a.ts", "a")
	b := x.freshText("live/b.ts", "b")
	short.set(syscall.EMFILE)
	x.pass()
	x.wantUsed(2, 2)
	if n := descriptors(t, x.dir); n != 1 || x.obs.lines("level=WARN") > 0 {
		t.Errorf("%d open, log: %s", n, x.obs.log.String())
	}
	// The watcher has none either.
	if !x.spool.LetGo() || x.spool.LetGo() || descriptors(t, x.dir) != 0 {
		t.Error("one can be let go, no more")
	}
	third := x.freshText("live/c.ts", "c")
	if !x.spool.LetGo() || descriptors(t, x.dir) != 0 {
		t.Error("what waits is pinned for others")
	}
	x.wantUsed(3, 3)
	d := x.freshText("live/d.ts", "d")
	short.set(syscall.ENFILE)
	if x.pass(); x.obs.lines("spool cannot be used") != 1 {
		t.Errorf("log: %s", x.obs.log.String())
	}
	c.add(pause)
	x.pass()
	x.wantUsed(4, 4)
	for i, f := range []hls.File{a, b, third, d} {
		x.want(f, string("abcd"[i]))
	}
}
