package recording

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/edition"
)

// Join takes in, behind all chunks, what the published list names of a session and no chunk does: those listed last, when a process died and took
// its journal along. The list is published under the path that the Recording has; session is the name of the session's folder. added is how many
// entries are new. If the list and the chunks have no segment in common, nobody knows how many are missing between them, and they count as a
// hole. The error wraps ErrFormat, or ErrTooLarge.
func (r *Recording) Join(published []byte, session string) (added int, err error) {
	text, facts, err := r.takeOut(published, session)
	if err != nil {
		return 0, err
	}
	p, _, err := readText(text, r.list, facts)
	if err != nil {
		return 0, err
	}
	entries := slices.DeleteFunc(p.entries, func(e *entry) bool { return e.state != Bound })
	if len(entries) == 0 {
		return 0, nil
	}
	if len(r.entries)+len(entries) > maxEntries {
		return 0, fmt.Errorf("%w: %d entries", ErrTooLarge, len(r.entries)+len(entries))
	}
	if r.begun && !sameDefines(p.whole, r.whole) {
		p.whole.Defines = nil
	}
	r.join(p.whole)
	shift, apart := r.shift(entries) // modulo 2^64
	entries[0].apart = apart
	for _, e := range entries {
		e.Number += shift
		if at, ok := search(r.entries, e.Number); !ok {
			r.entries = slices.Insert(r.entries, at, e)
			added++
		}
	}
	return added, nil
}

// takeOut returns the published text with the packager's URIs, and what the folders said that stood before them.
func (r *Recording) takeOut(published []byte, session string) (text []byte, f Facts, err error) {
	list, err := hls.Parse(published)
	if err != nil {
		return nil, f, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	up := strings.TrimSuffix(insertion(r.list, ""), r.list[:strings.LastIndexByte(r.list, '/')+1])
	ours, folders := make([]bool, len(list.References)), make([]string, len(list.References))
	for i, ref := range list.References {
		if folder, _ := hls.SessionOf(strings.TrimPrefix(strings.TrimLeft(ref.URI, " "), up)); folder != "" {
			name, variant, _ := strings.Cut(folder, "/")
			if ours[i] = name == session; variant != "" {
				folders[i] = insertion(r.list, variant)
			}
		}
	}
	text = edition.TakeOut(published, list.References, func(uri string) int {
		folder, _ := hls.SessionOf(strings.TrimPrefix(uri, up))
		if inserted := insertion(r.list, folder); folder != "" && strings.HasPrefix(uri, inserted) {
			return len(inserted)
		}
		return 0
	})
	v, err := hls.Parse(text)
	if err != nil || len(v.References) != len(list.References) {
		return nil, f, fmt.Errorf("%w: another text without its folders", ErrFormat)
	}
	var segments []int
	read, err := edition.Read(text, v)
	if err != nil {
		return nil, f, fmt.Errorf("%w: %w", ErrFormat, err)
	}
	for i := range read.Len() {
		segments = append(segments, read.Reference(i))
	}
	f.Folder = func(ref int) string { return folders[ref] }
	f.Binding = func(i int) Binding {
		if ours[segments[i]] {
			return Bound
		}
		return Elsewhere
	}
	return text, f, nil
}

// shift returns what is to be added to the published numbers of entries so that they are the packager's. apart says that nobody
// knows, and that they come behind what is known.
func (r *Recording) shift(entries []*entry) (shift uint64, apart bool) {
	if len(r.entries) == 0 {
		return 0, false
	}
	type name struct {
		path         string
		offset, size int64
	}
	known := make(map[name]uint64, len(r.entries))
	for _, e := range r.entries {
		known[name{e.path(r.list), e.Offset, e.Size}] = e.Number
	}
	for _, e := range slices.Backward(entries) {
		if number, ok := known[name{e.path(r.list), e.Offset, e.Size}]; ok && e.ref != "" {
			return number - e.Number, false
		}
	}
	first, last := entries[0], r.entries[len(r.entries)-1].Number
	plain := slices.ContainsFunc(first.Way.Keys, func(k edition.Stated) bool { return k.Plain }) // then the published number is the packager's
	if plain && first.Number > last {
		return 0, false
	}
	return last + 2 - first.Number, true
}
