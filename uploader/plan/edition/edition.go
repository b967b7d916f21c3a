package edition

import (
	"bytes"
	"errors"
	"time"
)

var (
	// ErrDelta is returned by Read for a playlist delta update (EXT-X-SKIP), which does not say what it leaves out.
	ErrDelta = errors.New("a delta update cannot be continued")
	// ErrNoMedia is returned by Read and Resume for what is no media playlist.
	ErrNoMedia = errors.New("not a media playlist")
	// ErrEmpty is returned by Edition.Next for a Version without a segment to list, while the Edition has some: what is published stays.
	ErrEmpty = errors.New("no segment to list")
	// ErrTooLarge is returned by Edition.Next for a text above hls.MaxPlaylistSize.
	ErrTooLarge = errors.New("the published playlist would be too large")
	// ErrNumbers is returned by Edition.Next when no media sequence number is left.
	ErrNumbers = errors.New("media sequence numbers are used up")
	// ErrKeys is returned by Read and Resume for more keys in force at once than any player takes.
	ErrKeys = errors.New("too many keys at once")
)

// Choices are what the caller decided about a Version. The zero value lists all segments under the packager's own URIs, as the same run.
type Choices struct {
	// Run names the run that the packager's Version belongs to. What names published segments under their folders goes on with them, whatever
	// its Run is; else a Version whose Run is not that of the Edition is a new run. Behind Resume no run is known, and what names no published
	// segment is a new one.
	Run string
	// Discontinuity is the number that the run's first segment has in all lists of the stream (RFC 8216 §6.2.1). A list that counted
	// further goes on from where it is.
	Discontinuity uint64
	// Folder returns what is inserted before the URI of that reference of the Playlist, such as "../20261130T010203Z/v0/". It is asked for
	// references that are Insertable alone, and answers the same for a segment that is published. nil inserts nothing.
	Folder func(reference int) string
	// Begun returns when that segment began, which is when it was finished less its duration; zero if nobody knows. nil knows none.
	Begun func(segment int) time.Time
	// Hole says that nobody waits for that segment any more. nil knows none.
	Hole func(segment int) bool
	// Cut says that another rendition of the stream has a hole before that segment, which then stands behind EXT-X-DISCONTINUITY as if
	// it were behind one of its own. nil knows none.
	Cut func(segment int) bool
	// Gaps has holes listed, with EXT-X-GAP, instead of left out. They keep their numbers and folders, and no player asks for them.
	Gaps bool
	// Lost says of a URI under its folder that its bytes will never be stored. Segments of older runs that need it do not stay, nor those before
	// them. nil knows none.
	Lost func(uri string) bool
	// HoldEnd leaves EXT-X-ENDLIST out.
	HoldEnd bool
}

// Published is a segment of an Edition.
type Published struct {
	// Number is its media sequence number, and Discontinuity its discontinuity number (RFC 8216 §3, §6.2.1).
	Number, Discontinuity uint64
	// URI is the text of its line, variables not substituted.
	URI string
	// Offset and Length are its byte range; Length is 0 for all of the file.
	Offset, Length int64
	// Segment is its place in the Version that the Edition was made of, -1 if that does not list it, and for all segments behind Resume.
	Segment int
	// Gap is true if EXT-X-GAP marks it, and Begins if a run begins with it, behind the segments of another one.
	Gap, Begins bool
}

// Edition is one published text, and what is needed to continue it. The zero value and nil have published nothing. It never changes.
type Edition struct {
	*cut
	made
}

// made is what Next knows and Resume does not.
type made struct {
	run     string
	last    anchor
	places  []int32 // those of the segments in the Version, -1 for what it does not list
	omitted []int
	seamed  bool
}

// anchor is the segment listed last as its packager counts it.
type anchor struct {
	known                 bool
	number, discontinuity uint64
}

