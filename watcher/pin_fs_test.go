package watcher

import (
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/hlsship/hlsship/hls"
)

// pins takes in what is pinned.
type pins struct {
	refuse bool
	mu     sync.Mutex
	paths  []string
}

// pinnedFile is the Source of a file that somebody else keeps.
type pinnedFile struct{ *os.File }

func (p pinnedFile) Open() (hls.Reader, error) { return nil, os.ErrNotExist }
func (p pinnedFile) Release()                  { _ = p.Close() }

func (p *pins) pin(path string, f *os.File, _ hls.Version) (hls.Source, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.paths = append(p.paths, path)
	return pinnedFile{f}, !p.refuse
}

// TestPlaylistIsPinned has the newest version of a playlist kept for the next process, also one met at rest.
func TestPlaylistIsPinned(t *testing.T) {
	t.Parallel()
	for name, refuse := range map[string]bool{"kept": false, "not to be kept": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &pins{refuse: refuse}
			dir := t.TempDir()
			check(t, os.WriteFile(filepath.Join(dir, "rest.m3u8"), []byte(playlist("a.ts")), 0o644))
			x := newWatch(t, dir, func(c *Config) { c.Pin = p.pin })
			x.run()
			want := func(name, text string) {
				t.Helper()
				f := x.next()
				if f.Path != name || string(f.Content) != text || (f.Source == nil) != refuse {
					t.Errorf("got %s with %q and source %v", f.Path, f.Content, f.Source)
				}
				release(f)
			}
			want("rest.m3u8", playlist("a.ts"))
			x.write("live.m3u8", playlist("b.ts"))
			want("live.m3u8", playlist("b.ts"))
			x.write("live.m3u8.tmp", playlist("b.ts"))
			x.rename("live.m3u8.tmp", "live.m3u8") // the same bytes may mean other segments
			want("live.m3u8", playlist("b.ts"))
			x.write("live.m3u8", "no playlist")
			x.write("live.m3u8", playlist("b.ts", "c.ts"))
			want("live.m3u8", playlist("b.ts", "c.ts"))
			p.mu.Lock()
			defer p.mu.Unlock()
			if len(p.paths) != 4 {
				t.Errorf("pinned %q", p.paths)
			}
		})
	}
}
