package watcher

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/hlsship/hlsship/hls"
)

// arming is how a folder is watched. exact says that closes are announced; if not, why says what
// speaks against it.
type arming struct {
	add   func(w *fsnotify.Watcher, path string) error
	exact bool
	why   error
}

// notify makes the notifier.
func (r *run) notify() error {
	n, err := fsnotify.NewWatcher()
	if tooManyFiles(err) {
		return fmt.Errorf("%w: raise the sysctl fs.inotify.max_user_instances or the limit of open files", err)
	}
	if err != nil {
		return fmt.Errorf("ask for events: %w", err)
	}
	r.notifier = n
	return nil
}

// checkRoot compares the directory with the one that is open: a removed, replaced, unmounted or covered
// directory announces nothing.
func (r *run) checkRoot() {
	now := time.Now()
	r.queue.set(&r.rootCheck, now.Add(min(rootCheckTime, r.config.Rescan)))
	if r.config.Beat != nil {
		r.config.Beat()
	}
	if r.work.watch(now) {
		r.config.Logger.Warn("too many files hang, others may have to wait for them", "hanging", maxHanging,
			"cure", "look after the file system or the server that it is mounted from")
	}
	for _, p := range r.order.overdue(now.Add(-holdTime)) {
		r.readAgain(p)
	}
	if !r.calling {
		r.call("")
	}
}

// call has the directory opened if it is another one than that which is open, or a reason is given.
func (r *run) call(reason string) {
	if r.calling {
		r.callAgain = func() { r.call(reason) }
		return
	}
	r.calling = true
	c := &call{dir: r.dir, open: r.root != nil, id: r.rootID, reason: reason}
	r.work.add(&job{lane: rootLooks, task: c})
}

// call is a job that opens the directory, and an outcome then.
type call struct {
	dir    string
	open   bool   // one is open …
	id     fileID // … and this is its identity
	reason string

	same bool
	root *os.Root
	met  fileID
	err  error
}

// do implements task.
func (c *call) do() {
	if c.open && c.reason == "" {
		fi, err := os.Stat(c.dir)
		if err == nil && idOf(fi) == c.id || err != nil && !absent(err) {
			c.same = true
			return
		}
	}
	if c.root, c.err = os.OpenRoot(c.dir); c.err != nil {
		return
	}
	fi, err := c.root.Stat(".")
	if err != nil {
		c.err = err
		c.drop()
		return
	}
	c.met = idOf(fi)
}

// drop implements task.
func (c *call) drop() {
	if c.root != nil {
		_ = c.root.Close()
		c.root = nil
	}
}

// deal implements task.
func (c *call) deal(r *run) {
	r.calling = false
	if !c.same {
		r.called(c)
	}
	if next := r.callAgain; next != nil {
		r.callAgain = nil
		next()
	}
}

// called deals with a directory that was opened, or could not be.
func (r *run) called(c *call) {
	reason := c.reason
	switch {
	case reason != "":
	case r.opened:
		reason = hls.ScanReplaced
	default:
		reason = hls.ScanStart
	}
	if reason != hls.ScanOverflow || r.root == nil || c.err != nil || c.met != r.rootID {
		r.lose()
	}
	switch {
	case ofMachine(c.err):
		r.tellTrouble(".", c.err) // the next check of the root tries again
		return
	case c.err != nil:
		r.absent(c.err)
		return
	}
	if r.root != nil {
		_ = r.root.Close()
	}
	if r.missing {
		r.config.Logger.Info("directory is there", "dir", r.dir)
	}
	r.root, r.rootID, r.opened, r.missing = c.root, c.met, true, false
	r.top.id = c.met
	r.distrust()
	r.scan(reason, r.top)
}

// absent deals with a directory that cannot be opened. One that is missing is waited for: a packager
// may make it later, or make it again.
func (r *run) absent(err error) {
	for _, sub := range r.top.subs {
		r.removeFolder(sub)
	}
	for _, f := range r.top.files {
		r.removeFile(f)
	}
	if !r.opened && !errors.Is(err, fs.ErrNotExist) {
		r.fatal = err
		return
	}
	if !r.missing {
		r.missing = true
		r.config.Logger.Warn("directory is missing, waiting for it", "dir", r.dir, "err", err)
	}
}

// lose ends the work with the directory that was open.
func (r *run) lose() {
	r.scans = nil
	for f := range r.armed {
		r.disarm(f)
	}
	if r.root != nil {
		_ = r.root.Close()
		r.root = nil
	}
}

// distrust forgets what rests on events being complete: some were lost. A file that is open may have lost its name.
func (r *run) distrust() {
	for _, in := range r.folders {
		for _, f := range in.files {
			if f.open != nil && !f.lost {
				f.lost, f.next = true, signs{scanned: true}
				r.look(f)
			}
			for _, s := range []*signs{&f.signs, &f.next} {
				s.born = false
				if s.closedAs == (hls.Version{}) {
					s.closed, s.renamed = false, false
				}
			}
		}
	}
	r.passages = passages{}
}

// claim says that f, whose identity is known, is about to be watched. To watch one that is watched already does no harm and
// mends a watch that the kernel dropped in silence. Events may come at once.
func (r *run) claim(f *folder) {
	if other := r.byID[f.id]; other != nil && other != f {
		r.disarm(other) // the folder was moved here, and its watch would report the old path
	}
	f.watched = true
	r.armed[f] = true
	if f.id != (fileID{}) {
		r.byID[f.id] = f
	}
}

// exact reports whether the kernel tells of every close in the folder.
func (r *run) exact(in *folder) bool { return r.arming.exact && in.watched && in.remote == "" }

// disarm ends watching a folder.
func (r *run) disarm(f *folder) {
	if !f.watched {
		return
	}
	f.watched = false
	delete(r.armed, f)
	if r.byID[f.id] == f {
		delete(r.byID, f.id)
	}
	r.unwatch(r.absolute(f.path))
}

// unwatch removes a watch. Where two names of one folder were watched, as folders were exchanged in the very moment, fsnotify
// (1.10) dereferences nil when the second is removed, and gives events the name of the other one; then the notifier is
// made again.
func (r *run) unwatch(path string) {
	defer func() {
		if met := recover(); met != nil {
			r.broken = fmt.Errorf("remove a watch: %v", met)
		}
	}()
	_ = r.notifier.Remove(path) // it fails if the folder is gone, and its watch with it
}

// notArmed deals with a folder that cannot be watched: it is listed often instead. Without the
// directory itself there is nothing left to do.
func (r *run) notArmed(f *folder, err error) {
	if errors.Is(err, fs.ErrNotExist) {
		return
	}
	if noMoreWatches(err) {
		err = fmt.Errorf("%w: raise the sysctl fs.inotify.max_user_watches", err)
	}
	if f == r.top && ofMachine(err) && !noMoreWatches(err) {
		r.folderLater(f, err)
		return
	}
	if f == r.top {
		r.fatal = fmt.Errorf("ask for its events: %w", err)
		return
	}
	if errors.Is(err, fs.ErrPermission) {
		return // it cannot be listed either, which is told then
	}
	if !r.unwatched {
		r.unwatched = true
		r.config.Logger.Warn("folders cannot be watched, they are listed instead",
			"path", printable(f.path), "every", r.config.Settle, "err", err)
	}
	r.listLater(f)
}

// locate returns the folder and the name that a path means; in is nil if there is no such folder.
func (r *run) locate(rel string) (in *folder, name string) {
	rel = path.Clean(rel)
	if r.root == nil || rel == "." || rel == spool {
		return nil, ""
	}
	return r.folders[path.Dir(rel)], path.Base(rel)
}
