package watcher

import (
	"hash/maphash"
	"maps"
	"slices"
	"time"

	"github.com/hlsship/hlsship/hls"
)

const (
	// holdTime is how long a fact waits for playlists that settled before it. What takes longer is read anew.
	holdTime = 5 * time.Second
	// formerNames is how many names are remembered of which it was told that they are gone.
	formerNames = 4096
)

// order decides when a fact goes out, as several files are looked at and read at once. A fact takes its place when its file
// is looked at, and fills it when all is known.
//
//   - The facts of one path go out in the order of their places.
//   - That a path has other bytes than before, or is gone, waits for the playlists that took a place before it, since
//     those mean the bytes before.
//   - A playlist waits for what it names and what was under way when it took its place, since it means those bytes.
//
// Nothing else waits for anything. An order does no I/O. It is owned by the loop.
type order struct {
	out func(hls.File) // is given the facts

	last     uint64              // number of the place taken last
	paths    map[string][]*place // those that are taken, in order
	lists    []*place            // those of playlists, in order; the first may be done
	held     []*place            // those that are filled and wait for lists, in order; some may be done
	awaited  map[string][]*place // those of playlists, by the paths that they wait for
	underway map[string]int      // what is on its way, by path; playlists do not count
	former   []uint64            // hashes of names that are gone
	seed     maphash.Seed        // of the hashes
	todo     []*place            // to be tried
}

// place is where a fact goes out.
type place struct {
	path    string
	number  uint64
	list    bool           // of a playlist
	changes bool           // the path had other bytes before
	before  map[string]int // what was under way when a playlist took it
	awaits  map[string]bool
	fact    hls.File
	filled  time.Time // zero until it is
	free    bool      // of a change: no playlist is before it
	held    bool
	done    bool // the fact went out, or there is none
}

// newOrder returns an order that gives its facts to out.
func newOrder(out func(hls.File)) *order {
	return &order{
		out: out, paths: make(map[string][]*place), awaited: make(map[string][]*place), underway: make(map[string]int),
		seed: maphash.MakeSeed(),
	}
}

// begin says that something about a path that is no playlist is under way until end is called.
func (o *order) begin(path string) { o.underway[path]++ }

// end is the end of what began.
func (o *order) end(path string) {
	if o.underway[path]--; o.underway[path] <= 0 {
		delete(o.underway, path)
		o.arrived(path)
		o.try()
	}
}

// take takes a place for a fact about a path that is no playlist or is gone: the next one, or one right ahead of another of
// that path. changes says that the path had other bytes.
func (o *order) take(path string, changes bool, ahead *place) *place {
	p := o.add(path, ahead)
	p.changes = changes || o.was(path)
	o.begin(path)
	return p
}

// takeList is take for a playlist.
func (o *order) takeList(path string, ahead *place) *place {
	p := o.add(path, ahead)
	p.list = true
	if len(o.underway) > 0 {
		p.before = maps.Clone(o.underway)
	}
	i := len(o.lists)
	for i > 0 && o.lists[i-1].number > p.number {
		i--
	}
	o.lists = slices.Insert(o.lists, i, p)
	return p
}

// add adds a place.
func (o *order) add(path string, ahead *place) *place {
	places := o.paths[path]
	i := slices.Index(places, ahead)
	if i < 0 {
		o.last++
		p := &place{path: path, number: o.last}
		o.paths[path] = append(places, p)
		return p
	}
	p := &place{path: path, number: ahead.number}
	o.paths[path] = slices.Insert(places, i, p)
	return p
}

// fill says what goes out at p, a place that nobody filled before.
func (o *order) fill(p *place, fact hls.File) {
	p.fact, p.filled = fact, time.Now()
	o.todo = append(o.todo, p)
	o.try()
}

// fillList is fill for a playlist that names the paths in awaits, which are among those that were under way.
func (o *order) fillList(p *place, fact hls.File, awaits []string) {
	for _, path := range awaits {
		if o.underway[path] == 0 {
			continue
		}
		if p.awaits == nil {
			p.awaits = make(map[string]bool)
		}
		p.awaits[path] = true
		o.awaited[path] = append(o.awaited[path], p)
		o.todo = append(o.todo, o.paths[path]...) // which need not wait for p in turn
	}
	o.fill(p, fact)
}

// withdraw says that nothing goes out at p. What it was filled with is for the caller to release.
func (o *order) withdraw(p *place) {
	if !p.done {
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
		if p.changes && !p.free && o.listBefore(p) {
			if !p.held {
				p.held = true
				o.held = append(o.held, p)
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

// listBefore reports whether a playlist has a place before p, but for those that wait for p's own path.
func (o *order) listBefore(p *place) bool {
	for _, list := range o.lists {
		if list.number > p.number {
			return false
		}
		if !list.done && !list.awaits[p.path] {
			return true
		}
	}
	return false
}

// remove removes p and has those tried that waited for it.
func (o *order) remove(p *place) {
	p.done = true
	places := o.paths[p.path]
	if i := slices.Index(places, p); i >= 0 {
		places = slices.Delete(places, i, i+1)
	}
	if len(places) == 0 {
		delete(o.paths, p.path)
	} else {
		o.paths[p.path] = places
		o.todo = append(o.todo, places[0])
	}
	if !p.list {
		if o.underway[p.path]--; o.underway[p.path] <= 0 {
			delete(o.underway, p.path)
		}
		o.arrived(p.path)
		return
	}
	for path := range p.awaits {
		o.awaited[path] = slices.DeleteFunc(o.awaited[path], func(q *place) bool { return q == p })
		if len(o.awaited[path]) == 0 {
			delete(o.awaited, path)
		}
	}
	for len(o.lists) > 0 && o.lists[0].done {
		o.lists = o.lists[1:]
	}
	o.release()
}

// arrived has the playlists tried that waited for path.
func (o *order) arrived(path string) {
	for _, list := range o.awaited[path] {
		delete(list.awaits, path)
		o.todo = append(o.todo, list)
	}
	delete(o.awaited, path)
}

// release has the changes tried for which a playlist is no longer before them, and those that playlists wait for.
func (o *order) release() {
	for len(o.held) > 0 {
		p := o.held[0]
		if !p.done && len(o.lists) > 0 && o.lists[0].number < p.number {
			break
		}
		p.free = true
		o.todo = append(o.todo, p)
		o.held = o.held[1:]
	}
	for path := range o.awaited {
		o.todo = append(o.todo, o.paths[path]...)
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
