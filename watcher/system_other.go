//go:build !unix

package watcher

import (
	"io/fs"
	"os"
)

// openFlags are plain: there are no FIFOs to wait for.
const openFlags = os.O_RDONLY

// folderFlags are plain, too.
const folderFlags = os.O_RDONLY

// identity is unknown here; size and modification time have to do.
func identity(fs.FileInfo) (device, inode uint64) { return 0, 0 }

// links is unknown here: 0.
func links(fs.FileInfo) uint64 { return 0 }

// defaultHold is a number of files that every system lets a process open.
func defaultHold() int { return 256 }

// tooManyFiles and noMoreWatches are conditions that only Unix systems tell of.
func tooManyFiles(error) bool  { return false }
func noMoreWatches(error) bool { return false }
