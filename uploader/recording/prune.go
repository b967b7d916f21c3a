package recording

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/hlsship/hlsship/hls"
)

const (
	variantTag = "#EXT-X-STREAM-INF:"
	iFrameTag  = "#EXT-X-I-FRAME-STREAM-INF:"
	groupTag   = "#EXT-X-MEDIA:"
	subtitles  = "SUBTITLES"
)

// pruned is a multivariant playlist that names nothing but what can be played.
type pruned struct {
	text     []byte
	children []string // as paths in the folder of the session, each once
	leading  string   // that of its first variant
	out      []string // the URIs that were taken out
}

// prune takes out of a multivariant playlist what names a media playlist that the folder of the session has not, and what cannot be played without
// that: variants whose group of audio or video has no rendition any more. A group of subtitles that has none is named no more. The text
// stays as it is if nothing is taken out. The error wraps ErrOutside if no variant stays.
func prune(text []byte, master string, has func(path string) bool) (*pruned, error) {
	p, err := hls.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", master, err)
	}
	k := pruning{master: master, has: has, groups: make(map[string]bool)}
	for _, r := range p.References {
		if r.Kind.IsPlaylist() && !r.Hint {
			k.judge(r)
		}
	}
	if p.Kind != hls.MultivariantPlaylist {
		return nil, fmt.Errorf("%s is no multivariant playlist: %w", master, ErrOutside)
	}
	k.split(text)
	k.findGroups()
	if out := k.write(); k.variants > 0 {
		if len(k.out) == 0 {
			out = text
		}
		if children, err := Children(out, master); err != nil || len(children) > 0 {
			leading, _ := hls.Site{}.Resolve(master, k.leading)
			return &pruned{out, children, leading, k.out}, err
		}
	}
	return nil, fmt.Errorf("%s has no variant that can be played: %w", master, ErrOutside)
}

// row is a line of a multivariant playlist with what is behind it: of a variant also the lines up to its URI.
type row struct {
	text []byte // with its line ends
	tag  string // variantTag, iFrameTag, groupTag or none
	list string // its attributes
	uri  string // of a variant; empty if there is none
	gone bool   // what it names cannot be played
}

// pruning is the pruning of one text.
type pruning struct {
	master   string
	has      func(path string) bool
	gone     []hls.Reference // those that cannot be played, in the order of the text
	rows     []row
	groups   map[string]bool // whether a group, by its type and its name, has a rendition
	out      []string
	variants int
	leading  string // the URI of the first variant
}

// judge notes a URI that cannot be played.
func (k *pruning) judge(r hls.Reference) {
	path, target := hls.Site{}.Resolve(k.master, r.URI)
	if target != hls.Local || r.Unresolved || !hls.IsRelative(r.URI) || !k.has(path) {
		k.gone = append(k.gone, r)
	}
}

// split takes the text apart.
func (k *pruning) split(text []byte) {
	at, open := uint32(0), false // open says that the URI of the variant in the last row is to come
	for line := range bytes.Lines(text) {
		word := strings.TrimSpace(string(line))
		gone := false
		for at += uint32(len(line)); len(k.gone) > 0 && k.gone[0].Span.Offset < at; k.gone = k.gone[1:] {
			gone = true
			k.out = append(k.out, k.gone[0].URI)
		}
		if last := len(k.rows) - 1; open {
			k.rows[last].text = append(k.rows[last].text, line...)
			k.rows[last].gone = k.rows[last].gone || gone
			if open = word == "" || word[0] == '#'; !open {
				k.rows[last].uri = word
			}
			continue
		}
		r := row{text: bytes.Clone(line), gone: gone, uri: word}
		for _, tag := range []string{variantTag, iFrameTag, groupTag} {
			if list, ok := strings.CutPrefix(word, tag); ok {
				r.tag, r.list = tag, list
				if uri, ok := hls.Attribute(list, "URI"); ok {
					r.uri = uri
				}
			}
		}
		if open = r.tag == variantTag; open {
			r.uri = ""
		}
		k.rows = append(k.rows, r)
	}
}

// findGroups finds out which groups have a rendition.
func (k *pruning) findGroups() {
	for _, r := range k.rows {
		if r.tag == groupTag {
			kind, _ := hls.Attribute(r.list, "TYPE")
			name, _ := hls.Attribute(r.list, "GROUP-ID")
			k.groups[kind+" "+name] = k.groups[kind+" "+name] || !r.gone
		}
	}
}

// isEmpty reports whether a row names a group of that type, all of whose renditions are gone.
func (k *pruning) isEmpty(r row, kind string) bool {
	name, named := hls.Attribute(r.list, kind)
	has, known := k.groups[kind+" "+name]
	return named && known && !has
}

// write returns the text of what stays.
func (k *pruning) write() (out []byte) {
	for _, r := range k.rows {
		if r.gone || r.tag != groupTag && r.tag != "" && (k.isEmpty(r, "AUDIO") || k.isEmpty(r, "VIDEO")) {
			if !r.gone {
				k.out = append(k.out, r.uri)
			}
			continue
		}
		if r.tag == variantTag && r.uri != "" {
			if k.variants++; k.leading == "" {
				k.leading = r.uri
			}
			if k.isEmpty(r, subtitles) {
				r.text = bytes.Replace(r.text, []byte(r.list), []byte(withoutAttribute(r.list, subtitles)), 1)
			}
		}
		out = append(out, r.text...)
	}
	slices.Sort(k.out)
	k.out = slices.Compact(k.out)
	return out
}

// withoutAttribute returns an attribute list without one of its attributes.
func withoutAttribute(list, name string) string {
	var all []string
	for n, value := range hls.Attributes(list) {
		if n != name {
			all = append(all, n+"="+value)
		}
	}
	return strings.Join(all, ",")
}
