package spool

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/openfile"
)

func TestRecovered(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	if got := x.spool.Recovered(); len(got) != 0 {
		t.Fatalf("an empty spool has %q", names(got))
	}
	began := time.Unix(1_700_000_000, 123456789)
	for i, name := range []string{"hi/seg_10.ts", "hi/seg_9.ts", "hi/init.mp4", "k.key", "subs.vtt", "before-1970.ts"} {
		x.write(name, "bytes of "+name)
		when := began.Add(-time.Duration(i) * time.Second)
		switch i {
		case 1:
			when = began // as old as the one before: in natural order then
		case 5:
			when = time.Unix(-5, 0)
		}
		x.must(os.Chtimes(x.path(name), when, when))
		f := x.pin(name)
		if i%2 == 0 {
			keep(f)
		}
		x.remove(name)
	}
	before := time.Now()
	x.again()
	all := x.spool.Recovered()
	if got := strings.Join(names(all), " "); got != "before-1970.ts subs.vtt k.key hi/init.mp4 hi/seg_9.ts hi/seg_10.ts" {
		t.Errorf("got %s", got)
	}
	kinds := []hls.Kind{hls.Media, hls.Subtitle, hls.Key, hls.Init, hls.Media, hls.Media}
	for i, f := range all {
		if f.State != hls.Settled || !f.Found || !f.Spooled || f.Kind != kinds[i] || f.Content != nil || f.Playlist != nil || f.Seen.Before(before) {
			t.Errorf("got %+v", f)
		}
		if named := slices.Contains([]int{1, 3, 5}, i); f.Named != named {
			t.Errorf("%s: named is %v", f.Path, f.Named)
		}
		x.want(f, "bytes of "+f.Path)
	}
	x.wantUsed(6, 115)
	keep(all[2])
	x.again()
	if !x.spool.Recovered()[2].Named {
		t.Error("kept after it was recovered, and not named")
	}
	for _, f := range x.spool.Recovered() {
		f.Source.Release()
	}
	x.wantUsed(0, 0)
	x.again()
	if got := x.spool.Recovered(); len(got) != 0 {
		t.Errorf("released and recovered: %q", names(got))
	}
	if _, err := os.Stat(filepath.Join(x.spool.folder, named, "hi")); err == nil {
		t.Error("an empty folder is left by Open")
	}
}

