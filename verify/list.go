package verify

import (
	"bytes"
	"math"
	"strconv"
	"time"
)

// segment is one line of a media playlist that names a segment.
type segment struct {
	uri string
	// duration is EXTINF (RFC 8216 §4.3.2.1), below 0 if there is none.
	duration time.Duration
	// offset is that of its byte range if the list says one, so that segments of one file differ.
	offset string
}

// segmentsOf returns the segments of a media playlist, which was found to be one.
func segmentsOf(text []byte) []segment {
	var all []segment
	next := segment{duration: -1}
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		if rest, ok := bytes.CutPrefix(line, []byte("#EXTINF:")); ok {
			value, _, _ := bytes.Cut(rest, []byte(","))
			if seconds, err := strconv.ParseFloat(string(bytes.TrimSpace(value)), 64); err == nil && seconds >= 0 && seconds < 1e6 {
				next.duration = time.Duration(math.Round(seconds * float64(time.Second)))
			}
		} else if rest, ok := bytes.CutPrefix(line, []byte("#EXT-X-BYTERANGE:")); ok {
			next.offset = string(rest)
		} else if len(line) > 0 && line[0] != '#' {
			next.uri = string(line)
			all = append(all, next)
			next = segment{duration: -1}
		}
	}
	return all
}

// tooLong returns the first segment without a duration, or whose duration, rounded to whole seconds, is above the target
// (RFC 8216 §4.3.3.1); ok is false if there is none.
func tooLong(all []segment, target time.Duration) (s segment, ok bool) {
	for _, one := range all {
		if one.duration < 0 || target > 0 && one.duration.Round(time.Second) > target {
			return one, true
		}
	}
	return segment{}, false
}

// renumbered returns the first segment that both lists name under different numbers, with the two; ok is false if there is
// none. A name that one of the lists has twice says nothing.
func renumbered(one, other []segment, first, otherFirst uint64) (uri string, a, b uint64, ok bool) {
	type place struct{ uri, offset string }
	numbers, twice := map[place]uint64{}, map[place]bool{}
	for i, s := range other {
		at := place{s.uri, s.offset}
		_, again := numbers[at]
		twice[at] = twice[at] || again
		numbers[at] = otherFirst + uint64(i)
	}
	seen := map[place]bool{}
	for _, s := range one {
		at := place{s.uri, s.offset}
		twice[at] = twice[at] || seen[at]
		seen[at] = true
	}
	for i, s := range one {
		at := place{s.uri, s.offset}
		if n, known := numbers[at]; known && !twice[at] && n != first+uint64(i) {
			return s.uri, first + uint64(i), n, true
		}
	}
	return "", 0, 0, false
}
