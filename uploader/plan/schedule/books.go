package schedule

import (
	"fmt"
	"iter"
	"slices"
	"time"
)

// Known is all that a Schedule should know, by names to tell of it.
type Known struct {
	// Streams and Items are all that there are.
	Streams iter.Seq2[string, *Stream]
	Items   iter.Seq2[string, *Item]
	// Lists are the slots taken by Begin and Try and not given back.
	Lists map[Class]int
}

// Check returns what does not hold between two calls, a fault a line; nil if all is well. Tests ask it after each step, and nobody else
// does: it looks at all that is known. It changes nothing.
func (q *Schedule) Check(k Known) []string {
	b := &books{q: q, known: make(map[*Stream]string), dirty: setOf(q.dirty), obliged: setOf(q.retries.obliged)}
	for c := range b.denied {
		b.denied[c] = setOf(q.slots.denied[c])
	}
	for name, s := range k.Streams {
		b.known[s] = name
	}
	b.items(k)
	for s, name := range b.known {
		b.stream(s, name)
	}
	b.sums(k)
	return b.wrong
}

// books are an audit of a Schedule: what it keeps twice must agree.
type books struct {
	q      *Schedule
	known  map[*Stream]string
	queued map[uint64]placed    // each entry that stands for a place
	counts map[*Stream]requests // what is under way
	flying [classes]int
	local  int // requests that need no slot

	dirty, obliged map[*Stream]bool // those that are said to be so, and denied for each class
	denied         [classes]map[*Stream]bool

	places int
	wrong  []string
}

func setOf(all []*Stream) map[*Stream]bool {
	set := make(map[*Stream]bool, len(all))
	for _, s := range all {
		set[s] = true
	}
	return set
}

// placed is where an entry stands.
type placed struct {
	stream *Stream
	item   *Item
	edge   bool
}

// requests counts those of a stream.
type requests struct{ flying, behind int }

func (b *books) say(format string, args ...any) {
	b.wrong = append(b.wrong, fmt.Sprintf(format, args...))
}

// items checks where they stand, and counts the requests for them.
func (b *books) items(k Known) {
	b.queued, b.counts = make(map[uint64]placed), make(map[*Stream]requests)
	for s := range b.known {
		for _, edge := range []bool{true, false} {
			queue := s.backlog
			if edge {
				queue = s.edge
			}
			for _, e := range queue {
				if e.of(s) != nil {
					b.queued[e.number] = placed{s, e.item, edge}
					b.places++
				}
			}
		}
	}
	if b.places != len(b.queued) {
		b.say("%d places are taken by %d entries", len(b.queued), b.places)
	}
	for name, i := range k.Items {
		b.item(i, name)
	}
}

// item checks where i stands, and counts the request for it.
func (b *books) item(i *Item, name string) {
	if len(i.places) == 0 && b.q.rules.Due(i, Edge) {
		b.say("%s is to be requested, and stands in no queue", name)
	}
	for k, p := range i.places {
		switch at, ok := b.queued[p.number]; {
		case b.known[p.stream] == "":
			b.say("%s stands in a stream that is forgotten", name)
		case !ok || at != placed{p.stream, i, p.at == Edge} || p.at != Edge && p.at != Backlog && p.at != Skipped:
			b.say("%s is taken to stand in %s of %s, and does not", name, p.at, b.known[p.stream])
		case slices.ContainsFunc(i.places[:k], func(x place) bool { return x.stream == p.stream }):
			b.say("%s stands twice in %s", name, b.known[p.stream])
		case i.flight != nil && !slices.Contains(i.flight.streams, p.stream):
			b.say("%s is under way, and %s does not count it", name, b.known[p.stream])
		}
	}
	f := i.flight
	if f == nil {
		return
	}
	if b.flying[f.class()]++; f.as == Local {
		b.local++
	}
	for _, s := range f.streams {
		c := b.counts[s]
		if c.flying++; f.as == Backlog {
			c.behind++
		}
		b.counts[s] = c
	}
}

