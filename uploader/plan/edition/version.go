package edition

import (
	"bytes"
	"cmp"
	"slices"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// Version is one version of a packager's media playlist, cut into its lines. It is made by Read.
type Version struct {
	*cut
	references []place // where a folder goes in before each
	named      []int32 // the reference that each segment's URI is
	eol        string
}

// Read cuts the text of a media playlist of which list is what hls.Parse says. text is kept and must not be changed, list is not.
// The error is ErrDelta, ErrNoMedia or ErrKeys: such a playlist cannot be continued, and is to be published as it is.
func Read(text []byte, list *hls.Playlist) (*Version, error) {
	if list.Kind != hls.MediaPlaylist {
		return nil, ErrNoMedia
	}
	c, err := cutText(text, list.Segments)
	if err != nil {
		return nil, err
	}
	v := &Version{cut: c, eol: lineEnd(text), references: make([]place, len(list.References)), named: make([]int32, 0, len(c.segments))}
	for i := range list.References {
		r := &list.References[i]
		if n := len(v.named); n < len(c.segments) && r.Span.Offset == c.segments[n].uri.at {
			v.named = append(v.named, int32(i))
		}
		if v.references[i] = placeOf(text, r.Span); !Insertable(*r) {
			v.references[i] |= nowhere
		}
	}
	if len(v.named) < len(c.segments) {
		return nil, ErrNoMedia // who made list read another text
	}
	return v, nil
}

// place is where a folder goes in before a URI: how far from the beginning of the text in bytes, and with nowhere if it must not.
type place uint32

const nowhere place = 1 << 31

func (p place) at() uint32 { return uint32(p &^ nowhere) }

// placeOf returns the place behind the spaces that players pass over.
func placeOf(text []byte, s hls.Span) place {
	uri := span{s.Offset, s.Length}.of(text)
	return place(s.Offset + s.Length - uint32(len(bytes.TrimLeft(uri, " "))))
}

// Len returns the number of segments.
func (v *Version) Len() int { return len(v.segments) }

// Reference returns which of the Playlist's References is the URI of segment i.
func (v *Version) Reference(i int) int { return int(v.named[i]) }

// TakesOut reports whether a line with that one of the Playlist's References is never published, as an EXT-X-PART is.
func (v *Version) TakesOut(reference int) bool {
	at := v.references[reference].at()
	i, _ := slices.BinarySearchFunc(v.parts, at, func(l line, at uint32) int { return cmp.Compare(l.all.end(), at+1) })
	return i < len(v.parts) && v.parts[i].all.at <= at
}

// Duration returns the EXTINF of segment i, a day at most.
func (v *Version) Duration(i int) time.Duration { return v.segments[i].length }

// Cost returns the memory in bytes that v takes beside its text.
func (v *Version) Cost() int64 { return v.cost() + int64(cap(v.references)+cap(v.named))*4 }

// line returns the line that k of the ways numbers as it is published, without its end.
func (v *Version) line(k int32, folders []string) string {
	return v.stated(v.keys[k].line, func(i int) string { return folders[i] }).Line
}
