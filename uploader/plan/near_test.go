package plan

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// TestNearest: what a name that is missing was likely meant for.
func TestNearest(t *testing.T) {
	t.Parallel()
	const composed, decomposed = "caf\u00e9_0.ts", "cafe\u0301_0.ts"
	for _, tt := range []struct {
		name, missing string
		there         []string
		want          Nearby
	}{
		{"nothing like it", "s0.ts", []string{"s1.ts", "s00.ts", "s0.tsx", "hd/s1.ts"}, Nearby{}},
		{"case", "Seg_0.TS", []string{"seg_0.ts"}, Nearby{"seg_0.ts", "case"}},
		{"case of a folder", "hd/s0.ts", []string{"HD/s0.ts", "sd/s0.ts"}, Nearby{"HD/s0.ts", "case"}},
		{"case beyond ASCII", "\u00e4.ts", []string{"\u00c4.ts"}, Nearby{"\u00c4.ts", "case"}},
		{"composed", decomposed, []string{composed}, Nearby{composed, "unicode"}},
		{"decomposed", "x/" + composed, []string{"x/" + decomposed}, Nearby{"x/" + decomposed, "unicode"}},
		{"Hangul", "\ud55c.ts", []string{"\u1112\u1161\u11ab.ts"}, Nearby{"\u1112\u1161\u11ab.ts", "unicode"}},
		{"kana", "\u304c.ts", []string{"\u304b\u3099.ts"}, Nearby{"\u304b\u3099.ts", "unicode"}},
		{"other letters", "\u65b0\u805e.ts", []string{"\u4f53\u80b2.ts"}, Nearby{}},
		{"backslash on disk", "hd/s0.ts", []string{`hd\s0.ts`}, Nearby{`hd\s0.ts`, "backslash"}},
		{"number sign", "ep ", []string{"ep #9_1.ts", "ep #9_0.ts", "ep 9.ts"}, Nearby{"ep #9_0.ts", "query"}},
		{"question mark", "media/live", []string{"media/live?id=1.ts"}, Nearby{"media/live?id=1.ts", "query"}},
		{"folder below", "s0.ts", []string{"media/s0.ts", "media/s1.ts"}, Nearby{"media/s0.ts", "folder"}},
		{"folder above", "media/s0.ts", []string{"other/s0.ts", "s0.ts"}, Nearby{"s0.ts", "folder"}},
		{"folder beside", "hi/s0.ts", []string{"lo/s0.ts"}, Nearby{"lo/s0.ts", "folder"}},
		{"a folder that only begins like it", "hd/s0.ts", []string{"hd/x/s0.ts", "h/s0.ts"}, Nearby{"hd/x/s0.ts", "folder"}},
		{"name before folder", "hd/s0.ts", []string{"hd/a/s0.ts", "hd/S0.ts"}, Nearby{"hd/S0.ts", "case"}},
		{"the same of several", "s0.ts", []string{"b/s0.ts", "a/s0.ts", "c/s0.ts"}, Nearby{"a/s0.ts", "folder"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for range 3 {
				got := Nearest([]string{tt.missing, "other", tt.missing}, slices.Values(tt.there))
				if got[tt.missing] != tt.want {
					t.Fatalf("near %q: got %q, want %q", tt.missing, got[tt.missing], tt.want)
				}
				slices.Reverse(tt.there)
			}
			if tt.want != (Nearby{}) && tt.want.Cure() == "" {
				t.Error("no cure")
			}
		})
	}
	if a, b := (Nearby{composed, "unicode"}).Printed(decomposed); a == b || !strings.Contains(a, `e\u0301`) || !strings.Contains(b, `\u00e9`) {
		t.Errorf("printed as %s and %s", a, b)
	}
}

