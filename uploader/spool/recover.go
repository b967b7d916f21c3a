package spool

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hlsship/hlsship/hls"
)

// maxWarnings bounds the lines about dropped entries in the log; all are counted.
const maxWarnings = 100

// recovery is the work on what an earlier process left in a spool folder.
type recovery struct {
	spool   *Spool
	base    *base
	found   []hls.File
	bytes   int64
	dropped int
}

// recover takes in what lies in a spool folder that nothing is pinned in yet. Nothing is opened or followed.
func (s *Spool) recover(b *base) []hls.File {
	r := recovery{spool: s, base: b}
	for _, e := range r.list(".") {
		if !slices.Contains([]string{"lock", began, part, settled, named}, e.Name()) {
			r.foreign(e.Name(), "the spool has no such entry")
		}
	}
	for _, e := range r.list(part) {
		if name := part + "/" + e.Name(); !e.Type().IsRegular() {
			r.foreign(name, "no regular file")
		} else if err := r.base.root.Remove(filepath.FromSlash(name)); err != nil {
			r.foreign(name, err.Error())
		}
	}
	// Named first: where a power loss left both names of a file that was being renamed, it counts.
	r.walk(named, named, 0)
	r.walk(settled, settled, 0)
	slices.SortFunc(r.found, func(a, b hls.File) int {
		switch {
		case a.Version.ModTime != b.Version.ModTime && a.Version.ModTime < b.Version.ModTime,
			a.Version.ModTime == b.Version.ModTime && hls.NaturalLess(a.Path, b.Path):
			return -1
		}
		return 1
	})
	if len(r.found) > 0 || r.dropped > 0 {
		s.config.Logger.Info("spool recovered", "spool", s.folder, "files", len(r.found), "bytes", r.bytes, "dropped", r.dropped)
	}
	return r.found
}

// list returns the entries of a folder; none if it cannot be read.
func (r *recovery) list(folder string) []fs.DirEntry {
	dir, err := r.base.root.Open(filepath.FromSlash(folder))
	if err != nil {
		r.foreign(folder, err.Error())
		return nil
	}
	defer dir.Close() //nolint:errcheck // nothing was written
	entries, err := dir.ReadDir(-1)
	if err != nil {
		r.foreign(folder, err.Error())
	}
	return entries
}

// walk takes in what lies in a folder below area, and removes folders that are empty.
func (r *recovery) walk(area, folder string, depth int) {
	for _, e := range r.list(folder) {
		name := folder + "/" + e.Name()
		switch {
		case e.IsDir() && depth < maxDepth:
			r.walk(area, name, depth+1)
			_ = r.base.root.Remove(filepath.FromSlash(name)) // unless something lies in it
		case e.IsDir():
			r.foreign(name, "too deep")
		case !e.Type().IsRegular():
			r.foreign(name, "no regular file")
		default:
			r.take(area, strings.TrimPrefix(name, area+"/"))
		}
	}
}

// take takes in one pin.
func (r *recovery) take(area, pin string) {
	s, where := r.spool, area+"/"+pin
	name, v, ok := parsePin(pin)
	if !ok {
		r.foreign(where, "no name that the spool gives")
		return
	}
	fi, err := r.base.root.Lstat(filepath.FromSlash(where))
	if err != nil || !fi.Mode().IsRegular() {
		r.foreign(where, "no regular file")
		return
	}
	own := versionOf(fi)
	if own.Size != v.Size || own.ModTime != v.ModTime {
		r.drop(where, "path", name, "bytes", own.Size, "want_bytes", v.Size)
		return
	}
	// A copy keeps the inode of its original, which was in the watched directory, and may have that number by chance.
	way := byLink
	elsewhere := s.device != 0 && own.Device != s.device
	if v.Device = own.Device; elsewhere || own.Inode != v.Inode {
		way, v.Device = byCopy, s.device
	}
	now := s.sys.now()
	e := &entry{
		path: name, pin: pin, base: r.base, way: way, own: own, since: now,
		keep: area == named, named: area == named, users: 1,
	}
	if !s.add(e) {
		_ = r.base.root.Remove(filepath.FromSlash(where)) // its second name, or it is pinned in another folder
		return
	}
	f := hls.File{
		Path: name, State: hls.Settled, Kind: hls.Classify(name), Version: v, Seen: now,
		Found: true, Named: e.named, Spooled: true, Source: &source{spool: s, entry: e, version: v},
	}
	if f.Kind.IsPlaylist() {
		if err := parse(&f); err != nil {
			r.drop(where, "path", name, "err", err)
			f.Source.Release()
			return
		}
	}
	r.bytes += own.Size
	r.found = append(r.found, f)
}

// parse puts the content of a playlist into f.
func parse(f *hls.File) error {
	if f.Version.Size > hls.MaxPlaylistSize {
		return fmt.Errorf("%d bytes are too many for a playlist", f.Version.Size)
	}
	file, err := f.Source.Open()
	if err != nil {
		return err
	}
	defer file.Close() //nolint:errcheck // nothing was written
	f.Content = make([]byte, f.Version.Size)
	if _, err := file.ReadAt(f.Content, 0); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if f.Playlist, err = hls.ParseFile(f.Path, f.Content); err != nil {
		return err
	}
	f.Kind = f.Playlist.Kind
	return nil
}

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
	r.spool.config.Observer.Dropped(droppedChanged)
	r.warn("file in the spool is not whole, it is dropped", about...)
	if err := r.base.root.Remove(filepath.FromSlash(where)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.warn("dropped file cannot be removed", "entry", where, "err", err)
	}
}

// foreign leaves alone what the spool did not make.
func (r *recovery) foreign(where, why string) {
	r.spool.config.Observer.Dropped(droppedForeign)
	r.warn("entry of the spool folder is ignored", "entry", path.Clean(where), "reason", why)
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
