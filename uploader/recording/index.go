package recording

import (
	"iter"
	"slices"
)

// Index is the chunks of one list, for which few objects are read, as each has chunks before its own as well (Reach). It is made by NewIndex.
//
// What Want returns is read and given to Took, until it has nothing more.
type Index struct {
	count int
	below int              // all from there on was read, as far as it can be
	read  map[int]*bundle  // what stands under the paths of chunks, by their numbers
	open  map[int][][]byte // the chunks of the one that was looked into last
}

// NewIndex returns the Index of a list that has so many chunks, the first of which has number 0.
func NewIndex(count int) *Index {
	count = min(count, maxChunks)
	return &Index{count: count, below: count, read: make(map[int]*bundle)}
}

// Want returns the number of the chunk whose object is to be read next; ok is false once all that can be read was.
func (x *Index) Want() (number int, ok bool) {
	for ; x.below > 0; x.below = x.read[x.below-1].first {
		if x.read[x.below-1] == nil {
			return x.below - 1, true
		}
	}
	return 0, false
}

// WantOf is Want for one chunk.
func (x *Index) WantOf(chunk int) (number int, ok bool) {
	b, number := x.find(chunk)
	return number, b == nil && number >= 0
}

// find returns where a chunk is: b is nil if what stands under the path of that number was not read. The number is below 0 if there is none.
func (x *Index) find(chunk int) (b *bundle, number int) {
	for end := x.count; chunk >= 0 && end > chunk; {
		number = end - 1
		switch b := x.read[number]; {
		case b == nil && chunk < Reach(number):
			end = Reach(number)
		case b == nil || chunk >= b.first:
			return b, number
		default:
			end = b.first
		}
	}
	return nil, -1
}

// Took takes in what stands under the path of a chunk; nil for nothing. It is called once for each number. An error says that it is as if there
// were nothing, and is ErrVersion, ErrFormat or ErrTruncated, or wraps it.
func (x *Index) Took(number int, stored []byte) error {
	x.read[number] = nothing(number)
	if stored == nil {
		return nil
	}
	b, err := readBundle(stored, number)
	if err != nil {
		return err
	}
	if err := b.check(); err != nil {
		return err
	}
	x.read[number] = b
	return nil
}

// Chunk returns a chunk; nil if it is not there, or was not read.
func (x *Index) Chunk(number int) []byte {
	b, at := x.find(number)
	if b == nil {
		return nil
	}
	if x.open[at] == nil {
		var all [][]byte
		for _, text := range b.chunks() {
			all = append(all, text)
		}
		x.open = map[int][][]byte{at: all}
	}
	return x.open[at][number-b.first]
}

// All yields all chunks by their numbers; nil for what is not there, or was not read.
func (x *Index) All() iter.Seq2[int, []byte] {
	var all []*bundle // the last one first
	for end := x.count; end > 0; end = all[len(all)-1].first {
		b := x.read[end-1]
		if b == nil {
			b = nothing(end - 1)
		}
		all = append(all, b)
	}
	return func(yield func(int, []byte) bool) {
		next := 0
		for _, b := range slices.Backward(all) {
			for n, text := range b.chunks() {
				if n < next {
					continue // it is in the one before as well
				}
				if next = n + 1; !yield(n, text) {
					return
				}
			}
		}
	}
}
