package edition

import (
	"bytes"
	"slices"
	"sort"
	"time"
)

// Whole is what a Version says of all its segments.
type Whole struct {
	// First is EXT-X-MEDIA-SEQUENCE, Version EXT-X-VERSION and Target EXT-X-TARGETDURATION; 0 if absent.
	First, Version uint64
	Target         time.Duration
	// Ended says EXT-X-ENDLIST, IFrames EXT-X-I-FRAMES-ONLY and Independent EXT-X-INDEPENDENT-SEGMENTS.
	Ended, IFrames, Independent bool
	// Defines are the lines that say what variables are, without white space around them.
	Defines []string
}

// Listed is a segment of a Version with all that counts for it, so that it can be listed elsewhere. Lines are without white space around
// them and with what stands before the URIs in them.
type Listed struct {
	// Number is the packager's media sequence number, and Length EXTINF.
	Number uint64
	Length time.Duration
	// Lines are EXTINF, EXT-X-GAP and tags that nobody knows, in the order of the text; Comments the comments among them.
	Lines, Comments []string
	// Reference is which of the Playlist's References the URI is, and URI the text of its line; nothing is inserted before that one.
	Reference int
	URI       string
	// Offset and Size are the byte range; Size is 0 for all of the file. Loose says that the Offset is stated nowhere in the Version.
	Offset, Size int64
	Loose        bool
	// Broken says EXT-X-DISCONTINUITY, Gap EXT-X-GAP.
	Broken, Gap bool
	// Date is the line of EXT-X-PROGRAM-DATE-TIME, empty if there is none, and Begins what it says, zero if nobody can read it.
	Date   string
	Begins time.Time
	// Ranges are the lines of EXT-X-DATERANGE.
	Ranges []string
	// Way is how it is to be read. Segments that are read alike may share it, and it must not be changed.
	Way *Way
}

// Way is how a segment is to be read: what was stated before it and counts until something else is stated.
type Way struct {
	// Keys are those in force, MapKeys those in which the initialization section is encrypted.
	Keys, MapKeys []Stated
	// Map is EXT-X-MAP, Rate EXT-X-BITRATE; without Line if there is none.
	Map, Rate Stated
}

// Stated is a line that counts for the segments behind it.
type Stated struct {
	// Line is the tag, without white space around it.
	Line string
	// Format is a key's KEYFORMAT, "identity" if it has none. Plain says that the segments' media sequence numbers are its IVs (RFC 8216 §5.2).
	Format string
	Plain  bool
	// From and To say which of the Playlist's References are in the line: those from From up to, but not including, To.
	From, To int
}

// Whole returns what the Version says of all its segments.
func (v *Version) Whole() Whole {
	w := Whole{First: v.first, Version: v.version, Target: v.target, Ended: v.ended, IFrames: v.iFrames, Defines: v.defines()}
	for _, l := range v.tags {
		w.Independent = w.Independent || string(l.trimmed.of(v.text)) == "#EXT-X-INDEPENDENT-SEGMENTS"
	}
	return w
}

// Number returns the packager's media sequence number of segment i.
func (v *Version) Number(i int) uint64 { return v.first + uint64(i) }

// Summer returns a function that makes a number of segment i, which is another one if one of its lines is, what is inserted there, or the keys and the map of
// its Way; but for comments. The order of lines does not count. It is the same in every process, and as that of a text that has what is inserted. folder
// is that of Lister, and is asked of the URIs of segments, too.
func (v *Version) Summer(folder func(reference int) string) func(i int) uint64 {
	last, way := int32(-1), uint64(0)
	return func(i int) (all uint64) {
		s := &v.segments[i]
		if s.way != last {
			last, way = s.way, v.sumOf(v.all[s.way], folder)
		}
		v.lines(v.begin(i), s.end, func(l line) {
			t := l.trimmed.of(v.text)
			switch {
			case !l.word.ofListed() || l.word == other && !isTag(t):
			case l.word == uri && folder != nil && !s.has(missing):
				all += fnv1a(t, folder(v.Reference(i)))
			case folder != nil && (l.word == other || l.word == dateRange) && bytes.IndexByte(t, '"') >= 0: // only there may be a URI
				all += fnv1a(nil, v.stated(l.trimmed, folder).Line)
			default:
				all += fnv1a(t, "")
			}
		})
		return all + way
	}
}

