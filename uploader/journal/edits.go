package journal

import (
	"time"

	"github.com/hlsship/hlsship/uploader/plan"
)

// maxEdits is how many edits a minute the log names. The Observer counts all of them.
const maxEdits = 60

// edited tells of what changed how a playlist is published.
func (g *Journal) edited(e plan.Edit, now time.Time) {
	stream := g.streamName(e.Stream)
	if g.obs.Edited(stream, e.Kind); !g.edits.take(maxEdits, now) {
		return
	}
	switch e.Kind {
	case plan.EditRun:
		g.log.Info("packager began another run; the playlist goes on", "playlist", e.Playlist, "stream", stream, "session", e.Name)
	case plan.EditHole:
		g.log.Warn("segment did not come; the playlist goes on without it", "playlist", e.Playlist, "stream", stream, "path", e.Name,
			"cure", "see whether the packager wrote it; --give-up-after says for how long it is waited for")
	case plan.EditExact:
		g.log.Warn("playlist cannot be continued and is shipped as it is", "playlist", e.Playlist, "stream", stream, "reason", e.Name,
			"cure", "when its packager restarts, players stand still until its numbers are reached again: have it write plain media playlists")
	case plan.EditUnrecorded:
		g.log.Warn("playlist is not recorded", "playlist", e.Playlist, "stream", stream, "reason", e.Name,
			"cure", "have the packager name its segments by relative paths; ffmpeg: leave out -hls_base_url")
	case plan.EditFall:
		g.log.Warn("packager began another run; players that watch stand still until its numbers are reached again",
			"playlist", e.Playlist, "stream", stream, "number", e.Number, "about", e.About,
			"cure", "--playlists continuous lets players go on; or have the packager carry its numbers on (ffmpeg: -hls_flags append_list+program_date_time)")
	}
}
