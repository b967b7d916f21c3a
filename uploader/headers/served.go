package headers

import (
	"strings"

	"github.com/hlsship/hlsship/hls"
)

// Served returns with which Content-Type, and with one of which Cache-Controls, a file of that path is stored; kind is what
// playlists make of it, and pl, for playlists alone, the version that is stored. A "*" stands for whole seconds that depend on when
// it was stored.
func (p *Policy) Served(path string, kind hls.Kind, pl *hls.Playlist) (mediaType string, cacheControls []string) {
	if pl != nil {
		set := p.Playlist(hls.File{Path: path, Kind: kind, Playlist: pl})
		return set.ContentType, []string{set.CacheControl}
	}
	of := func(word string) string {
		if value, ok := p.set[word]; ok {
			return value
		}
		return strings.Replace(p.cache[word], "%d", "*", 1)
	}
	cacheControls = []string{of(kindOf(kind, nil))}
	if kind == hls.Media {
		cacheControls = append(cacheControls, of("growing")) // which it was when it was stored
	}
	if folder, _ := hls.SessionOf(path); folder != "" {
		cacheControls = append(cacheControls, immutableControl)
	}
	return contentType(path), cacheControls
}
