package edition

import (
	"bytes"

	"github.com/hlsship/hlsship/hls"
)

// Insertable reports whether a folder may stand before the URI of r: it is relative, known, and neither a playlist's nor that of a segment
// which EXT-X-GAP marks.
func Insertable(r hls.Reference) bool {
	return !r.Kind.IsPlaylist() && !r.Gap && !r.Unresolved && hls.IsRelative(r.URI)
}

// Insert returns the text with folder(i) before the URI of each reference i that is Insertable; text itself if there is none. It is for
// playlists that have no edition: multivariant ones, and those that Read refuses.
func Insert(text []byte, references []hls.Reference, folder func(reference int) string) []byte {
	var out bytes.Buffer
	from := uint32(0)
	for i := range references {
		r := &references[i]
		if !Insertable(*r) {
			continue
		}
		at := placeOf(text, r.Span).at()
		out.Write(text[from:at])
		out.WriteString(folder(i))
		from = at
	}
	if from == 0 {
		return text
	}
	out.Write(text[from:])
	return out.Bytes()
}

// TakeOut returns the text without the first inserted(uri) bytes of each URI that is Insertable: what Insert made of it is taken back.
// references are those that hls.Parse finds in text. uri is the text of the URI, variables not substituted.
func TakeOut(text []byte, references []hls.Reference, inserted func(uri string) int) []byte {
	var out bytes.Buffer
	from := uint32(0)
	for i := range references {
		r := &references[i]
		if !Insertable(*r) {
			continue
		}
		at := placeOf(text, r.Span).at()
		uri := text[at : r.Span.Offset+r.Span.Length]
		n := uint32(min(max(inserted(string(uri)), 0), len(uri)))
		out.Write(text[from:at])
		from = at + n
	}
	out.Write(text[from:])
	return out.Bytes()
}
