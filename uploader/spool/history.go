package spool

import (
	"os"
	"path"

	"github.com/hlsship/hlsship/hls"
)

// maxHistories bounds how many names are remembered: more than a live window holds.
const maxHistories = 4096

// history is what was pinned last under a name.
type history struct {
	version hls.Version
	born    int64
}

// histories remembers what was pinned, to tell a packager that writes its files again in place. It is
// guarded by the mu of the Spool.
type histories struct {
	names   map[string]history
	ring    []string // the names, in the order in which they came
	next    int      // in ring
	folders map[string]bool
}

func newHistories() histories {
	return histories{names: map[string]history{}, folders: map[string]bool{}}
}

// note remembers h and returns what was known of the name.
func (hs *histories) note(name string, h history) (before history, ok bool) {
	before, ok = hs.names[name]
	hs.names[name] = h
	switch {
	case ok:
	case len(hs.ring) < maxHistories:
		hs.ring = append(hs.ring, name)
	default:
		delete(hs.names, hs.ring[hs.next])
		hs.ring[hs.next] = name
		hs.next = (hs.next + 1) % maxHistories
	}
	return before, ok
}

// touch notes that the bytes of a name have another modification time.
func (hs *histories) touch(name string, modTime int64) {
	if h, ok := hs.names[name]; ok {
		h.version.ModTime = modTime
		hs.names[name] = h
	}
}

// rewritten notes that v is pinned under name and reports whether names of its folder came back in the
// same inode with other bytes. An inode number is given again once its file is gone: the time of its birth
// tells, and where there is none, whether the pin still stands.
func (s *Spool) rewritten(name string, f *os.File, v hls.Version) bool {
	if v.Inode == 0 {
		return false
	}
	now := history{version: v, born: s.sys.born(f)}
	folder, list := path.Dir(name), hls.Classify(name).IsPlaylist()
	if list {
		folder = name // that a playlist is written in place says nothing of the segments
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before, ok := s.histories.note(name, now)
	if s.histories.folders[folder] {
		return true
	}
	old := before.version
	if !ok || old.Inode != v.Inode || old.Device != v.Device || old == v {
		return false
	}
	same := now.born == before.born
	if now.born == 0 {
		pin, err := pinName(name, old)
		same = err == nil && s.entries[pin] != nil
	}
	if same {
		s.histories.folders[folder] = true
	}
	if same && !list {
		s.config.Logger.Warn("packager writes files again in place", "path", name,
			"cure", "what it does so before a file is stored is lost: have it write temporary files and rename them (ffmpeg: -hls_flags temp_file)")
	}
	return same
}
