package uploader

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// TestHeadersAreDocumented keeps the page for those who put a cache before the bucket in step with the defaults.
func TestHeadersAreDocumented(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "docs", "cdn.md"))
	if err != nil {
		t.Fatal(err)
	}
	documented := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| ((?:`\\w+`(?:, )?)+) \\| `([^`]+)`").FindAllStringSubmatch(string(page), -1) {
		for kind := range strings.SplitSeq(row[1], ", ") {
			documented[strings.Trim(kind, "`")] = row[2]
		}
	}
	for kind, value := range cacheDefaults() {
		if want := strings.TrimSuffix(value, "%d"); documented[kind] != want {
			t.Errorf("docs/cdn.md says %q of %s, want %q", documented[kind], kind, want)
		}
	}
}

// TestLiveMaxAge reads playlists with numbers that no viewer shall wait for.
func TestLiveMaxAge(t *testing.T) {
	t.Parallel()
	media := func(target string) string { return "#EXTM3U\n#EXT-X-TARGETDURATION:" + target + "\n#EXTINF:2,\na.ts\n" }
	manifest := func(period, duration string) string {
		return `<MPD type="dynamic" minimumUpdatePeriod="` + period + `" availabilityStartTime="2026-01-01T00:00:00Z"><Period><AdaptationSet>` +
			`<SegmentTemplate media="$Number$.m4s" duration="` + duration + `"/><Representation id="v"/></AdaptationSet></Period></MPD>`
	}
	for name, tt := range map[string]struct{ path, text, want string }{
		"usual":                               {"x.m3u8", media("6"), "public, max-age=3"},
		"long segments":                       {"x.m3u8", media("30"), "public, max-age=15"},
		"ten days":                            {"x.m3u8", media("864000"), "public, max-age=15"},
		"zero":                                {"x.m3u8", media("0"), "public, max-age=1"},
		"one second":                          {"x.m3u8", media("1"), "public, max-age=1"},
		"ten days, but it has ended":          {"x.m3u8", media("864000") + "#EXT-X-ENDLIST\n", "public, max-age=10"},
		"manifest":                            {"x.mpd", manifest("PT2S", "10"), "public, max-age=2"},
		"manifest updated once an hour":       {"x.mpd", manifest("PT1H", "86400"), "public, max-age=15"},
		"manifest that is updated constantly": {"x.mpd", manifest("PT0S", "86400"), "public, max-age=15"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pl, err := hls.ParseFile(tt.path, []byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			for set, want := range map[string]string{"": tt.want, "max-age=432000, 100%": "max-age=432000, 100%"} {
				values := map[string]string{}
				if set != "" {
					values["playlist"], values["manifest"], values["ended"] = set, set, set
				}
				policy, err := newCachePolicy(values)
				if got := policy.header(pl.Kind, pl); err != nil || got != want {
					t.Errorf("set to %q: got %q (%v), want %q", set, got, err, want)
				}
			}
		})
	}
	for _, d := range []time.Duration{-time.Hour, -1, 0} {
		if got := cachePolicy(cacheDefaults()).header(hls.MediaPlaylist, &hls.Playlist{TargetDuration: d, UpdatePeriod: d}); got != "public, max-age=1" {
			t.Errorf("a target duration of %v: got %q", d, got)
		}
	}
}
