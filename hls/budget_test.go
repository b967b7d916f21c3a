package hls

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"
)

// lists returns the fixtures of real packagers by their names.
func lists(tb testing.TB) map[string][]byte {
	tb.Helper()
	all := map[string][]byte{}
	for _, pattern := range []string{"testdata/*.m3u8", "testdata/playlists/*.m3u8", "testdata/*.mpd"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) < 5 {
			tb.Fatal(names, err)
		}
		for _, name := range names {
			if all[name], err = os.ReadFile(name); err != nil {
				tb.Fatal(err)
			}
		}
	}
	return all
}

func TestParseWithin(t *testing.T) {
	t.Parallel()
	all := lists(t)
	all["variables.m3u8"] = []byte("#EXTM3U\n#EXT-X-DEFINE:NAME=\"a\",VALUE=\"b\"\n{$a}1.ts\n#EXT-X-MAP:URI=\"{$a}i.mp4\"\n{$a}2.ts\n")
	all["nothing.m3u8"] = []byte("#EXTM3U\n")
	all["day.mpd"] = []byte(static(one(day)))
	all["many.mpd"] = []byte(static(strings.Repeat(one(`<BaseURL>https://origin.example/live/</BaseURL><SegmentList><SegmentURL media="a"/><SegmentURL media="b"/></SegmentList>`), 300)))
	for name, text := range all {
		want, err := ParseFile(name, text, ParseOptions{})
		if err != nil {
			continue // of playlists collected some are none
		}
		t.Run(filepath.Base(name), func(t *testing.T) {
			t.Parallel()
			n := len(want.References)
			got, err := parseWithin(name, text, n, nil)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("with as many references as it has: %v", err)
			}
			size := int64(len(text))
			if got.Cost(size) != Cost(size, n) {
				t.Errorf("it costs %d bytes, of which its names are %d", got.Cost(size), got.made)
			}
			if room := max(cap(got.References), cap(want.References)); room > 2*n+8 {
				t.Errorf("room for %d references, of which %d are used", room, n)
			}
			for _, less := range []int{n - 1, n / 2, 0, -1} {
				if less >= n {
					continue
				}
				if p, err := parseWithin(name, text, less, nil); n > 0 && (p != nil || !errors.Is(err, ErrTooLarge)) {
					t.Errorf("within %d of %d references: %v", less, n, err)
				}
			}
		})
	}
}

// day is a day of segments of 2 seconds, which one entry counts.
const day = `<SegmentTemplate media="$RepresentationID$/$Number$.m4s"><SegmentTimeline><S d="2" r="43199"/></SegmentTimeline></SegmentTemplate>`

// repeated is a template over a timeline.
func repeated(media, entries string) string {
	return `<SegmentTemplate media="` + media + `"><SegmentTimeline>` + entries + `</SegmentTimeline></SegmentTemplate>`
}