// TestHeldBackNamesWhatIsNear: of a file that is missing the one that a playlist may have meant is known, and the cure that goes with it.
func TestHeldBackNamesWhatIsNear(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		playlist, line, file string
		reason, near, cure   string // near is empty for none
	}{
		"other case":           {"x.m3u8", "A.ts", "a.ts", "missing", "a.ts", "upper and lower case"},
		"number sign":          {"x.m3u8", "ep #9.ts", "ep #9.ts", "missing", "ep #9.ts", "%23"},
		"folder":               {"x.m3u8", "a.ts", "media/a.ts", "missing", "media/a.ts", "FOLDER/"},
		"playlist":             {"x.m3u8", "Hi.m3u8", "hi.m3u8", "missing", "hi.m3u8", "upper and lower case"},
		"empty part":           {"hd/x.m3u8", "media//a.ts", "hd/media/a.ts", "outside", "hd/media/a.ts", "one at a time"},
		"escaped slash":        {"x.m3u8", "media%2Fa.ts", "media/a.ts", "outside", "media/a.ts", "one at a time"},
		"above the directory":  {"x.m3u8", "../other/a.ts", "media/a.ts", "outside", "media/a.ts", "FOLDER/"},
		"nothing near":         {"x.m3u8", "a.ts", "b.ts", "missing", "", "keeps it out"},
		"nothing near outside": {"x.m3u8", "../a.ts", "b.ts", "outside", "", "relative to the playlist"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			if strings.HasSuffix(tt.file, ".m3u8") {
				d.playlist(tt.file, playlistText(0, false))
			} else {
				d.media(tt.file)
			}
			text := playlistText(0, false, tt.line)
			if tt.reason == "missing" && strings.HasSuffix(tt.line, ".m3u8") {
				text = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n" + tt.line + "\n"
			}
			d.playlist(tt.playlist, text)
			d.absorb(func(Job) {})
			d.tick(time.Minute)
			waits := d.plan.Blocked()
			if len(waits) != 1 || waits[0].Reason != tt.reason {
				t.Fatalf("blocked: %+v, want one that is %s", waits, tt.reason)
			}
			near, cure := d.plan.Near(waits)[0], waits[0].Cure()
			if near != (Nearby{}) {
				cure = near.Cure()
			}
			if near.Path != tt.near || !strings.Contains(cure, tt.cure) {
				t.Errorf("near is %+v and the cure %q, want %q and one with %q", near, cure, tt.near, tt.cure)
			}
		})
	}
}

// TestNearIsWhatIsThere: a file that was deleted, or of which there is no more than its name in a playlist, is none to point at.
func TestNearIsWhatIsThere(t *testing.T) {
	t.Parallel()
	d := newDesk(t, Config{})
	d.media("A.ts", "hi/a.ts")
	d.playlist("y.m3u8", playlistText(0, false, "A.ts", "lo/a.ts"))
	d.playlist("x.m3u8", playlistText(0, false, "a.ts"))
	d.playlist("u.m3u8", playlistText(0, false, "https://cdn.example.net/A.ts"))
	d.gone("A.ts")
	d.absorb(func(Job) {})
	if got := d.plan.Near([]Wait{{Name: "a.ts", Reason: "missing"}}); got[0] != (Nearby{"hi/a.ts", "folder"}) {
		t.Errorf("near a.ts: %+v", got)
	}
	if got := d.plan.Misnamed(); len(got) > 0 {
		t.Errorf("told of %+v", got)
	}
}

// TestNearIsNoOtherRendition: segments of renditions often have the same names, each in its folder: what another playlist names is not
// what is missing.
func TestNearIsNoOtherRendition(t *testing.T) {
	t.Parallel()
	d := newDesk(t, Config{})
	d.media("lo/s7.ts")
	d.playlist("lo/x.m3u8", playlistText(7, false, "s7.ts"))
	d.playlist("hi/x.m3u8", playlistText(7, false, "s7.ts"))
	wait := []Wait{{Playlist: "hi/x.m3u8", Name: "hi/s7.ts", Reason: "missing"}}
	if got := d.plan.Near(wait); got[0] != (Nearby{}) {
		t.Errorf("near hi/s7.ts: %+v", got)
	}
	d.media("hi/S7.ts")
	if got := d.plan.Near(wait); got[0] != (Nearby{"hi/S7.ts", "case"}) {
		t.Errorf("near hi/s7.ts: %+v", got)
	}
}

