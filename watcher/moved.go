package watcher

import (
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// Some packagers write each version of a playlist under a new name that is a playlist's, too (tempfile(suffix=".m3u8")), and
// rename it at once, or link it and remove the first name. What was never reported under a name that it does not have any
// more is not reported: it is what it was renamed to. So the first version of a name, if it was written under it, waits for a
// moment; one that was renamed here does not, nor does any later one. What was reported moments before is called back
// (hls.File.Moved), which helps while it is not being published; then nothing can be done.

// moments is for how long a name that is left is taken to have been a temporary one.
const moments = time.Second

// firstWait is how long the first version of a playlist waits that was written under its name. A script needs microseconds from
// its close to its rename, a shell some milliseconds.
const firstWait = 50 * time.Millisecond

// mayMove reports whether a playlist that is finished may be about to be renamed, and has it looked at again then.
func (r *run) mayMove(s *sighting, g signs) bool {
	f := s.f
	if s.last || s.stale || r.ending || f.told.known() || g.renamed || g.scanned || !r.exact(f.in) {
		return false
	}
	if f.read.appeared.IsZero() {
		f.read.appeared = time.Now()
	}
	wait := firstWait - time.Since(f.read.appeared)
	if wait <= 0 {
		return false
	}
	r.keepOpen(f, s.file)
	s.file = nil
	r.wait(f, wait, false)
	return true
}

// isMoved reports whether the file lost its name and has another. It is called before the file is pinned, which gives it one more.
func (e *edition) isMoved() bool {
	if _, err := e.sys.lstat(e.root, filepath.FromSlash(e.fact.Path)); !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	fi, err := e.file.Stat()
	return err == nil && links(fi) > 0
}

// calling is a name under which a playlist was reported.
type calling struct {
	path string
	id   fileID
	at   time.Time
	gone bool
}

// callings remembers the names under which playlists were reported last.
type callings struct {
	last [64]calling
	next int
}

// others calls do with those of the last moments under which the same file was reported.
func (c *callings) others(path string, id fileID, do func(*calling)) {
	for i := range c.last {
		if one := &c.last[i]; one.id == id && one.path != path && id != (fileID{}) && time.Since(one.at) < moments {
			do(one)
		}
	}
}

// callName says that f, a playlist, is reported. A name that the same file had moments ago, and that is gone, is called back.
func (r *run) callName(f *file) {
	c, path := &r.callings, f.path()
	id := fileID{f.told.reported.Device, f.told.reported.Inode}
	c.others(path, id, func(one *calling) {
		if one.gone {
			r.order.fill(r.order.take(one.path, ofFile, nil), hls.File{Path: one.path, State: hls.Gone, Moved: true}, true)
		}
	})
	c.last[c.next] = calling{path: path, id: id, at: time.Now()}
	c.next = (c.next + 1) % len(c.last)
}

// movedAtOnce reports whether f, which is gone, was a playlist that got another name within moments.
func (r *run) movedAtOnce(f *file) (moved bool) {
	if !f.kind.IsPlaylist() {
		return false
	}
	c, path := &r.callings, f.path()
	id := fileID{f.told.reported.Device, f.told.reported.Inode}
	recent := false
	for i := range c.last {
		if one := &c.last[i]; one.path == path && one.id == id {
			one.gone = true
			recent = recent || time.Since(one.at) < moments
		}
	}
	c.others(path, id, func(*calling) { moved = true })
	return recent && (moved || f.moved)
}