// TestRefusalIsCheap has small texts that name very much. What is refused is refused before it is made.
func TestRefusalIsCheap(t *testing.T) {
	const allowed = 10_000
	half := one(repeated("$Number$", `<S d="1" r="5000"/>`))
	list := `<SegmentList>` + strings.Repeat(`<SegmentURL media="a"/>`, 100) + `</SegmentList>`
	for name, text := range map[string]string{
		"one entry":                 static(one(repeated("1/$Number$", `<S d="1" r="999999"/>`))),
		"the largest repeat":        static(one(repeated("$Number$", `<S d="0" r="9223372036854775807"/>`))),
		"two entries":               static(one(repeated("$Time$", `<S d="1" r="9998"/><S d="1" r="1"/>`))),
		"two representations":       static(`<AdaptationSet>` + repeated("$Number$", `<S d="1" r="9999"/>`) + `<Representation/><Representation/></AdaptationSet>`),
		"two sets":                  static(half + half),
		"two periods":               `<MPD><Period>` + half + `</Period><Period>` + half + `</Period></MPD>`,
		"segments and their index":  static(one(`<SegmentTemplate media="$Number$" index="$Number$x"><SegmentTimeline><S d="1" r="5000"/></SegmentTimeline></SegmentTemplate>`)),
		"a gap":                     static(one(repeated("$Time$", `<S t="0" d="1" r="-1"/><S t="20000" d="1"/>`))),
		"a long period":             strings.Replace(static(one(`<SegmentTemplate media="$Number$" duration="1"/>`)), "PT5S", "P1D", 1),
		"a list for many":           static(`<AdaptationSet>` + list + strings.Repeat(`<Representation/>`, 150) + `</AdaptationSet>`),
		"many that estimate":        at(5000, `<AdaptationSet><SegmentTemplate media="$Number$" duration="1"/>`+strings.Repeat(`<Representation/>`, 1500)+`</AdaptationSet>`),
		"a file for each":           static(`<AdaptationSet><BaseURL>a</BaseURL>` + strings.Repeat(`<Representation/>`, allowed+1) + `</AdaptationSet>`),
		"long names":                static(one(repeated(strings.Repeat("$Number%064d$", 20), `<S d="1" r="8000"/>`))),
		"names that become long":    static(one(repeated(strings.Repeat("$Time$", 300), `<S t="1" d="1000000000000000" r="8000"/>`))),
		"a long base":               static(one(`<BaseURL>` + strings.Repeat("x", 4000) + `/</BaseURL>` + repeated("$Number$", `<S d="1" r="8000"/>`))),
		"a long name for many":      static(`<AdaptationSet><SegmentTemplate media="$RepresentationID$$RepresentationID$$RepresentationID$"/>` + strings.Repeat(`<Representation id="`+strings.Repeat("x", 20_000)+`"/>`, 80) + `</AdaptationSet>` + one(repeated("$Number$", `<S d="1" r="9900"/>`))),
		"lines":                     "#EXTM3U\n" + strings.Repeat("a\n", allowed+1),
		"lines with white space":    "#EXTM3U\n" + strings.Repeat(" \ta\r\n\r\n \n", allowed+1),
		"variants":                  "#EXTM3U\n" + strings.Repeat("#EXT-X-STREAM-INF:\na\n", allowed+1),
		"empty elements":            `<MPD>` + strings.Repeat(`<Period/>`, 2*allowed) + `</MPD>`,
		"elements of nobody":        `<MPD>` + strings.Repeat(`<x/>`, 2*allowed) + `</MPD>`,
		"elements within elements":  `<MPD>` + strings.Repeat(`<x>`, 2*allowed),
		"attributes":                `<MPD ` + strings.Repeat(`a="" `, 2*allowed) + `/>`,
		"entries that nobody reads": static(repeated("", strings.Repeat(`<S/>`, 2*allowed))),
	} {
		file := "a.mpd"
		if strings.HasPrefix(text, "#") {
			file = "a.m3u8"
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		p, err := parseWithin(file, []byte(text), allowed, nil)
		runtime.ReadMemStats(&after)
		if p != nil || !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: got %v, want ErrTooLarge", name, err)
		}
		// The text is decoded, with some garbage for each of its elements.
		const fixed, perByte = 32 << 10, 60
		if took := after.TotalAlloc - before.TotalAlloc; took > fixed+perByte*uint64(len(text)) {
			t.Errorf("%s: a refusal of %d bytes takes %d", name, len(text), took)
		}
	}
}

