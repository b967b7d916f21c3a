package salvage

import (
	"fmt"
	"strings"
	"testing"
)

// TestPartsOfAFile: of a file that grew what is stored is listed, and no more.
func TestPartsOfAFile(t *testing.T) {
	t.Parallel()
	const head = "#EXTM3U\n## hlsship index 1\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n"
	part := func(number int, state string, at int) string {
		return fmt.Sprintf("##%d 0%s\n#EXT-X-BYTERANGE:10@%d\n#EXTINF:2,\nall.mp4\n", number, state, at)
	}
	inside := func(size int) string {
		return strings.Replace(part(0, "", 40), "#EXT-X-B", fmt.Sprintf("#EXT-X-MAP:URI=\"all.mp4\",BYTERANGE=\"%d@0\"\n#EXT-X-B", size), 1)
	}
	for _, tt := range []struct {
		name    string
		entries []string
		size    int
		want    int // parts
	}{
		{"its end is not stored", []string{part(0, "", 0), part(1, "", 10), part(2, "", 20)}, 25, 2},
		{"a hole is stored by now", []string{part(0, "", 0), part(1, " hole", 10), part(2, " wait", 20), part(3, " hole", 30)}, 30, 3},
		{"its map is not stored", []string{inside(60)}, 50, 0},
		{"its map is stored", []string{inside(40)}, 50, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := bucket{
				session + "/.index/a.m3u8/000000": head + strings.Join(tt.entries, "") + fmt.Sprintf("##end %d\n", len(tt.entries)),
				session + "/all.mp4":              strings.Repeat("x", tt.size),
			}
			c, _, err := b.recovered(t)
			got := 0
			if err == nil {
				got = strings.Count(string(c.Files[0].Text), "\nall.mp4")
			}
			if got != tt.want {
				t.Errorf("%d parts, want %d: %v, %+v", got, tt.want, err, c)
			}
		})
	}
}

// TestMissingChunks: of chunks that are not there before one that is, the last one is named; of a whole index none is.
func TestMissingChunks(t *testing.T) {
	t.Parallel()
	chunk := func(number int) string {
		return fmt.Sprintf("#EXTM3U\n## hlsship index 1\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%d\n##%d 0\n#EXTINF:2,\n%d.ts\n##end 1\n", number, number, number)
	}
	for _, tt := range []struct {
		name   string
		chunks []int
		want   string
	}{
		{"whole", []int{0, 1, 2}, ""},
		{"the first one alone", []int{0}, ""},
		{"without the first one", []int{1, 2}, ".index/a.m3u8/000000"},
		{"without two in the middle", []int{0, 3}, ".index/a.m3u8/000002"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			b := bucket{}
			for _, n := range tt.chunks {
				b[fmt.Sprintf("%s/.index/a.m3u8/%06d", session, n)] = chunk(n)
				b[fmt.Sprintf("%s/%d.ts", session, n)] = "x"
			}
			c, _, err := b.recovered(t)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, u := range c.Unread {
				got = append(got, u.Path)
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
