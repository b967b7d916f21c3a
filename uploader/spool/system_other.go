//go:build !unix

package spool

import (
	"errors"
	"io/fs"
	"os"
)

// ownership is unknown here.
func ownership(fs.FileInfo) (user int, names uint64, ok bool) { return 0, 0, false }

// link and clone are not available; files are copied or held.
func link(_ original, _ *os.File, _ string) error { return errors.ErrUnsupported }
func clone(_, _ *os.File) error                   { return errors.ErrUnsupported }

func cannotClone(err error) bool { return errors.Is(err, errors.ErrUnsupported) }
func thisFile(err error) bool    { return errors.Is(err, errors.ErrUnsupported) }
func isFull(error) bool          { return false }
func tooManyFiles(error) bool    { return false }
func cure(err error) string      { return generalCure(err) }
func born(*os.File) int64        { return 0 }
func changed(fs.FileInfo) int64  { return 0 }

// tryLock takes a lock that nobody else can have.
func tryLock(*os.File) (free bool, err error) { return true, nil }

// unlockFile closes the file.
func unlockFile(file *os.File) { _ = file.Close() }

// room is not known here.
func room(string) (bytes int64, ok bool) { return 0, false }

// openFiles is not known here.
func openFiles() int { return 1024 }
