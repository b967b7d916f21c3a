//go:build unix

package check

import (
	"io/fs"
	"syscall"

	"github.com/hlsship/hlsship/hls"
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

// versionOf is the fingerprint as the spool wants it.
func versionOf(fi fs.FileInfo) hls.Version {
	v := hls.Version{Size: fi.Size(), ModTime: fi.ModTime().UnixNano()}
	if st, ok := fi.Sys().(*syscall.Stat_t); ok {
		v.Device, v.Inode = uint64(st.Dev), uint64(st.Ino) //nolint:unconvert // their types differ between systems
	}
	return v
}
