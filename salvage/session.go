package salvage

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/recording"
	"github.com/hlsship/hlsship/uploader/store"
)

// MaxObjects bounds the folder of a session: four million files are months of seconds.
const MaxObjects = 4 << 20

// ErrTooMany is returned by Session.Listed for a folder with more than MaxObjects.
var ErrTooMany = errors.New("the folder has too many objects")

// errMissing is about the last of the chunks that are missing before one that is there.
var errMissing = errors.New("it is missing, and some before it may be")

// Session is what a bucket says of one session. It is made by New.
type Session struct {
	name    string
	objects map[string]object           // by their paths in the folder
	next    map[string]int              // the number of the chunk behind those of a list
	indexes map[string]*recording.Index // by their lists; nil before Chunks
	newest  time.Time                   // of the media
	heard   map[string]*Published       // by their paths
	lists   map[string]*recording.Recording
	masters map[string]master
	closed  map[string][]byte // the media playlists in the folder, by their paths
	unread  []Unread
}

type object struct {
	size int64
	etag string
}

// master is a multivariant playlist, and how much it is to be trusted.
type master struct {
	text []byte
	rank int
}

// Where a multivariant playlist was found, the best last.
const (
	fromPrefix = iota + 1
	fromFolder
	fromIndex
)

// Unread is a chunk that says nothing.
type Unread struct {
	// Path is where it stands in the folder of the session, and Why what is wrong with it.
	Path string `json:"path"`
	Why  string `json:"why"`
}

// New returns the Session of the folder of that name, of which nothing is known yet.
func New(name string) *Session {
	return &Session{
		name: name, objects: make(map[string]object), next: make(map[string]int), heard: make(map[string]*Published), lists: make(map[string]*recording.Recording), masters: make(map[string]master), closed: make(map[string][]byte),
	}
}

// Listed takes in an object of the folder; at is its path there. The error is ErrTooMany.
func (s *Session) Listed(at string, o store.Info) error {
	if len(s.objects) >= MaxObjects {
		return ErrTooMany
	}
	s.objects[at] = object{o.Size, o.ETag}
	list, number, chunk := recording.ParseChunkName(at)
	if chunk && isList(list) {
		s.next[list] = max(s.next[list], number+1)
	}
	if isMedia(at) {
		if o.Modified.After(s.newest) {
			s.newest = o.Modified
		}
	}
	return nil
}

// isList reports whether a closing list may stand under a path, which anybody may have written into the name of a chunk.
func isList(at string) bool {
	return hls.Classify(at) == hls.MediaPlaylist && path.Clean(at) == at && at[0] != '/' && !strings.HasPrefix(at, "../") && !strings.HasPrefix(at, ".index/")
}

// isMedia reports whether a path in the folder of a session is what a packager's list names, and none of what hlsship adds.
func isMedia(path string) bool {
	return path != recording.SessionSummary && !strings.HasPrefix(path, ".index/") && !hls.Classify(path).IsPlaylist()
}

// Empty reports whether the folder has neither an index nor media.
func (s *Session) Empty() bool {
	return len(s.next) == 0 && !slices.ContainsFunc(slices.Collect(maps.Keys(s.objects)), isMedia)
}

// Closed reports whether the folder has a session.json.
func (s *Session) Closed() bool { _, ok := s.objects[recording.SessionSummary]; return ok }

// Heard takes in a published playlist, if it names the session or may.
func (s *Session) Heard(p *Published) {
	if p.multivariant || p.sessions[s.name] {
		s.heard[p.Path] = p
	}
}

// Live says why the session must not be closed by another process than its own, at that time; empty if it may. silence is how long the directory of a
// packager is silent until its session is closed (--record-end).
func (s *Session) Live(now time.Time, silence time.Duration) (why string) {
	recent := func(at time.Time) bool { return now.Sub(at) < silence+2*store.ClockMargin }
	ago := func(at time.Time) string { return max(now.Sub(at), 0).Round(time.Second).String() }
	for _, path := range slices.Sorted(maps.Keys(s.heard)) {
		p := s.heard[path]
		switch {
		case p.multivariant || p.ended || p.last != s.name:
		case p.Modified.IsZero():
			return fmt.Sprintf("%s goes on in it, and the store does not say since when it is silent", path)
		case recent(p.Modified):
			return fmt.Sprintf("%s goes on in it and was published %s ago", path, ago(p.Modified))
		}
	}
	if recent(s.newest) && !s.newest.IsZero() {
		return fmt.Sprintf("its newest file was stored %s ago", ago(s.newest))
	}
	return ""
}

