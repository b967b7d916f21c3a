package watcher

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// A scan is done in slices, between which events are served.
const (
	sliceTime    = time.Millisecond
	listingBatch = 64
)

// scan is one walk over a folder and all below it. It is owned by the loop.
type scan struct {
	reason string
	todo   []*folder
	files  int
	took   time.Duration // the time spent on it
	list   *listing      // the folder that is being scanned
}

// listing is one folder's part of a scan: first all entries are read, then they are visited in the
// order of their modification times.
type listing struct {
	in      *folder
	dir     *os.File // nil once all is read
	mark    int
	entries []entry
	failed  error // of the machine, when an entry was to be looked at
	next    int
}

// entry is one name in a listing.
type entry struct {
	name    string
	mode    fs.FileMode
	version hls.Version
}

// scan queues a scan of f and all below it. A new folder goes first: a packager has just begun to write
// there. The same scan is not queued twice.
func (r *run) scan(reason string, f *folder) {
	for i, s := range r.scans {
		if i > 0 && s.reason == reason && s.list == nil && slices.Contains(s.todo, f) {
			return
		}
	}
	s := &scan{reason: reason, todo: []*folder{f}}
	if reason == "folder" {
		r.scans = slices.Insert(r.scans, 0, s)
		return
	}
	r.scans = append(r.scans, s)
}

// scanSlice works on the first scan for a moment.
func (r *run) scanSlice() {
	s := r.scans[0]
	began := time.Now()
	for time.Since(began) < sliceTime && r.scans[0] == s {
		if r.scanStep(s) {
			continue
		}
		r.scans = r.scans[1:]
		r.config.Observer.Scanned(s.reason, s.files, s.took+time.Since(began))
		return
	}
	s.took += time.Since(began)
}

// scanStep does the next small piece of s and returns false when nothing is left.
func (r *run) scanStep(s *scan) bool {
	l := s.list
	switch {
	case l == nil && len(s.todo) == 0:
		return false
	case l == nil:
		f := s.todo[0]
		s.todo = s.todo[1:]
		if r.folders[f.path] == f {
			s.list = r.newListing(f)
		}
	case r.folders[l.in.path] != l.in:
		l.close()
		s.list = nil
	case l.dir != nil:
		r.readListing(l)
	case l.next < len(l.entries):
		r.visit(s, l, l.entries[l.next])
		l.next++
	default:
		s.list = nil
	}
	return true
}

// close closes the folder.
func (l *listing) close() {
	if l.dir != nil {
		_ = l.dir.Close()
		l.dir = nil
	}
}

// newListing watches a folder and opens it: what comes between the two is met twice, not missed.
func (r *run) newListing(f *folder) *listing {
	if r.root == nil {
		return nil
	}
	if f == r.top {
		r.leave.refresh()
	}
	if !r.arm(f) {
		return nil
	}
	dir, err := r.sys.open(r.root, filepath.FromSlash(f.path))
	if err != nil {
		r.folderUnreadable(f, err)
		return nil
	}
	if fi, err := dir.Stat(); err != nil || idOf(fi) != f.id {
		_ = dir.Close() // it was replaced meanwhile; its events will say so
		return nil
	}
	r.mark++
	return &listing{in: f, dir: dir, mark: r.mark}
}

// readListing reads some more entries, and after the last sorts them and forgets what is not there.
func (r *run) readListing(l *listing) {
	some, err := r.sys.list(l.dir)
	for _, e := range some {
		if l.in.parent == nil && e.Name() == spool {
			continue
		}
		if f := l.in.files[e.Name()]; f != nil {
			f.mark = l.mark
		}
		if sub := l.in.subs[e.Name()]; sub != nil {
			sub.mark = l.mark
		}
		fi, err := e.Info()
		switch {
		case err == nil:
			l.entries = append(l.entries, entry{e.Name(), fi.Mode(), versionOf(fi)})
		case ofMachine(err):
			l.failed = err
		}
	}
	if err == nil {
		return
	}
	l.close()
	slices.SortFunc(l.entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.version.ModTime, b.version.ModTime), cmp.Compare(a.name, b.name))
	})
	if !errors.Is(err, io.EOF) {
		r.folderUnreadable(l.in, err)
		return
	}
	r.sweep(l)
	if l.failed != nil {
		r.folderLater(l.in, l.failed)
		return
	}
	l.in.failures = 0
}

