package uploader

import (
	"path"
	"slices"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// maxStrays and strayTime bound how many finished files are kept, and how long, although nothing names them and
// they are deleted.
const (
	maxStrays = 256
	strayTime = time.Minute
)

// strays are finished files that no playlist names yet. Those deleted meanwhile are kept for a while, as a
// playlist may still name them; those found at rest may have been named while nobody looked.
type strays struct {
	deleted []deletion
	found   map[neighbourhood][]*object
}

// deletion is a file that was deleted before anything named it.
type deletion struct {
	object *object
	at     time.Time
}

// neighbourhood is a folder and an extension: files that belong to one sequence of names.
type neighbourhood struct{ folder, ext string }

func newStrays() strays { return strays{found: make(map[neighbourhood][]*object)} }

func neighbours(name string) neighbourhood { return neighbourhood{path.Dir(name), path.Ext(name)} }

// add takes in a file that nothing names.
func (s *strays) add(o *object) {
	if o.newest.file.Found && (o.kind == hls.Media || o.kind == hls.Subtitle) {
		at := neighbours(o.path)
		s.found[at] = append(s.found[at], o)
	}
}

// gone notes that o was deleted.
func (s *strays) gone(o *object, now time.Time) { s.deleted = append(s.deleted, deletion{o, now}) }

// holds reports whether o is kept for a playlist to come.
func (s *strays) holds(o *object) bool {
	return slices.ContainsFunc(s.deleted, func(d deletion) bool { return d.object == o })
}

// excess takes those out that are kept no longer.
func (s *strays) excess(now time.Time) []*object {
	var old []*object
	for len(s.deleted) > maxStrays || len(s.deleted) > 0 && now.Sub(s.deleted[0].at) >= strayTime {
		old = append(old, s.deleted[0].object)
		s.deleted = s.deleted[1:]
	}
	return old
}

// recall ships what was found at rest and is older than a neighbour that snap names, by time and by name: it was very
// likely named while nobody looked. A leftover of a killed packager can be among it; as nothing names it, it
// harms nobody. It returns how many of them are named as the segments of snap are, but for their numbers.
func (s *strays) recall(p *Plan, snap *snapshot) (segments int) {
	if len(s.found) == 0 {
		return 0
	}
	newest := make(map[neighbourhood]*version)
	for i := range snap.binds {
		// An init section may have the extension of the segments, and is older than all of them.
		if v := snap.binds[i].ver; v != nil && v.file.State == hls.Settled && snap.binds[i].obj.isMedia() {
			at := neighbours(v.file.Path)
			if n := newest[at]; n == nil || hls.NaturalLess(n.file.Path, v.file.Path) {
				newest[at] = v
			}
		}
	}
	for at, named := range newest {
		like := pattern(named.file.Path)
		kept := s.found[at][:0]
		for _, o := range s.found[at] {
			switch {
			case p.objects[o.path] != o || o.newest == nil || o.newest.wanted || len(o.naming) > 0:
			case o.newest.file.Version.ModTime < named.file.Version.ModTime && hls.NaturalLess(o.path, named.file.Path):
				p.wantLater(o, o.newest, snap.list.stream)
				if pattern(o.path) == like {
					segments++
				}
			default:
				kept = append(kept, o)
			}
		}
		if s.found[at] = kept; len(kept) == 0 {
			delete(s.found, at)
		}
	}
	return segments
}
