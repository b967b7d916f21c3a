package plan

import (
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/state"
)

const (
	// leastGrace is how long a version may wait at least until its playlist counts as held or behind; a target duration if that is more.
	leastGrace = time.Second
	// leastStall is how long a playlist without ENDLIST may be silent at least until it counts as stalled; three target durations if that
	// is more.
	leastStall = 6 * time.Second
)

// condition is what the state of a playlist follows from.
type condition struct {
	now time.Time
	// newest is when the newest version was finished on disk, oldest when the oldest was that waits; zero if none does.
	newest, oldest time.Time
	// target is how often a new version is due; 0 if nobody can tell.
	target time.Duration
	// missing is true if the newest version waits for what is not there or is not taken. It counts once the oldest is late.
	missing bool
	// published is true if the store has a version, over if no other one will come: the newest has ENDLIST, or the file is gone.
	published, over bool
	// behind is true if the playlist was behind before.
	behind bool
	// ripens is when missing may be another one although nothing happens: see list.ripe. Zero is never.
	ripens time.Time
}

// finding is the state that follows from a condition.
type finding struct {
	state state.OfStream
	// since is when it began; zero for now.
	since time.Time
	// again is when it changes although nothing happens; zero for never.
	again time.Time
}

// due is when the oldest version that waits is late; zero if none does.
func (c condition) due() time.Time {
	if c.oldest.IsZero() {
		return time.Time{}
	}
	return c.oldest.Add(max(c.target, leastGrace))
}

// late reports whether it is.
func (c condition) late() bool { return !c.oldest.IsZero() && !c.now.Before(c.due()) }

// find decides the state. A playlist that was behind is so until nothing waits, so that a slow line is not in and out of it with every
// version.
func (c condition) find() finding {
	late := c.due()
	stall := time.Time{}
	if c.target > 0 && !c.over {
		stall = c.newest.Add(max(3*c.target, leastStall))
	}
	switch {
	case !late.IsZero() && !c.now.Before(late) && c.missing:
		return finding{state: state.Held, since: c.oldest, again: c.ripens}
	case !late.IsZero() && (c.behind || !c.now.Before(late)):
		return finding{state: state.Behind, since: c.oldest, again: earlier(later(late, c.now), c.ripens)}
	case !late.IsZero() && !c.published:
		return finding{state: state.Waiting, again: late}
	case !late.IsZero():
		return finding{state: state.Live, again: late}
	case !stall.IsZero() && !c.now.Before(stall):
		return finding{state: state.Stalled, since: c.newest}
	case !c.published:
		return finding{state: state.Waiting, again: stall}
	case c.over:
		return finding{state: state.Ended}
	}
	return finding{state: state.Live, again: stall}
}

// as returns x with the state of y, and since when that is so.
func (x finding) as(y finding) finding {
	x.state, x.since = y.state, y.since
	return x
}

// later returns at if it is still to come, else zero.
func later(at, now time.Time) time.Time {
	if at.After(now) {
		return at
	}
	return time.Time{}
}

// earlier returns the earlier of two times, of which zero is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// Holds reports whether the playlist is held: see holds.
func (w Wait) Holds() bool { return holds(w.Reason) }

// holds reports whether a playlist that waits for that reason is held: what it waits for is not there, or is there and is not taken.
// All else takes its time, on a store that may be out of reach.
func holds(reason string) bool {
	switch reason {
	case "uploading", "overwrite", "unpublished", "unpinned":
		return false
	}
	return true
}

// due is how often a new version of s is due; 0 if nobody can tell. A manifest says how often it is to be asked for.
func (s *snapshot) due() time.Duration {
	switch pl := s.file.Playlist; {
	case pl.Kind == hls.MediaPlaylist:
		return s.target()
	case pl.Kind == hls.Manifest && pl.UpdatePeriod > 0:
		return max(s.target(), pl.UpdatePeriod)
	}
	return 0
}
