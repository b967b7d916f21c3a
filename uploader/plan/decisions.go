package plan

import (
	"fmt"
	"strconv"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// maxDecisions is how many decisions about a playlist are remembered.
const maxDecisions = 64

// Decision is something that was decided about a playlist.
type Decision struct {
	// At is when.
	At time.Time
	// What was decided, in a few words.
	What string
	// Name is the file that it is about; empty for the playlist itself.
	Name string
	// Why says more; it may be empty.
	Why string
	// More counts the decisions of the same kind that followed at once, about other files.
	More int
}

// String returns "12:00:04 seg7.ts declined: older than the segment before it (and 3 more)".
func (d Decision) String() string {
	text := d.At.Format(time.TimeOnly) + " "
	if d.Name != "" {
		text += d.Name + " "
	}
	if text += d.What; d.Why != "" {
		text += ": " + d.Why
	}
	if d.More > 0 {
		text += fmt.Sprintf(" (and %d more)", d.More)
	}
	return text
}

// decisions are the last ones about one playlist, in a ring.
type decisions struct {
	ring []Decision
	next int // where the next one goes, once the ring is full
}

// add notes d. One that says the same of another file as the one before it is counted.
func (d *decisions) add(x Decision) {
	if n := len(d.ring); n > 0 {
		last := &d.ring[(d.next+n-1)%n]
		if last.What == x.What && last.Why == x.Why && x.Name != "" {
			if last.Name != x.Name {
				last.More++
			}
			return
		}
	}
	if len(d.ring) < maxDecisions {
		d.ring = append(d.ring, x)
		return
	}
	d.ring[d.next] = x
	d.next = (d.next + 1) % maxDecisions
}

// last returns the last n, oldest first.
func (d *decisions) last(n int) []Decision {
	all := len(d.ring)
	n = min(n, all)
	out := make([]Decision, 0, n)
	for i := all - n; i < all; i++ {
		out = append(out, d.ring[(d.next+i)%all])
	}
	return out
}

// decided notes what was decided about l.
func (p *Plan) decided(l *list, what, name, why string) {
	l.decisions.add(Decision{At: p.now, What: what, Name: name, Why: why})
}

// Decisions returns what was decided about the playlist of that path, at most the last n, oldest first. It is for people who ask why.
func (p *Plan) Decisions(path string, n int) []Decision {
	if l := p.lists[path]; l != nil {
		return l.decisions.last(n)
	}
	return nil
}

// span says which segments s lists; empty if it lists none.
func (s *snapshot) span() string {
	pl := s.file.Playlist
	if pl == nil || pl.Kind != hls.MediaPlaylist || pl.Segments == 0 {
		return ""
	}
	return "segments " + strconv.FormatUint(pl.MediaSequence, 10) + " to " + strconv.FormatInt(lastSequence(pl), 10)
}
