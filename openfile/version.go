package openfile

import (
	"fmt"
	"io/fs"
	"os"

	"github.com/hlsship/hlsship/hls"
)

// VersionOf returns the fingerprint in fi, which is that of a file that was opened or not followed (Lstat). Device and Inode
// are 0 on systems that have none; size and modification time have to do there.
func VersionOf(fi fs.FileInfo) hls.Version {
	device, inode := Identity(fi)
	return hls.Version{Device: device, Inode: inode, Size: fi.Size(), ModTime: fi.ModTime().UnixNano()}
}

// Version returns the fingerprint that an open file has now. The error is that of fstat(2).
func Version(file *os.File) (hls.Version, error) {
	fi, err := file.Stat()
	if err != nil {
		return hls.Version{}, err
	}
	return VersionOf(fi), nil
}

// Same returns file, which was opened by a name, if same says of its fingerprint that it is the file that was meant. Otherwise
// it closes file, and the error wraps fs.ErrNotExist: the name is somebody else's now.
func Same(file *os.File, same func(now hls.Version) bool) (*os.File, error) {
	v, err := Version(file)
	if err == nil && !same(v) {
		err = fmt.Errorf("another file has its name: %w", fs.ErrNotExist)
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}
