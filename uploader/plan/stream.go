package plan

import (
	"path"
	"slices"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/schedule"
)

// stream is what the requests are shared by: a playlist and the files that it names. What several name each of them may
// ship, so that none can hold up what another one needs. Files that no playlist names have a stream for each folder.
type stream struct {
	key    string
	folder *folder
	list   *list           // nil for that of a folder, or if the playlist is gone
	found  finding         // how the playlist did when its folder was summed up last, whatever those do that it names
	queue  schedule.Stream // its files
}

// shared is by which streams files and playlists are shipped, and in which folders those are shown.
type shared struct {
	streams map[string]*stream // by key
	folders map[string]*folder
}

func newShared() shared {
	return shared{streams: make(map[string]*stream), folders: make(map[string]*folder)}
}

// stream returns the stream of that key, which is shown with those of the folder.
func (x *shared) stream(key, name string) *stream {
	s := x.streams[key]
	if s == nil {
		f := x.folders[name]
		if f == nil {
			f = &folder{name: name}
			x.folders[name] = f
		}
		s = &stream{key: key, folder: f}
		s.queue.Owner = s
		f.streams = append(f.streams, s)
		x.streams[key] = s
	}
	return s
}

// listStream returns the stream of l.
func (x *shared) listStream(l *list) *stream {
	s := x.stream(l.path, path.Dir(l.path))
	s.list = l
	return s
}

// abandon notes that the playlist of s is gone.
func (s *stream) abandon() { s.list = nil }

// unnamed returns the stream of files that no playlist names, by the path of one of them.
func (x *shared) unnamed(name string) *stream {
	_, name = hls.SessionOf(name)
	return x.stream(path.Dir(name)+"/", path.Dir(name))
}

// dropIdle forgets the streams of f of which nothing is to be done, and f if that is so of all.
func (x *shared) dropIdle(f *folder) (over bool) {
	f.streams = slices.DeleteFunc(f.streams, func(s *stream) bool {
		if s.idle() {
			delete(x.streams, s.key)
		}
		return s.idle()
	})
	if over = len(f.streams) == 0; over {
		delete(x.folders, f.name)
	}
	return over
}

// queue has o looked at by every stream whose playlist names it, or by that of its folder if nothing does.
func (p *Plan) queue(o *object) {
	for _, n := range o.naming {
		p.enqueue(o, n.list.stream)
	}
	if !o.item.Stands() {
		p.enqueue(o, p.unnamed(o.path))
	}
	p.wakeQueues(o)
}

// enqueue has o looked at by s, if there is any.
func (p *Plan) enqueue(o *object, s *stream) {
	if s != nil { // else it is that of a playlist that is stored, and of which there is no file
		p.place(o, s, schedule.Edge)
	}
}

// offerTo notes that s would be the first to ship o.
func (o *object) offerTo(s *stream) {
	if o.stream == nil {
		o.stream = s
	}
}

// shipBy notes that s ships o.
func (o *object) shipBy(s *stream) { o.stream = s }

// place has o stand there in s, unless it stands in s already.
func (p *Plan) place(o *object, s *stream, at schedule.Place) {
	o.offerTo(s)
	p.schedule.Put(&o.item, &s.queue, at)
	p.touchFiles(s)
}

// follow puts o into the backlog of s, if there is any.
func (p *Plan) follow(o *object, s *stream) {
	if s != nil {
		p.place(o, s, schedule.Skipped)
	}
}

// wakeQueues wakes every stream that may ship o.
func (p *Plan) wakeQueues(o *object) { p.schedule.WakeAll(&o.item) }

// wakeNaming wakes every stream whose playlists name o, or that may ship it.
func (p *Plan) wakeNaming(o *object) {
	for _, n := range o.naming {
		p.wake(n.list.stream)
	}
	p.wakeQueues(o)
}

// streams calls yield with each stream that ships o.
func (o *object) streams(yield func(*stream) bool) {
	for q := range o.item.Streams {
		if !yield(streamOf(q)) {
			return
		}
	}
}

// segment is how long a segment of s lasts at most.
func (s *stream) segment() time.Duration {
	segment := 2 * time.Second
	if s.list != nil && s.list.last != nil {
		segment = max(segment, s.list.last.target())
	}
	return segment
}

// objectOf and streamOf return whose they are.
func objectOf(i *schedule.Item) *object   { o, _ := i.Owner.(*object); return o }
func streamOf(q *schedule.Stream) *stream { s, _ := q.Owner.(*stream); return s }
