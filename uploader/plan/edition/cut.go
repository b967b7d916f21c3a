package edition

import (
	"bytes"
	"strconv"
	"time"
)

// cut is a media playlist as an edition sees it: lines of the whole playlist, and segments. The lines of a segment are those from the
// one behind the segment before it on, up to its URI; what follows the last URI is of the playlist. Those of the first segment begin
// behind the lines of the whole playlist, wherever that ends with one that is known.
type cut struct {
	text     []byte
	lone     bool   // a CR that no LF follows ends a line
	start    uint32 // where the lines of the first segment begin
	segments []segment
	windows  []window // the byte ranges of segments; the first is none
	ways              // keys, maps and bit rates
	tags     []line   // those of the whole playlist, in the order of the text
	parts    []line   // those that are taken out
	comments []line   // those of an edition
	first    uint64   // EXT-X-MEDIA-SEQUENCE
	base     uint64   // EXT-X-DISCONTINUITY-SEQUENCE
	version  uint64
	target   time.Duration
	dates    int // segments with EXT-X-PROGRAM-DATE-TIME
	traits
}

// traits are what a whole playlist is. fixed: EVENT or VOD.
type traits struct{ fixed, vod, ended, iFrames bool }

// segment is one segment of a cut.
type segment struct {
	end    uint32 // where its lines end; they begin where those of the segment before it end
	uri    span
	inf    uint32 // where the line of its EXTINF begins, or that of its URI if it has none
	way    int32
	window int32
	breaks int32 // how many segments up to this one have EXT-X-DISCONTINUITY
	length time.Duration
	marks
}

// marks are what a segment's tags without a value say, and the comments of an edition.
type marks uint8

const (
	broken  marks = 1 << iota // EXT-X-DISCONTINUITY
	dated                     // EXT-X-PROGRAM-DATE-TIME
	missing                   // EXT-X-GAP
	seam                      // runComment
	hole                      // holeComment
)

func (m marks) has(one marks) bool { return m&one != 0 }

// cutter is the state between two lines.
type cutter struct {
	cut
	now     segment
	window  window
	stated  bool   // the window's offset is
	inLines bool   // of the first segment, or behind it
	said    []byte // the last EXTINF, and its duration
	length  time.Duration
	way     way
	moved   bool // way is another one than that of the segment before
}

// cutText cuts a media playlist of about so many segments.
func cutText(text []byte, segments int) (*cut, error) {
	c := cutter{cut: cut{text: text, windows: make([]window, 1, 2), ways: newWays(), segments: make([]segment, 0, segments)}}
	if !bytes.HasPrefix(bytes.TrimPrefix(text, []byte("\ufeff")), []byte("#EXTM3U")) {
		return nil, ErrNoMedia
	}
	r := newReader(text)
	c.lone = r.lone
	first, _ := r.next()
	c.start = first.all.end()
	for l, ok := r.next(); ok; l, ok = r.next() {
		if err := c.take(l); err != nil {
			return nil, err
		}
	}
	if len(c.segments) == 0 {
		c.start = uint32(len(text))
	}
	return &c.cut, nil
}

// take takes in one line.
func (c *cutter) take(l line) error {
	if !c.inLines && l.word.ofSegment() {
		c.inLines = true
	}
	switch l.word {
	case uri:
		c.end(l)
	case inf:
		if said := l.trimmed.of(c.text); !bytes.Equal(said, c.said) { // most are as long as the one before
			c.said, c.length = said, duration(l.value(c.text).of(c.text))
		}
		c.now.inf, c.now.length = l.all.at, c.length
	case byteRange:
		value := l.value(c.text)
		var ok bool
		if c.window, c.stated, ok = parseRange(value.of(c.text)); ok && !c.stated {
			c.window.tail = value.end()
		}
	case gap:
		c.now.marks |= missing
	case discontinuity:
		c.now.marks |= broken
	case dateTime:
		c.now.marks |= dated
	case runMark:
		c.now.marks |= seam
		c.comments = append(c.comments, l)
	case holeMark:
		c.now.marks |= hole
		c.comments = append(c.comments, l)
	case key, initMap, bitrate:
		c.moved = true
		return c.way.move(&c.ways, l, c.text)
	case part, partInf, report:
		c.parts = append(c.parts, l)
	case skip:
		return ErrDelta
	case multivariant:
		return ErrNoMedia
	case other, dateRange:
	default:
		return c.whole(l)
	}
	return nil
}

