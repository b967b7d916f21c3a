package check

import (
	"errors"
	"syscall"
)

// fewFiles is how many open files a start needs at least to hold what a busy stream finishes during an outage.
const fewFiles = 1024

// limits tries what the kernel grants this process for watching and for open files.
func (d *directoryCheck) limits() {
	const instances = "Raise the sysctl fs.inotify.max_user_instances, or end programs of this user that watch files."
	instance, n, err := d.sys.watches(d.folders)
	switch {
	case err == nil:
		d.found.ok("watches", "%s can be watched", count(n, "folder"))
	case !instance && errors.Is(err, syscall.EMFILE):
		d.found.fail("inotify-instances", instances, "no more inotify instance for this user: nothing can be watched")
	case !instance:
		d.found.fail("inotify", "Run hlsship on a kernel, or in a container, that grants inotify.", "files cannot be watched: %v", err)
	case errors.Is(err, syscall.ENOSPC) && n == 0:
		d.found.fail("inotify-watches", "Raise the sysctl fs.inotify.max_user_watches.", "no more inotify watch for this user: nothing can be watched")
	case errors.Is(err, syscall.ENOSPC):
		d.found.warn("inotify-watches", "Raise the sysctl fs.inotify.max_user_watches.",
			"only %d of %d folders can be watched; the others are scanned again and again", n, len(d.folders))
	default:
		d.found.ok("watches", "%d of %d folders can be watched", n, len(d.folders)) // one is gone, or was told of as unreadable
	}
	if files := d.sys.openFiles(); files > 0 && files < fewFiles {
		d.found.warn("open-files", "Raise the limit of open files (systemd: LimitNOFILE=65536, shell: ulimit -n 65536).",
			"this process may have %d files open, of which half serve to hold finished files", files)
	} else if files > 0 {
		d.found.ok("open-files", "%d files may be open", files)
	}
}
