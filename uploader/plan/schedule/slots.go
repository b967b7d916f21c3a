package schedule

// Class says for what a request is, as far as the bound on all of them goes.
type Class uint8

const (
	// ForPlaylist is a playlist that is published.
	ForPlaylist Class = iota
	// ForEdge is an item that the live edge waits for, or a playlist that is read back.
	ForEdge
	// ForBacklog is any other item.
	ForBacklog

	forMore // an item ForEdge of a stream that has one under way
	classes
)

// leastSlots is one for each class of requests; forMore are ForEdge as well.
const leastSlots = 3

// slots counts the requests under way, all of which together are at most Config.Workers, and remembers the streams that
// had to do without one. Items leave an eighth of them to playlists, which are small and waited for while an item
// may take long; backlog takes a quarter at most, as an uplink limit may hold it up for longer still.
type slots struct {
	all    int          // at most at once
	flying [classes]int // under way
	denied [classes][]*Stream
	turn   bool // of the one that waits since last
}

func newSlots(workers int) slots { return slots{all: max(leastSlots, workers)} }

// busy returns how many requests are under way.
func (t *slots) busy() int { return t.flying[ForPlaylist] + t.flying[ForEdge] + t.flying[ForBacklog] }

// free returns how many requests of a class may begin now.
func (t *slots) free(c Class) int {
	if c == forMore {
		return t.free(ForEdge) - t.all/4 // the rest is for streams that have none
	}
	n := t.all - t.busy()
	if c != ForPlaylist {
		n = min(n, t.all-max(1, t.all/8)-t.flying[ForEdge]-t.flying[ForBacklog])
	}
	if c == ForBacklog {
		n = min(n, max(1, t.all/4)-t.flying[ForBacklog])
	}
	return n
}

// has reports whether there is a slot of the class. If not, s is looked at again when there is.
func (t *slots) has(s *Stream, c Class) bool {
	if t.free(c) > 0 {
		return true
	}
	if !s.denied[c] {
		s.denied[c] = true
		t.denied[c] = append(t.denied[c], s)
	}
	return false
}

func (t *slots) take(c Class) { t.flying[c]++ }
func (t *slots) give(c Class) { t.flying[c]-- }

// readmitAll returns the streams for which there is a slot now.
func (t *slots) readmitAll() (all []*Stream) {
	for c := range classes {
		if len(t.denied[c]) > 0 {
			all = append(all, t.readmit(c)...)
		}
	}
	return all
}

// readmit returns the streams for which there is a slot of the class now: by turns the one that waits since last and the one
// that has waited the longest, so that neither those that come while very many wait are late, nor those for ever.
func (t *slots) readmit(c Class) []*Stream {
	var all []*Stream
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

// Begin takes a slot for a playlist of s, ForPlaylist or ForEdge. If there is none, s is looked at again when there is.
func (q *Schedule) Begin(s *Stream, c Class) bool {
	ok := q.slots.has(s, c)
	if ok {
		q.slots.take(c)
	}
	return ok
}

// End gives that slot back.
func (q *Schedule) End(c Class) { q.slots.give(c) }

// BeginAsk takes a slot for a playlist that s does not ship and asks for. There may be very many, so that they count as backlog, and
// PerStream of them may be under way.
func (q *Schedule) BeginAsk(s *Stream) bool {
	if s.asking >= q.line.perStream || !q.slots.has(s, ForBacklog) {
		return false
	}
	q.slots.take(ForBacklog)
	s.asking++
	return true
}

// EndAsk gives that slot back.
func (q *Schedule) EndAsk(s *Stream) {
	q.slots.give(ForBacklog)
	s.asking--
	q.Wake(s)
}

// Try takes a slot for what no stream ships, if there is one. Whoever asks in vain asks again when a request ended.
func (q *Schedule) Try(c Class) bool {
	ok := q.slots.free(c) > 0
	if ok {
		q.slots.take(c)
	}
	return ok
}
