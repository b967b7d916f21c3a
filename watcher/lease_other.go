//go:build !linux

package watcher

import "os"

// probeWriter cannot tell: only Linux has leases.
func probeWriter(*os.File) writer { return unknown }
