package recording

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// lines returns a version of segments from-to, of which those in tags have more lines.
func lines(from, to int, tags map[int]string) string {
	var all []string
	for i := from; i <= to; i++ {
		name := fmt.Sprintf("%d.ts", i)
		if tag, ok := tags[i]; ok {
			all = append(all, seg(name, tag))
		} else {
			all = append(all, seg(name))
		}
	}
	return text(from, all...)
}

func entriesIn(chunks [][]byte) (n int) {
	for _, c := range chunks {
		n += strings.Count(string(c), "#EXTINF")
	}
	return n
}

func TestTrackSettles(t *testing.T) {
	t.Parallel()
	waits := func(number uint64) func(v uint64) Binding { return bindings(map[uint64]Binding{number: Waiting}) }
	for _, tt := range []struct {
		name    string
		texts   []string
		binding func(uint64) Binding
		want    int // entries in chunks
	}{
		{"nothing that is listed", []string{lines(0, 4, nil)}, nil, 0},
		{"what slid out", []string{lines(0, 4, nil), lines(3, 7, nil)}, nil, 3},
		{"all that slid out at once", []string{lines(0, 4, nil), lines(9, 12, nil)}, nil, 5},
		{"what is more than a minute behind, of a long list", []string{lines(0, 99, nil)}, nil, 69},
		{"nothing behind one that waits", []string{lines(0, 4, nil), lines(4, 8, nil)}, waits(1), 1},
		{"a list without segments ends nothing", []string{lines(0, 4, nil), text(0, "")}, nil, 0},
		{"a correction of what is settled", []string{lines(0, 99, nil), lines(0, 99, map[int]string{3: "#EXT-X-CUE-IN"})}, nil, 70},
		{"the same list again says nothing new", []string{lines(0, 99, nil), lines(0, 99, nil)}, nil, 69},
		{"a date of the head of a long list", []string{lines(0, 99, nil), lines(3, 99, map[int]string{3: "#EXT-X-PROGRAM-DATE-TIME:2026-11-30T01:02:04Z"})}, nil, 70},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var track Track
			for _, s := range tt.texts {
				v := version(t, s)
				f := Facts{}
				if tt.binding != nil {
					f.Binding = func(i int) Binding { return tt.binding(v.Number(i)) }
				}
				track.Observe(v, f)
			}
			if got := entriesIn(chunksOf(&track)); got != tt.want {
				t.Errorf("%d entries are settled, want %d", got, tt.want)
			}
		})
	}
}

// TestNothingIsSaidTwice: what Bind said first, and a date range that each head repeats, are told once.
func TestNothingIsSaidTwice(t *testing.T) {
	t.Parallel()
	var track Track
	const ad = `#EXT-X-DATERANGE:ID="ad"`
	v := version(t, lines(0, 99, map[int]string{0: ad}))
	waiting := bindings(map[uint64]Binding{50: Waiting})
	track.Observe(v, Facts{Binding: func(i int) Binding { return waiting(v.Number(i)) }})
	track.Bind(50, Bound, "", at(1))
	track.End()
	track.Observe(v, Facts{})
	for i := 1; i < 9; i++ {
		track.Observe(version(t, lines(i, 99, map[int]string{i: ad})), Facts{})
	}
	chunks := chunksOf(&track)
	if n := strings.Count(joined(chunks), "\n50.ts\n"); n != 1 {
		t.Errorf("segment 50 is told %d times", n)
	}
	if n := strings.Count(joined(chunks), ad); n != 1 {
		t.Errorf("the date range is told %d times", n)
	}
}

// TestIndependentInEachChunk: a chunk may say so that another one does not.
func TestIndependentInEachChunk(t *testing.T) {
	t.Parallel()
	r := New("a.m3u8")
	for _, s := range []string{text(0, "#EXT-X-INDEPENDENT-SEGMENTS", seg("0.ts")), text(1, seg("1.ts")), text(2, "#EXT-X-INDEPENDENT-SEGMENTS", seg("2.ts"))} {
		var track Track
		track.Observe(version(t, s), Facts{})
		track.End()
		for _, c := range chunksOf(&track) {
			add(t, r, c)
		}
	}
	if out := closed(t, r, Choices{}); strings.Contains(string(out.Text), "INDEPENDENT") {
		t.Errorf("got\n%s", out.Text)
	}
}

func TestWhatWaitsIsBounded(t *testing.T) {
	t.Parallel()
	var track Track
	for i := 0; i < 4*maxOpen; i += 2 {
		v := version(t, lines(i, i+3, nil))
		track.Observe(v, Facts{Binding: func(int) Binding { return Waiting }})
	}
	if len(track.open) > maxOpen {
		t.Errorf("%d entries wait", len(track.open))
	}
	track.Bind(5, Bound, "", at(1)) // settled as a hole long ago
	track.Bind(6, Hole, "", at(1))
	r := finished(t, "a.m3u8", &track)
	if out := closed(t, r, Choices{}); out.Entries != 1 || !strings.Contains(string(out.Text), "\n5.ts\n") {
		t.Errorf("got\n%s", out.Text)
	}
}

func TestLongLinesAreRefused(t *testing.T) {
	t.Parallel()
	var track Track
	track.Observe(version(t, text(0, seg("0.ts"), seg("1.ts", "#EXT-X-LONG:"+strings.Repeat("x", maxEntry)), seg("2.ts"))), Facts{})
	if track.Refused() != 1 {
		t.Errorf("refused %d", track.Refused())
	}
	if out := closed(t, finished(t, "a.m3u8", &track), Choices{}); out.Entries != 2 || out.Holes != 1 {
		t.Errorf("got\n%s", out.Text)
	}
}

