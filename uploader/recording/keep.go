package recording

import "slices"

// Keep takes in a closing list that is already stored at the path of r, whoever closed the session or began to: what it lists stays listed
// (Session.Close), in its order and as it says it, even if nothing else says so any more. It is called behind Add, and before Join and Fill. The
// error wraps ErrFormat, or is ErrTooLarge, and leaves r as it was.
func (r *Recording) Keep(closed []byte) error {
	p, _, err := readText(closed, r.list, Facts{})
	if err != nil {
		return err
	}
	if len(r.entries)+len(p.entries) > maxEntries {
		return ErrTooLarge
	}
	k := keeping{list: r.list, rest: r.entries, known: make(map[spot]int, len(r.entries))}
	for i, e := range r.entries {
		k.known[e.spot(r.list)] = i
	}
	for i, c := range p.entries {
		if r, ok := p.remark(i); ok {
			c.done = r.done
		}
		k.take(c)
	}
	for _, e := range k.rest[k.at:] {
		k.place(e, e.Number)
	}
	r.join(p.whole)
	r.entries = k.all
	return nil
}

// spot is where the bytes of an entry are.
type spot struct {
	path         string
	offset, size int64
}

// spot returns where the bytes of e are, of a list.
func (e *entry) spot(list string) spot { return spot{e.path(list), e.Offset, e.Size} }

// keeping is the taking in of one closing list.
type keeping struct {
	list  string
	rest  []*entry // those of the Recording, of which those below at were placed
	at    int
	known map[spot]int // where in rest entries are
	all   []*entry     // those that were placed
	shift uint64       // what is added to the numbers of the closing list, modulo 2^64: it does not count what is missing
}

// take takes in the next entry of the closing list.
func (k *keeping) take(c *entry) {
	i, ok := k.known[c.spot(k.list)]
	if !ok && k.at < len(k.rest) && k.rest[k.at].state != Bound && k.rest[k.at].sameName(c) {
		i, ok = k.at, true // a hole that was filled
	}
	switch {
	case !ok:
		c.kept = true
		k.place(c, c.Number+k.shift)
		return
	case i < k.at:
		return // it is listed twice, or the packager listed it in another order
	}
	for ; k.at < i; k.at++ {
		k.place(k.rest[k.at], k.rest[k.at].Number)
	}
	e := k.rest[i]
	k.at++
	number := c.Number
	e.keep(c, len(k.all) > 0 && k.all[len(k.all)-1].kept)
	k.place(e, e.Number)
	k.shift = e.Number - number
}

// keep has e be listed as c lists it. next says that c is listed behind the one before e.
func (e *entry) keep(c *entry, next bool) {
	if e.state != Bound {
		e.URI, e.folder, e.ref, e.Way = c.URI, "", c.ref, &way{e.Way.Way, c.Way.needs}
	}
	e.state, e.kept, e.Lines, e.Length = Bound, true, c.Lines, c.Length
	if c.Date != "" {
		e.Date, e.Begins = c.Date, c.Begins
	}
	if e.done == 0 {
		e.done = c.done
	}
	e.broken = e.broken || c.broken && next
}

// place puts an entry behind those before it, under that number if that is free.
func (k *keeping) place(e *entry, number uint64) {
	if n := len(k.all); n > 0 {
		number = max(number, k.all[n-1].Number+1)
	}
	if number != e.Number {
		e.Way = written(e.Way, e.Number)
		e.Number = number
	}
	k.all = append(k.all, e)
}

// keptSpan returns the part from the first to the last entry that a closing list has, and that is stored.
func (r *Recording) keptSpan(stored func(path string, end int64) bool) Span {
	from := slices.IndexFunc(r.entries, func(e *entry) bool { return e.kept && r.isStored(e, stored) })
	if from < 0 {
		return Span{}
	}
	to := len(r.entries)
	for e := r.entries[to-1]; !e.kept || !r.isStored(e, stored); e = r.entries[to-1] {
		to--
	}
	return Span{from, to}
}

// with returns what is in either part, and between them.
func (s Span) with(other Span) Span {
	switch {
	case other == Span{}:
		return s
	case s == Span{}:
		return other
	}
	return Span{min(s.From, other.From), max(s.To, other.To)}
}
