package recording

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/edition"
)

// Choices are what the caller decided about a closing list. The zero value lists all that is bound.
type Choices struct {
	// Stored says whether the folder of the session has the bytes of that path up to end, or all of them if end is 0. What it has not, or whose key or map
	// it has not, is left out. What begins with ../ is of another session. nil says that it has all.
	Stored func(path string, end int64) bool
	// Span is the part of the entries that is listed; the zero value is all of them.
	Span Span
	// Target is the target duration of all recordings of the session, if that is more than this one needs.
	Target time.Duration
	// Start is how long after the beginning players begin. If it is more than 0, it is stated as an exact EXT-X-START.
	Start time.Duration
}

// Span is a part of a Recording: its entries from From up to, but not including, To. The zero value is all of it.
type Span struct{ From, To int }

// Closed is a closing list.
type Closed struct {
	// Text is the media playlist; it stands at the path of the list in the folder of its session.
	Text []byte
	// Entries is how many segments it lists, Missing how many of the Span it does not, and Holes in how many places some are missing.
	Entries, Missing, Holes int
	// Duration is the sum of all EXTINF, and Target what EXT-X-TARGETDURATION says.
	Duration, Target time.Duration
}

// Close returns the closing list. The error is ErrEmpty or wraps ErrTooLarge.
func (r *Recording) Close(c Choices) (*Closed, error) {
	w := closing{Recording: r, Choices: c, out: &Closed{Target: max(c.Target, r.Target())}, ranges: newRanges()}
	if w.Span == (Span{}) {
		w.Span.To = len(r.entries)
	}
	for i := max(w.Span.From, 0); i < min(w.Span.To, len(r.entries)); i++ {
		if e := r.entries[i]; r.isStored(e, c.Stored) {
			w.kept = append(w.kept, i)
			w.out.Duration += e.Length
		} else {
			w.out.Missing++
		}
		w.ranges.add(r.entries[i].Ranges)
	}
	if len(w.kept) == 0 {
		return nil, ErrEmpty
	}
	w.out.Entries = len(w.kept)
	if err := w.write(); err != nil {
		return nil, err
	}
	return w.out, nil
}

// headSize is about what stands around the segments of a closing list, in bytes.
const headSize = 512

// closing is the making of a closing list.
type closing struct {
	*Recording
	Choices
	pen
	out    *Closed
	kept   []int // the entries that are listed
	ranges ranges
	need   uint64 // which EXT-X-VERSION the tags need
	listed uint64 // segments so far
	told   int    // entries whose date ranges are listed
}

// write writes all of it.
func (w *closing) write() error {
	at := w.times()
	w.pen.out = make([]byte, 0, w.size())
	w.told = max(w.Span.From, 0)
	first := w.entries[w.kept[0]].Number
	for k, i := range w.kept {
		w.segmentOf(k, i, at[i], first)
		if len(w.pen.out) > hls.MaxPlaylistSize {
			return fmt.Errorf("%w: %d bytes", ErrTooLarge, len(w.pen.out))
		}
	}
	whole := w.whole
	whole.Target = w.out.Target
	whole.Version = max(w.need, whole.Version, w.needOfAll())
	head := pen{out: make([]byte, 0, headSize)}
	head.line("#EXTM3U")
	writeWhole(&head, whole, first)
	head.line("#EXT-X-PLAYLIST-TYPE:VOD")
	if w.Start > 0 {
		head.line("#EXT-X-START:TIME-OFFSET=", strconv.FormatFloat(w.Start.Seconds(), 'f', 3, 64), ",PRECISE=YES")
	}
	w.line("#EXT-X-ENDLIST")
	if w.out.Text = slices.Insert(w.pen.out, 0, head.out...); len(w.out.Text) > hls.MaxPlaylistSize {
		return fmt.Errorf("%w: %d bytes", ErrTooLarge, len(w.out.Text))
	}
	return nil
}

// size returns about how many bytes the list will have, so that it is in memory once.
func (w *closing) size() int {
	n := headSize
	for _, i := range w.kept {
		e := w.entries[i]
		if n += len(e.Lines) + len(e.Date) + len(e.folder) + len(e.URI) + len("\n\n"); e.Size > 0 {
			n += len("#EXT-X-BYTERANGE:1234567@1234567890\n")
		}
	}
	return min(n, hls.MaxPlaylistSize)
}

