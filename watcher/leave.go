package watcher

import (
	"os"
	"path/filepath"
)

// leave knows the folders that are not looked at, as another part of the program keeps its files there. They are known by
// device and inode, however they are called and however their paths were spelled; where there are none, by their paths. It is
// owned by the loop.
type leave struct {
	paths []string // absolute
	ids   map[fileID]bool
}

// newLeave returns the leave of those folders.
func newLeave(paths []string) leave {
	l := leave{ids: make(map[fileID]bool)}
	for _, p := range paths {
		l.paths = append(l.paths, filepath.Clean(p))
	}
	return l
}

// refresh looks the identities up: such a folder may have been made, or made anew.
func (l *leave) refresh() {
	clear(l.ids)
	for _, p := range l.paths {
		if fi, err := os.Stat(p); err == nil {
			l.ids[idOf(fi)] = true
		}
	}
}

// has reports whether the folder of that identity and absolute path is one of them.
func (l *leave) has(id fileID, path string) bool {
	if id != (fileID{}) {
		return l.ids[id]
	}
	for _, p := range l.paths {
		if p == path {
			return true
		}
	}
	return false
}

// leaves reports whether f, of that identity, is to be left alone. Of a folder that is watched already that was asked
// before, and is asked anew with the next scan of the directory.
func (r *run) leaves(f *folder, id fileID) bool {
	if !f.watched || f.id != id {
		r.leave.refresh()
	}
	return r.leave.has(id, r.absolute(f.path))
}
