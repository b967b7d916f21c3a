package plan

import (
	"strings"

	"github.com/hlsship/hlsship/hls"
)

// name resolves the references of s and counts them.
func (p *Plan) name(s *snapshot) {
	s.mark = p.next()
	s.binds = make([]bind, 0, len(s.file.Playlist.References))
	last := ""
	for i := range s.file.Playlist.References {
		ref := &s.file.Playlist.References[i]
		if ref.Gap || ref.URI == last && ref.Length == 0 {
			continue
		}
		if ref.Optional && (ref.Unresolved || ref.Kind.IsPlaylist()) {
			continue
		}
		if ref.Hint && (s.file.Kind != hls.Manifest || ref.Kind.IsPlaylist()) {
			continue // those of a manifest are shipped when they come
		}
		if last = ref.URI; ref.Length > 0 || ref.Optional {
			last = "" // more of it may be named
		}
		if ref.Unresolved {
			s.outside, s.reason = ref.URI, "variable"
			continue
		}
		name, target := p.cfg.Site.Resolve(s.file.Path, ref.URI)
		if target == hls.Elsewhere && !strings.HasPrefix(ref.URI, "data:") || strings.IndexByte(ref.URI, '\\') >= 0 {
			s.suspect(ref.URI)
		}
		switch target {
		case hls.Elsewhere:
		case hls.Outside:
			if ref.Optional || ref.Kind == hls.Other {
				break // nothing to play
			}
			s.outside, s.reason = ref.URI, "outside"
		case hls.Local:
			if long := p.cfg.MaxPath > 0 && len(keyOf(name)) > p.cfg.MaxPath; !long {
				p.refer(s, name, ref)
			} else if !ref.Optional && !ref.Hint && !ref.Soft {
				s.outside, s.reason = ref.URI, "long"
			}
		}
	}
	s.named = true
	list := *s.file.Playlist // which others may have as well
	list.References = nil
	s.file.Playlist = &list
	s.outside = strings.Clone(s.outside)
	s.keepURLs()
}

// refer adds one local reference to s.
func (p *Plan) refer(s *snapshot, name string, ref *hls.Reference) {
	if ref.Kind.IsPlaylist() {
		if child := p.list(name); child != s.list && child.mark != s.mark {
			p.nameList(s, child)
		}
		return
	}
	o := p.object(name)
	if o.mark == s.mark { // named twice, as byte ranges are
		if ref.Kind == hls.Media {
			o.kind = hls.Media // whatever else is in it, as its init section
		}
		s.binds[o.place].merge(ref)
		return
	}
	o.mark, o.place = s.mark, len(s.binds)
	o.kind = ref.Kind
	if o.stream == nil {
		o.stream = s.list.stream
	}
	o.name(s.list, 1, 0)
	s.binds = append(s.binds, newBind(o, ref))
}
