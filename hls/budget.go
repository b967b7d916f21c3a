package hls

import (
	"bytes"
	"fmt"
	"io"
)

// maxReferences bounds what a text of a few bytes a line can claim where no Account says less. It is twelve days of
// 1-second segments.
const maxReferences = 1 << 20

const (
	// nameRoom is how long the names of a playlist may be on average within PerReference, in bytes. What templates and
	// variables make beyond that costs extra.
	nameRoom = 64
	// A text may take so many steps for each of its bytes and for each reference, and some more. Those of real packagers take
	// less than one for either.
	stepsPerByte, stepsPerReference, moreSteps = 16, 16, 4096
)

// budget is what one text may make, and what it has made so far. All of it is bounded by the length of the text and the
// number of references together: a loop within a loop over what is written once is charged for each turn. Its errors wrap
// ErrTooLarge.
type budget struct {
	text       int64 // the length of the text
	references int64 // how many may be made
	counted    int64 // how many are, or are going to be
	made       int64 // bytes of the names that templates and variables make
	steps      int64 // turns of loops

	pause func() // called between them, once in a while; nil for never
}

// pauseSteps and pauseBytes are after how many turns of loops, or bytes of XML, a pause is made: some tens of microseconds.
const pauseSteps, pauseBytes = 256, 4096

// newBudget returns the budget of a text that may make so many references.
func newBudget(text []byte, references int) budget {
	return budget{text: int64(len(text)), references: int64(max(0, min(references, maxReferences)))}
}

// allows returns an error if there may not be n references more.
func (b *budget) allows(n int64) error {
	if n > b.references-b.counted {
		return fmt.Errorf("%w: more than %d URIs", ErrTooLarge, b.references)
	}
	return nil
}

// count takes n references in.
func (b *budget) count(n int64) error {
	if err := b.allows(n); err != nil {
		return err
	}
	if b.counted += n; b.made == 0 {
		return nil
	}
	return b.room()
}

// name takes bytes of names in.
func (b *budget) name(bytes int64) error {
	b.made += bytes
	return b.room()
}

// room returns an error if the names take more than there is room for.
func (b *budget) room() error {
	if b.made > MaxPlaylistSize || excess(b.made, b.text, b.counted) > (b.references-b.counted)*PerReference {
		return errLongNames()
	}
	return nil
}

func errLongNames() error { return fmt.Errorf("%w: its URIs are", ErrTooLarge) }

// turn takes a turn of a loop in.
func (b *budget) turn() {
	if b.steps++; b.pause != nil && b.steps%pauseSteps == 0 {
		b.pause()
	}
}

// step is turn for one that the text may make too often.
func (b *budget) step() error {
	b.turn()
	if b.steps > b.text*stepsPerByte+b.counted*stepsPerReference+moreSteps {
		return fmt.Errorf("%w: what it says once is repeated too often", ErrTooLarge)
	}
	return nil
}

// excess returns by how many bytes names of so many are more than Cost has room for.
func excess(made, text, references int64) int64 { return max(0, made-text-references*nameRoom) }

// What reading XML takes in bytes, measured with the room into which slices grow: for each element, for each attribute of
// the element that has most of them, and for each byte of the longest tag or text.
const (
	perElement, perAttribute, perTokenByte = 256, 256, 4
	// smallTree is what any text may take.
	smallTree = 1 << 20
)

// decodes returns an error if the elements of an XML text take more memory than all references may, which are made once the
// elements are read, and then those are given back.
func (b *budget) decodes(text []byte) error {
	var elements, attributes, longest int64
	for rest := text; len(rest) > 0; elements++ {
		end := bytes.IndexByte(rest, '<') + 1
		if end == 0 {
			end = len(rest)
		}
		attributes = max(attributes, int64(bytes.Count(rest[:end], []byte("="))))
		longest = max(longest, int64(end))
		rest = rest[end:]
	}
	if elements*perElement+attributes*perAttribute+longest*perTokenByte > smallTree+b.references*PerReference {
		return fmt.Errorf("%w: %d elements, up to %d attributes, up to %d bytes each", ErrTooLarge, elements, attributes, longest)
	}
	return nil
}

// reader reads text, with pauses.
func (b *budget) reader(text []byte) *pausing { return &pausing{text: text, pause: b.pause} }

// pausing is a text that is read byte by byte, as an XML decoder does.
type pausing struct {
	text  []byte
	at    int
	pause func()
}

// ReadByte implements io.ByteReader.
func (p *pausing) ReadByte() (byte, error) {
	if p.at == len(p.text) {
		return 0, io.EOF
	}
	if p.pause != nil && p.at%pauseBytes == pauseBytes-1 {
		p.pause()
	}
	p.at++
	return p.text[p.at-1], nil
}

// Read implements io.Reader.
func (p *pausing) Read(into []byte) (int, error) {
	if p.at == len(p.text) {
		return 0, io.EOF
	}
	n := copy(into, p.text[p.at:])
	p.at += n
	return n, nil
}
