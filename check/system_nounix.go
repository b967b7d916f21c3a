//go:build !unix

package check

import (
	"io/fs"

	"github.com/hlsship/hlsship/hls"
)

// ownerOf and groupOf are not known here.
func ownerOf(fs.FileInfo) int { return -1 }
func groupOf(fs.FileInfo) int { return -1 }

// versionOf is the fingerprint as far as it can be had.
func versionOf(fi fs.FileInfo) hls.Version {
	return hls.Version{Size: fi.Size(), ModTime: fi.ModTime().UnixNano()}
}
