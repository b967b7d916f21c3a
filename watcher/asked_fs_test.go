package watcher

import (
	"os"
	"syscall"
	"testing"
)

// TestLookAtWhatIsThereAndNotFinished: whoever asks for a name is told that it is gone only if nothing has it. Else what the store has
// under the name would count as its bytes.
func TestLookAtWhatIsThereAndNotFinished(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		is     func(x *watch)
		option option
	}{
		"its writer has it open":       {func(x *watch) { x.open("all.ts") }, nil},
		"so, and no close is heard":    {func(x *watch) { x.open("all.ts") }, withoutCloses},
		"nobody may read it":           {func(x *watch) { x.write("all.ts", "secret") }, refusing("all.ts", syscall.EACCES)},
		"the machine fails to read it": {func(x *watch) { x.write("all.ts", "lost") }, refusing("all.ts", syscall.EIO)},
		"it is empty":                  {func(x *watch) { x.write("all.ts", "") }, nil},
		"it is a link":                 {func(x *watch) { check(x.t, os.Symlink("elsewhere.ts", x.path("all.ts"))) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newWatch(t, t.TempDir(), nil)
			if test.option != nil {
				test.option(x.w)
			}
			test.is(x)
			x.run()
			x.scanned("start", 1)
			x.w.Look("all.ts")
			x.barrier()
			check(t, os.Remove(x.path("all.ts")))
			x.gone("all.ts")
		})
	}
}

// refusing has the machine refuse to open a name.
func refusing(name string, err error) option {
	return func(w *Watcher) {
		open := w.sys.open
		w.sys.open = func(root *os.Root, path string, flags int) (*os.File, error) {
			if path == name {
				return nil, &os.PathError{Op: "openat", Path: path, Err: err}
			}
			return open(root, path, flags)
		}
	}
}
