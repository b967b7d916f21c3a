package watcher

import (
	"os"

	"golang.org/x/sys/unix"
)

// remoteKind returns the name of the file system that a folder is on if others may write there of whom this kernel does not
// hear; else, and where that cannot be told, "".
func remoteKind(folder *os.File) string {
	conn, err := folder.SyscallConn()
	if err != nil {
		return ""
	}
	kind := ""
	_ = conn.Control(func(fd uintptr) { // it fails for a closed file only
		var st unix.Statfs_t
		if unix.Fstatfs(int(fd), &st) != nil {
			return
		}
		if name, remote := FileSystem(int64(st.Type)); remote { //nolint:unconvert // its type differs between processors
			kind = name
		}
	})
	return kind
}
