package edition

import "strings"

// word is what a line of a media playlist is, as far as an edition treats it apart.
type word uint8

const (
	other         word = iota // blank lines, comments, and tags that belong to the next segment and are kept as they are
	uri                       // the line of a segment
	inf                       // EXTINF
	byteRange                 // EXT-X-BYTERANGE
	gap                       // EXT-X-GAP
	discontinuity             // EXT-X-DISCONTINUITY
	dateTime                  // EXT-X-PROGRAM-DATE-TIME
	key                       // EXT-X-KEY
	initMap                   // EXT-X-MAP
	bitrate                   // EXT-X-BITRATE
	dateRange                 // EXT-X-DATERANGE
	runMark                   // the comments of an edition
	holeMark
	// What only a server that blocks requests can keep true is taken out.
	part    // EXT-X-PART, EXT-X-PRELOAD-HINT, EXT-X-PREFETCH
	partInf // EXT-X-PART-INF
	report  // EXT-X-RENDITION-REPORT, which has media sequence numbers
	skip    // EXT-X-SKIP
	// These are of the whole playlist, wherever they stand.
	endList
	control // EXT-X-SERVER-CONTROL
	version
	target
	sequence
	discontinuitySequence
	playlistType
	define
	iFramesOnly
	playlistTag // the others
	multivariant
)

const (
	runComment  = "## hlsship: new run"
	holeComment = "## hlsship: segment missing"
)

// ofSegment reports whether the first line of this kind begins what belongs to the first segment.
func (w word) ofSegment() bool { return w > other && w < partInf }

// ofPlaylist reports whether such a line is of the whole playlist.
func (w word) ofPlaylist() bool { return w >= endList && w < multivariant }

// ofOne reports whether such a line says something of one segment alone, and of none if that is left out.
func (w word) ofOne() bool { return w >= uri && w <= dateTime || w == part }

// wordOf returns what the line is, which has no white space around it.
func wordOf(line []byte) word {
	switch {
	case len(line) == 0:
		return other
	case line[0] != '#':
		return uri
	case len(line) > 3 && string(line[:4]) == "#EXT":
		name := line
		for i, c := range line {
			if c == ':' {
				name = line[:i]
				break
			}
		}
		return tagOf(name)
	case string(line) == runComment:
		return runMark
	case string(line) == holeComment:
		return holeMark
	}
	return other
}

// tagOf returns what the tag is; name is with #.
func tagOf(name []byte) word {
	switch string(name) {
	case "#EXTINF":
		return inf
	case "#EXT-X-BYTERANGE":
		return byteRange
	case "#EXT-X-GAP":
		return gap
	case "#EXT-X-DISCONTINUITY":
		return discontinuity
	case "#EXT-X-PROGRAM-DATE-TIME":
		return dateTime
	case "#EXT-X-KEY":
		return key
	case "#EXT-X-MAP":
		return initMap
	case "#EXT-X-BITRATE":
		return bitrate
	case "#EXT-X-DATERANGE":
		return dateRange
	case "#EXT-X-PART", "#EXT-X-PRELOAD-HINT", "#EXT-X-PREFETCH":
		return part
	case "#EXT-X-PART-INF":
		return partInf
	case "#EXT-X-RENDITION-REPORT":
		return report
	case "#EXT-X-SKIP":
		return skip
	case "#EXT-X-ENDLIST":
		return endList
	case "#EXT-X-SERVER-CONTROL":
		return control
	case "#EXT-X-VERSION":
		return version
	case "#EXT-X-TARGETDURATION":
		return target
	case "#EXT-X-MEDIA-SEQUENCE":
		return sequence
	case "#EXT-X-DISCONTINUITY-SEQUENCE":
		return discontinuitySequence
	case "#EXT-X-PLAYLIST-TYPE":
		return playlistType
	case "#EXT-X-DEFINE":
		return define
	case "#EXT-X-I-FRAMES-ONLY":
		return iFramesOnly
	case "#EXT-X-INDEPENDENT-SEGMENTS", "#EXT-X-START", "#EXT-X-ALLOW-CACHE":
		return playlistTag
	case "#EXT-X-STREAM-INF", "#EXT-X-MEDIA", "#EXT-X-I-FRAME-STREAM-INF", "#EXT-X-SESSION-KEY":
		return multivariant
	}
	return other
}

// taken are the attributes of EXT-X-SERVER-CONTROL that promise what no bucket does (RFC 8216bis §4.4.3.8).
func taken(attribute string) bool {
	name, _, _ := strings.Cut(attribute, "=")
	switch strings.TrimSpace(name) {
	case "CAN-BLOCK-RELOAD", "PART-HOLD-BACK", "CAN-SKIP-UNTIL", "CAN-SKIP-DATERANGES":
		return true
	}
	return false
}
