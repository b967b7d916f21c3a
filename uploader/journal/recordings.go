package journal

import (
	"time"

	"github.com/hlsship/hlsship/state"
	"github.com/hlsship/hlsship/uploader/plan"
	"github.com/hlsship/hlsship/uploader/plan/recorder"
)

// maxRecordings is how many recordings a minute the log names: a writer into the directory can have any number of them made. The Observer is told
// of all of them.
const maxRecordings = 60

// recording tells of what became of a recording.
func (g *Journal) recording(n recorder.News) {
	r := state.Recording{Session: n.Session, State: n.State, Since: n.Since}
	if s := n.Summary; s != nil {
		r.Why, r.Duration, r.Segments, r.Missing, r.Holes, r.Bytes = string(s.Why), state.Seconds(s.Duration), s.Segments, s.Missing, s.Holes, s.Bytes
	}
	if n.Stays == "" {
		g.obs.Recording(r)
	}
	if n.Before || !g.recorded.take(maxRecordings, n.Since) {
		return
	}
	key := g.key(plan.Key(n.Session + "/"))
	switch {
	case n.Stays != "":
		g.log.Warn("recording stays as it was closed; what came since does not fit behind its last segment", "key", g.key(plan.Key(n.Stays)),
			"cure", "delete this list from the bucket, and have it made again: hlsship recover, with the name of the session")
	case n.Dropped > 0:
		g.log.Error("recordings are not closed: more are open at once than hlsship keeps track of", "key", key, "dropped", n.Dropped,
			"cure", "see why the packager begins so many runs; then have them closed from what is stored: hlsship recover")
	case n.State == state.RecordingOpen:
		g.log.Info("recording begins", "key", key)
	case n.State == state.RecordingBroken:
		g.log.Error("store refuses a part of a recording", "key", key,
			"cure", "mend what the line before this one names; then have it closed from what is stored: hlsship recover, with the name of the session")
	case n.State != state.RecordingClosed:
	case n.Summary == nil:
		g.log.Warn("recording has nothing to play, and is not closed", "key", key, "cure", "see what became of its segments; hlsship recover closes it from what is stored")
	default:
		g.log.Info("recording closed", "key", key, "why", r.Why, "duration", time.Duration(n.Summary.Duration*float64(time.Second)),
			"segments", r.Segments, "holes", r.Holes, "missing", r.Missing, "bytes", r.Bytes)
	}
}