// TestEmptyFilesHold: an init section or a key without a byte is what a playlist waits for, by its name.
func TestEmptyFilesHold(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]string{"init.mp4": `#EXT-X-MAP:URI="init.mp4"`, "a.key": `#EXT-X-KEY:METHOD=AES-128,URI="a.key"`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			d.media("a.ts")
			f := d.file(name)
			f.Kind, f.Version.Size = hls.Classify(name), 0
			d.plan.Observe(f)
			d.playlist("x.m3u8", playlistText(0, false, line, "a.ts", "never.ts"))
			d.absorb(func(Job) {})
			if w := d.plan.Blocked(); len(w) != 1 || w[0].Reason != "empty" || w[0].Name != name {
				t.Errorf("blocked: %+v, want empty %s", w, name)
			}
			d.media(name)
			if w := d.plan.Blocked(); len(w) != 1 || w[0].Reason == "empty" {
				t.Errorf("blocked: %+v, want another reason, as it has bytes", w)
			}
		})
	}
}

// TestMisnamed: a playlist whose URLs end as files of the directory do is told of once, with the cure.
func TestMisnamed(t *testing.T) {
	t.Parallel()
	cdn, _ := hls.NewSite("https://cdn.example.net/live/", "")
	below, _ := hls.NewSite("", "live/")
	for name, tt := range map[string]struct {
		site           hls.Site
		playlist, line string
		files          []string
		want           Misnaming
	}{
		"CDN":             {below, "x.m3u8", "https://cdn.example.net/live/hd/a.ts?x", []string{"hd/a.ts"}, Misnaming{Path: "hd/a.ts", Reason: "url", Public: "https://cdn.example.net/live/"}},
		"base name":       {below, "hd/x.m3u8", "https://cdn.example.net/live/a.ts", []string{"hd/a.ts"}, Misnaming{Path: "hd/a.ts", Reason: "url"}},
		"other scheme":    {cdn, "x.m3u8", "http://cdn.example.net/live/a.ts", []string{"a.ts"}, Misnaming{Path: "a.ts", Reason: "url", Public: "http://cdn.example.net/live/"}},
		"no scheme":       {below, "x.m3u8", "//localhost/a.ts", []string{"a.ts"}, Misnaming{Path: "a.ts", Reason: "url"}},
		"a word":          {below, "x.m3u8", "http:a.ts", []string{"http:a.ts"}, Misnaming{Path: "http:a.ts", Reason: "scheme"}},
		"localhost":       {below, "x.m3u8", "http://localhost:8080/hls/a.ts", []string{"a.ts"}, Misnaming{Path: "a.ts", Reason: "machine"}},
		"loopback":        {below, "x.m3u8", "http://[::1]/hls/a.ts", []string{"a.ts"}, Misnaming{Path: "a.ts", Reason: "machine"}},
		"other path":      {below, "x.m3u8", "/hls/a.ts", []string{"a.ts"}, Misnaming{Path: "a.ts", Reason: "url"}},
		"file":            {below, "x.m3u8", "file:///var/hls/a.ts", []string{"a.ts"}, Misnaming{Path: "a.ts", Reason: "machine"}},
		"drive":           {below, "hd/x.m3u8", `C:\hls\hd\a.ts`, []string{"hd/a.ts"}, Misnaming{Path: "hd/a.ts", Reason: "machine"}},
		"share":           {below, "x.m3u8", `\\host\hls\a.ts`, []string{"a.ts"}, Misnaming{Path: "a.ts", Reason: "machine"}},
		"time":            {below, "hd/x.m3u8", "cam-2026-01-31T15:49:14.ts", []string{"hd/cam-2026-01-31T15:49:14.ts"}, Misnaming{Path: "hd/cam-2026-01-31T15:49:14.ts", Reason: "scheme"}},
		"backslash":       {below, "x.m3u8", `hd\a.ts`, []string{"hd/a.ts"}, Misnaming{Path: "hd/a.ts", Reason: "backslash"}},
		"ours":            {cdn, "x.m3u8", "https://cdn.example.net/live/a.ts", []string{"a.ts"}, Misnaming{}},
		"foreign":         {below, "x.m3u8", "https://cdn.example.net/live/b.ts", []string{"a.ts"}, Misnaming{}},
		"data":            {below, "x.m3u8", "data:text/plain;base64,AAAA/a.tsx", []string{"a.ts"}, Misnaming{}},
		"very long":       {below, "x.m3u8", "https://cdn.example.net/" + strings.Repeat("x/", maxURL) + "a.ts", []string{"a.ts"}, Misnaming{}},
		"a second origin": {below, "x.m3u8", "a.ts\n#EXTINF:2,\nhttps://cdn.example.net/live/a.ts", []string{"a.ts"}, Misnaming{}},
		"itself":          {below, "x.m3u8", "https://backup.example.net/live/x.m3u8", nil, Misnaming{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{Site: tt.site})
			var all []Misnaming
			for i := range 3 {
				d.playlist(tt.playlist, playlistText(i, false, tt.line))
				if i == 1 {
					d.media(tt.files...) // they may be heard of later
				}
				d.absorb(func(Job) {})
				all = append(all, d.plan.Misnamed()...)
			}
			if tt.want == (Misnaming{}) {
				if len(all) > 0 {
					t.Errorf("told of %+v", all)
				}
				return
			}
			tt.want.Playlist, tt.want.URI = tt.playlist, tt.line
			if late := tt.want.Reason != "backslash"; len(all) != 1 || all[0] != tt.want || late && all[0].Cure() == "" {
				t.Fatalf("told of %+v, want %+v once", all, tt.want)
			}
		})
	}
}

