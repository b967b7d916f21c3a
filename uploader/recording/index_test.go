package recording

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
)

// shelf is what stands under the paths of the chunks of one list.
type shelf map[int][]byte

func chunkText(n int) []byte {
	return fmt.Appendf(nil, "#EXTM3U\n## hlsship index 1\n#EXT-X-TARGETDURATION:2\n##%d 0\n#EXTINF:2,\nseg%d.ts\n##end 1\n", n, n)
}

// store stores a chunk with those before it, of which those that refused names cannot be read. It returns how many were.
func (s shelf) store(number int, refused func(int) bool) (reads int) {
	b := NewBundling(number, chunkText(number))
	for n, ok := b.Want(); ok; n, ok = b.Want() {
		reads++
		if text := s[n]; refused == nil || !refused(n) {
			b.Took(text)
		} else {
			b.Took(nil)
		}
	}
	s[number] = b.Bytes()
	return reads
}

// readAll reads count chunks, and returns how many objects that took and which chunks there are.
func (s shelf) readAll(t testing.TB, count int) (reads int, there map[int]bool) {
	t.Helper()
	x := NewIndex(count)
	for n, ok := x.Want(); ok; n, ok = x.Want() {
		_ = x.Took(n, s[n])
		reads++
	}
	there = make(map[int]bool)
	next := 0
	for n, text := range x.All() {
		if n != next {
			t.Fatalf("chunk %d comes behind %d", n, next-1)
		}
		if next++; text != nil {
			if !bytes.Equal(text, chunkText(n)) {
				t.Fatalf("chunk %d is %q", n, text)
			}
			there[n] = true
		}
	}
	if next != count {
		t.Fatalf("%d of %d chunks", next, count)
	}
	return reads, there
}

// TestIndexOfADay: whenever somebody reads the index of a day he reads three objects at most, or one of them for a chunk, and what stands under a path is read
// from at most three others.
func TestIndexOfADay(t *testing.T) {
	t.Parallel()
	const day, longer = 1440, 2 * largestBundle
	s := shelf{}
	for number := range longer {
		if reads := s.store(number, nil); reads > 3 {
			t.Fatalf("chunk %d is stored behind %d reads", number, reads)
		}
		count := number + 1
		if number%101 > 0 && number%largestBundle > 0 && number != day-2 && number < longer-2 {
			continue
		}
		most := 3
		if count > day {
			most += (count - 1) / largestBundle
		}
		if reads, there := s.readAll(t, count); reads > most || len(there) != count {
			t.Fatalf("%d objects are read for %d of %d chunks", reads, len(there), count)
		}
	}
	for _, n := range []int{0, 1, 11, 12, 143, 144, 700, 1727, 1728, longer - 1} {
		x, reads := NewIndex(longer), 0
		for number, ok := x.WantOf(n); ok; number, ok = x.WantOf(n) {
			if reads++; x.Took(number, s[number]) != nil {
				t.Fatal(number)
			}
		}
		if text := x.Chunk(n); reads != 1 || !bytes.Equal(text, chunkText(n)) {
			t.Errorf("%d reads for chunk %d: %q", reads, n, text)
		}
	}
}

// TestIndexWithGaps: whatever is lost or broken, and whatever could not be read when it was stored, the chunks that stand anywhere are found.
func TestIndexWithGaps(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		s, count := shelf{}, 1+r.IntN(400)
		unread, lost := r.IntN(10), r.IntN(10)
		for n := range count {
			s.store(n, func(int) bool { return r.IntN(20) < unread })
		}
		intact := make(map[int]bool)
		for n := range count {
			switch r.IntN(40) {
			case lost:
				delete(s, n)
			case lost + 10:
				s[n] = s[n][:len(s[n])/2]
				if _, err := readBundle(s[n], n); err == nil && !bytes.HasPrefix(s[n], []byte(bundleLine)) {
					s[n] = nil // half a chunk is a chunk that Recording.Add refuses
				}
			default:
				intact[n] = true
			}
		}
		_, there := s.readAll(t, count)
		for n := range intact {
			if !there[n] {
				t.Fatalf("seed %d: chunk %d of %d is stored and not found", seed, n, count)
			}
		}
	}
}

func TestBundleRefuses(t *testing.T) {
	t.Parallel()
	s := shelf{}
	for n := range 3 {
		s.store(n, nil)
	}
	for _, tt := range []struct {
		name, text string
		want       error
	}{
		{"a newer one", "## hlsship chunks 2 0 2\nx", ErrVersion},
		{"a newer chunk", "#EXTM3U\n## hlsship index 2\n", ErrVersion},
		{"another number", "## hlsship chunks 1 0 3\n" + string(s[2][bytes.IndexByte(s[2], '\n')+1:]), ErrFormat},
		{"no numbers", "## hlsship chunks 1\n", ErrFormat},
		{"the wrong way round", "## hlsship chunks 1 3 2\n", ErrFormat},
		{"below zero", "## hlsship chunks 1 -1 2\n", ErrFormat},
		{"not packed", "## hlsship chunks 1 0 2\n##chunk 1\nx", ErrTruncated},
		{"fewer than it says", string(bytes.Replace(s[2], []byte(" 0 2\n"), []byte(" 1 2\n"), 1)), nil},
		{"more than it says", "## hlsship chunks 1 0 2\n" + string(pack(framed(nil, chunkText(0)))), ErrTruncated},
		{"a length below zero", "## hlsship chunks 1 1 2\n" + string(pack([]byte("##chunk -5\n"))), ErrTruncated},
		{"a length of anything", "## hlsship chunks 1 1 2\n" + string(pack([]byte("##chunk 99999999999\n"))), ErrTruncated},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if err := NewIndex(3).Took(2, []byte(tt.text)); !errors.Is(err, tt.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// FuzzIndex reads what anybody may have written under the paths of chunks.
func FuzzIndex(f *testing.F) {
	s := shelf{}
	for n := range 30 {
		s.store(n, nil)
	}
	f.Add(s[23], s[28])
	f.Add(s[0], []byte("## hlsship chunks 1 0 28\n"))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		x := NewIndex(29)
		for n, ok := x.Want(); ok; n, ok = x.Want() {
			text := s[n]
			switch n {
			case 23:
				text = a
			case 28:
				text = b
			}
			_ = x.Took(n, text)
		}
		next := 0
		for n := range x.All() {
			if n != next {
				t.Fatalf("chunk %d behind %d", n, next-1)
			}
			next++
		}
		if next != 29 {
			t.Fatalf("%d chunks", next)
		}
		bundling := NewBundling(29, chunkText(29))
		for _, ok := bundling.Want(); ok; _, ok = bundling.Want() {
			bundling.Took(b)
		}
		if Newest(bundling.Bytes(), 29) == nil {
			t.Fatal("a bundle cannot be read")
		}
	})
}
