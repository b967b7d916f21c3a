//go:build !windows

package spool

import (
	"errors"
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

// TestExcluded: what an earlier process left of paths that are excluded now stays where it is.
func TestExcluded(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	for _, name := range []string{"private/a.ts", "private/live.m3u8", "hi/a.ts", "private.ts"} {
		keep(x.pinText(name, "#EXTM3U\n"+name))
		x.remove(name)
	}
	before := x.onDisk()
	x.spool.Close()
	x.open(func(c *Config, _ *system) {
		c.Exclude = func(path string) bool { return strings.HasPrefix(path, "private/") }
	})
	all := x.spool.Recovered()
	if got := names(all); len(got) != 2 || slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "private/") }) {
		t.Errorf("recovered %q", got)
	}
	if got := strings.Join(x.obs.dropped, " "); got != "excluded excluded" || x.obs.lines("level=WARN") != 1 ||
		x.obs.lines("private/a.ts") != 1 || x.obs.lines("files=2") < 1 {
		t.Errorf("dropped %q: %s", got, x.obs.log.String())
	}
	if got := x.onDisk(); !slices.Equal(got, before) {
		t.Errorf("on disk: %q, before %q", got, before)
	}
	x.wantUsed(2, int64(len("#EXTM3U\nhi/a.ts")+len("#EXTM3U\nprivate.ts")))
	x.again() // without --exclude
	if got := names(x.spool.Recovered()); len(got) != 4 {
		t.Errorf("recovered %q once they are not excluded", got)
	}
}

// leave puts a pin into the spool folder as an earlier process did.
func (x *stage) leave(area, name, text string, modTime time.Time) {
	x.Helper()
	file := filepath.Join(x.dir, "left")
	x.must(os.WriteFile(file, []byte(text), 0o600))
	x.leaveLink(area, name, file, modTime)
	x.must(os.Remove(file))
}

// leaveLink does so with a link to a file.
func (x *stage) leaveLink(area, name, file string, modTime time.Time) {
	x.Helper()
	x.must(os.Chtimes(file, modTime, modTime))
	fi, err := os.Stat(file)
	x.must(err)
	pin, err := pinName(name, openfile.VersionOf(fi))
	x.must(err)
	to := filepath.Join(x.dir, DefaultFolder, area, filepath.FromSlash(pin))
	x.must(os.MkdirAll(filepath.Dir(to), 0o700))
	x.must(os.Link(file, to))
}

// TestNewestPlaylist: of the versions of a playlist the newest that can be read is recovered, and older ones are removed.
func TestNewestPlaylist(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	x.spool.Close()
	at := time.Unix(1_700_000_000, 0)
	for i, text := range []string{"#EXTM3U\n#EXTINF:2,\n0.ts\n", "#EXTM3U\n#EXTINF:2,\n1.ts\n", "#EXTM3U\n#EXTINF:2,\n2.ts\n", "<html>"} {
		area := settled
		if i == 1 {
			area = named
		}
		x.leave(area, "hi/live.m3u8", text, at.Add(time.Duration(i)*time.Second))
	}
	x.leave(settled, "lo/live.m3u8", "#EXTM3U\n#EXTINF:2,\nlo.ts\n", at)
	x.open(nil)
	all := x.spool.Recovered()
	if got := names(all); fmt.Sprint(got) != "[lo/live.m3u8 hi/live.m3u8]" || !strings.Contains(string(all[1].Content), "2.ts") {
		t.Fatalf("recovered %q: %+v", got, all)
	}
	if got := fmt.Sprint(x.obs.dropped); got != "[changed]" { // which is no playlist
		t.Errorf("dropped %s", got)
	}
	if got := x.onDisk(); len(got) != 2 {
		t.Errorf("on disk: %q", got)
	}
	x.wantUsed(2, all[0].Version.Size+all[1].Version.Size)
}

// TestOnePlaylistManyLinks reads a file once, however many names it has in the spool, whichever kind they are of.
func TestOnePlaylistManyLinks(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	x.spool.Close()
	file := x.path("one")
	x.must(os.WriteFile(file, []byte("#EXTM3U\n#EXTINF:2,\na.ts\n#"+strings.Repeat("x", 8<<20)), 0o600))
	at := time.Unix(1_700_000_000, 0)
	for i := range 200 {
		x.leaveLink(named, fmt.Sprintf("%d.m3u8", i), file, at)
	}
	x.leaveLink(named, "none.mpd", file, at)
	x.open(nil)
	all := x.spool.Recovered()
	if len(all) != 200 || fmt.Sprint(x.obs.dropped) != "[changed]" {
		t.Fatalf("recovered %d, dropped %q", len(all), x.obs.dropped)
	}
	for _, f := range all {
		if &f.Content[0] != &all[0].Content[0] || f.Playlist != all[0].Playlist {
			t.Fatalf("%s was read again", f.Path)
		}
	}
}

