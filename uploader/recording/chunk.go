package recording

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hlsship/hlsship/uploader/plan/edition"
)

// The words of a chunk.
const (
	indexLine   = "## hlsship index "
	indexFormat = "1"
	mark        = "##"
	bindWord    = "bind "
	endWord     = "end "
	holeWord    = "hole"
	waitWord    = "wait"
	headWord    = "head"
)

const (
	largeChunk  = 256 << 10 // a chunk of that many bytes takes no more entries
	maxEntry    = 16 << 10  // the lines of an entry that is recorded, in bytes
	secondsADay = 24 * 60 * 60
)

// builder makes one chunk.
type builder struct {
	pen
	whole   edition.Whole
	first   uint64
	entries int
	binds   []string
}

// empty reports whether there is nothing to store.
func (b *builder) empty() bool { return b.entries == 0 && len(b.binds) == 0 }

// add writes an entry.
func (b *builder) add(e *entry) {
	if b.entries == 0 {
		b.first = e.Number
	}
	b.entries++
	b.whole.Target = max(b.whole.Target, e.Length.Round(time.Second))
	word := ""
	switch {
	case e.state == Waiting:
		word = " " + waitWord
	case e.state != Bound:
		word = " " + holeWord
	case e.head:
		word = " " + headWord
	}
	b.line(mark, strconv.FormatUint(e.Number, 10), " ", strconv.FormatInt(e.done, 10), word)
	if e.broken {
		b.line("#EXT-X-DISCONTINUITY")
	}
	b.turn(e.Way, 0, false)
	if e.Date != "" {
		b.line(e.Date)
	}
	for _, l := range e.Ranges {
		b.line(l)
	}
	b.segment(e)
}

// bind writes that a hole was bound.
func (b *builder) bind(number uint64, done int64, folder string) {
	b.binds = append(b.binds, strings.TrimSpace(fmt.Sprintf("%s%s%d %d %s", mark, bindWord, number, done, folder)))
}

// text returns the chunk.
func (b *builder) text() []byte {
	head := pen{out: make([]byte, 0, len(b.out)+256)}
	head.line("#EXTM3U")
	head.line(indexLine, indexFormat)
	writeWhole(&head, b.whole, b.first)
	head.out = append(head.out, b.out...)
	for _, l := range b.binds {
		head.line(l)
	}
	head.line(mark, endWord, strconv.Itoa(b.entries))
	return head.out
}

// writeWhole writes what a list says of all its segments.
func writeWhole(p *pen, w edition.Whole, first uint64) {
	if w.Version > 0 {
		p.line("#EXT-X-VERSION:", strconv.FormatUint(w.Version, 10))
	}
	p.line("#EXT-X-TARGETDURATION:", strconv.FormatInt(int64((w.Target+time.Second-1)/time.Second), 10))
	p.line("#EXT-X-MEDIA-SEQUENCE:", strconv.FormatUint(first, 10))
	if w.Independent {
		p.line("#EXT-X-INDEPENDENT-SEGMENTS")
	}
	if w.IFrames {
		p.line("#EXT-X-I-FRAMES-ONLY")
	}
	for _, l := range w.Defines {
		p.line(l)
	}
}

// remark is a comment of an index, read.
type remark struct {
	number uint64
	done   int64
	state  Binding
	head   bool
	folder string
}

// parseRemark reads what stands before an entry, behind ##.
func parseRemark(text string) (r remark, ok bool) {
	number, rest, _ := strings.Cut(text, " ")
	done, word, _ := strings.Cut(rest, " ")
	if r.state = Bound; !r.times(number, done) {
		return r, false
	}
	switch word {
	case "":
	case headWord:
		r.head = true
	case holeWord:
		r.state = Hole
	case waitWord:
		r.state = Waiting
	default:
		return r, false
	}
	return r, true
}

// parseBind reads what says that a hole was bound, behind "##bind ".
func parseBind(text string) (r remark, ok bool) {
	number, rest, _ := strings.Cut(text, " ")
	done, folder, _ := strings.Cut(rest, " ")
	r.folder = folder
	return r, r.times(number, done)
}

// times reads a number and a time of completion.
func (r *remark) times(number, done string) bool {
	const latest = 10_000 * 366 * secondsADay * 1000 // in milliseconds: a year of four digits
	var err, wrong error
	r.number, err = strconv.ParseUint(number, 10, 64)
	r.done, wrong = strconv.ParseInt(done, 10, 64)
	return err == nil && wrong == nil && r.done >= 0 && r.done < latest && r.number < 1<<63 && !strings.HasPrefix(number, "+") && !strings.HasPrefix(done, "+")
}

// sameDefines reports whether both have the same variables.
func sameDefines(a, b edition.Whole) bool { return slices.Equal(a.Defines, b.Defines) }
