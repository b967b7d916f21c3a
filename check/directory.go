package check

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/openfile"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/spool"
)

// maxEntries bounds how many entries of the directory are looked at.
const maxEntries = 100_000

// directoryCheck looks at the watched directory. It is owned by one goroutine.
type directoryCheck struct {
	config Config
	sys    system
	found  *findings

	spool   string // the absolute path of the spool folder
	root    *os.Root
	files   map[string]fs.FileInfo // regular files by their path
	links   map[string]bool        // symbolic links by their path
	folders []string               // all of them, as the kernel wants them
	whole   bool                   // nothing was left out
	closed  map[string]bool        // files that may not be read
	mount   mount                  // of the directory
}

// run looks at everything and returns what the directory's playlists say of its streams.
func (d *directoryCheck) run(ctx context.Context) streams {
	if !d.open() {
		return streams{}
	}
	defer d.root.Close()
	if d.sys.user() == 0 {
		d.found.note("user-root", "Check as the user that hlsship will run as, if that is another.", "this is root, who may read and write everything")
	}
	d.walk(ctx)
	d.filesystem()
	d.names()
	s := d.playlists(ctx)
	d.readable(s)
	d.limits()
	d.keeping(ctx)
	d.outlook(s)
	return s
}

// open opens the directory and reports whether it can be looked at.
func (d *directoryCheck) open() bool {
	dir := d.config.Dir
	fi, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.found.fail("dir-missing", "Correct DIR, or create it before the packager starts, as the user that it runs as; hlsship run would wait for it.",
			"%s is not there", dir)
		return false
	case err != nil:
		d.unreadable(err)
		return false
	case !fi.IsDir():
		d.found.fail("dir-no-directory", "Name the directory that the packager writes to, not a file in it.", "%s is no directory", dir)
		return false
	}
	err = d.sys.lists(dir)
	if err == nil {
		d.root, err = os.OpenRoot(dir)
	}
	if err == nil {
		d.spool, err = spool.Path(dir, d.config.Spool)
	}
	if err != nil {
		d.unreadable(err)
		return false
	}
	return true
}

func (d *directoryCheck) unreadable(err error) {
	d.found.fail("dir-unreadable", "Let this user list and enter it: run hlsship as the packager's user, or give a group of both r and x on it and x on the folders above.",
		"%s cannot be read: %v", d.config.Dir, err)
}

// walk lists all that is in the directory, and follows nothing.
func (d *directoryCheck) walk(ctx context.Context) {
	d.files, d.links, d.closed = map[string]fs.FileInfo{}, map[string]bool{}, map[string]bool{}
	var shut []string
	entries := 0
	kept, _ := os.Stat(d.spool) //nolint:errcheck // mostly it is not there
	err := fs.WalkDir(d.root.FS(), ".", func(path string, entry fs.DirEntry, err error) error {
		entries++
		switch {
		case err != nil && entry != nil && entry.IsDir() && errors.Is(err, fs.ErrPermission):
			shut = append(shut, path)
			return fs.SkipDir
		case err != nil:
			return nil // gone meanwhile, as files of a live stream go
		case ctx.Err() != nil:
			return ctx.Err()
		case entries > maxEntries:
			return errors.New("too many entries")
		case entry.IsDir() && (path == spool.DefaultFolder || sameFile(entry, kept)):
			return fs.SkipDir
		case entry.IsDir():
			d.folders = append(d.folders, filepath.Join(d.config.Dir, filepath.FromSlash(path)))
		case d.config.Exclude != nil && d.config.Exclude(path):
		case entry.Type()&fs.ModeSymlink != 0:
			d.links[path] = true
		case entry.Type().IsRegular():
			if fi, err := entry.Info(); err == nil {
				d.files[path] = fi
			}
		}
		return nil
	})
	d.whole = err == nil
	if !d.whole {
		d.found.warn("dir-large", "Have old files deleted: every scan looks at all of them.",
			"%s holds more than can be looked at here (%d entries)", d.config.Dir, entries)
	} else {
		d.found.ok("dir", "%s can be read: %s in %s", d.config.Dir, count(len(d.files), "file"), count(len(d.folders), "folder"))
	}
	if len(shut) > 0 {
		d.found.fail("folder-unreadable", "Let this user list and enter them: run hlsship as the packager's user, or give a group of both r and x.",
			"%s cannot be read: %s", count(len(shut), "folder"), some(shut))
	}
}