// TestTampered has somebody else at the spool between two processes.
func TestTampered(t *testing.T) {
	t.Parallel()
	victim := filepath.Join(t.TempDir(), "victim.ts")
	for _, tt := range []struct {
		name   string
		tamper func(pin string) error // pin is the path of the one pin
		want   string
		left   bool // what was tampered with is left alone
		path   string
	}{
		{name: "longer", tamper: func(p string) error { return os.WriteFile(p, []byte("longer than it was"), 0o600) }, want: "changed", path: "(hi/a.ts)"},
		{name: "torn", tamper: func(p string) error { return os.Truncate(p, 3) }, want: "changed", path: "(hi/a.ts)"},
		{name: "other time", tamper: func(p string) error { return os.Chtimes(p, time.Time{}, time.Unix(1, 0)) }, want: "changed", path: "(hi/a.ts)"},
		{name: "other folder", tamper: func(p string) error { return os.Rename(p, filepath.Dir(p)+"/../"+filepath.Base(p)) }, path: "a.ts"},
		{name: "other name", tamper: rename("b.ts", "-"), path: "hi/b.ts"},
		{name: "no playlist", tamper: rename("live.m3u8", "-"), want: "changed"},
		{name: "temporary", tamper: rename("x.tmp", "-"), want: "foreign", left: true},
		{name: "zeros in front", tamper: rename("a.ts", "-0"), want: "foreign", left: true},
		{name: "no fingerprint", tamper: func(p string) error { return os.Rename(p, filepath.Dir(p)+"/a.ts") }, want: "foreign", left: true},
		{name: "control character", tamper: rename("a\nb.ts", "-"), want: "foreign", left: true},
		{name: "no UTF-8", tamper: rename("a\xff.ts", "-"), want: "foreign", left: true},
		{name: "two dots", tamper: rename("..", "-"), want: "foreign", left: true},
		{name: "link outside", tamper: func(p string) error { return swap(p, os.Symlink(victim, p)) }, want: "foreign", left: true},
		{name: "FIFO", tamper: func(p string) error { return swap(p, syscall.Mkfifo(p, 0o600)) }, want: "foreign", left: true},
		{name: "folder", tamper: func(p string) error { return swap(p, os.MkdirAll(p+"/x", 0o700)) }},
		{name: "folder with a file", tamper: func(p string) error {
			return swap(p, os.Mkdir(p, 0o700), os.WriteFile(p+"/x", nil, 0o600))
		}, want: "foreign", left: true},
		{name: "folder links outside", tamper: func(p string) error {
			d := filepath.Dir(p)
			return swap(d, os.RemoveAll(d), os.Symlink(filepath.Dir(victim), d))
		}, want: "foreign"},
		{name: "half a copy", tamper: func(p string) error {
			return os.WriteFile(filepath.Dir(filepath.Dir(filepath.Dir(p)))+"/part/7", []byte("half"), 0o600)
		}, path: "hi/a.ts"},
		{name: "something at the top", tamper: func(p string) error {
			return os.WriteFile(filepath.Dir(filepath.Dir(filepath.Dir(p)))+"/notes", nil, 0o600)
		}, want: "foreign", path: "hi/a.ts"},
		{name: "too deep", tamper: func(p string) error {
			return os.MkdirAll(filepath.Dir(p)+strings.Repeat("/d", maxDepth+1), 0o700)
		}, want: "foreign", path: "hi/a.ts"},
		{name: "both names", tamper: func(p string) error {
			d := filepath.Dir(filepath.Dir(filepath.Dir(p))) + "/named/hi"
			return swap("", os.MkdirAll(d, 0o700), os.Link(p, d+"/"+filepath.Base(p)))
		}, path: "hi/a.ts"},
		{name: "restored from a backup", tamper: func(p string) error {
			fi, err := os.Stat(p)
			if err != nil {
				return err
			}
			return swap("", os.Rename(p, p+"~"), os.WriteFile(p, []byte("bytes"), 0o600), os.Remove(p+"~"),
				os.Chtimes(p, time.Time{}, fi.ModTime()))
		}, path: "hi/a.ts"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			x := start(t, nil)
			if tt.name == "folder links outside" || tt.name == "link outside" {
				_ = os.WriteFile(victim, []byte("bytes"), 0o600) // by both, the same
			}
			x.pinText("hi/a.ts", "bytes")
			x.remove("hi/a.ts")
			pin := filepath.Join(x.spool.folder, filepath.FromSlash(x.onDisk()[0]))
			x.spool.Close()
			switch tt.name { // these tamper with what must not be there before
			case "link outside", "FIFO", "folder", "folder with a file":
				x.must(os.Remove(pin))
			}
			x.must(tt.tamper(pin))
			x.open(nil)
			if got := strings.Join(x.obs.dropped, " "); got != tt.want {
				t.Errorf("dropped %q, want %q: %s", got, tt.want, x.obs.log.String())
			}
			all := x.spool.Recovered()
			if got := strings.Join(names(all), " "); got != tt.path {
				t.Fatalf("recovered %q, want %q", got, tt.path)
			}
			for _, f := range all {
				if f.Named != (tt.name == "both names") || !f.Spooled {
					t.Errorf("named: %v, spooled: %v", f.Named, f.Spooled)
				}
				if f.State == hls.Lost {
					continue
				}
				x.want(f, "bytes")
				f.Source.Release()
			}
			if got := len(x.onDisk()) > 0; got != tt.left && tt.name != "something at the top" && tt.name != "folder links outside" {
				t.Errorf("on disk: %q, left: %v", x.onDisk(), tt.left)
			}
			// Whatever it met, the spool works.
			f := x.pinText("lo/b.ts", "next")
			keep(f)
			x.want(f, "next")
		})
	}
}

// rename returns what gives a pin another name, with from in its fingerprint's first dash replaced by to.
func rename(name, dash string) func(string) error {
	return func(p string) error {
		_, token, _ := strings.Cut(filepath.Base(p), "@")
		return os.Rename(p, filepath.Dir(p)+"/"+name+"@"+strings.Replace(token, "-", dash, 1))
	}
}

