package hls

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// at is a manifest whose packager has run for some seconds; body stands in its only period.
func at(seconds int, body string) string {
	return fmt.Sprintf(`<MPD type="dynamic" availabilityStartTime="2026-01-01T00:00:00Z" publishTime="%s" minimumUpdatePeriod="PT2S"`+
		` timeShiftBufferDepth="PT10S"><Period start="PT0S">%s</Period></MPD>`,
		time.Date(2026, 1, 1, 0, 0, seconds, 0, time.UTC).Format(time.RFC3339), body)
}

// one is a set of one representation, "v", with a bandwidth of 8000.
func one(body string) string {
	return `<AdaptationSet><Representation id="v" bandwidth="8000">` + body + `</Representation></AdaptationSet>`
}

func static(body string) string {
	return `<MPD type="static" mediaPresentationDuration="PT5S"><Period>` + body + `</Period></MPD>`
}

// words writes references as the tables have them: "a.m4s", "a.m4s init", "a.m4s soft".
func words(refs []Reference) []string {
	var all []string
	for _, r := range refs {
		w := r.URI
		if r.Kind != Media {
			w += " " + r.Kind.String()
		}
		if r.Length > 0 {
			w += fmt.Sprintf(" %d@%d", r.Length, r.Offset)
		}
		for i, is := range []bool{r.Soft, r.Hint, r.Unresolved} {
			if is {
				w += []string{" soft", " hint", " unresolved"}[i]
			}
		}
		all = append(all, w)
	}
	return all
}

// parseManifest reads a manifest of any name.
func parseManifest(text []byte) (*Playlist, error) { return ParseFile("x.mpd", text, ParseOptions{}) }

