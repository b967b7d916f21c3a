package spool

import (
	"cmp"
	"errors"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/openfile"
)

// maxWarnings bounds the lines about dropped entries in the log; all are counted.
const maxWarnings = 100

// recovery is the work on what an earlier process left in a spool folder.
type recovery struct {
	spool      *Spool
	base       *base
	lists      []listPin // playlists, which are read last
	found      []hls.File
	lost       []hls.File // what is not whole any more
	bytes      int64
	superseded int
	dropped    int
	stays      map[string]*stay // by reason
}

// stay is what stays in the spool folder, for one reason.
type stay struct {
	files int
	first []string // the names of the first few
}

// recover takes in what lies in a spool folder that nothing is pinned in yet. Nothing is followed, and nothing waited for.
func (s *Spool) recover(b *base) []hls.File {
	r := recovery{spool: s, base: b, stays: map[string]*stay{}}
	entries, _ := r.list(".")
	for _, e := range entries {
		if !slices.Contains([]string{lock, began, stored, taped, part, settled, named}, e.Name()) {
			r.foreign(e.Name(), "the spool has no such entry")
		}
	}
	entries, _ = r.list(part)
	for _, e := range entries {
		name := part + "/" + e.Name()
		_, err := b.own(name)
		if err == nil {
			err = b.root.Remove(filepath.FromSlash(name))
		}
		if err != nil {
			r.foreign(name, err.Error())
		}
	}
	// Named first: where a power loss left both names of a file that was being renamed, it counts.
	r.walk(named, named, 0)
	r.walk(settled, settled, 0)
	r.playlists()
	slices.SortFunc(r.found, func(a, b hls.File) int {
		switch {
		case a.Version.ModTime != b.Version.ModTime && a.Version.ModTime < b.Version.ModTime,
			a.Version.ModTime == b.Version.ModTime && hls.NaturalLess(a.Path, b.Path):
			return -1
		}
		return 1
	})
	r.report()
	return append(r.found, r.lost...)
}

// report sums it up in the log.
func (r *recovery) report() {
	s := r.spool
	for _, reason := range []string{hls.DroppedExcluded, hls.DroppedLater} {
		left := r.stays[reason]
		switch {
		case left == nil:
		case reason == hls.DroppedExcluded:
			s.config.Logger.Warn("files in the spool are excluded and stay there", "spool", s.folder, "files", left.files, "first", left.first,
				"cure", "have --exclude let them pass, or remove them from the spool folder")
		default:
			s.config.Logger.Warn("files in the spool cannot be taken in now and stay there for the next process", "spool", s.folder,
				"files", left.files, "first", left.first, "cure", "give hlsship more memory or open files, and restart it")
		}
	}
	if len(r.found) > 0 || r.dropped > 0 {
		s.config.Logger.Info("spool recovered", "spool", s.folder, "files", len(r.found), "bytes", r.bytes,
			"superseded", r.superseded, "dropped", r.dropped)
	}
}

// list returns the entries of a folder; ok is false if it is foreign or cannot be read.
func (r *recovery) list(folder string) (entries []fs.DirEntry, ok bool) {
	dir, err := r.base.folder(folder, false)
	if err == nil {
		defer dir.Close() //nolint:errcheck // nothing was written
		entries, err = dir.ReadDir(-1)
	}
	switch {
	case err == nil:
		return entries, true
	case isForeign(err):
		r.foreign(folder, err.Error())
	default:
		r.stay(hls.DroppedLater, folder)
	}
	return nil, false
}

// walk takes in what lies in a folder below area, and removes folders that are empty. It reports whether it could.
func (r *recovery) walk(area, folder string, depth int) bool {
	entries, ok := r.list(folder)
	// Where a power loss left two names of one pin, the longer one says more keys.
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(len(b.Name()), len(a.Name())) })
	for _, e := range entries {
		name := folder + "/" + e.Name()
		switch {
		case e.IsDir() && depth < maxDepth:
			if r.walk(area, name, depth+1) {
				_ = r.base.root.Remove(filepath.FromSlash(name)) // unless something lies in it
			}
		case e.IsDir():
			r.foreign(name, "too deep")
		case !e.Type().IsRegular():
			r.foreign(name, "no regular file")
		default:
			r.take(area, strings.TrimPrefix(name, area+"/"))
		}
	}
	return ok
}

