package main

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hlsship/hlsship/hls"
)

// difference is one thing that Parse and hls.js do not agree on.
type difference struct {
	// what is "refused" for a playlist that Parse refuses, "missing" and "more" for what only hls.js and only
	// Parse names, else the word for what both say differently.
	what string
	// url is the use that is missing or more.
	url    use
	detail string
}

func (d difference) String() string { return d.what + ": " + d.detail }

// differences compares what Parse and hls.js say of a playlist.
func (c collected) differences(theirs said) []difference {
	if c.err != nil {
		if theirs.Error != "" {
			return nil
		}
		return []difference{{what: "refused", detail: c.err.Error()}}
	}
	all := c.differentNumbers(theirs)
	ours, named := map[use][]hls.Kind{}, map[use]bool{}
	site, _ := hls.NewSite(strings.TrimSuffix(listAddress, "live/list.m3u8"), "") // which has no fault
	for i, ref := range c.ours.References {
		player := theirs.Ours[i]
		u := use{URL: player.URL, Offset: float64(ref.Offset), Length: float64(ref.Length), Gap: ref.Gap}
		ours[u] = append(ours[u], ref.Kind)
		path, target := site.Resolve("live/list.m3u8", ref.URI)
		if target == hls.Local && path != player.Path || target == hls.Elsewhere && player.Path != "" && player.Path != "live/list.m3u8" {
			all = append(all, difference{what: "file", detail: fmt.Sprintf("%q is %s %q, the player asks for %q", ref.URI, target, path, player.Path)})
		}
	}
	for _, u := range theirs.Uses {
		what := u.What
		u.What = ""
		named[u] = true
		detail := fmt.Sprintf("%s %s, %v bytes at %v", what, u.URL, u.Length, u.Offset)
		if kinds, found := ours[u]; !found {
			u.What = what
			all = append(all, difference{"missing", u, detail})
		} else if want, sure := kindOf(what); sure && !slices.Contains(kinds, want) {
			all = append(all, difference{"kind of file", u, fmt.Sprintf("%s: %v", detail, kinds)})
		}
	}
	for u, kinds := range ours {
		if !named[u] {
			all = append(all, difference{"more", u, fmt.Sprintf("%v %s, %v bytes at %v", kinds, u.URL, u.Length, u.Offset)})
		}
	}
	return all
}

// differentNumbers compares everything but the files.
func (c collected) differentNumbers(theirs said) []difference {
	var all []difference
	same := func(what string, ours, theirs any) {
		if ours != theirs {
			all = append(all, difference{what: what, detail: fmt.Sprintf("%v, hls.js has %v", ours, theirs)})
		}
	}
	same("kind of playlist", c.ours.Kind.String(), theirs.Kind)
	if c.ours.Kind != hls.MediaPlaylist || theirs.Kind != "playlist" {
		return all
	}
	same("segments", float64(c.ours.Segments), theirs.Segments)
	same("first number", float64(c.ours.MediaSequence), theirs.First)
	if last, ok := c.ours.LastSequence(); ok {
		same("last number", float64(last), theirs.Last)
	}
	same("end", c.ours.Ended, theirs.Ended)
	// hls.js counts in whole seconds and never in less than one.
	same("target duration", max(1, math.Floor(c.ours.TargetDuration.Seconds())), max(1, theirs.Target))
	return all
}

// kindOf returns the Kind of what hls.js uses a file for, if that says it.
func kindOf(what string) (kind hls.Kind, sure bool) {
	switch what {
	case "init":
		return hls.Init, true
	case "key":
		return hls.Key, true
	case "playlist":
		return hls.MediaPlaylist, true
	}
	return hls.Other, false
}

// knownDifference is a reason for which Parse and hls.js may differ.
type knownDifference struct {
	// what is that of the difference, and empty for whatever.
	what, reason string
	// holds reports whether a difference is of that kind.
	holds func(d difference, c collected, theirs said) bool
}

// known returns the reason for a difference, and nothing if it is none that we know.
func (d difference) known(c collected, theirs said) string {
	for _, k := range knownDifferences() {
		if (k.what == "" || k.what == d.what) && k.holds(d, c, theirs) {
			return k.reason
		}
	}
	return ""
}

