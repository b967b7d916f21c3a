package plan

import (
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/session"
)

// Edit is something that players notice of a playlist beside its new segments.
type Edit struct {
	// Playlist is its path, Stream its folder.
	Playlist, Stream string
	// Kind is one of the words below, Name what they say of it.
	Kind, Name string
	// Number and About belong to EditFall: the media sequence number that players wait for, and about how long.
	Number int64
	About  time.Duration
}

// The kinds of an Edit.
const (
	// EditRun: another run of the packager began, whose media go to the session Name.
	EditRun = "run"
	// EditHole: the segment Name did not come, and is left out or marked.
	EditHole = "hole"
	// EditExact: the playlist is shipped as it is, for the reason Name.
	EditExact = "exact"
	// EditFall: another run began in a playlist that is shipped as it is, so that its numbers fell.
	EditFall = "fall"
	// EditUnrecorded: nothing of the playlist is recorded, for the reason Name.
	EditUnrecorded = "unrecorded"
)

// EditKinds returns the kinds of an Edit.
func EditKinds() []string { return []string{EditRun, EditHole, EditExact, EditFall, EditUnrecorded} }

// happened notes what a session says of a playlist.
func (p *Plan) happened(e session.Event) {
	edit := Edit{Playlist: e.Playlist, Kind: e.Kind, Name: e.Name}
	if l := p.lists[e.Playlist]; l != nil && l.stream != nil {
		edit.Stream = l.stream.folder.name
		p.decided(l, map[string]string{EditRun: "another run of the packager", EditHole: "goes on without it", EditExact: "shipped as it is", EditUnrecorded: "not recorded"}[e.Kind], e.Name, "")
	}
	p.out.Edits = append(p.out.Edits, edit)
}

// fell tells that the numbers of l fell, if they did: s, the first version of a run, came after prev.
func (p *Plan) fell(l *list, s, prev *snapshot) {
	was, is := lastSequence(prev.file.Playlist), lastSequence(s.file.Playlist)
	if s.file.Kind != hls.MediaPlaylist || is >= was || p.continuous.edits(l.path) {
		return
	}
	p.out.Edits = append(p.out.Edits, Edit{
		Playlist: l.path, Stream: l.stream.folder.name, Kind: EditFall, Number: was + 1, About: time.Duration(min(was+1-is, 1<<20)) * s.target(),
	})
}

// endWaits reports whether s ends its playlist and waits for another run to begin, as no player goes on after an end. What was complete when
// it was first seen does not wait, nor what had ended before.
func (p *Plan) endWaits(s *snapshot) bool {
	l := s.list
	if p.cfg.EndDelay <= 0 || s.file.Kind != hls.MediaPlaylist || !s.file.Playlist.Ended || s.debut || p.schedule.Draining() || p.continuous.edits(l.path) {
		return false
	}
	if l.published != nil && l.published.file.Playlist.Ended {
		return false
	}
	return s != l.last || p.now.Before(s.file.Seen.Add(p.cfg.EndDelay))
}
