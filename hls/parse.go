package hls

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	// ErrNotPlaylist is returned by Parse for a text whose first line is not #EXTM3U (RFC 8216
	// §4.3.1.1), the empty text included, and for one with a NUL byte, as a file has whose room was
	// reserved before its text was written; and by ParseFile for a manifest that is not one whole MPD. Such a
	// file must not be shipped. Most often its packager is just rewriting it in place: look at it again
	// once it changed.
	ErrNotPlaylist = errors.New("not a playlist")
	// ErrTooLarge is returned by Parse and ParseFile for a text above MaxPlaylistSize, for one whose
	// variables or templates make more than that of it, and for one with more than 1,048,576 URIs, or as many
	// as ParseOptions allow; and by ParseFile for a manifest that takes too many steps, or has too many elements,
	// for its length and its URIs. Nothing but a smaller playlist helps: shorten the packager's list.
	ErrTooLarge = errors.New("playlist too large")
	// ErrMalformed is returned by Parse for EXT-X-MEDIA-SEQUENCE, EXT-X-DISCONTINUITY-SEQUENCE,
	// EXT-X-TARGETDURATION and EXT-X-SKIP without a number, or with one that nobody can count with, and by
	// ParseFile for the like in timescales, durations and numbers of segments. Players refuse such a
	// playlist or count from a wrong number, so that it must not replace a good one.
	ErrMalformed = errors.New("malformed playlist")
)

// Parse reads a playlist (RFC 8216 §4). References are the URIs of all lines and of all tags, unknown
// tags included. It forgives what packagers do and players forgive: a byte order mark, CRLF line ends,
// a missing final newline, spaces around lines and attributes, missing quotes. It does not judge the
// text further: what would make it a bad playlist for a player does not make it another set of files.
// A byte range that is none stands for the whole file. A text with both segments and variants is taken
// as a media playlist. Nor is the text's encoding judged, for a title in Latin-1 harms nobody: a URI
// that is no UTF-8 is Outside for Resolve.
//
// The error wraps ErrNotPlaylist, ErrTooLarge or ErrMalformed and names the line if one is to blame.
// text is not kept: all URIs share one copy of it, so that one of them keeps all of it in memory. Time and
// memory are linear in its length.
func Parse(text []byte) (*Playlist, error) {
	p := parser{budget: newBudget(text, maxReferences)}
	return p.parse(text)
}

// withLineFeeds returns a copy of the text, byte by byte in the same place, in which each CR that no LF follows is a LF. RFC 8216 §4.1
// knows no such line end, some players do: hls.js loads what stands behind one.
func withLineFeeds(text []byte) string {
	var b strings.Builder
	b.Grow(len(text))
	for rest := text; ; {
		i := bytes.IndexByte(rest, '\r')
		if i < 0 {
			b.Write(rest)
			return b.String()
		}
		b.Write(rest[:i])
		end := byte('\n')
		if rest = rest[i+1:]; bytes.HasPrefix(rest, []byte("\n")) {
			end = '\r'
		}
		b.WriteByte(end)
	}
}

// countURIs returns how many lines are URIs.
func countURIs(text string) int {
	n := 0
	for text != "" {
		switch c := text[0]; {
		case isSpace(c):
			text = text[1:]
			continue
		case c != '#' && c != '\n':
			n++
		}
		end := strings.IndexByte(text, '\n')
		if end < 0 {
			break
		}
		text = text[end+1:]
	}
	return n
}

// isHeader accepts attributes behind the tag, which players ignore.
func isHeader(line string) bool {
	after, ok := strings.CutPrefix(line, "#EXTM3U")
	return ok && (after == "" || strings.IndexByte(" \t\r", after[0]) >= 0)
}

// trimLine returns the line without the white space around it, the CR of a CRLF included.
func trimLine(line string) string {
	line = trimEnd(line)
	for line != "" && isSpace(line[0]) {
		line = line[1:]
	}
	return line
}

