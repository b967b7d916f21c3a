//go:build unix

package check

import (
	"io/fs"
	"syscall"
)

// ownerOf returns who owns a file; -1 if nobody knows.
func ownerOf(fi fs.FileInfo) int {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return int(st.Uid)
	}
	return -1
}

// groupOf returns the group that a file belongs to; -1 if nobody knows.
func groupOf(fi fs.FileInfo) int {
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		return int(st.Gid)
	}
	return -1
}
