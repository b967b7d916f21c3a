package plan

import (
	"fmt"
	"slices"
	"testing"
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
		"the row below":                   {row("s%d.ts", 5, 9, 1), row("s%d.ts", 10, 12, 1), row("s%d.ts", 5, 9, 1)},
		"numbers with leading zeros":      {row("v/s%05d.ts", 98, 101, 1), row("v/s%05d.ts", 102, 104, 1), row("v/s%05d.ts", 98, 101, 1)},
		"numbers that go in steps":        {row("%d.m4s", 800, 840, 10), row("%d.m4s", 850, 870, 10), row("%d.m4s", 800, 840, 10)},
		"a rendition of its own":          {append(row("v1_s%d.ts", 0, 3, 1), row("v2_s%d.ts", 0, 3, 1)...), row("v1_s%d.ts", 4, 5, 1), row("v1_s%d.ts", 0, 3, 1)},
		"not beyond a gap":                {append(row("s%d.ts", 0, 3, 1), row("s%d.ts", 6, 9, 1)...), row("s%d.ts", 10, 12, 1), row("s%d.ts", 6, 9, 1)},
		"not above it":                    {row("s%d.ts", 20, 22, 1), row("s%d.ts", 10, 12, 1), nil},
		"not a recording":                 {[]string{"board-meeting-raw.ts"}, row("live%d.ts", 0, 1, 1), nil},
		"not somebody else's":             {[]string{"alice-private-7.ts", "live.ts", "0.ts"}, row("live%d.ts", 8, 9, 1), nil},
		"not of another folder":           {row("old/s%d.ts", 0, 3, 1), row("s%d.ts", 4, 5, 1), nil},
		"not of names without a number":   {[]string{"a.ts", "b.ts"}, []string{"c.ts"}, nil},
		"not of another length of number": {row("s%03d.ts", 8, 9, 1), row("s%d.ts", 10, 11, 1), nil},
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