// swap returns the first error.
func swap(_ string, errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestManyForeignEntries(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	for i := range 3 * maxWarnings {
		x.must(os.WriteFile(filepath.Join(x.spool.folder, settled, fmt.Sprint(i)), nil, 0o600))
	}
	x.again()
	if n := x.obs.lines("level=WARN"); n != maxWarnings || len(x.obs.dropped) != 3*maxWarnings {
		t.Errorf("%d warnings of %d entries, want %d", n, len(x.obs.dropped), maxWarnings)
	}
}

// TestInodeOfAnotherFileSystem recovers a copy that has the inode number of its original, by chance.
func TestInodeOfAnotherFileSystem(t *testing.T) {
	where := mount(t, "size=1m,mode=0700")
	elsewhere := func(c *Config, _ *system) { c.Spool = where }
	x := start(t, elsewhere)
	original := x.pinText("a.ts", "bytes").Version
	x.pass()
	x.spool.Close()
	names := x.onDisk()
	if len(names) != 1 {
		t.Fatalf("on disk: %q", names)
	}
	fi, err := os.Stat(filepath.Join(where, names[0]))
	x.must(err)
	copied := openfile.VersionOf(fi)
	original.Inode = copied.Inode
	pin, err := pinName("a.ts", original)
	x.must(err)
	x.must(os.Rename(filepath.Join(where, names[0]), filepath.Join(where, settled, pin)))
	x.open(elsewhere)
	if all := x.spool.Recovered(); len(all) != 1 || all[0].Version != original {
		t.Errorf("recovered %+v, want %+v", all, original)
	}
}

// TestPlaylists has playlists in the spool: with what they say, however they are written and wherever the spool lies.
func TestPlaylists(t *testing.T) {
	t.Parallel()
	const one, two = "#EXTM3U\n#EXTINF:2,\na.ts\n", "#EXTM3U\n#EXTINF:2,\na.ts\n#EXTINF:2,\nb.ts\n"
	t.Run("renamed", func(t *testing.T) {
		t.Parallel()
		x := start(t, nil)
		old := x.pinText("hi/live.m3u8", one)
		x.remove("hi/live.m3u8")
		keep(x.pinText("hi/live.m3u8", two))
		old.Source.Release()
		x.remove("hi/live.m3u8")
		x.again()
		all := x.spool.Recovered()
		if len(all) != 1 {
			t.Fatalf("recovered %q", names(all))
		}
		f := all[0]
		if f.Kind != hls.MediaPlaylist || string(f.Content) != two || f.Playlist == nil || f.Playlist.Segments != 2 || !f.Spooled || !f.Found {
			t.Errorf("got %+v", f)
		}
		f.Source.Release()
		x.wantUsed(0, 0)
	})
	t.Run("killed before it was kept", func(t *testing.T) {
		t.Parallel()
		x := start(t, nil)
		x.pinText("master.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlive.m3u8\n")
		x.again()
		if all := x.spool.Recovered(); len(all) != 1 || !all[0].Spooled || all[0].Kind != hls.MultivariantPlaylist {
			t.Errorf("got %+v", all)
		}
	})
	t.Run("written in place", func(t *testing.T) {
		t.Parallel()
		x := start(t, nil)
		x.pinText("live.m3u8", one)
		x.pinText("live.m3u8", two)
		if way := x.obs.lastWay(); way != hls.PinnedByCopy {
			t.Errorf("pinned by %s, want %s", way, hls.PinnedByCopy)
		}
		long := two + strings.Repeat("#\n", smallFile/2)
		x.pinText("long.m3u8", long)
		x.pinText("long.m3u8", long+"#\n")
		if x.pass(); x.obs.lastWay() != hls.PinnedByCopy {
			t.Errorf("a long one is pinned by %s, want %s", x.obs.lastWay(), hls.PinnedByCopy)
		}
		x.pinText("a.ts", "a segment beside it")
		if way := x.obs.lastWay(); way != hls.PinnedByLink || x.obs.lines("in place") != 0 {
			t.Errorf("a segment is pinned by %s, want %s: %s", way, hls.PinnedByLink, x.obs.log.String())
		}
		x.write("live.m3u8", "")
		x.again() // killed in the moment between truncating and writing
		all := x.spool.Recovered()
		if !slices.ContainsFunc(all, func(f hls.File) bool { return f.Path == "live.m3u8" && string(f.Content) == two }) {
			t.Errorf("recovered %q", names(all))
		}
	})
	t.Run("on another file system", func(t *testing.T) {
		t.Parallel()
		x := start(t, func(_ *Config, sys *system) {
			sys.link = func(original, *os.File, string) error { return syscall.EXDEV }
		})
		x.pinText("live.m3u8", one)
		x.freshText("live.m3u8", two)
		x.freshText("a.ts", "a segment")
		if got := x.onDisk(); len(got) != 2 || !strings.HasPrefix(got[0], "settled/live.m3u8@") || !strings.HasPrefix(got[1], "settled/live.m3u8@") {
			t.Errorf("at once only a playlist that is written in place is copied: on disk %q", got)
		}
	})
	t.Run("on a full disk", func(t *testing.T) {
		t.Parallel()
		x := start(t, func(_ *Config, sys *system) {
			sys.copy = func(*os.File, original) error { return syscall.ENOSPC }
		})
		x.pinText("live.m3u8", one)
		x.pinText("live.m3u8", two)
		if way := x.obs.lastWay(); way != hls.PinnedByLink {
			t.Errorf("pinned by %s, want %s", way, hls.PinnedByLink)
		}
		x.pinText("a.ts", "a segment, which needs no room")
	})
	t.Run("not to be read", func(t *testing.T) {
		t.Parallel()
		x := start(t, nil)
		x.pinText("live.m3u8", "<html>")
		x.pinText("a.ts", "a segment")
		x.again()
		if got := names(x.spool.Recovered()); len(got) != 1 || got[0] != "a.ts" || len(x.obs.dropped) != 1 {
			t.Errorf("recovered %q, dropped %q", got, x.obs.dropped)
		}
		x.wantUsed(1, 9)
	})
}
