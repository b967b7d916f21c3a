package watcher

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// ofOne is the reason of the scan of one folder that is listed often, and of what is new in it.
const ofOne = "one"

// sliceTime is how long a scan goes on before events are served again.
const sliceTime = time.Millisecond

// scan is one walk over a folder and all below it. It is owned by the loop.
type scan struct {
	reason string
	todo   []*folder
	files  int
	began  time.Time
	list   *listing        // the folder that is being scanned
	looked *file           // what was met last, if it is to be looked at; the scan waits for it
	behind *file           // what was glanced at last; the scan waits for it when it was glanced at more
	leave  map[fileID]bool // identities of Config.Leave; nil before they were looked up
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
	if reason == hls.ScanFolder {
		r.scans = slices.Insert(r.scans, 0, s)
		return
	}
	r.scans = append(r.scans, s)
}

// waits reports whether a scan can do nothing until a job of its own has ended.
func (s *scan) waits() bool {
	if s.looked != nil && s.looked.looking != nil && !s.looked.looking.hangs {
		return true
	}
	return s.list != nil && s.list.in.listing
}

// scanSlice works on the first scan for a moment.
func (r *run) scanSlice() {
	s := r.scans[0]
	now := time.Now()
	if s.began.IsZero() {
		s.began = now
	}
	for !s.waits() && time.Since(now) < sliceTime {
		if r.scanStep(s) {
			continue
		}
		r.scans = slices.DeleteFunc(r.scans, func(t *scan) bool { return t == s })
		if s.reason != ofOne {
			r.config.Observer.Scanned(s.reason, s.files, time.Since(s.began))
		}
		return
	}
}

// scanStep does the next small piece of s and returns false when nothing is left.
func (r *run) scanStep(s *scan) bool {
	l := s.list
	s.looked = nil
	switch {
	case l == nil && len(s.todo) == 0:
		return false
	case l == nil:
		f := s.todo[0]
		s.todo = s.todo[1:]
		if r.folders[f.path] == f {
			r.list(s, f)
		}
	case r.folders[l.in.path] == l.in && l.next < len(l.entries):
		if n := l.ahead(r.config.Hold - r.held.count()); n > 0 {
			r.glance(s, l, n)
			l.next += n
			break
		}
		r.visit(s, l, l.entries[l.next])
		l.next++
	default:
		s.list, s.looked, s.behind = nil, s.behind, nil
	}
	return true
}

// visit deals with one entry of a listing.
func (r *run) visit(s *scan, l *listing, e entry) {
	if e.mode.IsDir() && goodName(e.name) {
		r.visitFolder(s, l, e.name)
		return
	}
	if f := r.met(s, l, e); f != nil {
		s.looked = f
		r.lookIn(scanLooks, f)
	}
}

// met deals with what has a name in a listing and is no folder. It returns the file if that is to be looked at, else nil.
func (r *run) met(s *scan, l *listing, e entry) *file {
	if sub := l.in.subs[e.name]; sub != nil {
		r.removeFolder(sub)
	}
	f := r.newFile(l.in, e.name)
	switch {
	case !goodName(e.name):
		r.refuse(f, hls.RefusedName, hls.Version{}, nil)
	case e.mode.IsRegular():
		s.files++
		if f.silent || !f.told.news(e.version) || f.retrying || f.lost {
			return nil
		}
		if f.open != nil && f.seen.Inode != e.version.Inode {
			f.lost, f.next = true, signs{} // an event was missed
		}
		now := f.now()
		if !now.closed && !now.born && now.attempt == 0 {
			now.scanned = true
		}
		now.attempt = 0
		return f
	default:
		r.refuseIrregular(f, e.mode)
	}
	return nil
}

// visitFolder deals with a folder in a listing.
func (r *run) visitFolder(s *scan, l *listing, name string) {
	if l.in.depth == maxDepth {
		r.refuseDeep(l.in, name)
		return
	}
	sub := l.in.subs[name]
	if sub != nil && s.reason == ofOne {
		return
	}
	if sub == nil {
		if f := l.in.files[name]; f != nil && f.looking == nil && !f.silent {
			r.removeFile(f)
		}
		sub = r.newFolder(l.in, name)
	}
	s.todo = append(s.todo, sub)
}

// folderThere deals with a folder that was found at a name: watch it and scan it, unless that is known.
func (r *run) folderThere(in *folder, name string, id fileID) {
	sub := in.subs[name]
	if sub != nil && sub.id != id && sub.id != (fileID{}) {
		r.removeFolder(sub)
		sub = nil
	}
	switch {
	case sub != nil && !sub.watched: // it could not be listed, and may be by now
		r.scan(hls.ScanFolder, sub)
	case sub != nil:
	case !goodName(name):
		r.refuse(r.newFile(in, name), hls.RefusedName, hls.Version{}, nil)
	case in.depth == maxDepth:
		r.refuseDeep(in, name)
	case in.parent == nil && name == spool:
	default:
		sub = r.newFolder(in, name)
		sub.id = id
		r.scan(hls.ScanFolder, sub)
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
	switch {
	case err == nil:
	case ofMachine(err):
		r.folderLater(f, err)
	case f.parent == nil: // checkRoot will say so
	case errors.Is(err, fs.ErrPermission):
		file := r.newFile(f.parent, path.Base(f.path))
		file.silent = true
		r.refuse(file, hls.RefusedPermission, hls.Version{}, err)
	default: // another file has its name
		r.look(r.newFile(f.parent, path.Base(f.path)))
	}
}
