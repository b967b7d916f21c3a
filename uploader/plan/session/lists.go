package session

import (
	"slices"
	"strings"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/edition"
)

// lists are the media playlists, by their paths.
type lists struct {
	all map[string]*list
	due map[*list]time.Time // which are to be looked at again, and when
	// waiting are those that wait for a segment of another rendition.
	waiting map[*list]bool
	// doubtful are those of which it is in doubt whether another run began.
	doubtful map[*list]bool
}

func newLists() lists {
	return lists{make(map[string]*list), make(map[*list]time.Time), make(map[*list]bool), make(map[*list]bool)}
}

// doubts notes that it is in doubt until then whether another run of l began, and sure that it is not.
func (x *lists) doubts(l *list, until time.Time) {
	x.doubtful[l] = true
	x.later(l, until)
}

func (x *lists) sure(l *list) { delete(x.doubtful, l) }

// wait notes that l waits for a segment of another rendition, until then at the latest, and arrives that one came.
func (x *lists) wait(l *list, until time.Time) {
	x.waiting[l] = true
	x.later(l, until)
}

func (x *lists) arrives(now time.Time) {
	for l := range x.waiting {
		x.later(l, now)
	}
	clear(x.waiting)
}

// list is one media playlist: machines, each with a file that alone writes it.
type list struct {
	path string
	publication
	course
	versions
	doubt   doubt
	answers answers
}

// versions are those of the packager.
type versions struct {
	latest *version  // the newest that is taken in
	debut  bool      // it is the first that this process saw
	gone   *hls.File // the fact that it left the directory, while it is to be edited once more; nil if it did not
	exact  string    // why they are shipped as they are; empty if they are not
	urls   bool      // they are not recorded, as they name their media by URLs
}

// version is one version of a list. This file alone writes it.
type version struct {
	file   hls.File // without Share and Source
	text   *edition.Version
	share  *hls.Share // of what is kept
	source hls.Source // keeps it for the next process
}

// list returns the media playlist of that path.
func (m *Machine) list(path string) *list {
	l := m.lists.all[path]
	if l == nil {
		path = strings.Clone(path)
		l = &list{path: path, course: newCourse(), answers: newAnswers()}
		m.lists.all[path] = l
		m.scopes.get(folderOf(path)).take(l)
	}
	return l
}

// observeList takes in a version of a media playlist.
func (m *Machine) observeList(f hls.File) {
	l := m.list(f.Path)
	if f.Spooled && l.latest != nil && !l.latest.file.Spooled {
		m.out.discard(f)
		return
	}
	text, err := edition.Read(f.Content, f.Playlist)
	if err != nil || l.exact != "" {
		m.refuse(l, f, err)
		return
	}
	if l.inquire(m.now) {
		m.out.fetch(l.path)
		m.lists.later(l, m.now.Add(secureTime))
	}
	v := &version{file: f, text: text, source: f.Source}
	v.file.Share, v.file.Source = nil, nil
	if l.unheard() { // the Plan keeps what it is to publish, and has nothing of l yet
		m.out.keep(v.source)
	}
	f.Share.Release()
	v.share, _ = m.around.Memory.Take(int64(len(f.Content)) + text.Cost())
	if !l.started() {
		m.reserve(l, &v.file)
	}
	m.arrive(l, v)
}

// arrive goes on with v, which is newer than the one that was taken in last.
func (m *Machine) arrive(l *list, v *version) {
	old := l.take(v)
	m.advance(l, old)
	if old != nil && !l.doubt.keeps(old) {
		m.letGo(old)
	}
}

// leaves takes in that l left the directory. The Plan hears of it once nothing of l is to be published later.
func (m *Machine) leaves(l *list, f hls.File) {
	l.gone = &f
	m.leave(l)
}

// leave tells the Plan that l left the directory, if it did and is not to be looked at again, nor waits for what is published.
func (m *Machine) leave(l *list) {
	_, again := m.lists.due[l]
	if again = again || l.unheard(); l.gone == nil || again && !m.draining {
		return
	}
	m.out.fact(*l.gone)
	l.gone = nil
}

