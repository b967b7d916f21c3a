package watcher

import (
	"hash/maphash"
	"slices"
	"sync"
	"time"

	"github.com/hlsship/hlsship/hls"
)

const (
	// holdTime is how long a fact waits for playlists that settled before it. What takes longer is read again.
	holdTime = 5 * time.Second
	// formerNames is how many names are remembered of which it was told that they are gone.
	formerNames = 4096
)

// order decides when a fact goes out, as several files are looked at and read at once. A fact takes its place when the look at
// its file begins, and fills it when all is known.
//
//   - The facts of one path go out in the order of their places.
//   - That a path has other bytes than before, or is gone, waits for the playlists that took a place before it, since
//     those mean the bytes before.
//   - A playlist waits for what it names and what took a place before it, since it means those bytes.
//
// Nothing else waits for anything, and nothing for what took a place after it: what a playlist has looked for comes ahead of
// it (advance). So no two wait for each other. An order does no I/O. It is owned by the loop, but for files.
type order struct {
	out func(hls.File) // is given the facts

	last   uint64              // number of the place taken last
	paths  map[string][]*place // those that are taken, in order
	files  pending             // the paths of which playlists wait
	lists  []*place            // those of playlists, in order; some may be done
	held   []*place            // those that are filled and wait for lists, in order; some may be done
	former []uint64            // hashes of names that are gone
	seed   maphash.Seed        // of the hashes
	todo   []*place            // to be tried
}

// pending has the files of which it is not known yet what goes out. It is written by the loop, and read by whoever reads a
// playlist.
type pending struct {
	mu    sync.RWMutex
	first map[string]uint64 // the number of the first place of a path that is ofFile
}

// before reports whether a file of that path has a place before that number.
func (f *pending) before(path string, number uint64) bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	first, ok := f.first[path]
	return ok && first < number
}

// none reports whether no file has a place.
func (f *pending) none() bool {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return len(f.first) == 0
}

// topic is what a fact is about.
type topic uint8

const (
	ofFile topic = iota
	// ofGrowth: a file of which playlists name nothing that was not told.
	ofGrowth
	ofPlaylist
)

// place is where a fact goes out.
type place struct {
	path    string
	topic   topic
	number  uint64
	awaits  map[*place]bool // of a playlist: the places of files that it waits for
	waiters []*place        // the playlists that wait for it
	changes bool            // it waits for the playlists before it
	fact    hls.File
	filled  time.Time // zero until it is
	held    bool
	done    bool // the fact went out, or there is none
}

// newOrder returns an order that gives its facts to out.
func newOrder(out func(hls.File)) *order {
	return &order{out: out, paths: make(map[string][]*place), files: pending{first: make(map[string]uint64)}, seed: maphash.MakeSeed()}
}

// take takes a place for a fact: the next one, or one right ahead of another of its path.
func (o *order) take(path string, about topic, ahead *place) *place {
	p := &place{path: path, topic: about}
	places := o.paths[path]
	i := slices.Index(places, ahead)
	if i < 0 {
		o.last++
		i, p.number = len(places), o.last
	} else {
		p.number = ahead.number
	}
	o.paths[path] = slices.Insert(places, i, p)
	if about == ofPlaylist {
		o.lists = inserted(o.lists, p)
	} else {
		o.note(path)
	}
	return p
}

// note notes which place of path is the first of which playlists wait.
func (o *order) note(path string) {
	places := o.paths[path]
	i := slices.IndexFunc(places, func(p *place) bool { return p.topic == ofFile })
	o.files.mu.Lock()
	defer o.files.mu.Unlock()
	if i < 0 {
		delete(o.files.first, path)
	} else {
		o.files.first[path] = places[i].number
	}
}

// before returns the place that a playlist at p waits for if it names path; nil if there is none.
func (o *order) before(p *place, path string) (last *place) {
	for _, q := range o.paths[path] {
		if q.topic == ofFile && q.number < p.number {
			last = q
		}
	}
	return last
}

// inserted returns the places, which are sorted by their numbers, with p among them.
func inserted(places []*place, p *place) []*place {
	i := len(places)
	for i > 0 && places[i-1].number > p.number {
		i--
	}
	return slices.Insert(places, i, p)
}

// fill says what goes out at p, a place that nobody filled before. changes says that the path had other bytes. What comes after
// the end is let go.
func (o *order) fill(p *place, fact hls.File, changes bool) {
	if p.done {
		letGo(fact)
		return
	}
	p.fact, p.filled, p.changes = fact, time.Now(), changes
	o.todo = append(o.todo, p)
	o.try()
}

