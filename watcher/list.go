package watcher

import (
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/openfile"
)

// listingBatch is how many entries are read at a time.
const listingBatch = 64

// listing is a folder that is watched and listed. It is made by the loop and done as a job.
type listing struct {
	in    *folder
	scan  *scan
	sys   *system
	root  *os.Root
	top   bool
	name  string
	path  string                  // absolute
	id    fileID                  // of the folder; zero if that is not known
	leave []string                // paths of Config.Leave …
	ids   map[fileID]bool         // … and their identities; nil if they are to be looked up
	add   func(path string) error // watches a folder
	noted func(path string, fi fs.FileInfo) bool
	over  <-chan struct{} // closed when nobody waits for it

	met     fileID // whose turn it is if that is another folder
	left    bool   // it is one to leave alone
	refused error  // why it cannot be watched
	remote  string // the file system that it is on, if the kernel does not tell of all who write there
	err     error  // why it cannot be listed
	failed  error  // of the machine, when an entry was to be looked at
	entries []entry
	next    int // entry to visit
	hangs   bool
}

// entry is one name in a listing.
type entry struct {
	name    string
	mode    fs.FileMode
	version hls.Version // zero for folders
	noted   bool        // Config.Noted knows it
}

// do implements task. The folder is opened first: to watch it by name may take for ever where that does, and holds up
// all other events then. What comes between watching and listing is met twice, not missed.
func (l *listing) do() {
	dir, err := l.sys.open(l.root, l.name, openfile.FolderFlags)
	if err != nil {
		l.err = err
		return
	}
	defer func() { _ = dir.Close() }()
	fi, err := dir.Stat()
	if err != nil {
		l.err = err
		return
	}
	l.met = idOf(fi)
	if l.ids == nil {
		l.ids = identities(l.leave)
	}
	if l.left = !l.top && leaves(l.leave, l.ids, l.met, l.path); l.left || l.met != l.id {
		return
	}
	l.remote = l.sys.remote(dir)
	l.refused = l.add(l.path)
	if now, err := l.sys.lstat(l.root, l.name); err != nil || idOf(now) != l.id {
		l.met = fileID{} // its name changed hands meanwhile; the events of its parent say so
		l.err = err
		return
	}
	l.read(dir)
	slices.SortFunc(l.entries, func(a, b entry) int {
		return cmp.Or(cmp.Compare(a.version.ModTime, b.version.ModTime), cmp.Compare(a.name, b.name))
	})
}

// read reads all entries. Folders are not looked at: one whose server is away would keep the others waiting.
func (l *listing) read(dir *os.File) {
	for {
		some, err := l.sys.list(dir)
		for _, e := range some {
			if l.top && e.Name() == spool {
				continue
			}
			if e.IsDir() {
				l.entries = append(l.entries, entry{name: e.Name(), mode: fs.ModeDir})
				continue
			}
			fi, err := e.Info()
			switch {
			case err == nil:
				l.entries = append(l.entries, entry{e.Name(), fi.Mode(), openfile.VersionOf(fi), l.knows(fi)})
			case ofMachine(err):
				l.failed = err
			}
		}
		select {
		case <-l.over:
			return
		default:
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				l.err = err
			}
			return
		}
	}
}

// knows reports whether Config.Noted knows a file of the folder, and nobody writes to it of whom the kernel does not tell.
func (l *listing) knows(fi fs.FileInfo) bool {
	return l.noted != nil && l.noted(l.in.below(fi.Name()), fi) && l.remote == ""
}

// drop implements task.
func (l *listing) drop() {}

// without has the scan go on without l.
func (s *scan) without(l *listing) {
	if s.list == l {
		s.list = nil
	}
}

// list begins to list f for a scan.
func (r *run) list(s *scan, f *folder) {
	if r.root == nil {
		return
	}
	if f.listing {
		f.relist = true
		return
	}
	f.listing = true
	l := &listing{
		in: f, scan: s, sys: &r.sys, root: r.root, top: f == r.top, name: filepath.FromSlash(f.path), path: r.absolute(f.path),
		id: f.id, leave: r.config.Leave, noted: r.config.Noted, over: r.work.over,
	}
	notifier, add := r.notifier, r.arming.add
	l.add = func(path string) error { return add(notifier, path) }
	if f.watched {
		l.ids = s.leave
	}
	if f.id != (fileID{}) || r.rootID == (fileID{}) {
		r.claim(f)
	}
	s.list = l
	r.work.add(&job{lane: listings, task: l, hang: func() {
		l.hangs = true
		if s.list == l {
			s.list = nil // the scan goes on without it
		}
	}})
}

// deal implements task.
func (l *listing) deal(r *run) {
	f := l.in
	f.listing = false
	l.scan.leave = l.ids
	if f.relist {
		f.relist = false
		r.scan(hls.ScanFolder, f)
	}
	if r.folders[f.path] != f || l.root != r.root {
		l.scan.without(l)
		return
	}
	switch {
	case l.left:
		l.scan.without(l)
		r.removeFolder(f)
	case l.met != (fileID{}) && l.met != l.id: // it is not known yet, or another one has its name
		l.scan.without(l)
		r.disarm(f)
		f.id = l.met
		if l.hangs {
			r.scan(hls.ScanFolder, f)
		} else {
			r.list(l.scan, f)
		}
	case l.met != l.id || l.err != nil && len(l.entries) == 0 && l.refused == nil:
		l.scan.without(l)
		r.disarm(f)
		r.folderUnreadable(f, l.err)
	default:
		r.listed(l)
	}
}

// listed deals with a folder that was listed, or as far as it was.
func (r *run) listed(l *listing) {
	f := l.in
	r.heard(f, l)
	switch {
	case l.err != nil:
		r.folderUnreadable(f, l.err)
	case l.failed != nil:
		r.folderLater(f, l.failed)
	default:
		f.failures = 0
	}
	if l.err == nil {
		r.sweep(l)
	}
	if l.hangs { // its scan went on
		r.scans = slices.Insert(r.scans, 0, &scan{reason: hls.ScanFolder, list: l})
	}
}

// sweep looks at the files and folders that the listing did not meet.
func (r *run) sweep(l *listing) {
	met := make(map[string]bool, len(l.entries))
	for _, e := range l.entries {
		met[e.name] = true
	}
	for name, f := range l.in.files {
		if !met[name] && !f.lost {
			r.look(f)
		}
	}
	for name := range l.in.subs {
		if !met[name] {
			r.look(r.newFile(l.in, name))
		}
	}
}
