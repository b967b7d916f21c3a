package watcher

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/openfile"
)

// spool is the folder at the top in which another part of the program keeps files unless it is told to keep them
// elsewhere (Config.Leave). It is not looked at.
const spool = ".hlsship"

// fileID is the identity of a file or folder on this machine.
type fileID struct{ device, inode uint64 }

// folder is a node of the tree of folders that are known to exist. It is owned by the loop.
type folder struct {
	path     string // slash-separated, "." for the top
	parent   *folder
	depth    int    // below the directory, which has 0
	id       fileID // of the folder that was armed or met last
	watched  bool
	listing  bool          // it is being listed, …
	relist   bool          // … and to be listed once more then
	failures int           // listings in a row that the machine did not let happen
	again    alarm         // for the next one after that
	remote   string        // the file system that it is on, if others write there of whom the kernel does not tell
	deaf     bool          // it is listed often, …
	poll     alarm         // … next then
	target   time.Duration // the shortest target duration of its live playlists; 0 if none is known
	files    map[string]*file
	subs     map[string]*folder
}

// file is what is known of one name in a folder, and of the file that has it or had it last. It is owned by the loop.
type file struct {
	in     *folder
	name   string
	kind   hls.Kind
	silent bool // temporary or excluded: tracked for renames, never opened

	signs  signs
	gone   bool  // nothing has the name
	moved  bool  // the file that lost the name was renamed
	lost   bool  // the file that signs is about lost the name, …
	next   signs // … and these are about the one that has it since
	growth growth

	// What was made of it.
	told   told
	sum    [32]byte   // a playlist's bytes as reported
	source hls.Source // what was reported; nil for playlists
	warned bool       // the log has a line about it
	read   reading    // of a playlist

	// What it waits for.
	looking  *sighting   // the look that runs; nil if none does
	again    bool        // it is to be looked at once more after that
	goneAt   *place      // of the fact that it is gone, if the folder was removed
	seen     hls.Version // at the last look …
	since    time.Time   // … and since when
	failures int         // looks in a row that the machine did not let happen
	retrying bool        // the next look is a repeated probe
	place    *place      // of what the next look finds
	open     *os.File    // the file as it was at the last look, while it is not finished
	alarm    alarm
}

// signs is what events and scans told of a file.
type signs struct {
	closed     bool        // its close was seen …
	closedAs   hls.Version // … when it was this; zero if that is not known
	renamed    bool        // it got its name by a rename after its close
	created    bool        // its creation was seen, and nothing else
	born       bool        // its creation was seen, so its close will be
	scanned    bool        // a scan met it, no event did
	metOpen    bool        // a probe met a writer
	attributes bool        // its attributes were changed
	attempt    int         // looks that met a writer
}

// told is what others were told of a name.
type told struct {
	reported  hls.Version // the version reported last; zero if none is, or it is gone
	touched   int64       // a later modification time of the same bytes; 0 if none
	forced    bool        // somebody asks to be told again
	refused   string      // why it is not reported …
	refusedAs hls.Version // … in this version
}

// path returns the file's path below the directory, slash-separated.
func (f *file) path() string { return f.in.below(f.name) }

// below returns the path of a name in the folder.
func (f *folder) below(name string) string {
	if f.path == "." {
		return name
	}
	return f.path + "/" + name
}

// tell says that v is reported.
func (f *file) tell(v hls.Version) { f.told = told{reported: v} }

// known reports whether anybody is to be told when the name is gone.
func (t told) known() bool { return t.reported != hls.Version{} || t.forced }

// same reports whether v is what was reported.
func (t told) same(v hls.Version) bool {
	if t.touched != 0 && v.ModTime == t.touched {
		v.ModTime = t.reported.ModTime
	}
	return t.reported != hls.Version{} && v == t.reported
}

// news reports whether v says anything that was not dealt with before.
func (t told) news(v hls.Version) bool {
	if t.forced {
		return true
	}
	if t.refused != "" && t.refused != hls.RefusedPermission && v == t.refusedAs {
		return false
	}
	return !t.same(v)
}

// now returns the signs of the file that has the name.
func (f *file) now() *signs {
	if f.lost {
		return &f.next
	}
	return &f.signs
}

// newFolder adds a folder to the tree.
func (r *run) newFolder(parent *folder, name string) *folder {
	f := &folder{path: ".", parent: parent, files: make(map[string]*file), subs: make(map[string]*folder)}
	if parent != nil {
		f.path, f.depth = parent.below(name), parent.depth+1
		parent.subs[name] = f
	}
	f.again.do = func() {
		if r.root != nil {
			r.scan(hls.ScanFolder, f)
		}
	}
	f.poll.do = func() {
		if r.root != nil {
			r.scan(ofOne, f)
		}
	}
	r.folders[f.path] = f
	return f
}

