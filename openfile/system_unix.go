//go:build unix

package openfile

import (
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// Flags open what should be a regular file. They never wait for the other end of a FIFO, should one take a file's place, and
// never follow a link outside of an os.Root's own careful way.
const Flags = os.O_RDONLY | unix.O_NONBLOCK | unix.O_NOFOLLOW

// FolderFlags are Flags for what is a folder or not to be opened.
const FolderFlags = Flags | unix.O_DIRECTORY

// Identity returns the device and the inode of a file, both 0 if they are not known. It tells whether two names are of one
// file while one of them is open; a number is used again after that.
func Identity(fi fs.FileInfo) (device, inode uint64) {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0
	}
	return uint64(st.Dev), uint64(st.Ino) //nolint:unconvert // their types differ between systems
}
