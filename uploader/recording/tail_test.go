package recording

import (
	"strings"
	"testing"
)

// TestFillBehind: what is stored behind the last segment that anybody saw listed is listed behind it, if its name says where it belongs.
func TestFillBehind(t *testing.T) {
	t.Parallel()
	const key, init, disc = `#EXT-X-KEY:METHOD=AES-128,URI="k"`, `#EXT-X-MAP:URI="i.mp4"`, "#EXT-X-DISCONTINUITY"
	guess := func(name string, tags ...string) string {
		return strings.Join(append(tags, "#EXTINF:2.000,", name), "\n")
	}
	for _, tt := range []struct {
		name, chunk, stored, want string
	}{
		{"behind the only one", text(0, seg("a0.ts")), "v0/a0.ts v0/a2.ts v0/a1.ts v1/a3.ts v0/b3.ts", text(0, seg("a0.ts"), guess("a1.ts"), guess("a2.ts"))},
		{"numbers of the extension do not count", text(0, seg("a0.m4s", init)), "v0/a1.m4s v0/a0.m5s v0/i.mp4", text(0, seg("a0.m4s", init), guess("a1.m4s"))},
		{"one is lost", text(7, seg("a8.ts"), seg("a9.ts")), "v0/a9.ts v0/a10.ts v0/a12.ts", text(7, seg("a8.ts"), seg("a9.ts"), guess("a10.ts"), guess("a12.ts", disc))},
		{"the names count from elsewhere, in larger steps", text(7, seg("t180.ts"), seg("t270.ts")), "v0/t360.ts v0/t400.ts v0/t450.ts", text(7, seg("t180.ts"), seg("t270.ts"), guess("t360.ts"), guess("t450.ts"))},
		{"another rendition beside it", text(0, seg("3_0.ts"), seg("4_0.ts")), "v0/4_1.ts v0/5_0.ts v0/5_1.ts", text(0, seg("3_0.ts"), seg("4_0.ts"), guess("5_0.ts"))},
		{"it may be another rendition", text(0, seg("3_0.ts")), "v0/3_1.ts v0/4_0.ts", text(0, seg("3_0.ts"))},
		{"a lap of a ring", text(4, seg("a4.ts"), seg("a5.ts"), seg("../.2/v0/a0.ts"), seg("../.2/v0/a1.ts")), "v0/a2.ts v0/a4.ts .2/v0/a1.ts .2/v0/a2.ts", text(4, seg("a4.ts"), seg("a5.ts"), seg("../.2/v0/a0.ts"), seg("../.2/v0/a1.ts"), guess("../.2/v0/a2.ts"))},
		{"what was listed before", text(0, seg("a2.ts"), seg("a0.ts"), seg("a1.ts")), "v0/a0.ts v0/a1.ts v0/a2.ts", text(0, seg("a2.ts"), seg("a0.ts"), seg("a1.ts"))},
		{"numbers fall", text(0, seg("a9.ts"), seg("a8.ts")), "v0/a9.ts v0/a10.ts", text(0, seg("a9.ts"), seg("a8.ts"))},
		{"two numbers change", text(0, seg("a1-58.ts"), seg("a2-00.ts")), "v0/a2-02.ts", text(0, seg("a1-58.ts"), seg("a2-00.ts"))},
		{"another name came before", text(0, seg("ad7.ts"), seg("a0.ts")), "v0/a1.ts v0/ad8.ts", text(0, seg("ad7.ts"), seg("a0.ts"))},
		{"a key may change", text(0, seg("a0.ts", key)), "v0/a1.ts", text(0, seg("a0.ts", key))},
		{"a map changed", text(0, seg("a0.m4s", init), seg("a1.m4s", `#EXT-X-MAP:URI="j.mp4"`)), "v0/a2.m4s", text(0, seg("a0.m4s", init), seg("a1.m4s", `#EXT-X-MAP:URI="j.mp4"`))},
		{"byte ranges", text(0, seg("a0.ts", "#EXT-X-BYTERANGE:4@0")), "v0/a1.ts", text(0, seg("a0.ts", "#EXT-X-BYTERANGE:4@0"))},
		{"no number", text(0, seg("a.ts")), "v0/a1.ts v0/b.ts", text(0, seg("a.ts"))},
		{"a number above all", text(0, seg("a18446744073709551615.ts")), "v0/a18446744073709551616.ts", text(0, seg("a18446744073709551615.ts"))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := recorded(t, "v0/index.m3u8", Facts{}, tt.chunk)
			added := r.Fill(strings.Fields(tt.stored))
			if want := strings.Count(tt.want, "EXTINF") - strings.Count(tt.chunk, "EXTINF"); added != want {
				t.Errorf("%d added, want %d", added, want)
			}
			if again := r.Fill(strings.Fields(tt.stored)); again != 0 {
				t.Errorf("%d added again", again)
			}
			if got := body(closed(t, r, Choices{}).Text); got != body([]byte(tt.want)) {
				t.Errorf("got\n%s\nwant\n%s", got, body([]byte(tt.want)))
			}
		})
	}
}
