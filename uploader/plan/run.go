package plan

import (
	"slices"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/disk"
)

// run is one run of a packager. When another begins its playlists may name what the one before wrote under the same names,
// and mean what is still to come: then they wait for other bytes, once for a name and its bytes.
type run struct {
	// first says that nothing is known of a run before it.
	first bool
	// after is the modification time of the last playlist of the run before, and seen when that was seen; zero if they are
	// not known. The one is by the clock of the files, which may be set, the other by this process's.
	after int64
	seen  time.Time
	// names are the patterns of the names that the run before had; nil if they are not known.
	names map[string]bool
	// meant are the media that the last playlist of the run before meant: it may name a segment before that is finished, so that its age
	// does not tell.
	meant []*disk.Version
	// old says that the run lists old files among new ones, as a channel made of a library does: one was waited for, and no
	// other bytes came.
	old bool
	// before is the run before, until it is certain that this is another one: see list.resume.
	before *run
}

// belong notes of which run s is.
func (s *snapshot) belong(r *run) { s.run = r }

// firstRun notes that nothing is known of a run of l before.
func (l *list) firstRun() { l.run = &run{first: true} }

// startRun says to which run of the packager s belongs, which follows prev: to another one if its last sequence number
// fell, or stayed while EXT-X-ENDLIST vanished, unless it only withdraws a segment.
func (l *list) startRun(s, prev *snapshot) {
	anew := prev != nil && (startsAnew(prev.file.Playlist, s.file.Playlist) && !s.withdraws(prev) || prev.text.is(s.text.content) && prev.overtaken() == 0)
	if anew {
		l.run.before = nil
		l.run = &run{after: prev.file.Version.ModTime, seen: prev.file.Seen, names: prev.patterns(), meant: prev.media(), before: l.run}
	}
	s.belong(l.run)
}

// beginRun gives the pending snapshots of l a run of their own, as the published version belongs to the run
// before it: what was found at rest may be left from that one.
func (p *Plan) beginRun(l *list) {
	l.run = &run{names: l.published.patterns()}
	for _, s := range l.pending {
		if !s.run.first {
			continue
		}
		s.belong(l.run)
		for i := range s.binds {
			p.reconsider(s, i)
		}
	}
}

// resume has the run before go on if s, which follows prev, shows that prev began none, and reports whether that is so. What waits
// for bytes of another run then waits for nothing.
func (l *list) resume(s, prev *snapshot) bool {
	r := l.run
	if prev == nil || r.before == nil || prev.run != r || lastSequence(s.file.Playlist) <= lastSequence(prev.file.Playlist) {
		return false
	}
	if prev.began(r) {
		r.before = nil
		return false
	}
	for _, x := range append(slices.Clip(l.pending), prev) {
		if x.run == r {
			x.belong(r.before)
		}
	}
	l.run = r.before
	return true
}

// began reports whether s may be of a run that began with r: nothing that it lists was finished since otherwise, and it lists what a
// packager lists that names its first segment before it is written. Behind that, none is named before that one is finished.
func (s *snapshot) began(r *run) bool {
	media, known := 0, false
	for i := range s.binds {
		o := s.binds[i].obj
		if !o.isMedia() {
			continue
		}
		if o.disk.Candidate() != nil || o.disk.Newest() != nil && o.disk.Newest().Witnessed() && o.disk.Newest().File.Seen.After(r.seen) {
			return true
		}
		media++
		known = r.names[o.pattern()]
	}
	return media == 0 || media == 1 && !known
}

// overtaken returns which segment of s was the first to be finished with other bytes, counted from 0, -1 if none was: also where s means
// those by now, as the bytes that it meant are lost. If
// the playlist is then written once more with the very text of s, that is another version: of another run if it is the first
// segment, else of one of which a segment was corrected.
func (s *snapshot) overtaken() int {
	if s.file.Kind != hls.MediaPlaylist {
		return -1
	}
	n := 0
	for i := range s.binds {
		b := &s.binds[i]
		if !b.obj.isMedia() {
			continue
		}
		v := b.obj.disk.Candidate() // which may turn out to have the same bytes
		if v == nil {
			v = b.obj.disk.Newest()
		}
		if v != nil && v.Witnessed() && (b.ver != nil && v.ID != b.ver.ID || b.rebinds && v.File.Seen.After(s.file.Seen)) {
			return n
		}
		n++
	}
	return -1
}

// fewSegments is how many segments the first playlist of a run may have.
const fewSegments = 2

// withdraws reports whether s is prev without its last segment, and means the same bytes. Where it has few segments from the
// beginning on it may as well be the first version of another run, unless that last segment was not finished.
func (s *snapshot) withdraws(prev *snapshot) bool {
	was, is := prev.file.Playlist, s.file.Playlist
	if was.Ended || is.Segments == 0 || lastSequence(is) != lastSequence(was)-1 || len(prev.binds) == 0 {
		return false
	}
	last := &prev.binds[len(prev.binds)-1]
	if finished := !last.open(); finished && is.Segments <= fewSegments && is.MediaSequence == 0 {
		return false
	}
	before := make(map[*object]*disk.Version, len(prev.binds))
	for _, b := range prev.binds {
		before[b.obj] = b.ver
	}
	same := 0
	for i := range s.binds {
		o := s.binds[i].obj
		v, named := before[o]
		if !named {
			continue // an older one comes back into the window
		}
		switch now := o.current(); {
		case v == nil && now == nil: // it never came
		case now == nil, v != nil && v.ID != now.ID, v == nil && now.File.Seen.After(prev.file.Seen):
			return false
		default:
			same++
		}
	}
	return same > 0
}

// patterns returns those of the names of the media of s.
func (s *snapshot) patterns() map[string]bool {
	var all map[string]bool
	for i := range s.binds {
		if o := s.binds[i].obj; o.isMedia() {
			if all == nil {
				all = make(map[string]bool)
			}
			all[o.pattern()] = true
		}
	}
	return all
}

// media returns those that s has meant from the beginning.
func (s *snapshot) media() (all []*disk.Version) {
	for i := range s.binds {
		if b := &s.binds[i]; b.ver != nil && !b.rebinds && b.obj.isMedia() {
			all = append(all, b.ver)
		}
	}
	return all
}

// mayBeOlder reports whether v, which reference i of s may mean, may be of the run before.
func (r *run) mayBeOlder(s *snapshot, i int, v *disk.Version) bool {
	switch {
	case r.first:
		// Of what was there at the start, the one that is older than the segment listed before it is of an earlier run.
		return !r.old && v.File.Found && s.backward(i, v)
	case v.Witnessed() && (r.after == 0 || v.File.Seen.After(r.seen)), r.after != 0 && v.File.Version.ModTime > r.after:
		return slices.Contains(r.meant, v) && !v.WrittenAgain().After(r.seen) // this very file
	}
	// Names of another kind are none that the run before wrote: those of an encoder that ran beside it, or of a library.
	o := s.binds[i].obj
	return !o.isMedia() || r.names == nil || r.names[o.pattern()]
}

func startsAnew(prev, next *hls.Playlist) bool {
	if prev.Kind != next.Kind || prev.Kind == hls.MultivariantPlaylist {
		return false
	}
	was, is := lastSequence(prev), lastSequence(next)
	return is < was || is == was && prev.Ended && !next.Ended
}

// lastSequence is -1 plus the first number for a playlist without segments, so that an empty playlist
// stands before its first segment.
func lastSequence(pl *hls.Playlist) int64 {
	return int64(pl.MediaSequence) + int64(pl.Segments) - 1 //nolint:gosec // sequence numbers beyond 2^63 only disable the detection
}
