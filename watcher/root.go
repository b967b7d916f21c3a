package watcher

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
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

// pulse compares the directory with the one that is open: a removed, replaced, unmounted or covered
// directory announces nothing.
func (r *run) pulse() {
	r.queue.set(&r.heartbeat, time.Now().Add(min(pulseTime, r.config.Rescan)))
	if r.config.Beat != nil {
		r.config.Beat()
	}
	if r.root != nil {
		fi, err := os.Stat(r.dir)
		if err == nil && idOf(fi) == r.rootID || err != nil && !errors.Is(err, fs.ErrNotExist) {
			return
		}
	}
	reason := "replaced"
	if !r.opened {
		reason = "start"
	}
	r.reopen(reason)
}

// reopen opens the directory anew and has it scanned for the given reason; if it is not there, all that
// was in it is gone.
func (r *run) reopen(reason string) {
	if reason != "overflow" || r.root == nil {
		r.lose()
	}
	root, err := os.OpenRoot(r.dir)
	var fi fs.FileInfo
	if err == nil {
		fi, err = root.Stat(".")
	}
	if ofMachine(err) {
		r.lose()
		r.tellTrouble(".", err)
		return // the next pulse tries again
	}
	if err != nil {
		r.lose()
		r.absent(err)
		return
	}
	if r.root != nil {
		_ = r.root.Close()
	}
	if r.missing {
		r.config.Logger.Info("directory is there", "dir", r.dir)
	}
	r.root, r.rootID, r.opened, r.missing = root, idOf(fi), true, false
	r.distrust()
	r.scan(reason, r.top)
}

// absent deals with a directory that cannot be opened. One that is missing is waited for: a packager
// may make it later, or make it anew.
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
	for _, s := range r.scans {
		if s.list != nil {
			s.list.close()
		}
	}
	r.scans = nil
	for _, f := range r.armed {
		r.disarm(f)
	}
	if r.root != nil {
		_ = r.root.Close()
		r.root = nil
	}
}

// distrust forgets what rests on events being complete: some were lost.
func (r *run) distrust() {
	for _, in := range r.folders {
		for _, f := range in.files {
			f.born = false
			if r.replaced(f) {
				r.lastLook(f)
			}
			if f.closedAs == (hls.Version{}) {
				f.closed, f.renamed = false, false
			}
		}
	}
	r.passages = passages{}
}

// arm watches a folder and reports whether it is there to be scanned. Arming one that is watched
// already does no harm and mends a watch that the kernel dropped in silence.
func (r *run) arm(f *folder) bool {
	name := filepath.FromSlash(f.path)
	before, err := r.sys.lstat(r.root, name)
	if ofMachine(err) {
		r.folderLater(f, err)
	}
	if err != nil || !before.IsDir() {
		return false
	}
	id := idOf(before)
	if f.parent != nil && r.leaves(f, id) {
		r.removeFolder(f)
		return false
	}
	if f.watched && f.id != id {
		r.disarm(f)
	}
	if other := r.armed[id]; other != nil && other != f {
		r.disarm(other) // the folder was moved here, and its watch would report the old path
	}
	f.id = id
	if err := r.arming.add(r.notifier, r.absolute(f.path)); err != nil {
		r.disarm(f)
		r.notArmed(f, err)
		return true
	}
	f.watched = true
	r.armed[id] = f
	if after, err := r.sys.lstat(r.root, name); err != nil || idOf(after) != id {
		r.disarm(f) // its name changed hands while it was armed; the next scan arms what is there
		return false
	}
	return true
}

// exact reports whether the kernel tells of every close in the folder.
func (r *run) exact(in *folder) bool { return r.arming.exact && in.watched }

// disarm ends watching a folder.
func (r *run) disarm(f *folder) {
	if !f.watched {
		return
	}
	f.watched = false
	delete(r.armed, f.id)
	// It fails if the folder is gone, and its watch with it.
	_ = r.notifier.Remove(r.absolute(f.path))
}

// notArmed deals with a folder that cannot be watched: it is scanned often instead. Without the
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
		r.config.Logger.Warn("folders cannot be watched, they are scanned instead",
			"path", printable(f.path), "every", r.config.Settle, "err", err)
	}
	if r.poll.index == 0 {
		r.queue.set(&r.poll, time.Now().Add(r.config.Settle))
	}
}

// pollUnwatched scans the folders that cannot be watched.
func (r *run) pollUnwatched() {
	if r.root == nil {
		return
	}
	for _, f := range r.folders {
		if !f.watched && (f.parent == nil || f.parent.watched) {
			r.scan("timer", f)
		}
	}
}

// locate returns the folder and the name that a path means; in is nil if there is no such folder.
func (r *run) locate(rel string) (in *folder, name string) {
	rel = path.Clean(rel)
	if r.root == nil || rel == "." || rel == spool {
		return nil, ""
	}
	return r.folders[path.Dir(rel)], path.Base(rel)
}
