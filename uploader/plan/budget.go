package plan

import (
	"cmp"
	"container/heap"
	"slices"
)

// relieve lets go of the pin of what is too old, and then of others until what waits fits into the budget. What the store may hold
// already counts for nothing: after a restart that is most of the directory.
func (p *Plan) relieve() {
	aging := p.account.ages(p.cfg.MaxAge, p.now)
	if aging {
		p.expireInherited()
	}
	if !p.over() && !aging || p.account.files == 0 {
		return
	}
	waiting := p.waitingObjects()
	for _, o := range waiting {
		if p.cfg.MaxAge > 0 && p.now.Sub(o.disk.Newest().PinnedAt()) > p.cfg.MaxAge {
			p.giveUp(o, "age")
		}
	}
	if p.over() {
		p.shed(waiting)
	}
}

// shed gives up files, oldest first, until what waits fits into the budget. Each is one of the stream that holds the most then, so
// that nobody loses anything for a stream that is larger, and of that one first those that no newest playlist needs. What was given
// up before and came back stays.
func (p *Plan) shed(waiting []*object) {
	shares := p.shares(waiting)
	heap.Init(&shares)
	for p.over() && len(shares) > 0 {
		largest := shares[0]
		o := largest.next(p)
		if o == nil {
			heap.Pop(&shares)
			continue
		}
		largest.bytes -= o.disk.Newest().Size()
		heap.Fix(&shares, 0)
		p.giveUp(o, "budget")
	}
}

// share is what waits for one stream.
type share struct {
	bytes  int64
	files  []*object // that it alone ships, or that all who do hold more than it does; oldest first
	spared []*object // those of them that a newest playlist needs
	sorted bool      // files has none but spared
}

// shares returns what the streams hold, those that hold nothing left out.
func (p *Plan) shares(waiting []*object) shares {
	held := make(map[*stream]*share)
	var all shares
	for _, o := range waiting {
		for s := range o.streams {
			if held[s] == nil {
				held[s] = &share{}
				all = append(all, held[s])
			}
			held[s].bytes += o.disk.Newest().Size()
		}
	}
	for _, o := range waiting {
		if o.item.Stands() {
			least := slices.MinFunc(slices.Collect(o.streams), func(a, b *stream) int { return cmp.Compare(held[a].bytes, held[b].bytes) })
			held[least].files = append(held[least].files, o)
		}
	}
	for _, s := range all {
		s.bytes = 0
		for _, o := range s.files {
			s.bytes += o.disk.Newest().Size()
		}
	}
	return all
}

// next takes out the file that is given up first, nil if there is none.
func (s *share) next(p *Plan) *object {
	for len(s.files) > 0 {
		o := s.files[0]
		s.files = s.files[1:]
		switch {
		case !o.disk.Newest().Counted(), o.disk.Newest().Returned(): // it was given up for its age, or before
		case !s.sorted && p.needed(o):
			s.spared = append(s.spared, o)
		default:
			return o
		}
	}
	if s.sorted {
		return nil
	}
	s.files, s.sorted = s.spared, true
	return s.next(p)
}

// shares is a heap, the largest first.
type shares []*share

// Len, Less, Swap, Push and Pop make a heap of shares.
func (s shares) Len() int           { return len(s) }
func (s shares) Less(i, j int) bool { return s[i].bytes > s[j].bytes }
func (s shares) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }
func (s *shares) Push(x any)        { *s = append(*s, x.(*share)) } //nolint:forcetypeassert // the heap holds nothing else
func (s *shares) Pop() any {
	old := *s
	x := old[len(old)-1]
	*s = old[:len(old)-1]
	return x
}

// over reports whether more waits than the budget allows. What is under way waits no more, or not yet again; for what came back from
// the disk nobody makes room.
func (p *Plan) over() bool { return !p.account.room(-p.account.returned, p.cfg.Budget) }

// waitingObjects returns the objects of which the newest bytes are wanted, surely not stored and not under way, oldest first.
func (p *Plan) waitingObjects() []*object {
	var all []*object
	for _, s := range p.streams {
		for i := range s.queue.Items {
			if o := objectOf(i); o.waits() {
				all = append(all, o)
			}
		}
	}
	slices.SortFunc(all, func(a, b *object) int { return cmp.Compare(a.disk.Newest().ID, b.disk.Newest().ID) })
	return slices.Compact(all) // several streams ship some of them
}

// waits reports whether the newest bytes of o are among what waits.
func (o *object) waits() bool {
	v := o.disk.Newest()
	return v != nil && v.Counted() && !v.Unsure() && !(o.busy() && o.sending.version == v)
}

// needed reports whether the newest version of a playlist means the newest bytes of o.
func (p *Plan) needed(o *object) bool {
	return slices.ContainsFunc(o.naming, func(n naming) bool {
		s := n.list.last
		if s == nil || !s.pending() {
			return false
		}
		i := s.find(o)
		return i >= 0 && (s.binds[i].ver == nil || s.binds[i].ver == o.disk.Newest())
	})
}
