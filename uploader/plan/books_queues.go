package plan

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// requests checks the counts of what is under way.
func (b *books) requests() {
	var flying [classes]int
	local := 0 // at most: comparisons without the store need no slot
	of, behind := make(map[*stream]int), make(map[*stream]int)
	compared := make(map[*object]bool)
	for _, e := range b.p.errands.byID {
		compared[e.object] = e.Op == Compare
	}
	for _, o := range b.p.objects {
		if o.flight == nil {
			continue
		}
		if flying[fileClass(o.flight.backlog)]++; compared[o] {
			local++
		}
		for _, s := range o.flight.streams {
			if of[s]++; o.flight.backlog {
				behind[s]++
			}
		}
		for _, s := range o.queues {
			if !slices.Contains(o.flight.streams, s) {
				b.say("%s is under way, and %s does not count it", o.path, s.key)
			}
		}
	}
	for _, l := range b.p.lists {
		if l.flying != nil {
			flying[forPlaylist]++
		}
		if l.fetching {
			flying[forEdge]++
		}
	}
	for _, s := range b.p.streams {
		flying[forEdge] -= s.asking // playlists of which there is no file count as backlog
		flying[forBacklog] += s.asking
		if s.flying != of[s] || s.behind != behind[s] {
			b.say("%s has %d requests under way, %d of backlog, and counts %d and %d", s.key, of[s], behind[s], s.flying, s.behind)
		}
		delete(of, s)
	}
	for s := range of {
		b.say("requests are under way for %s, which is forgotten", s.key)
	}
	if t := &b.p.slots; t.flying != flying {
		b.say("requests are under way: %d, and %d are counted", flying, t.flying)
	} else if t.busy()-local > t.all {
		b.say("%d requests are under way, and %d may be", t.busy(), t.all)
	}
}

// place is a file in the lists of a stream.
type place struct {
	s *stream
	o *object
}

// queues checks that what is to be done stands where somebody will look.
func (b *books) queues() {
	queued, proofs := make(map[place]bool), make(map[*object]bool)
	for _, s := range b.p.streams {
		for _, queue := range [][]*object{s.queue, s.backlog} {
			for _, o := range queue {
				queued[place{s, o}] = true
			}
		}
		for _, o := range s.proofs {
			proofs[o] = true
		}
	}
	for _, o := range b.p.objects {
		if o.pendingWork() && len(o.queues) == 0 {
			b.say("%s is to be requested, and stands in no queue", o.path)
		}
		for _, s := range o.queues {
			if b.p.streams[s.key] != s {
				b.say("%s stands in the queue of %s, which is forgotten", o.path, s.key)
			} else if o.pendingWork() && !queued[place{s, o}] {
				b.say("%s is taken to stand in the queue of %s, and does not", o.path, s.key)
			}
		}
		// Of what was written over since, nobody has the bytes any more: a proof would say nothing that could be mended.
		provable := o.cell.Unproven() && o.disk.Newest() != nil && o.stored(o.disk.Newest())
		if provable && !o.busy() && !o.pendingWork() && b.p.bucket.Listed() && !proofs[o] {
			b.say("%s is known from a note alone, and nobody will ask for it", o.path)
		}
	}
}

// ships checks that what a stream has to ship is known.
func (b *books) ships(s *stream) {
	for _, queue := range [][]*object{s.queue, s.backlog, s.proofs} {
		for _, o := range queue {
			if o == nil || b.p.objects[o.path] == o {
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
		b.size += 1 + len(s.queue) + len(s.backlog)
		b.ships(s)
		switch {
		case s.key != key:
			b.say("stream %s is known as %s", s.key, key)
		case p.folders[s.folder.name] != s.folder || !slices.Contains(s.folder.streams, s):
			b.say("stream %s is not in its folder", key)
		case s.dirty != slices.Contains(p.dirty, s):
			b.say("stream %s is to be looked at, and is not among those, or the reverse", key)
		case s.obliged != slices.Contains(p.obliged, s):
			b.say("stream %s waits as the store asked for it, and is not among those, or the reverse", key)
		case !s.alarm.IsZero() && !slices.Contains(p.alarms, alarm{s.alarm, s}):
			b.say("stream %s has an alarm that does not go off", key)
		case s.list != nil && p.lists[s.list.path] != s.list:
			b.say("stream %s ships %s, which is forgotten", key, s.list.path)
		}
		for c := range s.denied {
			if s.denied[c] != slices.Contains(p.slots.denied[c], s) {
				b.say("stream %s waits for a slot, and is not among those, or the reverse", key)
			}
		}
	}
	for i := range p.alarms {
		if i > 0 && p.alarms[i].at.Before(p.alarms[(i-1)/2].at) {
			b.say("the alarms are out of order")
		}
	}
	for name, f := range p.folders {
		if f.touched != slices.Contains(p.touched, f) {
			b.say("folder %s changed, and is not among those, or the reverse", name)
		}
		for _, s := range f.streams {
			if p.streams[s.key] != s {
				b.say("folder %s has stream %s, which is forgotten", name, s.key)
			}
		}
	}
	for _, f := range p.touched {
		if p.folders[f.name] != f {
			b.say("folder %s changed, which is forgotten", f.name)
		}
	}
}

// idle checks that what nobody needs is forgotten.
func (b *books) idle() {
	p := b.p
	for name, o := range p.objects {
		kept := o.disk.Newest() != nil && (!o.disk.Newest().Wanted() && p.strays.holds(o) || o.disk.Newest().Unpinned() != "" && p.scanning ||
			o.disk.Newest().File.Spooled && o.disk.Newest().File.Source != nil) // a playlist may name what the spool alone has
		if o.disk.Gone() && !o.busy() && len(o.naming) == 0 && !o.pendingWork() && !kept {
			b.say("%s is gone, and not forgotten", name)
		}
	}
	for name, l := range p.lists {
		if l.gone && len(l.pending) == 0 && l.flying == nil && !l.fetching && len(l.parents) == 0 {
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
			if p.objects[o.path] != o {
				b.say("%s was found at rest and is forgotten, but for being found", o.path)
			}
		}
	}
	for o := range p.strays.odd {
		if p.objects[o.path] != o {
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
	alarms := make(map[*stream]time.Time, len(p.streams))
	all := slices.SortedFunc(maps.Values(p.streams), func(a, b *stream) int { return strings.Compare(a.key, b.key) })
	for _, s := range all {
		alarms[s] = s.alarm
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
	for _, j := range p.jobs() {
		b.say("%s of %s may go, and nobody looked", j.Op, j.Path)
	}
	for _, s := range all {
		early := func(other *stream) bool { at := alarms[other]; return !at.IsZero() && !at.After(s.alarm) }
		if alarms[s].IsZero() && !s.alarm.IsZero() && !s.soon() && !s.shares(early) {
			b.say("stream %s waits for %s, and was not to be looked at", s.key, clock(s.alarm))
		}
	}
}

// soon reports whether s is looked at when a request ends.
func (s *stream) soon() bool {
	return s.flying > 0 || s.denied != [classes]bool{} || s.list != nil && (s.list.fetching || s.list.flying != nil)
}

// shares reports whether another stream of a sort has a file to ship that s has as well.
func (s *stream) shares(sort func(*stream) bool) bool {
	for _, queue := range [][]*object{s.queue, s.backlog} {
		for _, o := range queue {
			for _, other := range o.queues {
				if other != s && sort(other) {
					return true
				}
			}
		}
	}
	return false
}
