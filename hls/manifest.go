package hls

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// ParseOptions say what parsing may cost. The zero ParseOptions bound nothing but what no playlist has.
type ParseOptions struct {
	// Memory bounds what the text makes: the Playlist is never larger than fits there (Account.Fits). The error wraps ErrTooLarge for
	// what is beyond. nil sets no bound.
	//
	// A text of a few bytes can name a million files. How many it names is counted before the first of them is made, so that to
	// refuse it costs no more than to read it.
	Memory *Account
	// Pause is called every few tens of microseconds, as somebody else may need the processor: a text may take a second. nil makes no
	// pauses.
	Pause func()
}

// ParseFile reads what Classify calls a playlist by the name of its file: a Manifest as a DASH media presentation description
// (ISO/IEC 23009-1 §5), everything else as Parse does, with its errors. Of a manifest it finds the initialization sections and media
// segments of all representations; where nobody can tell from the text which of them exist, they are Soft or Hints.
func ParseFile(path string, text []byte, o ParseOptions) (*Playlist, error) {
	return parseWithin(path, text, o.Memory.references(int64(len(text))), o.Pause)
}

// parseWithin is ParseFile with at most this many references, and no more memory than they take with names of common length
// (Playlist.Cost). 0 and less allow none, and more than maxReferences count as that.
func parseWithin(path string, text []byte, references int, pause func()) (*Playlist, error) {
	b := newBudget(text, references)
	b.pause = pause
	if Classify(path) == Manifest {
		m := manifest{budget: b}
		return m.parse(text)
	}
	p := parser{budget: b}
	return p.parse(text)
}

// parse reads a DASH media presentation description (ISO/IEC 23009-1 §5). References are the
// initialization sections and media segments of all representations, as their SegmentTimeline,
// $Number$, SegmentList, SegmentBase or BaseURL says; of alternative BaseURLs the first relative one, else the
// first path from the origin's root, else the first.
//
// Where a template has a @duration and no timeline nobody can tell from the text which of its segments
// exist: those that were complete at @publishTime by the packager's own times are Soft, and some of
// those that follow are Hints, enough to last to the next version and a little longer. For want of these times
// the first numbers are Hints. A representation is credited with no more than its newest 1024 such segments.
//
// What a SegmentTimeline counts is taken at its word, however often an @r repeats it: a viewer may seek to each of these
// segments, and a day in segments of 2 seconds is one <S r="43199"/>. A packager's wrong @r names what never comes, and only
// the bound on references (ParseOptions) ends it.
//
// The error wraps ErrNotPlaylist for what is not one whole XML document with the root element MPD, as is
// a text of which the end is not written yet or an older one shows behind it; ErrTooLarge as with Parse; and
// ErrMalformed for numbers that nobody can count with. text is not kept. Time and memory are linear in its
// length and in that of all URIs together, which has the bound of the text: what would take longer, as it has very much
// inherited very often and names nothing with it, is ErrTooLarge.
func (m *manifest) parse(text []byte) (*Playlist, error) {
	if len(text) > MaxPlaylistSize {
		return nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(text))
	}
	if err := m.budget.decodes(text); err != nil {
		return nil, err
	}
	var root mpd
	if err := decodeManifest(m.budget.reader(text), &root); err != nil {
		return nil, err
	}
	root.inherit()
	m.dynamic = root.Type == "dynamic"
	m.list.Kind, m.list.Ended = Manifest, !m.dynamic
	m.list.UpdatePeriod, _ = parseDuration(root.MinimumUpdatePeriod)
	m.updates = root.MinimumUpdatePeriod != ""
	m.buffer, m.buffered = parseDuration(root.TimeShiftBufferDepth)
	begin, ok := parseDate(root.AvailabilityStartTime)
	if publish, known := parseDate(root.PublishTime); ok && known {
		m.elapsed, m.timed = publish.Sub(begin), true
	}
	m.counting = true
	if err := m.readPeriods(&root); err != nil {
		return nil, err
	}
	m.counting = false
	m.list.References, m.list.made = make([]Reference, 0, m.budget.counted), m.budget.made
	if err := m.readPeriods(&root); err != nil {
		return nil, err
	}
	if m.list.TargetDuration == 0 {
		m.list.TargetDuration, _ = parseDuration(root.MaxSegmentDuration)
	}
	list := m.list // and nothing of the elements
	return &list, nil
}

// decodeManifest reads one whole document.
func decodeManifest(text io.Reader, root *mpd) error {
	d := xml.NewDecoder(text)
	err := d.Decode(root)
	for err == nil {
		var t xml.Token
		if t, err = d.Token(); err != nil {
			break
		}
		switch t := t.(type) {
		case xml.Comment, xml.ProcInst:
			continue
		case xml.CharData:
			if len(bytes.TrimSpace(t)) == 0 {
				continue
			}
		}
		err = errors.New("text behind the root element")
	}
	number, isNumber := errors.AsType[*strconv.NumError](err)
	switch {
	case errors.Is(err, io.EOF) && root.XMLName.Local != "":
		return nil
	case isNumber:
		return fmt.Errorf("%w: %q is no number that counts", ErrMalformed, clip(number.Num))
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%w: no XML", ErrNotPlaylist)
	}
	return fmt.Errorf("%w: %s", ErrNotPlaylist, clip(err.Error()))
}

