package hls

import (
	"iter"
	"strings"
	"unicode"
)

// attributes is a tag's attribute list, NAME=VALUE separated by commas (RFC 8216 §4.2). What does not
// look like an attribute is passed over: any tag may be asked for attributes, also one that has none.
type attributes string

// attribute is one of a list.
type attribute struct {
	name string
	// value is without its quotes. Where the closing quote is missing it reaches to the line's end.
	value string
	// tail is how many bytes the value has together with what stands behind it on the line.
	tail int
	// quoted says that the value begins with a quote; closed is false when the closing one is missing.
	quoted, closed bool
}

// next returns the first attribute and the list behind it; ok is false when there is none.
func (list attributes) next() (a attribute, rest attributes, ok bool) {
	s := string(list)
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case ',':
			s, i = s[i+1:], -1
		case '=':
			a.name = strings.TrimSpace(s[:i])
			s = strings.TrimLeft(s[i+1:], " \t")
			if a.tail = len(strings.TrimLeftFunc(s, unicode.IsSpace)); strings.HasPrefix(s, `"`) {
				a.tail--
				a.quoted = true
			}
			a.value, a.closed, s = cutValue(s)
			return a, attributes(s), true
		}
	}
	return attribute{}, "", false
}

// cutValue splits s behind the value that it begins with.
func cutValue(s string) (value string, closed bool, rest string) {
	if !strings.HasPrefix(s, `"`) {
		value, rest, _ = strings.Cut(s, ",")
		return strings.TrimSpace(value), true, rest
	}
	value, rest, closed = strings.Cut(s[1:], `"`)
	return value, closed, rest
}

// get returns the value of the first attribute of that name; ok is false when there is none, or when
// its closing quote is missing.
func (list attributes) get(name string) (value string, ok bool) {
	for a, rest, more := list.next(); more; a, rest, more = rest.next() {
		if a.name == name {
			return a.value, a.closed
		}
	}
	return "", false
}

// Attribute returns the value of the first attribute of that name in a tag's attribute list (RFC 8216 §4.2), the text behind its colon.
// ok is false if there is none, or its closing quote is missing. Quotes are taken off, variables stay.
func Attribute(list, name string) (value string, ok bool) { return attributes(list).get(name) }

// isURI reports whether the attribute's value is a URI, in whatever tag. A tag that hlsship has never
// heard of is taken at its word: what it names has to be stored like everything else.
func (a attribute) isURI() bool {
	switch a.name {
	case "URI",
		"SERVER-URI",                  // EXT-X-CONTENT-STEERING
		"X-ASSET-URI", "X-ASSET-LIST": // EXT-X-DATERANGE of an interstitial
		return true
	}
	return false
}

// Attributes goes through a tag's attribute list (RFC 8216 §4.2), the text behind its colon: each name with its value, which has its quotes if they
// are closed.
func Attributes(list string) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for a, rest, more := attributes(list).next(); more; a, rest, more = rest.next() {
			if a.quoted && a.closed {
				a.value = `"` + a.value + `"`
			}
			if !yield(a.name, a.value) {
				return
			}
		}
	}
}
