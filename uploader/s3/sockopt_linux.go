package s3

import (
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// notSent is how many bytes the kernel may hold before it has sent them. Without a limit it takes
// megabytes at once, and "the last byte was taken" says nothing about a slow line.
const notSent = 256 << 10

// tuneSocket bounds how long sent data may stay unacknowledged, and makes "taken" mean nearly sent. Both
// only sharpen the watchdog, so a kernel that refuses them is no error. The first is several times the
// watchdog's bound, or it would end the attempts to which a longer patience was granted.
func tuneSocket(stall time.Duration) func(network, address string, c syscall.RawConn) error {
	return func(_, _ string, c syscall.RawConn) error {
		return c.Control(func(fd uintptr) {
			_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 4*int(stall.Milliseconds()))
			_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, notSent)
		})
	}
}