// TestNamesAreCounted has names that are longer than usual cost more, up to what is allowed, and never more.
func TestNamesAreCounted(t *testing.T) {
	t.Parallel()
	const n = 1000
	for name, tt := range map[string]struct {
		file, text string
		long       bool
	}{
		"usual names":    {"a.mpd", static(one(repeated("video/$RepresentationID$/chunk-$Number%09d$.m4s", `<S d="1" r="999"/>`))), false},
		"with a token":   {"a.mpd", static(one(repeated("$Number$.m4s?token="+strings.Repeat("x", 500), `<S d="1" r="999"/>`))), true},
		"long times":     {"a.mpd", static(one(repeated(strings.Repeat("$Time$-", 20), `<S t="9" d="100000000000" r="999"/>`))), true},
		"a long base":    {"a.mpd", static(one(`<BaseURL>` + strings.Repeat("x", 500) + `/</BaseURL>` + repeated("$Number$", `<S d="1" r="999"/>`))), true},
		"a variable":     {"a.m3u8", "#EXTM3U\n#EXT-X-DEFINE:NAME=\"a\",VALUE=\"" + strings.Repeat("x", 500) + "\"\n" + strings.Repeat("{$a}\n", n), true},
		"many variables": {"a.m3u8", "#EXTM3U\n" + strings.Repeat("#EXT-X-DEFINE:NAME=a\n", 4*n) + strings.Repeat("a\n", n), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			size := int64(len(tt.text))
			p, err := ParseFile(tt.file, []byte(tt.text), ParseOptions{})
			if err != nil || len(p.References) != n {
				t.Fatal(p, err)
			}
			made := int64(0)
			for _, r := range p.References {
				made += int64(len(r.URI))
			}
			cost := p.Cost(size)
			if most := Cost(size, n) + max(0, made+n-n*nameRoom) + size; cost > most && tt.file == "a.mpd" {
				t.Errorf("it costs %d bytes, and no more than %d were made", cost, most)
			}
			if (cost > Cost(size, n)) != tt.long {
				t.Errorf("it costs %d bytes, %d with usual names", cost, Cost(size, n))
			}
			enough := int((cost - Cost(size, 0) + PerReference - 1) / PerReference)
			for _, allowed := range []int{enough, enough + 1} {
				if p, err = parseWithin(tt.file, []byte(tt.text), allowed, nil); err != nil || p.Cost(size) > Cost(size, allowed) {
					t.Errorf("within %d references: %v", allowed, err)
				}
			}
			if _, err = parseWithin(tt.file, []byte(tt.text), enough-1, nil); !errors.Is(err, ErrTooLarge) {
				t.Errorf("within %d references: got %v, want ErrTooLarge", enough-1, err)
			}
		})
	}
}

// TestNamesAloneAreKept weighs what is left of texts whose names are as long as those that PerReference has room for: the
// Reference and its name, and nothing of what the text was read with. The rest of the program has the rest of the room.
func TestNamesAloneAreKept(t *testing.T) {
	const n = 20_000
	long := strings.Repeat("x", nameRoom-20)
	for name, text := range map[string]string{
		"a.m3u8":   "#EXTM3U\n" + strings.Repeat("#EXTINF:1,\n"+long+"\n", n),
		"v.m3u8":   "#EXTM3U\n#EXT-X-DEFINE:NAME=\"a\",VALUE=\"" + long + "\"\n" + strings.Repeat("{$a}1.ts\n", n),
		"a.mpd":    static(one(repeated(long+"$Number$", fmt.Sprintf(`<S d="1" r="%d"/>`, n-1)))),
		"list.mpd": static(one(`<SegmentList>` + strings.Repeat(`<SegmentURL media="`+long+`"/>`, n) + `</SegmentList>`)),
	} {
		data := []byte(text)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		p, err := parseWithin(name, data, n, nil)
		if err != nil {
			t.Fatal(name, err)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		const each = 48 + 1.25*nameRoom
		if kept := int64(after.HeapAlloc) - int64(before.HeapAlloc); kept > each*n || p.Cost(int64(len(data))) > Cost(int64(len(data)), n) {
			t.Errorf("%s keeps %d bytes for each of its names", name, kept/n)
		}
		runtime.KeepAlive(p)
		runtime.KeepAlive(data)
	}
}

func TestSumDigits(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		first, step uint64
		n           int64
		width       int
	}{
		{0, 1, 1, 0}, {0, 1, 12345, 0}, {7, 3, 5000, 4}, {95, 5, 3, 0}, {100, 0, 50, 6}, {1, 1 << 60, 16, 0}, {9, 1, 1, 1}, {10, 1, 1, 1},
		{999, 1, 2, 64}, {1<<64 - 5, 1, 5, 0}, {1e19 - 2, 1, 4, 0}, {1e19, 1, 4, 0}, {5, 7, 0, 3},
	} {
		want := int64(0)
		for i := range tt.n {
			want += int64(len(fmt.Sprintf("%0*d", tt.width, tt.first+uint64(i)*tt.step)))
		}
		if got := sumDigits(tt.first, tt.step, tt.n, tt.width); got != want {
			t.Errorf("%+v: got %d, want %d", tt, got, want)
		}
	}
}

