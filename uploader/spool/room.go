package spool

import (
	"os"
	"path/filepath"
)

// Room returns how many bytes are free on the file system of a folder, or of the nearest one above it that is there.
// ok is false if the system does not say.
func Room(folder string) (bytes int64, ok bool) {
	for {
		if fi, err := os.Stat(folder); err == nil && fi.IsDir() {
			return room(folder)
		}
		above := filepath.Dir(folder)
		if above == folder {
			return 0, false
		}
		folder = above
	}
}
