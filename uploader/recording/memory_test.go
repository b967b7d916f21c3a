package recording

import (
	"flag"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"
)

// scale weighs what is in use of the heap, now and then, and keeps the most.
type scale struct{ before, most, calls int64 }

// every weighs at each nth call.
func (s *scale) every(n int64) {
	if s.calls++; s.calls%n == 0 {
		s.most = max(s.most, inUse()-s.before)
	}
}

var memoryHours = flag.Int("memory.hours", 3, "how many hours of three renditions TestMemoryOfADay closes")

// hoursOf returns the index of a rendition that was recorded for so many hours, with segments of two seconds and a chunk a minute, as it is read from a store.
func hoursOf(hours int, tags string) iter.Seq2[int, []byte] {
	var chunks [][]byte
	for first := 0; first < 1800*hours; first += 30 {
		var b strings.Builder
		fmt.Fprintf(&b, "#EXTM3U\n## hlsship index 1\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%d\n", first)
		for i := first; i < first+30; i++ {
			done := at(0).Add(time.Duration(i) * 2002 * time.Millisecond)
			fmt.Fprintf(&b, "##%d %d\n", i, done.UnixMilli())
			if i == first {
				b.WriteString("#EXT-X-MAP:URI=\"init.mp4\"\n")
			}
			fmt.Fprintf(&b, "%s#EXTINF:2.002000,\nsegment_%06d.m4s\n", strings.ReplaceAll(tags, "DATE", done.Format("2006-01-02T15:04:05.000Z0700")), i)
		}
		b.WriteString("##end 30\n")
		chunks = append(chunks, []byte(b.String()))
	}
	return Packed(chunks)
}

// TestMemoryOfADay: what is in use while a session of 24 hours and three renditions is closed, the closing lists included, is below 20 MB; and with a date on
// each segment, which are most of the lists, below 36. It takes some hours for a part of a day. It runs beside no other test, as there is one heap.
func TestMemoryOfADay(t *testing.T) { //nolint:paralleltest // see above
	for _, tt := range []struct {
		name, tags string
		limit      int64 // of a day, in bytes
	}{{"plain", "", 20_000_000}, {"dated", dates, 36_000_000}} {
		t.Run(tt.name, func(t *testing.T) { //nolint:paralleltest // see above
			var w scale
			s := Session{Name: "20261130T010203Z", Lists: map[string]Reel{}, Why: Ended, At: at(9)}
			s.Stored = func(string, int64) bool { w.every(40_000); return true }
			index := make(map[string]iter.Seq2[int, []byte])
			w.before = inUse()
			for _, path := range []string{"v0/i.m3u8", "v1/i.m3u8", "v2/i.m3u8"} {
				index[path] = hoursOf(*memoryHours, tt.tags)
				s.Lists[path] = func() *Recording {
					r := New(path)
					for _, text := range index[path] {
						add(t, r, text)
						w.every(100)
					}
					return r
				}
			}
			packed := inUse() - w.before
			seal, err := s.Close()
			if err != nil || seal.Summary.Segments != 3*1800**memoryHours {
				t.Fatalf("%v: %+v", err, seal)
			}
			size := 0
			for _, f := range seal.Files {
				size += len(f.Text)
			}
			t.Logf("%d KiB at most: %d of the index, and %d of what closes the session", w.most>>10, packed>>10, size>>10)
			const fixed = 500_000 // whatever the length
			if limit := max(tt.limit*int64(*memoryHours)/24, fixed) + fixed; w.most > limit {
				t.Errorf("that is more than %d bytes", limit)
			}
		})
	}
}