// take takes in one pin.
func (r *recovery) take(area, pin string) {
	s, where := r.spool, area+"/"+pin
	name, v, ok := parsePin(pin)
	laidFor := ""
	var folders []string
	if !ok && area == named {
		pin, laidFor, folders = parseFolders(pin)
		name, v, ok = parsePin(pin)
	}
	if !ok {
		r.foreign(where, "no name that the spool gives")
		return
	}
	if s.config.Exclude != nil && s.config.Exclude(name) {
		r.stay(hls.DroppedExcluded, name)
		return
	}
	fi, err := r.base.root.Lstat(filepath.FromSlash(where))
	switch {
	case err != nil:
		r.stay(hls.DroppedLater, name)
		return
	case !fi.Mode().IsRegular():
		r.foreign(where, "no regular file")
		return
	}
	own := openfile.VersionOf(fi)
	// A copy keeps the inode of its original, which was in the watched directory, and may have that number by chance.
	way := hls.PinnedByLink
	elsewhere := s.device != 0 && own.Device != s.device
	if v.Device = own.Device; elsewhere || own.Inode != v.Inode {
		way, v.Device = hls.PinnedByCopy, s.device
	}
	if own.Size != v.Size || own.ModTime != v.ModTime {
		s.noteTorn(name, v)
		if kind := hls.Classify(name); !kind.IsPlaylist() {
			r.lost = append(r.lost, hls.File{
				Path: name, State: hls.Lost, Kind: kind, Version: v, Seen: s.sys.now(), Found: true, Named: area == named, Spooled: true,
			})
		}
		r.drop(where, "path", name, "bytes", own.Size, "want_bytes", v.Size)
		return
	}
	found := &entry{
		path: name, pin: pin, base: r.base, way: way, own: own, since: s.sys.now(),
		keep: area == named, named: area == named, folders: folders, laidFor: laidFor, users: 1,
	}
	if hls.Classify(name).IsPlaylist() {
		r.lists = append(r.lists, listPin{found, v})
		return
	}
	r.add(found, hls.File{Version: v})
}

// add takes in a pin with what its fact says beyond the entry.
func (r *recovery) add(e *entry, f hls.File) {
	s := r.spool
	if !s.add(e) {
		r.remove(e)
		f.Share.Release()
		return
	}
	f.Path, f.State, f.Kind, f.Seen = e.path, hls.Settled, hls.Classify(e.path), e.since
	f.Found, f.Named, f.Spooled, f.Folders = true, e.named, true, slices.Clone(e.folders)
	f.Source = &source{spool: s, entry: e, version: f.Version}
	if f.Playlist != nil {
		f.Kind = f.Playlist.Kind
	}
	r.bytes += e.own.Size
	r.found = append(r.found, f)
}

// remove removes what the spool has twice: under another name, in another folder, or in a newer version.
func (r *recovery) remove(e *entry) { _ = r.base.root.Remove(filepath.FromSlash(e.where())) }

// add enters a pin that was found, unless the same is there.
func (s *Spool) add(e *entry) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.entries[e.pin] != nil {
		return false
	}
	s.entries[e.pin] = e
	s.files++
	s.bytes += e.own.Size
	return true
}

// drop removes a pin that is not the file that its name speaks of.
func (r *recovery) drop(where string, about ...any) {
	r.spool.config.Observer.Dropped(hls.DroppedChanged)
	r.warn("file in the spool is not whole, it is dropped", about...)
	if err := r.base.root.Remove(filepath.FromSlash(where)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.warn("dropped file cannot be removed", "entry", where, "err", err)
	}
}

// foreign leaves alone what the spool did not make.
func (r *recovery) foreign(where, why string) {
	r.spool.config.Observer.Dropped(hls.DroppedForeign)
	r.warn("entry of the spool folder is ignored", "entry", path.Clean(where), "reason", why)
}

// stay leaves a file, or the whole folder, where it is.
func (r *recovery) stay(reason, name string) {
	const few = 3
	r.spool.config.Observer.Dropped(reason)
	r.dropped++
	all := r.stays[reason]
	if all == nil {
		all = &stay{}
		r.stays[reason] = all
	}
	if all.files++; len(all.first) < few {
		all.first = append(all.first, name)
	}
}

// warn bounds what the log is told.
func (r *recovery) warn(message string, about ...any) {
	switch r.dropped++; {
	case r.dropped < maxWarnings:
		r.spool.config.Logger.Warn(message, about...) //nolint:sloglint // constant at every caller
	case r.dropped == maxWarnings:
		r.spool.config.Logger.Warn("too many entries of the spool folder are ignored, further ones are only counted")
	}
}
