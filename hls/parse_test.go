package hls

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// describe writes a playlist as the golden files have it.
func describe(p *Playlist) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s ended=%t target=%v sequence=%d discontinuity=%d segments=%d\n",
		p.Kind, p.Ended, p.TargetDuration, p.MediaSequence, p.DiscontinuitySequence, p.Segments)
	for _, r := range p.References {
		fmt.Fprintf(&b, "%s %q", r.Kind, r.URI)
		if r.Length > 0 {
			fmt.Fprintf(&b, " bytes=%d@%d", r.Length, r.Offset)
		}
		for i, is := range []bool{r.Gap, r.Hint, r.Soft, r.Unresolved} {
			if is {
				b.WriteString([]string{" gap", " hint", " soft", " unresolved"}[i])
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func TestParseGolden(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/*.m3u8")
	manifests, err2 := filepath.Glob("testdata/*.mpd")
	if err != nil || err2 != nil || len(names) < 10 || len(manifests) < 5 {
		t.Fatalf("fixtures: %v, %v, %v, %v", names, manifests, err, err2)
	}
	names = append(names, manifests...)
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			p, err := ParseFile(name, text, ParseOptions{})
			if err != nil {
				t.Fatal(err)
			}
			got, golden := describe(p), strings.TrimSuffix(name, filepath.Ext(name))+".golden"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%swant\n%s", got, want)
			}
		})
	}
}

// TestParseReferences has what the golden files do not show. The text follows behind #EXTM3U.
func TestParseReferences(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		want       []Reference
	}{
		{"empty list", "", nil},
		{"comments name nothing", "# a.ts URI=\"b.ts\"\n##URI=\"c.ts\"\n#UPLYNK:URI=\"d.ts\"", nil},
		{"other extensions on a segment's line are media", "#EXTINF:1,\ntile_1.jpg\n#EXTINF:1,\nnoext",
			[]Reference{{URI: "tile_1.jpg", Kind: Media}, {URI: "noext", Kind: Media}}},
		{"query does not hide the extension", "#EXTINF:1,\na.vtt?x=b.ts\n#EXTINF:1,\nb.aac#c.vtt",
			[]Reference{{URI: "a.vtt?x=b.ts", Kind: Subtitle}, {URI: "b.aac#c.vtt", Kind: Media}}},
		{"white space around lines", "  #EXTINF:1,  \n\t seg 1.ts \t\r\n \t\n",
			[]Reference{{URI: "seg 1.ts", Kind: Media}}},
		{"a CR alone ends a line, as it does for hls.js", "#EXTINF:1,\ra.ts\r#EXTINF:1,\r\nb.ts\r",
			[]Reference{{URI: "a.ts", Kind: Media}, {URI: "b.ts", Kind: Media}}},
		{"unknown tag", `#EXT-X-VENDOR:A="x,y",URI="extra.bin",B=1`, []Reference{{URI: "extra.bin"}}},
		{"unknown tag that is no attribute list", "#EXT-OATCLS-SCTE35:/DAl==\n#EXT-X-CUE-OUT:30,URI=\"a.m3u8\"",
			[]Reference{{URI: "a.m3u8", Kind: MediaPlaylist}}},
		{"renditions report one another", "#EXT-X-RENDITION-REPORT:URI=\"../1M/a.m3u8\",LAST-MSN=1\n#EXT-X-RENDITION-REPORT:URI=x",
			[]Reference{{URI: "../1M/a.m3u8", Kind: MediaPlaylist, Hint: true}, {URI: "x", Kind: MediaPlaylist, Hint: true}}},
		{"playlists on a segment's line", "#EXTINF:1,\na.m3u8\n#EXTINF:1,\n#EXT-X-GAP\nb.M3U?x=1\nc.mpd",
			[]Reference{{URI: "a.m3u8", Kind: MediaPlaylist}, {URI: "b.M3U?x=1", Kind: MediaPlaylist, Gap: true}, {URI: "c.mpd", Kind: Manifest}}},
		{"playlists of whatever tag", "#EXTINF:1,\na.ts\n#EXT-X-STREAM-INF:X=1\nb.m3u8\n#EXT-X-MEDIA:URI=c\n#EXT-X-DATERANGE:X-ASSET-URI=\"d.m3u8\"\n#EXT-X-MAP:URI=e.mpd",
			[]Reference{{URI: "a.ts", Kind: Media}, {URI: "b.m3u8", Kind: MediaPlaylist}, {URI: "c", Kind: MediaPlaylist}, {URI: "d.m3u8", Kind: MediaPlaylist}, {URI: "e.mpd", Kind: Init}}},
		{"several URIs in one tag", `#EXT-X-DATERANGE:X-ASSET-URI="a.ts",X-ASSET-LIST="b.json",URI="c.key"`,
			[]Reference{{URI: "a.ts", Kind: Media}, {URI: "b.json", Optional: true}, {URI: "c.key", Kind: Key}}},
		{"a title is no attribute list", "#EXTINF:1,URI=\"a.ts\"\nb.ts", []Reference{{URI: "b.ts", Kind: Media}}},
		{"unquoted URI and spaces", "#EXT-X-KEY:METHOD = AES-128 , URI = k.key , IV=0x1",
			[]Reference{{URI: "k.key", Kind: Key}}},
		{"comma and equals sign in quotes", `#EXT-X-KEY:METHOD=AES-128,URI="k?a=1,URI=2"`,
			[]Reference{{URI: "k?a=1,URI=2", Kind: Key}}},
		{"text behind a closing quote", `#EXT-X-MAP:URI="a.mp4"x,BYTERANGE="5@6"`,
			[]Reference{{URI: "a.mp4", Kind: Init, Offset: 6, Length: 5}}},
		{"comma missing behind a quote", `#EXT-X-MAP:BYTERANGE="5@6"URI="a.mp4"`,
			[]Reference{{URI: "a.mp4", Kind: Init, Offset: 6, Length: 5}}},
		{"partial segment that is there", `#EXT-X-PART:URI="a",GAP=NO`, []Reference{{URI: "a", Kind: Media}}},
		{"closing quote missing", `#EXT-X-MAP:URI="a.mp4,BYTERANGE=5@6`,
			[]Reference{{URI: "a.mp4,BYTERANGE=5@6", Kind: Init, Unresolved: true}}},
		{"no key", `#EXT-X-KEY:URI="k.key",METHOD=NONE`, nil},
		{"key without method", `#EXT-X-KEY:URI="k"`, []Reference{{URI: "k", Kind: Key}}},
		{"empty URI", `#EXT-X-MAP:URI=""`, []Reference{{Kind: Init}}},
		{"init section named like media", `#EXT-X-MAP:URI="hi_0.m4s"`, []Reference{{URI: "hi_0.m4s", Kind: Init}}},
		{"prefetch", "#EXT-X-PREFETCH: next.ts", []Reference{{URI: "next.ts", Kind: Media, Hint: true}}},
		{"gap is for one segment", "#EXTINF:1,\n#EXT-X-GAP\na.ts\n#EXTINF:1,\nb.ts",
			[]Reference{{URI: "a.ts", Kind: Media, Gap: true}, {URI: "b.ts", Kind: Media}}},
		{"variant behind tags, comments and blank lines", "#EXT-X-STREAM-INF:BANDWIDTH=1\n\n#c\n#EXT-X-Y\nhi\nstray.ts",
			[]Reference{{URI: "hi", Kind: MediaPlaylist}, {URI: "stray.ts", Kind: Media}}},
		{"temporary name on a segment's line", "#EXTINF:1,\na.ts.tmp", []Reference{{URI: "a.ts.tmp", Kind: Temporary}}},
		{"title that is no UTF-8", "#EXTINF:1,caf\xe9\na.ts", []Reference{{URI: "a.ts", Kind: Media}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for header, text := range map[string]string{
				"plain": "#EXTM3U\n", "BOM": "\ufeff#EXTM3U\n", "CRLF": "#EXTM3U\r\n", "attributes": "#EXTM3U x-y=\"z\" \n",
			} {
				p, err := Parse([]byte(text + tt.text))
				if err != nil {
					t.Fatalf("%s: %v", header, err)
				}
				if got := unplaced(p).References; len(got)+len(tt.want) > 0 && !reflect.DeepEqual(got, tt.want) {
					t.Errorf("%s: got %+v, want %+v", header, got, tt.want)
				}
				checkSpans(t, p, text+tt.text)
			}
		})
	}
}

func TestParseVariables(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, define, uri string
		want              string
		unresolved        bool
	}{
		{"defined", `NAME="a",VALUE="x"`, "{$a}/{$a}.ts", "x/x.ts", false},
		{"empty value", `NAME="a",VALUE=""`, "{$a}1.ts", "1.ts", false},
		{"another name", `NAME="a",VALUE="x"`, "{$b}/{$a}.ts", "{$b}/x.ts", true},
		{"letter case counts", `NAME="a",VALUE="x"`, "{$A}.ts", "{$A}.ts", true},
		{"values are not looked at again", `NAME="a",VALUE="{$"`, "{$a}a}.ts", "{$a}.ts", false},
		{"no value", `NAME="a"`, "{$a}.ts", "{$a}.ts", true},
		{"value without closing quote", `NAME="a",VALUE="x`, "{$a}.ts", "{$a}.ts", true},
		{"value of an unknown variable", `NAME="a",VALUE="{$b}x"`, "{$a}.ts", "{$a}.ts", true},
		{"defined twice", "NAME=\"a\",VALUE=\"x\"\n#EXT-X-DEFINE:NAME=\"a\",VALUE=\"y\"", "{$a}.ts", "{$a}.ts", true},
		{"imported", `IMPORT="a"`, "{$a}.ts", "{$a}.ts", true},
		{"query parameter in the path", `QUERYPARAM="a"`, "{$a}.ts", "{$a}.ts", true},
		{"query parameter in the query", `QUERYPARAM="a"`, "x.ts?{$a}", "x.ts?{$a}", false},
		{"unknown in path and query", `NAME="b",VALUE="x"`, "{$b}{$a}?{$a}", "x{$a}?{$a}", true},
		{"unknown behind a value's query", `NAME="b",VALUE="x?"`, "{$b}{$a}", "x?{$a}", false},
		{"import hides the value", "NAME=\"a\",VALUE=\"x\"\n#EXT-X-DEFINE:IMPORT=\"a\"", "{$a}.ts", "{$a}.ts", true},
		{"no reference", `NAME="a",VALUE="x"`, "{$}{$a{a}$a{$ä}.ts", "{$}{$a{a}$a{$ä}.ts", false},
		{"defines name no files", `NAME="a",VALUE="x",URI="no.ts"`, "y.ts", "y.ts", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			text := "#EXTM3U\n#EXT-X-DEFINE:" + tt.define + "\n#EXT-X-MAP:URI=\"" + tt.uri + "\"\n" + tt.uri
			p, err := Parse([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			if len(p.References) != 2 {
				t.Fatalf("got %+v, want 2 references", p.References)
			}
			for _, r := range p.References {
				if r.URI != tt.want || r.Unresolved != tt.unresolved {
					t.Errorf("got %+v, want %q unresolved=%t", r, tt.want, tt.unresolved)
				}
			}
		})
	}
}

func TestParseByteRanges(t *testing.T) {
	t.Parallel()
	type span struct{ offset, length int64 }
	tests := []struct {
		name   string
		ranges []string // "RANGE FILE", in order
		want   []span
	}{
		{"explicit", []string{"10@20 a", "5@0 a"}, []span{{20, 10}, {0, 5}}},
		{"implicit goes on", []string{"10@20 a", "5 a", "1 a"}, []span{{20, 10}, {30, 5}, {35, 1}}},
		{"implicit at first", []string{"10 a"}, []span{{0, 10}}},
		{"each file has its own end", []string{"10@20 a", "5 b", "7 a", "6 b"}, []span{{20, 10}, {0, 5}, {30, 7}, {5, 6}}},
		{"spaces", []string{" 10 @ 20 \ta"}, []span{{20, 10}}},
		{"no number", []string{"x@1 a", "1@x a", "@ a", "-1@5 a", "+1@5 a", "1@-5 a", "1.5 a", "0@7 a"},
			[]span{{}, {}, {}, {}, {}, {}, {}, {}}},
		{"no number leaves the end alone", []string{"10@20 a", "x a", "5 a"}, []span{{20, 10}, {}, {30, 5}}},
		{"largest", []string{"9223372036854775806@1 a", "9223372036854775807@0 b"},
			[]span{{1, 9223372036854775806}, {0, 9223372036854775807}}},
		{"overflow", []string{"9223372036854775807@1 a", "9223372036854775808@0 a", "9223372036854775807@0 a", "1 a"},
			[]span{{}, {}, {0, 9223372036854775807}, {}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			segments, parts := "#EXTM3U\n", "#EXTM3U\n"
			for _, r := range tt.ranges {
				i := strings.LastIndexAny(r, " \t")
				segments += "#EXT-X-BYTERANGE:" + r[:i] + "\n" + r[i+1:] + "\n"
				parts += `#EXT-X-PART:URI="` + r[i+1:] + `",BYTERANGE="` + r[:i] + "\"\n"
			}
			for _, text := range []string{segments, parts, parts + segments} {
				p, err := Parse([]byte(text))
				if err != nil {
					t.Fatal(err)
				}
				for i, r := range p.References {
					if got, want := (span{r.Offset, r.Length}), tt.want[i%len(tt.want)]; got != want {
						t.Errorf("reference %d: got %v, want %v in\n%s", i, got, want, text)
					}
				}
			}
		})
	}
}

func TestParseNumbers(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		want       Playlist
		malformed  bool
	}{
		{"none", "", Playlist{}, false},
		{"all", "#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE: 7 \n#EXT-X-DISCONTINUITY-SEQUENCE:8",
			Playlist{TargetDuration: 6 * time.Second, MediaSequence: 7, DiscontinuitySequence: 8}, false},
		{"leading zeros", "#EXT-X-MEDIA-SEQUENCE:0009", Playlist{MediaSequence: 9}, false},
		{"largest sequence", "#EXT-X-MEDIA-SEQUENCE:18446744073709551614\na.ts",
			Playlist{MediaSequence: 18446744073709551614}, false},
		{"sequence that wraps", "#EXT-X-MEDIA-SEQUENCE:18446744073709551615\na.ts", Playlist{}, true},
		{"sequence of 65 bits", "#EXT-X-MEDIA-SEQUENCE:18446744073709551616", Playlist{}, true},
		{"sequence of words", "#EXT-X-MEDIA-SEQUENCE:abc", Playlist{}, true},
		{"sequence cut off", "#EXT-X-MEDIA-SEQUENCE", Playlist{}, true},
		{"skip of words", "#EXT-X-SKIP:SKIPPED-SEGMENTS=abc", Playlist{}, true},
		{"skip of nothing said", "#EXT-X-SKIP", Playlist{}, true},
		{"skip of more than there ever are", "#EXT-X-SKIP:SKIPPED-SEGMENTS=2147483648", Playlist{}, true},
		{"negative sequence", "#EXT-X-MEDIA-SEQUENCE:-1", Playlist{}, true},
		{"negative discontinuity", "#EXT-X-DISCONTINUITY-SEQUENCE:-1", Playlist{}, true},
		{"blocking reload", "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.0", Playlist{BlockingReload: true}, false},
		{"no blocking reload", "#EXT-X-SERVER-CONTROL:HOLD-BACK=6.0", Playlist{}, false},
		{"fractional duration", "#EXT-X-TARGETDURATION:4.5", Playlist{TargetDuration: 4500 * time.Millisecond}, false},
		{"duration with a unit", "#EXT-X-TARGETDURATION:4m", Playlist{}, true},
		{"duration of 300 years", "#EXT-X-TARGETDURATION:9999999999", Playlist{TargetDuration: 24 * time.Hour}, false},
		{"duration of nginx-rtmp", "#EXT-X-TARGETDURATION:204963823041217", Playlist{TargetDuration: 24 * time.Hour}, false},
		{"duration beyond all numbers", "#EXT-X-TARGETDURATION:1" + strings.Repeat("0", 400), Playlist{TargetDuration: 24 * time.Hour}, false},
		{"lengths", "#EXTINF:9,\na\n#EXTINF:2.5,title\nb\n#EXTINF: 4\nc\n#EXTINF:3,\nd",
			Playlist{Duration: 18500 * time.Millisecond, Shortest: 2500 * time.Millisecond}, false},
		{"one length", "#EXTINF:9,\na", Playlist{Duration: 9 * time.Second, Shortest: 9 * time.Second}, false},
		{"lengths that are none", "#EXTINF:-1,\na\n#EXTINF:x,\nb\n#EXTINF:NaN,\nb\n#EXTINF:3,\nc", Playlist{Duration: 3 * time.Second, Shortest: 3 * time.Second}, false},
		{"lengths without an end", strings.Repeat("#EXTINF:Inf,\na\n", 2000), Playlist{Duration: 24000 * time.Hour, Shortest: 24 * time.Hour}, false},
		{"negative duration", "#EXT-X-TARGETDURATION:-4", Playlist{}, true},
		{"no duration", "#EXT-X-TARGETDURATION:", Playlist{}, true},
		{"points only", "#EXT-X-TARGETDURATION:..", Playlist{}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := Parse([]byte("#EXTM3U\n" + tt.text))
			if tt.malformed {
				if !errors.Is(err, ErrMalformed) {
					t.Fatalf("got %v, %v, want ErrMalformed", p, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if p.TargetDuration != tt.want.TargetDuration || p.MediaSequence != tt.want.MediaSequence ||
				p.DiscontinuitySequence != tt.want.DiscontinuitySequence || p.BlockingReload != tt.want.BlockingReload ||
				tt.want.Duration > 0 && (p.Duration != tt.want.Duration || p.Shortest != tt.want.Shortest) {
				t.Errorf("got %+v, want %+v", p, tt.want)
			}
		})
	}
}

func TestParseKind(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		want       Kind
		segments   int
	}{
		{"neither", "a.ts", MediaPlaylist, 1},
		{"no segments yet", "#EXT-X-TARGETDURATION:1", MediaPlaylist, 0},
		{"variants", "#EXT-X-STREAM-INF:X=1\na\n#EXT-X-STREAM-INF:X=1\nb\nstray", MultivariantPlaylist, 0},
		{"renditions only", `#EXT-X-MEDIA:TYPE=AUDIO,URI="a"`, MultivariantPlaylist, 0},
		{"session data only", `#EXT-X-SESSION-DATA:DATA-ID="x",VALUE="y"`, MultivariantPlaylist, 0},
		{"session key only", "#EXT-X-SESSION-KEY:METHOD=NONE", MultivariantPlaylist, 0},
		{"both", "#EXT-X-STREAM-INF:X=1\na\n#EXTINF:1,\nb", MediaPlaylist, 1},
		{"a segment takes the line from a variant", "#EXT-X-STREAM-INF:X=1\n#EXTINF:1,\nb.ts", MediaPlaylist, 1},
		{"a delta update that skips all", "#EXT-X-SKIP:SKIPPED-SEGMENTS=3", MediaPlaylist, 3},
		{"gaps count", "#EXTINF:1,\n#EXT-X-GAP\na.ts\n#EXTINF:1,\nb.ts", MediaPlaylist, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := Parse([]byte("#EXTM3U\n" + tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if p.Kind != tt.want || p.Segments != tt.segments {
				t.Errorf("got %v with %d segments, want %v with %d", p.Kind, p.Segments, tt.want, tt.segments)
			}
		})
	}
}

func TestParseLastSequence(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text string
		want       uint64
		ok         bool
	}{
		{"no segments", "#EXT-X-MEDIA-SEQUENCE:7", 0, false},
		{"segments", "#EXT-X-MEDIA-SEQUENCE:7\n#EXTINF:1,\na\n#EXTINF:1,\nb", 8, true},
		{"without a number they count from 0", "#EXTINF:1,\na\n#EXTINF:1,\nb", 1, true},
		{"skipped ones count", "#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-SKIP:SKIPPED-SEGMENTS=10\n#EXTINF:1,\na", 17, true},
		{"skipped before the number is said", "#EXT-X-SKIP:SKIPPED-SEGMENTS=10\n#EXT-X-MEDIA-SEQUENCE:7\n#EXTINF:1,\na", 17, true},
		{"nothing but skipped ones", "#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-SKIP:SKIPPED-SEGMENTS=10", 16, true},
		{"parts are none", "#EXT-X-MEDIA-SEQUENCE:7\n#EXTINF:1,\na\n#EXT-X-PART:URI=\"b\"", 7, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := Parse([]byte("#EXTM3U\n" + tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if got, ok := p.LastSequence(); got != tt.want || ok != tt.ok {
				t.Errorf("got %d, %v, want %d, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	doubling := `#EXT-X-DEFINE:NAME="v0",VALUE="0123456789"` + "\n"
	for i := range 30 {
		doubling += fmt.Sprintf("#EXT-X-DEFINE:NAME=\"v%d\",VALUE=\"{$v%d}{$v%d}\"\n", i+1, i, i)
	}
	tests := []struct {
		name, text string
		want       error
	}{
		{"empty", "", ErrNotPlaylist},
		{"cut off", "#EXTM3", ErrNotPlaylist},
		{"another word", "#EXTM3U8\n", ErrNotPlaylist},
		{"blank line first", "\n#EXTM3U\n", ErrNotPlaylist},
		{"room reserved", "#EXTM3U\n" + strings.Repeat("\x00", 100), ErrNotPlaylist},
		{"nothing but room", strings.Repeat("\x00", 100), ErrNotPlaylist},
		{"page of HTML", "<!doctype html>", ErrNotPlaylist},
		{"one byte too many", "#EXTM3U\n" + strings.Repeat("a", MaxPlaylistSize-7), ErrTooLarge},
		{"variables that double", "#EXTM3U\n" + doubling + "{$v30}", ErrTooLarge},
		{"a long value again and again", "#EXTM3U\n#EXT-X-DEFINE:NAME=\"a\",VALUE=\"" + strings.Repeat("x", 1<<20) +
			"\"\n" + strings.Repeat("{$a}\n", 100), ErrTooLarge},
		{"a URI of two values of 40 kB", "#EXTM3U\n#EXT-X-DEFINE:NAME=\"a\",VALUE=\"" + strings.Repeat("x", 40_000) + "\"\n{$a}{$a}\n", ErrTooLarge},
		{"a value of two of 40 kB", "#EXTM3U\n#EXT-X-DEFINE:NAME=\"a\",VALUE=\"" + strings.Repeat("x", 40_000) +
			"\"\n#EXT-X-DEFINE:NAME=\"b\",VALUE=\"{$a}{$a}\"\ns.ts\n", ErrTooLarge},
		{"one URI too many", "#EXTM3U\n" + strings.Repeat("a\n", maxReferences+1), ErrTooLarge},
		{"one URI too many in a tag", "#EXTM3U\n#EXT-X-A:" + strings.Repeat("URI=a,", maxReferences+1), ErrTooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if p, err := Parse([]byte(tt.text)); !errors.Is(err, tt.want) || p != nil {
				t.Errorf("got %v, %v, want nil, %v", p, err, tt.want)
			}
		})
	}
}

func TestParseErrorNamesTheLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                     "line 1: not a playlist: no #EXTM3U",
		"#EXTM3U\n\r\n#EXT-X-MEDIA-SEQUENCE:x": "line 3: malformed playlist: EXT-X-MEDIA-SEQUENCE without a number of 64 bits",
		"#EXTM3U\n\n\na\x00":                   "line 4: not a playlist: NUL byte",
	} {
		if _, err := Parse([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%q: got %v, want %s", text, err, want)
		}
	}
}

// TestParseHostile has texts on which quadratic time takes minutes; linear time is milliseconds, seconds
// with the race detector and coverage on a busy machine.
func TestParseHostile(t *testing.T) {
	t.Parallel()
	const size = 2 << 20
	repeat := func(s string) string { return strings.Repeat(s, size/len(s)) }
	tests := map[string]string{
		"one line of the largest size": "#EXTM3U\n" + strings.Repeat("a", MaxPlaylistSize-8),
		"as many URIs as there may be": "#EXTM3U\n" + strings.Repeat("a\n", maxReferences),
		"blank lines":                  "#EXTM3U\n" + repeat("\n"),
		"CRs":                          "#EXTM3U\n" + repeat("\r"),
		"tag of commas":                "#EXTM3U\n#EXT-X-KEY:" + repeat(","),
		"tag of equals signs":          "#EXTM3U\n#EXT-X-KEY:" + repeat("="),
		"tag of quotes":                "#EXTM3U\n#EXT-X-MAP:" + repeat(`A="`),
		"open quotes":                  "#EXTM3U\n" + repeat("#EXT-X-PART:URI=\"a\n"),
		"variables that never end":     "#EXTM3U\n" + repeat("{$"),
		"one variable that never ends": "#EXTM3U\n{$" + repeat("a"),
		"unknown variables":            "#EXTM3U\n" + repeat("{$a}"),
		"number of digits":             "#EXTM3U\n#EXT-X-BYTERANGE:" + repeat("9") + "\na.ts",
		"duration of digits":           "#EXTM3U\n#EXT-X-TARGETDURATION:1." + repeat("9"),
		"name of words":                "#EXTM3U\n" + repeat("ini-") + ".mp4",
		"headers":                      repeat("#EXTM3U\n"),
		"one long range of many URIs":  "#EXTM3U\n#EXT-X-MAP:BYTERANGE=\"" + repeat("9") + "\"," + repeat("URI=a,"),
		"ranges of two files":          "#EXTM3U\n" + repeat("#EXT-X-BYTERANGE:1\na\n#EXT-X-BYTERANGE:1\nb\n"),
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			if _, err := Parse([]byte(text)); err != nil {
				t.Error(err)
			}
			if took := time.Since(start); took > time.Minute {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestParseKeepsNothingOfTheText(t *testing.T) {
	t.Parallel()
	text := []byte("#EXTM3U\n#EXTINF:1,\na.ts\n")
	p, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	for i := range text {
		text[i] = 'x'
	}
	if got := p.References[0].URI; got != "a.ts" {
		t.Errorf("got %q, want a.ts", got)
	}
}

// longPlaylist is the text of an event of n segments.
func longPlaylist(n int) string {
	var b strings.Builder
	b.WriteString("#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:6\n#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-MAP:URI=\"init.mp4\"\n")
	for i := range n {
		fmt.Fprintf(&b, "#EXTINF:6.000000,\nsegment_%08d.m4s\n", i)
	}
	return b.String()
}

func BenchmarkParse10000(b *testing.B) {
	text := []byte(longPlaylist(10000))
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}