// take notes that v is taken in, and returns the one before it; nil for none.
func (v *versions) take(newest *version) (old *version) {
	old = v.latest
	v.latest, v.debut, v.gone = newest, old == nil, nil
	return old
}

// leaps reports whether v does not name what came right after old, which may be nil: nobody looked meanwhile.
func (v *version) leaps(old *version) bool {
	return old != nil && int64(v.file.Playlist.MediaSequence) > lastNumber(old.file.Playlist)+1 //nolint:gosec // as in lastNumber
}

// letGo lets go of v.
func (m *Machine) letGo(v *version) {
	m.out.release(v.letGo())
}

// letGo lets go of what is kept of v, and returns its source.
func (v *version) letGo() hls.Source {
	v.share.Release()
	return v.spend()
}

// spend returns the source of v, nil if it was given away.
func (v *version) spend() hls.Source {
	s := v.source
	v.source = nil
	return s
}

// hand returns the source of v for one more who needs it.
func (v *version) hand() (s hls.Source) {
	s, v.source = hls.Split(v.source)
	return s
}

// refuse ships l as it is from now on, as err says.
func (m *Machine) refuse(l *list, f hls.File, err error) {
	if l.exact == "" {
		l.exact = err.Error()
		m.out.event(Event{l.path, "exact", l.exact})
	}
	if l.latest != nil {
		m.letGo(l.latest)
	}
	l.latest = nil
	m.observeExact(f)
}

// giveUp has l shipped as it is from its next version on, for a reason.
func (m *Machine) giveUp(l *list, why string) {
	l.exact = why
	m.out.event(Event{l.path, "exact", why})
}

// unrecorded tells once that l is not recorded.
func (m *Machine) unrecorded(l *list) {
	if !l.urls {
		l.urls = true
		m.out.event(Event{l.path, "unrecorded", "it names its segments by URLs"})
	}
}

// observeExact ships a playlist as it is, and the files that it names under their own paths.
func (m *Machine) observeExact(f hls.File) {
	if f.Kind == hls.MultivariantPlaylist {
		m.connect(&f)
	}
	for i := range f.Playlist.References {
		ref := &f.Playlist.References[i]
		if ref.Kind.IsPlaylist() || ref.Unresolved {
			continue
		}
		if path, target := m.around.Site.Resolve(f.Path, ref.URI); target == hls.Local {
			m.plain(path)
			if ref.Kind == hls.Media {
				m.unfold(folderOf(path))
			}
		}
	}
	m.out.fact(f)
}

// unfold ships what rests in a folder under its own path: the Plan says whether it was named there while nobody looked.
func (m *Machine) unfold(folder string) {
	for fl := range m.resting.unfold(folder) {
		m.plain(fl.path)
	}
}

// later has l looked at again at that time, or before.
func (x *lists) later(l *list, at time.Time) { x.due[l] = sooner(x.due[l], at) }

// ring returns the lists that are to be looked at now, in the order of their paths.
func (x *lists) ring(now time.Time) (all []*list) {
	for l, at := range x.due {
		if !now.Before(at) {
			delete(x.due, l)
			all = append(all, l)
		}
	}
	return byPath(all)
}

// wake returns when one is to be looked at; zero for never.
func (x *lists) wake() (at time.Time) {
	for _, due := range x.due {
		at = sooner(at, due)
	}
	return at
}

// sorted returns all lists in the order of their paths.
func (x *lists) sorted() []*list {
	all := make([]*list, 0, len(x.all))
	for _, l := range x.all {
		all = append(all, l)
	}
	return byPath(all)
}

func byPath(all []*list) []*list {
	slices.SortFunc(all, func(a, b *list) int { return strings.Compare(a.path, b.path) })
	return all
}

// folderOf returns the folder of a path, with its slash; empty for the root.
func folderOf(path string) string { return path[:strings.LastIndexByte(path, '/')+1] }
