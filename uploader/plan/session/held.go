package session

import "github.com/hlsship/hlsship/hls"

// A version of a list may have to wait before it is bound, until it is known what is published or with which others it belongs. Meanwhile its
// packager may begin again, and write other bytes under the same names. Those that the version meant are held for it.

// held are the bytes that a version means and the directory has no more, by their paths. The zero value is none, of a version that waits for
// nothing. This file alone writes it.
type held struct {
	bytes map[string]*hls.File
	names []*file // which hold theirs for it, as it is not bound yet
}

// maxHeld bounds how many files are held for a version.
const maxHeld = 256

// hold takes bytes that others take the place of, and returns the source that is left of f.
func (h *held) hold(f hls.File) (rest hls.Source) {
	if h.bytes[f.Path] != nil || len(h.bytes) >= maxHeld || f.Source == nil {
		return f.Source
	}
	if h.bytes == nil {
		h.bytes = make(map[string]*hls.File)
	}
	f.Source, rest = hls.Split(f.Source)
	h.bytes[f.Path] = &f
	return rest
}

// lend returns what is held under a path, for one more who needs it; nil if nothing is.
func (h *held) lend(path string) *hls.File {
	kept := h.bytes[path]
	if kept == nil {
		return nil
	}
	f := *kept
	f.Source, kept.Source = hls.Split(kept.Source)
	return &f
}

// free forgets what is held, and returns the sources.
func (h *held) free() (all []hls.Source) {
	for _, f := range h.bytes {
		all = append(all, f.Source)
	}
	h.bytes = nil
	return all
}

// reserve has the files that v names hold the bytes for it that they have, or get, until it is bound.
func (m *Machine) reserve(l *list, v *version) {
	for i := range v.file.Playlist.References {
		if ref := &v.file.Playlist.References[i]; !ref.Hint {
			if p, ok := m.local(l, ref); ok {
				v.names = append(v.names, m.file(p))
			}
		}
	}
	for _, fl := range v.names {
		if fl.reserve(v); fl.has() && fl.there && fl.fact.Source == nil {
			m.out.look(fl.path) // others have it, and the packager may delete it meanwhile
		}
	}
}

// bound has no file hold bytes for v any more.
func (v *version) bound() {
	for _, fl := range v.names {
		fl.bound(v)
	}
	v.names = nil
}

// meant returns the bytes that the newest version of l means by the name of fl, if the directory has some, or had them when that came.
func (l *list) meant(fl *file) *hls.File {
	if f := l.latest.bytes[fl.path]; f != nil {
		return f
	}
	return &fl.fact
}

// deliver gives u the bytes that are held for the newest version of l, if it takes them. The directory has them no more.
func (m *Machine) deliver(l *list, u *use) bool {
	kept := l.latest.bytes[u.path]
	if kept == nil || u.fate != waiting || !u.takes(kept, m.now) || !u.means(kept) && u.means(&m.files.all[u.path].fact) {
		return false
	}
	f := l.latest.lend(u.path)
	u.give(f)
	f.Path, f.Named, f.Folders = u.key(), true, nil
	m.out.fact(*f)
	m.out.fact(hls.File{Path: u.key(), State: hls.Gone})
	m.lists.arrives(m.now)
	return true
}
