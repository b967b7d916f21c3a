package plan

// progress is how far the gate of one version has been seen to be open. It ends where the store holds less than what it was read to
// hold, or a reference lost its bytes. This file alone writes it.
type progress struct {
	cursor int // all binds before it are satisfied
	found  int // all playlists before it exist
	asked  int // all playlists before it have files or were asked for
}

// rewind starts over, as something before may not be so any more.
func (p *progress) rewind() { *p = progress{} }

// rewind has the gates of all versions of l that wait looked at from their beginning, as the store may hold less than it did.
func (l *list) rewind() {
	for _, s := range l.pending {
		s.rewind()
	}
}

// ready reports whether all that s names is stored as s means it.
func (s *snapshot) ready() bool {
	if s.fault.any() || s.text.content == nil {
		return false
	}
	for s.cursor < len(s.binds) && s.binds[s.cursor].satisfied() {
		s.cursor++
	}
	if s.cursor < len(s.binds) {
		return false
	}
	for s.found < len(s.lists) && s.lists[s.found].cell.Exists() {
		s.found++
	}
	return s.found == len(s.lists)
}

// satisfied reports whether the store holds what b means, or nobody waits for it.
func (b *bind) satisfied() bool {
	r := b.obj.cell.Ours()
	return b.free() || b.ver != nil && r != nil && r.ID == b.ver.ID && r.Reaches(b.need)
}

// toAsk returns the next playlist that s names and of which there is no file, so that the store is to be asked for it; nil if there
// is none.
func (s *snapshot) toAsk() *list {
	for ; s.asked < len(s.lists); s.asked++ {
		if child := s.lists[s.asked]; !child.cell.Answered() && !child.fetching && child.last == nil {
			return child
		}
	}
	return nil
}
