package watcher

import (
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/hlsship/hlsship/hls"
)

// passage is what is known of a file that was renamed away, until its arrival elsewhere.
type passage struct {
	path     string
	closed   bool
	closedAs hls.Version
	born     bool
}

// passages remembers the files renamed away last. fsnotify pairs a rename over at most ten others.
type passages struct {
	last [16]passage
	next int
}

// add remembers p.
func (p *passages) add(one passage) {
	p.last[p.next] = one
	p.next = (p.next + 1) % len(p.last)
}

// take returns what is remembered of path, once.
func (p *passages) take(path string) (one passage, ok bool) {
	if path == "" {
		return passage{}, false
	}
	for i := range p.last {
		if p.last[i].path == path {
			one = p.last[i]
			p.last[i] = passage{}
			return one, true
		}
	}
	return passage{}, false
}

// renamedFrom returns the name that a file had before the rename that ev announces, "" if ev is no such
// event or the file came from a folder that is not watched. fsnotify shows it in Event.String only:
// CREATE "new" ← "old".
func renamedFrom(ev fsnotify.Event) string {
	if !ev.Has(fsnotify.Create) {
		return ""
	}
	text := ev.String()
	start := strings.IndexByte(text, '"')
	if start < 0 {
		return ""
	}
	name, err := strconv.QuotedPrefix(text[start:])
	if err != nil {
		return ""
	}
	quoted, ok := strings.CutPrefix(text[start+len(name):], " ← ")
	if !ok {
		return ""
	}
	source, err := strconv.Unquote(quoted)
	if err != nil {
		return ""
	}
	return source
}

// event deals with one event.
func (r *run) event(ev fsnotify.Event) {
	r.events.Add(1)
	rel, ok := r.relative(ev.Name)
	if !ok || r.root == nil {
		return
	}
	if rel == "." {
		if ev.Has(fsnotify.Remove) || ev.Has(fsnotify.Rename) {
			r.lose()
			r.pulse()
		}
		return
	}
	in := r.folders[path.Dir(rel)]
	if in == nil || rel == spool {
		return // of a folder that is forgotten already
	}
	name := path.Base(rel)
	switch {
	case ev.Has(fsnotify.Remove):
		r.left(in, name)
	case ev.Has(fsnotify.Rename):
		if f := in.files[name]; f != nil {
			r.passages.add(passage{path: rel, closed: f.closed, closedAs: f.closedAs, born: f.born})
		}
		r.left(in, name)
	case ev.Has(fsnotify.Create):
		source, ok := r.relative(renamedFrom(ev))
		if !ok {
			source = ""
		}
		r.came(in, name, source)
	case ev.Has(closeWrite):
		r.closed(in, name)
	case ev.Has(fsnotify.Write):
		r.written(in, name)
	case ev.Has(fsnotify.Chmod):
		r.touched(in, name)
	}
}

// left deals with a name that was removed or renamed away. It may be taken anew by now, which its own
// event will say.
func (r *run) left(in *folder, name string) {
	if sub := in.subs[name]; sub != nil {
		r.removeFolder(sub)
		r.folderCame(in, name)
		return
	}
	f := in.files[name]
	if f == nil {
		return
	}
	r.lastLook(f)
	if r.gone(f.path()) {
		r.removeFile(f)
		return
	}
	f.reset()
	r.wait(f, firstAgain, false) // unless the event of what has the name now comes first
}

// came deals with a name that was created, moved in, or renamed from source, a path; "" if that is not
// known.
func (r *run) came(in *folder, name, source string) {
	from, renamed := r.passages.take(source)
	if in.subs[name] != nil {
		r.folderCame(in, name)
		return
	}
	f := r.newFile(in, name)
	r.calm(f)
	r.unpin(f)
	f.reset()
	if renamed {
		f.closed, f.closedAs, f.renamed, f.born = from.closed, from.closedAs, from.closed, from.born
	}
	if !goodName(name) {
		r.refuse(f, refusedName, hls.Version{}, nil)
		return
	}
	fi, err := r.sys.lstat(r.root, filepath.FromSlash(f.path()))
	switch {
	case ofMachine(err):
		r.later(f, err)
	case err != nil:
		// It left again, and what is known of it is needed for where it went. Its own event follows.
	case fi.IsDir():
		r.removeFile(f)
		r.folderCame(in, name)
	case !fi.Mode().IsRegular():
		r.refuseIrregular(f, fi.Mode())
	case f.silent:
	case fi.Size() == 0 && !renamed:
		// The kernel announces a file before it counts its creator as a writer, so a probe proves nothing.
		f.born = r.arming.exact
		f.seen, f.since = versionOf(fi), time.Now()
		if file, err := r.sys.openRegular(r.root, filepath.FromSlash(f.path())); err == nil {
			r.pin(f, file)
		}
		r.wait(f, r.config.Settle, false)
	default:
		r.look(f)
	}
}

// closed deals with a close by a writer.
func (r *run) closed(in *folder, name string) {
	f := r.newFile(in, name)
	r.calm(f)
	f.reset()
	f.closed = true
	f.touched = 0
	if !goodName(name) {
		r.refuse(f, refusedName, hls.Version{}, nil)
		return
	}
	r.look(f)
}

// written deals with a write, which is announced only where closes are not. A look for each would cost
// more than the write.
func (r *run) written(in *folder, name string) {
	if in.subs[name] != nil {
		return
	}
	f := r.newFile(in, name)
	if f.silent || !goodName(name) || f.alarm.index > 0 {
		return
	}
	fi, err := r.sys.lstat(r.root, filepath.FromSlash(f.path()))
	if err != nil || !fi.Mode().IsRegular() {
		return // its own event says what became of it
	}
	f.reset()
	f.seen, f.since = versionOf(fi), time.Now()
	r.wait(f, r.config.Settle, false)
}

// touched deals with changed attributes. A file whose modification time was set, with nothing closed in
// between, holds the bytes that were reported (nginx-rtmp does that to its keys); a later close-write
// ends that trust.
func (r *run) touched(in *folder, name string) {
	f := in.files[name]
	if f == nil || f.silent || f.retrying {
		return
	}
	if f.refused == refusedPermission {
		r.look(f)
		return
	}
	if f.reported == (hls.Version{}) || f.kind.IsPlaylist() {
		return // a playlist is compared by its bytes, at the next scan
	}
	file, err := r.open(f.path())
	if err != nil {
		r.unreadable(f, err)
		return
	}
	version, err := fingerprint(file)
	open := r.sys.probe(file) == some
	_ = file.Close()
	if err != nil || open || f.same(version) {
		return
	}
	moved := version
	moved.ModTime = f.reported.ModTime
	if moved != f.reported || !r.exact(in) {
		r.look(f)
		return
	}
	f.touched = version.ModTime
	if t, ok := f.source.(toucher); ok {
		t.Touch(version.ModTime)
	}
}
