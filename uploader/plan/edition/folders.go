package edition

import "github.com/hlsship/hlsship/hls"

// Insertable reports whether a folder may stand before the URI of r: it is relative, known, and no playlist's, and no segment's that
// EXT-X-GAP marks.
func Insertable(r hls.Reference) bool { return false }

// Insert returns the text with folder(i) before the URI of each reference i that is Insertable; text itself if there is none. It is for
// playlists that have no edition: multivariant ones, and those that Read refuses.
func Insert(text []byte, references []hls.Reference, folder func(reference int) string) []byte {
	return text
}

// TakeOut returns the text without the first inserted(uri) bytes of each URI that is Insertable: what Insert made of it is taken back.
// references are those that hls.Parse finds in text. uri is the text of the URI, variables not substituted.
func TakeOut(text []byte, references []hls.Reference, inserted func(uri string) int) []byte {
	return text
}
