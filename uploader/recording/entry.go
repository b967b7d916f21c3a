package recording

import (
	"slices"
	"time"

	"github.com/hlsship/hlsship/uploader/plan/edition"
)

// need is a file, or its bytes up to a number, without which a segment cannot be played. end is 0 for all of it.
type need struct {
	path string
	end  int64
}

// paths returns those of files.
func paths(needs []need) (all []string) {
	for _, n := range needs {
		all = append(all, n.path)
	}
	return all
}

// Binding is what a listed segment is to the session of a Track.
type Binding uint8

const (
	// Elsewhere is a segment of another session, or of none: it is no entry.
	Elsewhere Binding = iota
	// Waiting is one of this session whose bytes are not known yet.
	Waiting
	// Bound is one whose bytes are known, and stored in this session or on their way there.
	Bound
	// Hole is one that nobody waits for any more. Should it come after all, it is Bound.
	Hole
)

// String returns "elsewhere", "waiting", "bound" or "hole".
func (b Binding) String() string {
	switch b {
	case Waiting:
		return "waiting"
	case Bound:
		return "bound"
	case Hole:
		return "hole"
	}
	return "elsewhere"
}

// entry is one segment of a recording.
type entry struct {
	edition.Listed
	folder string // what stands before the URI, where that is not yet in it
	done   int64  // when its bytes were complete, in milliseconds since 1970; 0 if nobody knows
	state  Binding
	head   bool   // it is known as the head of a list alone, so that its lines may be those of the list
	lacks  bool   // its keys or its map did not come
	sum    uint64 // of what was said last
	ref    string // the URI with its variables substituted, of what was read
	needs  []need
	before *entry // with other keys, or another map
	// apart says that nobody knows how many segments are before it, guessed that nobody saw it listed, kept that a closing list has it.
	apart, guessed, kept bool
}

// take takes in what is newer of the same segment.
func (e *entry) take(now *entry) {
	was := *e
	if other := !was.sameBytes(now); (other || !now.head) && (now.state == Bound || was.state != Bound) {
		e.Listed, e.ref, e.needs, e.head = now.Listed, now.ref, now.needs, now.head
		if !other {
			e.Offset, e.Loose = was.Offset, was.Loose
		}
		if other || was.state != Bound {
			e.done = now.done
		}
	}
	if now.state == Bound || was.state == Waiting {
		e.state, e.folder, e.URI, e.ref = now.state, now.folder, now.URI, now.ref
	}
	e.turn(&was, now)
	if e.done == 0 || was.state != Bound && now.state == Bound {
		e.done = now.done
	}
	e.sum, e.Broken = now.sum, was.Broken || now.Broken
	if e.Date, e.Begins = now.Date, now.Begins; now.Date == "" {
		e.Date, e.Begins = was.Date, was.Begins
	}
	e.Ranges = slices.Clip(was.Ranges)
	for _, line := range now.Ranges {
		if !slices.Contains(e.Ranges, line) {
			e.Ranges = append(e.Ranges, line)
		}
	}
}

// turn takes in how it is to be read, which the head of a list states again. What is bound stays as it was while that did not come.
func (e *entry) turn(was, now *entry) {
	switch {
	case was.state == Bound && (now.state != Bound || now.lacks && !was.lacks && was.sameName(now)):
		e.Way, e.needs, e.lacks = was.Way, was.needs, was.lacks
	case now.Way.Map.Line != "" || len(now.Way.Keys) > 0:
		if was.turns(now) {
			e.before = &entry{Listed: edition.Listed{Way: was.Way}, needs: was.needs}
		}
		e.Way, e.needs, e.lacks = now.Way, now.needs, now.lacks
	}
}

// turns reports whether what is bound is to be read otherwise.
func (e *entry) turns(now *entry) bool {
	return e.state == Bound && now.state == Bound && e.sameName(now) && !sameWay(e, now)
}

// sameBytes reports whether both are the same part of a file of that name.
func (e *entry) sameBytes(other *entry) bool {
	name := e.URI == other.URI || e.folder+e.URI == other.folder+other.URI
	return name && e.Size == other.Size && (e.Offset == other.Offset || e.Loose || other.Loose)
}

// end returns where its bytes end in their file; 0 for all of that.
func (e *entry) end() int64 {
	if e.Size == 0 {
		return 0
	}
	return e.Offset + e.Size
}

// sameName is sameBytes, but for the folders of variants.
func (e *entry) sameName(other *entry) bool {
	return withoutVariant(e.URI) == withoutVariant(other.URI) && e.Size == other.Size && e.Offset == other.Offset
}

// leads reports whether it is bound under that folder.
func (e *entry) leads(folder string) bool {
	return e.state == Bound && e.folder+e.URI == folder+withoutVariant(e.URI)
}

// bind notes that its bytes are known, and that this stands before its URI.
func (e *entry) bind(folder string, done int64) {
	if e.state == Bound {
		e.URI, e.ref = withoutVariant(e.URI), withoutVariant(e.ref)
	} else {
		e.sum = ^e.sum
	}
	e.state, e.folder, e.done = Bound, folder, done
	e.ref = folder + e.ref
}

// follows reports whether no segment is between both.
func (e *entry) follows(before *entry) bool { return before != nil && e.Number == before.Number+1 }

// milliseconds returns a time as an index has it.
func milliseconds(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return max(at.UnixMilli(), 0)
}

// search returns where the entry of that number is, or would be.
func search(all []*entry, number uint64) (at int, found bool) {
	return slices.BinarySearchFunc(all, number, func(e *entry, n uint64) int {
		switch {
		case e.Number < n:
			return -1
		case e.Number > n:
			return 1
		}
		return 0
	})
}
