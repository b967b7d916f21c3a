//go:build unix

package watcher

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// openFlags never wait for the other end of a FIFO, should one take a file's place, and never follow a
// link outside of an os.Root's own careful way.
const openFlags = os.O_RDONLY | unix.O_NONBLOCK | unix.O_NOFOLLOW

// folderFlags are openFlags for what is a folder or not to be opened.
const folderFlags = openFlags | unix.O_DIRECTORY

// identity returns the device and the inode of a file.
func identity(fi fs.FileInfo) (device, inode uint64) {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0
	}
	return uint64(st.Dev), uint64(st.Ino) //nolint:unconvert // their types differ between systems
}

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
