package hls

import "time"

// MaxPlaylistSize is the largest playlist that Parse accepts, in bytes. A day of 1-second segments is
// about 7 MiB; what is larger is no playlist that a player would load.
const MaxPlaylistSize = 32 << 20

// Playlist is what Parse or ParseFile found in a text.
type Playlist struct {
	// Kind is MediaPlaylist or MultivariantPlaylist, or Manifest after ParseFile of one. A playlist with
	// tags of neither kind is a MediaPlaylist.
	Kind Kind
	// Ended is true when EXT-X-ENDLIST is there: no segment will be added (RFC 8216 §4.3.3.4). A Manifest
	// has ended unless its @type is dynamic.
	Ended bool
	// TargetDuration is EXT-X-TARGETDURATION (RFC 8216 §4.3.3.1), a day if it is more; 0 if absent. Of a Manifest it is the
	// length of the longest segment named, @maxSegmentDuration if no length is stated.
	TargetDuration time.Duration
	// Duration is the sum of all EXTINF (RFC 8216 §4.3.2.1), each a day at most and all a thousand, and Shortest the shortest of the last three; 0 if
	// absent. A Manifest has neither.
	Duration, Shortest time.Duration
	// UpdatePeriod is a Manifest's @minimumUpdatePeriod; 0 if absent.
	UpdatePeriod time.Duration
	// MediaSequence is the number of the first segment (RFC 8216 §4.3.3.2); 0 if absent. That of a Manifest
	// never falls while one packager runs: it is what the name of the first representation's first segment
	// counts, $Number$ or $Time$ in microseconds, plus the start of its period in microseconds, as
	// each period may count again.
	MediaSequence uint64
	// DiscontinuitySequence is EXT-X-DISCONTINUITY-SEQUENCE (RFC 8216 §4.3.3.3); 0 if absent.
	DiscontinuitySequence uint64
	// Segments counts the media segments: those listed, those marked EXT-X-GAP included, and those that a
	// playlist delta update leaves out (EXT-X-SKIP, RFC 8216bis §4.4.5.2); of a Manifest those of its first
	// representation in its first period, without Hints.
	Segments int
	// BlockingReload is true when the playlist tells players to have their requests held until a new part is there
	// (EXT-X-SERVER-CONTROL with CAN-BLOCK-RELOAD=YES, RFC 8216bis §4.4.3.8), which no bucket does.
	BlockingReload bool
	// References are all URIs in the order of the text, duplicates and foreign ones included.
	References []Reference

	made int64 // bytes of the names that templates and variables made
}

// Cost returns the memory, in bytes, that the playlist takes at most, together with its text of so many bytes. It is what the
// function Cost says of the text and the references, and more where templates or variables made long names of a short text.
// With ParseOptions.Memory it is never more than fits there.
func (p *Playlist) Cost(text int64) int64 {
	references := int64(len(p.References))
	return Cost(text, len(p.References)) + excess(p.made, text, references)
}

// LastSequence returns the media sequence number of the last segment. ok is false when the playlist has
// none.
func (p *Playlist) LastSequence() (n uint64, ok bool) {
	if p.Segments == 0 {
		return 0, false
	}
	return p.MediaSequence + uint64(p.Segments) - 1, true
}

// Reference is one URI of a playlist.
type Reference struct {
	// URI is the text between the quotes or on the line, after EXT-X-DEFINE substitution.
	URI string
	// Offset and Length are the byte range in bytes; Length 0 means the whole file. An EXT-X-BYTERANGE
	// without offset starts where the range before it in the same file ended (RFC 8216 §4.3.2.2). A
	// range that cannot be read is the whole file.
	Offset, Length int64
	// Span is where the URI stands in the text, before EXT-X-DEFINE substitution; zero in a Manifest, whose URIs are made of many
	// pieces.
	Span Span
	// Kind is what the tag makes of the file: Init for EXT-X-MAP, Key for EXT-X-KEY and
	// EXT-X-SESSION-KEY, Media for EXT-X-PART, one of Init and Media for EXT-X-PRELOAD-HINT,
	// MediaPlaylist for EXT-X-STREAM-INF, EXT-X-I-FRAME-STREAM-INF, EXT-X-IMAGE-STREAM-INF, EXT-X-MEDIA
	// and EXT-X-RENDITION-REPORT, else what Classify says of the name, or Media where it says Other and
	// the URI stands on a segment's line. A playlist or a Manifest on whatever line, a segment's included, has to be
	// stored before the playlist that names it, as every other file has.
	Kind Kind
	// Gap marks a segment that EXT-X-GAP says is missing: players must not load it.
	Gap bool
	// Hint marks a reference that no playlist waits for: an EXT-X-PRELOAD-HINT, whose file need not exist
	// yet; an EXT-X-RENDITION-REPORT, as renditions report one another, so that none could be first; and the
	// server of EXT-X-CONTENT-STEERING, which is hardly ever a file and without which players go on (RFC 8216bis
	// §4.4.6.6). In a Manifest it is a segment that is not due yet: once it is finished it is shipped, as no later
	// version need name it.
	Hint bool
	// Soft marks a segment that a Manifest's template counts by its times alone: it should be finished and may
	// not be, or not exist at all. Nobody waits for it unless it is there when the manifest is read.
	Soft bool
	// Optional marks what players go on without, and what may not be a file at all: an X-ASSET-LIST, for which mostly an ad
	// server answers. It is shipped if the directory has it, and nobody waits for it.
	Optional bool
	// Unresolved is true when nobody can tell which file is meant: the URI's path still holds a variable
	// that this text does not define (EXT-X-DEFINE with IMPORT or QUERYPARAM), or its closing quote is
	// missing.
	Unresolved bool
}

// Span is a part of a text, in bytes from its beginning: text[s.Offset:][:s.Length]. The bytes of different References do not overlap.
type Span struct{ Offset, Length uint32 }

// Target says where a URI points.
type Target uint8

const (
	// Local is a file below the watched directory.
	Local Target = iota
	// Elsewhere is another origin, another path of the same one ("/x"), or data: the packager's directory has no part in it.
	Elsewhere
	// Outside is a path that leaves the watched directory ("../../x") or that no key can have ("a//b"), so that no file
	// below it can be meant.
	Outside
)

// String returns "local", "elsewhere" or "outside".
func (t Target) String() string {
	switch t {
	case Elsewhere:
		return "elsewhere"
	case Outside:
		return "outside"
	}
	return "local"
}
