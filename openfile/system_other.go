//go:build !unix

package openfile

import (
	"io/fs"
	"os"
)

// Flags are plain: there are no FIFOs to wait for.
const Flags = os.O_RDONLY

// FolderFlags are plain, too.
const FolderFlags = os.O_RDONLY

// Identity is unknown here: both are 0.
func Identity(fs.FileInfo) (device, inode uint64) { return 0, 0 }
