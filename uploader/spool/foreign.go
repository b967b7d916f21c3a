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

	fresh bool   // it was made a moment ago, by this process
	open  string // the spool folder, if all that is wrong is that others may write to it or in it
}

// Error returns "/hls/.hlsship is not hlsship's own: it is a link".
func (e *ForeignError) Error() string { return e.Path + " is not hlsship's own: " + e.Why }

// Cure says what to do about it, as a part of a log line.
func (e *ForeignError) Cure() string {
	const elsewhere = "remove it, or put --spool-dir where only hlsship writes"
	switch {
	case e.fresh:
		return "put --spool-dir on a file system that keeps owners and modes, or mount this one so that its files belong to this user alone (uid=, umask=077)"
	case e.open != "": // of pins the modes are the packager's
		return `if only hlsship wrote there, run find ` + e.open + ` \( -type d -o -name lock -o -name began -o -name stored -o -name taped \) -exec chmod go-w {} +; else ` + elsewhere
	}
	return elsewhere
}

func isForeign(err error) bool {
	_, ok := errors.AsType[*ForeignError](err)
	return ok
}

// strange says why what was met as fi is no folder, or no file, that only this user can have made and can write to;
// "" if it is one. open means that it is wrong for its mode alone.
func strange(fi fs.FileInfo, user int, folder bool) (why string, open bool) {
	switch {
	case fi.Mode()&fs.ModeSymlink != 0:
		return "it is a link", false
	case folder && !fi.IsDir():
		return "it is no folder", false
	case !folder && !fi.Mode().IsRegular():
		return "it is no regular file", false
	}
	owner, names, ok := ownership(fi)
	switch mode := fi.Mode().Perm(); {
	case !ok: // a system without owners
	case owner != user:
		return fmt.Sprintf("it belongs to user %d, and this is user %d", owner, user), false
	case !folder && names > 1:
		return "it has a name elsewhere, too", false
	case mode&0o022 != 0:
		return fmt.Sprintf("others may write to it (mode %#o)", mode), true
	}
	return "", false
}

// check says whether what lies at name was met as hlsship's own.
func (b *base) check(name string, fi fs.FileInfo, folder bool) error {
	why, open := strange(fi, b.user, folder)
	if why == "" {
		return nil
	}
	e := &ForeignError{Path: filepath.Join(b.name, filepath.FromSlash(name)), Why: why}
	if open {
		e.open = b.name
	}
	return e
}

// own looks at a file in the spool folder that is hlsship's alone. The error wraps fs.ErrNotExist if it is not there.
func (b *base) own(name string) (fs.FileInfo, error) {
	fi, err := b.root.Lstat(filepath.FromSlash(name))
	if err != nil {
		return nil, err
	}
	return fi, b.check(name, fi, false)
}
