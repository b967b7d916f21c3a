package recording

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/edition"
)

// maxEntries bounds a recording: a month of seconds takes more than any player loads.
const maxEntries = 1 << 20

// part is what was read of a text.
type part struct {
	whole   edition.Whole
	entries []*entry
	remarks [][]string // the comments before each of them
	binds   []remark
}

// readChunk reads a chunk that anybody may have written. list is the path of the media playlist whose it is, in the folder of its session.
func readChunk(text []byte, list string) (*part, error) {
	if err := checkFormat(text); err != nil {
		return nil, err
	}
	p, v, err := readText(text, list, Facts{})
	if err != nil {
		return nil, err
	}
	trailing := v.Trailing()
	if len(p.entries) == 0 {
		trailing = trailing[1:] // the one that the text begins with
	}
	if err := p.trail(trailing, bytes.HasSuffix(text, []byte("\n"))); err != nil {
		return nil, err
	}
	for i, e := range p.entries {
		r, ok := p.remark(i)
		if !ok {
			return nil, fmt.Errorf("%w: a segment without a number", ErrFormat)
		}
		e.Number, e.done, e.state, e.head = r.number, r.done, r.state, r.head
		if e.state != Bound {
			e.sum = ^e.sum
		}
	}
	return p, nil
}

// checkFormat looks at how a chunk begins. The error is ErrFormat or ErrTruncated, or wraps ErrVersion.
func checkFormat(text []byte) error {
	rest, ok := bytes.CutPrefix(text, []byte("#EXTM3U\n"+indexLine))
	if !ok {
		return ErrFormat
	}
	switch format, _, ended := bytes.Cut(rest, []byte("\n")); {
	case !ended:
		return ErrTruncated
	case string(format) != indexFormat:
		return otherVersion(string(format))
	}
	return nil
}

// otherVersion is the error about a format that is not known.
func otherVersion(format string) error {
	const longest = 32
	return fmt.Errorf("%w: %.*q", ErrVersion, longest, format)
}

// readText reads any media playlist; its entries are bound, with the numbers that they have there.
func readText(text []byte, list string, f Facts) (*part, *edition.Version, error) {
	parsed, err := hls.Parse(text)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	v, err := edition.Read(text, parsed)
	if err != nil {
		return nil, nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	p := &part{whole: v.Whole(), entries: make([]*entry, v.Len()), remarks: make([][]string, v.Len())}
	if v.Len() > 0 && v.Number(v.Len()-1) >= 1<<63 {
		return nil, nil, fmt.Errorf("%w: numbers above all that are used", ErrFormat)
	}
	listed, sum, ways := v.Lister(f.Folder), v.Summer(f.Folder), make(map[*edition.Way]*way)
	for i := range p.entries {
		l := listed(i)
		e := newEntry(&l, Bound, sum(i))
		if f.Folder != nil && !l.Gap {
			e.folder = f.Folder(l.Reference)
		}
		e.ref, e.loose, p.remarks[i] = e.folder+parsed.References[l.Reference].URI, false, l.Comments
		if parsed.References[l.Reference].Unresolved {
			e.ref = ""
		}
		if f.Binding != nil {
			e.state = f.Binding(i)
		}
		if ways[l.Way] == nil {
			ways[l.Way] = &way{*l.Way, needsOf(l.Way, parsed.References, list, f.Folder)}
		}
		e.Way = ways[l.Way]
		if p.entries[i] = e; i > 0 {
			e.share(p.entries[i-1])
		}
	}
	return p, v, nil
}

// share has equal texts be in memory once: there are as many entries as a day has segments.
func (e *entry) share(before *entry) {
	if e.Lines == before.Lines {
		e.Lines = before.Lines
	}
	if e.ref == e.URI {
		e.ref = e.URI
	}
	if e.Way != before.Way && slices.Equal(e.Way.needs, before.Way.needs) && sameWay(e.Way, before.Way) {
		e.Way = before.Way
	}
}

// needsOf returns the keys and maps that segments need, by their paths in the folder of the session.
func needsOf(w *edition.Way, references []hls.Reference, list string, folder func(int) string) (all []need) {
	add := func(stated ...edition.Stated) {
		for _, s := range stated {
			for i, r := range references[s.From:s.To] {
				if folder != nil {
					r.URI = folder(s.From+i) + r.URI
				}
				if path, ok := pathOfNeed(list, &r); ok {
					n := need{path: strings.Clone(path)} // without the rest of the text
					if r.Length > 0 {
						n.end = r.Offset + r.Length
					}
					all = append(all, n)
				}
			}
		}
	}
	add(w.Keys...)
	add(w.Map)
	if w.Map.Line != "" {
		add(w.MapKeys...)
	}
	return all
}

// pathOfNeed returns the path of a key or a map in the folder of the session of a list: ../SESSION/PATH for one that is in another session, as what two runs
// have alike may be. ok is false if it is elsewhere.
func pathOfNeed(list string, r *hls.Reference) (path string, ok bool) {
	if r.Unresolved {
		return "", false
	}
	path, target := hls.Site{}.Resolve(list, r.URI)
	if target == hls.Local {
		return path, true
	}
	const here = "-/" // in the place of the session's own folder
	path, target = hls.Site{}.Resolve(here+list, r.URI)
	folder, _ := hls.SessionOf(path)
	return "../" + path, target == hls.Local && folder != ""
}

// path returns the path of its bytes in the folder of the session of a list; empty if they are elsewhere.
func (e *entry) path(list string) string {
	path, target := hls.Site{}.Resolve(list, e.ref)
	if target != hls.Local {
		return ""
	}
	return path
}

// remark returns what an index says of entry i; ok is false if it does not.
func (p *part) remark(i int) (r remark, ok bool) {
	for _, c := range p.remarks[i] {
		if rest, is := strings.CutPrefix(c, mark); is && !ok {
			r, ok = parseRemark(rest)
		}
	}
	return r, ok
}

// trail takes in what stands behind the last entry of a chunk.
func (p *part) trail(comments []string, whole bool) error {
	for i, c := range comments {
		if end, ok := strings.CutPrefix(c, mark+endWord); ok {
			if n, err := strconv.Atoi(end); err != nil || n != len(p.entries) || i != len(comments)-1 || !whole {
				return fmt.Errorf("%w: it does not say how many entries there are", ErrFormat)
			}
			return nil
		}
		rest, ok := strings.CutPrefix(c, mark+bindWord)
		if !ok {
			return fmt.Errorf("%w: an unknown comment behind the last entry", ErrFormat)
		}
		r, ok := parseBind(rest)
		if !ok {
			return fmt.Errorf("%w: no number of a segment that was bound", ErrFormat)
		}
		p.binds = append(p.binds, r)
	}
	return ErrTruncated
}

// expanded returns a text whose URIs have no variables that it defines.
func expanded(text []byte) ([]byte, error) {
	list, err := hls.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	var out bytes.Buffer
	from := uint32(0)
	for _, r := range list.References {
		was := text[r.Span.Offset:][:r.Span.Length]
		if r.Unresolved || !bytes.Contains(was, []byte("{$")) {
			continue
		}
		out.Write(text[from:r.Span.Offset])
		out.WriteString(r.URI)
		if from = r.Span.Offset + r.Span.Length; out.Len() > hls.MaxPlaylistSize {
			return nil, ErrTooLarge
		}
	}
	out.Write(text[from:])
	return out.Bytes(), nil
}
