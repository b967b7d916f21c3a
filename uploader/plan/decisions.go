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

// add notes x. One that says the same of another file as the one before it is counted, and so are versions that come and go as they
// should, of which the newest is kept: a stream that was live for days still has what was decided before.
func (d *decisions) add(x decision) {
	if last := d.back(1); last != nil && x.Name != "" && last.What == x.What && last.Why == x.Why {
		if last.Name != x.Name {
			last.More++
		}
		return
	}
	if one, two := d.back(1), d.back(2); one != nil && one.leads(x) {
		x.More = one.More + 1
		*one = x
		return
	} else if two != nil && one.span.any && two.leads(x) {
		x.More = two.More + 1
		*two, *one = *one, x
		return
	}
	if len(d.ring) < maxDecisions {
		d.ring = append(d.ring, x)
		return
	}
	d.ring[d.next] = x
	d.next = (d.next + 1) % maxDecisions
}

// back returns the nth from the end; nil if there are not so many.
func (d *decisions) back(n int) *decision {
	all := len(d.ring)
	if n > all {
		return nil
	}
	return &d.ring[(d.next+all-n)%all]
}

// leads reports whether x says of the next version of the same run what d says of one before it.
func (d *decision) leads(x decision) bool {
	return d.span.any && x.span.any && d.What == x.What && d.Why == x.Why && d.span.first <= x.span.first && d.span.last <= x.span.last
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
