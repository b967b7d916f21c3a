package watcher

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

func containsText(err error, text string) bool { return strings.Contains(err.Error(), text) }

func TestHardNames(t *testing.T) {
	t.Parallel()
	good := []string{"a b.ts", "100%.ts", "a+b.ts", "a#b.ts", "a?b.ts", `a"b.ts`, `a\b.ts`, "ä-日本-🎬.ts", "-rf.ts", "←.ts", "...ts"}
	bad := []string{"new\nline.ts", "tab\t.ts", "del\x7f.ts", "bad\xff.ts", "c1\u0085.ts"}
	x := newWatch(t, t.TempDir(), nil)
	for _, name := range bad {
		x.write(name, "secret")
		check(t, os.Mkdir(x.path("dir"+name), 0o755))
		x.write("dir"+name+"/in.ts", "secret")
	}
	x.run()
	x.scanned("start", 1)
	for _, name := range good {
		x.write(name, name)
		x.settled(name, name)
		x.write("t.tmp", "other")
		x.rename("t.tmp", name)
		x.settled(name, "other")
	}
	for _, name := range bad {
		x.write("again"+name, "secret")
		x.rename("again"+name, "once more"+name)
	}
	x.barrier()
	x.obs.until(t, "refusals", func(r *recorder) bool { return r.refused[hls.RefusedName] >= 3*len(bad) })
	if log := x.log.String(); strings.Count(log, "\n") < 2*len(bad) || strings.Contains(log, "\xff") {
		t.Errorf("log:\n%s", log)
	}
	if rest := x.stop(); len(rest) > 0 {
		t.Errorf("reported %q", paths(rest))
	}
}

// TestOutsideIsNeverRead puts everything into a directory that leads out of it.
func TestOutsideIsNeverRead(t *testing.T) {
	t.Parallel()
	outside := t.TempDir()
	check(t, os.WriteFile(filepath.Join(outside, "secret.ts"), []byte("secret"), 0o644))
	check(t, os.WriteFile(filepath.Join(outside, "secret.m3u8"), []byte(playlist("a.ts")), 0o644))
	plant := func(x *watch, prefix string) {
		for _, c := range []struct{ name, target string }{
			{"absolute.ts", filepath.Join(outside, "secret.ts")},
			{"relative.ts", "../" + filepath.Base(outside) + "/secret.ts"},
			{"index.m3u8", filepath.Join(outside, "secret.m3u8")},
			{"inside.ts", "real.ts"},
			{"dangling.ts", "nowhere"},
			{"loop.ts", prefix + "loop.ts"},
			{"zero.ts", "/dev/zero"},
			{"folder", outside},
			{"self", "."},
		} {
			check(t, os.Symlink(c.target, x.path(prefix+c.name)))
		}
		mkfifo(t, x.path(prefix+"fifo.ts"))
		mknod(t, x.path(prefix+"device.ts"))
		socket(t, x.path(prefix+"socket.ts"))
	}
	x := newWatch(t, t.TempDir(), nil)
	x.write("real.ts", "real")
	plant(x, "before_")
	x.run()
	x.settled("real.ts", "real")
	x.scanned("start", 1)
	plant(x, "after_")
	// A regular file replaced by a link, and a rename of a link over one.
	x.write("swap.ts", "real")
	x.settled("swap.ts", "real")
	check(t, os.Symlink(filepath.Join(outside, "secret.ts"), x.path("swap.ts.tmp")))
	x.rename("swap.ts.tmp", "swap.ts")
	for _, name := range []string{"before_absolute.ts", "after_fifo.ts", "swap.ts", "before_folder/secret.ts"} {
		x.w.Look(name)
	}
	if f := x.next(); f.State != hls.Gone || f.Path != "before_folder/secret.ts" {
		t.Errorf("got %s %s", f.Path, f.State)
	}
	x.barrier()
	x.obs.until(t, "refusals", func(r *recorder) bool {
		return r.refused[hls.RefusedLink] >= 19 && r.refused[hls.RefusedIrregular] >= 4
	})
	for _, f := range x.stop() {
		t.Errorf("reported %s with %q", f.Path, read(t, f))
	}
}

func TestFolderSwappedForALink(t *testing.T) {
	t.Parallel()
	outside := t.TempDir()
	check(t, os.WriteFile(filepath.Join(outside, "seg.ts"), []byte("secret"), 0o644))
	x := start(t, nil)
	check(t, os.Mkdir(x.path("hi"), 0o755))
	x.scanned("folder", 1)
	x.write("hi/seg.ts", "real")
	x.settled("hi/seg.ts", "real")
	x.rename("hi", "old")
	check(t, os.Symlink(outside, x.path("hi")))
	x.both("hi/seg.ts", "old/seg.ts", "real")
	check(t, os.WriteFile(filepath.Join(outside, "seg_2.ts"), []byte("secret"), 0o644))
	x.write("old/seg_2.ts", "real")
	x.settled("old/seg_2.ts", "real")
	x.barrier()
	if rest := x.stop(); len(rest) > 0 {
		t.Errorf("reported %v", paths(rest))
	}
}