// whole takes in a line of the whole playlist.
func (c *cutter) whole(l line) (err error) {
	if c.tags = append(c.tags, l); !c.inLines {
		c.start = l.all.end()
	}
	value := string(l.value(c.text).of(c.text))
	switch l.word {
	case endList:
		c.ended = true
	case iFramesOnly:
		c.iFrames = true
	case playlistType:
		c.vod = value == "VOD"
		c.fixed = c.vod || value == "EVENT"
	case version:
		c.version, _ = strconv.ParseUint(value, 10, 32)
	case target:
		c.target = duration([]byte(value))
	case sequence:
		c.first, err = strconv.ParseUint(value, 10, 64)
	case discontinuitySequence:
		c.base, err = strconv.ParseUint(value, 10, 64)
	}
	if err != nil {
		return ErrNoMedia
	}
	return nil
}

// end ends a segment at its URI.
func (c *cutter) end(l line) {
	s := c.now
	s.end, s.uri = l.all.end(), l.trimmed
	if s.inf == 0 {
		s.inf = l.all.at
	}
	if c.moved || len(c.ways.all) == 0 {
		c.ways.all = append(c.ways.all, c.way)
		c.moved = false
	}
	s.way = int32(len(c.ways.all) - 1)
	if n := len(c.segments); n > 0 {
		s.breaks = c.segments[n-1].breaks
	}
	if s.has(broken) {
		s.breaks++
	}
	if s.has(dated) {
		c.dates++
	}
	if c.window.size > 0 {
		if !c.stated {
			c.window.place(c.continued(s.uri))
		}
		c.windows = append(c.windows, c.window)
		s.window = int32(len(c.windows) - 1)
	}
	c.segments = append(c.segments, s)
	c.now, c.window, c.stated = segment{}, window{}, false
}

// continued returns where a byte range without an offset begins; loose is true if no segment before it says so.
func (c *cutter) continued(uri span) (offset int64, loose bool) {
	if n := len(c.segments); n > 0 {
		before := &c.segments[n-1]
		if w := &c.windows[before.window]; w.size > 0 && bytes.Equal(before.uri.of(c.text), uri.of(c.text)) && w.offset+w.size+c.window.size > 0 {
			return w.offset + w.size, w.loose
		}
	}
	return 0, true
}

// begin returns where the lines of segment i begin; for the number of all, where those behind the last one do.
func (c *cut) begin(i int) uint32 {
	if i == 0 {
		return c.start
	}
	return c.segments[i-1].end
}

// number returns the discontinuity number of segment i.
func (c *cut) number(i int) uint64 { return add(c.base, uint64(c.segments[i].breaks)) }

// add returns the sum, or the largest number if that is smaller.
func add(a, b uint64) uint64 {
	if a+b < a {
		return 1<<64 - 1
	}
	return a + b
}

// less returns the difference, or 0 if that is larger.
func less(a, b uint64) uint64 { return a - min(a, b) }

// lines calls visit with each line from at to end.
func (c *cut) lines(at, end uint32, visit func(l line)) {
	r := reader{text: c.text[:end], at: int(at), lone: c.lone}
	for {
		l, ok := r.next()
		if !ok {
			return
		}
		visit(l)
	}
}

// cost returns the memory that c takes beside its text, in bytes.
func (c *cut) cost() int64 {
	const perSegment, perWindow, perLine, perWay, perKey = 64, 32, 24, 60, 16
	return int64(cap(c.segments)*perSegment + cap(c.windows)*perWindow + (cap(c.tags)+cap(c.parts)+cap(c.comments))*perLine + cap(c.ways.all)*perWay + cap(c.keys)*perKey)
}
