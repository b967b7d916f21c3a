package watcher

import (
	"errors"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

func mkfifo(t *testing.T, path string) {
	t.Helper()
	check(t, unix.Mkfifo(path, 0o644))
}

// mknod makes a device node where this process may; elsewhere there is none to be tested.
func mknod(t *testing.T, path string) {
	t.Helper()
	err := unix.Mknod(path, unix.S_IFCHR|0o644, int(unix.Mkdev(1, 5)))
	if err != nil && !errors.Is(err, syscall.EPERM) {
		t.Fatal(err)
	}
}

func socket(t *testing.T, path string) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	check(t, err)
	defer func() { check(t, unix.Close(fd)) }()
	check(t, unix.Bind(fd, &unix.SockaddrUnix{Name: path}))
}
