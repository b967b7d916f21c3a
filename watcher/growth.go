package watcher

import (
	"path/filepath"
	"time"

	"github.com/hlsship/hlsship/hls"
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

// grow looks at the files of which a playlist names byte ranges, as those that are open tell of nothing else.
func (r *run) grow(playlist string, content *hls.Playlist) {
	uri, end := "", int64(0)
	done := func() {
		if at, target := hls.Resolve(playlist, uri); end > 0 && target == hls.Local {
			r.demand(at, end)
		}
	}
	for i := range content.References {
		ref := &content.References[i]
		if ref.Length == 0 || ref.Hint || ref.Gap {
			continue
		}
		if ref.URI != uri {
			done()
			uri, end = ref.URI, 0
		}
		end = max(end, ref.Offset+ref.Length)
	}
	done()
}

// demand looks at a file of which a playlist names what comes before end, unless it is known to be finished.
func (r *run) demand(rel string, end int64) {
	in, name := r.locate(rel)
	if in == nil || in.files[name] == nil {
		return // it is not there, or not found yet: the next version of the playlist asks again
	}
	f := in.files[name]
	fi, err := r.sys.lstat(r.root, filepath.FromSlash(rel))
	if ofMachine(err) {
		r.later(f, err)
		return
	}
	if err != nil || !fi.Mode().IsRegular() || f.silent || f.kind.IsPlaylist() {
		return
	}
	v, g := versionOf(fi), &f.growth
	if f.same(v) {
		return
	}
	if id := idOf(fi); g.id != id || v.Size < g.told {
		*g = growth{id: id} // a run that began anew
	}
	g.named = max(g.named, end)
	if g.named > g.told {
		r.look(f)
	}
}

// reach says whether more of an open file is named than was reported, or that is asked for again, and whether it is there.
type reach uint8

const (
	nothingNew reach = iota
	tooShort
	longEnough
)

// reach tells how far f reaches, of which v was seen while it may be open.
func (f *file) reach(v view) reach {
	g := &f.growth
	again := f.forced && g.told > 0 && v.version.Size >= g.told
	switch {
	case g.named <= g.told && !again || v.writer == none || g.id != (fileID{v.version.Device, v.version.Inode}):
		return nothingNew
	case v.version.Size < g.named:
		return tooShort
	}
	return longEnough
}

// growing reports what is finished of f, which is longEnough. It takes over v.file.
func (r *run) growing(f *file, v view) {
	g := &f.growth
	if g.number == 0 {
		r.growths++
		g.number = r.growths
	}
	g.told = g.named
	fact := hls.File{Path: f.path(), State: hls.Growing, Growth: g.number, Kind: f.kind, Version: v.version, Seen: time.Now()}
	fact.Version.Size = g.told
	source := r.held.hold(r.dir, fact.Path, fact.Version, v.file)
	source.end(v.file)
	fact.Source = source
	f.forced = false
	r.push(fact)
	r.config.Observer.Settled(fact.Kind.String(), byRange)
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
