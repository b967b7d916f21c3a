package recording

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// bindings says that the segments with these numbers are something else than bound.
func bindings(all map[uint64]Binding) func(number uint64) Binding {
	return func(number uint64) Binding {
		if b, ok := all[number]; ok {
			return b
		}
		return Bound
	}
}

func TestClosingList(t *testing.T) {
	t.Parallel()
	const key, other, map1, map2 = `#EXT-X-KEY:METHOD=AES-128,URI="1.key"`, `#EXT-X-KEY:METHOD=AES-128,URI="2.key"`, `#EXT-X-MAP:URI="1.mp4"`, `#EXT-X-MAP:URI="2.mp4"`
	const disc, none = "#EXT-X-DISCONTINUITY", "#EXT-X-KEY:METHOD=NONE"
	for _, tt := range []struct {
		name     string
		versions []string
		binding  map[uint64]Binding
		lost     string // a path that is not stored
		want     string
		version  string
	}{
		{
			name:     "a window slides",
			versions: []string{text(7, seg("7.ts"), seg("8.ts")), text(8, seg("8.ts"), seg("9.ts")), text(9, seg("9.ts"), seg("10.ts"))},
			want:     "#EXT-X-MEDIA-SEQUENCE:7\n" + seg("7.ts") + "\n" + seg("8.ts") + "\n" + seg("9.ts") + "\n" + seg("10.ts"),
			version:  "3",
		},
		{
			name:     "a discontinuity before the first segment stays",
			versions: []string{text(0, seg("0.ts", disc))},
			want:     "#EXT-X-MEDIA-SEQUENCE:0\n" + seg("0.ts", disc),
			version:  "3",
		},
		{
			name:     "key and map are restated by each window and listed once",
			versions: []string{text(0, seg("0.ts", key, map1), seg("1.ts")), text(1, seg("1.ts", key, map1), seg("2.ts", other)), text(2, seg("2.ts", other, map1), seg("3.ts", map2))},
			want:     "#EXT-X-MEDIA-SEQUENCE:0\n" + seg("0.ts", key, map1) + "\n" + seg("1.ts") + "\n" + seg("2.ts", other) + "\n" + seg("3.ts", map2),
			version:  "6",
		},
		{
			name:     "a map in clear behind an encrypted one",
			versions: []string{text(0, seg("0.ts", key, map1), seg("1.ts", none, map2, key))},
			want:     "#EXT-X-MEDIA-SEQUENCE:0\n" + seg("0.ts", key, map1) + "\n" + seg("1.ts", none, map2, key),
			version:  "6",
		},
		{
			name:     "behind a hole the packager's numbers are written out as IVs",
			versions: []string{text(5, seg("5.ts", key), seg("6.ts"), seg("7.ts"), seg("8.ts"))},
			binding:  map[uint64]Binding{6: Hole},
			want: "#EXT-X-MEDIA-SEQUENCE:5\n" + seg("5.ts", key) + "\n" + seg("7.ts", disc, key+",IV=0x00000000000000000000000000000007") + "\n" +
				seg("8.ts", key+",IV=0x00000000000000000000000000000008"),
			version: "3",
		},
		{
			name:     "a hole at the beginning keeps the numbers",
			versions: []string{text(5, seg("5.ts", key), seg("6.ts"))},
			binding:  map[uint64]Binding{5: Hole},
			want:     "#EXT-X-MEDIA-SEQUENCE:6\n" + seg("6.ts", key),
			version:  "3",
		},
		{
			name:     "what another session has is no hole of this one, but for players",
			versions: []string{text(5, seg("5.ts"), seg("6.ts"), seg("7.ts"))},
			binding:  map[uint64]Binding{6: Elsewhere},
			want:     "#EXT-X-MEDIA-SEQUENCE:5\n" + seg("5.ts") + "\n" + seg("7.ts", disc),
			version:  "3",
		},
		{
			name:     "versions were missed",
			versions: []string{text(5, seg("5.ts"), seg("6.ts")), text(9, seg("9.ts"))},
			want:     "#EXT-X-MEDIA-SEQUENCE:5\n" + seg("5.ts") + "\n" + seg("6.ts") + "\n" + seg("9.ts", disc),
			version:  "3",
		},
		{
			name:     "a segment was lost",
			versions: []string{text(5, seg("5.ts"), seg("6.ts"), seg("7.ts"))},
			lost:     "v0/6.ts",
			want:     "#EXT-X-MEDIA-SEQUENCE:5\n" + seg("5.ts") + "\n" + seg("7.ts", disc),
			version:  "3",
		},
		{
			name:     "a key was lost",
			versions: []string{text(5, seg("5.ts", key), seg("6.ts", other), seg("7.ts", other))},
			lost:     "v0/1.key",
			want:     "#EXT-X-MEDIA-SEQUENCE:6\n" + seg("6.ts", other) + "\n" + seg("7.ts"),
			version:  "3",
		},
		{
			name:     "byte ranges without offset have it written out",
			versions: []string{text(0, seg("all.ts", "#EXT-X-BYTERANGE:10@5"), seg("all.ts", "#EXT-X-BYTERANGE:20")), text(1, seg("all.ts", "#EXT-X-BYTERANGE:20"), seg("all.ts", "#EXT-X-BYTERANGE:7"))},
			want:     "#EXT-X-MEDIA-SEQUENCE:0\n" + seg("all.ts", "#EXT-X-BYTERANGE:10@5") + "\n" + seg("all.ts", "#EXT-X-BYTERANGE:20@15") + "\n" + seg("all.ts", "#EXT-X-BYTERANGE:7@35"),
			version:  "4",
		},
		{
			name:     "a gap and unknown tags stay with their segment",
			versions: []string{text(0, seg("0.ts"), seg("1.ts", "#EXT-X-GAP", "#EXT-X-CUE-OUT:30"), seg("2.ts", "#EXT-X-CUE-IN")), text(1, seg("1.ts", "#EXT-X-GAP", "#EXT-X-CUE-OUT:30"), seg("2.ts", "#EXT-X-CUE-IN"))},
			lost:     "v0/1.ts",
			want:     "#EXT-X-MEDIA-SEQUENCE:0\n" + seg("0.ts") + "\n" + seg("1.ts", "#EXT-X-GAP", "#EXT-X-CUE-OUT:30") + "\n" + seg("2.ts", "#EXT-X-CUE-IN"),
			version:  "8",
		},
		{
			name:     "a gap whose key was lost",
			versions: []string{text(0, seg("0.ts"), seg("1.ts", key, "#EXT-X-GAP"), seg("2.ts", other))},
			lost:     "v0/1.key",
			want:     "#EXT-X-MEDIA-SEQUENCE:0\n" + seg("0.ts") + "\n" + seg("2.ts", disc, other+",IV=0x00000000000000000000000000000002"),
			version:  "3",
		},
		{
			name:     "what stands at the head of each list is of none of its segments",
			versions: []string{text(0, seg("0.ts"), seg("1.ts")), text(1, seg("1.ts", "#EXT-X-LIST:1"), seg("2.ts")), text(2, seg("2.ts", "#EXT-X-LIST:1"))},
			want:     "#EXT-X-MEDIA-SEQUENCE:0\n" + seg("0.ts") + "\n" + seg("1.ts") + "\n" + seg("2.ts"),
			version:  "3",
		},
		{
			name: "dates of the head are kept",
			versions: []string{
				text(0, seg("0.ts", "#EXT-X-PROGRAM-DATE-TIME:2026-11-30T01:02:00.000Z"), seg("1.ts"), seg("2.ts")), text(1, seg("1.ts", "#EXT-X-PROGRAM-DATE-TIME:2026-11-30T01:02:02.000Z"), seg("2.ts")),
			},
			want: "#EXT-X-MEDIA-SEQUENCE:0\n" + seg("0.ts", "#EXT-X-PROGRAM-DATE-TIME:2026-11-30T01:02:00.000Z") + "\n" +
				seg("1.ts", "#EXT-X-PROGRAM-DATE-TIME:2026-11-30T01:02:02.000Z") + "\n" + seg("2.ts"),
			version: "3",
		},
		{
			name:     "what the head no longer states stays",
			versions: []string{text(0, seg("0.ts"), seg("1.ts", disc, "#EXT-X-PROGRAM-DATE-TIME:2026-11-30T01:02:02.000Z")), text(1, seg("1.ts"), seg("2.ts"))},
			want:     "#EXT-X-MEDIA-SEQUENCE:0\n" + seg("0.ts") + "\n" + seg("1.ts", disc, "#EXT-X-PROGRAM-DATE-TIME:2026-11-30T01:02:02.000Z") + "\n" + seg("2.ts"),
			version:  "3",
		},
		{
			name:     "segments are independent only if all lists say so",
			versions: []string{text(0, "#EXT-X-INDEPENDENT-SEGMENTS", seg("0.ts")), text(1, seg("1.ts"))},
			want:     "#EXT-X-MEDIA-SEQUENCE:0\n" + seg("0.ts") + "\n" + seg("1.ts"),
			version:  "3",
		},
		{
			name:     "a discontinuity that the head alone states is kept",
			versions: []string{text(0, seg("0.ts"), seg("1.ts")), text(1, seg("1.ts", disc), seg("2.ts"))},
			want:     "#EXT-X-MEDIA-SEQUENCE:0\n" + seg("0.ts") + "\n" + seg("1.ts", disc) + "\n" + seg("2.ts"),
			version:  "3",
		},
		{
			name:     "behind a hole the date is written",
			versions: []string{text(0, seg("0.ts", "#EXT-X-PROGRAM-DATE-TIME:2026-11-30T01:02:00.000Z"), seg("1.ts"), seg("2.ts"))},
			binding:  map[uint64]Binding{1: Hole},
			want:     "#EXT-X-MEDIA-SEQUENCE:0\n" + seg("0.ts", "#EXT-X-PROGRAM-DATE-TIME:2026-11-30T01:02:00.000Z") + "\n" + seg("2.ts", disc, "#EXT-X-PROGRAM-DATE-TIME:2026-11-30T01:02:04.000Z"),
			version:  "3",
		},
		{
			name: "a date range that is repeated and ends later is listed once",
			versions: []string{
				text(0, seg("0.ts", `#EXT-X-DATERANGE:ID="ad",START-DATE="2026-11-30T01:02:00Z"`), seg("1.ts"), seg("2.ts")),
				text(1, seg("1.ts", `#EXT-X-DATERANGE:ID="ad",START-DATE="2026-11-30T01:02:00Z"`), seg("2.ts"), seg("3.ts", `#EXT-X-DATERANGE:ID="ad",DURATION=4`)),
			},
			want:    "#EXT-X-MEDIA-SEQUENCE:0\n" + seg("0.ts", `#EXT-X-DATERANGE:ID="ad",START-DATE="2026-11-30T01:02:00Z",DURATION=4`) + "\n" + seg("1.ts") + "\n" + seg("2.ts") + "\n" + seg("3.ts"),
			version: "3",
		},
		{
			name:     "a date range of a hole spans what comes behind it",
			versions: []string{text(0, seg("0.ts"), seg("1.ts", `#EXT-X-DATERANGE:ID="ad"`), seg("2.ts"))},
			binding:  map[uint64]Binding{1: Hole},
			want:     "#EXT-X-MEDIA-SEQUENCE:0\n" + seg("0.ts") + "\n" + seg("2.ts", disc, `#EXT-X-DATERANGE:ID="ad"`),
			version:  "3",
		},
		{
			name:     "a correction counts",
			versions: []string{text(0, seg("0.ts"), seg("1.ts"), seg("2.ts")), text(0, seg("0.ts"), "#EXTINF:1.5,\n1b.ts", seg("2.ts"))},
			want:     "#EXT-X-MEDIA-SEQUENCE:0\n" + seg("0.ts") + "\n#EXTINF:1.5,\n1b.ts\n" + seg("2.ts"),
			version:  "3",
		},
		{
			name:     "parts and comments are left out",
			versions: []string{text(0, "#EXT-X-PART-INF:PART-TARGET=1", seg("0.ts", `#EXT-X-PART:DURATION=1,URI="0.1.ts"`, "## 99 0", "##0 0 hole"), `#EXT-X-PRELOAD-HINT:TYPE=PART,URI="1.1.ts"`)},
			want:     "#EXT-X-MEDIA-SEQUENCE:0\n" + seg("0.ts"),
			version:  "3",
		},
		{
			name:     "variables stay, and are taken out where they changed",
			versions: []string{text(0, `#EXT-X-DEFINE:NAME="v",VALUE="a"`, seg("{$v}/0.ts"), seg("{$v}/1.ts")), text(2, `#EXT-X-DEFINE:NAME="v",VALUE="b"`, seg("{$v}/2.ts"))},
			want:     "#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-DEFINE:NAME=\"v\",VALUE=\"a\"\n" + seg("{$v}/0.ts") + "\n" + seg("{$v}/1.ts") + "\n" + seg("b/2.ts"),
			version:  "8",
		},
		{
			name:     "lists of I-frames stay such",
			versions: []string{text(0, "#EXT-X-I-FRAMES-ONLY", seg("0.ts", "#EXT-X-BYTERANGE:9@4"))},
			want:     "#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-I-FRAMES-ONLY\n" + seg("0.ts", "#EXT-X-BYTERANGE:9@4"),
			version:  "4",
		},
		{
			name:     "a packager that ends its lines with CR and LF",
			versions: []string{strings.ReplaceAll(text(0, seg("0.ts"), seg("1.ts", disc)), "\n", "\r\n")},
			want:     "#EXT-X-MEDIA-SEQUENCE:0\n" + seg("0.ts") + "\n" + seg("1.ts", disc),
			version:  "3",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var track Track
			state := bindings(tt.binding)
			for _, s := range tt.versions {
				v := version(t, s)
				track.Observe(v, Facts{Binding: func(i int) Binding { return state(v.Number(i)) }})
			}
			r := finished(t, "v0/index.m3u8", &track)
			out := closed(t, r, Choices{Stored: func(path string, _ int64) bool { return path != tt.lost }})
			if got := body(out.Text); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			if !strings.Contains(string(out.Text), "#EXT-X-VERSION:"+tt.version+"\n") || !strings.Contains(string(out.Text), "\n#EXT-X-PLAYLIST-TYPE:VOD\n") {
				t.Errorf("want version %s of\n%s", tt.version, out.Text)
			}
			if again := closed(t, r, Choices{Stored: func(path string, _ int64) bool { return path != tt.lost }}); string(again.Text) != string(out.Text) {
				t.Errorf("the second time\n%s", again.Text)
			}
		})
	}
}

