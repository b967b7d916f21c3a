//go:build !linux

package spool

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// reach goes to the spool folder and returns what stands there; made is true if this did so. No link is followed below
// the watched directory dir, where others write.
func reach(dir, folder string, _ int, create bool) (there fs.FileInfo, made bool, err error) {
	rel, inside := below(dir, folder)
	if inside {
		if _, err := os.Stat(dir); err != nil {
			return nil, false, err
		}
	}
	there, err = os.Stat(folder)
	if errors.Is(err, fs.ErrNotExist) && create {
		err = os.MkdirAll(folder, 0o700)
		if made = err == nil; made {
			there, err = os.Stat(folder)
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrExist) {
		return nil, false, err
	}
	if inside {
		at := dir
		for name := range strings.SplitSeq(rel, string(filepath.Separator)) {
			at = filepath.Join(at, name)
			if fi, err := os.Lstat(at); err == nil && fi.Mode()&fs.ModeSymlink != 0 {
				return nil, false, &ForeignError{Path: at, Why: "it is a link"}
			}
		}
	}
	if err == nil && !there.IsDir() || errors.Is(err, fs.ErrExist) {
		return nil, false, &ForeignError{Path: folder, Why: "it is no folder"}
	}
	return there, made, err
}
