package hls

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Resolve returns which file a playlist's URI means (RFC 3986 §5). playlist is the playlist's own
// path, slash-separated and relative to the watched directory, valid as by io/fs.ValidPath; uri is a
// Reference.URI. path is relative to the watched directory too, valid as by io/fs.ValidPath and free
// of control characters if the Target is Local, and empty otherwise.
//
// Query and fragment are dropped, percent escapes decoded ("a%20b.ts" is the file "a b.ts"; "+" stays
// "+"), spaces at both ends ignored and backslashes taken for slashes, as browsers do. An escape that is none
// ("100%.ts") is taken literally.
//
// An absolute URL is Local if it lies below the URL of the Site, and a path from the origin's root if it lies below the
// Site's own path.
//
// Elsewhere are other URIs with a scheme or an authority, data included, and other paths from the origin's root. By
// RFC 3986 §3.1 that takes in "a:b.ts" and "seg-2026-01-31T12:30:00.ts": players read them so too, and fail; Guesses says
// which files may have been meant. An empty path ("", "?a=b", "#a") is Elsewhere as well: it names the playlist itself
// (RFC 3986 §4.4), which is there as soon as somebody reads the URI in it, so that there is nothing to wait for.
//
// Outside is what no stored file can answer to, because the key that a player asks for is never that
// of a file: a relative path that ".." leads out of the watched directory, and any path there that
// ends in a folder, has an empty element ("a//b.ts" is a key of its own in S3), an escaped slash,
// a control character or bytes that are no UTF-8.
//
// path may share its memory with uri, and so with the copy of the whole text to which all URIs of Parse belong: whoever
// keeps it longer than the Playlist clones it (strings.Clone).
func (s Site) Resolve(playlist, uri string) (path string, target Target) {
	var room [256]byte
	at, target := s.ResolveIn(room[:0], playlist, uri)
	if n := len(at); n <= len(uri) && uri[:n] == string(at) {
		return uri[:n], target
	}
	return string(at), target
}

// ResolveIn is Resolve for those who look at very many names and keep few: path is in the memory of room if that is large enough, whose
// bytes are gone then.
func (s Site) ResolveIn(room []byte, playlist, uri string) (path []byte, target Target) {
	uri = withSlashes(withoutQuery(strings.Trim(uri, " ")))
	rooted := false
	switch {
	case uri == "":
		return nil, Elsewhere
	case isElsewhere(uri):
		if uri, rooted = s.pathOf(uri); !rooted {
			return nil, Elsewhere
		}
	case uri[0] == '/':
		uri, rooted = uri[len("/"):], true
	}
	at := room[:0]
	if !rooted {
		folder := playlist[:strings.LastIndexByte(playlist, '/')+1]
		if isPlain(uri) {
			return append(append(at, folder...), uri...), Local
		}
		at = append(append(at, s.base...), folder...)
	}
	whole, ok := appendPath(at, uri)
	below, inside := bytes.CutPrefix(whole, []byte(s.base))
	switch {
	case ok && inside:
		return below, Local
	case rooted && !inside:
		return nil, Elsewhere
	}
	return nil, Outside
}

// IsRelative reports whether a playlist's URI is a path that begins in the playlist's own folder, so that text before it moves what it
// names: it has neither a scheme nor an authority, does not begin at the origin's root, and is no query or fragment alone.
func IsRelative(uri string) bool {
	uri = strings.TrimLeft(uri, " ")
	return uri != "" && strings.IndexByte(`/\?#`, uri[0]) < 0 && !hasScheme(uri)
}

// withSlashes returns uri with slashes for backslashes: in URLs of the web both are the same to browsers (WHATWG URL §4.4).
func withSlashes(uri string) string {
	if strings.IndexByte(uri, '\\') < 0 {
		return uri
	}
	return strings.ReplaceAll(uri, `\`, "/")
}

// appendPath appends a relative reference to a folder that is empty or ends in a slash. ok is false
// for what Resolve calls Outside; path then ends where that shows.
func appendPath(folder []byte, relative string) (path []byte, ok bool) {
	path = folder
	for more := true; more; {
		var element string
		element, relative, more = strings.Cut(relative, "/")
		start := len(path)
		path = appendUnescaped(path, element)
		// "%2e%2e" is "..": a dot is the same escaped or not (RFC 3986 §2.3).
		switch name := path[start:]; {
		case string(name) == ".":
			if !more {
				return path[:start], false
			}
			path = path[:start]
		case string(name) == "..":
			if !more || start == 0 {
				return path[:start], false
			}
			path = path[:bytes.LastIndexByte(path[:start-1], '/')+1]
		case !isName(name):
			return path[:start], false
		case more:
			path = append(path, '/')
		}
	}
	return path, true
}

// appendUnescaped appends s with its percent escapes decoded once; what is no escape stays.
func appendUnescaped(to []byte, s string) []byte {
	for {
		i := strings.IndexByte(s, '%')
		if i < 0 {
			return append(to, s...)
		}
		to = append(to, s[:i]...)
		if i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]) {
			to = append(to, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
		} else {
			to = append(to, '%')
		}
		s = s[i+1:]
	}
}

// isName reports whether a decoded path element can be a file's or folder's name that hlsship ships.
func isName(element []byte) bool {
	if len(element) == 0 || !utf8.Valid(element) || bytes.IndexByte(element, '/') >= 0 {
		return false
	}
	return bytes.IndexFunc(element, unicode.IsControl) < 0
}

// isPlain reports whether uri is a single path element that means itself.
func isPlain(uri string) bool {
	for i := range len(uri) {
		if c := uri[i]; c < ' ' || c >= 0x7f || c == '/' || c == '%' {
			return false
		}
	}
	return uri != "." && uri != ".."
}

// hasScheme reports whether uri begins with a scheme and a colon (RFC 3986 §3.1).
func hasScheme(uri string) bool {
	for i := range len(uri) {
		switch c := uri[i]; {
		case isLetter(c):
		case i == 0:
			return false
		case c == ':':
			return true
		case !isDigit(c) && c != '+' && c != '-' && c != '.':
			return false
		}
	}
	return false
}

// withoutQuery cuts off query and fragment.
func withoutQuery(uri string) string {
	if i := strings.IndexByte(uri, '#'); i >= 0 {
		uri = uri[:i]
	}
	if i := strings.IndexByte(uri, '?'); i >= 0 {
		uri = uri[:i]
	}
	return uri
}

func isHex(c byte) bool {
	c = lowerByte(c)
	return isDigit(c) || 'a' <= c && c <= 'f'
}

func unhex(c byte) byte {
	if isDigit(c) {
		return c - '0'
	}
	return lowerByte(c) - 'a' + 10
}
