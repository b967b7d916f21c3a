package watcher

import (
	"context"
	"fmt"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
	"golang.org/x/sys/unix"

	"github.com/hlsship/hlsship/hls"
)

// TestFoldersExchangedWhileTheyAreWatched has folders change their names between the moment at which one is recognised and
// the one at which it is watched by its name. fsnotify then has one watch under two names, and dereferences nil when both
// are removed.
func TestFoldersExchangedWhileTheyAreWatched(t *testing.T) {
	t.Parallel()
	for _, times := range []int32{1, 2, 5} {
		t.Run(fmt.Sprintf("%d times", times), func(t *testing.T) {
			t.Parallel()
			var armed, left atomic.Int32
			x := newWatch(t, t.TempDir(), func(c *Config) { c.Rescan = 100 * time.Millisecond }, func(w *Watcher) {
				w.sys.arming = func(ctx context.Context) arming {
					a := closeWriteArming(ctx)
					add := a.add
					a.add = func(n *fsnotify.Watcher, path string) error {
						if name := filepath.Base(path); armed.Add(1) > 3 && (name == "a" || name == "b") && left.Add(-1) >= 0 {
							from, to := filepath.Join(filepath.Dir(path), "a"), filepath.Join(filepath.Dir(path), "b")
							if err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_EXCHANGE); err != nil {
								t.Errorf("exchange: %v", err)
							}
						}
						return add(n, path)
					}
					return a
				}
			})
			for _, name := range []string{"a", "b"} {
				check(t, unix.Mkdir(x.path(name), 0o755))
			}
			x.run()
			x.scanned("start", 1)
			left.Store(times)
			x.obs.until(t, "exchanges and a scan after them", func(r *recorder) bool { return left.Load() <= -2 })
			x.write("a/1.ts", "in a")
			x.write("b/2.ts", "in b")
			for want := map[string]string{"a/1.ts": "in a", "b/2.ts": "in b"}; len(want) > 0; {
				f := x.next()
				if f.State == hls.Settled && string(read(t, f)) == want[f.Path] {
					delete(want, f.Path)
				}
			}
		})
	}
}
