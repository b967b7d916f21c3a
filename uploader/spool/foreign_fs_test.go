//go:build !windows

package spool

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// another is a user who is not the one of the tests.
const another = 2001

// give makes a file another user's, or skips the test.
func give(t *testing.T, path string) error {
	if os.Geteuid() != 0 {
		t.Skip("needs root, to make files of another user")
	}
	return os.Lchown(path, another, another)
}

// hurry fails the test if f waits, as for the other end of a FIFO.
func hurry(t *testing.T, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	patience := time.NewTimer(20 * time.Second)
	defer patience.Stop()
	select {
	case <-done:
	case <-patience.C:
		t.Fatal("it waits for ever")
	}
}

// TestCureOfOpenFolders: what was opened to others by accident, with all in it, is cured by what the log says, and nothing is
// lost.
func TestCureOfOpenFolders(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	keep(x.pinText("hi/a.ts", "bytes"))
	x.must(os.Chmod(x.path("hi/a.ts"), 0o664))
	x.spool.Resume(time.Now())
	x.spool.Close()
	x.must(exec.CommandContext(t.Context(), "chmod", "-R", "g+rwX", x.spool.folder).Run())
	x.open(nil)
	if got := x.spool.Recovered(); len(got) != 0 {
		t.Fatalf("recovered %q from an open folder", names(got))
	}
	_, cure, _ := strings.Cut(x.obs.log.String(), "hlsship wrote there, run ")
	cure, _, _ = strings.Cut(cure, "; else")
	cure = strings.ReplaceAll(cure, `\\`, `\`) // as the log quotes it
	x.must(exec.CommandContext(t.Context(), "sh", "-c", cure).Run())
	x.again()
	if got := x.spool.Recovered(); len(got) != 1 || x.obs.lines("level=ERROR") != 0 {
		t.Fatalf("after %q recovered %q: %s", cure, names(got), x.obs.log.String())
	}
	if fi, err := os.Stat(x.path("hi/a.ts")); err != nil || fi.Mode().Perm() != 0o664 {
		t.Errorf("the packager's file has the mode %v now, %v", fi.Mode(), err)
	}
}

// tree describes all that lies below a path, and the path itself.
func tree(x *stage, top string) []string {
	x.Helper()
	var all []string
	x.must(filepath.WalkDir(top, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		fi, err := d.Info()
		if err != nil {
			return err
		}
		text := ""
		if fi.Mode().IsRegular() {
			b, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			text = string(b)
		}
		user, links, _ := ownership(fi)
		all = append(all, fmt.Sprint(name, fi.Mode(), user, links, text))
		return nil
	}))
	return all
}

// foreignCase is something in the place of the spool folder, or in it.
type foreignCase struct {
	name string
	make func(t *testing.T, at string) error // at is the spool folder, which is not there
	user int                                 // is added to who runs hlsship
}

func foreignCases() []foreignCase {
	in := func(name string, f func(path string) error) func(*testing.T, string) error {
		return func(_ *testing.T, at string) error {
			return errors.Join(os.MkdirAll(filepath.Join(at, filepath.Dir(name)), 0o700), f(filepath.Join(at, name)))
		}
	}
	fifo := func(path string) error { return syscall.Mkfifo(path, 0o600) }
	file := func(path string) error { return os.WriteFile(path, nil, 0o600) }
	folder := func(path string) error { return os.Mkdir(path, 0o700) }
	linkTo := func(to string) func(string) error { return func(path string) error { return os.Symlink(to, path) } }
	open := func(mode os.FileMode, f func(string) error) func(string) error {
		return func(path string) error { return errors.Join(f(path), os.Chmod(path, mode)) }
	}
	socket := func(path string) error {
		l, err := net.Listen("unix", path)
		if err == nil {
			l.(*net.UnixListener).SetUnlinkOnClose(false)
			err = l.Close()
		}
		return err
	}
	given := func(name string, f func(string) error) func(*testing.T, string) error {
		return func(t *testing.T, at string) error {
			return errors.Join(in(name, f)(t, at), give(t, filepath.Join(at, name)))
		}
	}
	return []foreignCase{
		{name: "a file", make: in(".", func(at string) error { return errors.Join(os.Remove(at), file(at)) })},
		{name: "a FIFO", make: in(".", func(at string) error { return errors.Join(os.Remove(at), fifo(at)) })},
		{name: "a socket", make: in(".", func(at string) error { return errors.Join(os.Remove(at), socket(at)) })},
		{name: "a link", make: in(".", func(at string) error { return errors.Join(os.Remove(at), os.Symlink(os.TempDir(), at)) })},
		{name: "a lost link", make: in(".", func(at string) error { return errors.Join(os.Remove(at), os.Symlink("nowhere", at)) })},
		{name: "a link to a folder of ours", make: in(".", func(at string) error {
			return errors.Join(os.Rename(at, at+".moved"), os.Symlink(at+".moved", at))
		})},
		{name: "open to the group", make: in(".", open(0o770, func(string) error { return nil }))},
		{name: "open to all", make: in(".", open(os.ModeSticky|0o777, func(string) error { return nil }))},
		{name: "another user's", make: in(".", func(string) error { return nil }), user: 1},
		{name: "given by another user", make: given(".", func(string) error { return nil })},
		{name: "settled is a file", make: in(settled, file)},
		{name: "settled is a socket", make: in(settled, socket)},
		{name: "settled links outside", make: in(settled, linkTo(os.TempDir()))},
		{name: "settled is open to all", make: in(settled, open(0o777, folder))},
		{name: "settled is another user's", make: given(settled, folder)},
		{name: "named links inside", make: in(named, linkTo(settled))},
		{name: "named is a FIFO", make: in(named, fifo)},
		{name: "named is another user's", make: given(named, folder)},
		{name: "part is a FIFO", make: in(part, fifo)},
		{name: "part links outside", make: in(part, linkTo(os.TempDir()))},
		{name: "part is open to the group", make: in(part, open(0o720, folder))},
		{name: "lock is a FIFO", make: in(lock, fifo)},
		{name: "lock is a folder", make: in(lock, folder)},
		{name: "lock links", make: in(lock, linkTo("settled/x"))},
		{name: "lock is another user's", make: given(lock, file)},
		{name: "lock is open to all", make: in(lock, open(0o666, file))},
		{name: "lock is a file elsewhere", make: in(lock, func(path string) error {
			secret := filepath.Join(filepath.Dir(filepath.Dir(path)), "secret")
			return errors.Join(os.WriteFile(secret, []byte("secret"), 0o600), os.Link(secret, path))
		})},
		{name: "lock is a device", make: func(t *testing.T, at string) error {
			if err := errors.Join(os.Mkdir(at, 0o700), syscall.Mknod(filepath.Join(at, lock), syscall.S_IFCHR|0o600, 1<<8|5)); err != nil {
				t.Skip(err)
			}
			return nil
		}},
	}
}

// TestForeign: a spool folder that others made or may write to is left alone, without it files are held open, and once it is
// removed the spool works.
func TestForeign(t *testing.T) {
	t.Parallel()
	for _, tt := range foreignCases() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			x := &stage{T: t, dir: shortDir(t)}
			at := x.path(DefaultFolder)
			x.must(tt.make(t, at))
			before := tree(x, x.dir)
			c := &clock{now: time.Now()}
			user := os.Geteuid() + tt.user
			hurry(t, func() {
				x.open(func(_ *Config, sys *system) {
					sys.now, sys.user = c.Now, func() int { return user }
				})
				if tt.user == 0 {
					if err := Inspect(x.dir, ""); !isForeign(err) {
						t.Errorf("looked at: got %v", err)
					}
				}
			})
			x.write("hi/a.ts", "bytes")
			began := time.Now().UTC().Truncate(time.Second)
			hurry(t, func() {
				if f := x.try("hi/a.ts"); f.Source != nil || x.obs.lastWay() != hls.PinnedOpen {
					t.Error("pinned in a foreign folder")
				}
				x.spool.Resume(began)
				for range 3 {
					x.spool.stillRuns()
					x.spool.serve(t.Context(), &usage{})
					c.add(pause)
				}
			})
			if n := x.obs.lines("level=ERROR"); n != 1 || x.obs.lines("remove it, or put --spool-dir where only hlsship writes") != 1 {
				t.Errorf("%d errors in the log, want one with its cure: %s", n, x.obs.log.String())
			}
			x.must(os.RemoveAll(x.path("hi")))
			if after := tree(x, x.dir); !slices.Equal(before, after) {
				t.Errorf("it was changed:\n%q\n%q", before, after)
			}
			if tt.user != 0 {
				return // it will be another user's again
			}
			x.must(os.RemoveAll(at))
			hurry(t, func() { x.spool.serve(t.Context(), &usage{}) })
			x.want(x.pinText("hi/b.ts", "bytes"), "bytes")
			if x.obs.lines("works again") != 1 {
				t.Errorf("no line that it works again: %s", x.obs.log.String())
			}
			if text, err := os.ReadFile(filepath.Join(at, "began")); err != nil || strings.TrimSpace(string(text)) != began.Format(time.RFC3339) {
				t.Errorf("the run is not remembered: %q and %v", text, err)
			}
		})
	}
}

// shortDir is a TempDir with a path that is short enough for a socket.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "spool")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// TestForeignMeanwhile: the folder is taken away, or opened to others, while the spool runs.
func TestForeignMeanwhile(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		act, cure func(at string) error
	}{
		{"another in its place",
			func(at string) error {
				return errors.Join(os.Rename(at, at+".moved"), os.Mkdir(at, 0o700), os.Chmod(at, 0o777))
			},
			os.Remove},
		{"a FIFO in its place, and it comes back",
			func(at string) error { return errors.Join(os.Rename(at, at+".moved"), syscall.Mkfifo(at, 0o600)) },
			func(at string) error { return errors.Join(os.Remove(at), os.Rename(at+".moved", at)) }},
		{"a link to it in its place",
			func(at string) error { return errors.Join(os.Rename(at, at+".moved"), os.Symlink(at+".moved", at)) },
			func(at string) error { return errors.Join(os.Remove(at), os.Rename(at+".moved", at)) }},
		{"opened to all",
			func(at string) error { return os.Chmod(at, 0o777) },
			func(at string) error { return os.Chmod(at, 0o700) }},
		{"a folder in it opened to the group",
			func(at string) error { return os.Chmod(at+"/settled", 0o770) },
			func(at string) error { return os.Chmod(at+"/settled", 0o700) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := &clock{now: time.Now()}
			late := 0
			x := start(t, func(config *Config, sys *system) {
				config.Hold, sys.now = 1, c.Now
				config.Late = func(context.Context, []hls.File) { late++ }
			})
			a := x.pinText("hi/a.ts", "a")
			x.pinText("hi/b.ts", "b, which has the open file of a closed")
			x.remove("hi/a.ts")
			x.must(tt.act(x.spool.folder))
			hurry(t, func() { x.spool.serve(t.Context(), &usage{}) })
			x.want(a, "a")
			x.write("hi/c.ts", "c")
			if f := x.try("hi/c.ts"); f.Source != nil {
				t.Error("pinned in a folder that is foreign now")
			}
			if n := x.obs.lines("level=ERROR"); n != 1 {
				t.Errorf("%d errors in the log, want 1: %s", n, x.obs.log.String())
			}
			x.must(tt.cure(x.spool.folder))
			c.add(pause)
			hurry(t, func() { x.spool.serve(t.Context(), &usage{}) })
			x.want(x.pin("hi/c.ts"), "c")
			x.want(a, "a")
			if n := x.obs.lines("level=ERROR"); n != 1 || late != 0 {
				t.Errorf("%d errors, %d times late: %s", n, late, x.obs.log.String())
			}
		})
	}
}

// TestMovedAgainAndAgain: somebody moves the spool folder away whenever it is made. That costs few descriptors.
func TestMovedAgainAndAgain(t *testing.T) {
	t.Parallel()
	c := &clock{now: time.Now()}
	x := start(t, func(_ *Config, sys *system) { sys.now = c.Now })
	var all []hls.File
	for i := range 3 * maxFormer {
		name := fmt.Sprintf("%d.ts", i)
		x.write(name, "bytes")
		if f := x.try(name); f.Source != nil {
			all = append(all, f)
		}
		if err := os.Rename(x.spool.folder, fmt.Sprint(x.spool.folder, i)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
		x.spool.serve(t.Context(), &usage{})
		c.add(pause)
	}
	if n := len(x.spool.former); n != maxFormer+1 || len(all) != n || x.obs.lines("again and again") != 1 {
		t.Errorf("%d folders are open for %d pins: %s", n, len(all), x.obs.log.String())
	}
	for _, f := range all {
		x.want(f, "bytes")
		f.Source.Release()
	}
	x.spool.serve(t.Context(), &usage{})
	x.want(x.pinText("new.ts", "new"), "new")
	if n := len(x.spool.former); n != 0 {
		t.Errorf("%d folders that hold nothing are open", n)
	}
}

// TestForeignFolders: what is foreign below settled and named costs its own stream, and nobody waits for it.
func TestForeignFolders(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		make func(t *testing.T, at string) error
	}{
		{"FIFO", func(_ *testing.T, at string) error { return syscall.Mkfifo(at, 0o666) }},
		{"file", func(_ *testing.T, at string) error { return os.WriteFile(at, nil, 0o600) }},
		{"link", func(_ *testing.T, at string) error { return os.Symlink("lo", at) }},
		{"link outside", func(_ *testing.T, at string) error { return os.Symlink(os.TempDir(), at) }},
		{"open to the group", func(_ *testing.T, at string) error { return errors.Join(os.Mkdir(at, 0o700), os.Chmod(at, 0o770)) }},
		{"another user's", func(t *testing.T, at string) error { return errors.Join(os.Mkdir(at, 0o700), give(t, at)) }},
		{"below another user's", func(t *testing.T, at string) error {
			return errors.Join(os.MkdirAll(at+"/x", 0o700), give(t, at))
		}},
	} {
		for _, area := range []string{settled, named} {
			t.Run(tt.name+" in "+area, func(t *testing.T) {
				t.Parallel()
				x := start(t, nil)
				at := filepath.Join(x.spool.folder, area, "hi")
				x.must(tt.make(t, at))
				before := tree(x, at)
				name := "hi/a.ts"
				if strings.HasPrefix(tt.name, "below") {
					name = "hi/x/a.ts"
				}
				x.write(name, "bytes")
				hurry(t, func() {
					f := x.try(name)
					if pinned, _ := x.spool.Used(); pinned == 1 != (area == named) {
						t.Errorf("%d pinned", pinned)
					}
					keep(f)
					x.want(f, "bytes")
					x.pass()
					x.spool.serve(t.Context(), &usage{})
				})
				if n := x.obs.lines("level=WARN"); n != 1 || x.obs.lines("where only hlsship writes") != 1 {
					t.Errorf("%d warnings, want one with its cure: %s", n, x.obs.log.String())
				}
				good := x.pinText("lo/a.ts", "another stream")
				keep(good)
				x.want(good, "another stream")
				hurry(t, x.again)
				if !slices.Contains(names(x.spool.Recovered()), "lo/a.ts") {
					t.Errorf("recovered %q", names(x.spool.Recovered()))
				}
				if after := tree(x, at); !slices.Equal(before, after) {
					t.Errorf("it was changed:\n%q\n%q", before, after)
				}
			})
		}
	}
}

// TestFilesOfThePackager: links keep the owner of the packager's files, and are trusted for the folders that they lie in.
func TestFilesOfThePackager(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	x.write("hi/a.ts", "bytes")
	x.must(give(t, x.path("hi/a.ts")))
	x.must(os.Chmod(x.path("hi/a.ts"), 0o666))
	keep(x.pin("hi/a.ts"))
	x.remove("hi/a.ts")
	x.again()
	if all := x.spool.Recovered(); len(all) != 1 || len(x.obs.dropped) != 0 {
		t.Errorf("recovered %q, dropped %q", names(all), x.obs.dropped)
	} else {
		x.want(all[0], "bytes")
	}
}

// TestFileSystemWithoutOwners: where a new folder is not this user's, the cure is another, and nothing is left behind.
func TestFileSystemWithoutOwners(t *testing.T) {
	t.Parallel()
	x := &stage{T: t, dir: t.TempDir()}
	x.open(func(_ *Config, sys *system) { sys.user = func() int { return os.Geteuid() + 1 } })
	if x.obs.lines("level=ERROR") != 1 || x.obs.lines("keeps owners and modes") != 1 {
		t.Errorf("the log: %s", x.obs.log.String())
	}
	if _, err := os.Lstat(x.path(DefaultFolder)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder was left: %v", err)
	}
}

// TestProcessNumber prints nothing of a lock but a number.
func TestProcessNumber(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	for text, want := range map[string]string{
		"1\n\x1b[31mlevel=ERROR": "", "12 34": "", "-1\n": "", "４２": "", "": "", "4711\n": "4711",
	} {
		x.must(os.WriteFile(filepath.Join(x.spool.folder, lock), []byte(text), 0o600))
		_, err := Open(Config{Dir: x.dir})
		if e, ok := errors.AsType[*InUseError](err); !ok || e.PID != want {
			t.Errorf("%q: got %q", text, err)
		}
	}
}