func TestPermission(t *testing.T) {
	t.Parallel()
	x := newWatch(t, t.TempDir(), func(c *Config) { c.Rescan = 20 * time.Millisecond })
	x.write("seg.ts", "bytes")
	check(t, os.Mkdir(x.path("hi"), 0o755))
	x.write("hi/seg.ts", "more")
	check(t, os.Chmod(x.path("seg.ts"), 0))
	check(t, os.Chmod(x.path("hi"), 0))
	t.Cleanup(func() { _ = os.Chmod(x.path("hi"), 0o755) })
	_, err := os.ReadFile(x.path("seg.ts"))
	x.run()
	if err != nil { // nothing is refused to root
		x.obs.until(t, "refusals", func(r *recorder) bool { return r.refused[hls.RefusedPermission] == 2 })
	}
	x.scanned("timer", 2)
	check(t, os.Chmod(x.path("seg.ts"), 0o644))
	check(t, os.Chmod(x.path("hi"), 0o755))
	if got := x.collect(2); got["seg.ts"] != "bytes" || got["hi/seg.ts"] != "more" {
		t.Errorf("got %v", got)
	}
}

func TestTemporaryExcludedAndSpool(t *testing.T) {
	t.Parallel()
	x := newWatch(t, t.TempDir(), func(c *Config) {
		c.Exclude = func(path string) bool { return strings.HasSuffix(path, ".raw.ts") }
	})
	check(t, os.Mkdir(x.path(".hlsship"), 0o755))
	x.write(".hlsship/pinned.ts", "pinned")
	x.write("seg.ts.tmp", "half")
	x.run()
	x.scanned("start", 1)
	x.write("stream.raw.ts", "scratch")
	x.write("index.m3u8.tmp", playlist("a.ts"))
	x.write(".hlsship/other.ts", "pinned")
	x.barrier()
	// A rename out of such a name makes a file that counts.
	x.rename("stream.raw.ts", "stream_1.ts")
	x.settled("stream_1.ts", "scratch")
	check(t, os.Mkdir(x.path("hi"), 0o755))
	check(t, os.Mkdir(x.path("hi/.hlsship"), 0o755))
	x.write("hi/.hlsship/seg.ts", "only the one at the top is ours")
	x.settled("hi/.hlsship/seg.ts", "only the one at the top is ours")
	if rest := x.stop(); len(rest) > 0 {
		t.Errorf("reported %v", paths(rest))
	}
}

func TestOpenRegularRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	root, err := os.OpenRoot(dir)
	check(t, err)
	defer func() { check(t, root.Close()) }()
	check(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o644))
	check(t, os.Symlink("file", filepath.Join(dir, "link")))
	mkfifo(t, filepath.Join(dir, "fifo"))
	sys := theSystem()
	for name, ok := range map[string]bool{
		"file": true, "link": false, "fifo": false, ".": false, "missing": false,
		"../" + filepath.Base(dir) + "/file": false, filepath.Join(dir, "file"): false,
	} {
		f, err := sys.openRegular(root, name)
		if (err == nil) != ok {
			t.Errorf("%s: got %v, want ok %v", name, err, ok)
		}
		if err == nil {
			check(t, f.Close())
		}
		if mode, irregular := irregularMode(err); irregular && mode&fs.ModeType == 0 {
			t.Errorf("%s: mode %v", name, mode)
		}
	}
}

// TestEveryRefusalHasACure: whatever is not shipped is told with what to do, and links and permissions by what they are.
func TestEveryRefusalHasACure(t *testing.T) {
	t.Parallel()
	cures := map[string]bool{}
	for _, reason := range append(hls.Refusals(), "unreadable for now") {
		cures[remedy(reason)] = true
	}
	if len(cures) != len(hls.Refusals())+1 || cures[""] {
		t.Errorf("%d cures: %v", len(cures), cures)
	}
	x := newWatch(t, t.TempDir(), nil)
	check(t, os.Symlink("real.m3u8", x.path("alias.m3u8")))
	check(t, os.Symlink(t.TempDir(), x.path("hd")))
	x.write("empty.ts", "")
	x.run()
	x.obs.until(t, "refusals", func(r *recorder) bool { return r.refused[hls.RefusedLink] == 2 && r.refused[hls.RefusedEmpty] == 1 })
	log := x.log.String()
	for _, text := range []string{"path=alias.m3u8 reason=link", "path=hd reason=link", "path=empty.ts reason=empty"} {
		if !strings.Contains(log, text) {
			t.Errorf("no line with %q:\n%s", text, log)
		}
	}
	if lines, cures := strings.Count(log, "file is not shipped"), strings.Count(log, "cure="); lines != 3 || cures != lines {
		t.Errorf("%d lines with %d cures:\n%s", lines, cures, log)
	}
	x.stop()
}

// TestRangesOfTheSite: a file that grows is reported as far as a playlist names it, also by a URL that means it.
func TestRangesOfTheSite(t *testing.T) {
	t.Parallel()
	site, err := hls.NewSite("https://cdn.example.net/live/", "")
	check(t, err)
	x := start(t, func(c *Config) { c.Site = site })
	all := x.open("all.ts")
	_, err = all.WriteString("aaaabbbbcc")
	check(t, err)
	for i, uri := range []string{"HTTPS://cdn.example.net:443/live/all.ts", "/live/all.ts"} {
		x.write("x.m3u8.tmp", ranges("https://elsewhere.example/all.ts", 10)+ranges(uri, 4*(i+1)))
		x.rename("x.m3u8.tmp", "x.m3u8")
		x.grown("all.ts", "aaaabbbb"[:4*(i+1)])
		if f := x.next(); f.Path != "x.m3u8" {
			t.Fatalf("got %s, want the playlist", f.Path)
		}
	}
	check(t, all.Close())
	x.stop()
}
