package plan

import (
	"strings"

	"github.com/hlsship/hlsship/hls"
)

// names is what a version of a playlist names. This file alone writes it, but for what its binds mean.
type names struct {
	binds []bind
	lists []*list // the playlists that it names
	fault fault
	urls  []string // the last URLs in it that mean no file of the directory, and names with backslashes
	mark  uint64   // the same in every object that it names
}

// fault is why a version can never be published; the zero value says that it can.
type fault struct {
	uri    string // what the playlist names; empty for none
	reason string // as in Wait
}

// any reports whether there is a fault.
func (f fault) any() bool { return f.uri != "" }

// fail notes that s can never be published.
func (n *names) fail(uri, reason string) { n.fault = fault{uri, reason} }

// former is the files that the version before names, in their order. Most of them are named again in the same one, so that the next is
// found without a search among all.
type former struct {
	binds []bind
	mark  uint64
	next  int
}

func formerOf(prev *snapshot) former {
	if prev == nil {
		return former{}
	}
	return former{binds: prev.binds, mark: prev.mark}
}

// find returns the file of that name.
func (r *former) find(p *Plan, name []byte) *object {
	if r.next < len(r.binds) && r.binds[r.next].obj.path == string(name) {
		r.next++
		return r.binds[r.next-1].obj
	}
	o := p.objectOf(name)
	if o.mark == r.mark {
		r.next = o.place + 1
	}
	return o
}

// name resolves the references of s, which follows prev, and counts them.
func (p *Plan) name(s, prev *snapshot) {
	before := formerOf(prev)
	s.mark = p.next()
	s.binds = make([]bind, 0, len(s.file.Playlist.References))
	last := ""
	var room [256]byte
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
			s.fail(ref.URI, "variable")
			continue
		}
		name, target := p.cfg.Site.ResolveIn(room[:0], s.file.Path, ref.URI)
		if target == hls.Elsewhere && !strings.HasPrefix(ref.URI, "data:") || strings.IndexByte(ref.URI, '\\') >= 0 {
			s.suspect(ref.URI)
		}
		switch target {
		case hls.Elsewhere:
		case hls.Outside:
			if ref.Optional || ref.Kind == hls.Other {
				break // nothing to play
			}
			s.fail(ref.URI, "outside")
		case hls.Local:
			if long := p.cfg.MaxPath > 0 && keyLength(name) > p.cfg.MaxPath; !long {
				p.refer(s, name, ref, &before)
			} else if !ref.Optional && !ref.Hint && !ref.Soft {
				s.fail(ref.URI, "long")
			}
		}
	}
	s.strip()
	s.fault.uri = strings.Clone(s.fault.uri)
	s.keepURLs()
}

// refer adds one local reference to s.
func (p *Plan) refer(s *snapshot, name []byte, ref *hls.Reference, before *former) {
	if ref.Kind.IsPlaylist() {
		if child := p.listOf(name); child != s.list && child.mark != s.mark {
			p.nameList(s, child)
		}
		return
	}
	o := before.find(p, name)
	if o.mark == s.mark { // named twice, as byte ranges are
		if ref.Kind == hls.Media {
			o.classify(hls.Media) // whatever else is in it, as its init section
		}
		s.binds[o.place].merge(ref)
		return
	}
	o.mark, o.place = s.mark, len(s.binds)
	o.classify(ref.Kind)
	o.offerTo(s.list.stream)
	o.name(s.list, 1, 0)
	p.strays.forget(o)
	s.binds = append(s.binds, newBind(o, ref))
}

// rename has s, which is new, name what old names.
func (p *Plan) rename(s, old *snapshot) {
	s.fault, s.mark = old.fault, p.next()
	for _, child := range old.lists {
		p.nameList(s, child)
	}
	for i := range old.binds {
		s.binds = append(s.binds, old.binds[i].afresh())
		s.binds[i].obj.name(s.list, 1, 0)
	}
	s.point()
}

// point has every file that s names know its place in it.
func (s *snapshot) point() {
	for i := range s.binds {
		s.binds[i].obj.mark, s.binds[i].obj.place = s.mark, i
	}
}

// nameList notes that s names child.
func (p *Plan) nameList(s *snapshot, child *list) {
	child.mark = s.mark
	s.lists = append(s.lists, child)
	child.namedBy(s.list)
	p.wake(child.stream)
}

// unname gives the references of s up, which is over.
func (p *Plan) unname(s *snapshot) {
	for i := range s.binds {
		o := s.binds[i].obj
		o.name(s.list, -1, 0)
		if s.binds[i].waits {
			o.depart(s)
		}
		if len(o.naming) == 0 && o.unknown() {
			o.disk.Depart() // it never was
		}
		if o.pendingWork() {
			p.wakeQueues(o) // who ships it had to consider that s named it
		}
		p.forgetObject(o)
	}
	lists := s.lists
	s.binds, s.lists = nil, nil
	for _, child := range lists {
		if child.unnamedBy(s.list) {
			p.forgetList(child)
		}
	}
	s.text.letGo()
	s.file.Share.Release()
}

// suspect keeps a URI that may have been meant for a file of the directory.
func (n *names) suspect(uri string) {
	if len(uri) > maxURL {
		return
	}
	if len(n.urls) == maxURLs {
		n.urls = append(n.urls[:0], n.urls[1:]...)
	}
	n.urls = append(n.urls, uri)
}

// keepURLs lets go of the text that the URIs belong to.
func (n *names) keepURLs() {
	for i := range n.urls {
		n.urls[i] = strings.Clone(n.urls[i])
	}
}