func TestVariants(t *testing.T) {
	t.Parallel()
	// A ring: the same names with other bytes, and a map that was written again.
	var track Track
	folder := "../.2/v0/"
	facts := Facts{Folder: func(int) string { return "" }}
	track.Observe(version(t, text(0, seg("a.m4s", `#EXT-X-MAP:URI="init.mp4"`), seg("b.m4s"))), facts)
	facts.Folder = func(int) string { return folder }
	track.Observe(version(t, text(2, seg("a.m4s", `#EXT-X-MAP:URI="init.mp4"`), seg("b.m4s"))), facts)
	r := finished(t, "v0/index.m3u8", &track)
	want := "#EXT-X-MEDIA-SEQUENCE:0\n" + seg("a.m4s", `#EXT-X-MAP:URI="init.mp4"`) + "\n" + seg("b.m4s") + "\n" +
		seg("../.2/v0/a.m4s", `#EXT-X-MAP:URI="../.2/v0/init.mp4"`) + "\n" + seg("../.2/v0/b.m4s")
	if got := body(closed(t, r, Choices{}).Text); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	entries := r.Entries()
	if entries[2].Path != ".2/v0/a.m4s" || !slices.Equal(entries[2].Needs, []string{".2/v0/init.mp4"}) || entries[0].Path != "v0/a.m4s" {
		t.Errorf("got %+v", entries)
	}
	if out := closed(t, r, Choices{Stored: func(path string, _ int64) bool { return path != ".2/v0/init.mp4" }}); out.Entries != 2 || out.Missing != 2 || out.Holes != 0 {
		t.Errorf("without its map: %+v", out)
	}
}

