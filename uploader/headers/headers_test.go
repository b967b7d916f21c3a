package headers

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
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "cdn.md"))
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
	media := func(target string, lengths ...string) string {
		text := "#EXTM3U\n#EXT-X-TARGETDURATION:" + target + "\n"
		for _, l := range lengths {
			text += "#EXTINF:" + l + ",\na.ts\n"
		}
		return text
	}
	manifest := func(period, duration string) string {
		return `<MPD type="dynamic" minimumUpdatePeriod="` + period + `" availabilityStartTime="2026-01-01T00:00:00Z"><Period><AdaptationSet>` +
			`<SegmentTemplate media="$Number$.m4s" duration="` + duration + `"/><Representation id="v"/></AdaptationSet></Period></MPD>`
	}
	for name, tt := range map[string]struct{ path, text, want string }{
		"usual":                               {"x.m3u8", media("6", "6", "6", "6"), "public, max-age=3"},
		"long segments":                       {"x.m3u8", media("30", "30"), "public, max-age=5"},
		"one long segment, of a wrong time":   {"x.m3u8", media("3000", "2999.9", "2.0"), "public, max-age=1"},
		"the last ones count":                 {"x.m3u8", media("8", "1", "8", "7", "8"), "public, max-age=3"},
		"ten days":                            {"x.m3u8", media("864000", "864000"), "public, max-age=5"},
		"millions of years":                   {"x.m3u8", media("204963823041217", "2.0"), "public, max-age=1"},
		"no segments yet":                     {"x.m3u8", media("6"), "public, max-age=3"},
		"no lengths":                          {"x.m3u8", media("6", "x"), "public, max-age=3"},
		"zero":                                {"x.m3u8", media("0", "0"), "public, max-age=1"},
		"one second":                          {"x.m3u8", media("1", "1"), "public, max-age=1"},
		"ten days, but it has ended":          {"x.m3u8", media("864000", "2") + "#EXT-X-ENDLIST\n", "public, max-age=10"},
		"manifest":                            {"x.mpd", manifest("PT2S", "10"), "public, max-age=2"},
		"manifest updated once an hour":       {"x.mpd", manifest("PT1H", "86400"), "public, max-age=5"},
		"manifest that is updated constantly": {"x.mpd", manifest("PT0S", "86400"), "public, max-age=5"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			pl, err := hls.ParseFile(tt.path, []byte(tt.text), hls.ParseOptions{})
			if err != nil {
				t.Fatal(err)
			}
			for set, want := range map[string]string{"": tt.want, "max-age=432000, 100%d": "max-age=432000, 100%d"} {
				values := map[string]string{}
				if set != "" {
					values["playlist"], values["manifest"], values["ended"] = set, set, set
				}
				policy, err := New(Config{CacheControl: values})
				if got := policy.Playlist(hls.File{Path: tt.path, Kind: pl.Kind, Playlist: pl}).CacheControl; err != nil || got != want {
					t.Errorf("set to %q: got %q (%v), want %q", set, got, err, want)
				}
			}
		})
	}
	for _, d := range []time.Duration{-time.Hour, -1, 0} {
		policy, _ := New(Config{})
		pl := &hls.Playlist{TargetDuration: d, Shortest: d, UpdatePeriod: d}
		if got := policy.Playlist(hls.File{Kind: hls.MediaPlaylist, Playlist: pl}).CacheControl; got != "public, max-age=1" {
			t.Errorf("a target duration of %v: got %q", d, got)
		}
	}
}

// TestFileAge holds that a cache keeps what may come back under the same name for little more than the window.
func TestFileAge(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 31, 15, 49, 14, 0, time.UTC)
	for name, tt := range map[string]struct {
		path   string
		window time.Duration
		unique bool
		want   time.Duration
	}{
		"a number":                          {"live/seg42.ts", 16 * time.Second, false, 16 * time.Second},
		"no window":                         {"live/seg42.ts", 0, false, time.Minute},
		"an endless window":                 {"live/seg42.ts", 900 * time.Hour, false, 24 * time.Hour},
		"a folder for each run":             {"live/seg42.ts", 16 * time.Second, true, 24 * time.Hour},
		"an init section":                   {"live/init.mp4", 16 * time.Second, false, 16 * time.Second},
		"the epoch":                         {"live/live1769874554.ts", 16 * time.Second, false, 24 * time.Hour},
		"the epoch of weeks ago":            {"live/live1768574554.ts", 16 * time.Second, false, 24 * time.Hour},
		"its milliseconds":                  {"live/a_1769874554123.m4s", 16 * time.Second, false, 24 * time.Hour},
		"a constant that could be an epoch": {"live/1500000000_7.ts", 16 * time.Second, false, 16 * time.Second},
		"as many digits":                    {"live/seg0000000042.ts", 16 * time.Second, false, 16 * time.Second},
		"more digits than a number has":     {"live/seg" + strings.Repeat("1769874554", 9) + ".ts", 16 * time.Second, false, 16 * time.Second},
		"a date":                            {"live/cam-2026-01-31T16:49:14.ts", 16 * time.Second, false, 24 * time.Hour},
		"a date in one":                     {"20260131154000/seg1.ts", 16 * time.Second, false, 24 * time.Hour},
		"a date of a year before":           {"20250131154914/seg1.ts", 16 * time.Second, false, 16 * time.Second},
		"a day alone":                       {"20260131/seg1.ts", 16 * time.Second, false, 16 * time.Second},
		"a day, and a counter below":        {"20260131/000123.ts", 16 * time.Second, false, 16 * time.Second},
		"digits that are no date":           {"20261399999999/seg1.ts", 16 * time.Second, false, 16 * time.Second},
		"no digits":                         {"live/a.ts", 16 * time.Second, false, 16 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			policy, _ := New(Config{Unique: tt.unique})
			f := hls.File{Path: tt.path, Version: hls.Version{ModTime: at.UnixNano()}}
			if got := policy.fileAge(f, tt.window); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
		})
	}
}

// TestManifestHeaders is about what caches may do with a manifest.
func TestManifestHeaders(t *testing.T) {
	t.Parallel()
	policy, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		list hls.Playlist
		want string
	}{
		{hls.Playlist{TargetDuration: 6 * time.Second}, "public, max-age=3"},
		{hls.Playlist{TargetDuration: time.Second}, "public, max-age=1"},
		{hls.Playlist{TargetDuration: 20 * time.Second, UpdatePeriod: 2 * time.Second}, "public, max-age=2"},
		{hls.Playlist{TargetDuration: 6 * time.Second, UpdatePeriod: 500 * time.Second}, "public, max-age=3"},
		{hls.Playlist{Ended: true}, "public, max-age=10"},
	} {
		got := policy.Playlist(hls.File{Path: "a.mpd", Kind: hls.Manifest, Playlist: &tt.list})
		if got.CacheControl != tt.want || got.ContentType != "application/dash+xml" {
			t.Errorf("%+v: got %q for %q, want %q", tt.list, got.CacheControl, got.ContentType, tt.want)
		}
	}
}