// segmentOf lists entry i, which is the one with that place in the list.
func (w *closing) segmentOf(k, i int, at moment, first uint64) {
	e := w.entries[i]
	hole := k > 0 && !e.follows(w.entries[w.kept[k-1]])
	if hole {
		w.out.Holes++
	}
	begins := k == 0 || hole || e.broken
	if begins && e.Date == "" && at.known && !at.dated {
		w.line(mark, strconv.FormatUint(e.Number, 10), " ", strconv.FormatInt(at.begins.Add(e.Length).UnixMilli(), 10))
	}
	if hole || e.broken {
		w.line("#EXT-X-DISCONTINUITY")
	}
	written := e.Number != first+uint64(k)
	w.turn(e.Way, e.Number, written)
	switch {
	case e.Date != "":
		w.line(e.Date)
	case begins && at.dated:
		if tag := edition.DateTag(at.begins); tag != "" {
			w.line(tag)
		}
	}
	for ; w.told <= i; w.told++ { // those of entries that are left out as well: they may span others
		for _, l := range w.ranges.take(w.entries[w.told].Ranges) {
			w.line(l)
		}
	}
	w.segment(e)
	w.need = max(w.need, needOf(e, written))
}

// needOf returns which version of the protocol an entry needs (RFC 8216 §7).
func needOf(e *entry, written bool) (n uint64) {
	for _, k := range e.Way.Keys {
		switch {
		case k.Format != "identity":
			n = max(n, 5)
		case written || !k.Plain:
			n = max(n, 2)
		}
	}
	if e.Length%time.Second != 0 {
		n = max(n, 3)
	}
	if e.Size > 0 {
		n = max(n, 4)
	}
	if e.Way.Map.Line != "" {
		n = max(n, 6)
	}
	if e.gap() {
		n = max(n, 8)
	}
	return n
}

// needOfAll returns which version the tags of the whole list need.
func (w *closing) needOfAll() (n uint64) {
	n = 1
	if w.whole.IFrames {
		n = 4
	}
	for _, l := range w.whole.Defines {
		n = max(n, 8)
		if strings.Contains(l, "QUERYPARAM") {
			n = max(n, 11)
		}
	}
	return n
}

// Extends reports whether longer may take the place of shorter, a closing list of the same path: it has all entries of shorter, in their order and
// read alike. Other entries may stand between and after them, as holes are filled, and a variant may stand in the place of a file of that name, be it
// a key or a map. Dates and discontinuities may be added, and may go where another entry now comes before. Tags about the whole list, and those that
// span entries, may differ.
func Extends(longer, shorter []byte) bool {
	return contains(longer, shorter, (*entry).sameName, (*entry).alike)
}

// Covers reports whether each segment of a closing list is in another one too, in the same order: then that one says no less. Numbers and what else is said
// of the segments may differ.
func Covers(more, less []byte) bool {
	return contains(more, less, (*entry).sameBytes, func(*entry, *entry, bool) bool { return true })
}

// Akin reports whether two closing lists have a segment in common.
func Akin(one, other []byte) bool {
	a, _, err := readText(one, "", Facts{})
	b, _, wrong := readText(other, "", Facts{})
	if err != nil || wrong != nil {
		return false
	}
	listed := make(map[spot]bool, len(a.entries))
	for _, e := range a.entries {
		listed[spot{e.URI, e.Offset, e.Size}] = true
	}
	return slices.ContainsFunc(b.entries, func(e *entry) bool { return listed[spot{e.URI, e.Offset, e.Size}] })
}

// contains reports whether each segment of less is in more too, in the same order, and is alike there: after says that others came before it.
func contains(more, less []byte, same func(e, now *entry) bool, alike func(e, now *entry, after bool) bool) bool {
	a, _, err := readText(more, "", Facts{})
	b, _, wrong := readText(less, "", Facts{})
	if err != nil || wrong != nil {
		return false
	}
	rest := a.entries
	for _, e := range b.entries {
		at := slices.IndexFunc(rest, func(now *entry) bool { return same(e, now) })
		if at < 0 || !alike(e, rest[at], at > 0) {
			return false
		}
		rest = rest[at+1:]
	}
	return true
}

// alike reports whether now is the same entry, read alike, with what was said of it.
func (e *entry) alike(now *entry, after bool) bool {
	return e.reading() == now.reading() && e.Lines == now.Lines && (after || (e.Date == "" || e.Date == now.Date) && (now.broken || !e.broken))
}

// reading is how an entry is to be read, but for the folders of variants.
func (e *entry) reading() string {
	var p pen
	p.turn(e.Way, e.Number, true)
	var all strings.Builder
	for line := range strings.Lines(string(p.out)) {
		_, list, _ := strings.Cut(line, ":")
		if uri, ok := hls.Attribute(list, "URI"); ok {
			line = strings.Replace(line, `"`+uri+`"`, `"`+withoutVariant(uri)+`"`, 1)
		}
		all.WriteString(line)
	}
	return all.String()
}
