//go:build !linux

package watcher

import "os"

// remoteKind is not known here.
func remoteKind(*os.File) string { return "" }
