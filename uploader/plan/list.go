package plan

import (
	"slices"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/bucket"
	"github.com/hlsship/hlsship/uploader/plan/schedule"
)

// list is all that the Plan knows of one playlist's name: machines, each with a file that alone writes it.
type list struct {
	path   string
	stream *stream // nil while there is no file of it
	presence
	versions
	run  *run // the packager's run that last belongs to
	edge edge

	cell bucket.Cell // what the store has under its key
	publication
	turns schedule.Turns // when it may be requested again

	sightings
	recheck   time.Time // when rebind is due; zero if it is not
	yielded   time.Time // when a newer version was finished that gave its memory up; zero if none did
	misnamed  bool      // it was told that it seems to name files by URLs which do not mean them
	decisions decisions // the last ones about it
	family
}

// kind is what the newest version of l is.
func (l *list) kind() hls.Kind {
	if l.last != nil {
		return l.last.file.Kind
	}
	return hls.MediaPlaylist
}

// versions are those on disk of one playlist. Those that are pending ascend, and are newer than the published one.
type versions struct {
	last    *snapshot   // the newest on disk, pending or not; nil if there is none
	pending []*snapshot // those to be published, oldest first
}

// newest returns the newest pending version, nil if there is none.
func (v *versions) newest() *snapshot {
	if len(v.pending) == 0 {
		return nil
	}
	return v.pending[len(v.pending)-1]
}

// arrive notes that s is on disk, and newer than the others, of which the last is replaced from then on.
func (v *versions) arrive(s *snapshot) {
	if old := v.last; old != nil && old != s && old.replaced.IsZero() {
		old.replaced = s.file.Seen
	}
	v.last = s
}

// enqueue notes that s, the newest, is to be published.
func (v *versions) enqueue(s *snapshot) { v.pending = append(v.pending, s) }

// remove takes pending version i out.
func (v *versions) remove(i int) { v.pending = slices.Delete(v.pending, i, i+1) }

// recede notes that the newest version is not on disk, or that nobody knows its text: the newest that is pending takes its place, or
// else other does, which may be nil.
func (v *versions) recede(other *snapshot) {
	if v.last = v.newest(); v.last == nil {
		v.last = other
	}
}

// all returns the versions of l of which anything is kept.
func (l *list) all() []*snapshot {
	all := slices.Clone(l.pending)
	for _, s := range append(slices.Clip(l.doubt), l.published) {
		if s != nil && !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}