func TestExtends(t *testing.T) {
	t.Parallel()
	short := closed(t, recorded(t, "a.m3u8", Facts{}, text(3, seg("3.ts"), seg("4.ts"))), Choices{}).Text
	for _, tt := range []struct {
		name, text string
		want       bool
	}{
		{"itself", text(3, seg("3.ts"), seg("4.ts")), true},
		{"a longer one", text(3, seg("3.ts"), seg("4.ts"), seg("5.ts", "#EXT-X-DISCONTINUITY")), true},
		{"a longer one with longer segments", text(3, seg("3.ts"), seg("4.ts"), "#EXTINF:9,\n5.ts"), true},
		{"a shorter one", text(3, seg("3.ts")), false},
		{"another segment", text(3, seg("3.ts"), seg("4b.ts")), false},
		{"a part of a file", text(3, seg("3.ts"), seg("4.ts", "#EXT-X-BYTERANGE:4@0")), false},
		{"one before", text(2, seg("2.ts"), seg("3.ts"), seg("4.ts")), true},
		{"one between", text(3, seg("3.ts"), seg("3b.ts"), seg("4.ts")), true},
		{"a date came", text(3, seg("3.ts"), seg("4.ts", "#EXT-X-PROGRAM-DATE-TIME:2026-11-30T00:00:00Z")), true},
		{"a discontinuity came", text(3, seg("3.ts"), seg("4.ts", "#EXT-X-DISCONTINUITY"), seg("5.ts")), true},
		{"another order", text(3, seg("4.ts"), seg("3.ts")), false},
		{"a key", text(3, seg("3.ts"), seg("4.ts", `#EXT-X-KEY:METHOD=AES-128,URI="k"`)), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			long := closed(t, recorded(t, "a.m3u8", Facts{}, tt.text), Choices{}).Text
			if got := Extends(long, short); got != tt.want {
				t.Errorf("got %v of\n%s", got, long)
			}
		})
	}
	const key, date = `#EXT-X-KEY:METHOD=AES-128,URI="k"`, "#EXT-X-PROGRAM-DATE-TIME:2026-11-30T00:00:00Z"
	of := func(first int, lines ...string) []byte { return []byte(text(first, lines...)) }
	for name, wrong := range map[string]bool{
		"other vectors":                   Extends(of(2, seg("3.ts", key)), of(3, seg("3.ts", key))),
		"a variant of another file":       Extends(of(3, seg("../.2/v0/4.ts")), of(3, seg("3.ts"))),
		"a variant":                       !Extends(of(3, seg("../.2/v0/3.ts"), seg("../.3/v0/../ads/4.ts"), seg(".2/5.ts")), of(3, seg("3.ts"), seg("../ads/4.ts"), seg("5.ts"))),
		"a variant of the map":            !Extends(of(3, seg("3.ts", `#EXT-X-MAP:URI="../.2/v0/i",BYTERANGE="4@0"`)), of(3, seg("3.ts", `#EXT-X-MAP:URI="i",BYTERANGE="4@0"`))),
		"a variant of the key":            !Extends(of(3, seg("3.ts", `#EXT-X-KEY:METHOD=AES-128,URI="../.2/v0/k"`)), of(3, seg("3.ts", key))),
		"a variant of another map":        Extends(of(3, seg("3.ts", `#EXT-X-MAP:URI="../.2/v0/j"`)), of(3, seg("3.ts", `#EXT-X-MAP:URI="i"`))),
		"a key from elsewhere":            Extends(of(3, seg("3.ts", `#EXT-X-KEY:METHOD=AES-128,URI="../.x/v0/k"`)), of(3, seg("3.ts", key))),
		"what is named like a variant":    Extends(of(3, seg("../.x/v0/3.ts")), of(3, seg("3.ts"))),
		"a date is gone":                  Extends(of(3, seg("3.ts"), seg("4.ts")), of(3, seg("3.ts"), seg("4.ts", date))),
		"a discontinuity is gone":         Extends(of(3, seg("3.ts"), seg("4.ts")), of(3, seg("3.ts"), seg("4.ts", "#EXT-X-DISCONTINUITY"))),
		"a filled hole must not be known": !Extends(of(3, seg("3.ts"), seg("4.ts"), seg("5.ts")), of(3, seg("3.ts"), seg("5.ts", "#EXT-X-DISCONTINUITY", date))),
		"a filled hole needs no vector":   !Extends(of(3, seg("3.ts", key), seg("4.ts"), seg("5.ts")), of(3, seg("3.ts", key), seg("5.ts", "#EXT-X-DISCONTINUITY", key+",IV=0x00000000000000000000000000000005"))),
	} {
		if wrong {
			t.Error(name)
		}
	}
	if Extends(nil, short) || Extends(short, []byte("x")) {
		t.Error("what is no list extends nothing")
	}
}