// Resume returns the Edition whose text a store has, and which hls.Parse accepts. text is kept and must not be changed. The error is
// ErrNoMedia, ErrDelta, ErrKeys or ErrNumbers: nobody can continue that text.
func Resume(text []byte) (*Edition, error) {
	c, err := cutText(text, 0)
	if err != nil {
		return nil, err
	}
	if c.first > c.first+uint64(len(c.segments)) {
		return nil, ErrNumbers
	}
	return &Edition{cut: c}, nil
}

// published returns what is cut of the text, of which nothing is there for nil and the zero value.
func (e *Edition) published() *cut {
	if e == nil || e.cut == nil {
		return &cut{}
	}
	return e.cut
}

// Text returns the bytes to publish, which must not be changed; nil if there are none.
func (e *Edition) Text() []byte { return e.published().text }

// Len returns the number of segments.
func (e *Edition) Len() int { return len(e.published().segments) }

// Segment returns segment i of the text.
func (e *Edition) Segment(i int) Published {
	s := &e.cut.segments[i]
	p := Published{Number: e.first + uint64(i), Discontinuity: e.number(i), URI: string(s.uri.of(e.text)), Segment: -1, Gap: s.has(missing), Begins: s.has(seam)}
	if w := e.cut.windows[s.window]; w.size > 0 {
		p.Offset, p.Length = w.offset, w.size
	}
	if e.places != nil {
		p.Segment = int(e.places[i])
	}
	return p
}

// Discontinuity returns the discontinuity number of the last segment, 0 if there is none.
func (e *Edition) Discontinuity() uint64 {
	c := e.published()
	if n := len(c.segments); n > 0 {
		return c.number(n - 1)
	}
	return 0
}

// Continues reports whether e may be published after before: what both number is the same in both, and nothing falls. An Edition that was made
// of an older one than before may begin a run at numbers that before has given to others.
func (e *Edition) Continues(before *Edition) bool {
	now, old := e.published(), before.published()
	if len(old.segments) == 0 || now.fixed || old.fixed {
		return true
	}
	end := old.first + uint64(len(old.segments))
	if now.first < old.first || now.first+uint64(len(now.segments)) < end {
		return false
	}
	for i := range now.segments {
		n := now.first + uint64(i)
		if n >= end {
			return now.number(i) >= old.number(len(old.segments)-1)
		}
		j := int(n - old.first) //nolint:gosec // it is below the number of segments
		if now.number(i) != old.number(j) || !now.alike(i, old, j) {
			return false
		}
	}
	return true
}

// alike reports whether segment i of c is segment j of old: the same bytes of the same URI.
func (c *cut) alike(i int, old *cut, j int) bool {
	a, b := &c.segments[i], &old.segments[j]
	x, y := c.windows[a.window], old.windows[b.window]
	return x.size == y.size && (x.offset == y.offset || x.loose || y.loose) && bytes.Equal(a.uri.of(c.text), b.uri.of(old.text))
}

// Ended reports whether the text has EXT-X-ENDLIST.
func (e *Edition) Ended() bool { return e.published().ended }

// Seam reports whether Next began a run behind what was published, which every segment of the Version is behind.
func (e *Edition) Seam() bool { return e.seamed }

// Omitted returns, ascending, which References of the Version the text does not name under a folder, or names with EXT-X-GAP: those of holes, of
// what is taken out, and of what has no folder. nil behind Resume.
func (e *Edition) Omitted() []int { return e.omitted }

// Kept returns how many segments the text has that the Version does not list. If there are some, the text names them and their
// keys and maps beside the Version's own references: hls.Parse finds them. All of them are kept behind Resume.
func (e *Edition) Kept() int {
	if e.places == nil {
		return e.Len()
	}
	n := 0
	for _, i := range e.places {
		if i < 0 {
			n++
		}
	}
	return n
}

// Cost returns the memory in bytes that e takes beside its text.
func (e *Edition) Cost() int64 {
	return e.published().cost() + int64(cap(e.places))*4 + int64(cap(e.omitted))*8
}
