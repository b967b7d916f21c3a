package recorder

import (
	"maps"
	"slices"
)

// media is what is known of the files of a session, by their paths in its folder. What it says nothing of is stored, if this process opened the
// session. This file alone writes it.
type media struct {
	coming  map[string]int64     // those that are on their way to the store, and their bytes
	lost    map[string]int64     // those that it will never have whole, and how many of their bytes it has
	grown   map[string]growth    // those that grow, or did
	absent  map[string]bool      // init sections and keys that are named and did not come
	awaited map[string][]awaited // segments that did not come: several may be parts of a file, or the same one
	waiting int                  // how many these are
	doubts  map[string]bool      // those on their way of which nobody knows whether they are stored
	others  map[string]bool      // published paths of init sections and keys in other sessions
	bytes   int64                // that are stored
}

// awaited is a segment that is listed and did not come, of bytes up to end; 0 for all of the file.
type awaited struct {
	track  *track
	number uint64
	end    int64
}

// growth is how long a file is by now, how many of its bytes the store has, as it said last, and how many are counted.
type growth struct{ size, has, counted int64 }

// maxAwaited bounds how many segments that did not come a session remembers: a packager may name anything.
const maxAwaited = 4096

func newMedia() media {
	return media{
		coming: make(map[string]int64), lost: make(map[string]int64), grown: make(map[string]growth), absent: make(map[string]bool),
		awaited: make(map[string][]awaited), doubts: make(map[string]bool), others: make(map[string]bool),
	}
}

// give notes that bytes of a file, which may grow, are on their way, and returns the segments that waited for them. more reports whether the file was
// missing so far, so that other segments may be listed now.
func (m *media) give(path string, size int64, grows bool) (late []awaited, more bool) {
	more = m.gone(path) || m.absent[path]
	m.coming[path] = size
	delete(m.doubts, path)
	delete(m.lost, path)
	delete(m.absent, path)
	if g, known := m.grown[path]; known || grows && len(m.grown) < maxAwaited {
		g.size = size
		m.grown[path] = g
	}
	rest := m.awaited[path][:0]
	for _, a := range m.awaited[path] {
		if a.end <= size {
			late = append(late, a)
		} else {
			rest = append(rest, a)
		}
	}
	m.waiting -= len(late)
	if m.awaited[path] = rest; len(rest) == 0 {
		delete(m.awaited, path)
	}
	return late, more
}

// await notes that a segment did not come yet.
func (m *media) await(path string, a awaited) {
	if size, given := m.coming[path]; (!given || a.end > size) && m.waiting < maxAwaited && !slices.Contains(m.awaited[path], a) {
		m.awaited[path] = append(m.awaited[path], a)
		m.waiting++
	}
}

// need notes whether an init section or a key that is named came.
func (m *media) need(path string, came bool) {
	if came {
		delete(m.absent, path)
	} else if _, given := m.coming[path]; !given && len(m.absent) < maxAwaited {
		m.absent[path] = true
	}
}

// borrow notes that an init section or a key of another session is named.
func (m *media) borrow(published string) {
	if len(m.others) < maxAwaited {
		m.others[published] = true
	}
}

// store notes that the store has so many bytes of a file.
func (m *media) store(path string, has int64) {
	size, ok := m.coming[path]
	g, grows := m.grown[path]
	if grows {
		g.has = has
		m.grown[path] = g
	}
	if !ok && grows {
		size = g.size
	}
	if has < size {
		return
	}
	if ok {
		if m.bytes += size - g.counted; grows {
			g.counted = size
			m.grown[path] = g
		}
		delete(m.coming, path)
	}
	delete(m.lost, path)
	delete(m.doubts, path)
}

// found notes how many bytes of a file the store has, if it has it.
func (m *media) found(path string, size int64, there bool) {
	if there {
		m.store(path, size)
	}
	if m.comes(path) {
		m.lack(path, size)
	}
}

// wonder notes that nobody knows whether a file that was on its way is stored.
func (m *media) wonder(path string) {
	if m.comes(path) {
		m.doubts[path] = true
	}
}

// comes reports whether a file is on its way.
func (m *media) comes(path string) bool {
	_, ok := m.coming[path]
	return ok
}

// lose notes that the store will never have the whole file, only this many bytes, or those that it said it has: what is sent of a file that grows
// begins with these.
func (m *media) lose(path string, has int64) { m.lack(path, max(has, m.grown[path].has)) }

func (m *media) lack(path string, has int64) {
	delete(m.coming, path)
	delete(m.doubts, path)
	m.lost[path] = has
}

// misses reports whether an init section or a key that is named has not come, and still may.
func (m *media) misses() bool { return len(m.absent) > 0 }

// gone reports whether a file is lost, in part at least.
func (m *media) gone(path string) bool {
	_, ok := m.lost[path]
	return ok
}

// tellOne tells an Order what is known of a file, which it calls so.
func (m *media) tellOne(o *Order, name, path string) {
	switch has, gone := m.lost[path]; {
	case m.comes(path):
		o.Coming[name] = true
	case gone || m.absent[path]:
		o.Missing[name] = has
	}
}

// tell tells an Order what is known.
func (m *media) tell(o *Order) {
	o.Bytes, o.Missing, o.Grown, o.Coming = m.bytes, maps.Clone(m.lost), make(map[string]int64, len(m.grown)), make(map[string]bool, len(m.coming))
	for path := range m.absent {
		if _, known := o.Missing[path]; !known {
			o.Missing[path] = 0
		}
	}
	for path, g := range m.grown {
		o.Grown[path] = g.size
	}
	for path := range m.coming {
		o.Coming[path] = true
	}
}
