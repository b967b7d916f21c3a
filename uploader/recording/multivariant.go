package recording

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hlsship/hlsship/hls"
)

// ErrOutside is returned by Children for a multivariant playlist that cannot be played from the folder of a session.
var ErrOutside = errors.New("outside the folder of the session")

// Children returns the media playlists that a multivariant playlist names, as paths in the folder of the session, each once and in the order of the
// text. master is its path there. Its text is the session's copy as it is if there is no error: then each child is found where its closing
// list stands. The error wraps ErrOutside and names the URI if one is absolute, leads out of the folder, or has an unknown variable; or it is
// that of hls.Parse.
func Children(text []byte, master string) (lists []string, err error) {
	p, err := hls.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", master, err)
	}
	known := make(map[string]bool)
	for _, r := range p.References {
		if !r.Kind.IsPlaylist() || r.Hint {
			continue
		}
		path, target := hls.Site{}.Resolve(master, r.URI)
		if target != hls.Local || r.Unresolved || !hls.IsRelative(r.URI) {
			return nil, fmt.Errorf("%s names %.200q: %w", master, r.URI, ErrOutside)
		}
		if path = strings.Clone(path); !known[path] {
			known[path] = true
			lists = append(lists, path)
		}
	}
	return lists, nil
}
