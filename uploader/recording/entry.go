package recording

import (
	"slices"
	"strings"
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

// entry is one segment of a recording. There are as many in memory as a day has segments.
type entry struct {
	segment
	folder string // what stands before the URI, where that is not yet in it
	ref    string // the URI with its variables substituted, of what was read
	before *way   // other keys, or another map
	done   int64  // when its bytes were complete, in milliseconds since 1970; 0 if nobody knows
	sum    uint64 // of what was said last
	loose  bool   // its Offset is stated nowhere
	broken bool   // EXT-X-DISCONTINUITY stands before it
	state  Binding
	head   bool // it is known as the head of a list alone, so that its lines may be those of the list
	lacks  bool // its keys or its map did not come
	// apart says that nobody knows how many segments are before it, guessed that nobody saw it listed, kept that a closing list has it.
	apart, guessed, kept bool
}

// segment is what an entry remembers of an edition.Listed.
type segment struct {
	Number       uint64
	Length       time.Duration
	Lines        string // with a line feed behind each
	URI          string
	Offset, Size int64
	Date         string
	Begins       *time.Time // nil if nobody knows
	Ranges       []string
	Way          *way
}

// way is how segments are to be read. Those that are read alike may share it, and it is not changed.
type way struct {
	edition.Way
	needs []need // of what was read
}

// newEntry returns the entry of what a version lists, without its Way.
func newEntry(l *edition.Listed, state Binding, sum uint64) *entry {
	e := &entry{state: state, sum: sum, loose: l.Loose, broken: l.Broken}
	e.segment = segment{Number: l.Number, Length: l.Length, URI: l.URI, Offset: l.Offset, Size: l.Size, Date: l.Date, Ranges: l.Ranges}
	for _, line := range l.Lines {
		e.Lines += line + "\n"
	}
	if !l.Begins.IsZero() {
		begins := l.Begins // without the rest
		e.Begins = &begins
	}
	return e
}

// gap reports whether the packager marked it with EXT-X-GAP, so that it has no bytes.
func (e *entry) gap() bool {
	const tag = "#EXT-X-GAP\n"
	return strings.HasPrefix(e.Lines, tag) || strings.Contains(e.Lines, "\n"+tag)
}

// take takes in what is newer of the same segment.
func (e *entry) take(now *entry) {
	was := *e
	if other := !was.sameBytes(now); (other || !now.head) && (now.state == Bound || was.state != Bound) {
		e.segment, e.loose, e.ref, e.head = now.segment, now.loose, now.ref, now.head
		if !other {
			e.Offset, e.loose = was.Offset, was.loose
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
	e.sum, e.broken = now.sum, was.broken || now.broken
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
		e.Way, e.lacks = was.Way, was.lacks
	case now.Way.Map.Line != "" || len(now.Way.Keys) > 0:
		if was.turns(now) {
			e.before = was.Way
		}
		e.Way, e.lacks = now.Way, now.lacks
	}
}

// turns reports whether what is bound is to be read otherwise.
func (e *entry) turns(now *entry) bool {
	return e.state == Bound && now.state == Bound && e.sameName(now) && !sameWay(e.Way, now.Way)
}

// sameBytes reports whether both are the same part of a file of that name.
func (e *entry) sameBytes(other *entry) bool {
	name := e.URI == other.URI || e.folder+e.URI == other.folder+other.URI
	return name && e.Size == other.Size && (e.Offset == other.Offset || e.loose || other.loose)
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
