package watcher

import (
	"path"
	"reflect"

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
// event or the file came from a folder that is not watched. fsnotify does not export it, and the text that Event.String makes of it
// would cost more than all else that is done for an event. selfTest checks that it is there.
func renamedFrom(ev fsnotify.Event) string {
	if !ev.Has(fsnotify.Create) {
		return ""
	}
	if source := reflect.ValueOf(ev).FieldByName("renamedFrom"); source.Kind() == reflect.String {
		return source.String()
	}
	return ""
}

// event deals with one event.
func (r *run) event(ev fsnotify.Event) {
	r.events.Add(1)
	rel, ok := r.relative(ev.Name)
	if !ok {
		r.marking = false // nothing else is watched outside
	}
	if !ok || r.root == nil {
		return
	}
	if rel == "." {
		if ev.Has(fsnotify.Remove) || ev.Has(fsnotify.Rename) {
			r.lose()
			r.checkRoot()
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
		r.nameGone(in, name)
	case ev.Has(fsnotify.Rename):
		if f := in.files[name]; f != nil {
			f.moved = true
			now := f.now()
			r.passages.add(passage{path: rel, closed: now.closed, closedAs: now.closedAs, born: now.born})
		}
		r.nameGone(in, name)
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

// nameGone deals with a name that was removed or renamed away. It may be taken again by now, which its own event will say. What
// is open of the file that had it is still whole.
func (r *run) nameGone(in *folder, name string) {
	if sub := in.subs[name]; sub != nil {
		r.removeFolder(sub)
		r.look(r.newFile(in, name))
		return
	}
	f := in.files[name]
	switch {
	case f == nil:
	case f.silent, !goodName(name):
		r.removeFile(f)
	default:
		f.lost, f.next = true, signs{}
		r.look(f)
	}
}

// came deals with a name that was created, moved in, or renamed from source, a path; "" if that is not known.
func (r *run) came(in *folder, name, source string) {
	from, renamed := r.passages.take(source)
	f := r.newFile(in, name)
	now := r.another(f)
	now.created = !renamed
	if renamed {
		now.closed, now.closedAs, now.renamed, now.born = from.closed, from.closedAs, from.closed, from.born
	}
	r.lookAtName(f)
}

// another says that another file has the name of f, and returns the signs of it.
func (r *run) another(f *file) *signs {
	now := f.now()
	*now, f.moved = signs{}, false
	if !f.lost {
		r.letClose(f)
		if f.looking != nil {
			f.looking.stale = true
		}
	}
	return now
}

// closed deals with a close by a writer.
func (r *run) closed(in *folder, name string) {
	f := r.newFile(in, name)
	*f.now() = signs{closed: true}
	f.told.touched = 0
	if !f.silent {
		r.lookAtName(f)
	}
}

// lookAtName looks at f unless its name says enough.
func (r *run) lookAtName(f *file) {
	if !goodName(f.name) {
		r.refuse(f, hls.RefusedName, hls.Version{}, nil)
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
	if f.silent || f.alarm.index > 0 || f.looking != nil {
		return
	}
	*f.now() = signs{}
	r.lookAtName(f)
}

// touched deals with changed attributes.
func (r *run) touched(in *folder, name string) {
	f := in.files[name]
	if f == nil || f.silent || f.retrying {
		return
	}
	if f.told.refused == hls.RefusedPermission {
		r.look(f)
		return
	}
	if f.told.reported == (hls.Version{}) || f.kind.IsPlaylist() {
		return // a playlist is compared by its bytes, at the next scan
	}
	f.now().attributes = true
	r.look(f)
}
