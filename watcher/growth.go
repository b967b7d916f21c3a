package watcher

import (
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/openfile"
)

// rangePoll is the time between two looks at a file that is not as long yet as a playlist says.
const rangePoll = 100 * time.Millisecond

// growth is what is known of a file that its packager appends to for as long as the stream lasts, and closes at
// its end (ffmpeg's single_file). What a playlist names of it is finished.
type growth struct {
	number uint64 // as in hls.File; 0 before it was reported
	id     fileID // of the file
	named  int64  // the furthest byte that a playlist names
	told   int64  // as far as it was reported
}

// maxRanges bounds the files of which byte ranges are looked after for one playlist; the last that it names count.
const maxRanges = 1000

// span is what a playlist names of a file by byte ranges, and what has the name.
type span struct {
	path    string
	end     int64
	version hls.Version
	err     error
}

// spans returns the files of which a playlist names byte ranges, as those that are open tell of nothing else.
func spans(site hls.Site, playlist string, content *hls.Playlist) []span {
	var all []span
	uri := ""
	for i := range content.References {
		ref := &content.References[i]
		if ref.Length == 0 || ref.Hint || ref.Gap {
			continue
		}
		if len(all) == 0 || ref.URI != uri {
			uri = ref.URI
			if len(all) == 2*maxRanges {
				all = append(all[:0], all[maxRanges:]...)
			}
			all = append(all, span{path: ref.URI})
		}
		last := &all[len(all)-1]
		last.end = max(last.end, ref.Offset+ref.Length)
	}
	all = all[max(0, len(all)-maxRanges):]
	local := all[:0]
	for _, s := range all {
		if at, target := site.Resolve(playlist, s.path); target == hls.Local {
			s.path = at
			local = append(local, s)
		}
	}
	return local
}

// find finds out what has the names.
func (s *span) find(sys *system, root *os.Root) {
	fi, err := sys.lstat(root, filepath.FromSlash(s.path))
	if err == nil && !fi.Mode().IsRegular() {
		err = fs.ErrInvalid
	}
	if s.err = err; err == nil {
		s.version = openfile.VersionOf(fi)
	}
}

// demand looks at a file of which the playlist at list names what comes before an end, unless it is known to be finished, and
// returns the place of what that finds.
func (r *run) demand(s span, list *place) *place {
	in, name := r.locate(s.path)
	if in == nil || in.files[name] == nil {
		return nil // it is not there, or not found yet: the next version of the playlist asks again
	}
	f := in.files[name]
	g, v := &f.growth, s.version
	switch {
	case f.silent || f.kind.IsPlaylist():
		return nil
	case ofMachine(s.err):
		r.look(f)
		return nil
	case s.err != nil || f.told.same(v):
		return nil
	}
	if id := (fileID{v.Device, v.Inode}); g.id != id || v.Size < g.told {
		*g = growth{id: id} // another run
	}
	g.named = max(g.named, s.end)
	if g.named <= g.told {
		return nil
	}
	r.look(f)
	p := f.place // it comes after a look that runs
	if p == nil && f.looking != nil {
		p = f.looking.place
	}
	if p != nil {
		r.order.advance(p, list)
	}
	return p
}

// reach says whether more of an open file is named than was reported, or that is asked for again, and whether it is there.
type reach uint8

const (
	nothingNew reach = iota
	tooShort
	longEnough
)

// reach tells how far f reaches, of which s was seen while it may be open.
func (f *file) reach(s *sighting) reach {
	g := &f.growth
	again := f.told.forced && g.told > 0 && s.version.Size >= g.told
	switch {
	case g.named <= g.told && !again || s.writer == none || g.id != (fileID{s.version.Device, s.version.Inode}):
		return nothingNew
	case s.version.Size < g.named:
		return tooShort
	}
	return longEnough
}

// growing reports what is finished of a file that is longEnough. It takes s.file over.
func (r *run) growing(s *sighting) {
	f, g := s.f, &s.f.growth
	if g.number == 0 {
		r.growths++
		g.number = r.growths
	}
	g.told = g.named
	fact := hls.File{Path: f.path(), State: hls.Growing, Growth: g.number, Kind: f.kind, Version: s.version, Seen: time.Now()}
	fact.Version.Size = g.told
	f.told.forced = false
	r.keep(s, fact, hls.ByRange, false)
}

// grown returns the number of f's growth for the fact that it is finished, of which v is then all.
func (f *file) grown(v hls.Version) (number uint64) {
	g := f.growth
	f.growth = growth{}
	if g.id != (fileID{v.Device, v.Inode}) || v.Size < g.told {
		return 0
	}
	return g.number
}
