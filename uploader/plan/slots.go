package plan

import (
	"slices"
	"time"

	"github.com/hlsship/hlsship/uploader/plan/disk"
)

// class says for what a request is, as far as the bound on all of them goes.
type class uint8

const (
	forPlaylist class = iota // a playlist is published
	forEdge                  // a file that the live edge waits for, or a playlist that is read back
	forBacklog               // any other file
	forMore                  // a file forEdge of a stream that has one under way
	classes
)

// leastSlots is one for each class of requests; forMore are forEdge as well.
const leastSlots = 3

// slots counts the requests under way, all of which together are at most Config.Workers, and remembers the streams that
// had to do without one. Files leave an eighth of them to playlists, which are small and waited for while a file
// may take long; backlog takes a quarter at most, as an uplink limit may hold it up for longer still.
type slots struct {
	all    int          // at most at once
	flying [classes]int // under way
	denied [classes][]*stream
	turn   bool // of the one that waits since last
}

func newSlots(workers int) slots { return slots{all: max(leastSlots, workers)} }

// busy returns how many requests are under way.
func (t *slots) busy() int { return t.flying[forPlaylist] + t.flying[forEdge] + t.flying[forBacklog] }

// free returns how many requests of a class may begin now.
func (t *slots) free(c class) int {
	if c == forMore {
		return t.free(forEdge) - t.all/4 // the rest is for streams that have none
	}
	n := t.all - t.busy()
	if c != forPlaylist {
		n = min(n, t.all-max(1, t.all/8)-t.flying[forEdge]-t.flying[forBacklog])
	}
	if c == forBacklog {
		n = min(n, max(1, t.all/4)-t.flying[forBacklog])
	}
	return n
}

// deny has s looked at again when there is a free slot of the class.
func (t *slots) deny(s *stream, c class) {
	if !s.denied[c] {
		s.denied[c] = true
		t.denied[c] = append(t.denied[c], s)
	}
}

// readmit returns the streams for which there is a slot of the class now: by turns the one that waits since last and the one
// that has waited the longest, so that neither those that come while very many wait are late, nor those for ever.
func (t *slots) readmit(c class) []*stream {
	var all []*stream
	for waiting := t.denied[c]; len(waiting) > 0 && len(all) < t.free(c); t.denied[c] = waiting {
		last := len(waiting) - 1
		s := waiting[last]
		if t.turn = !t.turn; t.turn {
			waiting[last], waiting = nil, waiting[:last]
		} else {
			s, waiting[0], waiting = waiting[0], nil, waiting[1:]
		}
		s.denied[c] = false
		all = append(all, s)
	}
	return all
}

// flight is a request for an object.
type flight struct {
	began   time.Time
	backlog bool
	streams []*stream // that ship the object, one of which made the request
}

// board counts the request among those of s.
func (f *flight) board(s *stream) {
	if slices.Contains(f.streams, s) {
		return
	}
	f.streams = append(f.streams, s)
	s.flying++
	if f.backlog {
		s.behind++
	}
}

// ground notes that v does not wait any more, so that nothing is to be taken off for its being under way.
func (p *Plan) ground(o *object, v *disk.Version) {
	if o.busy() && o.sending.version == v {
		p.account.end(&o.sending)
	}
}

// busy reports whether a request for o is under way.
func (o *object) busy() bool { return o.flight != nil }
