package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// ForeignError says that something in the place of the spool folder, or in it, is not hlsship's own. Whoever made it may
// have put there what he likes, so that it is neither used nor followed nor changed.
type ForeignError struct {
	// Path is the whole path of what is foreign.
	Path string
	// Why says by what it is known, such as "it belongs to user 2001, and this is user 2002".
	Why string

	fresh bool // it was made a moment ago, by this process
}

// Error returns "/hls/.hlsship is not hlsship's own: it is a link".
func (e *ForeignError) Error() string { return e.Path + " is not hlsship's own: " + e.Why }

// Cure says what to do about it, as a part of a log line.
func (e *ForeignError) Cure() string {
	if e.fresh {
		return "put --spool-dir on a file system that keeps owners and modes, or mount this one so that its files belong to this user alone (uid=, umask=077)"
	}
	return "remove it, or put --spool-dir where only hlsship writes"
}

func isForeign(err error) bool {
	_, ok := errors.AsType[*ForeignError](err)
	return ok
}

// strange says why what was met as fi is no folder, or no file, that only this user can have made and can write to;
// "" if it is one.
func strange(fi fs.FileInfo, user int, folder bool) string {
	switch {
	case fi.Mode()&fs.ModeSymlink != 0:
		return "it is a link"
	case folder && !fi.IsDir():
		return "it is no folder"
	case !folder && !fi.Mode().IsRegular():
		return "it is no regular file"
	}
	owner, names, ok := ownership(fi)
	switch mode := fi.Mode().Perm(); {
	case !ok: // a system without owners
	case owner != user:
		return fmt.Sprintf("it belongs to user %d, and this is user %d", owner, user)
	case mode&0o022 != 0:
		return fmt.Sprintf("others may write to it (mode %#o)", mode)
	case !folder && names > 1:
		return "it has a name elsewhere, too"
	}
	return ""
}

// own looks at a file in the spool folder that is hlsship's alone. The error wraps fs.ErrNotExist if it is not there.
func (b *base) own(name string) (fs.FileInfo, error) {
	fi, err := b.root.Lstat(filepath.FromSlash(name))
	if err != nil {
		return nil, err
	}
	if why := strange(fi, b.user, false); why != "" {
		return nil, b.foreign(name, why)
	}
	return fi, nil
}

func (b *base) foreign(name, why string) error {
	return &ForeignError{Path: filepath.Join(b.name, filepath.FromSlash(name)), Why: why}
}
