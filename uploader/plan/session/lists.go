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
}

func newLists() lists {
	return lists{make(map[string]*list), make(map[*list]time.Time), make(map[*list]bool)}
}

// wait notes that l waits for a segment of another rendition, and arrives that one came.
func (x *lists) wait(l *list) { x.waiting[l] = true }

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
	answers answers
}

// versions are those of the packager.
type versions struct {
	latest *version   // the newest that is taken in
	debut  bool       // it is the first that this process saw
	queued []*version // those that came since, until it is known to which run it belongs, the oldest first
	gone   *hls.File  // the fact that it left the directory, while it is to be edited once more; nil if it did not
	exact  string     // why they are shipped as they are; empty if they are not
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
	if l.inquire() {
		m.out.fetch(l.path)
	}
	v := &version{file: f, text: text, source: f.Source}
	v.file.Share, v.file.Source = nil, nil
	f.Share.Release()
	v.share, _ = m.around.Memory.Take(int64(len(f.Content)) + text.Cost())
	if l.latest != nil && !l.latest.file.Spooled && !l.started() {
		m.out.release(l.queue(v))
		return
	}
	m.arrive(l, v)
}

// arrive goes on with v, which is newer than the one that was taken in last.
func (m *Machine) arrive(l *list, v *version) {
	old := l.take(v)
	if old != nil {
		m.out.release(old.letGo())
	}
	m.advance(l, old)
}

// maxQueued bounds how many versions of a list wait until it is known to which run the first belongs.
const maxQueued = 64

// leaves takes in that l left the directory. The Plan hears of it once nothing of l is to be published later.
func (m *Machine) leaves(l *list, f hls.File) {
	l.gone = &f
	m.leave(l)
}

// leave tells the Plan that l left the directory, if it did and is not to be looked at again.
func (m *Machine) leave(l *list) {
	if _, again := m.lists.due[l]; l.gone == nil || again && !m.draining {
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

// queue has v wait. It returns the source of a version in the middle that has to make room.
func (v *versions) queue(newest *version) (source hls.Source) {
	if v.queued = append(v.queued, newest); len(v.queued) > maxQueued {
		source = v.queued[maxQueued/2].letGo()
		v.queued = slices.Delete(v.queued, maxQueued/2, maxQueued/2+1)
	}
	return source
}

// next returns the oldest version that waits; nil if none does.
func (v *versions) next() (oldest *version) {
	if len(v.queued) > 0 {
		oldest, v.queued = v.queued[0], v.queued[1:]
	}
	return oldest
}

// letGo lets go of what is kept of v, and returns its source.
func (v *version) letGo() hls.Source {
	v.share.Release()
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
	for v := l.latest; v != nil; v = l.next() {
		m.out.release(v.letGo())
	}
	l.latest = nil
	m.observeExact(f)
}

// giveUp has l shipped as it is from its next version on, for a reason.
func (m *Machine) giveUp(l *list, why string) {
	l.exact = why
	m.out.event(Event{l.path, "exact", why})
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
		}
	}
	m.out.fact(f)
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