func knownDifferences() []knownDifference {
	has := func(pattern string) func(difference, collected, said) bool {
		return func(_ difference, c collected, _ said) bool {
			return regexp.MustCompile("(?m)" + pattern).Match(c.text)
		}
	}
	// The tags in which hls.js looks for URIs.
	known := regexp.MustCompile(`^#EXT-X-(MAP|KEY|PART|PRELOAD-HINT|RENDITION-REPORT|DATERANGE|STREAM-INF|MEDIA|I-FRAME-STREAM-INF|SESSION-DATA|SESSION-KEY|CONTENT-STEERING):`)
	behindOther := func(d difference, c collected, _ said) bool { return c.rangeBehindOtherFile(d.url.URL) }
	return []knownDifference{
		{"refused", "hls.js takes the digits in front of something else, or 0; a number cut off must not replace a good playlist",
			has(`^#EXT-X-(TARGETDURATION|MEDIA-SEQUENCE)(:\s*\d*[^\d\s]|\r*$)`)},
		{"missing", "a range behind one of another file states no offset, which RFC 8216 §4.3.2.2 forbids: hls.js goes on at the end of the other file",
			behindOther},
		{"more", "the same, as Parse has it: behind the last range of the same file", behindOther},
		{"missing", "a range ends beyond 2^63", func(d difference, _ collected, _ said) bool { return d.url.Offset+d.url.Length >= 1<<63 }},
		{"more", "the same, as Parse has it: the whole file", func(d difference, c collected, _ said) bool {
			return d.url.Length == 0 && regexp.MustCompile(`BYTERANGE:\d{19}`).Match(c.text)
		}},
		{"more", "Parse believes tags that hls.js does not know", func(d difference, c collected, theirs said) bool {
			return c.standsOnlyIn(d, theirs, func(line string) bool { return strings.HasPrefix(line, "#EXT") && !known.MatchString(line) })
		}},
		{"more", "of several URIs in a tag hls.js takes the last", func(d difference, c collected, theirs said) bool {
			return c.standsOnlyIn(d, theirs, func(line string) bool { return strings.Count(line, "URI=") > 1 })
		}},
		{"more", "of several EXT-X-PRELOAD-HINT hls.js takes the last", func(d difference, c collected, theirs said) bool {
			return strings.Count(string(c.text), "#EXT-X-PRELOAD-HINT") > 1 &&
				slices.ContainsFunc(c.ours.References, func(ref hls.Reference) bool { return ref.Hint && strings.HasSuffix(d.url.URL, ref.URI) })
		}},
		{"more", "an empty URI names the playlist itself, and hls.js leaves it out",
			func(d difference, _ collected, _ said) bool { return d.url.URL == listAddress }},
		{"missing", "hls.js makes an init section of the packets before the first I-frame of a transport stream", func(d difference, c collected, _ said) bool {
			return d.url.What == "init" && d.url.Offset == 0 && strings.Contains(string(c.text), "#EXT-X-I-FRAMES-ONLY") && !strings.Contains(string(c.text), "#EXT-X-MAP")
		}},
		{"", "hls.js refuses a list with a variable that it does not know, or that is defined twice", func(_ difference, _ collected, theirs said) bool {
			return strings.Contains(theirs.Error, "EXT-X-DEFINE")
		}},
		{"kind of playlist", "neither segments nor variants yet: hls.js refuses it", func(_ difference, _ collected, theirs said) bool {
			return strings.Contains(theirs.Error, "no levels found")
		}},
		{"", "hls.js takes a comment behind a space, and the comma behind a space of EXTINF, for a URI", func(d difference, c collected, _ said) bool {
			return d.what != "more" && regexp.MustCompile(`(?m)^( +#|#EXTINF: *\d+ ,)`).Match(c.text)
		}},
	}
}