// names looks for those that are too long for a key or a pin.
func (d *directoryCheck) names() {
	var keys, pins []string
	for path, fi := range d.files {
		switch {
		case len(path) > uploader.LongestPath(d.config.Prefix):
			keys = append(keys, short(path))
		case !d.config.SpoolOff && hls.Classify(path) != hls.Temporary && !spool.Pinnable(path, fi):
			pins = append(pins, short(path))
		}
	}
	slices.Sort(keys)
	slices.Sort(pins)
	if len(keys) > 0 {
		d.found.fail("name-too-long", "Have the packager write shorter names, or shorten the prefix of the destination.",
			"%s would have a key of more than 1024 bytes, which S3 does not take: %s", count(len(keys), "file"), some(keys))
	}
	if len(pins) > 0 {
		d.found.warn("name-unpinnable", "Have the packager write names of 200 bytes at most.",
			"%s whose name leaves no room for a pin: what the packager deletes of them before it is stored does not survive a restart: %s", count(len(pins), "file"), some(pins))
	}
}

// sameFile reports whether the entry is that file, which may be nil.
func sameFile(entry fs.DirEntry, file fs.FileInfo) bool {
	if file == nil {
		return false
	}
	fi, err := entry.Info()
	return err == nil && os.SameFile(fi, file)
}

// filesystem says what kind of file system the directory lies on.
func (d *directoryCheck) filesystem() {
	var err error
	d.mount, err = d.sys.mount(d.config.Dir)
	switch m := d.mount; {
	case err != nil || !m.known:
	case m.remote:
		d.remote(d.config.Dir, m.kind)
	case m.volatile:
		d.found.note("filesystem-memory", "Set --spool-dir to a folder on a disk if files shall survive a loss of power; those that wait are then copied.",
			"%s is in memory (%s): a file that waits for the store is lost when the machine stops", d.config.Dir, m.kind)
	default:
		d.found.ok("filesystem", "%s, local", m.kind)
	}
	if err != nil || d.mount.remote {
		return
	}
	for _, folder := range d.folders {
		if m, err := d.sys.mount(folder); err == nil && m.remote {
			d.remote(folder, m.kind)
			return
		}
	}
}

// remote says that a folder is on a file system that others write to unheard.
func (d *directoryCheck) remote(folder, kind string) {
	d.found.warn("filesystem-remote", "Run hlsship on the machine that writes the files, or have the packager write to a local disk.",
		"%s is on %s: what another machine writes there is not announced, so that it is found by listing every --settle (%s) or half target duration, and finished --settle later",
		folder, kind, human(d.config.Settle))
}

// readable tries one file of each kind in each folder, and all playlists, which were read before.
func (d *directoryCheck) readable(s streams) {
	type group struct {
		folder string
		kind   hls.Kind
	}
	tried := map[group]bool{}
	for _, path := range s.media {
		g := group{path[:strings.LastIndexByte(path, '/')+1], hls.Classify(path)}
		if tried[g] {
			continue
		}
		tried[g] = true
		if file, err := d.openFile(path); err == nil {
			_ = file.Close()
		}
	}
	if len(d.closed) > 0 {
		names := make([]string, 0, len(d.closed))
		for path := range d.closed {
			names = append(names, path)
		}
		slices.Sort(names)
		d.found.fail("files-unreadable", "Have the packager write files that this user may read (umask 022, or a group of both), or run hlsship as the packager's user.",
			"%s cannot be opened for want of permission: %s", count(len(names), "file"), some(names))
	}
}

// openFile opens a regular file for reading and notes if that is forbidden.
func (d *directoryCheck) openFile(path string) (*os.File, error) {
	file, err := d.root.OpenFile(filepath.FromSlash(path), openfile.Flags, 0)
	if errors.Is(err, fs.ErrPermission) {
		d.closed[path] = true
	}
	return file, err
}

// newest returns the youngest regular file that a playlist may name and that was not written to just now, which is
// the likeliest to be finished; "" if there is none.
func (d *directoryCheck) newest() string {
	best := ""
	for path, fi := range d.files {
		switch hls.Classify(path) {
		case hls.Temporary, hls.Other, hls.MediaPlaylist, hls.MultivariantPlaylist, hls.Manifest:
			continue
		}
		if fi.Size() == 0 || d.closed[path] || time.Since(fi.ModTime()) < time.Second {
			continue
		}
		if best == "" || fi.ModTime().After(d.files[best].ModTime()) {
			best = path
		}
	}
	return best
}

// count returns "1 file" or "2 files".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// some returns the first few of the names.
func some(names []string) string {
	const few = 3
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:few], ", ") + fmt.Sprintf(" and %d more", len(names)-few)
}
