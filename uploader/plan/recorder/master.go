package recorder

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/recording"
)

// Master is a multivariant playlist.
type Master struct {
	// Path is where it stands in the directory, and Text its newest version, as its packager wrote it.
	Path string
	Text []byte
	// Children are the paths of the media playlists that it names.
	Children []string
}

// maxMasters and maxMaster bound how many multivariant playlists are remembered, and how long each is in bytes: anybody may write some.
const maxMasters, maxMaster = 64, 64 << 10

// masters are the multivariant playlists, by their paths. This file alone writes it.
type masters struct{ all map[string]Master }

func newMasters() masters { return masters{make(map[string]Master)} }

// take takes in a version of one.
func (x *masters) take(f *hls.File) {
	if _, known := x.all[f.Path]; len(f.Content) > maxMaster || !known && len(x.all) >= maxMasters {
		return
	}
	path := strings.Clone(f.Path)
	children, err := recording.Children(f.Content, path)
	if err != nil {
		children = nil
		for _, ref := range f.Playlist.References {
			if child, target := (hls.Site{}).Resolve(path, ref.URI); target == hls.Local && ref.Kind == hls.MediaPlaylist {
				children = append(children, strings.Clone(child))
			}
		}
	}
	x.all[path] = Master{path, bytes.Clone(f.Content), children}
}

// naming calls yield with those that name a list, in the order of their paths.
func (x *masters) naming(list string, yield func(Master)) {
	for _, path := range slices.Sorted(maps.Keys(x.all)) {
		if m := x.all[path]; slices.Contains(m.Children, list) {
			yield(m)
		}
	}
}

// sheet is what a session keeps of a multivariant playlist: its packager writes another one with the next run. This file alone writes it.
type sheet struct {
	Master
	stored bool // in the index
	next   int  // its number there
}

// copy notes the newest version.
func (h *sheet) copy(m Master) {
	if !bytes.Equal(h.Text, m.Text) {
		h.Master, h.stored = m, false
	}
}

// landed notes that a text is stored, or that its number is taken by another one. It returns that of the next.
func (h *sheet) landed(text []byte, stored bool) (next int) {
	h.stored, h.next = stored && bytes.Equal(text, h.Text), h.next+1
	return h.next
}

// said notes that the index has it.
func (h *sheet) said() { h.stored = true }

// begin notes which number is the next.
func (h *sheet) begin(next int) { h.next = max(h.next, next) }