// fillList is fill for a playlist that waits for others.
func (o *order) fillList(p *place, fact hls.File, awaits []*place) {
	for _, q := range awaits {
		if q.done || p.awaits[q] {
			continue
		}
		if p.awaits == nil {
			p.awaits = make(map[*place]bool)
		}
		p.awaits[q] = true
		q.waiters = append(q.waiters, p)
	}
	p.fact, p.filled = fact, time.Now()
	o.todo = append(o.todo, p)
	o.try()
}

// advance has p, and what its path has to tell before, go out as if the looks had begun before the one at the playlist, which
// found out what it means by that path only now.
func (o *order) advance(p, list *place) {
	for _, q := range o.paths[p.path] {
		if q.number > list.number {
			q.number, q.held = list.number, false
			o.todo = append(o.todo, q)
		}
		if q == p {
			break
		}
	}
	o.held = slices.DeleteFunc(o.held, func(q *place) bool { return !q.held })
	o.note(p.path)
	o.try()
}

// conclude withdraws all places that are not filled, so that nothing waits for them any more.
func (o *order) conclude() {
	var open []*place
	for _, places := range o.paths {
		for _, p := range places {
			if p.filled.IsZero() {
				open = append(open, p)
			}
		}
	}
	for _, p := range open {
		o.withdraw(p)
	}
}

// pass has playlists no longer wait for p, which may take for ever.
func (o *order) pass(p *place) {
	p.topic = ofGrowth
	o.note(p.path)
	for _, list := range p.waiters {
		delete(list.awaits, p)
		o.todo = append(o.todo, list)
	}
	p.waiters = nil
	o.try()
}

// withdraw says that nothing goes out at p. What it was filled with is for the caller to release.
func (o *order) withdraw(p *place) {
	if p != nil && !p.done {
		o.remove(p)
		o.try()
	}
}

// overdue withdraws the playlists for which another fact has waited since before then, and returns their places.
func (o *order) overdue(then time.Time) []*place {
	o.held = slices.DeleteFunc(o.held, func(p *place) bool { return p.done })
	if len(o.held) == 0 || o.held[0].filled.After(then) {
		return nil
	}
	var all []*place
	for _, list := range slices.Clone(o.lists) {
		if !list.done && list.number < o.held[0].number {
			all = append(all, list)
		}
	}
	for _, list := range all {
		o.withdraw(list)
	}
	return all
}

// rest returns the facts that cannot go out, in no order, and forgets them.
func (o *order) rest() []hls.File {
	var facts []hls.File
	for _, places := range o.paths {
		for _, p := range places {
			p.done = true
			facts = append(facts, p.fact)
		}
	}
	clear(o.paths)
	return facts
}

// try lets go out what can.
func (o *order) try() {
	for len(o.todo) > 0 {
		p := o.todo[0]
		o.todo = o.todo[1:]
		if p.done || p.filled.IsZero() || len(p.awaits) > 0 || o.paths[p.path][0] != p {
			continue
		}
		if len(o.lists) > 0 && o.lists[0].number < p.number && (p.changes || p.topic != ofPlaylist && o.was(p.path)) {
			if !p.held {
				p.held = true
				o.held = inserted(o.held, p)
			}
			continue
		}
		if p.fact.State == hls.Gone {
			o.remember(p.path)
		}
		o.out(p.fact)
		o.remove(p)
	}
}

// remove removes p and has those tried that waited for it.
func (o *order) remove(p *place) {
	p.done = true
	places := o.paths[p.path]
	i := slices.Index(places, p)
	if places = slices.Delete(places, i, i+1); len(places) > 0 {
		o.paths[p.path] = places
		o.todo = append(o.todo, places[0])
	} else {
		delete(o.paths, p.path)
	}
	if p.topic != ofPlaylist {
		o.note(p.path)
		for _, list := range p.waiters {
			delete(list.awaits, p)
			o.todo = append(o.todo, list)
		}
		return
	}
	for len(o.lists) > 0 && o.lists[0].done {
		o.lists = o.lists[1:]
	}
	for len(o.held) > 0 && (o.held[0].done || len(o.lists) == 0 || o.held[0].number <= o.lists[0].number) {
		o.todo = append(o.todo, o.held[0])
		o.held = o.held[1:]
	}
}

// remember remembers that a name is gone; one that comes again has other bytes.
func (o *order) remember(path string) {
	if o.former == nil {
		o.former = make([]uint64, formerNames)
	}
	h := maphash.String(o.seed, path)
	o.former[h%formerNames] = h
}

// was reports whether the name was gone once, as far as that is remembered.
func (o *order) was(path string) bool {
	h := maphash.String(o.seed, path)
	return o.former != nil && o.former[h%formerNames] == h
}