func TestCovers(t *testing.T) {
	t.Parallel()
	more := []byte(text(3, seg("3.ts"), seg("4.ts"), seg("5.ts", "#EXT-X-BYTERANGE:4@0"), seg("5.ts", "#EXT-X-BYTERANGE:4@4")))
	for _, tt := range []struct {
		name, text string
		want       bool
	}{
		{"itself", string(more), true},
		{"a window, under other numbers", text(90, seg("4.ts"), seg("5.ts", "#EXT-X-BYTERANGE:4@4")), true},
		{"another order", text(3, seg("4.ts"), seg("3.ts")), false},
		{"another range", text(3, seg("4.ts"), seg("5.ts", "#EXT-X-BYTERANGE:4@8")), false},
		{"another segment", text(3, seg("3.ts"), seg("9.ts")), false},
		{"no list", "x", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Covers(more, []byte(tt.text)); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestClipOfAClosingList(t *testing.T) {
	t.Parallel()
	const key = `#EXT-X-KEY:METHOD=AES-128,URI="k"`
	done := Facts{Done: func(i int) time.Time { return at(2 * (i + 1)) }}
	for _, tt := range []struct {
		name  string
		facts Facts
		tag   string
		dated bool
	}{
		{"by dates", Facts{}, "#EXT-X-PROGRAM-DATE-TIME:2026-11-30T01:02:00.000Z", true},
		{"by the times of completion", done, "", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			whole := closed(t, recorded(t, "a.m3u8", tt.facts, text(3, strings.TrimPrefix(tt.tag+"\n"+key, "\n"), seg("3.ts"), seg("4.ts"), seg("5.ts"), seg("6.ts"))), Choices{Stored: func(path string, _ int64) bool { return path != "4.ts" }})
			r, err := ReadClosed(whole.Text, "a.m3u8")
			if err != nil {
				t.Fatal(err)
			}
			for i, want := range []time.Time{at(0), at(4), at(6)} {
				if e := r.Entries()[i]; !e.Begins.Equal(want) || e.Dated != tt.dated {
					t.Errorf("%d begins at %v (%v), want %v, in\n%s", i, e.Begins, e.Dated, want, whole.Text)
				}
			}
			clip := closed(t, r, Choices{Span: Span{1, 3}, Start: 1500 * time.Millisecond})
			list, err := hls.Parse(clip.Text)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range []string{"IV=0x00000000000000000000000000000005\n", "IV=0x00000000000000000000000000000006\n", "#EXT-X-START:TIME-OFFSET=1.500,PRECISE=YES\n"} {
				if !strings.Contains(string(clip.Text), want) {
					t.Errorf("no %q in\n%s", want, clip.Text)
				}
			}
			if again, err := ReadClosed(clip.Text, "a.m3u8"); err != nil || !again.Entries()[0].Begins.Equal(at(4)) || list.Segments != 2 {
				t.Errorf("%v: %+v of\n%s", err, again.Entries(), clip.Text)
			}
		})
	}
}

func TestNothingToClose(t *testing.T) {
	t.Parallel()
	r := recorded(t, "a.m3u8", Facts{}, text(0, seg("0.ts")))
	if _, err := r.Close(Choices{Stored: func(string, int64) bool { return false }}); !errors.Is(err, ErrEmpty) {
		t.Errorf("got %v", err)
	}
	if _, err := New("a.m3u8").Close(Choices{}); !errors.Is(err, ErrEmpty) {
		t.Errorf("got %v", err)
	}
}

func TestChildren(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, text string
		want       []string
		wrong      bool
	}{
		{"variants and a group", "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"a\",URI=\"audio/a.m3u8\"\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv0/i.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2\nv0/i.m3u8?x", []string{"d/audio/a.m3u8", "d/v0/i.m3u8"}, false},
		{"a folder above, within the session", "#EXT-X-STREAM-INF:BANDWIDTH=1\n../v0/i.m3u8", []string{"v0/i.m3u8"}, false},
		{"above the session", "#EXT-X-STREAM-INF:BANDWIDTH=1\n../../i.m3u8", nil, true},
		{"from the root", "#EXT-X-STREAM-INF:BANDWIDTH=1\n/d/i.m3u8", nil, true},
		{"of another host", "#EXT-X-STREAM-INF:BANDWIDTH=1\nhttps://example.com/i.m3u8", nil, true},
		{"with a variable that nobody knows", "#EXT-X-STREAM-INF:BANDWIDTH=1\n{$x}/i.m3u8", nil, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := Children([]byte("#EXTM3U\n"+tt.text+"\n"), "d/master.m3u8")
			if !slices.Equal(got, tt.want) || errors.Is(err, ErrOutside) != tt.wrong {
				t.Errorf("got %q and %v", got, err)
			}
		})
	}
}

func TestChunkNames(t *testing.T) {
	t.Parallel()
	if got := ChunkName("v0/index.m3u8", 7); got != ".index/v0/index.m3u8/000007" {
		t.Errorf("got %q", got)
	}
	if list, number, ok := ParseChunkName(".index/v0/index.m3u8/000007"); list != "v0/index.m3u8" || number != 7 || !ok {
		t.Errorf("got %q, %d and %v", list, number, ok)
	}
	for _, path := range []string{"", ".index/000007", ".index//000007", ".index/a.m3u8/7", ".index/a.m3u8/+00007", "a.m3u8/000007", ".index/a.m3u8/0000070"} {
		if _, _, ok := ParseChunkName(path); ok {
			t.Errorf("%q is a name", path)
		}
	}
}
