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
	failures int   // listings in a row that the machine did not let happen
	again    alarm // for the next one after that
	files    map[string]*file
	subs     map[string]*folder
	mark     int // the listing of the parent that met it last
}

// file is what is known of one name in a folder. It is owned by the loop.
type file struct {
	in     *folder
	name   string
	kind   hls.Kind
	silent bool // temporary or excluded: tracked for renames, never opened
	mark   int  // the listing that met it last

	// What events and scans told of the present content.
	closed   bool        // its close was seen …
	closedAs hls.Version // … when it was this; zero if that is not known
	renamed  bool        // it got its name by a rename after its close
	born     bool        // its creation was seen, so its close will be
	scanned  bool        // a scan met it, no event did
	metOpen  bool        // a probe met a writer
	forced   bool        // to be reported whatever was reported before

	growth growth // zero unless playlists name byte ranges of it

	// What was made of it.
	reported  hls.Version // the version reported last; zero if none is, or it is gone
	touched   int64       // a later modification time of the same bytes; 0 if none
	sum       [32]byte    // a playlist's bytes as reported
	source    hls.Source  // what was reported; nil for playlists
	refused   string      // why it is not reported …
	refusedAs hls.Version // … in this version
	warned    bool        // the log has a line about it

	// What it waits for.
	seen     hls.Version // at the last look …
	since    time.Time   // … and since when
	attempt  int
	failures int // looks in a row that the machine did not let happen
	retrying bool
	pin      *os.File // the file as it was at the last look, while it is not finished
	alarm    alarm
}

// path returns the file's path below the directory, slash-separated.
func (f *file) path() string { return path.Join(f.in.path, f.name) }

// same reports whether v is what was reported.
func (f *file) same(v hls.Version) bool {
	if f.touched != 0 && v.ModTime == f.touched {
		v.ModTime = f.reported.ModTime
	}
	return f.reported != hls.Version{} && v == f.reported
}

// news reports whether v says anything that was not dealt with before.
func (f *file) news(v hls.Version) bool {
	if f.forced {
		return true
	}
	if f.refused != "" && f.refused != refusedPermission && v == f.refusedAs {
		return false
	}
	return !f.same(v)
}

// reset forgets what was known of the content: an event says that it is another one now.
func (f *file) reset() {
	f.closed, f.closedAs, f.renamed, f.born = false, hls.Version{}, false, false
	f.scanned, f.metOpen, f.attempt = false, false, 0
}

// newFolder adds a folder to the tree.
func (r *run) newFolder(parent *folder, name string) *folder {
	f := &folder{path: ".", parent: parent, files: make(map[string]*file), subs: make(map[string]*folder)}
	if parent != nil {
		f.path, f.depth = path.Join(parent.path, name), parent.depth+1
		parent.subs[name] = f
	}
	f.again.do = func() {
		if r.root != nil {
			r.scan("folder", f)
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
	f.silent = f.kind == hls.Temporary || r.config.Exclude(f.path())
	f.alarm.do = func() { r.look(f) }
	in.files[name] = f
	return f
}

// removeFile forgets f and reports it as gone if anybody was told of it.
func (r *run) removeFile(f *file) {
	r.lastLook(f)
	r.calm(f)
	delete(f.in.files, f.name)
	if f.reported != (hls.Version{}) || f.forced || f.growth.told > 0 {
		r.push(hls.File{Path: f.path(), State: hls.Gone})
	}
}

// removeFolder forgets a folder with all that is below it.
func (r *run) removeFolder(f *folder) {
	for _, sub := range f.subs {
		r.removeFolder(sub)
	}
	r.disarm(f)
	r.queue.cancel(&f.again)
	for _, file := range f.files {
		if !r.gone(file.path()) {
			file.reported = hls.Version{} // another folder has that name now, and will be scanned
			file.forced = false
		}
		r.removeFile(file)
	}
	delete(r.folders, f.path)
	if f.parent != nil {
		delete(f.parent.subs, path.Base(f.path))
		delete(f.parent.files, path.Base(f.path)) // there is one if the folder was refused
	}
}

// gone reports whether there is nothing at that path, which is not known while the machine fails.
func (r *run) gone(path string) bool {
	if r.root == nil {
		return true
	}
	_, err := r.sys.lstat(r.root, filepath.FromSlash(path))
	return absent(err)
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

// versionOf returns the fingerprint in fi.
func versionOf(fi fs.FileInfo) hls.Version {
	v := hls.Version{Size: fi.Size(), ModTime: fi.ModTime().UnixNano()}
	v.Device, v.Inode = identity(fi)
	return v
}

// idOf returns the identity in fi.
func idOf(fi fs.FileInfo) fileID {
	device, inode := identity(fi)
	return fileID{device, inode}
}

// fingerprint returns the version that an open file has now.
func fingerprint(file *os.File) (hls.Version, error) {
	fi, err := file.Stat()
	if err != nil {
		return hls.Version{}, err
	}
	return versionOf(fi), nil
}
