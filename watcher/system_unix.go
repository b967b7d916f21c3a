//go:build unix

package watcher

import (
	"errors"
	"io/fs"
	"syscall"

	"golang.org/x/sys/unix"
)

// links returns how many names a file has.
func links(fi fs.FileInfo) uint64 {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return 0
	}
	return uint64(st.Nlink) //nolint:unconvert // its type differs between systems
}

// defaultHold returns half of the files that this process may open, at most 4096, at least 16.
func defaultHold() int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 256
	}
	return int(max(16, min(uint64(limit.Cur)/2, 4096))) //nolint:unconvert // their types differ between systems
}

// tooManyFiles reports whether err means that this process or machine has no file descriptor left.
func tooManyFiles(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// noMoreWatches reports whether err means that fs.inotify.max_user_watches is used up.
func noMoreWatches(err error) bool { return errors.Is(err, syscall.ENOSPC) }
