package hls

import "strings"

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
	if name == "" && at.folder {
		return nil
	}
	ref := Reference{Kind: kind}
	if !m.counting && byteRange != "" {
		ref.Offset, ref.Length = parseByteRange(byteRange)
	}
	return m.add(at, name, ref)
}

// parseByteRange reads FIRST-LAST (RFC 7233 §2.1 without the unit). What is none is the whole file.
func parseByteRange(s string) (offset, length int64) {
	if len(s) > longestRange {
		return 0, 0
	}
	first, last, _ := strings.Cut(s, "-")
	a, ok := parseInt63(first)
	b, closed := parseInt63(last)
	if !ok || !closed || b < a || b-a+1 <= 0 {
		return 0, 0
	}
	return a, b - a + 1
}

// add names what a name means where at.base stands.
func (m *manifest) add(at *place, name string, ref Reference) error {
	if m.counting {
		if err := m.budget.count(1); err != nil {
			return err
		}
		return m.budget.name(joined(at.base) + int64(len(name)))
	}
	m.append(at, name, ref)
	return nil
}

// addFormatted names what a template makes of the place.
func (m *manifest) addFormatted(at *place, text string, ref Reference) error {
	t, err := m.compile(text, at.rep)
	if err != nil {
		return err
	}
	if m.counting {
		return m.count(at, t, 1, 0)
	}
	m.append(at, m.format(t, at), t.mark(ref))
	return nil
}

// count takes n names in that a template makes from at on, each d after the one before.
func (m *manifest) count(at *place, t *template, n int64, d uint64) error {
	if err := m.budget.count(n); err != nil {
		return err
	}
	return m.budget.name(n*joined(at.base) + t.size(at, n, d))
}

// format returns a template with the numbers of a place.
func (m *manifest) format(t *template, at *place) string {
	m.room = t.append(m.room[:0], at)
	return string(m.room)
}

// append names what a name means where at.base stands; add asks first.
func (m *manifest) append(at *place, name string, ref Reference) {
	ref.URI = join(at.base, strings.TrimSpace(name))
	if kind := Classify(withoutQuery(ref.URI)); kind == Subtitle || kind.IsPlaylist() {
		ref.Kind = kind
	}
	m.list.References = append(m.list.References, ref)
}

// base returns what alternative BaseURLs mean at the base of the level above.
func (m *manifest) base(above string, alternatives []string) (string, error) {
	u := firstURL(alternatives)
	if m.counting {
		if err := m.budget.name(joined(above) + int64(len(u))); err != nil {
			return "", err
		}
	}
	return join(above, u), nil
}

// joined returns how many bytes join adds to a reference at most: the base and a slash.
func joined(base string) int64 { return int64(len(base) + len("/")) }

// join returns what a reference means at a base (RFC 3986 §5.2); dots are left to Resolve.
func join(base, ref string) string {
	switch {
	case ref == "":
		return base
	case base == "" || isElsewhere(ref):
		return ref
	case ref[0] == '/':
		return origin(base) + ref
	case ref[0] == '?' || ref[0] == '#':
		return withoutQuery(base) + ref
	}
	base = withoutQuery(base)
	root := len(origin(base))
	if root > 0 && !strings.Contains(base[root:], "/") {
		return base[:root] + "/" + ref
	}
	return base[:strings.LastIndexByte(base, '/')+1] + ref
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