// TestMemoryForPlaylists: playlists take what memory there is, the newest first; the others stay for the next process.
func TestMemoryForPlaylists(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	x.spool.Close()
	at := time.Unix(1_700_000_000, 0)
	const many = 50
	long := "#EXTM3U\n" + strings.Repeat("#EXTINF:2,\na.ts\n", 100)
	for i := range many {
		x.leave(named, fmt.Sprintf("%02d.m3u8", i), long, at.Add(time.Duration(i)*time.Second))
	}
	x.leave(named, "large.m3u8", "#EXTM3U\n"+strings.Repeat("#", 1<<20), at.Add(time.Hour))
	x.leave(named, "greedy.m3u8", "#EXTM3U\n"+strings.Repeat("#", int(hls.Cost(int64(len(long)), 100))*2), at.Add(time.Hour)) // half of it
	x.leave(named, "large.m3u8", "#EXTM3U\n", at)                                                                             // an older version stays with it
	x.leave(named, "dense.m3u8", "#EXTM3U\n"+strings.Repeat("#EXTINF:2,\na\n", 1000), at.Add(time.Hour))
	cost := hls.Cost(int64(len(long)), 100)
	limit := 8 * cost
	memory := hls.NewAccount(limit)
	bounded := func(c *Config, _ *system) { c.Memory = memory }
	x.open(bounded)
	all := x.spool.Recovered()
	if n := len(all); n < 6 || n > 8 || memory.Used() != int64(n)*cost || memory.Used() > limit {
		t.Fatalf("%d playlists of %d bytes take %d of %d", n, cost, memory.Used(), limit)
	}
	if f := all[len(all)-1]; f.Path != "49.m3u8" || f.Share.Bytes() != cost || len(f.Playlist.References) != 100 {
		t.Errorf("the last is %s with a share of %d", f.Path, f.Share.Bytes())
	}
	stay := many - len(all) + 4
	if len(x.obs.dropped) != stay || slices.ContainsFunc(x.obs.dropped, func(s string) bool { return s != hls.DroppedLater }) {
		t.Errorf("dropped %q, want %d", x.obs.dropped, stay)
	}
	if x.obs.lines("level=WARN") != 1 || x.obs.lines("large.m3u8") != 1 || x.obs.lines(fmt.Sprint("files=", stay)) != 1 {
		t.Errorf("the log: %s", x.obs.log.String())
	}
	if got := len(x.onDisk()); got != many+4 {
		t.Errorf("%d on disk, want %d", got, many+4)
	}
	for _, f := range all {
		f.Share.Release()
		f.Source.Release()
	}
	if memory.Used() != 0 {
		t.Errorf("%d bytes are not given back", memory.Used())
	}
	x.spool.Close()
	x.open(bounded)
	if got := x.spool.Recovered(); len(got) < 6 || slices.Contains(names(got), "49.m3u8") {
		t.Errorf("the next process recovered %q", names(got))
	}
}

// TestTextsWithoutMemory: a text that there was memory for, but none for what it names, is not kept.
func TestTextsWithoutMemory(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	x.spool.Close()
	for i := range 3 {
		x.leave(named, fmt.Sprintf("%d.m3u8", i), "#EXTM3U\n"+strings.Repeat("#EXTINF:2,\na.ts\n", 10), time.Unix(int64(i), 0))
	}
	memory := hls.NewAccount(1 << 20)
	var others []*hls.Share
	for memory.Used() < memory.Limit()-hls.PerReference {
		share, ok := memory.Take(hls.PerReference)
		if !ok {
			break
		}
		others = append(others, share)
	}
	others[0].Release() // room for a text and one reference
	b, err := openBase(x.dir, x.path(DefaultFolder), os.Geteuid())
	x.must(err)
	defer b.close()
	x.spool.config.Memory = memory
	r, texts := recovery{spool: x.spool, base: b, stays: map[string]*stay{}}, map[listFile]*listText{}
	r.walk(named, named, 0)
	before := memory.Used()
	for range 2 {
		for _, p := range r.lists {
			if _, err := r.read(p, texts); !errors.Is(err, errNoMemory) {
				t.Errorf("got %v, want %v", err, errNoMemory)
			}
		}
	}
	if len(texts) != 3 || memory.Used() != before {
		t.Errorf("%d files were read, %d bytes taken", len(texts), memory.Used()-before)
	}
	for file, text := range texts {
		if text.content != nil || text.playlist != nil {
			t.Errorf("%+v is kept", file)
		}
	}
}