// newFile returns the file of that name, adding it if it is not known.
func (r *run) newFile(in *folder, name string) *file {
	if f := in.files[name]; f != nil {
		return f
	}
	f := &file{in: in, name: name}
	f.kind = hls.Classify(f.path())
	f.silent = f.kind == hls.Temporary || r.config.Exclude(f.path()) || r.refuseLong(f)
	f.alarm.do = func() { r.lookOnceMore(f) }
	in.files[name] = f
	return f
}

// knows reports whether f is still in the tree.
func (r *run) knows(f *file) bool { return r.folders[f.in.path] == f.in && f.in.files[f.name] == f }

// removeFile forgets f, as nothing that counts has its name, and reports it as gone if anybody was told of it.
func (r *run) removeFile(f *file) {
	f.gone = true
	r.detach(f)
	delete(f.in.files, f.name)
	r.part(f)
}

// detach takes f out of what is waited for.
func (r *run) detach(f *file) {
	r.calm(f)
	r.stopWaiting(f)
	f.lost, f.next = true, signs{}
	if f.told.known() || f.growth.told > 0 || f.looking != nil || f.open != nil || len(f.read.editions) > 0 {
		f.goneAt = r.order.take(f.path(), ofFile, nil)
	}
}

// part is the end of f, whose file is looked at a last time first, if it is open.
func (r *run) part(f *file) {
	switch {
	case f.goneAt == nil || f.goneAt.done || f.looking != nil || len(f.read.editions) > 0:
	case f.open != nil:
		r.look(f)
	case !f.told.known() && f.growth.told == 0:
		r.order.withdraw(f.goneAt)
	case f.gone || r.root == nil:
		r.order.fill(f.goneAt, hls.File{Path: f.path(), State: hls.Gone, Moved: r.movedAtOnce(f)}, true)
	default:
		r.inquire([]*file{f})
	}
}

// removeFolder forgets a folder with all that is below it.
func (r *run) removeFolder(f *folder) {
	for _, sub := range f.subs {
		r.removeFolder(sub)
	}
	r.disarm(f)
	r.hears(f)
	r.queue.cancel(&f.again)
	delete(r.folders, f.path)
	if f.parent != nil {
		base := path.Base(f.path)
		delete(f.parent.subs, base)
		if file := f.parent.files[base]; file != nil && file.told.refused != "" { // the folder was
			r.removeFile(file)
		}
	}
	var rest []*file
	for _, file := range f.files {
		r.detach(file)
		if r.root != nil && file.looking == nil && file.open == nil && file.told.known() && len(file.read.editions) == 0 {
			rest = append(rest, file)
		} else {
			r.part(file)
		}
	}
	if len(rest) > 0 {
		r.inquire(rest)
	}
}

// names is a job that finds out whether names that were those of files in a removed folder are taken: then another folder
// has its name now, and will be scanned.
type names struct {
	sys   *system
	root  *os.Root
	files []*file
	paths []string
	taken []bool
}

// inquire has the names of those files looked at.
func (r *run) inquire(files []*file) {
	n := &names{sys: &r.sys, root: r.root, files: files}
	for _, f := range files {
		n.paths = append(n.paths, filepath.FromSlash(f.path()))
	}
	r.work.add(&job{lane: rootLooks, task: n})
}

// do implements task.
func (n *names) do() {
	for _, p := range n.paths {
		_, err := n.sys.lstat(n.root, p)
		n.taken = append(n.taken, err == nil)
	}
}

// drop implements task.
func (n *names) drop() {}

// deal implements task.
func (n *names) deal(r *run) {
	for i, f := range n.files {
		if n.taken[i] {
			r.order.withdraw(f.goneAt)
		} else {
			f.gone = true
			r.part(f)
		}
	}
}

// relative returns the slash-separated path below the directory of a name that fsnotify uses.
func (r *run) relative(name string) (rel string, ok bool) {
	if name == r.dir {
		return ".", true
	}
	prefix := r.dir
	if !strings.HasSuffix(prefix, string(filepath.Separator)) {
		prefix += string(filepath.Separator)
	}
	rel, ok = strings.CutPrefix(name, prefix)
	return filepath.ToSlash(rel), ok
}

// absolute is the reverse of relative.
func (r *run) absolute(path string) string { return filepath.Join(r.dir, filepath.FromSlash(path)) }

// goodName reports whether a name can become part of a URL and of a line of a log.
func goodName(name string) bool {
	return utf8.ValidString(name) && !strings.ContainsFunc(name, unicode.IsControl)
}

// idOf returns the identity in fi.
func idOf(fi fs.FileInfo) fileID {
	device, inode := openfile.Identity(fi)
	return fileID{device, inode}
}
