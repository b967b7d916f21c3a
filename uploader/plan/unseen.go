package plan

import (
	"time"

	"github.com/hlsship/hlsship/hls"
)

// The sequence numbers of a media playlist say whether segments came and went while nobody looked: because this process or its
// machine stood still, was not running, or lost events. They are lost, though nobody ever knew their names.

// sighting is a version of a media playlist that somebody saw.
type sighting struct {
	playlist *hls.Playlist
	at       time.Time // when; zero if that is not known
}

// sightings are what was seen of one playlist. This file alone writes it.
type sightings struct {
	seen  *sighting // the version that was seen last; nil for none
	debut *sighting // the first one, while it is not known what was published before
	gaps  []gap     // between versions, of which the directory may have the segments: it was not looked through yet
	// recalled is how many older segments were found at rest since the start, and are not taken from a gap yet. They may turn up with
	// any version until the directory was looked through.
	recalled int
}

// gap is what lies between two sightings.
type gap struct{ before, now *sighting }

// informed notes that it is known what was published before the first version that was seen.
func (x *sightings) informed() { x.debut = nil }

// recall takes in that so many older segments were found at rest.
func (x *sightings) recall(segments int) { x.recalled += segments }

// fill takes what was found at rest from a gap of so many segments, and returns how many are missing all the same.
func (x *sightings) fill(missed int64) int64 {
	n := min(max(0, missed), int64(x.recalled))
	x.recalled -= int(n)
	return missed - n
}

// filled notes that no gap is to be filled any more, unless it is not known yet what was published before.
func (x *sightings) filled() {
	if x.debut == nil {
		x.recalled = 0
	}
}

// met returns the gaps that waited until the directory was looked through.
func (x *sightings) met() (gaps []gap) {
	gaps, x.gaps = x.gaps, nil
	return gaps
}

// see takes in that a version of l is on disk.
func (p *Plan) see(l *list, s *snapshot) {
	if s.file.Kind != hls.MediaPlaylist {
		return
	}
	now := &sighting{s.file.Playlist, s.file.Seen}
	switch {
	case s.origin.inherited():
		now.at = time.Unix(0, s.file.Version.ModTime)
	case l.seen == nil && !l.cell.Answered():
		l.debut = now // what is published says what came before it
	}
	p.miss(l, l.seen, now)
	l.seen = now
	if !p.strays.scanning {
		l.filled()
	}
}

// looked takes in that the directory was looked through.
func (p *Plan) looked(l *list) {
	for _, g := range l.met() {
		p.miss(l, g.before, g.now)
	}
	l.filled()
}

// Remember tells the Plan of a version of a playlist that an earlier process saw last, and that the directory has no more. The Plan
// releases its Share.
func (p *Plan) Remember(f hls.File) {
	if p.continuous.machine != nil {
		f.Share.Release()
		return // the numbers of what is published are others
	}
	l := p.list(f.Path)
	if l.seen == nil && f.Kind == hls.MediaPlaylist {
		l.seen = &sighting{playlist: f.Playlist, at: time.Unix(0, f.Version.ModTime)}
	}
	p.strays.reminders.add(f)
}

// seePublished takes in which version of l an earlier process had published when this one saw its first.
func (p *Plan) seePublished(l *list, published *hls.Playlist, at time.Time) {
	if l.debut != nil && published.Kind == hls.MediaPlaylist {
		p.miss(l, &sighting{playlist: published, at: at}, l.debut)
	}
	l.informed()
}

// miss ships what was found at rest of the segments between two versions of l that neither has, and counts the others.
func (p *Plan) miss(l *list, before, now *sighting) {
	if before == nil || startsAnew(before.playlist, now.playlist) {
		return
	}
	first, next := lastSequence(before.playlist)+1, int64(now.playlist.MediaSequence) //nolint:gosec // as in lastSequence
	missed, unwatched := next-first, time.Duration(0)
	if !before.at.IsZero() {
		unwatched = max(0, now.at.Sub(before.at))
		if missed > now.plausible(unwatched) {
			return // its packager began to count anew, from a larger number
		}
	}
	if missed > 0 && p.strays.scanning {
		l.gaps = append(l.gaps, gap{before, now})
		return
	}
	if s := l.last; s != nil && missed > 0 {
		l.recall(p.strays.recall(p, s, p.lapsed(before.playlist, s.file.Playlist)))
	}
	if missed = l.fill(missed); missed > 0 {
		p.out.lose(Loss{
			Path: l.path, Stream: l.stream.folder.name, Kind: hls.Media, Reason: "unseen",
			Count: int(missed), First: first, Last: next - 1, Unwatched: unwatched,
		})
	}
}

// plausible is how many segments may have come within that time at most: sixteen for each that is as long as it may be.
func (s *sighting) plausible(within time.Duration) int64 {
	target := max(min(s.playlist.TargetDuration, maxTarget), time.Second)
	return int64(s.playlist.Segments) + int64(16*within/target)
}
