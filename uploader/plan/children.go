package plan

import (
	"maps"
	"slices"
	"strings"
)

// What a multivariant playlist names are playlists, most of which have files of their own and are shipped by them. Of those that
// have none the store may hold a version, so that it is asked.

// family is which playlists name one. This file alone writes it, but for the mark.
type family struct {
	mark    uint64        // of the last snapshot that named it
	parents map[*list]int // playlists of which so many versions name this one
}

// namedBy notes that one more version of parent names l.
func (f *family) namedBy(parent *list) {
	if f.parents == nil {
		f.parents = make(map[*list]int)
	}
	f.parents[parent]++
}

// unnamedBy notes that one less does, and reports whether that was the last.
func (f *family) unnamedBy(parent *list) bool {
	if f.parents[parent]--; f.parents[parent] > 0 {
		return false
	}
	delete(f.parents, parent)
	return true
}

// nextChildren appends the requests for playlists of which there is no file: they are asked for when the newest version of l
// waits for nothing else. It may name very many, so that they count as backlog of its stream.
func (p *Plan) nextChildren(l *list, jobs []Job) []Job {
	if len(l.pending) == 0 || !l.cell.Answered() {
		return jobs
	}
	s := l.pending[len(l.pending)-1]
	if s.ready() || s.fault.any() || s.cursor < len(s.binds) {
		return jobs
	}
	for child := s.toAsk(); child != nil; child = s.toAsk() {
		if queue := &l.stream.queue; p.schedule.Waits(p.now, &child.turns.Retry, queue, false) || !p.schedule.BeginAsk(queue) {
			break
		}
		child.fetch()
		jobs = append(jobs, p.begin(fetchOf(child, l.stream, l.stream)))
	}
	return jobs
}

// askAgain has the parents of l look at it anew, as it is not known any more what the store holds of it.
func (l *list) askAgain() {
	for _, parent := range l.named() {
		parent.rewind()
	}
}

// hasNone says that there is no file of l any more. The store may hold a version all the same, for which its parents ask from now on.
func (p *Plan) hasNone(l *list) {
	l.askAgain()
	p.wakeParents(l)
	for parent := range l.parents {
		p.touch(parent.stream) // what it waits for will not come
	}
}

// named returns the playlists that name l, in the order of their paths.
func (l *list) named() []*list {
	return slices.SortedFunc(maps.Keys(l.parents), func(a, b *list) int { return strings.Compare(a.path, b.path) })
}
