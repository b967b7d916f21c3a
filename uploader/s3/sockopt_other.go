//go:build !linux

package s3

import (
	"syscall"
	"time"
)

// tuneSocket does nothing: the watchdog alone bounds a dead connection here.
func tuneSocket(time.Duration) func(network, address string, c syscall.RawConn) error { return nil }