// stream checks the counts of s, and that it is where it is said to be.
func (b *books) stream(s *Stream, name string) {
	b.flying[ForBacklog] += s.asking
	if c := b.counts[s]; s.flying != c.flying || s.behind != c.behind {
		b.say("%s has %d requests under way, %d of backlog, and counts %d and %d", name, c.flying, c.behind, s.flying, s.behind)
	}
	delete(b.counts, s)
	switch q := b.q; {
	case s.width < 0 || s.width > q.line.perStream || s.asking < 0 || s.asking > q.line.perStream:
		b.say("%s may have %d requests under way, and asks for %d playlists", name, s.width, s.asking)
	case s.dirty != b.dirty[s]:
		b.say("%s is to be looked at, and is not among those, or the reverse", name)
	case s.obliged != b.obliged[s]:
		b.say("%s waits as the store asked for it, and is not among those, or the reverse", name)
	case !s.alarm.At().IsZero() && !q.alarms.has(&s.alarm):
		b.say("%s has an alarm that does not go off", name)
	}
	for c := range s.denied {
		if s.denied[c] != b.denied[c][s] {
			b.say("%s waits for a slot, and is not among those, or the reverse", name)
		}
	}
}

// sums checks the counts of all requests, and whose the alarms are.
func (b *books) sums(k Known) {
	if len(b.counts) > 0 {
		b.say("requests are under way for %d streams that are forgotten", len(b.counts))
	}
	for c, n := range k.Lists {
		b.flying[c] += n
	}
	if t := &b.q.slots; t.flying != b.flying {
		b.say("requests are under way: %d, and %d are counted", b.flying, t.flying)
	} else if t.busy()-b.local > t.all {
		b.say("%d requests are under way, %d of them without a slot, and %d may be", t.busy(), b.local, t.all)
	}
	for _, a := range b.q.alarms.queue {
		if b.known[a.owner] == "" {
			b.say("an alarm is set for a stream that is forgotten")
		}
	}
}

// Proofs calls yield with each item that is to be requested after all else, those included of which that was so.
func (s *Stream) Proofs(yield func(*Item) bool) {
	for _, i := range s.proofs {
		if !yield(i) {
			return
		}
	}
}

// Looks returns when s is to be looked at without news, and whether it is so now; a zero time is never.
func (s *Stream) Looks() (at time.Time, now bool) { return s.alarm.At(), s.dirty }

// Soon reports whether s is looked at when some request ends.
func (s *Stream) Soon() bool { return s.flying > 0 || s.denied != [classes]bool{} }

// String says what is under way and how many streams wait.
func (q *Schedule) String() string {
	var denied [classes]int
	for c := range denied {
		denied[c] = len(q.slots.denied[c])
	}
	return fmt.Sprintf("slots=%d/%d dirty=%d denied=%d draining=%t", q.slots.flying, q.slots.all, len(q.dirty), denied, q.retries.draining)
}

// String says how many items stand where.
func (s *Stream) String() string {
	return fmt.Sprintf("edge=%d backlog=%d local=%d proofs=%d flying=%d behind=%d asking=%d width=%d alarm=%s dirty=%t obliged=%t denied=%t", len(s.edge), len(s.backlog),
		len(s.local), len(s.proofs), s.flying, s.behind, s.asking, s.width, clock(s.alarm.At()), s.dirty, s.obliged, s.denied)
}

// String says of r what there is to say; nothing if that is nothing.
func (r *Retry) String() string {
	if *r == (Retry{}) {
		return ""
	}
	return fmt.Sprintf("failures=%d since=%s own=%v asked=%v", r.failures, clock(r.since), r.own, r.asked)
}

// String says of t what there is to say.
func (t *Turns) String() string { return t.Retry.String() + " rest=" + clock(t.rest) }

// clock is a time of day, "-" for none.
func clock(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("15:04:05.000")
}