// TestStepsAreFew has real packagers far below the bound.
func TestStepsAreFew(t *testing.T) {
	t.Parallel()
	for name, text := range lists(t) {
		if Classify(name) != Manifest {
			continue
		}
		m := manifest{budget: newBudget(text, maxReferences)}
		if _, err := m.parse(text); err != nil {
			t.Fatal(err)
		}
		if b := m.budget; b.steps > b.text/8+2*b.counted {
			t.Errorf("%s: %d steps for %d bytes and %d references", name, b.steps, b.text, b.counted)
		}
	}
}

// TestManifestHostile has texts on which a product of two of their parts takes minutes.
func TestManifestHostile(t *testing.T) {
	t.Parallel()
	const many = 30_000
	const long = 1 << 20
	reps := `<AdaptationSet>` + strings.Repeat("<Representation/>", many) + `</AdaptationSet>`
	spaces := strings.Repeat(" ", long)
	for name, tt := range map[string]struct {
		text string
		want error
	}{
		"a list's timeline for many": {static(`<SegmentList><SegmentTimeline>` + strings.Repeat(`<S d="1"/>`, many) + `</SegmentTimeline></SegmentList>` + reps), nil},
		"a list of nothing for many": {static(`<SegmentList>` + strings.Repeat(`<SegmentURL/>`, many) + `</SegmentList>` + reps), ErrTooLarge},
		"a list of nothing below a long folder": {static(one(`<BaseURL>` + strings.Repeat("x/", 2*long) + `</BaseURL><SegmentList>` +
			strings.Repeat(`<SegmentURL/>`, 5*many) + `</SegmentList>`)), nil},
		"identifiers that stand for nothing, for many": {static(`<SegmentTemplate media="a` + strings.Repeat("$RepresentationID$", many) + `"/>` + reps), ErrTooLarge},
		"the like of an init section":                  {static(`<SegmentTemplate initialization="` + strings.Repeat("$RepresentationID$", many) + `"/>` + reps), ErrTooLarge},
		"the like for each segment":                    {static(`<AdaptationSet>` + repeated(strings.Repeat("$Bandwidth$", many)+"$Number$", `<S d="1" r="999999"/>`) + `<Representation/></AdaptationSet>`), nil},
		"a long template for many":                     {static(`<SegmentTemplate media="a$` + strings.Repeat("x", long) + `"/>` + reps), ErrTooLarge},
		"a long range for many":                        {static(`<BaseURL>a</BaseURL><SegmentList><SegmentURL mediaRange="` + strings.Repeat("9", 4*long) + `-1"/></SegmentList>` + reps), nil},
		"a long range of an init section":              {static(`<BaseURL>a</BaseURL><SegmentBase><Initialization range="0-` + strings.Repeat("9", 4*long) + `"/></SegmentBase>` + reps), nil},
		"a name of spaces for many":                    {static(`<SegmentList><SegmentURL media="` + spaces + `a"/></SegmentList>` + reps), ErrTooLarge},
		"a long file for many":                         {static(`<BaseURL>` + strings.Repeat("x", long) + `</BaseURL>` + reps), ErrTooLarge},
		"a base of spaces":                             {static(`<BaseURL>` + spaces + `a</BaseURL>` + reps), nil},
		"bases":                                        {static(strings.Repeat(`<BaseURL>https://x.example</BaseURL>`, many) + reps), nil},
		"a timeline for many":                          {static(repeated("a", strings.Repeat(`<S d="1"/>`, many)) + reps), ErrTooLarge},
		"elements within elements":                     {`<MPD>` + strings.Repeat("<x>", 9*many) + strings.Repeat("</x>", 9*many) + `</MPD>`, nil},
		"periods":                                      {`<MPD>` + strings.Repeat(`<Period start="PT`+strings.Repeat("9", 100)+`S"/>`, many) + `</MPD>`, nil},
		"name spaces":                                  {`<MPD ` + strings.Repeat(`xmlns:a="b" `, many) + `>` + strings.Repeat(`<a:x xmlns:a="c"/>`, many) + `</MPD>`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			if _, err := parseManifest([]byte(tt.text)); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if took := time.Since(start); took > time.Minute {
				t.Errorf("took %v", took)
			}
		})
	}
}

