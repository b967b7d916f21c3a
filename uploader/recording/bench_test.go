package recording

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"
)

// rendition writes the versions of an endless rendition of two-second segments.
type rendition struct {
	name, tags string // the tags of each segment
	window     int
}

func (r rendition) version(last int) string {
	first := max(0, last+1-r.window)
	var b strings.Builder
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%d\n#EXT-X-MAP:URI=\"init_%s.mp4\"\n", first, r.name)
	for i := first; i <= last; i++ {
		fmt.Fprintf(&b, "%s#EXTINF:2.002000,\n%s_%05d.m4s\n", strings.ReplaceAll(r.tags, "DATE", at(0).Add(time.Duration(i)*2002*time.Millisecond).Format("2006-01-02T15:04:05.000Z0700")), r.name, i)
	}
	return b.String()
}

// day records so many segments of a rendition, with a chunk each minute.
func day(t testing.TB, r rendition, segments int) (track *Track, chunks [][]byte) {
	t.Helper()
	track = &Track{}
	for i := range segments {
		v := version(t, r.version(i))
		track.Observe(v, Facts{Done: func(k int) time.Time { return at(0).Add(time.Duration(v.Number(k)) * 2002 * time.Millisecond) }})
		if i%30 == 29 {
			chunks = append(chunks, chunksOf(track)...)
		}
	}
	return track, chunks
}

const dates = "#EXT-X-PROGRAM-DATE-TIME:DATE\n"

// TestIndexIsSmall: an index has at most 0.1 % of the media bytes, which are 250,000 at least for two seconds of three renditions; and a Track
// has its window alone.
func TestIndexIsSmall(t *testing.T) {
	t.Parallel()
	for _, tt := range []rendition{{"v0", "", 5}, {"v0", dates, 5}, {"v0", dates, 60}} {
		const segments = 1800
		track, chunks := day(t, tt, segments)
		size := 0
		for _, c := range chunks {
			size += len(c)
		}
		if each := size / segments; each > 250 {
			t.Errorf("%d bytes of index a segment of %+v", each, tt)
		}
		if len(chunks) > segments/30 {
			t.Errorf("%d chunks of %d minutes", len(chunks), segments/30)
		}
		if track.Cost() > 256<<10 {
			t.Errorf("a window of %d takes %d bytes", tt.window, track.Cost())
		}
		if r := finishedFrom(t, chunks, track); r.Len() != segments {
			t.Errorf("%d entries", r.Len())
		}
	}
}

func finishedFrom(t testing.TB, chunks [][]byte, track *Track) *Recording {
	t.Helper()
	track.End()
	r := New("v0.m3u8")
	for _, c := range append(chunks, chunksOf(track)...) {
		add(t, r, c)
	}
	return r
}

// BenchmarkDay records 24 hours of three renditions, and closes one of them.
func BenchmarkDay(b *testing.B) {
	const segments = 43_200
	for b.Loop() {
		var tracks []*Track
		var all [][]byte
		heap := inUse()
		for i := range 3 {
			track, chunks := day(b, rendition{fmt.Sprintf("v%d", i), dates, 5}, segments)
			tracks, all = append(tracks, track), chunks
		}
		index := 0
		for _, c := range all {
			index += len(c)
		}
		cost := int64(0)
		for _, t := range tracks {
			cost += t.Cost()
		}
		b.ReportMetric(float64(index)/segments, "index-B/segment")
		b.ReportMetric(float64(len(all)), "chunks")
		b.ReportMetric(float64(cost), "recorder-B")
		b.ReportMetric(float64(inUse()-heap-int64(index)), "heap-B")
		begun := time.Now()
		r := finishedFrom(b, all, tracks[2])
		out := closed(b, r, Choices{Stored: func(string, int64) bool { return true }})
		b.ReportMetric(time.Since(begun).Seconds(), "closing-s")
		b.ReportMetric(float64(inUse()-heap), "closing-heap-B")
		runtime.KeepAlive(tracks)
		runtime.KeepAlive(r)
		runtime.KeepAlive(all)
		if out.Entries != segments {
			b.Fatal(out.Entries)
		}
	}
}

// BenchmarkEvent takes in one more version of an EVENT playlist of 24 hours.
func BenchmarkEvent(b *testing.B) {
	const segments = 43_200
	r := rendition{"v0", dates, segments + 1}
	var track Track
	track.Observe(version(b, r.version(segments-1)), Facts{})
	chunksOf(&track)
	v := version(b, r.version(segments))
	for b.Loop() {
		track.Observe(v, Facts{})
	}
	b.ReportMetric(float64(track.Cost()), "recorder-B")
	if _, text := track.Chunk(); len(text) > 1<<10 {
		b.Fatalf("one segment makes %d bytes", len(text))
	}
}

func inUse() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
