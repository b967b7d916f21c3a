package edition

import (
	"slices"

	"github.com/hlsship/hlsship/hls"
)

const (
	mostKeys    = 6  // that are in force at once, each with a KEYFORMAT of its own
	mostFormats = 64 // of a playlist
)

// way is how a segment is to be read, which tags before it say that count until they are said again: the keys in force and the map,
// each by its number in ways, which is 0 for none.
type way struct {
	keys    [mostKeys]int32 // no gaps
	init    int32
	mapKeys [mostKeys]int32 // those in force when the map was stated, which it is encrypted with
	rate    int32
}

// ways are all that a text has.
type ways struct {
	all     []way
	keys    []stated // the lines that ways number; the first is none
	formats []string
}

// stated is a line that counts for the segments behind it.
type stated struct {
	line span
	// format is the number of a key's KEYFORMAT. plain is true for a key without IV: each segment's media sequence number is its IV
	// (RFC 8216 §5.2).
	format uint8
	plain  bool
}

func newWays() ways { return ways{keys: make([]stated, 1, 2)} }

// move takes in a line that counts for the segments behind it.
func (w *way) move(all *ways, l line, text []byte) error {
	s := stated{line: l.trimmed}
	if l.word != key {
		all.keys = append(all.keys, s)
		n := int32(len(all.keys) - 1)
		if l.word == initMap {
			w.init, w.mapKeys = n, w.keys
		} else {
			w.rate = n
		}
		return nil
	}
	list := string(l.value(text).of(text))
	if method, _ := hls.Attribute(list, "METHOD"); method == "NONE" {
		w.keys = [mostKeys]int32{}
		return nil
	}
	format, ok := hls.Attribute(list, "KEYFORMAT")
	if !ok {
		format = "identity"
	}
	at := slices.Index(all.formats, format)
	if at < 0 {
		if at = len(all.formats); at == mostFormats {
			return ErrKeys
		}
		all.formats = append(all.formats, format)
	}
	_, iv := hls.Attribute(list, "IV")
	s.format, s.plain = uint8(at), !iv && format == "identity"
	all.keys = append(all.keys, s)
	for i, k := range w.keys {
		if k == 0 || all.keys[k].format == s.format {
			w.keys[i] = int32(len(all.keys) - 1)
			return nil
		}
	}
	return ErrKeys
}

// format returns the KEYFORMAT of a key.
func (all *ways) format(k int32) string { return all.formats[all.keys[k].format] }

// has reports whether one of the keys has that KEYFORMAT.
func (all *ways) has(keys [mostKeys]int32, format string) bool {
	return slices.ContainsFunc(keys[:], func(k int32) bool { return k != 0 && all.format(k) == format })
}

// restated returns the lines that a segment needs before its own, now that what stood before it is gone or something else stands there: those that
// count for the segment before it and, by its own way, for itself. line returns one of them.
func (all *ways) restated(before, own way, eol string, line func(k int32) string) string {
	text := ""
	state := func(keys ...int32) {
		for _, k := range keys {
			if k != 0 {
				text += line(k) + eol
			}
		}
	}
	var keys []int32
	for _, k := range before.keys {
		if slices.Contains(own.keys[:], k) {
			keys = append(keys, k)
		}
	}
	if before.init != 0 && own.init == before.init {
		state(before.mapKeys[:]...)
		state(before.init)
		if before.mapKeys != before.keys {
			if before.mapKeys != [mostKeys]int32{} {
				text += "#EXT-X-KEY:METHOD=NONE" + eol
			}
			state(keys...)
		}
	} else {
		state(keys...)
	}
	if own.rate == before.rate {
		state(own.rate)
	}
	return text
}
