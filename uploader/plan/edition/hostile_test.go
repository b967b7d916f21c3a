package edition

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// continued has b published behind a, whatever they are, and checks what is true of any texts.
func continued(t *testing.T, a, b []byte, flags uint8) {
	list, err := hls.Parse(b)
	if err != nil {
		return
	}
	v, err := Read(b, list)
	if err != nil {
		return
	}
	if v.Len() > 1<<14 {
		return
	}
	before, err := Resume(a)
	if _, wrong := hls.Parse(a); err != nil || wrong != nil {
		before = nil
	}
	twice, seen := false, map[string]bool{}
	for _, r := range list.References {
		twice, seen[r.URI] = twice || seen[r.URI], true // nobody can tell which of them is the hole
	}
	c := Choices{
		Run: "r", Folder: func(int) string { return "r/" }, Gaps: flags&1 > 0, HoldEnd: flags&2 > 0, Discontinuity: uint64(flags >> 6),
		Hole:  func(i int) bool { return flags&4 > 0 && !twice && i%3 == 1 },
		Begun: func(i int) time.Time { return time.Unix(int64(flags)*int64(i+1), 0) },
	}
	e, err := before.Next(v, c)
	if err != nil {
		if !errors.Is(err, ErrEmpty) && !errors.Is(err, ErrNumbers) && !errors.Is(err, ErrTooLarge) {
			t.Fatal(err)
		}
		return
	}
	if _, err := hls.Parse(e.Text()); err != nil {
		t.Fatalf("%v in\n%q", err, e.Text())
	}
	before.Follows(v, c)
	for i := range e.Len() {
		if p := e.Segment(i); p.Segment >= v.Len() || i > 0 && p.Number != e.Segment(i-1).Number+1 {
			t.Fatalf("%+v", p)
		}
	}
	resumed, err := Resume(e.Text())
	if err != nil {
		t.Fatal(err)
	}
	for what, e2 := range map[string]*Edition{"again": e, "resumed": resumed} {
		again, err := e2.Next(v, c)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if string(again.Text()) != string(e.Text()) {
			t.Fatalf("%s:\n%q\nthe first time\n%q", what, again.Text(), e.Text())
		}
	}
	if got := TakeOut(Insert(b, list.References, c.Folder), shifted(list.References, 2), func(string) int { return 2 }); string(got) != string(b) {
		t.Fatalf("taken out:\n%q\nof\n%q", got, b)
	}
}

// shifted returns the references as they stand once each that is Insertable has so many bytes more.
func shifted(references []hls.Reference, by uint32) []hls.Reference {
	var out []hls.Reference
	more := uint32(0)
	for _, r := range references {
		r.Span.Offset += more
		if Insertable(r) {
			r.Span.Length += by
			more += by
		}
		out = append(out, r)
	}
	return out
}

func FuzzNext(f *testing.F) {
	names, err := filepath.Glob("../../../hls/testdata/*.m3u8")
	if err != nil || len(names) == 0 {
		f.Fatal("no playlists", err)
	}
	var before []byte
	for i, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(before, text, uint8(i))
		f.Add(text, text, uint8(255-i))
		before = text
	}
	for i, text := range []string{
		"#EXTM3U\na\na\na\n", "#EXTM3U\r#EXTINF:1,\ra\r", "\ufeff#EXTM3U\n#EXTINF:1e300,\n a \n", "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:18446744073709551613\na\nb",
		"#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"k\"\n#EXT-X-MEDIA-SEQUENCE:9\na\n#EXT-X-MEDIA-SEQUENCE:9\nb\n", "#EXTM3U\n#EXT-X-BYTERANGE:5\na\n#EXT-X-BYTERANGE:5\na\n",
		"#EXTM3U", "#EXTM3U\n#EXT-X-ENDLIST\na\n#EXT-X-DISCONTINUITY-SEQUENCE:18446744073709551615\n#EXT-X-DISCONTINUITY\nb\n",
		"#EXTM3U\n## hlsship: new run\n#EXT-X-DISCONTINUITY\na\n## hlsship: segment missing\nb\n", "#EXTM3U\n#EXT-X-MAP:URI=\" i\"\n#EXTINF:-1,\n{$x}a\n#EXT-X-DEFINE:NAME=\"x\",VALUE=\"y\"\n",
	} {
		f.Add([]byte(text), []byte(text), uint8(i))
		f.Add(before, []byte(text), uint8(16*i))
		before = []byte(text)
	}
	f.Fuzz(continued)
}

// TestHostile has texts of megabytes that are made to take long, or to become long.
func TestHostile(t *testing.T) {
	t.Parallel()
	const size = 2 << 20
	repeat := func(head, line string) string { return head + strings.Repeat(line, (size-len(head))/len(line)) }
	key := `#EXT-X-KEY:METHOD=AES-128,URI="` + strings.Repeat("k", 1<<20) + "\"\n"
	keys := "#EXTM3U\n"
	for i := range 1 << 16 {
		keys += fmt.Sprintf("#EXT-X-KEY:METHOD=AES-128,URI=\"k%d\"\na%d\n", i, i)
		if i > 1<<13 {
			break
		}
	}
	for name, text := range map[string]string{
		"short segments":             repeat("#EXTM3U\n", "#EXTINF:1,\na\n"),
		"a long key for each":        repeat("#EXTM3U\n"+key, "#EXTINF:1,\na\n"),
		"many keys":                  keys,
		"many versions":              repeat("#EXTM3U\n", "#EXT-X-VERSION:3\n") + "a\n",
		"many discontinuities":       repeat("#EXTM3U\n", "#EXT-X-DISCONTINUITY\na\n"),
		"many dates":                 repeat("#EXTM3U\n", "#EXT-X-PROGRAM-DATE-TIME:2026-11-30T01:02:03Z\na\n#EXT-X-DISCONTINUITY\nb\n"),
		"one date at the end":        repeat("#EXTM3U\n", "#EXTINF:86400,\na\n") + "#EXT-X-PROGRAM-DATE-TIME:2026-11-30T01:02:03Z\na\n",
		"one date at the beginning":  "#EXTM3U\n#EXT-X-PROGRAM-DATE-TIME:2026-11-30T01:02:03Z\n" + repeat("", "#EXTINF:1,\na\n"),
		"ranges that go on":          repeat("#EXTM3U\n", "#EXT-X-BYTERANGE:9223372036854775807\na\n"),
		"one line":                   "#EXTM3U\n#" + strings.Repeat("x", size),
		"carriage returns":           "#EXTM3U\n" + strings.Repeat("\r", size),
		"carriage returns and feeds": repeat("#EXTM3U\n", "\r\n"),
	} {
		t.Run(name, func(t *testing.T) {
			list, err := hls.Parse([]byte(text))
			if err != nil {
				t.Skip(err)
			}
			begin := time.Now()
			v, err := Read([]byte(text), list)
			if err != nil {
				t.Skip(err)
			}
			c := Choices{Run: "r", Folder: func(int) string { return "r/" }, Hole: func(i int) bool { return i%2 == 1 }, Begun: func(i int) time.Time { return time.Unix(int64(i), 0) }}
			e, err := (*Edition)(nil).Next(v, c)
			if err == nil {
				_, err = resume(t, string(e.Text())).Next(v, c)
			}
			if err != nil && !errors.Is(err, ErrTooLarge) && !errors.Is(err, ErrEmpty) {
				t.Error(err)
			}
			if took := time.Since(begin); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
			t.Logf("%v for %d segments, %v", time.Since(begin), v.Len(), err)
		})
	}
}
