package spool

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Wait is a file that waits in a spool folder.
type Wait struct {
	// Path is the file's, slash-separated and relative to the watched directory.
	Path string
	// Size is in bytes.
	Size int64
	// Finished is when the packager finished it.
	Finished time.Time
	// Named is true if a playlist named it, or it is one: the next process ships it, whatever is on disk by then.
	Named bool
}

// Waiting returns what lies in the spool folder at that absolute path, the oldest first, whoever uses it at the moment and whoever
// owns it: names are read, and nothing is opened, locked or changed. There is nothing in a folder that does not exist. It may be
// called at any time. The error says that the folder cannot be read.
func Waiting(folder string) ([]Wait, error) {
	root, err := os.OpenRoot(folder + string(filepath.Separator) + ".")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("spool: %w", err)
	}
	defer root.Close() //nolint:errcheck // nothing was written
	var all []Wait
	for _, area := range []string{named, settled} {
		err := fs.WalkDir(root.FS(), area, func(name string, d fs.DirEntry, err error) error {
			if errors.Is(err, fs.ErrNotExist) {
				return nil // stored meanwhile, or nothing was ever kept
			}
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			pin, _, _ := parseFolders(strings.TrimPrefix(name, area+"/"))
			if path, v, ok := parsePin(pin); ok {
				all = append(all, Wait{Path: path, Size: v.Size, Finished: time.Unix(0, v.ModTime), Named: area == named})
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("spool: %w", err)
		}
	}
	slices.SortFunc(all, func(a, b Wait) int {
		return cmp.Or(a.Finished.Compare(b.Finished), strings.Compare(a.Path, b.Path))
	})
	return all, nil
}

// IsFolder reports whether the folder looks like a spool's own.
func IsFolder(folder string) bool {
	for _, name := range []string{named, settled} {
		if fi, err := os.Lstat(filepath.Join(folder, name)); err != nil || !fi.IsDir() {
			return false
		}
	}
	return true
}
