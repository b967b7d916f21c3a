package spool

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/hlsship/hlsship/openfile"
)

// What is in the spool folder, but for the note of a run: folders, and the file that is locked.
const (
	settled = "settled"
	named   = "named"
	part    = "part"
	lock    = "lock"
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

// errReplaced says that somebody is at work where the spool folder is.
var errReplaced = errors.New("was replaced while it was opened")

// base is the spool folder, open and locked. It, the folders in it and the files that are not pins are this user's, and
// nobody else may write to them, so that what lies there was put there by hlsship. That is looked at whenever one of them is
// opened. Pins are links to the packager's files and may belong to anybody.
type base struct {
	name string // its path
	user int    // who runs hlsship
	root *os.Root
	lock *os.File
}

// openBase opens the spool folder of the watched directory dir, makes what is missing and locks it.
func openBase(dir, folder string, user int) (*base, error) {
	b, err := enterBase(dir, folder, user, true)
	if err != nil {
		return nil, err
	}
	if err := b.prepare(); err != nil {
		_ = b.root.Close()
		return nil, err
	}
	return b, nil
}

// enterBase opens the spool folder, made if create says so, unless it is foreign.
func enterBase(dir, folder string, user int, create bool) (*base, error) {
	there, made, err := reach(dir, folder, user, create)
	if err != nil {
		return nil, err
	}
	b := &base{name: folder, user: user}
	if err := b.check("", there, true); err != nil {
		if e, ok := errors.AsType[*ForeignError](err); ok && made {
			e.fresh = true
			_ = os.Remove(folder) // it is empty, and would look like another user's
		}
		return nil, err
	}
	// The dot lets nothing be opened but a folder; a FIFO in its place would be waited for.
	if b.root, err = os.OpenRoot(folder + string(filepath.Separator) + "."); err != nil {
		return nil, err
	}
	if now, err := b.root.Stat("."); err != nil || !os.SameFile(now, there) {
		_ = b.root.Close()
		return nil, errors.Join(fmt.Errorf("%s %w", folder, errReplaced), err)
	}
	return b, nil
}

// prepare makes the folders that are missing and takes the lock.
func (b *base) prepare() error {
	if err := b.inspect(); err != nil {
		return err
	}
	for _, name := range folders() {
		if _, err := b.step(name, true); err != nil {
			return err
		}
	}
	file, err := b.file(lock, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return err
	}
	free, err := tryLock(file)
	if err == nil && !free {
		err = &InUseError{Spool: b.name, PID: number(file)}
	}
	if err == nil {
		if err = file.Truncate(0); err == nil {
			_, err = fmt.Fprintln(file, os.Getpid())
		}
		if isFull(err) {
			err = nil // the number is a courtesy
		}
	}
	if err != nil {
		unlockFile(file)
		return err
	}
	b.lock = file
	return nil
}

// folders lists the folders in the spool folder.
func folders() []string { return []string{settled, named, part} }

// inspect says whether what the folder has already, but for pins, is hlsship's own.
func (b *base) inspect() error {
	for _, name := range folders() {
		if _, err := b.step(name, false); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if _, err := b.own(lock); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// number returns the number of the process that holds a lock; "" if there is none in the file.
func number(file *os.File) string {
	text, _ := io.ReadAll(io.LimitReader(file, 20)) //nolint:errcheck // without it the error names no process
	pid := strings.TrimSpace(string(text))
	if strings.Trim(pid, "0123456789") != "" {
		return ""
	}
	return pid
}

// is reports whether the name of the spool folder still means this one, and it is still hlsship's own. Where nobody can
// tell, as for want of descriptors, it is.
func (b *base) is(dir string) bool {
	there, _, err := reach(dir, b.name, b.user, false)
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist) && !isForeign(err)
	}
	if ours, err := b.root.Stat("."); err == nil && !os.SameFile(ours, there) || b.check("", there, true) != nil {
		return false
	}
	return !isForeign(b.inspect())
}

// close gives the lock back.
func (b *base) close() {
	unlockFile(b.lock)
	_ = b.root.Close()
}

// folder opens a folder, which is made if it is missing and create says so. All on the way to it are hlsship's own, or it
// fails with a *ForeignError.
func (b *base) folder(name string, create bool) (*os.File, error) {
	var there fs.FileInfo
	at := ""
	for one := range strings.SplitSeq(name, "/") {
		at = path.Join(at, one)
		var err error
		if there, err = b.step(at, create); err != nil {
			return nil, err
		}
	}
	folder, err := b.root.OpenFile(filepath.FromSlash(name), openfile.FolderFlags, 0)
	if err != nil {
		return nil, err
	}
	fi, err := folder.Stat()
	if err == nil && !os.SameFile(fi, there) { // Run removed it, and it was made again
		err = &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	if err != nil {
		_ = folder.Close()
		return nil, err
	}
	return folder, nil
}

// step looks at one folder on the way.
func (b *base) step(name string, create bool) (fs.FileInfo, error) {
	at := filepath.FromSlash(name)
	fi, err := b.root.Lstat(at)
	if errors.Is(err, fs.ErrNotExist) && create {
		if err := b.root.Mkdir(at, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		fi, err = b.root.Lstat(at)
	}
	if err != nil {
		return nil, err
	}
	return fi, b.check(name, fi, true)
}

// replace writes a file anew and puts it in the place of the one of that name, if that is hlsship's own or missing. It returns the file, open.
func (b *base) replace(name string, sync func(*os.File) error, write func(w *bufio.Writer) error) (file *os.File, err error) {
	fresh := part + "/" + name
	if file, err = b.file(fresh, os.O_RDWR|os.O_CREATE); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = file.Close()
		}
	}()
	if err = file.Truncate(0); err != nil {
		return nil, err
	}
	if _, err = b.own(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err // it is left alone
	}
	w := bufio.NewWriter(file)
	if err = errors.Join(write(w), w.Flush()); err != nil {
		return nil, err
	}
	if err = sync(file); err != nil {
		return nil, err
	}
	return file, b.root.Rename(filepath.FromSlash(fresh), name)
}

// file opens a file that is hlsship's alone. With os.O_CREATE it is made if it is missing.
func (b *base) file(name string, flags int) (*os.File, error) {
	for try := 0; ; try++ {
		how := flags &^ os.O_CREATE
		_, err := b.own(name)
		missing := errors.Is(err, fs.ErrNotExist)
		switch {
		case missing && flags&os.O_CREATE != 0:
			how |= os.O_CREATE | os.O_EXCL
		case err != nil:
			return nil, err
		}
		file, err := b.root.OpenFile(name, how|openfile.Flags, 0o600)
		if missing && errors.Is(err, fs.ErrExist) && try == 0 {
			continue // another process made it
		}
		if err != nil {
			return nil, err
		}
		fi, err := file.Stat()
		if err == nil {
			err = b.check(name, fi, false)
		}
		if err != nil {
			_ = file.Close()
			return nil, err
		}
		return file, nil
	}
}

// inFolder calls f, which makes something in the folder of that name, with that, and once more if it is gone: Run removes
// empty folders.
func (b *base) inFolder(name string, f func(*os.File) error) error {
	for try := 0; ; try++ {
		folder, err := b.folder(name, true)
		if err == nil {
			err = f(folder)
			_ = folder.Close()
		}
		if !errors.Is(err, fs.ErrNotExist) || try == 4 {
			return err
		}
	}
}

// sync makes the names in a folder durable, and the names of the folders that it lies in.
func (b *base) sync(folder string, seen map[string]bool, sync func(*os.File) error) error {
	for {
		if seen[folder] {
			return nil
		}
		seen[folder] = true
		dir, err := b.folder(folder, false)
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
	if e, ok := errors.AsType[*ForeignError](err); ok {
		return e.Cure()
	}
	switch {
	case errors.Is(err, errName):
		return "have the packager write shorter names"
	case errors.Is(err, errMovedAgain):
		return "leave it alone, or put --spool-dir where only hlsship writes"
	case errors.Is(err, errNameless):
		return "the packager removed it at once; have it keep its files for longer"
	case errors.Is(err, fs.ErrNotExist):
		return "see that the folder in which the spool lies is there"
	}
	return "see the error; move the spool with --spool-dir if it lasts"
}
