package watcher

import (
	"errors"
	"io/fs"
	"syscall"
	"time"
)

// troublePause is the time from one line in the log about the machine to the next; those between are counted.
const troublePause = time.Minute

// Looking again after an error of the machine: the first pause is firstAgain, each further one twice as long, up to
// lastAgain.
const (
	firstAgain = 250 * time.Millisecond
	lastAgain  = 30 * time.Second
)

// absent reports whether err says that no file of the directory has the name: nothing has it, a part of it is a file, or a
// link leads away. An error that no system call made is of the latter kind, as os.Root made it.
func absent(err error) bool {
	if _, ofTheSystem := errors.AsType[syscall.Errno](err); err == nil || ofTheSystem {
		return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, syscall.ELOOP) ||
			errors.Is(err, syscall.ENAMETOOLONG)
	}
	return true
}

// ofMachine reports whether err tells of the machine, such as a want of descriptors or memory, a disk or a server that
// fails, and nothing of the file that it was met at: what the directory has is looked at again later.
func ofMachine(err error) bool {
	_, ofTheSystem := errors.AsType[syscall.Errno](err)
	return ofTheSystem && !absent(err) && !errors.Is(err, fs.ErrPermission)
}

// cure says what to do about an error of the machine.
func cure(err error) string {
	switch {
	case errors.Is(err, syscall.EMFILE):
		return "raise the limit of open files of this process (ulimit -n, LimitNOFILE=)"
	case errors.Is(err, syscall.ENFILE):
		return "raise the sysctl fs.file-max, or find out which process has so many files open"
	case errors.Is(err, syscall.ENOMEM), errors.Is(err, syscall.ENOBUFS):
		return "give the machine or the container more memory"
	case errors.Is(err, syscall.EIO):
		return "look after the disk: the kernel's log (dmesg) has more"
	}
	return "look after the file system or the server that it is mounted from"
}

// trouble is what the log was told of errors of the machine. It is owned by the loop.
type trouble struct {
	told     time.Time
	repeated int // since
}

// tellTrouble logs that something cannot be looked at for now, unless the log has just been told of the like.
func (r *run) tellTrouble(path string, err error) {
	t := &r.trouble
	if now := time.Now(); t.told.IsZero() || now.Sub(t.told) >= troublePause {
		r.config.Logger.Warn("the machine fails, what cannot be read is looked at again",
			"path", printable(path), "repeated", t.repeated, "cure", cure(err), "err", err)
		*t = trouble{told: now}
		return
	}
	t.repeated++
}

// again returns the time to wait after as many failures, counted from 0.
func again(failures int) time.Duration {
	return min(firstAgain<<min(failures, 10), lastAgain)
}
