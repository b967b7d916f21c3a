package edition

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hlsship/hlsship/hls"
)

// TestContinues: of two editions that were made of the same one, the second may be published after the first only if both number alike.
func TestContinues(t *testing.T) {
	t.Parallel()
	version := func(from, to int) *Version {
		var b strings.Builder
		fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%d\n", from)
		for i := from; i <= to; i++ {
			fmt.Fprintf(&b, "#EXTINF:2,\n#EXT-X-BYTERANGE:10@%d\ns%d.ts\n", i%2, i)
		}
		text := []byte(b.String())
		list, err := hls.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		v, err := Read(text, list)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	next := func(e *Edition, v *Version, run string) *Edition {
		e, err := e.Next(v, Choices{Run: run, Discontinuity: 1})
		if err != nil {
			t.Fatal(err)
		}
		return e
	}
	var nothing *Edition
	before := next(nothing, version(0, 2), "a")
	found, err := Resume(before.Text())
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		first, second *Edition
		want          bool
	}{
		"nothing":                          {nothing, before, true},
		"itself":                           {before, found, true},
		"a window that slid":               {next(before, version(1, 3), "a"), next(before, version(3, 5), "a"), true},
		"the one before it":                {next(before, version(1, 3), "a"), before, false},
		"of the same run, further":         {next(before, version(1, 3), "a"), next(before, version(8, 9), "a"), true},
		"two beginnings of a run":          {next(found, version(4, 5), "b"), next(found, version(5, 6), "b"), false},
		"that goes on from the first":      {next(found, version(4, 5), "b"), next(next(found, version(4, 5), "b"), version(5, 6), "b"), true},
		"one that goes on, and one begins": {next(found, version(2, 3), "a"), next(found, version(4, 5), "b"), false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := test.second.Continues(test.first); got != test.want {
				t.Errorf("got %v\n%s\n%s", got, test.first.Text(), test.second.Text())
			}
		})
	}
}

// TestEmptyListKeepsItsNumbers: what was published without a segment has numbers all the same, and they do not fall.
func TestEmptyListKeepsItsNumbers(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]int{"goes on": 7, "starts over": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			was, err := Resume([]byte("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-DISCONTINUITY-SEQUENCE:3\n#EXT-X-MEDIA-SEQUENCE:5\n"))
			if err != nil {
				t.Fatal(err)
			}
			text := fmt.Appendf(nil, "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%d\n#EXTINF:2,\ns.ts\n", first)
			list, err := hls.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			v, err := Read(text, list)
			if err != nil {
				t.Fatal(err)
			}
			e, err := was.Next(v, Choices{Run: "a"})
			if err != nil {
				t.Fatal(err)
			}
			if s := e.Segment(0); s.Number < 5 || s.Discontinuity < 3 {
				t.Errorf("published: %s", e.Text())
			}
		})
	}
}
