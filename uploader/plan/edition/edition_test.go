package edition

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// read returns the Version of a text.
func read(t testing.TB, text string) (*Version, *hls.Playlist) {
	t.Helper()
	list, err := hls.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	v, err := Read([]byte(text), list)
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return v, list
}

// in returns Choices of a run whose files are in that folder.
func in(folder string) Choices {
	return Choices{Run: folder, Folder: func(int) string { return folder + "/" }}
}

func publish(t testing.TB, e *Edition, text string, c Choices) *Edition {
	t.Helper()
	v, _ := read(t, text)
	n, err := e.Next(v, c)
	if err != nil {
		t.Fatalf("%v for\n%s", err, text)
	}
	for what, e := range map[string]*Edition{"again": n, "resumed": resume(t, string(n.Text()))} {
		again, err := e.Next(v, c)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if string(again.Text()) != string(n.Text()) {
			t.Errorf("%s:\n%s\nthe first time\n%s", what, again.Text(), n.Text())
		}
	}
	return n
}

func resume(t testing.TB, text string) *Edition {
	t.Helper()
	e, err := Resume([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func seconds(n int) time.Time { return time.Date(2026, 11, 30, 1, 2, n, 0, time.UTC) }

// playlist returns a list of segments of two seconds with those names.
func playlist(first int, names ...string) string {
	text := fmt.Sprintf("#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%d\n", first)
	for _, name := range names {
		tags, uri, ok := strings.Cut(name, " ")
		if !ok {
			tags, uri = "", name
		}
		for _, tag := range strings.Split(tags, "|") {
			if tag != "" {
				text += "#EXT-X-" + tag + "\n"
			}
		}
		text += "#EXTINF:2.000000,\n" + uri + "\n"
	}
	return text
}

func TestNext(t *testing.T) {
	t.Parallel()
	const head = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n"
	seg := func(names ...string) string {
		return strings.Join(strings.SplitAfter(playlist(0, names...), "\n")[4:], "")
	}
	dates := func(from int) func(int) time.Time {
		return func(i int) time.Time { return seconds(from + 2*i) }
	}
	holes := func(at ...int) func(int) bool {
		return func(i int) bool { return strings.Contains(fmt.Sprint(at), fmt.Sprint(i)) }
	}
	type step struct {
		text string
		Choices
	}
	for name, tt := range map[string]struct {
		steps []step
		want  string
	}{
		"one version": {
			[]step{{playlist(7, "s7.ts", "s8.ts"), in("a")}},
			head + "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-MEDIA-SEQUENCE:7\n" + seg("a/s7.ts", "a/s8.ts"),
		},
		"the window moves": {
			[]step{{playlist(7, "s7.ts", "s8.ts"), in("a")}, {playlist(8, "s8.ts", "s9.ts"), in("a")}},
			head + "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-MEDIA-SEQUENCE:8\n" + seg("a/s8.ts", "a/s9.ts"),
		},
		"a new run": {
			[]step{{playlist(7, "s7.ts", "s8.ts", "s9.ts", "s10.ts"), in("a")}, {playlist(0, "s0.ts"), in("b")}},
			head + "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-MEDIA-SEQUENCE:8\n" + seg("a/s8.ts", "a/s9.ts", "a/s10.ts") +
				"## hlsship: new run\n#EXT-X-DISCONTINUITY\n" + seg("b/s0.ts"),
		},
		"a new run goes on": {
			[]step{
				{playlist(7, "s7.ts", "s8.ts", "s9.ts", "s10.ts"), in("a")}, {playlist(0, "s0.ts"), in("b")},
				{playlist(0, "s0.ts", "s1.ts"), in("b")}, {playlist(0, "s0.ts", "s1.ts", "s2.ts"), in("b")},
			},
			head + "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-MEDIA-SEQUENCE:10\n" + seg("a/s10.ts") +
				"## hlsship: new run\n#EXT-X-DISCONTINUITY\n" + seg("b/s0.ts", "b/s1.ts", "b/s2.ts"),
		},
		"the old run has slid out": {
			[]step{
				{playlist(7, "s7.ts", "s8.ts", "s9.ts", "s10.ts"), in("a")}, {playlist(0, "s0.ts", "s1.ts", "s2.ts"), in("b")},
				{playlist(1, "s1.ts", "s2.ts", "s3.ts"), in("b")},
			},
			head + "#EXT-X-DISCONTINUITY-SEQUENCE:1\n#EXT-X-MEDIA-SEQUENCE:12\n" + seg("b/s1.ts", "b/s2.ts", "b/s3.ts"),
		},
		"a hole": {
			[]step{
				{playlist(7, "s7.ts", "s8.ts"), in("a")},
				{playlist(7, "s7.ts", "s8.ts", "s9.ts", "s10.ts"), Choices{Run: "a", Folder: in("a").Folder, Hole: holes(2)}},
			},
			head + "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-MEDIA-SEQUENCE:7\n" + seg("a/s7.ts", "a/s8.ts") +
				"## hlsship: segment missing\n#EXT-X-DISCONTINUITY\n" + seg("a/s10.ts"),
		},
		"a hole comes too late": {
			[]step{
				{playlist(7, "s7.ts", "s8.ts", "s9.ts", "s10.ts"), Choices{Run: "a", Folder: in("a").Folder, Hole: holes(2)}},
				{playlist(8, "s8.ts", "s9.ts", "s10.ts", "s11.ts"), in("a")},
			},
			head + "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-MEDIA-SEQUENCE:8\n" + seg("a/s8.ts") +
				"## hlsship: segment missing\n#EXT-X-DISCONTINUITY\n" + seg("a/s10.ts", "a/s11.ts"),
		},
		"a hole has slid out": {
			[]step{
				{playlist(7, "s7.ts", "s8.ts", "s9.ts", "s10.ts"), Choices{Run: "a", Folder: in("a").Folder, Hole: holes(2)}},
				{playlist(10, "s10.ts", "s11.ts"), in("a")}, {playlist(11, "s11.ts", "s12.ts"), in("a")},
			},
			head + "#EXT-X-DISCONTINUITY-SEQUENCE:1\n#EXT-X-MEDIA-SEQUENCE:10\n" + seg("a/s11.ts", "a/s12.ts"),
		},
		"a hole with gaps": {
			[]step{
				{playlist(7, "s7.ts", "s8.ts", "s9.ts"), Choices{Run: "a", Folder: in("a").Folder, Hole: holes(1), Gaps: true}},
				{playlist(8, "s8.ts", "s9.ts", "s10.ts"), in("a")},
			},
			strings.Replace(head, "VERSION:3", "VERSION:8", 1) + "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-MEDIA-SEQUENCE:8\n" + seg("GAP a/s8.ts", "a/s9.ts", "a/s10.ts"),
		},
		"dates": {
			[]step{
				{playlist(7, "s7.ts", "s8.ts"), Choices{Run: "a", Folder: in("a").Folder, Begun: dates(10)}},
				{playlist(8, "s8.ts", "s9.ts"), Choices{Run: "a", Folder: in("a").Folder, Begun: dates(13)}},
			},
			head + "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-MEDIA-SEQUENCE:8\n" + seg("PROGRAM-DATE-TIME:2026-11-30T01:02:12.000Z a/s8.ts", "a/s9.ts"),
		},
		"time is lost": {
			[]step{
				{playlist(7, "s7.ts", "s8.ts"), Choices{Run: "a", Folder: in("a").Folder, Begun: dates(10)}},
				{playlist(8, "s8.ts", "s9.ts"), Choices{Run: "a", Folder: in("a").Folder, Begun: func(i int) time.Time { return seconds(12 + 6*i) }}},
			},
			head + "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-MEDIA-SEQUENCE:8\n" +
				seg("PROGRAM-DATE-TIME:2026-11-30T01:02:12.000Z a/s8.ts", "PROGRAM-DATE-TIME:2026-11-30T01:02:18.000Z a/s9.ts"),
		},
		"nobody knows when it went on": {
			[]step{
				{playlist(7, "s7.ts"), Choices{Run: "a", Folder: in("a").Folder, Begun: dates(10)}},
				{playlist(7, "s7.ts", "s8.ts", "s9.ts"), Choices{Run: "a", Folder: in("a").Folder, Hole: holes(1), Begun: func(int) time.Time { return time.Time{} }}},
				{playlist(7, "s7.ts", "s8.ts", "s9.ts", "s10.ts"), Choices{Run: "a", Folder: in("a").Folder, Hole: holes(1), Begun: dates(24)}},
			},
			head + "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-MEDIA-SEQUENCE:7\n" + seg("PROGRAM-DATE-TIME:2026-11-30T01:02:10.000Z a/s7.ts") +
				"## hlsship: segment missing\n#EXT-X-DISCONTINUITY\n" + seg("a/s9.ts", "PROGRAM-DATE-TIME:2026-11-30T01:02:30.000Z a/s10.ts"),
		},
		"nobody knows when some of it was": {
			[]step{
				{playlist(7, "s7.ts", "s8.ts", "DISCONTINUITY s9.ts", "s10.ts"), Choices{Run: "a", Folder: in("a").Folder, Begun: func(i int) time.Time {
					if i == 2 {
						return time.Time{}
					}
					return seconds(10 + 2*i)
				}}},
			},
			head + "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-MEDIA-SEQUENCE:7\n" + seg("PROGRAM-DATE-TIME:2026-11-30T01:02:10.000Z a/s7.ts", "a/s8.ts",
				"DISCONTINUITY a/s9.ts", "PROGRAM-DATE-TIME:2026-11-30T01:02:16.000Z a/s10.ts"),
		},
		"the packager dates": {
			[]step{
				{playlist(7, "s7.ts", "PROGRAM-DATE-TIME:2016-01-01T00:00:00+0000 s8.ts"), Choices{Run: "a", Folder: in("a").Folder, Begun: dates(10)}},
				{playlist(8, "PROGRAM-DATE-TIME:2016-01-01T00:00:00+0000 s8.ts", "s9.ts"), Choices{Run: "a", Folder: in("a").Folder, Begun: dates(12)}},
				{playlist(9, "s9.ts", "s10.ts"), Choices{Run: "a", Folder: in("a").Folder, Begun: dates(14)}},
			},
			head + "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-MEDIA-SEQUENCE:9\n" + seg("PROGRAM-DATE-TIME:2016-01-01T00:00:02.000Z a/s9.ts", "a/s10.ts"),
		},
		"keys and maps at a seam": {
			[]step{
				{playlist(5, `KEY:METHOD=AES-128,URI="k"|MAP:URI="i" s5.ts`, "s6.ts", "s7.ts", "s8.ts"), in("a")},
				{playlist(0, `KEY:METHOD=AES-128,URI="k"|MAP:URI="i" s0.ts`, "s1.ts"), in("b")},
			},
			head + "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-MEDIA-SEQUENCE:6\n" +
				seg(`KEY:METHOD=AES-128,URI="a/k"|MAP:URI="a/i" a/s6.ts`, "a/s7.ts", "a/s8.ts") + "## hlsship: new run\n#EXT-X-DISCONTINUITY\n" +
				seg(`KEY:METHOD=AES-128,URI="b/k",IV=0x00000000000000000000000000000000|MAP:URI="b/i" b/s0.ts`,
					`KEY:METHOD=AES-128,URI="b/k",IV=0x00000000000000000000000000000001 b/s1.ts`),
		},
		"keys end at a seam": {
			[]step{
				{playlist(7, `KEY:METHOD=AES-128,URI="k" s7.ts`, "s8.ts"), in("a")}, {playlist(0, "s0.ts"), in("b")},
			},
			head + "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-MEDIA-SEQUENCE:7\n" + seg(`KEY:METHOD=AES-128,URI="a/k" a/s7.ts`, "a/s8.ts") +
				"#EXT-X-KEY:METHOD=NONE\n## hlsship: new run\n#EXT-X-DISCONTINUITY\n" + seg("b/s0.ts"),
		},
		"the packager says where it began": {
			[]step{{playlist(7, "s7.ts"), in("a")}, {playlist(8, "DISCONTINUITY s8.ts"), in("a")}},
			head + "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-MEDIA-SEQUENCE:8\n" + seg("DISCONTINUITY a/s8.ts"),
		},
		"an end is held": {
			[]step{{playlist(7, "s7.ts") + "#EXT-X-ENDLIST\n", Choices{Run: "a", Folder: in("a").Folder, HoldEnd: true}}},
			head + "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-MEDIA-SEQUENCE:7\n" + seg("a/s7.ts"),
		},
		"an event begins at its place": {
			[]step{
				{playlist(7, "PLAYLIST-TYPE:EVENT s7.ts", "s8.ts"), in("a")}, {playlist(0, "PLAYLIST-TYPE:EVENT s0.ts"), in("b")},
			},
			head + "#EXT-X-MEDIA-SEQUENCE:0\n" + seg("PLAYLIST-TYPE:EVENT b/s0.ts"),
		},
		"low latency": {
			[]step{{playlist(7, `SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,HOLD-BACK=6.0,PART-HOLD-BACK=1.0|PART-INF:PART-TARGET=0.5 s7.ts`, `PART:DURATION=0.5,URI="p" s8.ts`) +
				`#EXT-X-PRELOAD-HINT:TYPE=PART,URI="p9"`, in("a")}},
			head + "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-MEDIA-SEQUENCE:7\n" + seg("SERVER-CONTROL:HOLD-BACK=6.0 a/s7.ts", "a/s8.ts"),
		},
		"a segment is withdrawn": {
			[]step{{playlist(7, "s7.ts", "s8.ts"), in("a")}, {playlist(7, "s7.ts", "t8.ts"), in("a")}},
			head + "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-MEDIA-SEQUENCE:7\n" + seg("a/s7.ts", "a/s8.ts") +
				"## hlsship: segment missing\n#EXT-X-DISCONTINUITY\n" + seg("a/t8.ts"),
		},
		"a rendition that missed a run": {
			[]step{{playlist(7, "s7.ts"), in("a")}, {playlist(0, "s0.ts", "s1.ts"), Choices{Run: "c", Folder: in("c").Folder, Discontinuity: 2}}},
			head + "#EXT-X-DISCONTINUITY-SEQUENCE:1\n#EXT-X-MEDIA-SEQUENCE:8\n" + "## hlsship: new run\n#EXT-X-DISCONTINUITY\n" + seg("c/s0.ts", "c/s1.ts"),
		},
		"a rendition that comes later": {
			[]step{{playlist(3, "s3.ts"), Choices{Run: "c", Folder: in("c").Folder, Discontinuity: 2}}},
			head + "#EXT-X-DISCONTINUITY-SEQUENCE:2\n#EXT-X-MEDIA-SEQUENCE:3\n" + seg("c/s3.ts"),
		},
		"versions are passed over": {
			[]step{{playlist(7, "s7.ts", "s8.ts"), in("a")}, {playlist(20, "s20.ts", "s21.ts"), in("a")}},
			head + "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-MEDIA-SEQUENCE:20\n" + seg("a/s20.ts", "a/s21.ts"),
		},
		"a packager goes on with its list": {
			[]step{
				{playlist(7, "s7.ts", "s8.ts"), in("a")},
				{playlist(8, "s8.ts", "DISCONTINUITY s9.ts"), Choices{Run: "b", Folder: func(i int) string { return []string{"a/", "b/"}[i] }}},
			},
			head + "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-MEDIA-SEQUENCE:8\n" + seg("a/s8.ts", "DISCONTINUITY b/s9.ts"),
		},
		"names of another host come back": {
			[]step{
				{playlist(0, "https://h/0.ts", "https://h/1.ts"), in("a")}, {playlist(0, "https://h/0.ts"), in("b")},
			},
			head + "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-MEDIA-SEQUENCE:0\n" + seg("https://h/0.ts", "https://h/1.ts") +
				"## hlsship: new run\n#EXT-X-DISCONTINUITY\n" + seg("https://h/0.ts"),
		},
		"numbers fall in what is said to be one run": {
			[]step{{playlist(7, "s7.ts", "s8.ts"), in("a")}, {playlist(0, "s0.ts"), in("a")}},
			head + "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-MEDIA-SEQUENCE:7\n" + seg("a/s7.ts", "a/s8.ts") + "## hlsship: new run\n#EXT-X-DISCONTINUITY\n" + seg("a/s0.ts"),
		},
		"it was complete when it was first seen": {
			[]step{{playlist(0, "s0.ts") + "#EXT-X-ENDLIST\n", Choices{Run: "a", Folder: in("a").Folder, Begun: dates(10)}}},
			head + "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-MEDIA-SEQUENCE:0\n" + seg("a/s0.ts") + "#EXT-X-ENDLIST\n",
		},
		"the old run is longer": {
			[]step{
				{strings.Replace(playlist(7, "s7.ts"), "2.000000", "5.5", 1), in("a")}, {playlist(0, "s0.ts"), in("b")},
			},
			strings.Replace(head, "DURATION:2", "DURATION:6", 1) + "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-MEDIA-SEQUENCE:7\n" +
				strings.Replace(seg("a/s7.ts"), "2.000000", "5.5", 1) + "## hlsship: new run\n#EXT-X-DISCONTINUITY\n" + seg("b/s0.ts"),
		},
		"the variables of the old run mean something else": {
			[]step{
				{playlist(7, `DEFINE:NAME="v",VALUE="x" {$v}/s7.ts`), in("a")}, {playlist(0, `DEFINE:NAME="v",VALUE="y" {$v}/s0.ts`), in("b")},
			},
			head + "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-MEDIA-SEQUENCE:8\n#EXT-X-DEFINE:NAME=\"v\",VALUE=\"y\"\n## hlsship: new run\n#EXT-X-DISCONTINUITY\n" + seg("b/{$v}/s0.ts"),
		},
		"the old run has maps": {
			[]step{{playlist(7, `MAP:URI="i" s7.mp4`), in("a")}, {playlist(0, "s0.ts"), in("b")}},
			head + "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-MEDIA-SEQUENCE:8\n## hlsship: new run\n#EXT-X-DISCONTINUITY\n" + seg("b/s0.ts"),
		},
		"a hole where the packager dates": {
			[]step{
				{playlist(7, "PROGRAM-DATE-TIME:2016-01-01T00:00:00+0000 s7.ts", "s8.ts", "s9.ts"), Choices{Run: "a", Folder: in("a").Folder, Hole: holes(1), Begun: dates(10)}},
			},
			head + "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-MEDIA-SEQUENCE:7\n" + seg("PROGRAM-DATE-TIME:2016-01-01T00:00:00+0000 a/s7.ts") +
				"## hlsship: segment missing\n#EXT-X-DISCONTINUITY\n" + seg("PROGRAM-DATE-TIME:2016-01-01T00:00:04.000Z a/s9.ts"),
		},
		"tags of the playlist among those of a segment": {
			[]step{
				{playlist(7, "s7.ts"), in("a")},
				{"#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI=\"k\",IV=0x1\n#EXT-X-VERSION:3\n#EXT-X-MEDIA-SEQUENCE:4\n#EXT-X-TARGETDURATION:2\n" + seg("s4.ts"), in("b")},
			},
			"#EXTM3U\n#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-VERSION:3\n#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-TARGETDURATION:2\n" + seg("a/s7.ts") +
				"## hlsship: new run\n#EXT-X-DISCONTINUITY\n#EXT-X-KEY:METHOD=AES-128,URI=\"b/k\",IV=0x1\n" + seg("b/s4.ts"),
		},
		"reports of other numbers": {
			[]step{
				{playlist(7, "s7.ts") + "#EXT-X-RENDITION-REPORT:URI=\"o.m3u8\",LAST-MSN=7\n", in("a")},
				{playlist(0, "s0.ts") + "#EXT-X-RENDITION-REPORT:URI=\"o.m3u8\",LAST-MSN=0\n", in("b")},
			},
			head + "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-MEDIA-SEQUENCE:7\n" + seg("a/s7.ts") + "## hlsship: new run\n#EXT-X-DISCONTINUITY\n" + seg("b/s0.ts"),
		},
		"a packager that copies a published list": {
			[]step{{playlist(7, "s7.ts") + "## hlsship: new run\n#EXT-X-DISCONTINUITY\n" + seg("s8.ts"), in("a")}},
			head + "#EXT-X-DISCONTINUITY-SEQUENCE:0\n#EXT-X-MEDIA-SEQUENCE:7\n" + seg("a/s7.ts", "DISCONTINUITY a/s8.ts"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var e *Edition
			for _, s := range tt.steps {
				e = publish(t, e, s.text, s.Choices)
			}
			if got := string(e.Text()); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}
