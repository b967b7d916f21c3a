package edition

import (
	"time"

	"github.com/hlsship/hlsship/hls"
)

// Version is one version of a packager's media playlist, cut into its lines. It is made by Read.
type Version struct {
	text []byte
	list *hls.Playlist
}

// Read cuts the text of a media playlist of which list is what hls.Parse says. Both are kept and must not be changed. The error is
// ErrDelta, ErrNoMedia or ErrKeys: such a playlist cannot be continued, and is to be published as it is.
func Read(text []byte, list *hls.Playlist) (*Version, error) {
	return &Version{text: text, list: list}, nil
}

// Len returns the number of segments.
func (v *Version) Len() int { return 0 }

// Reference returns which of the Playlist's References is the URI of segment i.
func (v *Version) Reference(i int) int { return 0 }

// Duration returns the EXTINF of segment i, a day at most.
func (v *Version) Duration(i int) time.Duration { return 0 }

// Cost returns the memory in bytes that v takes beside its text and its Playlist.
func (v *Version) Cost() int64 { return 0 }