// Chunks returns what is to be read next, as paths in the folder: those objects of the index that have the most chunks, and, once, the playlists in
// the folder. It is called until it returns nothing; all that it returned is Read, or Lost, before the next call.
func (s *Session) Chunks() (all []string) {
	first := s.indexes == nil
	if first {
		s.indexes = make(map[string]*recording.Index)
		for list, n := range s.next {
			s.indexes[list] = recording.NewIndex(n)
		}
	}
	for _, list := range slices.Sorted(maps.Keys(s.indexes)) {
		for number, ok := s.indexes[list].Want(); ok; number, ok = s.indexes[list].Want() {
			path := recording.ChunkName(list, number)
			if _, there := s.objects[path]; there {
				all = append(all, path)
				break
			}
			_ = s.indexes[list].Took(number, nil) // which says nothing
		}
	}
	for _, path := range slices.Sorted(maps.Keys(s.objects)) {
		if first && hls.Classify(path).IsPlaylist() && !strings.HasPrefix(path, ".index/") {
			all = append(all, path)
		}
	}
	return all
}

// Read takes in one of Chunks. A chunk that says nothing is counted, but for one that a newer hlsship wrote: then the error wraps
// recording.ErrVersion, and the session cannot be closed.
func (s *Session) Read(path string, text []byte) error {
	list, number, chunk := recording.ParseChunkName(path)
	if !chunk {
		if !s.offer(path, text, fromFolder) {
			s.closed[path] = text
		}
		return nil
	}
	err := s.indexes[list].Took(number, text)
	if errors.Is(err, recording.ErrVersion) {
		return newer(path, err)
	}
	if err != nil {
		s.miss(path, err)
	}
	return nil
}

// newer is the error about a chunk that a newer hlsship wrote.
func newer(path string, err error) error {
	return fmt.Errorf("read %s: %w: a newer hlsship closes it", path, err)
}

// index takes in what was read of the index. The error wraps recording.ErrVersion.
func (s *Session) index() error {
	s.lists = make(map[string]*recording.Recording)
	for _, list := range slices.Sorted(maps.Keys(s.indexes)) {
		r, gap := recording.New(list), -1
		for number, text := range s.indexes[list].All() {
			path := recording.ChunkName(list, number)
			if text == nil {
				gap = number
				continue
			}
			if gap >= 0 && gap == number-1 {
				s.miss(recording.ChunkName(list, gap), errMissing)
			}
			if s.offer(list, text, fromIndex+number) {
				continue
			}
			if err := r.Add(text); errors.Is(err, recording.ErrVersion) {
				return newer(path, err)
			} else if err != nil {
				s.miss(path, err)
			} else {
				s.lists[list] = r
			}
		}
	}
	return nil
}

// Lost takes in that one of Chunks cannot be read, and why.
func (s *Session) Lost(path string, why error) {
	if list, number, chunk := recording.ParseChunkName(path); chunk && s.indexes[list] != nil {
		_ = s.indexes[list].Took(number, nil) // which says nothing
	}
	s.miss(path, why)
}

// miss counts once what cannot be read.
func (s *Session) miss(path string, why error) {
	if !slices.ContainsFunc(s.unread, func(u Unread) bool { return u.Path == path }) {
		s.unread = append(s.unread, Unread{path, why.Error()})
	}
}

// offer takes in a multivariant playlist, unless a better one is known. ok is false if it is none.
func (s *Session) offer(path string, text []byte, rank int) (ok bool) {
	if list, err := hls.Parse(text); err != nil || list.Kind != hls.MultivariantPlaylist {
		return false
	}
	if was, ok := s.masters[path]; !ok || was.rank < rank {
		s.masters[path] = master{text, rank}
	}
	return true
}
