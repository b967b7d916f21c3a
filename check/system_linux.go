package check

import (
	"fmt"
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// openFlags never wait for the other end of a FIFO, should one take a file's place.
const openFlags = os.O_RDONLY | unix.O_NONBLOCK | unix.O_NOFOLLOW

func kernel() system {
	return system{
		mount: mountOf, watches: watches, openFiles: openFiles, user: os.Geteuid,
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
	kind, remote := nameOf(int64(st.Type)) //nolint:unconvert // its type differs between processors
	free := min(st.Bavail, math.MaxInt64/uint64(max(st.Frsize, 1))) * uint64(max(st.Frsize, 1))
	return mount{
		kind: kind, remote: remote, volatile: kind == "tmpfs", known: true,
		free: int64(free), inodes: st.Ffree, inodesInAll: st.Files,
	}, nil
}

// nameOf names the file systems by their magic number (linux/magic.h).
func nameOf(magic int64) (name string, remote bool) {
	switch magic {
	case 0xEF53:
		return "ext4", false
	case 0x58465342:
		return "XFS", false
	case 0x9123683E:
		return "Btrfs", false
	case 0x2FC12FC1:
		return "ZFS", false
	case 0xF2F52010:
		return "F2FS", false
	case 0x01021994, 0x858458F6:
		return "tmpfs", false
	case 0x794C7630:
		return "overlayfs", false
	case 0x6969:
		return "NFS", true
	case 0x517B, 0xFE534D42, 0xFF534D42:
		return "SMB", true
	case 0x65735546:
		return "FUSE", true
	case 0x01021997:
		return "9P", true
	case 0x00C36400:
		return "CephFS", true
	case 0x01161970:
		return "GFS2", true
	case 0x0BD00BD0:
		return "Lustre", true
	}
	return fmt.Sprintf("type %#x", magic), false
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
