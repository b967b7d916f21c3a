package spool

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// maxLinks bounds how many links lead to the spool folder, as the kernel does.
const maxLinks = 40

// reach goes to the spool folder step by step and returns what stands there; made is true if this did so. No link is
// followed below the watched directory dir, where others write; elsewhere those of root and of this user are, which the
// operator made. O_PATH needs no right to list a folder on the way, and waits for nothing.
func reach(dir, folder string, user int, create bool) (there fs.FileInfo, made bool, err error) {
	w := walk{at: "/", user: user, follow: true, create: create}
	rest := folder
	if rel, ok := below(dir, folder); ok {
		w.at, w.follow, rest = dir, false, rel
	}
	if w.folder, err = openPath(unix.AT_FDCWD, w.at, unix.O_DIRECTORY); err != nil {
		return nil, false, &fs.PathError{Op: "open", Path: w.at, Err: err}
	}
	defer func() { _ = w.folder.Close() }()
	w.rest = parts(rest)
	for links := 0; len(w.rest) > 0; {
		link, err := w.step()
		if err != nil {
			return nil, false, err
		}
		if link {
			links++
		}
		if links > maxLinks {
			return nil, false, &fs.PathError{Op: "open", Path: folder, Err: unix.ELOOP}
		}
	}
	there, err = w.folder.Stat()
	return there, w.made, err
}

// walk is where reach is.
type walk struct {
	folder *os.File // by O_PATH
	at     string   // its path, for messages
	rest   []string // what is still to go
	user   int
	follow bool // links of root and of the user
	create bool // what is missing
	made   bool // the last folder was missing
}

// step goes on by one name, and says whether that is a link.
func (w *walk) step() (link bool, err error) {
	name := w.rest[0]
	at := filepath.Join(w.at, name)
	w.made = false
	var next *os.File
	err = withFD(w.folder, func(fd int) error {
		next, err = openPath(fd, name, unix.O_NOFOLLOW)
		if errors.Is(err, fs.ErrNotExist) && w.create {
			err = unix.Mkdirat(fd, name, 0o700)
			w.made = err == nil
			if err == nil || errors.Is(err, fs.ErrExist) {
				next, err = openPath(fd, name, unix.O_NOFOLLOW)
			}
		}
		return err
	})
	if err != nil {
		return false, &fs.PathError{Op: "open", Path: at, Err: err}
	}
	fi, err := next.Stat()
	switch {
	case err != nil:
		_ = next.Close()
		return false, err
	case fi.IsDir():
		_ = w.folder.Close()
		w.folder, w.at, w.rest = next, at, w.rest[1:]
		return false, nil
	}
	defer next.Close() //nolint:errcheck // nothing can be written to it
	if fi.Mode()&fs.ModeSymlink == 0 {
		return false, &ForeignError{Path: at, Why: "it is no folder"}
	}
	if owner, _, _ := ownership(fi); !w.follow {
		return false, &ForeignError{Path: at, Why: "it is a link"}
	} else if owner != 0 && owner != w.user {
		return false, &ForeignError{Path: at, Why: fmt.Sprintf("it is a link of user %d, and this is user %d", owner, w.user)}
	}
	return true, w.turn(next)
}

// turn goes where the link leads.
func (w *walk) turn(link *os.File) error {
	target := make([]byte, unix.PathMax)
	n := 0
	err := withFD(link, func(fd int) (err error) {
		n, err = unix.Readlinkat(fd, "", target)
		return err
	})
	if err != nil {
		return &fs.PathError{Op: "readlink", Path: link.Name(), Err: err}
	}
	to := string(target[:n])
	w.rest = append(parts(to), w.rest[1:]...)
	if !filepath.IsAbs(to) {
		return nil
	}
	root, err := openPath(unix.AT_FDCWD, "/", unix.O_DIRECTORY)
	if err != nil {
		return err
	}
	_ = w.folder.Close()
	w.folder, w.at = root, "/"
	return nil
}

// openPath opens whatever has that name as nothing but a place.
func openPath(folder int, name string, flags int) (*os.File, error) {
	fd, err := unix.Openat(folder, name, flags|unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), name), nil
}

// parts splits a path into its names.
func parts(path string) []string {
	return strings.FieldsFunc(path, func(c rune) bool { return c == filepath.Separator })
}
