package plan

import (
	"slices"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/disk"
)

// snapshot is one version of a playlist: its frozen bytes and what they name.
type snapshot struct {
	file hls.File // without Content and References, which text and names have
	text text
	size int64 // what it takes in memory
	list *list
	seq  uint64
	run  *run
	names
	progress
	life
	origin    origin
	debut     bool // it is the first version that was seen
	prior     bool // an earlier process published it, over what it had stored
	rejection rejection
	fresh     time.Time // when the youngest bytes were finished that one of its binds took
	replaced  time.Time // when a newer version was seen; zero if none was
}

// newSnapshot returns the version of l that f is.
func (p *Plan) newSnapshot(l *list, f hls.File) *snapshot {
	s := &snapshot{file: f, text: newText(f.Content), list: l, seq: p.next(), debut: l.last == nil}
	s.file.Content = nil
	s.comesFrom(originOf(&f))
	return s
}

// readBack returns the version of l that the store has, which nobody of this process published.
func (p *Plan) readBack(l *list, out Outcome) *snapshot {
	s := &snapshot{list: l, file: hls.File{Path: l.path, Kind: out.Playlist.Kind, Playlist: out.Playlist, Share: out.Share}}
	s.text = newText(out.Content)
	s.text.letGo()
	p.name(s, l.published)
	p.expose(s)
	s.life.drop()
	p.weigh(s)
	return s
}

// anew returns a version that is s once more. It names nothing yet, and its text is not at hand.
func (p *Plan) anew(s *snapshot) *snapshot {
	n := &snapshot{file: s.file, text: s.text, list: s.list, seq: p.next()}
	n.file.Seen, n.file.Share = p.now, nil
	n.belong(s.run)
	n.comesFrom(s.origin.anew())
	return n
}

// strip lets go of the references, which names have.
func (s *snapshot) strip() {
	list := *s.file.Playlist // which others may have as well
	list.References = nil
	s.file.Playlist = &list
}

// reread gives s its text back, which f has.
func (s *snapshot) reread(f hls.File) {
	s.file.Source, s.file.Share = f.Source, f.Share
	s.text.reread(f.Content)
}

// spend takes the source of s out, which is nil if that was done before.
func (s *snapshot) spend() hls.Source {
	source := s.file.Source
	s.file.Source = nil
	return source
}

// freeze resolves the references of s, which follows prev, and binds each to the version settled now.
func (p *Plan) freeze(s, prev *snapshot) {
	p.name(s, prev)
	if s.list.resume(s, prev) {
		p.later(s.list, p.now)
	}
	s.list.startRun(s, prev)
	for i := range s.binds {
		p.bind(s, i)
	}
}

// backward reports whether v is older than the segment that s lists before it, of which the name is alike. An advertisement
// or a slate among the segments of a stream is as old as it is.
func (s *snapshot) backward(i int, v *disk.Version) bool {
	if i == 0 || s.file.Kind != hls.MediaPlaylist || !s.binds[i].obj.isMedia() {
		return false
	}
	before := &s.binds[i-1]
	return before.obj.isMedia() && before.ver != nil && before.ver.File.Version.ModTime > v.File.Version.ModTime && before.obj.pattern() == s.binds[i].obj.pattern()
}

// supersede is called when the bytes of old can never be stored again, as the name o has others: snapshots
// that mean old are dropped, but the newest of each playlist is bound anew.
func (p *Plan) supersede(o *object, old *disk.Version) {
	for _, n := range slices.Clone(o.naming) {
		l := n.list
		for i := len(l.pending) - 1; i >= 0; i-- {
			s := l.pending[i]
			if !s.means(o, old) || s.binds[s.find(o)].satisfied() {
				continue // or what it needs of a file that grew is stored
			}
			if s == l.flying {
				l.outdate()
				continue
			}
			if s != l.last || s.origin.inherited() {
				p.dropSnapshot(l, i)
				continue
			}
			j := s.find(o)
			s.part(j, true)
			p.bind(s, j)
		}
		p.wake(l.stream)
		p.touch(l.stream)
	}
}

// revise binds anew what was superseded while a PUT kept its snapshot from being touched.
func (p *Plan) revise(l *list) {
	for i := len(l.pending) - 1; i >= 0; i-- {
		s := l.pending[i]
		for k := range s.binds {
			b := &s.binds[k]
			if b.ver == nil || b.satisfied() || b.obj.disk.Newest() != nil && b.obj.disk.Newest().ID == b.ver.ID {
				continue
			}
			if s != l.last {
				p.dropSnapshot(l, i)
				break
			}
			s.part(k, true)
			p.bind(s, k)
		}
	}
}

// find returns the number of the bind of s to o, -1 if it has none.
func (s *snapshot) find(o *object) int {
	if i := o.place; i < len(s.binds) && s.binds[i].obj == o {
		return i // as in the version that named it last
	}
	return slices.IndexFunc(s.binds, func(b bind) bool { return b.obj == o })
}

// means reports whether s has a reference to o that means v.
func (s *snapshot) means(o *object, v *disk.Version) bool {
	i := s.find(o)
	return i >= 0 && s.binds[i].ver != nil && s.binds[i].ver.ID == v.ID
}