// TestTimelineIsMeasuredOnce has all that inherit a timeline ask for its longest segment.
func TestTimelineIsMeasuredOnce(t *testing.T) {
	t.Parallel()
	line := timeline{S: []timelineEntry{{D: 2}, {D: 5}, {D: 3}}}
	for range 2 {
		if got := line.longestEntry(); got != 5 {
			t.Errorf("got %d, want 5", got)
		}
		line.S[1].D = 7
	}
}

// TestErrorsAreShort has an error say no more of a text than fits into a line of the log.
func TestErrorsAreShort(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("9", 1<<16)
	for name, text := range map[string]string{
		"number":         static(one(repeated("a", `<S d="`+long+`"/>`))),
		"element":        `<MPD><x` + long + `></y></MPD>`,
		"root":           `<x` + long + `/>`,
		"entity":         `<MPD type="&` + long + `;"/>`,
		"representation": static(`<AdaptationSet><Representation id="` + long + `"><SegmentTemplate timescale="0"/></Representation></AdaptationSet>`),
	} {
		if _, err := parseManifest([]byte(text)); err == nil || len(err.Error()) > 300 {
			t.Errorf("%s: got an error of %d bytes", name, len(fmt.Sprint(err)))
		}
	}
}

// TestPauses: parsing a large text yields the processor again and again, and changes nothing of the result.
func TestPauses(t *testing.T) {
	t.Parallel()
	var list, manifest strings.Builder
	list.WriteString("#EXTM3U\n#EXT-X-TARGETDURATION:2\n")
	manifest.WriteString(`<MPD type="static"><Period><AdaptationSet><Representation id="0"><SegmentList>`)
	for i := range 10_000 {
		fmt.Fprintf(&list, "#EXTINF:2,\nseg%d.ts\n", i)
		fmt.Fprintf(&manifest, `<SegmentURL media="seg%d.m4s"/>`, i)
	}
	manifest.WriteString("</SegmentList></Representation></AdaptationSet></Period></MPD>")
	for name, tt := range map[string]struct {
		text  string
		least int
	}{"a.m3u8": {list.String(), 20_000 / pauseSteps}, "a.mpd": {manifest.String(), manifest.Len() / pauseBytes}} {
		pauses := 0
		paused, err := parseWithin(name, []byte(tt.text), maxReferences, func() { pauses++ })
		if err != nil || pauses < tt.least {
			t.Errorf("%s: %d pauses, want %d, error %v", name, pauses, tt.least, err)
		}
		if at, err := ParseFile(name, []byte(tt.text), ParseOptions{}); err != nil || !reflect.DeepEqual(at, paused) {
			t.Errorf("%s: another playlist with pauses", name)
		}
	}
}
