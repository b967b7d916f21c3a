package recording

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
)

const (
	bundleLine, bundleFormat = "## hlsship chunks ", "1"
	chunkLine                = "##chunk "
	// fanOut is how many chunks go into a bundle, and how many bundles into a larger one. largestBundle is how many chunks the largest has: those of
	// 28 h 48 min.
	fanOut, largestBundle = 12, fanOut * fanOut * fanOut
	// maxUnpacked bounds what a bundle says, in bytes: whoever writes into a bucket may have packed anything.
	maxUnpacked = 512 << 20
)

// MaxBundle bounds what stands under the path of a chunk, in bytes. A bundle that would be larger goes back less far.
const MaxBundle = 4 << 20

// Reach returns the first of the chunks that stand under the path of that one: so whoever reads all of n chunks reads as many objects as n has
// digits other than 0 to the base of 12, and one for each 1,728 before them.
func Reach(number int) (first int) {
	block := fanOut
	for block < largestBundle && (number+1)%block == 0 {
		block *= fanOut
	}
	return number / block * block
}

// Bundling makes what is stored under the path of a chunk: the chunk, with those before it as far as Reach says, and as far as they can be read.
// It is made by NewBundling.
type Bundling struct {
	number, first int
	text          []byte
	tail          []byte   // the newest chunks, with a line before each
	packed        [][]byte // what is before these, the oldest last
	size          int      // of packed
	ended         bool
}

// NewBundling returns the Bundling of a chunk with that number.
func NewBundling(number int, text []byte) *Bundling {
	return &Bundling{number: number, first: number, text: text, tail: framed(nil, text)}
}

// framed appends a chunk to others.
func framed(to, text []byte) []byte {
	to = append(to, chunkLine...)
	to = strconv.AppendInt(to, int64(len(text)), 10)
	to = append(to, '\n')
	return append(to, text...)
}

// Want returns the number of the chunk whose object is to be read next and given to Took; ok is false if enough was read.
func (b *Bundling) Want() (number int, ok bool) {
	return b.first - 1, !b.ended && b.first > Reach(b.number)
}

// Took takes in the object that Want asked for; nil if there is none. The bundle begins after what cannot be read.
func (b *Bundling) Took(stored []byte) {
	number, _ := b.Want()
	before, err := readBundle(stored, number)
	if err == nil {
		err = before.check()
	}
	if b.ended = err != nil || b.size+len(stored) > MaxBundle/2; b.ended {
		return
	}
	if newest := b.first == b.number; newest && number-before.first+1 < fanOut {
		var tail []byte
		for _, text := range before.chunks() {
			tail = framed(tail, text)
		}
		b.tail = append(tail, b.tail...)
	} else {
		if before.plain {
			before.packed = pack(framed(nil, before.packed))
		}
		b.packed = append(b.packed, before.packed)
		b.size += len(before.packed)
	}
	b.first = before.first
}

// Bytes returns what is to be stored.
func (b *Bundling) Bytes() []byte {
	if b.first == b.number {
		return b.text
	}
	out := fmt.Appendf(nil, "%s%s %d %d\n", bundleLine, bundleFormat, b.first, b.number)
	for _, part := range slices.Backward(b.packed) {
		out = append(out, part...)
	}
	if out = append(out, pack(b.tail)...); len(out) > MaxBundle {
		return b.text
	}
	return out
}

// Packed returns chunks by their numbers, the first of which has number 0, and keeps them in little memory meanwhile. None is empty.
func Packed(chunks [][]byte) iter.Seq2[int, []byte] {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	for _, text := range chunks {
		_, _ = w.Write(framed(nil, text)) // a buffer takes all
	}
	_ = w.Close()
	return (&bundle{first: 0, last: len(chunks) - 1, packed: out.Bytes()}).chunks()
}

// pack compresses a part of a bundle: parts that follow one another are one (RFC 1952 §2.2).
func pack(text []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = w.Write(text) // a buffer takes all
	_ = w.Close()
	return out.Bytes()
}

// bundle is what stands under the path of a chunk: its chunks from first to last.
type bundle struct {
	first, last int
	packed      []byte
	plain       bool // it is the one chunk that it has
}

// nothing is what cannot be read under the path of a chunk.
func nothing(number int) *bundle { return &bundle{first: number, last: number, plain: true} }

// readBundle reads what stands under the path of that chunk, which anybody may have written. The error is ErrVersion or ErrFormat, or wraps it. What
// is packed is not looked at.
func readBundle(stored []byte, number int) (*bundle, error) {
	rest, ok := bytes.CutPrefix(stored, []byte(bundleLine))
	if !ok {
		if err := checkFormat(stored); len(stored) == 0 || errors.Is(err, ErrVersion) {
			return nil, err
		}
		return &bundle{number, number, stored, true}, nil
	}
	line, packed, _ := bytes.Cut(rest, []byte("\n"))
	format, numbers, _ := strings.Cut(string(line), " ")
	if format != bundleFormat {
		return nil, otherVersion(format)
	}
	from, to, _ := strings.Cut(numbers, " ")
	first, err := strconv.Atoi(from)
	last, wrong := strconv.Atoi(to)
	if err != nil || wrong != nil || first < 0 || first >= last || last != number || last-first >= maxChunks {
		return nil, fmt.Errorf("%w: it does not say which ones it has", ErrFormat)
	}
	return &bundle{first, last, packed, false}, nil
}

// chunks yields the chunks by their numbers. What cannot be read is nil, and so are all behind it.
func (b *bundle) chunks() iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		if b.plain {
			yield(b.first, b.packed)
			return
		}
		unpacked, err := gzip.NewReader(bytes.NewReader(b.packed))
		var r *bufio.Reader
		if err == nil {
			r = bufio.NewReader(io.LimitReader(unpacked, maxUnpacked))
		}
		for n := b.first; n <= b.last; n++ {
			var text []byte
			if err == nil {
				text, err = readFramed(r)
			}
			if !yield(n, text) {
				return
			}
		}
	}
}

// check reads all chunks. The error is ErrTruncated if one cannot be read.
func (b *bundle) check() error {
	for _, text := range b.chunks() {
		if text == nil {
			return ErrTruncated
		}
	}
	return nil
}

// readFramed is the inverse of framed.
func readFramed(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	rest, ok := bytes.CutPrefix(line, []byte(chunkLine))
	n, err := strconv.Atoi(strings.TrimSuffix(string(rest), "\n"))
	if !ok || err != nil || n <= 0 || n > MaxBundle {
		return nil, errors.Join(ErrFormat, err)
	}
	text := make([]byte, n)
	_, err = io.ReadFull(r, text)
	if err != nil {
		text = nil
	}
	return text, err
}

// Newest returns the last chunk of what is stored under the path of that number; nil if it cannot be read.
func Newest(stored []byte, number int) (text []byte) {
	b, err := readBundle(stored, number)
	if err != nil {
		return nil
	}
	for _, text = range b.chunks() { //nolint:revive // the last one is what it is about
	}
	return text
}