// trimEnd returns the line without the white space behind it.
func trimEnd(line string) string {
	for line != "" && isSpace(line[len(line)-1]) {
		line = line[:len(line)-1]
	}
	return line
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' }

// parser is the state between two lines of one text.
type parser struct {
	list   Playlist
	budget budget
	vars   variables
	// byteRange, gap and variant are what the tags read so far say of the next URI line: the value of
	// EXT-X-BYTERANGE, whether EXT-X-GAP, whether EXT-X-STREAM-INF was there.
	byteRange    string
	gap, variant bool
	// lineEnd is where the line being read ends in the text, in bytes, without the white space behind it.
	lineEnd int
	// lengths are those of the last three segments, in turn; timed counts those that have one.
	lengths [3]time.Duration
	timed   int
	// Segments and partial segments count their byte ranges apart (RFC 8216bis §4.4.4.9).
	segmentEnds, partEnds rangeEnds
	// hasSegments and hasVariants tell of tags that only one of the two kinds of playlist has.
	hasSegments, hasVariants bool
}

// parse reads the whole text.
func (p *parser) parse(text []byte) (*Playlist, error) {
	if len(text) > MaxPlaylistSize {
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(text))
	}
	if i := bytes.IndexByte(text, 0); i >= 0 {
		line := 1 + bytes.Count(text[:i], []byte("\n"))
		return nil, fmt.Errorf("line %d: %w: NUL byte", line, ErrNotPlaylist)
	}
	first, rest, _ := strings.Cut(strings.TrimPrefix(withLineFeeds(text), "\ufeff"), "\n")
	if !isHeader(first) {
		return nil, fmt.Errorf("line 1: %w: no #EXTM3U", ErrNotPlaylist)
	}
	lines := countURIs(rest)
	if err := p.budget.allows(int64(lines)); err != nil {
		return nil, err
	}
	const some = 8 // those that stand in tags
	p.list.References = make([]Reference, 0, min(lines+some, int(p.budget.references)))
	for number := 2; rest != ""; number++ {
		var line string
		begin := len(text) - len(rest)
		line, rest, _ = strings.Cut(rest, "\n")
		line = trimEnd(line)
		p.lineEnd = begin + len(line)
		if err := p.read(trimLine(line)); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
	return p.finish()
}

// read takes in one line without its end. Lines that begin with # but not with #EXT are comments.
func (p *parser) read(line string) error {
	p.budget.turn()
	switch {
	case line == "":
		return nil
	case line[0] != '#':
		return p.readURI(line)
	case strings.HasPrefix(line, "#EXT"):
		name, value, _ := strings.Cut(line[1:], ":")
		return p.readTag(name, value)
	}
	return nil
}

// readURI takes in a line that is a URI: that of a variant behind EXT-X-STREAM-INF, else a segment.
func (p *parser) readURI(line string) error {
	byteRange, gap, variant := p.byteRange, p.gap, p.variant
	p.byteRange, p.gap, p.variant = "", false, false
	ref := Reference{URI: line, Span: p.span(line, len(line))}
	if variant {
		ref.Kind = MediaPlaylist
		return p.add(ref, nil, "")
	}
	ref.Gap = gap
	if err := p.add(ref, &p.segmentEnds, byteRange); err != nil {
		return err
	}
	p.list.Segments++
	if segment := &p.list.References[len(p.list.References)-1]; segment.Kind == Other {
		segment.Kind = Media
	}
	return nil
}

// readTag takes in a tag; name is without #.
func (p *parser) readTag(name, value string) (err error) {
	list := attributes(value)
	switch name {
	case "EXTINF":
		p.hasSegments, p.variant = true, false
		p.lasting(value)
	case "EXT-X-BYTERANGE":
		p.byteRange = value
	case "EXT-X-GAP":
		p.gap = true
	case "EXT-X-ENDLIST":
		p.list.Ended = true
	case "EXT-X-TARGETDURATION":
		p.hasSegments = true
		p.list.TargetDuration, err = parseSeconds(name, value)
	case "EXT-X-MEDIA-SEQUENCE":
		p.list.MediaSequence, err = parseSequence(name, value)
	case "EXT-X-DISCONTINUITY-SEQUENCE":
		p.list.DiscontinuitySequence, err = parseSequence(name, value)
	case "EXT-X-SKIP":
		err = p.readSkip(name, list)
	case "EXT-X-SERVER-CONTROL":
		can, _ := list.get("CAN-BLOCK-RELOAD")
		p.list.BlockingReload = can == "YES"
	case "EXT-X-DEFINE":
		err = p.vars.define(list, &p.budget)
	case "EXT-X-MAP":
		byteRange, _ := list.get("BYTERANGE")
		err = p.addAll(list, Reference{Kind: Init}, nil, byteRange)
	case "EXT-X-PART":
		byteRange, _ := list.get("BYTERANGE")
		gap, _ := list.get("GAP")
		err = p.addAll(list, Reference{Kind: Media, Gap: gap == "YES"}, &p.partEnds, byteRange)
	case "EXT-X-PRELOAD-HINT":
		err = p.readHint(list)
	case "EXT-X-PREFETCH":
		// The low-latency tag of the time before EXT-X-PART; its value is the URI.
		uri := trimLine(value)
		err = p.add(Reference{URI: uri, Span: p.span(uri, len(uri)), Kind: Media, Hint: true}, nil, "")
	case "EXT-X-KEY":
		err = p.readKey(list)
	case "EXT-X-SESSION-KEY":
		p.hasVariants = true
		err = p.readKey(list)
	case "EXT-X-STREAM-INF":
		p.hasVariants, p.variant = true, true
		err = p.addAll(list, Reference{Kind: MediaPlaylist}, nil, "")
	case "EXT-X-MEDIA", "EXT-X-I-FRAME-STREAM-INF", "EXT-X-IMAGE-STREAM-INF":
		p.hasVariants = true
		err = p.addAll(list, Reference{Kind: MediaPlaylist}, nil, "")
	case "EXT-X-RENDITION-REPORT":
		err = p.addAll(list, Reference{Kind: MediaPlaylist, Hint: true}, nil, "")
	case "EXT-X-SESSION-DATA":
		p.hasVariants = true
		err = p.addAll(list, Reference{}, nil, "")
	case "EXT-X-CONTENT-STEERING":
		p.hasVariants = true
		err = p.addAll(list, Reference{Hint: true}, nil, "")
	default:
		err = p.addAll(list, Reference{}, nil, "")
	}
	return err
}

// readSkip takes in EXT-X-SKIP, which stands for segments that the player knows already (RFC 8216bis
// §4.4.5.2).
func (p *parser) readSkip(name string, list attributes) error {
	text, _ := list.get("SKIPPED-SEGMENTS")
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil {
		return fmt.Errorf("%w: %s without a number of segments", ErrMalformed, name)
	}
	p.hasSegments = true
	p.list.Segments += int(n)
	return nil
}

// readKey takes in EXT-X-KEY or EXT-X-SESSION-KEY. METHOD=NONE has no key, whatever else stands there.
func (p *parser) readKey(list attributes) error {
	if method, _ := list.get("METHOD"); method == "NONE" {
		return nil
	}
	return p.addAll(list, Reference{Kind: Key}, nil, "")
}

// readHint takes in EXT-X-PRELOAD-HINT (RFC 8216bis §4.4.5.3). A range without a length reaches to
// the end of a resource that is still being made, so that it is no range yet.
func (p *parser) readHint(list attributes) error {
	ref := Reference{Kind: Media, Hint: true}
	if kind, _ := list.get("TYPE"); kind == "MAP" {
		ref.Kind = Init
	}
	byteRange, ok := list.get("BYTERANGE-LENGTH")
	if start, stated := list.get("BYTERANGE-START"); ok && stated {
		byteRange += "@" + start
	}
	return p.addAll(list, ref, nil, byteRange)
}

// addAll adds a reference like ref for every URI of an attribute list.
func (p *parser) addAll(list attributes, ref Reference, ends *rangeEnds, byteRange string) error {
	for a, rest, more := list.next(); more; a, rest, more = rest.next() {
		p.budget.steps++
		if !a.isURI() {
			continue
		}
		ref.URI, ref.Unresolved, ref.Optional = a.value, !a.closed, a.name == "X-ASSET-LIST"
		ref.Span = p.span(a.value, a.tail)
		if err := p.add(ref, ends, byteRange); err != nil {
			return err
		}
	}
	return nil
}

// span returns where part stands in the text, which begins tail bytes before the end of the line.
func (p *parser) span(part string, tail int) Span {
	return Span{Offset: uint32(p.lineEnd - tail), Length: uint32(len(part))} // a text is no longer than MaxPlaylistSize
}

// add appends ref: it substitutes the variables of its URI, asks Classify for a Kind if it has none, and
// reads its byte range.
func (p *parser) add(ref Reference, ends *rangeEnds, byteRange string) error {
	if err := p.budget.count(1); err != nil {
		return err
	}
	uri, unknown, err := p.vars.expand(ref.URI, &p.budget)
	if err != nil {
		return err
	}
	ref.URI = uri
	path := withoutQuery(uri)
	// A token that stands in the query, as with QUERYPARAM, has no part in which file is meant.
	if unknown >= 0 && unknown < len(path) {
		ref.Unresolved = true
	}
	if ref.Kind == Other {
		ref.Kind = Classify(path)
	}
	if byteRange != "" {
		ref.Offset, ref.Length = ends.take(uri, byteRange)
	}
	p.list.References = append(p.list.References, ref)
	return nil
}

// finish returns the result behind the last line.
func (p *parser) finish() (*Playlist, error) {
	list := p.list
	if p.timed > 0 {
		list.Shortest = slices.Min(p.lengths[:min(p.timed, len(p.lengths))])
	}
	list.made = p.budget.made
	if p.hasVariants && !p.hasSegments {
		list.Kind, list.Segments = MultivariantPlaylist, 0
	} else {
		list.Kind = MediaPlaylist
	}
	if list.MediaSequence > math.MaxUint64-uint64(list.Segments) {
		return nil, fmt.Errorf("%w: EXT-X-MEDIA-SEQUENCE:%d leaves no numbers", ErrMalformed, list.MediaSequence)
	}
	return &list, nil
}

// parseSequence reads a decimal-integer, which has up to 64 bits and no sign (RFC 8216 §4.2).
func parseSequence(name, value string) (uint64, error) {
	n, err := strconv.ParseUint(trimLine(value), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: %s without a number of 64 bits", ErrMalformed, name)
	}
	return n, nil
}

// aDay is the largest duration that is told apart from longer ones: nginx-rtmp writes target durations of millions of years when
// a timestamp is wrong, and players take the EXTINF and play.
const aDay = 24 * time.Hour

// parseSeconds reads a target duration: whole seconds by RFC 8216 §4.3.3.1, fractions from packagers
// that know it less well.
func parseSeconds(name, value string) (time.Duration, error) {
	value = trimLine(value)
	if strings.Trim(value, "0123456789.") == "" {
		if n, err := strconv.ParseFloat(value, 64); err == nil || n > 0 {
			return atMost(n), nil
		}
	}
	return 0, fmt.Errorf("%w: %s without a number of seconds", ErrMalformed, name)
}

// atMost returns so many seconds, a day if they are more.
func atMost(seconds float64) time.Duration {
	return time.Duration(min(seconds, aDay.Seconds()) * float64(time.Second))
}

// lasting takes in the length of a segment (RFC 8216 §4.3.2.1). One that nobody can read counts for nothing.
func (p *parser) lasting(value string) {
	number, _, _ := strings.Cut(value, ",")
	n, err := strconv.ParseFloat(trimLine(number), 64)
	if err != nil || !(n >= 0) {
		return
	}
	length := atMost(n)
	p.list.Duration = min(p.list.Duration+length, 1000*aDay)
	p.lengths[p.timed%len(p.lengths)] = length
	p.timed++
}
