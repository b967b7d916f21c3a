package watcher

import (
	"errors"
	"io/fs"
	"path/filepath"
	"time"
)

// Some packagers write each version of a playlist under a new name that is a playlist's, too (tempfile(suffix=".m3u8")), and
// rename it at once, or link it and remove the first name. What was never reported under a name that it does not have any
// more is not reported: it is what it was renamed to. What was reported moments before is called back (hls.File.Moved), which
// helps while it is not being published; then nothing can be done. To wait for a rename that may come would delay all others.

// moments is for how long a name that is left is taken to have been a temporary one.
const moments = time.Second

// isMoved reports whether the file lost its name and has another. It is called before the file is pinned, which gives it one more.
func (e *edition) isMoved() bool {
	if _, err := e.sys.lstat(e.root, filepath.FromSlash(e.fact.Path)); !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	fi, err := e.file.Stat()
	return err == nil && links(fi) > 0
}

// movedAtOnce reports whether f, which is gone, was a playlist that got another name within moments.
func (r *run) movedAtOnce(f *file) bool {
	if f.named.IsZero() || time.Since(f.named) > moments {
		return false
	}
	if f.moved {
		return true
	}
	id := fileID{f.told.reported.Device, f.told.reported.Inode}
	for _, other := range f.in.files { // all of the folder, but for a playlist that is a moment old only
		if other != f && other.kind.IsPlaylist() && id != (fileID{}) && id == (fileID{other.seen.Device, other.seen.Inode}) {
			return true
		}
	}
	return false
}
