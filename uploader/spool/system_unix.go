//go:build unix

package spool

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/hlsship/hlsship/openfile"
)

// ownership returns to which user a file belongs, and how many names it has.
func ownership(fi fs.FileInfo) (user int, names uint64, ok bool) {
	st, ok := fi.Sys().(*syscall.Stat_t)
	if !ok {
		return 0, 0, false
	}
	return int(st.Uid), uint64(st.Nlink), true //nolint:unconvert // their types differ between systems
}

// withFD calls f with the descriptor of file, which stays open meanwhile.
func withFD(file *os.File, f func(fd int) error) error {
	conn, err := file.SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	if err := conn.Control(func(fd uintptr) { inner = f(int(fd)) }); err != nil {
		return err
	}
	return inner
}

// linkByName is link by the name that the file had. The caller checks that it is still the same file.
func linkByName(o original, to *os.File, name string) error {
	root, err := os.OpenRoot(o.dir)
	if err != nil {
		return err
	}
	defer root.Close() //nolint:errcheck // nothing was written
	from, err := root.OpenFile(filepath.FromSlash(path.Dir(o.path)), openfile.FolderFlags, 0)
	if err != nil {
		return err
	}
	defer from.Close() //nolint:errcheck // nothing was written
	return withFD(from, func(old int) error {
		return withFD(to, func(dir int) error { return unix.Linkat(old, path.Base(o.path), dir, name, 0) })
	})
}

// tryLock locks a file for as long as it stays open, unless another process has done so.
func tryLock(file *os.File) (free bool, err error) {
	err = withFD(file, func(fd int) error { return unix.Flock(fd, unix.LOCK_EX|unix.LOCK_NB) })
	if errors.Is(err, unix.EWOULDBLOCK) {
		return false, nil
	}
	return err == nil, err
}

// unlockFile gives the lock back. Closing alone would leave it to a process that is just being started, which
// has the descriptor until it becomes another program.
func unlockFile(file *os.File) {
	_ = withFD(file, func(fd int) error { return unix.Flock(fd, unix.LOCK_UN) }) // closing does it in the end
	_ = file.Close()
}

// thisFile reports whether err speaks of the one file rather than of the spool folder: another way may
// do, and the next file may be linked.
func thisFile(err error) bool {
	for _, e := range []syscall.Errno{unix.EXDEV, unix.EPERM, unix.EMLINK, unix.EOPNOTSUPP, unix.ENOSYS, unix.ENAMETOOLONG} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// isFull reports whether err says that a file system has no room left.
func isFull(err error) bool { return errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) }

// cure says what to do about err.
func cure(err error) string {
	is := func(e syscall.Errno) bool { return errors.Is(err, e) }
	switch {
	case is(unix.EXDEV):
		return "put the spool on the file system and mount of the watched directory (--spool-dir)"
	case is(unix.EPERM):
		return "this user may not link the packager's files (fs.protected_hardlinks): run as the packager's user, or let a group of both write them"
	case isFull(err):
		return "free space or inodes on the file system of the spool"
	case is(unix.EROFS), is(unix.EACCES):
		return "let this user write to it, or move it with --spool-dir"
	case is(unix.ENAMETOOLONG):
		return "have the packager write shorter names"
	}
	return generalCure(err)
}

// tooManyFiles reports whether err means that this process or machine has no file descriptor left.
func tooManyFiles(err error) bool { return errors.Is(err, unix.EMFILE) || errors.Is(err, unix.ENFILE) }

// openFiles returns how many files this process may have open.
func openFiles() int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 1024
	}
	return int(min(uint64(limit.Cur), 1<<20)) //nolint:unconvert,gosec // their types differ between systems
}
