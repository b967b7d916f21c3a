package plan

import (
	"strconv"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/state"
)

// maxDecisions is how many decisions about a playlist are remembered.
const maxDecisions = 64

// Decision is something that was decided about a playlist.
type Decision = state.Decision

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