// TestRestarts: a process that has lost its journal loses what no list names any more, and nothing else; one that knows the last chunk alone goes on.
func TestRestarts(t *testing.T) {
	t.Parallel()
	var track Track
	track.Observe(version(t, lines(0, 99, nil)), Facts{})
	chunks := chunksOf(&track)
	track.Observe(version(t, lines(0, 199, nil)), Facts{})
	chunks = append(chunks, chunksOf(&track)...)
	var again Track
	if err := again.Resume(len(chunks)-1, chunks[len(chunks)-1]); err != nil {
		t.Fatal(err)
	}
	again.Observe(version(t, lines(110, 205, nil)), Facts{})
	again.End()
	n, text := again.Chunk()
	if n != len(chunks) || entriesIn([][]byte{text}) != 205-168 {
		t.Errorf("chunk %d has %d entries", n, entriesIn([][]byte{text}))
	}
	r := New("a.m3u8")
	for _, c := range append(chunks, text) {
		add(t, r, c)
	}
	if out := closed(t, r, Choices{}); out.Entries != 206 || out.Holes != 0 || out.Duration != 412*time.Second {
		t.Errorf("%+v", out)
	}
	if err := again.Resume(9, []byte("x")); err == nil {
		t.Error("what is no chunk was taken in")
	}
	if err := again.Restore([]byte("x")); err == nil {
		t.Error("what is no chunk was taken in")
	}
}

// TestRunGoesOn: what seemed to have ended goes on, and its closing list is the longer one.
func TestRunGoesOn(t *testing.T) {
	t.Parallel()
	var track Track
	r := New("a.m3u8")
	waits := func(v uint64) Binding { return bindings(map[uint64]Binding{4: Waiting})(v) }
	track.Observe(version(t, lines(0, 4, nil)), Facts{Binding: func(i int) Binding { return waits(uint64(i)) }})
	track.End()
	for _, c := range chunksOf(&track) {
		add(t, r, c)
	}
	before := closed(t, r, Choices{})
	other := version(t, text(900, seg("other.ts")))
	track.Observe(other, Facts{Binding: func(int) Binding { return Elsewhere }})
	track.Observe(version(t, lines(2, 7, nil)), Facts{})
	track.Observe(version(t, lines(5, 9, nil)), Facts{})
	track.End()
	for _, c := range chunksOf(&track) {
		add(t, r, c)
	}
	after := closed(t, r, Choices{})
	if before.Entries != 4 || after.Entries != 10 || after.Holes != 0 || !Extends(after.Text, before.Text) || Extends(before.Text, after.Text) {
		t.Errorf("first\n%s\nthen\n%s", before.Text, after.Text)
	}
}

func TestLargeChunksAreSplit(t *testing.T) {
	t.Parallel()
	var track Track
	track.Observe(version(t, lines(0, 20_000, nil)), Facts{})
	chunks := chunksOf(&track)
	for _, c := range chunks {
		if len(c) > largeChunk+maxEntry {
			t.Errorf("a chunk of %d bytes", len(c))
		}
	}
	if len(chunks) < 2 || entriesIn(chunks) < 19_900 {
		t.Errorf("%d chunks", len(chunks))
	}
}

func TestCommon(t *testing.T) {
	t.Parallel()
	// A rendition of segments from-to of two seconds each, which were complete on time but for so much.
	rendition := func(name string, from, to int, late time.Duration) *Recording {
		return recorded(t, name, Facts{Done: func(i int) time.Time { return at(0).Add(time.Duration(from+i+1)*2*time.Second + late) }}, lines(from, to, nil))
	}
	for _, tt := range []struct {
		name  string
		all   []*Recording
		lost  string
		want  []Span
		apart bool
	}{
		{"alike", []*Recording{rendition("a/i.m3u8", 0, 9, 0), rendition("b/i.m3u8", 0, 9, 0)}, "", []Span{{0, 10}, {0, 10}}, false},
		{"finished at slightly other moments", []*Recording{rendition("a/i.m3u8", 0, 9, 0), rendition("b/i.m3u8", 0, 9, 400*time.Millisecond)}, "", []Span{{0, 10}, {0, 10}}, false},
		{"one began later and ended earlier", []*Recording{rendition("a/i.m3u8", 0, 9, 0), rendition("b/i.m3u8", 2, 8, 0)}, "", []Span{{2, 9}, {0, 7}}, false},
		{"one lost its first segment", []*Recording{rendition("a/i.m3u8", 0, 9, 0), rendition("b/i.m3u8", 0, 9, 0)}, "b/0.ts", []Span{{1, 10}, {1, 10}}, false},
		{"one has nothing", []*Recording{rendition("a/i.m3u8", 0, 9, 0), New("b/i.m3u8")}, "", []Span{{0, 10}, {}}, false},
		{"nothing in common", []*Recording{rendition("a/i.m3u8", 0, 4, 0), rendition("b/i.m3u8", 7, 9, 0)}, "", []Span{{0, 5}, {0, 3}}, true},
		{"nobody knows when", []*Recording{rendition("a/i.m3u8", 0, 4, 0), recorded(t, "b/i.m3u8", Facts{}, lines(2, 9, nil))}, "", []Span{{0, 5}, {0, 8}}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var all []*outline
			for _, r := range tt.all {
				all = append(all, r.outline(func(path string, _ int64) bool { return path != tt.lost }))
			}
			got := common(all)
			if fmt.Sprint(got.spans) != fmt.Sprint(tt.want) || got.apart != tt.apart {
				t.Errorf("got %+v", got)
			}
		})
	}
}
