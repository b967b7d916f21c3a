package plan

import (
	"strings"
	"time"
)

// clock is the time that a Plan was told. Nobody reads another one.
type clock struct {
	now   time.Time // the latest
	began time.Time // the first
	seq   uint64    // numbers versions and snapshots in the order of their facts
}

// tick goes on to now.
func (c *clock) tick(now time.Time) {
	if c.began.IsZero() {
		c.began = now
	}
	if now.After(c.now) {
		c.now = now
	}
}

// next returns the next number.
func (c *clock) next() uint64 {
	c.seq++
	return c.seq
}

// paths is what a Plan knows, by the paths of files and playlists.
type paths struct {
	objects map[string]*object
	lists   map[string]*list
	fixed   func(name string) bool // whether the key of a file never gets other bytes
}

func newPaths(fixed func(string) bool) paths {
	return paths{make(map[string]*object), make(map[string]*list), fixed}
}

// object returns the file of that path.
func (n *paths) object(name string) *object {
	if o := n.objects[name]; o != nil {
		return o
	}
	return n.newObject(strings.Clone(name)) // it may be a part of a large text
}

// objectOf is object for a name that is in somebody's memory.
func (n *paths) objectOf(name []byte) *object {
	if o := n.objects[string(name)]; o != nil {
		return o
	}
	return n.newObject(string(name))
}

func (n *paths) newObject(name string) *object {
	o := &object{path: name, fixed: n.fixed(name)}
	o.item.Owner = o
	n.objects[name] = o
	return o
}

// list returns the playlist of that path. Until there is a file of it, it has no stream.
func (n *paths) list(name string) *list {
	if l := n.lists[name]; l != nil {
		return l
	}
	return n.newList(strings.Clone(name))
}

// listOf is list for a name that is in somebody's memory.
func (n *paths) listOf(name []byte) *list {
	if l := n.lists[string(name)]; l != nil {
		return l
	}
	return n.newList(string(name))
}

func (n *paths) newList(name string) *list {
	l := &list{path: name}
	l.cell.Ask()
	n.lists[name] = l
	return l
}

// knows reports whether o was not forgotten.
func (n *paths) knows(o *object) bool { return n.objects[o.path] == o }

// dropObject and dropList forget a file and a playlist.
func (n *paths) dropObject(o *object) { delete(n.objects, o.path) }

func (n *paths) dropList(l *list) { delete(n.lists, l.path) }
