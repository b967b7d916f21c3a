package spool

import "github.com/hlsship/hlsship/hls"

// noteTorn remembers what an entry said that is not whole any more: its bytes, which a finished file had.
func (s *Spool) noteTorn(path string, v hls.Version) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.torn[path] = append(s.torn[path], v)
}

// Torn reports whether the file with the fingerprint v at the path is what a loss of power made of one that was finished:
// an entry of the same path and inode was dropped as not whole, and nobody has written the file since. It is never whole,
// however quiet it lies. A loss of power takes bytes and times away, so that a file that is younger than the entry was written
// again, unless it is empty; one of the entry's size was touched. It is safe for concurrent use.
func (s *Spool) Torn(path string, v hls.Version) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, whole := range s.torn[path] {
		same := v.Inode == whole.Inode && v.Inode != 0 && (v.Device == whole.Device || whole.Device == 0)
		if same && v.Size != whole.Size && (v.ModTime <= whole.ModTime || v.Size == 0) {
			return true
		}
	}
	return false
}