// TestErrorsOfTheMachine: for want of descriptors nothing is taken for broken.
func TestErrorsOfTheMachine(t *testing.T) {
	t.Parallel()
	for _, err := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.EIO, syscall.EACCES} {
		if unreadable(&os.PathError{Op: "open", Path: "x", Err: err}) {
			t.Errorf("%v: taken for a broken playlist", err)
		}
	}
	for _, err := range []error{hls.ErrMalformed, hls.ErrNotPlaylist, hls.ErrTooLarge} {
		if !unreadable(fmt.Errorf("parse: %w", err)) {
			t.Errorf("%v: not taken for a broken playlist", err)
		}
	}
	if unreadable(errNoMemory) || unreadable(errors.New("anything")) {
		t.Error("what may be read by the next process is dropped")
	}
}

// TestTorn has a loss of power take bytes, and the packager write anew.
func TestTorn(t *testing.T) {
	t.Parallel()
	finished := time.Now().Add(-time.Hour)
	for _, tt := range []struct {
		name   string
		change func(x *stage, path string) error
		torn   bool
	}{
		{"whole", func(*stage, string) error { return nil }, false},
		{"nothing remains", func(_ *stage, p string) error {
			return errors.Join(os.Truncate(p, 0), os.Chtimes(p, finished, finished.Truncate(time.Second)))
		}, true},
		{"nothing remains, with the time of the start", func(_ *stage, p string) error { return os.Truncate(p, 0) }, true},
		{"half of it remains", func(_ *stage, p string) error {
			return errors.Join(os.Truncate(p, 5), os.Chtimes(p, finished, finished))
		}, true},
		{"blocks that were reserved remain", func(_ *stage, p string) error {
			return errors.Join(os.Truncate(p, 1<<20), os.Chtimes(p, finished, finished.Add(-time.Second)))
		}, true},
		{"written anew before the start", func(_ *stage, p string) error { return os.WriteFile(p, []byte("shorter"), 0o600) }, false},
		{"touched", func(_ *stage, p string) error { return os.Chtimes(p, finished, finished.Truncate(time.Second)) }, false},
		{"another file, as old and shorter", func(x *stage, p string) error {
			x.write("other", "x") // while the pin has the inode
			return errors.Join(os.Truncate(p, 0), os.Rename(x.path("other"), p), os.Chtimes(p, finished, finished))
		}, false},
	} {
		for _, way := range []string{hls.PinnedByLink, hls.PinnedByCopy} {
			t.Run(tt.name+", kept by "+way, func(t *testing.T) {
				t.Parallel()
				x := start(t, func(c *Config, sys *system) {
					if way == hls.PinnedByCopy {
						copying(c, sys)
					}
				})
				path := x.path("hi/a.ts")
				x.write("hi/a.ts", "the bytes of a")
				x.must(os.Chtimes(path, finished, finished))
				whole := x.pin("hi/a.ts").Version
				x.pass()
				pin := x.onDisk()[0]
				x.must(tt.change(x, path))
				if way == hls.PinnedByCopy { // the power took the copy as well
					x.must(os.Truncate(filepath.Join(x.spool.folder, pin), 1))
				}
				x.spool.Close()
				x.open(nil)
				fi, err := os.Stat(path)
				x.must(err)
				if got := x.spool.Torn("hi/a.ts", openfile.VersionOf(fi)); got != tt.torn {
					t.Errorf("torn: %v, want %v; the log: %s", got, tt.torn, x.obs.log.String())
				}
				if x.spool.Torn("hi/b.ts", openfile.VersionOf(fi)) || x.spool.Torn("hi/a.ts", whole) {
					t.Error("another file, or the whole one, is torn")
				}
				if whole.Device++; x.spool.Torn("hi/a.ts", whole) {
					t.Error("a file of another device is torn")
				}
				x.write("hi/a.ts", "anew")
				fi, err = os.Stat(path)
				x.must(err)
				if x.spool.Torn("hi/a.ts", openfile.VersionOf(fi)) {
					t.Error("written anew after the start, and torn")
				}
			})
		}
	}
}
