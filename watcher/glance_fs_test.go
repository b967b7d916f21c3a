package watcher

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/openfile"
)

// notes is a Config.Noted that knows files as they were when they were noted, and counts what is opened.
type notes struct {
	known  map[string]fs.FileInfo
	opened atomic.Int64
	listed func() // called once the directory is listed; may be nil
}

// note notes all files of a directory.
func (n *notes) note(t *testing.T, x *watch) {
	t.Helper()
	n.known = map[string]fs.FileInfo{}
	entries, err := os.ReadDir(x.dir)
	check(t, err)
	for _, e := range entries {
		fi, err := e.Info()
		check(t, err)
		n.known[e.Name()] = fi
	}
}

// noted is a Config.Noted.
func (n *notes) noted(path string, fi fs.FileInfo) bool {
	was := n.known[path]
	return was != nil && openfile.VersionOf(was) == openfile.VersionOf(fi)
}

// watch has what w opens be counted.
func (n *notes) watch(w *Watcher) {
	open, list := w.sys.open, w.sys.list
	w.sys.open = func(root *os.Root, name string, flags int) (*os.File, error) {
		if flags&openfile.FolderFlags != openfile.FolderFlags {
			n.opened.Add(1)
		}
		return open(root, name, flags)
	}
	w.sys.list = func(dir *os.File) ([]fs.DirEntry, error) {
		entries, err := list(dir)
		for _, e := range entries {
			_, _ = e.Info() // as it is before anything happens
		}
		if errors.Is(err, io.EOF) && n.listed != nil {
			n.listed()
			n.listed = nil
		}
		return entries, err
	}
}

// old makes files that were finished long ago, one after another, and returns their names.
func (x *watch) old(count int) (names []string) {
	x.t.Helper()
	for i := range count {
		name := fmt.Sprintf("s%03d.ts", i)
		x.write(name, name)
		at := time.Now().Add(time.Duration(i-2*count) * time.Second)
		check(x.t, os.Chtimes(x.path(name), at, at))
		names = append(names, name)
	}
	return names
}

// TestNotedFilesAreNotOpened starts on more files than one job looks at. Those that are noted are told of in their order, before
// the playlist that names them, and can be read; only those that stay open are opened.
func TestNotedFilesAreNotOpened(t *testing.T) {
	t.Parallel()
	n := &notes{}
	const count, hold = 2*glancesAtOnce + 10, 7
	x := newWatch(t, t.TempDir(), func(c *Config) { c.Noted, c.Hold = n.noted, hold }, n.watch)
	names := x.old(count)
	n.note(t, x)
	x.write("live.m3u8", playlist(names...))
	x.run()
	var facts []hls.File
	for range count + 1 {
		facts = append(facts, x.next())
	}
	x.scanned("start", 1)
	x.evidence("note", count+1-hold, "lease", hold) // the playlist is one of the last, and not noted
	if got := n.opened.Load(); got != hold {
		t.Errorf("%d files were opened, want %d", got, hold)
	}
	for i, f := range facts {
		name, text := "live.m3u8", playlist(names...)
		if i < count {
			name, text = names[i], names[i]
		}
		if f.Path != name || !f.Found || string(read(t, f)) != text {
			t.Errorf("fact %d is %s, want %s, found and as it was", i, f.Path, name)
		}
	}
	// Of what was told, news are told as ever.
	x.write(names[0], "other bytes")
	x.settled(names[0], "other bytes")
	check(t, os.Remove(x.path(names[1])))
	x.gone(names[1])
}

// TestNotedButNotAsNoted has one of four files that were noted be something else by the time of the start, or of the look at it.
func TestNotedButNotAsNoted(t *testing.T) {
	t.Parallel()
	const name = "s001.ts"
	open := func(x *watch) io.WriteCloser { return x.open(name, os.O_WRONLY|os.O_APPEND) }
	writing := func(x *watch) io.Closer {
		f := open(x)
		_, err := io.WriteString(f, " more")
		check(x.t, err)
		return f
	}
	for _, tt := range []struct {
		name   string
		option option
		before func(x *watch) io.Closer // before the start; returns who writes, or nil
		listed func(x *watch) io.Closer // once the directory was listed, and nothing of it looked at
		told   string                   // its bytes after the start; empty if it is not finished
		after  string                   // and after its writer closed it
		opened bool                     // all are
	}{
		{name: "as noted", told: name},
		{name: "opened for writing before, and nothing written", before: func(x *watch) io.Closer { return open(x) }, told: name, after: name},
		{name: "being written before", before: writing, after: name + " more"}, // it is the last one then
		{name: "being written since", listed: writing, after: name + " more"},
		{name: "removed since", listed: func(x *watch) io.Closer { check(x.t, os.Remove(x.path(name))); return nil }},
		{name: "replaced since", listed: func(x *watch) io.Closer {
			x.write("new.tmp", "new bytes")
			x.rename("new.tmp", name)
			return nil
		}, told: "new bytes"},
		{name: "made a link since", listed: func(x *watch) io.Closer {
			check(x.t, os.Remove(x.path(name)))
			check(x.t, os.Symlink("s000.ts", x.path(name)))
			return nil
		}},
		{name: "on a network mount", option: func(w *Watcher) { w.sys.remote = func(*os.File) string { return "NFS" } }, told: name, opened: true},
		{name: "where closes are not announced", option: withoutCloses, told: name, opened: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			n := &notes{}
			x := newWatch(t, t.TempDir(), func(c *Config) { c.Noted, c.Hold = n.noted, 1 }, n.watch)
			if tt.option != nil {
				tt.option(x.w)
			}
			x.old(4) // of which the last stays open
			n.note(t, x)
			var writer io.Closer
			if tt.before != nil {
				writer = tt.before(x)
			}
			met := make(chan io.Closer, 1)
			if tt.listed != nil {
				n.listed = func() { met <- tt.listed(x) }
			}
			x.run()
			x.scanned("start", 1)
			if tt.listed != nil {
				writer = <-met
			}
			x.write("last.ts", "last")
			want := map[string]string{"s000.ts": "s000.ts", "s002.ts": "s002.ts", "s003.ts": "s003.ts", "last.ts": "last", name: tt.told}
			if tt.told == "" {
				delete(want, name)
			}
			for len(want) > 0 {
				f := x.next()
				if f.State != hls.Settled {
					t.Fatalf("%s is %s", f.Path, f.State)
				}
				if got := string(read(t, f)); got != want[f.Path] || got == "" {
					t.Errorf("%s has the bytes %q, want %q", f.Path, got, want[f.Path])
				}
				delete(want, f.Path)
			}
			if got := x.obs.got()["note"]; got > 0 == tt.opened {
				t.Errorf("%d files were told of unopened", got)
			}
			if writer != nil {
				check(t, writer.Close())
				if tt.after != name {
					x.settled(name, tt.after)
				}
			}
			x.barrier()
		})
	}
}
