package watcher

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// Config says what to watch and how. Only Dir is required.
type Config struct {
	// Dir is the watched directory. It need not exist yet.
	Dir string
	// Settle is how long a file must keep its size and modification time to count as finished where
	// nothing better can be known. 0 means 2 s.
	Settle time.Duration
	// Rescan is the time from one scan of the whole directory to the next. 0 means 30 s.
	Rescan time.Duration
	// Exclude is asked once for each file that appears, with its slash-separated path below Dir. A file
	// for which it returns true is never opened nor reported. nil excludes nothing. It is called from
	// the goroutine of Run.
	Exclude func(path string) bool
	// LongestPath is how many bytes the path of a file may have; longer ones are refused. 0 means any.
	LongestPath int
	// Site says where players find the files of Dir, which URLs in playlists mean. The zero Site is that of a bucket's root.
	Site hls.Site
	// Leave lists folders that are neither watched nor scanned, wherever they lie below Dir, with all that is in them: those in
	// which other parts of the program keep files. They are known by device and inode, so that no spelling and no link
	// hides them, and need not exist yet. A relative path counts from the working directory.
	Leave []string
	// Hold is the largest number of finished files that are kept open. 0 means half of RLIMIT_NOFILE, at
	// most 4096. Beyond it the one held longest is let go; its Source then opens it by name. A quarter as many more
	// may be open that are not finished yet.
	Hold int
	// Pin, if set, has the bytes of finished files kept by somebody else instead, who may outlive the
	// process: it is given the open file, its path below Dir and its fingerprint, and returns the Source. If
	// ok the file belongs to that Source, else it is held open as without Pin. Files that a scan met at rest
	// are pinned once their Source is kept (hls.Keeper), playlists at once. Pin is called from several goroutines at once. One
	// that takes long delays that file and what waits for it.
	Pin func(path string, f *os.File, v hls.Version) (src hls.Source, ok bool)
	// Spare, unless nil, is asked to close a file where there are no descriptors left, before one of those that are held here is, and
	// reports whether it did. It is called from several goroutines at once and must be fast.
	Spare func() bool
	// Noted, unless nil, says that an earlier process was done with the file of that path, which was finished, and that nothing
	// changed it since. fi is what its name means now, found without opening it. It is asked of all that a listing meets. What it
	// knows is reported unopened, but for the files that are kept open (Hold) and for those on a network mount, of which fi may be old.
	// It is called from several goroutines at once and must be fast.
	Noted func(path string, fi fs.FileInfo) bool
	// Torn, unless nil, says that a loss of power tore the file of that path with that fingerprint, however finished it
	// looks. It is called from the goroutine of Run and must be fast.
	Torn func(path string, v hls.Version) bool
	// Memory bounds what playlists take that are read and not released by the receiver of their facts. nil bounds
	// nothing.
	Memory *hls.Account
	// Beat, unless nil, is called by the loop of Run at least once a second while it turns, so that a
	// supervisor can tell a loop that hangs. It must return at once.
	Beat func()
	// Logger is for what an operator should know; nil is silent.
	Logger *slog.Logger
	// Observer is told what happens; nil is silent.
	Observer Observer
}

// Watcher watches one directory. Create it with New.
type Watcher struct {
	config Config
	sys    system
	held   *holder

	// wake has room for one token: there is something in looks, or the number of held files changed.
	wake  chan struct{}
	mu    sync.Mutex
	looks map[string]struct{} // guarded by mu

	running atomic.Bool
	events  atomic.Int64 // events received, for the benchmark
}

// system is what the watcher asks of the kernel; tests replace parts of it.
type system struct {
	// lstat tells what is at a name below root, and follows no link there.
	lstat func(root *os.Root, name string) (fs.FileInfo, error)
	// open opens what is at a name below root, without following a link there.
	open func(root *os.Root, name string, flags int) (*os.File, error)
	// list returns the next entries of a folder, and io.EOF after the last.
	list func(dir *os.File) ([]fs.DirEntry, error)
	// probe asks whether anybody has the file open for writing.
	probe func(*os.File) writer
	// remote names the file system that a folder is on if others write there of whom the kernel does not tell; else "".
	remote func(folder *os.File) string
	// arming finds out how a folder is watched.
	arming func(context.Context) arming
}

