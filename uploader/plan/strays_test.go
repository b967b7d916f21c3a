package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// TestWhatLiesAtRest: of what was found at rest only an unbroken row of the segments' own sequence, directly below a named one,
// is shipped.
func TestWhatLiesAtRest(t *testing.T) {
	t.Parallel()
	row := func(format string, from, to, step int) (names []string) {
		for i := from; i <= to; i += step {
			names = append(names, fmt.Sprintf(format, i))
		}
		return names
	}
	for name, test := range map[string]struct {
		atRest, named, want []string
	}{
		"the row below":                     {row("s%d.ts", 5, 9, 1), row("s%d.ts", 10, 12, 1), row("s%d.ts", 5, 9, 1)},
		"numbers with leading zeros":        {row("v/s%05d.ts", 98, 101, 1), row("v/s%05d.ts", 102, 104, 1), row("v/s%05d.ts", 98, 101, 1)},
		"numbers that go in steps":          {row("%d.m4s", 800, 840, 10), row("%d.m4s", 850, 870, 10), row("%d.m4s", 800, 840, 10)},
		"around an advertisement":           {row("s%d.ts", 3, 5, 1), []string{"s6.ts", "ad.ts", "s8.ts"}, row("s%d.ts", 3, 5, 1)},
		"steps around an advertisement":     {row("s%d.ts", 10, 50, 10), []string{"s60.ts", "ad.ts", "s80.ts"}, row("s%d.ts", 10, 50, 10)},
		"steps, and one that has no number": {row("s%d.ts", 2, 6, 2), []string{"s8.ts", "s10.ts", "ad.ts", "s12.ts"}, row("s%d.ts", 2, 6, 2)},
		"a rendition of its own":            {append(row("v1_s%d.ts", 0, 3, 1), row("v2_s%d.ts", 0, 3, 1)...), row("v1_s%d.ts", 4, 5, 1), row("v1_s%d.ts", 0, 3, 1)},
		"not beyond a gap":                  {append(row("s%d.ts", 0, 3, 1), row("s%d.ts", 6, 9, 1)...), row("s%d.ts", 10, 12, 1), row("s%d.ts", 6, 9, 1)},
		"not above it":                      {row("s%d.ts", 20, 22, 1), row("s%d.ts", 10, 12, 1), nil},
		"not a recording":                   {[]string{"board-meeting-raw.ts"}, row("live%d.ts", 0, 1, 1), nil},
		"not somebody else's":               {[]string{"alice-private-7.ts", "live.ts", "0.ts"}, row("live%d.ts", 8, 9, 1), nil},
		"not of another folder":             {row("old/s%d.ts", 0, 3, 1), row("s%d.ts", 4, 5, 1), nil},
		"not of names without a number":     {[]string{"a.ts", "b.ts"}, []string{"c.ts"}, nil},
		"not of another length of number":   {row("s%03d.ts", 8, 9, 1), row("s%d.ts", 10, 11, 1), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			for _, n := range test.atRest {
				d.found(n)
			}
			d.media(test.named...)
			d.playlist("x.m3u8", playlistText(10, false, test.named...))
			var got []string
			d.absorb(func(j Job) {
				if j.Op == PutMedia {
					got = append(got, j.Path)
				}
			})
			want := slices.Concat(test.want, test.named)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			if n, example := d.plan.Unnamed(); n != len(test.atRest)-len(test.want) || n > 0 && example == "" {
				t.Errorf("%d files are told to be unnamed, such as %q, of %d", n, example, len(test.atRest))
			}
		})
	}
}

