package salvage

import (
	"fmt"
	"strings"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// Published is a playlist that is published, outside all sessions.
type Published struct {
	// Path is where it stands below the prefix, Text what it says, nil if nobody needs it, and Modified when it was stored; zero if the store does not
	// tell.
	Path     string
	Text     []byte
	Modified time.Time

	multivariant, ended bool
	last                string          // the session of the last file that it names, without a slash; empty for none
	sessions            map[string]bool // all that it names
	children            []string        // of a multivariant one: the paths that it names
}

// ReadPublished reads one. path is relative to the prefix. The error is that of hls.Parse.
func ReadPublished(path string, text []byte, modified time.Time) (*Published, error) {
	list, err := hls.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	p := &Published{Path: path, Text: text, Modified: modified, multivariant: list.Kind == hls.MultivariantPlaylist, ended: list.Ended, sessions: make(map[string]bool)}
	for _, r := range list.References {
		to, target := hls.Site{}.Resolve(path, r.URI)
		if target != hls.Local || r.Unresolved || r.Hint {
			continue
		}
		if p.multivariant {
			p.children = append(p.children, strings.Clone(to))
			continue
		}
		if folder, _ := hls.SessionOf(to); folder != "" {
			name, _, _ := strings.Cut(folder, "/")
			if name != p.last {
				p.last = strings.Clone(name)
			}
			p.sessions[p.last] = true
		}
	}
	return p, nil
}

// Multivariant reports whether it names other playlists.
func (p *Published) Multivariant() bool { return p.multivariant }

// Names reports whether it names a file of a session.
func (p *Published) Names(session string) bool { return p.sessions[session] }
