package plan

import (
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hlsship/hlsship/uploader/plan/schedule"
)

// queues has the schedule check what it knows, and that what is to be done is known.
func (b *books) queues() {
	p := b.p
	lists := make(map[schedule.Class]int)
	for _, l := range p.lists {
		if l.flying != nil {
			lists[schedule.ForPlaylist]++
		}
	}
	for _, e := range p.errands.byID {
		if e.Op == Fetch && e.asker == nil || e.question != 0 {
			lists[schedule.ForEdge]++
		}
		if e.Record != nil {
			lists[classOf(e.Record.Prompt)]++
		}
	}
	streams := func(yield func(string, *schedule.Stream) bool) {
		for key, s := range p.streams {
			if !yield(key, &s.queue) {
				return
			}
		}
	}
	items := func(yield func(string, *schedule.Item) bool) {
		for path, o := range p.objects {
			if !yield(path, &o.item) {
				return
			}
		}
	}
	for _, wrong := range p.schedule.Check(schedule.Known{Streams: streams, Items: items, Lists: lists}) {
		b.say("%s", wrong)
	}
	b.proofs()
}

// proofs checks that the store is asked whether it has what is noted.
func (b *books) proofs() {
	proofs := make(map[*object]bool)
	for _, s := range b.p.streams {
		for i := range s.queue.Proofs {
			proofs[objectOf(i)] = true
		}
	}
	for _, o := range b.p.objects {
		// Of what was written over since, nobody has the bytes any more: a proof would say nothing that could be mended.
		if o.due(schedule.Proof) && !o.busy() && !o.pendingWork() && b.p.bucket.Listed() && !proofs[o] {
			b.say("%s is known from a note alone, and nobody will ask for it", o.path)
		}
	}
}

// ships checks that what a stream has to ship is known.
func (b *books) ships(s *stream) {
	for _, items := range []iter.Seq[*schedule.Item]{s.queue.Items, s.queue.Proofs} {
		for i := range items {
			b.size++
			o := objectOf(i)
			if o == nil || b.p.knows(o) {
				continue
			}
			v := o.disk.Newest() // its bytes were let go
			if o.pendingWork() || o.busy() || o.cell.Unproven() || v != nil && v.Wanted() && !v.Hopeless() && !o.stored(v) {
				b.say("stream %s has %s to ship, which is forgotten", s.key, o.path)
			}
		}
	}
}

// streams checks what is known of streams and their folders, and that each is where it is said to be.
func (b *books) streams() {
	p := b.p
	for key, s := range p.streams {
		b.size++
		b.ships(s)
		switch {
		case s.key != key:
			b.say("stream %s is known as %s", s.key, key)
		case p.folders[s.folder.name] != s.folder || !slices.Contains(s.folder.streams, s):
			b.say("stream %s is not in its folder", key)
		case s.list != nil && p.lists[s.list.path] != s.list:
			b.say("stream %s ships %s, which is forgotten", key, s.list.path)
		}
	}
	touched := make(map[*folder]bool, len(p.shows.touched))
	for _, f := range p.shows.touched {
		touched[f] = true
	}
	for name, f := range p.folders {
		b.size++
		if f.touched != touched[f] {
			b.say("folder %s changed, and is not among those, or the reverse", name)
		}
		b.shown(f)
		for _, s := range f.streams {
			if p.streams[s.key] != s {
				b.say("folder %s has stream %s, which is forgotten", name, s.key)
			}
		}
	}
	for _, f := range p.shows.touched {
		if p.folders[f.name] != f {
			b.say("folder %s changed, which is forgotten", f.name)
		}
	}
}

// idle checks that what nobody needs is forgotten.
func (b *books) idle() {
	p := b.p
	for name, o := range p.objects {
		kept := p.strays.holds(o) && !o.cell.Adrift().IsZero() || slices.Contains(p.strays.left, o)
		kept = kept || o.disk.Newest() != nil && (!o.disk.Newest().Wanted() && p.strays.holds(o) || o.disk.Newest().Unpinned() != "" && p.strays.scanning ||
			o.disk.Newest().File.Spooled && o.disk.Newest().File.Source != nil) // a playlist may name what the spool alone has
		if o.disk.Gone() && !o.busy() && len(o.naming) == 0 && !o.pendingWork() && !kept {
			b.say("%s is gone, and not forgotten", name)
		}
	}
	for name, l := range p.lists {
		if l.over() {
			b.say("%s is gone, and not forgotten", name)
		}
	}
	for key, s := range p.streams {
		if s.idle() && !s.folder.touched {
			b.say("stream %s is over, and not forgotten", key)
		}
	}
	for _, found := range p.strays.found {
		for _, o := range found {
			if !p.knows(o) {
				b.say("%s was found at rest and is forgotten, but for being found", o.path)
			}
		}
	}
	for o := range p.strays.odd {
		if !p.knows(o) {
			b.say("%s was found at rest and is forgotten, but for being found", o.path)
		}
	}
}

// overlooked looks at every stream once more: there must be no job for which somebody forgot to look, and nothing that waits for a
// time of which there is no alarm. What several streams ship the first of them may that has its turn.
func (b *books) overlooked() {
	if len(b.wrong) > 0 {
		return
	}
	p := b.p
	if m := p.continuous.machine; m != nil && !m.Wake().IsZero() && !m.Wake().After(p.now) {
		return // there are facts to come
	}
	alarms := make(map[*stream]time.Time, len(p.streams))
	all := slices.SortedFunc(maps.Values(p.streams), func(a, b *stream) int { return strings.Compare(a.key, b.key) })
	for _, s := range all {
		alarms[s], _ = s.queue.Looks()
	}
	all = slices.DeleteFunc(all, func(s *stream) bool {
		// What it has or gets as its goal others have in their queues, or in their backlog. One that begins to lag gets it when something
		// happens to it, as what is the newest version then is a better goal.
		l := s.list
		hurries := l != nil && (l.edge.mode != following || p.lag(l) > p.maxLag(l)/2)
		return hurries || s.shares(func(other *stream) bool { return other.soon() })
	})
	for _, s := range all {
		p.wake(s)
	}
	for _, j := range p.jobs(nil) {
		b.say("%s of %s may go, and nobody looked", j.Op, j.Path)
	}
	for _, s := range all {
		at, _ := s.queue.Looks()
		early := func(other *stream) bool { return !alarms[other].IsZero() && !alarms[other].After(at) }
		if alarms[s].IsZero() && !at.IsZero() && !s.soon() && !s.shares(early) {
			b.say("stream %s waits for %s, and was not to be looked at", s.key, timeOf(at))
		}
	}
}

// soon reports whether s is looked at when a request ends.
func (s *stream) soon() bool {
	return s.queue.Soon() || s.list != nil && (s.list.fetching || s.list.flying != nil)
}

// shares reports whether another stream of a sort has a file to ship that s has as well.
func (s *stream) shares(sort func(*stream) bool) bool {
	for i := range s.queue.Items {
		for other := range objectOf(i).streams {
			if other != s && sort(other) {
				return true
			}
		}
	}
	return false
}