// TestWhatLiesAtRestBelowWhatIsNamedFirst: a packager may name a segment before it is finished, so that the playlist that a start meets is
// older than its newest segment, or names what comes a moment later.
func TestWhatLiesAtRestBelowWhatIsNamedFirst(t *testing.T) {
	t.Parallel()
	at := func(name string, mtime int64) hls.File {
		return hls.File{
			Path: name, State: hls.Settled, Kind: hls.Classify(name), Found: true, Seen: time.Unix(1000, 0), Source: paper{},
			Version: hls.Version{Device: 1, Inode: uint64(mtime), Size: 100, ModTime: mtime},
		}
	}
	grows := func(name string, mtime int64) hls.File {
		f := at(name, mtime)
		f.State, f.Growth = hls.Growing, 7
		return f
	}
	list := func(mtime int64, names ...string) hls.File {
		f := at("x.m3u8", mtime)
		f.Content = []byte(playlistText(10, false, names...))
		f.Playlist, _ = hls.Parse(f.Content)
		return f
	}
	spooled := func(named bool, f hls.File) hls.File {
		f.Spooled, f.Named = true, named
		return f
	}
	for name, test := range map[string]struct {
		facts []hls.File
		later []string // finished once the directory was looked through
		want  []string // stored of s8.ts and s9.ts
	}{
		"finished behind its playlist":                 {[]hls.File{at("s8.ts", 1), at("s9.ts", 2), list(3, "s10.ts"), at("s10.ts", 4)}, nil, []string{"s8.ts", "s9.ts"}},
		"not finished yet":                             {[]hls.File{at("s8.ts", 1), at("s9.ts", 2), list(3, "s10.ts")}, nil, []string{"s8.ts", "s9.ts"}},
		"finished later":                               {[]hls.File{at("s8.ts", 1), at("s9.ts", 2), list(3, "s10.ts")}, []string{"s10.ts"}, []string{"s8.ts", "s9.ts"}},
		"heard of behind its playlist":                 {[]hls.File{at("s8.ts", 1), at("s9.ts", 2), list(4, "s10.ts"), at("s10.ts", 3)}, nil, []string{"s8.ts", "s9.ts"}},
		"growing":                                      {[]hls.File{at("s8.ts", 1), at("s9.ts", 2), grows("s10.ts", 3), list(4, "#EXT-X-BYTERANGE:9@0", "s10.ts")}, nil, []string{"s8.ts", "s9.ts"}},
		"the first is gone":                            {[]hls.File{at("s8.ts", 1), at("s9.ts", 2), at("s11.ts", 4), list(5, "s10.ts", "s11.ts")}, nil, []string{"s8.ts", "s9.ts"}},
		"not what is younger than the second":          {[]hls.File{at("s8.ts", 1), at("s9.ts", 5), at("s11.ts", 4), list(6, "s10.ts", "s11.ts")}, nil, nil},
		"not what is younger, while one grows":         {[]hls.File{at("s8.ts", 1), at("s9.ts", 5), grows("s10.ts", 3), list(4, "#EXT-X-BYTERANGE:9@0", "s10.ts")}, nil, nil},
		"kept beside a playlist that is there":         {[]hls.File{spooled(false, at("s8.ts", 1)), spooled(false, at("s9.ts", 2)), list(4, "s10.ts"), at("s10.ts", 3)}, nil, []string{"s8.ts", "s9.ts"}},
		"not what was kept beside a playlist that was": {[]hls.File{spooled(false, at("s9.ts", 2)), spooled(true, list(4, "s10.ts", "s11.ts")), spooled(true, at("s11.ts", 3))}, nil, nil},
		"not where the playlist alone was kept":        {[]hls.File{at("s9.ts", 2), spooled(true, list(4, "s10.ts")), at("s10.ts", 3)}, nil, nil},
		"not what is younger than a playlist":          {[]hls.File{list(1, "s10.ts"), at("s8.ts", 2), at("s9.ts", 3)}, nil, nil},
		"not what is younger than the segment":         {[]hls.File{at("s8.ts", 2), at("s9.ts", 3), list(4, "s10.ts"), at("s10.ts", 1)}, nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			d.mtime = 100
			d.plan.strays.scanning = true
			for _, f := range test.facts {
				d.plan.Observe(f)
			}
			d.plan.Scanned()
			d.media(test.later...)
			var got []string
			for range 10 {
				d.absorb(func(j Job) {
					if j.Op == PutMedia && !strings.HasPrefix(j.Path, "s1") {
						got = append(got, j.Path)
					}
				})
				d.tick(time.Second)
			}
			if slices.Sort(got); !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// TestRowBelowWhatIsNamedFirst: the row below a segment is shipped, too, if its packager names segments before it writes them, so that
// the playlist at rest is older than the segment, or the segment is not there yet.
func TestRowBelowWhatIsNamedFirst(t *testing.T) {
	t.Parallel()
	for name, play := range map[string]func(d *desk, see func(Job)){
		"a segment that is younger": func(d *desk, _ func(Job)) {
			list := d.list("x.m3u8", playlistText(10, false, "s10.ts"), true)
			d.found("s10.ts")
			d.plan.Observe(list)
		},
		"a segment that comes": func(d *desk, see func(Job)) {
			d.atRest("x.m3u8", playlistText(10, false, "s10.ts"))
			d.media("s10.ts")
			d.absorb(see)
			d.media("s11.ts")
			d.playlist("x.m3u8", playlistText(10, false, "s10.ts", "s11.ts"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			for _, n := range []string{"s6.ts", "s8.ts", "s9.ts"} {
				d.found(n)
			}
			var got []string
			see := func(j Job) {
				if j.Op == PutMedia {
					got = append(got, j.Path)
				}
			}
			play(d, see)
			d.absorb(see)
			if !slices.Contains(got, "s8.ts") || !slices.Contains(got, "s9.ts") || slices.Contains(got, "s6.ts") {
				t.Errorf("stored %q, want s8.ts and s9.ts among them, and not s6.ts", got)
			}
		})
	}
}