// clip bounds what an error says of a text.
func clip(s string) string {
	const most = 120
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// mpd is what matters of the document. Namespaces do not: packagers disagree about them.
type mpd struct {
	XMLName                   xml.Name `xml:"MPD"`
	Type                      string   `xml:"type,attr"`
	AvailabilityStartTime     string   `xml:"availabilityStartTime,attr"`
	PublishTime               string   `xml:"publishTime,attr"`
	MediaPresentationDuration string   `xml:"mediaPresentationDuration,attr"`
	MinimumUpdatePeriod       string   `xml:"minimumUpdatePeriod,attr"`
	TimeShiftBufferDepth      string   `xml:"timeShiftBufferDepth,attr"`
	MaxSegmentDuration        string   `xml:"maxSegmentDuration,attr"`
	BaseURL                   []string `xml:"BaseURL"`
	Periods                   []period `xml:"Period"`
}

type period struct {
	Start    string `xml:"start,attr"`
	Duration string `xml:"duration,attr"`
	addressing
	Sets []adaptationSet `xml:"AdaptationSet"`
}

type adaptationSet struct {
	addressing
	Representations []representation `xml:"Representation"`
}

type representation struct {
	ID        string `xml:"id,attr"`
	Bandwidth string `xml:"bandwidth,attr"`
	addressing
}

// addressing is what each level may say about where segments are; lower levels inherit it.
type addressing struct {
	BaseURL  []string         `xml:"BaseURL"`
	Template *segmentTemplate `xml:"SegmentTemplate"`
	List     *segmentList     `xml:"SegmentList"`
	Base     *segmentBase     `xml:"SegmentBase"`
}

// urlType names a file, or a part of the one that BaseURL names (§5.3.9.2.2).
type urlType struct {
	SourceURL string `xml:"sourceURL,attr"`
	Range     string `xml:"range,attr"`
}

// segmentBase is also what templates and lists have in common (§5.3.9.2).
type segmentBase struct {
	Timescale      *uint64  `xml:"timescale,attr"`
	Offset         *uint64  `xml:"presentationTimeOffset,attr"`
	Initialization *urlType `xml:"Initialization"`
	Index          *urlType `xml:"RepresentationIndex"`
}

// multipleBase is what templates and lists have beyond that.
type multipleBase struct {
	segmentBase
	Duration    *uint64   `xml:"duration,attr"`
	StartNumber *uint64   `xml:"startNumber,attr"`
	EndNumber   *uint64   `xml:"endNumber,attr"`
	Timeline    *timeline `xml:"SegmentTimeline"`
	Switching   *urlType  `xml:"BitstreamSwitching"`
}

type segmentTemplate struct {
	multipleBase
	Media         string `xml:"media,attr"`
	Index         string `xml:"index,attr"`
	Init          string `xml:"initialization,attr"`
	SwitchingInit string `xml:"bitstreamSwitching,attr"`
}

type segmentList struct {
	multipleBase
	Segments []segmentURL `xml:"SegmentURL"`
}

type segmentURL struct {
	Media      string `xml:"media,attr"`
	MediaRange string `xml:"mediaRange,attr"`
	Index      string `xml:"index,attr"`
	IndexRange string `xml:"indexRange,attr"`
}

type timeline struct {
	S []timelineEntry `xml:"S"`

	longest  uint64 // @d; see longestEntry
	measured bool
}

// longestEntry returns the longest @d. Whoever inherits the timeline asks for it.
func (t *timeline) longestEntry() uint64 {
	if !t.measured {
		t.measured = true
		for i := range t.S {
			t.longest = max(t.longest, t.S[i].D)
		}
	}
	return t.longest
}

type timelineEntry struct {
	T *uint64 `xml:"t,attr"`
	N *uint64 `xml:"n,attr"`
	D uint64  `xml:"d,attr"`
	R int64   `xml:"r,attr"`
}

// inherit hands down what each level says to those below it.
func (root *mpd) inherit() {
	for i := range root.Periods {
		p := &root.Periods[i]
		for j := range p.Sets {
			set := &p.Sets[j]
			set.inherit(&p.addressing)
			for k := range set.Representations {
				set.Representations[k].inherit(&set.addressing)
			}
		}
	}
}

// inherit fills what a has not with what the level above has. What a level says of one kind of addressing
// ends those of another that stand above it.
func (a *addressing) inherit(from *addressing) {
	template, list, base := a.Template, a.List, a.Base
	if list == nil && base == nil {
		a.Template = inheritTemplate(template, from.Template)
	}
	if template == nil && base == nil {
		a.List = inheritList(list, from.List)
	}
	if template == nil && list == nil {
		a.Base = inheritBase(base, from.Base)
	}
}

func inheritTemplate(a, from *segmentTemplate) *segmentTemplate {
	if a == nil || from == nil {
		return cmp.Or(a, from)
	}
	merged := *a
	merged.multipleBase.inherit(&from.multipleBase)
	merged.Media = cmp.Or(a.Media, from.Media)
	merged.Index = cmp.Or(a.Index, from.Index)
	merged.Init = cmp.Or(a.Init, from.Init)
	merged.SwitchingInit = cmp.Or(a.SwitchingInit, from.SwitchingInit)
	return &merged
}

func inheritList(a, from *segmentList) *segmentList {
	if a == nil || from == nil {
		return cmp.Or(a, from)
	}
	merged := *a
	merged.multipleBase.inherit(&from.multipleBase)
	if len(a.Segments) == 0 {
		merged.Segments = from.Segments
	}
	return &merged
}

func inheritBase(a, from *segmentBase) *segmentBase {
	if a == nil || from == nil {
		return cmp.Or(a, from)
	}
	merged := *a
	merged.inherit(from)
	return &merged
}

func (b *segmentBase) inherit(from *segmentBase) {
	b.Timescale = cmp.Or(b.Timescale, from.Timescale)
	b.Offset = cmp.Or(b.Offset, from.Offset)
	b.Initialization = cmp.Or(b.Initialization, from.Initialization)
	b.Index = cmp.Or(b.Index, from.Index)
}

func (b *multipleBase) inherit(from *multipleBase) {
	b.segmentBase.inherit(&from.segmentBase)
	b.Duration = cmp.Or(b.Duration, from.Duration)
	b.StartNumber = cmp.Or(b.StartNumber, from.StartNumber)
	b.EndNumber = cmp.Or(b.EndNumber, from.EndNumber)
	b.Timeline = cmp.Or(b.Timeline, from.Timeline)
	b.Switching = cmp.Or(b.Switching, from.Switching)
}

// firstURL returns which of the alternative BaseURLs counts: the first relative one, else the first that is a path from the
// origin's root, else the first.
func firstURL(alternatives []string) string {
	rooted := ""
	for _, u := range alternatives {
		u = strings.TrimSpace(u)
		switch {
		case u == "" || isElsewhere(u):
		case u[0] != '/':
			return u
		case rooted == "":
			rooted = u
		}
	}
	if len(alternatives) == 0 || rooted != "" {
		return rooted
	}
	return strings.TrimSpace(alternatives[0])
}

func isElsewhere(uri string) bool { return strings.HasPrefix(uri, "//") || hasScheme(uri) }

// parseDate reads an xs:dateTime. Without a time zone it is in UTC.
func parseDate(s string) (at time.Time, ok bool) {
	s = strings.TrimSpace(s)
	for _, layout := range [...]string{time.RFC3339, "2006-01-02T15:04:05"} {
		if at, err := time.Parse(layout, s); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// parseDuration reads an xs:duration, "P1DT2H3M4.5S". A year has 365 days and a month 30, as nobody means
// either.
func parseDuration(s string) (d time.Duration, ok bool) {
	rest, ok := strings.CutPrefix(strings.TrimSpace(s), "P")
	if !ok || rest == "" {
		return 0, false
	}
	seconds, inTime := 0.0, false
	for rest != "" {
		if rest[0] == 'T' && !inTime {
			inTime, rest = true, rest[1:]
			continue
		}
		end := strings.IndexFunc(rest, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
		if end <= 0 {
			return 0, false
		}
		n, err := strconv.ParseFloat(rest[:end], 64)
		unit := unitSeconds(rest[end], inTime)
		if err != nil || unit == 0 {
			return 0, false
		}
		seconds += n * unit
		rest = rest[end+1:]
	}
	return fromSeconds(seconds), true
}

func unitSeconds(unit byte, inTime bool) float64 {
	const day = 24 * 3600
	switch {
	case inTime && unit == 'S':
		return 1
	case inTime && unit == 'M':
		return 60
	case inTime && unit == 'H':
		return 3600
	case !inTime && unit == 'D':
		return day
	case !inTime && unit == 'W':
		return 7 * day
	case !inTime && unit == 'M':
		return 30 * day
	case !inTime && unit == 'Y':
		return 365 * day
	}
	return 0
}

// longest bounds all durations, so that a sum of several is a duration too.
const longest = 50 * 365 * 24 * time.Hour

// fromSeconds returns a duration of at most longest, to the nanosecond below.
func fromSeconds(s float64) time.Duration {
	if s >= longest.Seconds() {
		return longest
	}
	return time.Duration(s * float64(time.Second))
}
