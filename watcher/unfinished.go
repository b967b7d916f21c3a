package watcher

import (
	"os"
	"path/filepath"
)

// pin keeps f open, as file, until it is finished: from its creation on, if that was seen. A packager may remove it
// within milliseconds of its close (VLC at its end does in 6 ms), which is sooner than a busy machine lets this program
// run. It takes the file over, and closes it where nobody would say that the name means another one now, or where too
// many are open. A file that is only read hinders nobody.
func (r *run) pin(f *file, file *os.File) {
	r.unpin(f)
	if !r.exact(f.in) || r.pins >= r.config.Hold/4 {
		_ = file.Close()
		return
	}
	f.pin = file
	r.pins++
}

// takePin returns what keeps f open and leaves it to the caller; nil if nothing does.
func (r *run) takePin(f *file) *os.File {
	file := f.pin
	if file != nil {
		f.pin = nil
		r.pins--
	}
	return file
}

// unpin closes what keeps f open.
func (r *run) unpin(f *file) {
	if file := r.takePin(f); file != nil {
		_ = file.Close()
	}
}

// lastLook looks at a file that lost its name before it was known to be finished. What is pinned is still whole.
func (r *run) lastLook(f *file) {
	if f.pin != nil {
		r.look(f)
		r.unpin(f)
	}
}

// replaced reports whether a file is pinned and the name of f means another one by now, or none.
func (r *run) replaced(f *file) bool {
	if f.pin == nil {
		return false
	}
	fi, err := r.sys.lstat(r.root, filepath.FromSlash(f.path()))
	return absent(err) || err == nil && idOf(fi) != fileID{f.seen.Device, f.seen.Inode}
}
