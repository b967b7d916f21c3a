package edition

import (
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
	// Run names the run that the packager's Version belongs to. A Version whose Run is not that of the Edition is a new run; behind Resume
	// no run is known, and what names published segments goes on with theirs.
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
	// Gaps has holes listed with EXT-X-GAP instead of left out.
	Gaps bool
	// HoldEnd leaves EXT-X-ENDLIST out.
	HoldEnd bool
}

// Published is a segment of an Edition.
type Published struct {
	// Number is its media sequence number, and Discontinuity its discontinuity number (RFC 8216 §3, §6.2.1).
	Number, Discontinuity uint64
	// URI is the text of its line, variables not substituted.
	URI string
	// Segment is its place in the Version that the Edition was made of, -1 if that does not list it, and for all segments behind Resume.
	Segment int
	// Gap is true if EXT-X-GAP marks it.
	Gap bool
}

// Edition is one published text, and what is needed to continue it. The zero value and nil have published nothing. It never changes.
type Edition struct {
	text []byte
}

// Resume returns the Edition whose text a store has. text is kept and must not be changed. The error is ErrNoMedia or ErrKeys.
func Resume(text []byte) (*Edition, error) { return &Edition{text: text}, nil }

// Next returns what is to be published of v after e, which the caller puts in the place of e once it is stored. The error is ErrEmpty,
// ErrTooLarge or ErrNumbers.
func (e *Edition) Next(v *Version, c Choices) (*Edition, error) { return &Edition{text: v.text}, nil }

// Follows reports whether v goes on with what e published, or e has published no segment, so that Next makes no seam of it.
func (e *Edition) Follows(v *Version, c Choices) bool { return true }

// Text returns the bytes to publish, which must not be changed.
func (e *Edition) Text() []byte { return e.text }

// Len returns the number of segments.
func (e *Edition) Len() int { return 0 }

// Segment returns segment i of the text.
func (e *Edition) Segment(i int) Published { return Published{} }

// Discontinuity returns the discontinuity number of the last segment, 0 if there is none.
func (e *Edition) Discontinuity() uint64 { return 0 }

// Seam reports whether Next began a run behind segments of another one.
func (e *Edition) Seam() bool { return false }

// Omitted returns, ascending, which References of the Version the text does not name under their folders: those of holes, of what is taken
// out, and of what is not Insertable. nil behind Resume.
func (e *Edition) Omitted() []int { return nil }

// Old returns the part of the text that is of segments which the Version does not list: what hls.Parse finds there is named beside the
// Version's own references.
func (e *Edition) Old() []byte { return nil }

// Cost returns the memory in bytes that e takes beside its text.
func (e *Edition) Cost() int64 { return 0 }
