package recording

import (
	"strings"
	"testing"
)

func TestFill(t *testing.T) {
	t.Parallel()
	const session = "20261130T010203Z"
	const in, key = "../" + session + "/v0/", `#EXT-X-KEY:METHOD=AES-128,URI="k"`
	const disc = "#EXT-X-DISCONTINUITY"
	guess := func(name string) string { return "#EXTINF:2.000,\n" + name }
	for _, tt := range []struct {
		name, chunk, published string
		stored                 string
		want                   string
		added                  int
	}{
		{"between a chunk and the published list", text(5, seg("a8.ts"), seg("a9.ts")), text(3, seg(in+"a12.ts"), seg(in+"a13.ts")), "v0/a11.ts v0/a10.ts v0/a7.ts v0/a13.ts v0/b10.ts v1/a10.ts .2/v0/a10.ts v0/a10.txt", text(5, seg("a8.ts"), seg("a9.ts"), guess("a10.ts"), guess("a11.ts"), seg("a12.ts"), seg("a13.ts")), 2},
		{"another rendition beside it, which counts first", text(5, seg("8_0.ts"), seg("9_0.ts")), text(3, seg(in+"12_0.ts")), "v0/9_1.ts v0/10_0.ts v0/10_1.ts v0/11_0.ts v0/11_1.ts v0/12_1.ts", text(5, seg("8_0.ts"), seg("9_0.ts"), guess("10_0.ts"), guess("11_0.ts"), seg("12_0.ts")), 2},
		{"another resolution beside it", text(5, seg("a9x720.ts")) + "|" + text(7, seg("a11x720.ts")), "", "v0/a9x1080.ts v0/a10x480.ts v0/a10x720.ts v0/a10x1080.ts", text(5, seg("a9x720.ts"), guess("a10x720.ts"), seg("a11x720.ts")), 1},
		{"times for numbers", text(5, seg("a01-59-58.ts")) + "|" + text(7, seg("a02-00-02.ts")), "", "v0/a02-00-00.ts", text(5, seg("a01-59-58.ts"), guess("a02-00-00.ts"), seg("a02-00-02.ts")), 1},
		{"names that follow one another", text(5, seg("a9.ts"), seg("a10.ts")), text(3, seg(in+"a11.ts"), seg(in+"a12.ts")), "", text(5, seg("a9.ts"), seg("a10.ts"), seg("a11.ts"), seg("a12.ts")), 0},
		{"names that follow one another where the key changes", text(5, seg("a9.ts")), text(3, seg(in+"a10.ts", `#EXT-X-KEY:METHOD=AES-128,URI="`+in+`k",IV=0x1`)), "", text(5, seg("a9.ts"), seg("a10.ts", key+",IV=0x1")), 0},
		{"two numbers of a name change", text(5, seg("1_9.ts")), text(3, seg(in+"2_10.ts")), "", text(5, seg("1_9.ts"), seg("2_10.ts", disc)), 0},
		{"a number that falls", text(5, seg("a9.ts")), text(3, seg(in+"a8.ts")), "", text(5, seg("a9.ts"), seg("a8.ts", disc)), 0},
		{"numbers that were missed", text(5, seg("5.ts")) + "|" + text(7, seg("7.ts")), "", "v0/6.ts", text(5, seg("5.ts"), guess("6.ts"), seg("7.ts")), 1},
		{"not as many as are missing", text(5, seg("5.ts")) + "|" + text(8, seg("8.ts")), "", "v0/6.ts", text(5, seg("5.ts"), seg("8.ts", disc)), 0},
		{"where a key changes", text(5, seg("5.ts")) + "|" + text(7, seg("7.ts", key)), "", "v0/6.ts", text(5, seg("5.ts"), seg("7.ts", disc, key+",IV=0x00000000000000000000000000000007")), 0},
		{"byte ranges", text(5, seg("5.ts", "#EXT-X-BYTERANGE:4@0")) + "|" + text(7, seg("7.ts", "#EXT-X-BYTERANGE:4@0")), "", "v0/6.ts", text(5, seg("5.ts", "#EXT-X-BYTERANGE:4@0"), seg("7.ts", disc, "#EXT-X-BYTERANGE:4@0")), 0},
		{"names with a query", text(5, seg("5.ts?x")) + "|" + text(7, seg("7.ts?x")), "", "v0/6.ts", text(5, seg("5.ts?x"), seg("7.ts?x", disc)), 0},
		{"nothing is missing", text(5, seg("5.ts"), seg("7.ts")), "", "v0/6.ts", text(5, seg("5.ts"), seg("7.ts")), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := recorded(t, "v0/index.m3u8", Facts{}, strings.Split(tt.chunk, "|")...)
			if tt.published != "" {
				if _, err := r.Join([]byte(tt.published), session); err != nil {
					t.Fatal(err)
				}
			}
			if added := r.Fill(strings.Fields(tt.stored)); added != tt.added {
				t.Errorf("%d added", added)
			}
			if again := r.Fill(strings.Fields(tt.stored)); again != 0 {
				t.Errorf("%d added again", again)
			}
			estimated := 0
			for _, e := range r.Entries() {
				if e.Estimated {
					estimated++
				}
			}
			if got := body(closed(t, r, Choices{}).Text); got != body([]byte(tt.want)) || estimated != tt.added {
				t.Errorf("got\n%s\nwant\n%s", got, body([]byte(tt.want)))
			}
		})
	}
}
