package recording

import (
	"strings"
	"testing"
)

// TestNumbersThatSlip: a packager whose window goes on while its number stays, or goes on by less, has all of its segments recorded, and a file that
// takes the place of another one has it nevertheless.
func TestNumbersThatSlip(t *testing.T) {
	t.Parallel()
	window := func(number, from, to int) string {
		var all []string
		for i := from; i <= to; i++ {
			all = append(all, seg(string(rune('a'+i))))
		}
		return text(number, all...)
	}
	for name, test := range map[string]struct {
		texts []string
		want  string
	}{
		"one late, as it slides first": {[]string{window(1, 0, 0), window(1, 0, 2), window(1, 1, 3), window(2, 2, 4), window(3, 3, 5)}, "a b c d e f"},
		"more and more late":           {[]string{window(7, 0, 3), window(7, 1, 4), window(7, 2, 5), window(7, 3, 6)}, "a b c d e f g"},
		"late, and right at last":      {[]string{window(0, 0, 3), window(0, 1, 4), window(2, 2, 5)}, "a b c d e f"},
		"early":                        {[]string{window(0, 0, 3), window(3, 1, 4), window(4, 2, 5)}, "a b c d e f"},
		"right":                        {[]string{window(0, 0, 3), window(1, 1, 4), window(2, 2, 5)}, "a b c d e f"},
		"one is replaced":              {[]string{window(0, 0, 3), strings.Replace(window(0, 0, 4), "\nb\n", "\nB\n", 1)}, "a B c d e"},
		"the newest is replaced":       {[]string{window(0, 0, 2), strings.Replace(window(1, 1, 2), "\nc\n", "\nC\n", 1)}, "a b C"},
		"a jingle comes back":          {[]string{text(0, seg("a"), seg("b"), seg("a")), text(1, seg("b"), seg("a"), seg("c")), text(2, seg("a"), seg("c"), seg("a"))}, "a b a c a"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := closed(t, recorded(t, "x.m3u8", Facts{}, test.texts...), Choices{})
			var got []string
			for line := range strings.Lines(string(out.Text)) {
				if line[0] != '#' {
					got = append(got, strings.TrimSpace(line))
				}
			}
			if strings.Join(got, " ") != test.want || out.Holes > 0 {
				t.Errorf("got %s, want %s:\n%s", got, test.want, out.Text)
			}
		})
	}
}
