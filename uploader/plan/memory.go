package plan

import (
	"bytes"
	"crypto/sha256"
	"time"
)

// What playlists take in memory is counted in the Account of the process (Config.Memory): the text of each version that may
// still be published, what a version means by its references, and names of which there is no file. Of a published version
// only a sum of its text is kept. What files take is not counted: there are as many as the directory has.

const (
	// bindSize is what a reference of a version takes, nameSize a name of which there is no file, in bytes.
	bindSize, nameSize = 48, 768
	// few is how many versions of a playlist are kept at most while memory is tight, or while they take more than
	// 1/maxVersions of all.
	few, maxVersions = 4, 16
)

// text is that of a playlist's version. Once that is published, its sum is all that is kept.
type text struct {
	content []byte // nil if it was let go
	prefix  bool   // the next pending version begins with it, and shares its memory
	size    int
	sum     [sha256.Size]byte // of a text that was let go
}

func newText(content []byte) text { return text{content: content} }

// reread notes that the text is at hand again.
func (t *text) reread(content []byte) { t.content = content }

// own notes that nobody else has the memory of the text.
func (t *text) own() { t.prefix = false }

// is reports whether it is the same as content.
func (t *text) is(content []byte) bool {
	if t.content != nil || t.size != len(content) {
		return bytes.Equal(t.content, content)
	}
	return sha256.Sum256(content) == t.sum
}

// letGo keeps a sum of the text in its place.
func (t *text) letGo() {
	if t.content != nil {
		t.size, t.sum = len(t.content), sha256.Sum256(t.content)
	}
	t.content, t.prefix = nil, false
}

// share has the pending versions of l share the memory of next, the newest text, as far as they are its beginning: those of an
// EVENT playlist are, but for the lines that were added.
func (p *Plan) share(l *list, next []byte) {
	for i := len(l.pending) - 1; i >= 0; i-- {
		s := l.pending[i]
		if i == len(l.pending)-1 {
			s.text.prefix = bytes.HasPrefix(next, s.text.content)
		}
		if !s.text.prefix {
			return
		}
		n := len(s.text.content)
		s.text.content = next[:n:n]
		p.weigh(s)
	}
}

// weigh counts what s takes.
func (p *Plan) weigh(s *snapshot) {
	size := int64(len(s.binds)) * bindSize
	if !s.text.prefix {
		size += int64(len(s.text.content))
	}
	for _, uri := range s.urls {
		size += int64(len(uri))
	}
	if s.pending() {
		for i := range s.binds {
			if o := s.binds[i].obj; o.disk.Newest() == nil && o.disk.Candidate() == nil {
				size += nameSize
			}
		}
		for _, child := range s.lists {
			if child.last == nil {
				size += nameSize
			}
		}
	}
	s.size = size
	s.file.Share.Set(size)
}

// mayYield lets s be dropped when others need its memory.
func (p *Plan) mayYield(s *snapshot) {
	if p.cfg.Yield != nil {
		path, seq := s.list.path, s.seq
		s.file.Share.MayYield(func() { p.cfg.Yield(path, seq) })
	}
}

// Yield drops a version of a playlist, as Config.Yield was called for it. If it is the newest, the watcher is asked to read
// the playlist again when there is room.
func (p *Plan) Yield(path string, seq uint64) {
	l := p.lists[path]
	if l == nil {
		return
	}
	for i, s := range l.pending {
		switch {
		case s.seq != seq:
			continue
		case s == l.flying || l.doubts(s):
			p.mayYield(s) // it will be published soon, or is read back
			return
		}
		p.dropSnapshot(l, i)
		if s == l.last {
			l.recede(l.published)
			l.yielded = s.file.Seen
			if l.last == nil {
				p.hasNone(l)
			}
			p.out.look(l.path)
		}
		p.wake(l.stream)
		p.touch(l.stream)
		return
	}
}

// tooMany reports whether versions of l are to be dropped: there are too many of them, or they take too much.
func (p *Plan) tooMany(l *list) bool {
	if n := len(l.pending); n <= few || n > p.cfg.Snapshots {
		return n > p.cfg.Snapshots
	}
	if p.cfg.Memory.Tight() {
		return true
	}
	size := int64(0)
	for _, s := range l.pending {
		size += s.size
	}
	return p.cfg.Memory.Limit() > 0 && size > p.cfg.Memory.Limit()/maxVersions
}

// regain notes that no version that gave its memory up is missed.
func (l *list) regain() { l.yielded = time.Time{} }

// heldForMemory says what l waits for if its newest version gave its memory up.
func (l *list) heldForMemory() (w Wait, ok bool) {
	return Wait{Playlist: l.path, Name: l.path, Since: l.yielded, Reason: "memory"}, l.yielded != time.Time{}
}

// bound drops snapshots from the middle when there are too many: the oldest is the next to become true and
// the newest is the goal. What a dropped snapshot named is shipped all the same.
func (p *Plan) bound(l *list) {
	for p.tooMany(l) {
		i := len(l.pending) / 2
		for i > 0 && (l.pending[i].file.Playlist.Ended || l.pending[i] == l.edge.goal || l.doubts(l.pending[i])) {
			i--
		}
		p.dropSnapshot(l, max(i, 1))
	}
}