// sumOf is the part of a sum that is of a Way.
func (v *Version) sumOf(w way, folder func(int) string) (all uint64) {
	for _, k := range slices.Concat(w.keys[:], w.mapKeys[:], []int32{w.init}) {
		if k != 0 {
			all += fnv1a(nil, v.stated(v.keys[k].line, folder).Line)
		}
	}
	return all
}

// fnv1a sums up a line, and what stands before it.
func fnv1a(line []byte, before string) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211
	sum := uint64(offset)
	for i := range len(before) {
		sum = (sum ^ uint64(before[i])) * prime
	}
	for _, c := range line {
		sum = (sum ^ uint64(c)) * prime
	}
	return sum
}

// ofListed reports whether such a line is one of a segment itself.
func (w word) ofListed() bool { return w <= dateTime || w == dateRange }

func isTag(line []byte) bool { return bytes.HasPrefix(line, []byte("#EXT")) }

// Lister returns a function that makes the Listed of segment i. folder is what is inserted before each reference that is Insertable, but for the
// URIs of segments; nil inserts nothing.
func (v *Version) Lister(folder func(reference int) string) func(i int) Listed {
	last, way := int32(-1), (*Way)(nil)
	return func(i int) Listed {
		s := &v.segments[i]
		if s.way != last {
			last, way = s.way, v.wayOf(v.all[s.way], folder)
		}
		w := v.windows[s.window]
		out := Listed{
			Number: v.Number(i), Length: s.length, Reference: v.Reference(i), URI: string(s.uri.of(v.text)), Offset: w.offset, Size: w.size, Loose: w.loose,
			Broken: s.has(broken), Gap: s.has(missing), Way: way,
		}
		v.lines(v.begin(i), s.end, func(l line) {
			text := func() string { return v.stated(l.trimmed, folder).Line }
			switch t := l.trimmed.of(v.text); {
			case l.word == inf || l.word == gap || l.word == other && isTag(t):
				out.Lines = append(out.Lines, text())
			case l.word == other && len(t) > 0:
				out.Comments = append(out.Comments, string(t))
			case l.word == dateTime:
				out.Date = text()
				out.Begins, _ = parseDate(l.value(v.text).of(v.text))
			case l.word == dateRange:
				out.Ranges = append(out.Ranges, text())
			}
		})
		return out
	}
}

// Trailing returns the comments behind the last segment, without one all.
func (v *Version) Trailing() (comments []string) {
	at := uint32(0)
	if n := len(v.segments); n > 0 {
		at = v.segments[n-1].end
	}
	v.lines(at, uint32(len(v.text)), func(l line) {
		if t := l.trimmed.of(v.text); l.word == other && len(t) > 0 && !isTag(t) {
			comments = append(comments, string(t))
		}
	})
	return comments
}

func (v *Version) wayOf(w way, folder func(int) string) *Way {
	state := func(numbers ...int32) (all []Stated) {
		for _, k := range numbers {
			if k == 0 {
				continue
			}
			s := v.stated(v.keys[k].line, folder)
			if s.Plain = v.keys[k].plain; k != w.init && k != w.rate {
				s.Format = v.format(k)
			}
			all = append(all, s)
		}
		return all
	}
	out := &Way{Keys: state(w.keys[:]...), MapKeys: state(w.mapKeys[:]...)}
	if w.init != 0 {
		out.Map = state(w.init)[0]
	}
	if w.rate != 0 {
		out.Rate = state(w.rate)[0]
	}
	return out
}

// stated returns a line with its folders.
func (v *Version) stated(l span, folder func(int) string) Stated {
	s := Stated{From: sort.Search(len(v.references), func(i int) bool { return v.references[i].at() >= l.at })}
	out, from := make([]byte, 0, l.size), l.at
	for s.To = s.From; s.To < len(v.references) && v.references[s.To].at() < l.end(); s.To++ {
		if p := v.references[s.To]; folder != nil && p&nowhere == 0 {
			out = append(append(out, v.text[from:p.at()]...), folder(s.To)...)
			from = p.at()
		}
	}
	s.Line = string(append(out, v.text[from:l.end()]...))
	return s
}

// DateTag returns EXT-X-PROGRAM-DATE-TIME of that time, in its time zone and without an end of line; empty if no player could read it.
func DateTag(at time.Time) string { return dateTag(at) }
