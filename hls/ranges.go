package hls

import (
	"math"
	"strconv"
	"strings"
)

// longestRange is more than any byte range has: two numbers of 19 digits and spaces. A tag may have one range and very
// many URIs, each of which has it read again.
const longestRange = 64

// rangeEnds remembers where the byte ranges of each file ended, for those that state no offset. The
// zero value is ready for use; a nil one remembers nothing.
type rangeEnds struct {
	// uri is the file of the last range and end its end. A playlist over one file never goes further.
	uri string
	end int64
	// earlier holds the ends in other files.
	earlier map[string]int64
}

// take reads a byte range, LENGTH[@OFFSET], of the file that uri names and remembers its end. Without
// an offset it starts where the range before it in the same file ended, and at 0 if there is none.
// Without a range, and with one that is none or ends beyond 2^63-1, both results are 0, the whole file:
// to wait for all of it is right whatever was meant.
func (e *rangeEnds) take(uri, text string) (offset, length int64) {
	if text == "" || len(text) > longestRange {
		return 0, 0
	}
	first, second, explicit := strings.Cut(text, "@")
	length, ok := parseInt63(first)
	if !ok || length == 0 {
		return 0, 0
	}
	if explicit {
		if offset, ok = parseInt63(second); !ok {
			return 0, 0
		}
	} else if e != nil {
		offset = e.before(uri)
	}
	if length > math.MaxInt64-offset {
		return 0, 0
	}
	if e != nil {
		e.remember(uri, offset+length)
	}
	return offset, length
}

// before returns where the last range of a file ended, 0 if there was none.
func (e *rangeEnds) before(uri string) int64 {
	if uri == e.uri {
		return e.end
	}
	return e.earlier[uri]
}

func (e *rangeEnds) remember(uri string, end int64) {
	if uri != e.uri && e.end > 0 {
		if e.earlier == nil {
			e.earlier = make(map[string]int64)
		}
		e.earlier[e.uri] = e.end
	}
	e.uri, e.end = uri, end
}

// parseInt63 reads a decimal-integer (RFC 8216 §4.2) that fits into an int64. Signs are none of it.
func parseInt63(s string) (n int64, ok bool) {
	u, err := strconv.ParseUint(strings.TrimSpace(s), 10, 63)
	return int64(u), err == nil
}
