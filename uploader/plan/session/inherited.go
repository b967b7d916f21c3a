package session

import (
	"slices"

	"github.com/hlsship/hlsship/hls"
)

// What an earlier process kept for keys and did not store gets those again, whatever its packager has written under the names since.

// reclaim has what an earlier process kept for keys get those again: nobody else may have them, and it is meant for no others.
func (m *Machine) reclaim(fl *file, f *hls.File) {
	if len(f.Folders) == 0 {
		return
	}
	for _, folder := range f.Folders {
		if folder == hls.OwnFolder {
			fl.expose()
			continue
		}
		u := m.sessions.get(nameOf(folder)).reclaim(fl.path, variantOf(folder))
		if u.known() && u.other(f) {
			continue // the store has others
		}
		u.give(f)
		u.keep()
		fl.attach(u)
	}
}

// inherit gives f, which an earlier process kept and the directory has newer bytes of, its keys: fl keeps those. Where nothing says which they are
// it is the run's that was published.
func (m *Machine) inherit(fl *file, f hls.File) {
	folders := f.Folders
	if l := m.resting.lists[folderOf(fl.path)]; len(folders) == 0 && f.Named && l != nil {
		if before := l.run.prior.session; before != nil && before.uses[fl.path] == nil {
			folders = []string{before.folder(0)}
		}
	}
	for _, folder := range folders {
		if folder == hls.OwnFolder {
			continue // the newer ones have that
		}
		u := m.sessions.get(nameOf(folder)).reclaim(fl.path, variantOf(folder))
		if u.known() && u.other(&f) {
			continue
		}
		u.give(&f)
		u.keep()
		sent := f
		sent.Source, f.Source = hls.Split(f.Source)
		sent.Path, sent.Named, sent.Folders = u.key(), true, keptFor(f.Folders, u.key())
		m.out.fact(sent)
	}
	m.out.release(f.Source)
}

// keptFor returns of the folders for which bytes were kept that of a published path; nil if it is none of them.
func keptFor(folders []string, published string) []string {
	if folder, _ := hls.SessionOf(published); slices.Contains(folders, folder) {
		return []string{folder}
	}
	return nil
}

// reclaimed returns the session for which an earlier process kept a segment of l that was not stored; nil if there is none, or several are.
func (m *Machine) reclaimed(l *list) (in *session) {
	if l.started() {
		return nil
	}
	own := m.ownPattern(l)
	for i := l.latest.text.Len() - 1; i >= 0; i-- {
		p, ok := m.local(l, &l.latest.file.Playlist.References[l.latest.text.Reference(i)])
		fl := m.files.all[p]
		if !ok || !fl.has() || hls.Pattern(p) != own {
			continue
		}
		for _, u := range fl.uses {
			switch {
			case !u.kept || u.fate != given || u.variant > 0 || !u.session.opened.IsZero():
			case in != nil && in != u.session:
				return nil
			default:
				in = u.session
			}
		}
		if in != nil {
			return in
		}
	}
	return nil
}