func TestParseManifest(t *testing.T) {
	t.Parallel()
	list := func(words string) []string { return strings.Split(words, ",") }
	tests := []struct {
		name, text string
		want       []string
	}{
		{"nothing", `<MPD/>`, nil},
		{"identifiers", static(one(`<SegmentTemplate media="$RepresentationID$-$Bandwidth%06d$-$$-$Number$-$Number%03d$-$Time%04d$.m4s">` +
			`<SegmentTimeline><S t="7" d="1"/></SegmentTimeline></SegmentTemplate>`)), list("v-008000-$-1-001-0007.m4s")},
		{"identifiers that are none", static(one(`<SegmentTemplate media="$Foo$.m4s" initialization="$Number"/>`)),
			list("$Number init unresolved,$Foo$.m4s unresolved")},
		{"a width for what has none", static(one(`<SegmentTemplate media="$RepresentationID%03d$.m4s"/>`)), list("$RepresentationID%03d$.m4s unresolved")},
		{"a width beyond reason", static(one(`<SegmentTemplate media="$Number%0999d$.m4s"/>`)), list("$Number%0999d$.m4s unresolved")},
		{"one segment for the period", static(one(`<SegmentTemplate media="all.mp4" initialization="i.mp4"/>`)), list("i.mp4 init,all.mp4")},
		{"timeline", static(one(`<SegmentTemplate media="$Time$.m4s"><SegmentTimeline><S t="5" d="2" r="1"/><S d="3"/><S t="20" d="1"/></SegmentTimeline></SegmentTemplate>`)),
			list("5.m4s,7.m4s,9.m4s,20.m4s")},
		{"repeated to the next", static(one(`<SegmentTemplate media="$Time$.m4s"><SegmentTimeline><S t="0" d="2" r="-1"/><S t="5" d="3"/></SegmentTimeline></SegmentTemplate>`)),
			list("0.m4s,2.m4s,4.m4s,5.m4s")},
		{"repeated to the end of the period", static(one(`<SegmentTemplate media="$Time$.m4s" timescale="10" presentationTimeOffset="100"><SegmentTimeline>` +
			`<S t="100" d="10"/><S d="20" r="-1"/></SegmentTimeline></SegmentTemplate>`)), list("100.m4s,110.m4s soft,130.m4s soft")},
		{"repeated to the live edge", at(8, one(`<SegmentTemplate media="$Number$.m4s"><SegmentTimeline><S t="0" d="4" r="-1"/></SegmentTimeline></SegmentTemplate>`)),
			list("1.m4s soft,2.m4s soft,3.m4s hint,4.m4s hint,5.m4s hint,6.m4s hint")},
		{"numbers of their own", static(one(`<SegmentTemplate media="$Number$.m4s"><SegmentTimeline><S d="2" n="8"/><S d="2"/></SegmentTimeline></SegmentTemplate>`)),
			list("8.m4s,9.m4s")},
		{"index segments", static(one(`<SegmentTemplate media="$Number$.m4s" index="$Number$.sidx"><SegmentTimeline><S d="2"/></SegmentTimeline></SegmentTemplate>`)),
			list("1.m4s,1.sidx")},
		{"duration of an ended one", static(one(`<SegmentTemplate media="$Number$.m4s" startNumber="0" duration="2"/>`)), list("0.m4s soft,1.m4s soft,2.m4s soft")},
		{"last number", static(one(`<SegmentTemplate media="$Number$.m4s" endNumber="2" duration="1"/>`)), list("1.m4s soft,2.m4s soft")},
		{"before the first segment", at(0, one(`<SegmentTemplate media="$Number$.m4s" duration="2"/>`)), list("1.m4s hint,2.m4s hint,3.m4s hint,4.m4s hint")},
		{"within the buffer", at(101, one(`<SegmentTemplate media="$Number$.m4s" duration="5"/>`)),
			list("18.m4s soft,19.m4s soft,20.m4s soft,21.m4s hint,22.m4s hint,23.m4s hint,24.m4s hint")},
		{"a clock that goes backward", strings.ReplaceAll(at(0, one(`<SegmentTemplate media="$Number$.m4s" duration="5"/>`)), `publishTime="2026`, `publishTime="1970`),
			list("1.m4s hint,2.m4s hint,3.m4s hint,4.m4s hint")},
		{"list", static(one(`<SegmentList><Initialization sourceURL="i.mp4"/><SegmentURL media="a.m4s" mediaRange="5-9"/><SegmentURL media="b.vtt"/></SegmentList>`)),
			list("i.mp4 init,a.m4s 5@5,b.vtt subtitle")},
		{"list of one file", static(one(`<BaseURL>a.mp4</BaseURL><SegmentList><Initialization range="0-9"/><SegmentURL mediaRange="10-19" indexRange="10-11"/>` +
			`<SegmentURL mediaRange="9-1"/><SegmentURL mediaRange="0-9223372036854775807"/></SegmentList>`)), list("a.mp4 init 10@0,a.mp4 10@10,a.mp4,a.mp4")},
		{"single file", static(one(`<BaseURL> a.mp4 </BaseURL><SegmentBase indexRange="10-19"><Initialization range="0-9"/><RepresentationIndex sourceURL="a.sidx"/></SegmentBase>`)),
			list("a.mp4 init 10@0,a.sidx,a.mp4")},
		{"single file without a word", static(one(`<BaseURL>text.vtt</BaseURL>`)), list("text.vtt subtitle")},
		{"folders alone name nothing", `<MPD><BaseURL>a/</BaseURL><Period>` + one("") + one("<SegmentBase/>") + `</Period></MPD>`, nil},
		{"base at every level", `<MPD><BaseURL>a/x</BaseURL><Period><BaseURL>b/</BaseURL><AdaptationSet><BaseURL>../c/</BaseURL><Representation>` +
			`<BaseURL>d/?q=/</BaseURL><SegmentTemplate media="e.mp4"/></Representation></AdaptationSet></Period></MPD>`, list("a/b/../c/d/e.mp4")},
		{"base elsewhere", `<MPD><BaseURL>https://x.example/a/b</BaseURL><Period>` + one(`<SegmentTemplate media="c.mp4"/>`) + one(`<SegmentTemplate media="/c.mp4"/>`) +
			one(`<BaseURL>//y.example</BaseURL><SegmentTemplate media="c.mp4"/>`) + `</Period></MPD>`,
			list("https://x.example/a/c.mp4,https://x.example/c.mp4,//y.example/c.mp4")},
		{"alternative bases, one a path", `<MPD><BaseURL>https://x.example/</BaseURL><BaseURL>/b/</BaseURL><Period>` + one(`<SegmentTemplate media="c.mp4"/>`) + `</Period></MPD>`,
			list("/b/c.mp4")},
		{"alternative bases, a path first", `<MPD><BaseURL>/b/</BaseURL><BaseURL>a/</BaseURL><Period>` + one(`<SegmentTemplate media="c.mp4"/>`) + `</Period></MPD>`,
			list("a/c.mp4")},
		{"alternative bases", `<MPD><BaseURL>https://x.example/</BaseURL><BaseURL>a/</BaseURL><Period>` + one(`<SegmentTemplate media="c.mp4"/>`) + `</Period></MPD>`,
			list("a/c.mp4")},
		{"inheritance", static(`<SegmentTemplate media="$RepresentationID$-$Number$.m4s" initialization="i.mp4" timescale="10"/><AdaptationSet><SegmentTemplate duration="30"/>` +
			`<Representation id="a"/><Representation id="b"><SegmentTemplate startNumber="7" initialization="j.mp4"/></Representation>` +
			`<Representation id="c"><BaseURL>c.mp4</BaseURL><SegmentBase/></Representation></AdaptationSet>`),
			list("i.mp4 init,a-1.m4s soft,a-2.m4s soft,j.mp4 init,b-7.m4s soft,b-8.m4s soft,c.mp4")},
		{"periods", `<MPD mediaPresentationDuration="PT10S"><Period duration="PT2S">` + one(`<SegmentTemplate media="a$Number$.m4s" duration="1"/>`) +
			`</Period><Period start="PT4S">` + one(`<SegmentTemplate media="b$Number$.m4s" duration="3"/>`) + `</Period></MPD>`,
			list("a1.m4s soft,a2.m4s soft,a3.m4s soft,a4.m4s soft,b1.m4s soft,b2.m4s soft")},
		{"an HLS playlist is no media", static(one(`<BaseURL>a.m3u8</BaseURL>`)), list("a.m3u8 playlist")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := parseManifest([]byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if got := words(p.References); !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestParseManifestHeader(t *testing.T) {
	t.Parallel()
	const lines = `<SegmentTemplate media="$Number$.m4s" timescale="10" startNumber="5"><SegmentTimeline><S d="20"/><S d="31" r="2"/></SegmentTimeline></SegmentTemplate>`
	for name, tt := range map[string]struct {
		text string
		want Playlist
	}{
		"live": {at(9, one(lines)), Playlist{UpdatePeriod: 2 * time.Second, TargetDuration: 3100 * time.Millisecond, MediaSequence: 5, Segments: 4}},
		"only the first representation counts": {at(9, one(lines)+one(strings.ReplaceAll(lines, `r="2"`, `r="7"`))),
			Playlist{UpdatePeriod: 2 * time.Second, TargetDuration: 3100 * time.Millisecond, MediaSequence: 5, Segments: 4}},
		"ended": {static(one(lines)), Playlist{Ended: true, TargetDuration: 3100 * time.Millisecond, MediaSequence: 5, Segments: 4}},
		"times count in microseconds": {static(one(`<SegmentTemplate media="$Time$.m4s" timescale="10"><SegmentTimeline><S t="25" d="20"/></SegmentTimeline></SegmentTemplate>`)),
			Playlist{Ended: true, TargetDuration: 2 * time.Second, MediaSequence: 2500000, Segments: 1}},
		"a later period": {strings.ReplaceAll(at(9, one(lines)), "PT0S", "PT3S"),
			Playlist{UpdatePeriod: 2 * time.Second, TargetDuration: 3100 * time.Millisecond, MediaSequence: 3000005, Segments: 4}},
		"what is to come does not count": {at(0, one(`<SegmentTemplate media="$Number$.m4s" duration="1"/>`)),
			Playlist{UpdatePeriod: 2 * time.Second, TargetDuration: time.Second, MediaSequence: 1}},
		"longest segment by declaration": {`<MPD maxSegmentDuration="PT1M2.5S">` + `<Period>` + one(`<BaseURL>a.mp4</BaseURL>`) + `</Period></MPD>`,
			Playlist{Ended: true, TargetDuration: 62500 * time.Millisecond}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseManifest([]byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			got.References, got.made, tt.want.Kind = nil, 0, Manifest
			if fmt.Sprintf("%+v", *got) != fmt.Sprintf("%+v", tt.want) {
				t.Errorf("got  %+v\nwant %+v", *got, tt.want)
			}
		})
	}
}

// TestManifestMovesOn has a packager slide its window: the last segment's number never falls.
func TestManifestMovesOn(t *testing.T) {
	t.Parallel()
	last := uint64(0)
	for n := range 40 {
		text := at(100+n, one(`<SegmentTemplate media="$Number$.m4s" duration="3"/>`))
		p, err := parseManifest([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		now, ok := p.LastSequence()
		if !ok || now < last {
			t.Fatalf("after %d s: last number %d, %d before", n, now, last)
		}
		last = now
	}
	if last < 45 {
		t.Errorf("the window stands at %d", last)
	}
}

func TestParseManifestErrors(t *testing.T) {
	t.Parallel()
	whole := static(one(`<SegmentTemplate media="$Number$.m4s" duration="2"/>`))
	lines := func(s string) string {
		return static(one(`<SegmentTemplate media="$Time$.m4s"><SegmentTimeline>` + s + `</SegmentTimeline></SegmentTemplate>`))
	}
	for name, tt := range map[string]struct {
		text string
		want error
	}{
		"empty":                      {"", ErrNotPlaylist},
		"no XML":                     {"#EXTM3U\n", ErrNotPlaylist},
		"another document":           {"<SmoothStreamingMedia/>", ErrNotPlaylist},
		"torn":                       {whole[:len(whole)-3], ErrNotPlaylist},
		"torn in the middle":         {whole[:40], ErrNotPlaylist},
		"an older text shows behind": {whole + `tion></MPD>`, ErrNotPlaylist},
		"two documents":              {whole + whole, ErrNotPlaylist},
		"room reserved":              {whole + "\x00\x00", ErrNotPlaylist},
		"an entity of its own":       {`<!DOCTYPE MPD [<!ENTITY a "b">]><MPD type="&a;"/>`, ErrNotPlaylist},
		"a number that is none":      {lines(`<S t="x" d="1"/>`), ErrMalformed},
		"a negative length":          {lines(`<S t="0" d="-1"/>`), ErrMalformed},
		"timescale 0":                {static(one(`<SegmentTemplate media="a" timescale="0"/>`)), ErrMalformed},
		"times beyond 2^64":          {lines(`<S t="18446744073709551615" d="9" r="3"/>`), ErrMalformed},
		"a thousand million":         {lines(`<S t="0" d="1" r="1000000000"/>`), ErrTooLarge},
		"the largest repeat":         {lines(`<S t="0" d="0" r="9223372036854775807"/>`), ErrTooLarge},
		"a gap of 2^60":              {lines(`<S t="0" d="1" r="-1"/><S t="1152921504606846976" d="1"/>`), ErrTooLarge},
		"a period of 50 years":       {strings.ReplaceAll(lines(`<S t="0" d="1" r="-1"/>`), "PT5S", "P90Y"), ErrTooLarge},
		"names that grow":            {strings.ReplaceAll(lines(`<S t="0" d="1" r="99999"/>`), "$Time$", strings.Repeat("$Time%064d$", 100)), ErrTooLarge},
		"names of one long name": {`<MPD><Period><AdaptationSet><Representation id="` + strings.Repeat("x", 1<<16) + `"><SegmentTemplate media="` +
			strings.Repeat("$RepresentationID$", 1<<12) + `"/></Representation></AdaptationSet></Period></MPD>`, ErrTooLarge},
		"bases that grow": {`<MPD><BaseURL>` + strings.Repeat("x", 1<<20) + `/</BaseURL><Period>` +
			strings.Repeat(one(`<BaseURL>y/</BaseURL>`), 100) + `</Period></MPD>`, ErrTooLarge},
		"text above the bound": {strings.Repeat(" ", MaxPlaylistSize+1), ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if p, err := parseManifest([]byte(tt.text)); p != nil || !errors.Is(err, tt.want) {
				t.Errorf("got %v, %v, want %v", p, err, tt.want)
			}
		})
	}
}

func TestParseDuration(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]time.Duration{
		"PT0S": 0, "PT7.5S": 7500 * time.Millisecond, "P1DT2H3M4S": 26*time.Hour + 3*time.Minute + 4*time.Second,
		"P1Y2M": (365 + 60) * 24 * time.Hour, "P2W": 14 * 24 * time.Hour, "P1000000Y": longest, " PT1S ": time.Second,
		"": -1, "P": -1, "7S": -1, "P1S": -1, "PT": 0, "PT1": -1, "PTS": -1, "-PT1S": -1, "PT1..S": -1, "PT1X": -1, "PT1é": -1,
	} {
		got, ok := parseDuration(s)
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("parseDuration(%q) = %v, want %v", s, got, want)
		}
	}
}

func TestParseFile(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]Kind{"a/b.mpd": Manifest, "a/B.MPD": Manifest, "b.m3u8": MediaPlaylist, "b": MediaPlaylist} {
		text := "#EXTM3U\n"
		if want == Manifest {
			text = "<MPD/>"
		}
		if p, err := ParseFile(name, []byte(text), ParseOptions{}); err != nil || p.Kind != want {
			t.Errorf("%s: got %+v, %v", name, p, err)
		}
	}
}

// manySmallTexts has of each kind of text that repeats much what it says once, one that is small.
func manySmallTexts() []string {
	reps := `<AdaptationSet>` + strings.Repeat("<Representation/>", 9) + `</AdaptationSet>`
	return []string{
		static(`<SegmentList><SegmentTimeline><S d="1"/><S d="2"/><S d="3"/></SegmentTimeline><SegmentURL media="a" mediaRange="1-2"/></SegmentList>` + reps),
		static(`<SegmentList><SegmentURL/><SegmentURL/><SegmentURL index="a"/></SegmentList>` + reps),
		static(`<BaseURL>a/</BaseURL><BaseURL>https://b</BaseURL><SegmentTemplate media="$RepresentationID$$Bandwidth$$$"/>` + reps + one(`<BaseURL> c </BaseURL>`)),
		static(one(repeated("$Time%020d$-$Number%064d$", `<S t="9" d="1000000" r="99"/><S d="0" r="9"/>`)) + one(day)),
		static(`<SegmentTemplate initialization="$RepresentationID$$Number$" index="$Time$" media="$Number$$" duration="1"/>` + reps),
		at(5000, `<SegmentTemplate media="$Number$" duration="1"/>`+reps),
		`<MPD><x><x><x a="" b="" c="" xmlns:a="b"/></x></x>` + strings.Repeat(`<Period duration="PT1S"/>`, 9) + `</MPD>`,
	}
}

func FuzzParseManifest(f *testing.F) {
	names, err := filepath.Glob("testdata/*.mpd")
	if err != nil || len(names) == 0 {
		f.Fatal(names, err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(at(8, one(`<BaseURL>a/</BaseURL><SegmentTemplate media="$Number%05d$-$Time$" timescale="3"><SegmentTimeline><S t="1" d="4" r="-1"/><S n="9" d="0" r="-1"/></SegmentTimeline></SegmentTemplate>`))))
	for _, text := range manySmallTexts() {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		text := string(data)
		const allowed = 1 << 14
		m := manifest{budget: newBudget(data, allowed)}
		p, err := m.parse(data)
		if b := m.budget; b.counted > allowed || b.steps > stepsPerByte*int64(len(text))+stepsPerReference*b.counted+moreSteps+int64(len(text)) {
			t.Errorf("%d references and %d steps for %d bytes", b.counted, b.steps, len(text))
		}
		if string(data) != text {
			t.Fatal("ParseManifest changed the text")
		}
		if err != nil {
			if p != nil || !errors.Is(err, ErrNotPlaylist) && !errors.Is(err, ErrTooLarge) && !errors.Is(err, ErrMalformed) {
				t.Fatalf("got %v, %v", p, err)
			}
			return
		}
		if n := int64(len(p.References)); n != m.budget.counted || p.made != m.budget.made {
			t.Errorf("%d references are counted, %d made", m.budget.counted, n)
		}
		checkBudget(t, "a.mpd", data, p)
		if p.Kind != Manifest || p.TargetDuration < 0 || p.UpdatePeriod < 0 || p.Segments < 0 || len(p.References) > maxReferences {
			t.Errorf("got %+v", p)
		}
		if last, ok := p.LastSequence(); ok && last < p.MediaSequence {
			t.Errorf("last number %d below the first, %d", last, p.MediaSequence)
		}
		made := 0
		for _, r := range p.References {
			if r.Offset < 0 || r.Length < 0 || r.Offset+r.Length < 0 || r.Length == 0 && r.Offset != 0 || r.Soft && r.Hint {
				t.Errorf("got %+v", r)
			}
			if path, target := (Site{}).Resolve("a/b.mpd", r.URI); target == Local && path == "a/b.mpd" && r.Kind != Manifest {
				t.Errorf("it names itself: %+v", r)
			}
			made += len(r.URI)
		}
		if int64(made) > p.made || made > MaxPlaylistSize {
			t.Errorf("%d bytes of names, of which %d are counted", made, p.made)
		}
		if again, err := parseWithin("a.mpd", []byte(text+"\n<!-- -->\r\n"), allowed, nil); err != nil || describe(again) != describe(p) {
			t.Errorf("a comment changed what it says: %v", err)
		}
	})
}

// BenchmarkParseManifest reads what a packager writes of two hours in six representations with segments of 4 seconds, as
// lengths differ by a frame now and then.
func BenchmarkParseManifest(b *testing.B) {
	var entries strings.Builder
	for range 100 {
		entries.WriteString(`<S d="192000" r="15"/><S d="192512"/><S d="191488"/>`)
	}
	set := `<AdaptationSet><SegmentTemplate timescale="48000" initialization="$RepresentationID$/init.mp4" media="$RepresentationID$/$Number%08d$.m4s" startNumber="7">` +
		`<SegmentTimeline>` + entries.String() + `</SegmentTimeline></SegmentTemplate>`
	for i := range 6 {
		set += fmt.Sprintf(`<Representation id="video-%d" bandwidth="%d000"/>`, i, i)
	}
	text := []byte(at(7200, set+`</AdaptationSet>`))
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := parseManifest(text); err != nil {
			b.Fatal(err)
		}
	}
}

// TestManifestOnASite names the same file of the directory by every kind of BaseURL.
func TestManifestOnASite(t *testing.T) {
	t.Parallel()
	cdn := site(t, "https://cdn.example.net/live/")
	for _, tt := range []struct {
		name, bases string
		target      Target
	}{
		{"none", "", Local},
		{"absolute", "<BaseURL>HTTPS://cdn.example.net:443/live/dash/</BaseURL>", Local},
		{"without a scheme", "<BaseURL>//cdn.example.net/live/dash/</BaseURL>", Local},
		{"origin's root", "<BaseURL>/live/dash/</BaseURL>", Local},
		{"origin's root below an absolute one", "<BaseURL>https://cdn.example.net/</BaseURL><Period><BaseURL>/live/dash/</BaseURL>", Local},
		{"relative below an absolute one", "<BaseURL>https://cdn.example.net/live/</BaseURL><Period><BaseURL>dash/</BaseURL>", Local},
		{"another path", "<BaseURL>/vod/dash/</BaseURL>", Elsewhere},
		{"another origin", "<BaseURL>https://other.example.net/live/dash/</BaseURL>", Elsewhere},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			head := tt.bases
			if !strings.Contains(head, "<Period>") {
				head += "<Period>"
			}
			p, err := parseManifest([]byte("<MPD>" + head + one(`<SegmentTemplate media="s0.m4s"/>`) + "</Period></MPD>"))
			if err != nil || len(p.References) != 1 {
				t.Fatalf("got %+v, %v", p, err)
			}
			path, target := cdn.Resolve("dash/manifest.mpd", p.References[0].URI)
			if target != tt.target || target == Local && path != "dash/s0.m4s" {
				t.Errorf("%q is %q, %v, want %v", p.References[0].URI, path, target, tt.target)
			}
		})
	}
}
