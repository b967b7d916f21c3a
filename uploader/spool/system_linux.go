package spool

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// link gives the open file another name in the folder to. It goes by the descriptor, so that it is the
// file that was looked at, whatever became of its name. A file that has no name left cannot get one
// again: ENOENT.
func link(o original, to *os.File, name string) error {
	err := withFD(o.file, func(fd int) error {
		return withFD(to, func(dir int) error {
			return unix.Linkat(unix.AT_FDCWD, "/proc/self/fd/"+strconv.Itoa(fd), dir, name, unix.AT_SYMLINK_FOLLOW)
		})
	})
	if errors.Is(err, unix.ENOENT) {
		if _, missing := os.Lstat("/proc/self/fd"); missing != nil {
			return linkByName(o, to, name)
		}
	}
	return err
}

// clone makes the empty file to share the blocks of file.
func clone(to, file *os.File) error {
	return withFD(to, func(dst int) error {
		return withFD(file, func(src int) error { return unix.IoctlFileClone(dst, src) })
	})
}

// cannotClone reports whether err says that the file system has no reflinks.
func cannotClone(err error) bool {
	for _, e := range []syscall.Errno{unix.EOPNOTSUPP, unix.ENOTTY, unix.EINVAL, unix.EXDEV, unix.ENOSYS} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// born returns when the inode of an open file was made, in nanoseconds since the Unix epoch; 0 if the file
// system does not say. It tells a file that was rewritten from a new one that got a free inode number.
func born(file *os.File) int64 {
	var st unix.Statx_t
	err := withFD(file, func(fd int) error { return unix.Statx(fd, "", unix.AT_EMPTY_PATH, unix.STATX_BTIME, &st) })
	if err != nil || st.Mask&unix.STATX_BTIME == 0 {
		return 0
	}
	return st.Btime.Sec*1e9 + int64(st.Btime.Nsec)
}

// changed returns st_ctime, which no writer can set.
func changed(fi fs.FileInfo) int64 {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return 0
	}
	return int64(st.Ctim.Sec)*1e9 + int64(st.Ctim.Nsec) //nolint:unconvert // their types differ between machines
}

// room asks statfs(2) for what others than root may write.
func room(folder string) (bytes int64, ok bool) {
	var st unix.Statfs_t
	if unix.Statfs(folder, &st) != nil {
		return 0, false
	}
	block := uint64(max(st.Frsize, 1)) //nolint:gosec // sizes are not negative
	return int64(min(st.Bavail, math.MaxInt64/block) * block), true
}
