package plan

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// TestRecordingOfAGrowingFile: of a file that grows all segments are recorded that were listed, though the file comes late, and though the list does not
// count them.
func TestRecordingOfAGrowingFile(t *testing.T) {
	t.Parallel()
	const size, last = 100, 11
	for _, tt := range []struct {
		name    string
		counted bool
		late    int // how many segments the file is behind the list
		want    int
	}{
		{"at once", true, 0, 12}, {"late", true, 3, 12}, {"very late", true, 8, 12},
		{"at once, not counted", false, 0, 12}, {"late, not counted", false, 3, 12}, {"very late, not counted", false, 8, 12},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newTaped(t)
			for i := 0; i <= last+tt.late; i++ {
				if n := max(0, i-tt.late+1); n > 0 || i == 0 {
					s.grownIn(7, "index.ts", int64(size*n), hls.Growing)
				}
				if i <= last {
					first := max(0, i-4)
					text := "#EXTM3U\n#EXT-X-VERSION:4\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:0\n"
					if tt.counted {
						text = strings.Replace(text, "SEQUENCE:0", fmt.Sprint("SEQUENCE:", first), 1)
					}
					for k := first; k <= i; k++ {
						text += fmt.Sprintf("#EXTINF:1,\n#EXT-X-BYTERANGE:%d@%d\nindex.ts\n", size, k*size)
					}
					if i == last {
						text += "#EXT-X-ENDLIST\n"
					}
					s.playlist("x.m3u8", text)
				}
				s.serve(time.Second)
			}
			s.grownIn(7, "index.ts", int64(size*(last+1)), hls.Settled)
			s.serve(2 * time.Minute)
			if got := strings.Fields(s.closed()); len(got) != tt.want+1 {
				t.Errorf("closed: %q in\n%s", got, s.texts)
			}
		})
	}
}

// TestRecordingOfFilesOfRanges: of files that come once they are full all segments are recorded that are ranges of them, whether the list counts them or not.
func TestRecordingOfFilesOfRanges(t *testing.T) {
	t.Parallel()
	const size, last = 100, 23
	for _, tt := range []struct {
		name string
		each int // ranges a file, of which the list has five
		of   func(first int) int
	}{
		{"counted", 4, func(first int) int { return first }}, {"not counted", 4, func(int) int { return 0 }},
		{"as many as are listed", 5, func(int) int { return 0 }}, {"files counted", 5, func(first int) int { return max(0, (first+4)/5-4) }},
		{"more than are listed", 8, func(int) int { return 0 }}, {"one a file", 1, func(int) int { return 0 }},
	} {
		each, counted := tt.each, tt.of
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newTaped(t)
			for i := 0; i <= last; i++ {
				first := max(0, i-4)
				text := fmt.Sprintf("#EXTM3U\n#EXT-X-VERSION:4\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:%d\n", counted(first))
				for k := first; k <= i; k++ {
					text += fmt.Sprintf("#EXTINF:1,\n#EXT-X-BYTERANGE:%d@%d\nf%d.ts\n", size, k%each*size, k/each)
				}
				if i == last {
					text += "#EXT-X-ENDLIST\n"
				}
				s.playlist("x.m3u8", text)
				if i%each == each-1 || i == last {
					s.grownIn(uint64(7+i/each), fmt.Sprintf("f%d.ts", i/each), int64((i%each+1)*size), hls.Settled)
				}
				s.serve(time.Second)
			}
			s.serve(2 * time.Minute)
			if got := strings.Fields(s.closed()); len(got) != last+2 {
				t.Errorf("closed: %q", got)
			}
		})
	}
}
