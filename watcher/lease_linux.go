package watcher

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// probeWriter asks the kernel whether anybody has the file open for writing: a read lease is granted
// only if nobody has (fcntl(2), F_SETLEASE). The lease is given back at once, since a writer's open
// waits while it is held; the signal that the kernel sends in such a moment, SIGIO, is one that a Go
// program ignores. It needs the file's owner or CAP_LEASE and a local file system.
func probeWriter(file *os.File) writer {
	conn, err := file.SyscallConn()
	if err != nil {
		return unknown
	}
	answer := unknown
	err = conn.Control(func(fd uintptr) {
		_, err := unix.FcntlInt(fd, unix.F_SETLEASE, unix.F_RDLCK)
		switch {
		case err == nil:
			answer = none
			// Nothing can be done about an error here; closing the file gives the lease back, too.
			_, _ = unix.FcntlInt(fd, unix.F_SETLEASE, unix.F_UNLCK)
		case errors.Is(err, unix.EAGAIN):
			answer = some
		}
	})
	if err != nil {
		return unknown
	}
	return answer
}
