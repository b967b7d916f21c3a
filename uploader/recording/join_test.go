package recording

import (
	"strings"
	"testing"
)

func TestJoin(t *testing.T) {
	t.Parallel()
	const session, before = "20261130T010203Z", "20261130T005900Z"
	const in, variant, old = "../" + session + "/v0/", "../" + session + "/.2/v0/", "../" + before + "/v0/"
	const disc = "#EXT-X-DISCONTINUITY"
	for _, tt := range []struct {
		name      string
		chunk     string // what a chunk has
		published string
		want      string
		added     int
	}{
		{"nothing more", text(5, seg("5.ts"), seg("6.ts")), text(5, seg(in+"5.ts"), seg(in+"6.ts")), text(5, seg("5.ts"), seg("6.ts")), 0},
		{"under other numbers", text(5, seg("5.ts"), seg("6.ts")), text(80, seg(in+"6.ts"), seg(in+"7.ts")), text(5, seg("5.ts"), seg("6.ts"), seg("7.ts")), 1},
		{"without any chunk", "", text(80, seg(in+"6.ts"), seg(in+"7.ts")), text(80, seg("6.ts"), seg("7.ts")), 2},
		{"of another run too", "", text(80, seg(old+"6.ts"), seg(in+"0.ts", "## hlsship: new run", disc)), text(81, seg("0.ts", disc)), 1},
		{"behind what nobody knows of", text(5, seg("5.ts")), text(6, seg(in+"8.ts")), text(5, seg("5.ts"), seg("8.ts", disc)), 1},
		{"a hole stays one", text(5, seg("5.ts")), text(5, seg(in+"5.ts"), seg(in+"7.ts", "## hlsship: segment missing", disc)), text(5, seg("5.ts"), seg("7.ts", disc)), 1},
		{"variants", text(5, seg("5.ts")), text(5, seg(in+"5.ts"), seg(variant+"a.ts", `#EXT-X-MAP:URI="`+variant+`init.mp4"`)), text(5, seg("5.ts"), seg("../.2/v0/a.ts", `#EXT-X-MAP:URI="../.2/v0/init.mp4"`)), 1},
		{"ranges of one file", text(5, seg("a.ts", "#EXT-X-BYTERANGE:4@0")), text(9, seg(in+"a.ts", "#EXT-X-BYTERANGE:4@0"), seg(in+"a.ts", "#EXT-X-BYTERANGE:4")), text(5, seg("a.ts", "#EXT-X-BYTERANGE:4@0"), seg("a.ts", "#EXT-X-BYTERANGE:4@4")), 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			const list = "v0/index.m3u8"
			r := New(list)
			if tt.chunk != "" {
				r = recorded(t, list, Facts{}, tt.chunk)
			}
			added, err := r.Join([]byte(tt.published), session)
			if err != nil || added != tt.added {
				t.Fatalf("%d added, %v", added, err)
			}
			if again, err := r.Join([]byte(tt.published), session); err != nil || again != 0 {
				t.Errorf("the second time %d and %v", again, err)
			}
			out := closed(t, r, Choices{Stored: func(path string, _ int64) bool { return !strings.Contains(path, session) }})
			if got := body(out.Text); got != body([]byte(tt.want)) {
				t.Errorf("got\n%s\nwant\n%s", got, body([]byte(tt.want)))
			}
		})
	}
	if _, err := New("a.m3u8").Join([]byte("x"), session); err == nil {
		t.Error("what is no list was taken in")
	}
}
