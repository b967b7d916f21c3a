package hls

// Kind is what a file is to HLS, or to the DASH manifest beside it.
type Kind uint8

const (
	// Other is a file that HLS has no word for. It is shipped only when a playlist names it.
	Other Kind = iota
	// Media is a media segment or a partial segment: MPEG-TS, fragmented MP4, packed audio (RFC 8216 §3).
	Media
	// Init is a media initialization section, named by EXT-X-MAP (RFC 8216 §4.3.2.5).
	Init
	// Key is a decryption key, named by EXT-X-KEY or EXT-X-SESSION-KEY (RFC 8216 §4.3.2.4).
	Key
	// Subtitle is a WebVTT segment (RFC 8216 §3.5).
	Subtitle
	// MediaPlaylist lists segments (RFC 8216 §4.3.3).
	MediaPlaylist
	// MultivariantPlaylist lists media playlists; RFC 8216 §4.3.4 calls it a master playlist.
	MultivariantPlaylist
	// Manifest is a DASH media presentation description (ISO/IEC 23009-1). It is read, held back and
	// published as playlists are.
	Manifest
	// Temporary is a name under which a packager writes what it renames later. It is never shipped.
	Temporary
)

// Kinds returns every Kind, in the order of their declaration. Metrics make one label value of each.
func Kinds() []Kind {
	return []Kind{Other, Media, Init, Key, Subtitle, MediaPlaylist, MultivariantPlaylist, Manifest, Temporary}
}

// String returns the word used in logs and metric labels: "segment", "playlist".
func (k Kind) String() string {
	switch k {
	case Media:
		return "segment"
	case Init:
		return "init"
	case Key:
		return "key"
	case Subtitle:
		return "subtitle"
	case MediaPlaylist:
		return "playlist"
	case MultivariantPlaylist:
		return "multivariant"
	case Manifest:
		return "manifest"
	case Temporary:
		return "temporary"
	}
	return "other"
}

// IsPlaylist reports whether k names other files: one of the two kinds of HLS playlist, or a Manifest.
func (k Kind) IsPlaylist() bool {
	return k == MediaPlaylist || k == MultivariantPlaylist || k == Manifest
}
