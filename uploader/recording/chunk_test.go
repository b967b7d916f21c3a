package recording

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// TestChunk keeps the format: other processes, and other versions of hlsship, read it.
func TestChunk(t *testing.T) {
	t.Parallel()
	var track Track
	done := Facts{Done: func(i int) time.Time { return at(2 * i) }}
	track.Observe(version(t, text(40, `#EXT-X-MAP:URI="init.mp4"`, seg("live40.m4s"), seg("live41.m4s"), seg("live42.m4s"))), done)
	done.Binding = func(i int) Binding { return []Binding{Bound, Waiting, Bound}[i] }
	track.Observe(version(t, text(42, `#EXT-X-MAP:URI="init.mp4"`, seg("live42.m4s", "#EXT-X-PROGRAM-DATE-TIME:2026-11-30T01:02:04Z"), seg("live43.m4s"), seg("live44.m4s"))), done)
	track.End()
	track.Bind(43, Bound, "../.2/", at(9))
	track.Bind(7, Bound, "bad\n", at(9))
	_, got := track.Chunk()
	want := `#EXTM3U
## hlsship index 1
#EXT-X-VERSION:3
#EXT-X-TARGETDURATION:2
#EXT-X-MEDIA-SEQUENCE:40
##40 1796000520000
#EXT-X-MAP:URI="init.mp4"
#EXTINF:2,
live40.m4s
##41 1796000522000
#EXTINF:2,
live41.m4s
##42 1796000524000
#EXT-X-PROGRAM-DATE-TIME:2026-11-30T01:02:04Z
#EXTINF:2,
live42.m4s
##43 1796000522000 hole
#EXTINF:2,
live43.m4s
##44 1796000524000
#EXTINF:2,
live44.m4s
##bind 43 1796000529000 ../.2/
##end 5
`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if n, text := track.Chunk(); text != nil {
		t.Errorf("another chunk, %d:\n%s", n, text)
	}
	r := New("index.m3u8")
	add(t, r, got)
	if out := closed(t, r, Choices{}); out.Missing != 0 || !strings.Contains(string(out.Text), "\n../.2/live43.m4s\n") {
		t.Errorf("closed as\n%s", out.Text)
	}
}

func TestChunksThatAreRefused(t *testing.T) {
	t.Parallel()
	const good = "#EXTM3U\n## hlsship index 1\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:4\n##4 1\n#EXTINF:2,\n4.ts\n##5 1 hole\n#EXTINF:2,\n5.ts\n##bind 5 7 .2/\n##end 2\n"
	add(t, New("a.m3u8"), []byte(good))
	for _, tt := range []struct {
		name, from, to string
		want           error
	}{
		{"another version", "index 1\n", "index 2\n", ErrVersion},
		{"a version that begins alike", "index 1\n", "index 12\n", ErrVersion},
		{"a playlist", "## hlsship index 1\n", "", ErrFormat},
		{"no playlist", "#EXTM3U\n", "", ErrFormat},
		{"no end", "##end 2\n", "", ErrTruncated},
		{"another end", "##end 2\n", "##end 3\n", ErrFormat},
		{"half an end", "##end 2\n", "##end 2", ErrFormat},
		{"something behind the end", "##end 2\n", "##end 2\n##bind 4 1\n", ErrFormat},
		{"an entry without a number", "##4 1\n", "", ErrFormat},
		{"a number that is none", "##4 1\n", "##+4 1\n", ErrFormat},
		{"a number above all", "##4 1\n", "##18446744073709551615 1\n", ErrFormat},
		{"a time that is none", "##4 1\n", "##4 -1\n", ErrFormat},
		{"a time above all", "##4 1\n", "##4 9223372036854775807\n", ErrFormat},
		{"an unknown word", "##4 1\n", "##4 1 maybe\n", ErrFormat},
		{"an unknown comment", "##bind 5 7 .2/\n", "##what 5\n", ErrFormat},
		{"bound without a number", "##bind 5 7 .2/\n", "##bind x 7 .2/\n", ErrFormat},
		{"NUL", "4.ts\n", "4\x00.ts\n", ErrFormat},
		{"a delta update", "##4 1\n", "#EXT-X-SKIP:SKIPPED-SEGMENTS=1\n##4 1\n", ErrFormat},
		{"a multivariant playlist", "##4 1\n", "#EXT-X-STREAM-INF:BANDWIDTH=1\n##4 1\n", ErrFormat},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := New("a.m3u8")
			text := strings.Replace(good, tt.from, tt.to, 1)
			if err := r.Add([]byte(text)); !errors.Is(err, tt.want) || r.Len() != 0 {
				t.Errorf("got %v and %d entries of\n%s", err, r.Len(), text)
			}
		})
	}
	for n := range len(good) {
		if err := New("a.m3u8").Add([]byte(good[:n])); err == nil {
			t.Errorf("%d bytes of it are a chunk:\n%s", n, good[:n])
		}
	}
}

