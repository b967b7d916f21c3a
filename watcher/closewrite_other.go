//go:build !linux

package watcher

import (
	"context"
	"errors"

	"github.com/fsnotify/fsnotify"
)

// closeWrite is the operation that only fsnotify's inotify backend reports.
const closeWrite = fsnotify.Op(1 << 7)

// closeWriteArming returns the default way of watching: no other system announces closes through
// fsnotify.
func closeWriteArming(ctx context.Context) arming { return closeWriteArmingIn(ctx, "") }

// closeWriteArmingIn is closeWriteArming.
func closeWriteArmingIn(context.Context, string) arming {
	return arming{
		add: (*fsnotify.Watcher).Add,
		why: errors.New("this system does not announce closed files"),
	}
}
