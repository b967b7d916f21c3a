package watcher

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/openfile"
)

// manifest is a DASH manifest without segments.
const manifest = `<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period></Period></MPD>`

// moves are the ways in which a name is left.
func moves() map[string]func(from, to string) error {
	return map[string]func(from, to string) error{
		"renamed": os.Rename,
		"linked and unlinked": func(from, to string) error {
			if err := os.Link(from, to); err != nil {
				return err
			}
			return os.Remove(from)
		},
		"removed":  func(from, _ string) error { return os.Remove(from) },
		"replaced": func(from, _ string) error { return os.Rename(from+".next", from) },
		"stays":    func(string, string) error { return nil },
	}
}

// TestEditionIsMoved has a playlist lose its name when it was found finished and is not read yet.
func TestEditionIsMoved(t *testing.T) {
	t.Parallel()
	for way, move := range moves() {
		for name, content := range map[string]string{"tmpx.m3u8": playlist("a.ts"), "tmpx.mpd": manifest, "lo/tmpx.m3u8": playlist("a.ts")} {
			for _, fresh := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s %s, fresh %v", name, way, fresh), func(t *testing.T) {
					t.Parallel()
					dir := t.TempDir()
					at := filepath.Join(dir, filepath.FromSlash(name))
					check(t, os.MkdirAll(filepath.Dir(at), 0o755))
					check(t, os.WriteFile(at+".next", []byte(content), 0o644))
					check(t, os.WriteFile(at, []byte(content), 0o644))
					file, err := os.Open(at)
					check(t, err)
					root, err := os.OpenRoot(dir)
					check(t, err)
					defer func() { check(t, root.Close()) }()
					v, err := openfile.Version(file)
					check(t, err)
					sys, pins := theSystem(), 0
					e := &edition{
						sys: &sys, root: root, files: &pending{}, place: &place{}, file: file, evidence: hls.ByClose, fresh: fresh,
						fact: hls.File{Path: name, Kind: hls.Classify(name), Version: v},
						pin:  func(string, *os.File, hls.Version) (hls.Source, bool) { pins++; return nil, false },
					}
					defer e.drop()
					check(t, move(at, filepath.Join(dir, "live"+filepath.Ext(name))))
					e.do()
					if want := fresh && (way == "renamed" || way == "linked and unlinked"); e.err != nil || e.moved != want || (pins == 0) != want {
						t.Errorf("moved %v, pinned %d times, %v; want moved %v", e.moved, pins, e.err, want)
					}
				})
			}
		}
	}
}

// TestFirstVersionMayMove: what waits for a rename that may come, and what does not.
func TestFirstVersionMayMove(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(r *run, s *sighting, g *signs)
		want   bool
	}{
		"written under its name":  {func(*run, *sighting, *signs) {}, true},
		"a moment ago":            {func(_ *run, s *sighting, _ *signs) { s.f.read.appeared = time.Now().Add(-firstWait / 2) }, true},
		"some moments ago":        {func(_ *run, s *sighting, _ *signs) { s.f.read.appeared = time.Now().Add(-firstWait) }, false},
		"renamed here":            {func(_ *run, _ *sighting, g *signs) { g.renamed = true }, false},
		"met by a scan":           {func(_ *run, _ *sighting, g *signs) { g.scanned = true }, false},
		"a later version":         {func(_ *run, s *sighting, _ *signs) { s.f.tell(hls.Version{Inode: 1}) }, false},
		"asked for":               {func(_ *run, s *sighting, _ *signs) { s.f.told.forced = true }, false},
		"it left already":         {func(_ *run, s *sighting, _ *signs) { s.last = true }, false},
		"at the end":              {func(r *run, _ *sighting, _ *signs) { r.ending = true }, false},
		"where nothing announces": {func(r *run, _ *sighting, _ *signs) { r.top.remote = "NFS" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w, err := New(Config{Dir: t.TempDir()})
				check(t, err)
				r := newRun(w, make(chan hls.File))
				r.arming.exact, r.top.watched = true, true
				file, err := os.Create(filepath.Join(w.config.Dir, "x.m3u8"))
				check(t, err)
				s, g := &sighting{f: r.newFile(r.top, "x.m3u8"), file: file}, signs{closed: true}
				c.change(r, s, &g)
				if got := r.mayMove(s, g); got != c.want || (s.f.open != nil) != got {
					t.Errorf("waits %v, open %v, want %v", got, s.f.open != nil, c.want)
				}
				if wait := time.Until(s.f.alarm.at); c.want && (wait <= 0 || wait > firstWait) {
					t.Errorf("looked at again after %v", wait)
				}
				r.timer.Stop()
				r.letClose(s.f)
				s.drop()
			})
		})
	}
}

// TestTemporaryPlaylistIsWhatItWasRenamedTo leaves many names at once: what was reported nevertheless is called back.
func TestTemporaryPlaylistIsWhatItWasRenamedTo(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"renamed", "linked and unlinked"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			x := start(t, nil)
			const versions = 50
			reported := map[string]int{}
			for i := range versions {
				temporary, content := fmt.Sprintf("tmp%d.m3u8", i), playlist(fmt.Sprintf("%d.ts", i))
				if i > 0 && way != "renamed" {
					check(t, os.Remove(x.path("live.m3u8")))
				}
				x.write(temporary, content)
				check(t, moves()[way](x.path(temporary), x.path("live.m3u8")))
				for f := x.next(); ; f = x.next() {
					switch {
					case f.Path == "live.m3u8" || f.State == hls.Gone && f.Moved:
						reported[f.Path]--
					default:
						reported[f.Path]++
					}
					if f.Path == "live.m3u8" && string(f.Content) == content {
						break
					}
				}
			}
			x.write("end.ts", "end")
			for f := x.next(); f.Path != "end.ts"; f = x.next() {
				if f.State == hls.Gone && f.Moved {
					reported[f.Path]--
				} else {
					t.Errorf("got %s %s", f.Path, f.State)
				}
			}
			for path, n := range reported {
				if n > 0 {
					t.Errorf("%s was reported and not called back", path)
				}
			}
		})
	}
}

// TestTemporaryPlaylistIsCalledBack has a playlist lose its name moments after it was reported.
func TestTemporaryPlaylistIsCalledBack(t *testing.T) {
	t.Parallel()
	for name, move := range map[string]func(x *watch){
		"renamed":      func(x *watch) { x.rename("tmpx.m3u8", "live.m3u8") },
		"moved away":   func(x *watch) { check(x.t, os.Rename(x.path("tmpx.m3u8"), x.dir+".m3u8")) },
		"linked first": func(x *watch) { check(x.t, os.Link(x.path("tmpx.m3u8"), x.path("live.m3u8"))) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := start(t, nil)
			t.Cleanup(func() { _ = os.Remove(x.dir + ".m3u8") })
			x.write("tmpx.m3u8", playlist("a.ts"))
			x.settled("tmpx.m3u8", playlist("a.ts"))
			move(x)
			if name == "linked first" {
				x.settled("live.m3u8", playlist("a.ts"))
				check(t, os.Remove(x.path("tmpx.m3u8")))
			}
			for {
				f := x.next()
				if f.Path == "live.m3u8" && f.State == hls.Settled {
					continue
				}
				if f.Path != "tmpx.m3u8" || f.State != hls.Gone || !f.Moved {
					t.Errorf("got %s %s, moved %v", f.Path, f.State, f.Moved)
				}
				break
			}
		})
	}
}
