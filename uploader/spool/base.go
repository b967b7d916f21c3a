package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// The folders of the spool.
const (
	settled = "settled"
	named   = "named"
	part    = "part"
)

// InUseError says that another process uses the spool folder.
type InUseError struct {
	// Spool is the folder, PID the number of the process; empty if it cannot be known.
	Spool, PID string
}

// Error returns "spool /hls/.hlsship is in use by process 42".
func (e *InUseError) Error() string {
	if e.PID == "" {
		return fmt.Sprintf("spool %s is in use by another process", e.Spool)
	}
	return fmt.Sprintf("spool %s is in use by process %s", e.Spool, e.PID)
}

// errNoFolder says that something stands where a folder of the spool belongs.
var errNoFolder = errors.New("is no folder")

// base is the spool folder, open and locked. Nothing leaves it: links in it that lead out are refused.
type base struct {
	root *os.Root
	lock *os.File
}

// openBase opens the spool folder, makes what is missing and locks it. Where ours is true, it is the folder
// in the watched directory, where others may write: a link in its place is not followed.
func openBase(folder string, ours bool) (*base, error) {
	create := os.Mkdir // the watched directory is the packager's to make
	if !ours {
		create = os.MkdirAll
	}
	if err := create(folder, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	fi, err := os.Lstat(folder)
	if err == nil && !ours {
		fi, err = os.Stat(folder)
	}
	if err != nil {
		return nil, err
	}
	if !fi.IsDir() {
		return nil, fmt.Errorf("%s %w", folder, errNoFolder)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	b := &base{root: root}
	if err := b.prepare(fi); err != nil {
		_ = root.Close()
		return nil, err
	}
	return b, nil
}

// prepare locks the folder, which was met as fi, and makes those in it.
func (b *base) prepare(fi fs.FileInfo) error {
	if now, err := b.root.Stat("."); err != nil || !os.SameFile(now, fi) {
		return fmt.Errorf("%s was replaced while it was opened: %w", b.root.Name(), errNoFolder)
	}
	if fi, err := b.root.Lstat("lock"); err == nil && !fi.Mode().IsRegular() {
		return fmt.Errorf("lock is no regular file: %w", errNoFolder)
	}
	lock, err := lockFile(b.root)
	if err != nil {
		return err
	}
	for _, name := range []string{settled, named, part} {
		if err := b.root.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			unlockFile(lock)
			return err
		}
		if fi, err := b.root.Lstat(name); err != nil || !fi.IsDir() {
			unlockFile(lock)
			return fmt.Errorf("%s %w", filepath.Join(b.root.Name(), name), errNoFolder)
		}
	}
	b.lock = lock
	return nil
}

// is reports whether the folder of that name is still this one.
func (b *base) is(folder string) bool {
	ours, err := b.root.Stat(".")
	if err != nil {
		return false
	}
	there, err := os.Stat(folder)
	return err == nil && os.SameFile(ours, there)
}

// close gives the lock back.
func (b *base) close() {
	unlockFile(b.lock)
	_ = b.root.Close()
}

// inFolder calls f, which makes something in the folder of that name, and once more after it made the
// folder if that was missing. It repeats that, as Run removes empty folders.
func (b *base) inFolder(folder string, f func() error) error {
	err := f()
	for try := 0; errors.Is(err, fs.ErrNotExist) && try < 4; try++ {
		if err = b.root.MkdirAll(filepath.FromSlash(folder), 0o700); err != nil {
			return err
		}
		err = f()
	}
	return err
}

// sync makes the names in a folder durable, and the names of the folders that it lies in.
func (b *base) sync(folder string, seen map[string]bool, sync func(*os.File) error) error {
	for {
		if seen[folder] {
			return nil
		}
		seen[folder] = true
		dir, err := b.root.Open(filepath.FromSlash(folder))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err == nil {
			err = sync(dir)
			_ = dir.Close()
			if err != nil {
				return err
			}
		}
		if folder == "." {
			return nil
		}
		folder = path.Dir(folder)
	}
}

// generalCure is cure for the errors that every system knows.
func generalCure(err error) string {
	switch {
	case errors.Is(err, errName):
		return "have the packager write shorter names"
	case errors.Is(err, errNameless):
		return "the packager removed it at once; have it keep its files for longer"
	case errors.Is(err, errNoFolder):
		return "remove what stands in the place of the spool folder, or move the spool with --spool-dir"
	case errors.Is(err, fs.ErrNotExist):
		return "see that the folder in which the spool lies is there"
	}
	return "see the error; move the spool with --spool-dir if it lasts"
}
