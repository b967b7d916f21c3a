package edition

import (
	"bytes"
	"strconv"
	"time"
)

// span is a part of a text: text[s.at:][:s.size].
type span struct{ at, size uint32 }

func (s span) of(text []byte) []byte { return text[s.at:][:s.size] }

func (s span) end() uint32 { return s.at + s.size }

// line is one line of a text: all of it, the end of line included, and what it has without white space around it.
type line struct {
	all, trimmed span
	word         word
}

// value returns what stands behind the colon.
func (l line) value(text []byte) span {
	t := l.trimmed.of(text)
	i := bytes.IndexByte(t, ':') + 1
	if i == 0 {
		i = len(t)
	}
	for i < len(t) && isSpace(t[i]) {
		i++
	}
	return span{l.trimmed.at + uint32(i), l.trimmed.size - uint32(i)}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' }

// reader goes through the lines of a text. A CR that no LF follows ends a line too, as it does for hls.Parse.
type reader struct {
	text []byte
	at   int
	lone bool // there is such a CR
}

func newReader(text []byte) reader { return reader{text: text, lone: hasLoneCR(text)} }

func hasLoneCR(text []byte) bool {
	for {
		i := bytes.IndexByte(text, '\r')
		if i < 0 {
			return false
		}
		if text = text[i+1:]; len(text) > 0 && text[0] != '\n' {
			return true
		}
	}
}

// next returns the next line; ok is false behind the last one.
func (r *reader) next() (l line, ok bool) {
	rest := r.text[r.at:]
	if len(rest) == 0 {
		return l, false
	}
	end := 0
	if r.lone {
		end = bytes.IndexAny(rest, "\r\n") + 1
		if end > 0 && rest[end-1] == '\r' && end < len(rest) && rest[end] == '\n' {
			end++
		}
	} else {
		end = bytes.IndexByte(rest, '\n') + 1
	}
	if end == 0 {
		end = len(rest)
	}
	first, last := 0, end
	for last > 0 && (isSpace(rest[last-1]) || rest[last-1] == '\n') {
		last--
	}
	for first < last && isSpace(rest[first]) {
		first++
	}
	l.all = span{uint32(r.at), uint32(end)}
	l.trimmed = span{uint32(r.at + first), uint32(last - first)}
	l.word = wordOf(rest[first:last])
	r.at += end
	return l, true
}

// lineEnd returns how the first line of a text ends; LF if it has no end.
func lineEnd(text []byte) string {
	i := bytes.IndexAny(text, "\r\n")
	switch {
	case i < 0 || text[i] == '\n':
		return "\n"
	case i+1 < len(text) && text[i+1] == '\n':
		return "\r\n"
	}
	return "\r"
}

// duration reads an EXTINF (RFC 8216 §4.3.2.1): 0 for one that nobody can read, a day at most.
func duration(value []byte) time.Duration {
	const day = 24 * time.Hour
	number, _, _ := bytes.Cut(value, []byte(","))
	var n, unit time.Duration = 0, time.Second
	for i, c := range number {
		switch {
		case c == '.' && unit == time.Second:
			n, unit = n*time.Second, time.Second/10
		case c < '0' || c > '9' || unit == time.Second && i > 6 || unit == 0:
			f, err := strconv.ParseFloat(string(bytes.TrimSpace(number)), 64)
			if err != nil || !(f >= 0) {
				return 0
			}
			return time.Duration(min(f, day.Seconds()) * float64(time.Second))
		case unit == time.Second:
			n = n*10 + time.Duration(c-'0')
		default:
			n += unit * time.Duration(c-'0')
			unit /= 10
		}
	}
	if unit == time.Second {
		n *= time.Second
	}
	return min(n, day)
}

// window is a byte range of a file.
type window struct {
	offset, size int64
	// tail is where the text of one that states no offset ends, so that it can be written out; 0 if it does. Such a one begins where that
	// of the segment before it ends.
	tail uint32
	// loose is true if the offset is not stated and no segment before it says which it is.
	loose bool
}

// place says where w begins, which states no offset.
func (w *window) place(offset int64, loose bool) { w.offset, w.loose = offset, loose }

// parseRange reads LENGTH[@OFFSET] (RFC 8216 §4.3.2.2). stated says whether the offset is there, ok whether it is a range.
func parseRange(value []byte) (w window, stated, ok bool) {
	const longest = 64
	if len(value) > longest {
		return w, false, false
	}
	size, offset, stated := bytes.Cut(value, []byte("@"))
	n, err := strconv.ParseInt(string(bytes.TrimSpace(size)), 10, 64)
	if err != nil || n <= 0 {
		return w, false, false
	}
	if w.size = n; stated {
		if w.offset, err = strconv.ParseInt(string(bytes.TrimSpace(offset)), 10, 64); err != nil || w.offset < 0 || w.offset+n < 0 {
			return window{}, false, false
		}
	}
	return w, stated, true
}