// TestURLsOfTheSiteGate: what is named by a URL or a path that means a file of the directory is stored first.
func TestURLsOfTheSiteGate(t *testing.T) {
	t.Parallel()
	cdn, _ := hls.NewSite("https://cdn.example.net/live/", "")
	below, _ := hls.NewSite("", "live/")
	for name, tt := range map[string]struct {
		site hls.Site
		line string
		jobs []string
	}{
		"public URL":        {cdn, "https://cdn.example.net/live/a.ts", []string{"put a.ts", "publish x.m3u8"}},
		"path from there":   {cdn, "/live/a.ts", []string{"put a.ts", "publish x.m3u8"}},
		"prefix":            {below, "/live/a.ts", []string{"put a.ts", "publish x.m3u8"}},
		"root":              {hls.Site{}, "/a.ts", []string{"put a.ts", "publish x.m3u8"}},
		"not stored yet":    {below, "/live/b.ts", nil},
		"another path":      {below, "/backup/a.ts", []string{"publish x.m3u8"}},
		"another playlist":  {below, "/backup/hi.m3u8", []string{"publish x.m3u8"}},
		"another origin":    {cdn, "https://other.example.net/live/a.ts", []string{"publish x.m3u8"}},
		"no key, below it":  {below, "/live//a.ts", nil},
		"no key, elsewhere": {below, "/backup//a.ts", []string{"publish x.m3u8"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{Site: tt.site})
			d.media("a.ts")
			d.playlist("x.m3u8", playlistText(0, false, tt.line))
			d.fresh("x.m3u8")
			for _, job := range tt.jobs {
				d.want(job)
				d.done(job)
			}
			d.want()
		})
	}
}

// TestEveryReasonHasACure: a playlist that is held back is told with what to do.
func TestEveryReasonHasACure(t *testing.T) {
	t.Parallel()
	cures := map[string]string{}
	for _, reason := range []string{"memory", "missing", "empty", "growing", "uploading", "outside", "variable", "lost", "rejected", "overwrite", "unlisted", "unpublished"} {
		cures[Wait{Reason: reason}.Cure()] = reason
	}
	for _, reason := range []string{"case", "unicode", "backslash", "query", "slashes", "folder"} {
		cures[Nearby{Reason: reason}.Cure()] = reason
	}
	if len(cures) != 18 || cures[""] != "" {
		t.Errorf("%d cures: %v", len(cures), slices.Collect(maps.Values(cures)))
	}
}
