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
	ring []decision
	next int // where the next one goes, once the ring is full
}

// decision is one of them. Its Why lacks the segments, which are put into words for whoever asks: nobody does while all goes well.
type decision struct {
	Decision
	span span
}

// add notes x. One that says the same of another file as the one before it is counted.
func (d *decisions) add(x decision) {
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
		x := &d.ring[(d.next+i)%all]
		out = append(out, x.Decision)
		out[len(out)-1].Why += x.span.String()
	}
	return out
}

// decided notes what was decided about l.
func (p *Plan) decided(l *list, what, name, why string) {
	l.decisions.add(decision{Decision: Decision{At: p.now, What: what, Name: name, Why: why}})
}

// decidedOf notes what was decided about a version of l.
func (p *Plan) decidedOf(l *list, what, why string, s *snapshot) {
	l.decisions.add(decision{Decision{At: p.now, What: what, Why: why}, s.span()})
}

// Decisions returns what was decided about the playlist of that path, at most the last n, oldest first. It is for people who ask why.
func (p *Plan) Decisions(path string, n int) []Decision {
	if l := p.lists[path]; l != nil {
		return l.decisions.last(n)
	}
	return nil
}

// span is which segments a version lists; the zero value is none.
type span struct {
	any   bool
	first uint64
	last  int64
}

// span returns which segments s lists.
func (s *snapshot) span() span {
	pl := s.file.Playlist
	if pl == nil || pl.Kind != hls.MediaPlaylist || pl.Segments == 0 {
		return span{}
	}
	return span{true, pl.MediaSequence, lastSequence(pl)}
}

// String says which; empty for none.
func (x span) String() string {
	if !x.any {
		return ""
	}
	return "segments " + strconv.FormatUint(x.first, 10) + " to " + strconv.FormatInt(x.last, 10)
}