// sweep forgets the files and folders that the listing did not meet and that are not there.
func (r *run) sweep(l *listing) {
	for _, f := range l.in.files {
		if f.mark != l.mark && r.gone(f.path()) {
			r.removeFile(f)
		}
	}
	for _, sub := range l.in.subs {
		if sub.mark != l.mark && r.gone(sub.path) {
			r.removeFolder(sub)
		}
	}
}

// visit deals with one entry of a listing.
func (r *run) visit(s *scan, l *listing, e entry) {
	if e.mode.IsDir() && goodName(e.name) && l.in.depth == maxDepth {
		r.refuseDeep(l.in, e.name)
		return
	}
	if e.mode.IsDir() && goodName(e.name) {
		sub := l.in.subs[e.name]
		if sub == nil {
			if f := l.in.files[e.name]; f != nil {
				r.removeFile(f)
			}
			sub = r.newFolder(l.in, e.name)
		}
		s.todo = append(s.todo, sub)
		return
	}
	if sub := l.in.subs[e.name]; sub != nil {
		r.removeFolder(sub)
	}
	f := r.newFile(l.in, e.name)
	switch {
	case !goodName(e.name):
		r.refuse(f, refusedName, hls.Version{}, nil)
	case e.mode.IsRegular():
		s.files++
		if f.silent || !f.news(e.version) || f.retrying {
			return
		}
		if !f.closed && !f.born && f.attempt == 0 {
			f.scanned = true
		}
		if r.replaced(f) {
			r.unpin(f)
		}
		f.attempt = 0
		r.look(f)
	default:
		r.refuseIrregular(f, e.mode)
	}
}

// folderCame deals with a folder that appeared at a name, if one is there: watch it, then scan it.
func (r *run) folderCame(in *folder, name string) {
	fi, err := r.sys.lstat(r.root, filepath.FromSlash(path.Join(in.path, name)))
	sub := in.subs[name]
	if ofMachine(err) {
		r.folderLater(in, err)
		return
	}
	if sub != nil && (err != nil || !fi.IsDir() || idOf(fi) != sub.id) {
		r.removeFolder(sub)
		sub = nil
	}
	switch {
	case err != nil:
	case !fi.IsDir():
		r.came(in, name, "")
	case !goodName(name):
		r.refuse(r.newFile(in, name), refusedName, hls.Version{}, nil)
	case in.depth == maxDepth:
		r.refuseDeep(in, name)
	case in.parent == nil && name == spool:
	case sub == nil:
		sub = r.newFolder(in, name)
		if r.arm(sub) {
			r.scan("folder", sub)
		}
	}
}

// folderLater scans a folder again soon, as the machine did not let it be listed.
func (r *run) folderLater(f *folder, err error) {
	r.tellTrouble(f.path, err)
	r.queue.set(&f.again, time.Now().Add(again(f.failures)))
	f.failures++
}

// folderUnreadable deals with a folder that cannot be listed.
func (r *run) folderUnreadable(f *folder, err error) {
	if ofMachine(err) {
		r.folderLater(f, err)
		return
	}
	if errors.Is(err, fs.ErrNotExist) || f.parent == nil {
		return // its parent's events, or the pulse, will say so
	}
	file := r.newFile(f.parent, path.Base(f.path))
	reason := refusedPermission
	if !errors.Is(err, fs.ErrPermission) {
		reason = refusedIrregular
	}
	file.silent = true
	r.refuse(file, reason, hls.Version{}, err)
}
