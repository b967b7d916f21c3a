package hls

import (
	"fmt"
	"strconv"
	"strings"
)

// addFiles names an initialization section, an index and a bitstream switching segment, where they are.
func (m *manifest) addFiles(at *place, initialization, index, switching *urlType) error {
	for i, u := range [...]*urlType{initialization, switching, index} {
		if u == nil {
			continue
		}
		kind := Init
		if i == 2 {
			kind = Media
		}
		if err := m.addPart(at, u.SourceURL, u.Range, kind); err != nil {
			return err
		}
	}
	return nil
}

// addPart names a byte range of a file; an empty name is that of the base, if that is one of a file, and an
// empty range is the whole.
func (m *manifest) addPart(at *place, name, byteRange string, kind Kind) error {
	if name == "" && (at.base == "" || strings.HasSuffix(withoutQuery(at.base), "/")) {
		return nil
	}
	ref := Reference{Kind: kind}
	ref.Offset, ref.Length = parseByteRange(byteRange)
	return m.add(at, name, ref)
}

// parseByteRange reads FIRST-LAST (RFC 7233 §2.1 without the unit). What is none is the whole file.
func parseByteRange(s string) (offset, length int64) {
	first, last, _ := strings.Cut(s, "-")
	a, ok := parseInt63(first)
	b, closed := parseInt63(last)
	if !ok || !closed || b < a || b-a+1 <= 0 {
		return 0, 0
	}
	return a, b - a + 1
}

// addFormatted names what a template makes of the place.
func (m *manifest) addFormatted(at *place, template string, ref Reference) error {
	name, known, err := m.format(template, at)
	if err != nil {
		return err
	}
	ref.Unresolved = !known
	return m.add(at, name, ref)
}

// add appends a reference to what name means where at.base stands.
func (m *manifest) add(at *place, name string, ref Reference) error {
	if len(m.list.References) == maxReferences {
		return errTooMany()
	}
	uri, err := m.join(at.base, strings.TrimSpace(name))
	if err != nil {
		return err
	}
	ref.URI = uri
	if kind := Classify(withoutQuery(uri)); kind == Subtitle || kind.IsPlaylist() {
		ref.Kind = kind
	}
	m.list.References = append(m.list.References, ref)
	return nil
}

// join returns what a reference means at a base (RFC 3986 §5.2); dots are left to Resolve.
func (m *manifest) join(base, ref string) (string, error) {
	if m.made += len(ref); ref == "" || base != "" && !isElsewhere(ref) {
		m.made += len(base)
	}
	if m.made > MaxPlaylistSize {
		return "", fmt.Errorf("%w: its URIs are", ErrTooLarge)
	}
	switch {
	case ref == "":
		return base, nil
	case base == "" || isElsewhere(ref):
		return ref, nil
	case ref[0] == '/':
		return origin(base) + ref, nil
	case ref[0] == '?' || ref[0] == '#':
		return withoutQuery(base) + ref, nil
	}
	base = withoutQuery(base)
	root := len(origin(base))
	if root > 0 && !strings.Contains(base[root:], "/") {
		return base[:root] + "/" + ref, nil
	}
	return base[:strings.LastIndexByte(base, '/')+1] + ref, nil
}

// origin returns the scheme and authority of a URI that has them.
func origin(uri string) string {
	start := strings.Index(uri, "//")
	if start < 0 || !isElsewhere(uri) {
		return ""
	}
	start += len("//")
	if end := strings.IndexByte(uri[start:], '/'); end >= 0 {
		return uri[:start+end]
	}
	return uri
}

// format returns a template with its identifiers replaced (§5.3.9.4.4). known is false if it holds something
// that is no identifier.
func (m *manifest) format(template string, at *place) (text string, known bool, err error) {
	var b strings.Builder
	known = true
	for {
		before, rest, found := strings.Cut(template, "$")
		b.WriteString(before)
		if !found {
			break
		}
		identifier, after, closed := strings.Cut(rest, "$")
		value, ok := at.value(identifier)
		if !closed || !ok {
			known = false
			b.WriteString(template[len(before):])
			break
		}
		b.WriteString(value)
		template = after
		if m.made+b.Len() > MaxPlaylistSize {
			return "", false, fmt.Errorf("%w: its URIs are", ErrTooLarge)
		}
	}
	return b.String(), known, nil
}

// value returns what an identifier of a template stands for.
func (at *place) value(identifier string) (value string, ok bool) {
	name, tag, formatted := strings.Cut(identifier, "%")
	switch name {
	case "":
		return "$", !formatted
	case "RepresentationID":
		return at.rep.ID, !formatted
	case "Number":
		value = strconv.FormatUint(at.number, 10)
	case "Time":
		value = strconv.FormatUint(at.time, 10)
	case "Bandwidth":
		value = at.rep.Bandwidth
	default:
		return "", false
	}
	if !formatted {
		return value, true
	}
	const widest = 64
	digits, decimal := strings.CutSuffix(tag, "d")
	width, err := strconv.ParseUint(digits, 10, 8)
	if !decimal || err != nil || width > widest || digits[0] != '0' {
		return "", false
	}
	return strings.Repeat("0", max(0, int(width)-len(value))) + value, true
}
