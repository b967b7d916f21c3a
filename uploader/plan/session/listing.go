package session

import (
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/edition"
)

// Listing says of a version of a media playlist in which sessions the files are that it names. The same version is told again whenever more may be
// known of it.
type Listing struct {
	// Playlist is its path in the directory, and Text what its packager wrote.
	Playlist string
	Text     *edition.Version
	// Seen is when the version was finished, and Ended says that it has EXT-X-ENDLIST.
	Seen  time.Time
	Ended bool
	// Session is the name of that in which the next segment goes.
	Session string
	// Places are where the files are, by the references of the version.
	Places []Place
}

// Place is where a file is that a playlist names.
type Place struct {
	// Session is the name of its session; empty for what is shipped under its own path, and for what is elsewhere.
	Session string
	// Path is the file's in the directory, and Variant that of the session in which it is: 0 for none.
	Path    string
	Variant int
	// End is where the bytes that are named end in the file; 0 for all of it.
	End int64
	// Fate says what is known of its bytes.
	Fate Fate
	// Done is when they were complete; zero if that is not known.
	Done time.Time
}

// Fate is what is known of the bytes that a playlist names.
type Fate uint8

const (
	// Awaited are bytes that may come.
	Awaited Fate = iota
	// Known are those that are stored, or on their way there.
	Known
	// Missing are those that nobody waits for any more. They may come nevertheless.
	Missing
)

// tell has the recorder told of the newest version of l, which is bound, unless no folder would have what it names.
func (m *Machine) tell(l *list) {
	if !m.around.Record {
		return
	}
	v := l.latest
	if m.namesURLs(l) {
		m.unrecorded(l)
		return
	}
	out := Listing{Playlist: l.path, Text: v.text, Seen: v.file.Seen, Ended: v.file.Playlist.Ended, Session: l.session.name, Places: make([]Place, len(v.file.Playlist.References))}
	for r := range v.file.Playlist.References {
		if ref := &v.file.Playlist.References[r]; !ref.Hint {
			if p, ok := m.local(l, ref); ok && l.tags[p] != nil {
				out.Places[r] = l.tags[p].place()
			}
		}
	}
	for i := range v.text.Len() {
		s := l.segments[l.number(i)]
		p := Place{Session: l.session.name, Fate: Known}
		if s.use != nil {
			p = s.use.place()
		}
		if ref := &v.file.Playlist.References[v.text.Reference(i)]; ref.Length > 0 {
			p.End = ref.Offset + ref.Length
		}
		if s.use != nil && s.use.fate == given && p.End > s.use.bytes.version.Size {
			p.Fate = Awaited // the file grows
		}
		if p.Fate == Awaited && s.hole {
			p.Fate = Missing
		}
		if !s.begun.IsZero() {
			p.Done = s.begun.Add(v.text.Duration(i))
		}
		out.Places[v.text.Reference(i)] = p
	}
	m.out.list(out)
}

// namesURLs reports whether the newest version of l names segments of the directory by URLs: they are shipped under their own paths, because nothing
// can be put before a URL, and the next run overwrites them there.
func (m *Machine) namesURLs(l *list) bool {
	for i := range l.latest.text.Len() {
		ref := &l.latest.file.Playlist.References[l.latest.text.Reference(i)]
		if ref.Gap || ref.Unresolved || edition.Insertable(*ref) {
			continue
		}
		if _, target := m.around.Site.Resolve(l.path, ref.URI); target == hls.Local {
			return true
		}
	}
	return false
}

// place says where u is.
func (u *use) place() Place {
	p := Place{Session: u.session.name, Path: u.path, Variant: u.variant}
	switch u.fate {
	case given, published:
		p.Fate = Known
	case lost:
		p.Fate = Missing
	case waiting, taken:
	}
	return p
}