// FuzzChunk reads what anybody may have written: what is taken in is closed, read by hls.Parse, and given out again.
func FuzzChunk(f *testing.F) {
	for _, h := range []string{"", `#EXT-X-KEY:METHOD=AES-128,URI="{$v}k"` + "\n", "#EXT-X-BYTERANGE:7\n", "#EXT-X-DATERANGE:ID=\"a\",X-B=c\n#EXT-X-DATERANGE:ID=\"a\",X-B=\"d\n", "#EXT-X-GAP\n#EXT-X-PROGRAM-DATE-TIME:2026-11-30T01:02:04Z\n"} {
		f.Add([]byte("#EXTM3U\n## hlsship index 1\n#EXT-X-DEFINE:NAME=\"v\",VALUE=\"x\"\n##4 1\n"+h+"#EXTINF:2,\n4.ts\n##9 1 hole\n"+h+"#EXTINF:2,\n5.ts\n##bind 9 7 .2/\n##end 2\n"),
			[]byte("#EXTM3U\n## hlsship index 1\n##4 1 head\n#EXT-X-MAP:URI=\"m\"\n#EXTINF:2,\n4.ts\n##end 1\n"))
	}
	f.Fuzz(func(t *testing.T, a, b []byte) {
		r := New("v0/a.m3u8")
		for _, text := range [][]byte{a, b, a} {
			before := r.Len()
			if err := r.Add(text); err != nil && r.Len() != before {
				t.Fatalf("%v, and %d entries more", err, r.Len()-before)
			}
			var track Track
			if track.Restore(text) == nil {
				track.End()
				for _, chunk := range chunksOf(&track) {
					if err := New("v0/a.m3u8").Add(chunk); err != nil {
						t.Fatalf("%v in\n%q\nof\n%q", err, chunk, text)
					}
				}
			}
		}
		stored := func(path string, _ int64) bool { return len(path)%3 != 0 }
		r.Recall(stored)
		r.Claim(stored)
		r.Fill([]string{"v0/5.ts", "v0/6.ts", "v0/7.ts", "v0/9.ts"})
		r.Entries()
		common([]*outline{r.outline(nil), r.outline(stored)})
		out, err := r.Close(Choices{Stored: stored})
		if err != nil {
			return
		}
		list, err := hls.Parse(out.Text)
		if err != nil {
			t.Fatalf("%v in\n%q", err, out.Text)
		}
		if list.Kind != hls.MediaPlaylist || list.Segments != out.Entries || !list.Ended {
			t.Fatalf("%+v of\n%q", out, out.Text)
		}
		if !Extends(out.Text, out.Text) {
			t.Fatalf("cannot be read back:\n%q", out.Text)
		}
		if again, err := r.Close(Choices{Stored: stored}); err != nil || !bytes.Equal(again.Text, out.Text) {
			t.Fatalf("%v and\n%q\nthe first time\n%q", err, again.Text, out.Text)
		}
	})
}
