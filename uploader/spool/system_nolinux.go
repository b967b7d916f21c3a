//go:build unix && !linux

package spool

import (
	"errors"
	"io/fs"
	"os"
)

// link gives the open file another name in the folder to.
func link(o original, to *os.File, name string) error { return linkByName(o, to, name) }

// clone needs a system call that only Linux has in this form.
func clone(_, _ *os.File) error { return errors.ErrUnsupported }

// cannotClone reports whether err says that there are no reflinks.
func cannotClone(err error) bool { return errors.Is(err, errors.ErrUnsupported) }

// born is not known here.
func born(*os.File) int64 { return 0 }

// changed is not asked for here.
func changed(fs.FileInfo) int64 { return 0 }

// room is not known here.
func room(string) (bytes int64, ok bool) { return 0, false }