// standsOnlyIn reports whether all lines that hold the URI of a difference fit.
func (c collected) standsOnlyIn(d difference, theirs said, fits func(line string) bool) bool {
	lines := 0
	for i, ref := range c.ours.References {
		if theirs.Ours[i].URL != d.url.URL || ref.URI == "" {
			continue
		}
		for _, line := range regexp.MustCompile(`[\r\n]+`).Split(string(c.text), -1) {
			if !strings.Contains(line, ref.URI) {
				continue
			}
			if !fits(strings.TrimSpace(line)) {
				return false
			}
			lines++
		}
	}
	return lines > 0
}

// rangeBehindOtherFile reports whether a byte range of the file without an offset follows a segment in
// another file.
func (c collected) rangeBehindOtherFile(url string) bool {
	last, open := "", false
	for line := range strings.Lines(string(c.text)) {
		switch line = strings.TrimSpace(line); {
		case strings.HasPrefix(line, "#EXT-X-BYTERANGE:"):
			open = !strings.Contains(line, "@")
		case line != "" && line[0] != '#':
			if open && last != "" && line != last && strings.HasSuffix(url, "/"+line) {
				return true
			}
			last, open = line, false
		}
	}
	return false
}

// TestDifferencesAreNoticed is the proof that TestParseAgrees can fail.
func TestDifferencesAreNoticed(t *testing.T) {
	t.Parallel()
	const text = "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-MAP:URI=\"init.mp4\"\n" +
		"#EXTINF:4,\n#EXT-X-BYTERANGE:10@20\na.mp4\n#EXTINF:4,\n#EXT-X-BYTERANGE:5\na.mp4\n#EXT-X-ENDLIST\n"
	const at = "http://bucket.example/live/"
	for _, tt := range []struct {
		name, want string
		change     func(c *collected, s *said)
	}{
		{"none", "", func(*collected, *said) {}},
		{"refused", "refused", func(c *collected, _ *said) { c.ours, c.err = hls.Parse([]byte("#EXTM3")) }},
		{"kind of playlist", "kind of playlist", func(_ *collected, s *said) { s.Kind = "multivariant" }},
		{"file", "missing more", func(_ *collected, s *said) { s.Uses[2].URL += "x" }},
		{"offset", "missing more", func(_ *collected, s *said) { s.Uses[2].Offset = 0 }},
		{"length", "missing more", func(_ *collected, s *said) { s.Uses[1].Length++ }},
		{"gap", "missing more", func(_ *collected, s *said) { s.Uses[1].Gap = true }},
		{"use", "kind of file", func(_ *collected, s *said) { s.Uses[0].What = "key" }},
		{"not named by hls.js", "more", func(_ *collected, s *said) { s.Uses = s.Uses[1:] }},
		{"not named by Parse", "missing", func(_ *collected, s *said) { s.Uses = append(s.Uses, use{What: "key", URL: at + "k"}) }},
		{"path", "file", func(_ *collected, s *said) { s.Ours[0].Path = "init.mp4" }},
		{"segments", "segments", func(_ *collected, s *said) { s.Segments++ }},
		{"first number", "first number", func(_ *collected, s *said) { s.First++ }},
		{"last number", "last number", func(_ *collected, s *said) { s.Last++ }},
		{"end", "end", func(_ *collected, s *said) { s.Ended = false }},
		{"target duration", "target duration", func(_ *collected, s *said) { s.Target = 3 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := collected{text: []byte(text)}
			c.ours, c.err = hls.Parse(c.text)
			s := said{
				Kind: "playlist", Segments: 2, First: 7, Last: 8, Ended: true, Target: 4,
				Uses: []use{
					{What: "init", URL: at + "init.mp4"}, {What: "segment", URL: at + "a.mp4", Offset: 20, Length: 10},
					{What: "segment", URL: at + "a.mp4", Offset: 30, Length: 5},
				},
				Ours: []asked{{at + "init.mp4", "live/init.mp4"}, {at + "a.mp4", "live/a.mp4"}, {at + "a.mp4", "live/a.mp4"}},
			}
			tt.change(&c, &s)
			var got []string
			for _, d := range c.differences(s) {
				got = append(got, d.what)
				if reason := d.known(c, s); reason != "" {
					t.Errorf("%s is excused: %s", d, reason)
				}
			}
			slices.Sort(got)
			if strings.Join(got, " ") != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
