package recorder

import (
	"iter"
	"slices"

	"github.com/hlsship/hlsship/uploader/recording"
)

// Part is a part of what was recorded, to be kept over a restart (Config.Keep). Those of a session are kept in their order.
type Part struct {
	// Session is its name, and List the path of the playlist that it is of.
	Session, List string
	// Sort says what it is.
	Sort Sort
	// Text is that of Chunk, Rest and More. Number is which Chunk of the list it is, from 0 on, or that of Stored.
	Text   []byte
	Number int
}

// Sort is what a Part is.
type Sort byte

const (
	// Chunk is a chunk of the index, or a multivariant playlist.
	Chunk Sort = 'c'
	// Stored says that the oldest Chunk of the list that was not stored now is, and which number the next one has.
	Stored Sort = 's'
	// Rest is what no Chunk has yet. It takes the place of the Rest before it; More adds to it.
	Rest Sort = 'r'
	// More adds to a Rest.
	More Sort = 'm'
	// Gap says that not all Chunks of the list are kept.
	Gap Sort = 'g'
	// Over says that the session is closed for good: nothing of it need be kept.
	Over Sort = 'o'
)

// parts are those that were not told yet. This file alone writes it.
type parts struct {
	keep bool // somebody keeps them
	all  []Part
}

// tell adds one.
func (x *parts) tell(p Part) {
	if x.keep {
		x.all = append(x.all, p)
	}
}

// take returns them, and starts over.
func (x *parts) take() (all []Part) {
	all, x.all = x.all, nil
	return all
}

// Parts returns what is to be kept since it was called last.
func (r *Recorder) Parts() []Part { return r.parts.take() }

// restOf tells what no chunk has of a list.
func (x *parts) restOf(session string, t *track) {
	if !x.keep {
		return
	}
	rest := t.Rest()
	if !t.differs(rest) {
		return
	}
	x.gapOf(session, t)
	sort := Rest
	for _, text := range rest {
		x.tell(Part{session, t.list.path, sort, text, 0})
		sort = More
	}
	if sort == Rest {
		x.tell(Part{session, t.list.path, sort, nil, 0})
	}
}

// gapOf tells, once, that not all chunks of a list are kept.
func (x *parts) gapOf(session string, t *track) {
	if t.lacks() {
		x.tell(Part{Session: session, List: t.list.path, Sort: Gap})
	}
}

// kept is what an earlier process kept of a list.
type kept struct {
	chunks [][]byte
	gap    bool // some are missing
	stored int
	next   int
	rest   [][]byte
}

// restore takes in what an earlier process kept, in its order. What cannot be read is passed over: the store is asked for it.
func (r *Recorder) restore(all []Part) {
	sessions := make(map[string]map[string]*kept)
	for _, p := range all {
		if p.Sort == Over {
			delete(sessions, p.Session)
			continue
		}
		if sessions[p.Session] == nil {
			sessions[p.Session] = make(map[string]*kept)
		}
		k := sessions[p.Session][p.List]
		if k == nil {
			k = &kept{}
			sessions[p.Session][p.List] = k
		}
		switch p.Sort {
		case Chunk:
			k.gap = k.gap || p.Number != len(k.chunks)
			k.chunks = append(k.chunks, p.Text)
		case Stored:
			k.stored, k.next = min(k.stored+1, len(k.chunks)), p.Number
		case Rest:
			k.rest = nil
			fallthrough
		case More:
			if p.Text != nil {
				k.rest = append(k.rest, p.Text)
			}
		case Gap:
			k.gap = true
		case Over:
		}
	}
	for name, lists := range sessions {
		s, gaps := r.session(name, false), false
		for path, k := range lists {
			gaps = gaps || k.gap
			if isMaster(newest(slices.All(k.chunks))) {
				s.copyKept(path, k)
			} else {
				s.track(r.list(path)).restore(k)
			}
		}
		if !gaps { // else the store is asked for the rest
			s.learn(nil)
		}
	}
}

// restore goes on where an earlier process was.
func (t *track) restore(k *kept) {
	for i := max(0, k.stored-1); i < len(k.chunks); i++ {
		_ = t.Resume(i, k.chunks[i]) // else it is recorded again
	}
	for _, text := range k.rest {
		_ = t.Track.Restore(text) // else the store is asked for it
	}
	t.adopt(k)
}

// whole reports whether all chunks of a list were kept.
func whole(chunks [][]byte, made int) bool { return made >= 0 && len(chunks) == made }

// Kept returns which lists of the session need not be read from the store, of what was kept of it.
func (o *Order) Kept(all []Part) map[string]iter.Seq2[int, []byte] {
	found, packed := make(map[string][][]byte), make(map[string]iter.Seq2[int, []byte])
	gaps := make(map[string]bool)
	for _, p := range all {
		if p.Session != o.Session {
			continue
		}
		if p.Sort == Gap {
			gaps[p.List] = true
		}
		if p.Sort == Chunk {
			gaps[p.List] = gaps[p.List] || p.Number != len(found[p.List])
			found[p.List] = append(found[p.List], p.Text)
		}
	}
	for list, chunks := range found {
		if made, ok := o.Made[list]; ok && !gaps[list] && whole(chunks, made) {
			packed[list] = recording.Packed(chunks)
		}
	}
	return packed
}
