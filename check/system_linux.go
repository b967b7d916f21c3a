package check

import (
	"fmt"
	"math"
	"os"

	"golang.org/x/sys/unix"

	"github.com/hlsship/hlsship/watcher"
)

func kernel() system {
	return system{
		mount: mountOf, watches: watches, openFiles: openFiles, writes: watcher.Written, user: os.Geteuid,
		lists: func(folder string) error {
			return unix.Faccessat(unix.AT_FDCWD, folder, unix.R_OK|unix.X_OK, unix.AT_EACCESS)
		},
	}
}

// mountOf asks statfs(2).
func mountOf(folder string) (mount, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(folder, &st); err != nil {
		return mount{}, fmt.Errorf("statfs %s: %w", folder, err)
	}
	kind, remote := watcher.FileSystem(int64(st.Type)) //nolint:unconvert // its type differs between processors
	free := min(st.Bavail, math.MaxInt64/uint64(max(st.Frsize, 1))) * uint64(max(st.Frsize, 1))
	return mount{
		kind: kind, remote: remote, volatile: kind == "tmpfs", known: true,
		free: int64(free), inodes: st.Ffree, inodesInAll: st.Files,
	}, nil
}

func watches(folders []string) (instance bool, n int, err error) {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return false, 0, err
	}
	defer func() { _ = unix.Close(fd) }()
	for _, folder := range folders {
		if _, err := unix.InotifyAddWatch(fd, folder, unix.IN_CLOSE_WRITE|unix.IN_ONLYDIR); err != nil {
			return true, n, err
		}
		n++
	}
	return true, n, nil
}

func openFiles() uint64 {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return limit.Cur
}
