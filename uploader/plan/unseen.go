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
	recalled int       // how many older segments were found at rest with it
}

// sightings are what was seen of one playlist. This file alone writes it.
type sightings struct {
	seen  *sighting // the version that was seen last; nil for none
	debut *sighting // the first one, while it is not known what was published before
	gaps  []gap     // between versions, of which the directory may have the segments: it was not looked through yet
}

// gap is what lies between two sightings.
type gap struct{ before, now *sighting }

// informed notes that it is known what was published before the first version that was seen.
func (x *sightings) informed() { x.debut = nil }

// met takes in that the directory was looked through, which has so many more segments older than the first version that was seen, and
// returns the gaps that waited for that.
func (x *sightings) met(recalled int) []gap {
	gaps := x.gaps
	x.gaps = nil
	switch {
	case x.debut != nil:
		x.debut.recalled += recalled
	case len(gaps) > 0:
		gaps[0].now.recalled += recalled
	}
	return gaps
}

// see takes in that a version of l is on disk, which was found with so many older segments.
func (p *Plan) see(l *list, s *snapshot, recalled int) {
	if s.file.Kind != hls.MediaPlaylist {
		return
	}
	now := &sighting{s.file.Playlist, s.file.Seen, recalled}
	switch {
	case s.origin.inherited():
		now.at = time.Unix(0, s.file.Version.ModTime)
	case l.seen == nil && !l.cell.Answered():
		l.debut = now // what is published says what came before it
	}
	p.miss(l, l.seen, now)
	l.seen = now
}

// Remember tells the Plan of a version of a playlist that an earlier process saw last, and that the directory has no more.
func (p *Plan) Remember(f hls.File) {
	if p.continuous.machine != nil {
		return // the numbers of what is published are others
	}
	if l := p.list(f.Path); l.seen == nil && f.Kind == hls.MediaPlaylist {
		l.seen = &sighting{playlist: f.Playlist, at: time.Unix(0, f.Version.ModTime)}
	}
}

// seePublished takes in which version of l an earlier process had published when this one saw its first.
func (p *Plan) seePublished(l *list, published *hls.Playlist, at time.Time) {
	if l.debut != nil && published.Kind == hls.MediaPlaylist {
		p.miss(l, &sighting{playlist: published, at: at}, l.debut)
	}
	l.informed()
}

// miss counts the segments between two versions of l that neither has.
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
	switch missed -= int64(now.recalled); {
	case missed <= 0:
	case p.strays.scanning:
		l.gaps = append(l.gaps, gap{before, now})
	default:
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