// New checks c and returns a Watcher. It starts nothing and does not touch the directory. The error
// lists everything that is wrong with c.
func New(c Config) (*Watcher, error) {
	var problems []error
	if c.Dir == "" {
		problems = append(problems, errors.New("no directory to watch"))
	}
	if c.Settle < 0 {
		problems = append(problems, fmt.Errorf("settle %v is negative", c.Settle))
	}
	if c.Rescan < 0 {
		problems = append(problems, fmt.Errorf("rescan %v is negative", c.Rescan))
	}
	if c.Hold < 0 {
		problems = append(problems, fmt.Errorf("hold %d is negative", c.Hold))
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		problems = append(problems, fmt.Errorf("find %s: %w", c.Dir, err))
	}
	if len(problems) > 0 {
		return nil, fmt.Errorf("watcher: %w", errors.Join(problems...))
	}
	c.Dir, c.Leave = dir, slices.Clone(c.Leave)
	for i, folder := range c.Leave {
		if c.Leave[i], err = filepath.Abs(folder); err != nil {
			return nil, fmt.Errorf("watcher: find %s: %w", folder, err)
		}
	}
	if c.Settle == 0 {
		c.Settle = 2 * time.Second
	}
	if c.Rescan == 0 {
		c.Rescan = 30 * time.Second
	}
	if c.Hold == 0 {
		c.Hold = defaultHold()
	}
	if c.Spare == nil {
		c.Spare = func() bool { return false }
	}
	if c.Exclude == nil {
		c.Exclude = func(string) bool { return false }
	}
	if c.Torn == nil {
		c.Torn = func(string, hls.Version) bool { return false }
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Observer == nil {
		c.Observer = silent{}
	}
	w := &Watcher{
		config: c,
		sys:    theSystem(),
		wake:   make(chan struct{}, 1),
		looks:  make(map[string]struct{}),
	}
	w.held = newHolder(c.Hold, &w.sys, w.ring)
	w.held.others = c.Spare
	return w, nil
}

// Run watches until ctx is done and sends what it learns on facts, in the order that the package comment tells.
// It then makes a last scan, hears of what the kernel has announced by then, waits up to 250 ms for files that are just being
// closed, delivers what is left, closes facts and returns nil. It may be called once.
//
// The receiver must read facts until it is closed and release the Source and the Share of every fact. Until ctx is
// done a slow receiver blocks nothing: facts wait in memory. After it, Run waits at most 10 s for the
// receiver, then releases what nobody took and returns an error; and as long for files that it still reads, which it leaves to
// the next start then.
//
// A directory that does not exist yet, or was removed, is waited for. An error is returned when Dir is
// no directory or may not be read, and when inotify fails for want of instances or watches; it then
// names the setting to raise. Facts is closed then, too; only a second call leaves it alone.
func (w *Watcher) Run(ctx context.Context, facts chan<- hls.File) error {
	if w.running.Swap(true) {
		return errors.New("watcher: run called twice")
	}
	defer close(facts)
	r := newRun(w, facts)
	defer r.close()
	if err := r.serve(ctx); err != nil {
		return fmt.Errorf("watch %s: %w", w.config.Dir, err)
	}
	return nil
}

// Look asks for the file at path, slash-separated and relative to the watched directory, to be looked
// at again and reported afresh once it is settled, even if its Version was reported before; or to be
// reported as gone if it is not there. It never blocks and may be called from any goroutine. A path
// that leaves the directory is ignored, as is a call after Run returned.
func (w *Watcher) Look(path string) {
	if !filepath.IsLocal(filepath.FromSlash(path)) {
		return
	}
	w.mu.Lock()
	w.looks[path] = struct{}{}
	w.mu.Unlock()
	w.ring()
}

// theSystem is the system proper.
func theSystem() system {
	return system{
		lstat: (*os.Root).Lstat,
		open: func(root *os.Root, name string, flags int) (*os.File, error) {
			return root.OpenFile(name, flags, 0)
		},
		list:   func(dir *os.File) ([]fs.DirEntry, error) { return dir.ReadDir(listingBatch) },
		probe:  probeWriter,
		remote: remoteKind,
		arming: closeWriteArming,
	}
}

// ring wakes the loop of Run. It never blocks: one token is as good as two.
func (w *Watcher) ring() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// asked returns the paths that Look was called with since the last call.
func (w *Watcher) asked() map[string]struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.looks) == 0 {
		return nil
	}
	looks := w.looks
	w.looks = make(map[string]struct{})
	return looks
}

// silent is the Observer of a Config without one.
type silent struct{}

func (silent) Settled(string, string)             {}
func (silent) Refused(string)                     {}
func (silent) Scanned(string, int, time.Duration) {}
func (silent) Watching(int, bool)                 {}
func (silent) Holding(int)                        {}
func (silent) Waiting(int)                        {}
