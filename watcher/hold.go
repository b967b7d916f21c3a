package watcher

import (
	"bytes"
	"container/list"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/openfile"
)

// holder bounds how many finished files are kept open. It is safe for concurrent use.
type holder struct {
	limit  int
	sys    *system
	change func()      // called without mu held when the number of held files changed
	others func() bool // Config.Spare

	mu   sync.Mutex
	held list.List // of *source, the one held longest first
}

func newHolder(limit int, sys *system, change func()) *holder {
	return &holder{limit: limit, sys: sys, change: change, others: func() bool { return false }}
}

// count returns how many files are held.
func (h *holder) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.held.Len()
}

// unheld returns a Source that opens the file by name.
func (h *holder) unheld(dir, path string, v hls.Version) *source {
	return &source{holder: h, dir: dir, path: path, version: v}
}

// hold returns a Source that keeps file open. It takes the file over. Beyond the limit the source held
// longest is let go.
func (h *holder) hold(dir, path string, v hls.Version, file *os.File) *source {
	s := &source{holder: h, dir: dir, path: path, version: v, file: openfile.Share(file)}
	h.mu.Lock()
	s.place = h.held.PushBack(s)
	over := h.held.Len() > h.limit
	h.mu.Unlock()
	if over {
		h.letGo()
	}
	h.change()
	return s
}

// spare closes a file where there are no descriptors left, and reports whether there was one.
func (h *holder) spare() bool { return h.others() || h.letGo() }

// letGo lets go of the file held longest and reports whether there was one.
func (h *holder) letGo() bool {
	h.mu.Lock()
	front := h.held.Front()
	if front == nil {
		h.mu.Unlock()
		return false
	}
	s := h.held.Remove(front).(*source)
	h.mu.Unlock()
	s.drop()
	return true
}

// remove takes s out of the list, wherever it is.
func (h *holder) remove(s *source) {
	if s.place == nil {
		return // it never was there
	}
	h.mu.Lock()
	h.held.Remove(s.place) // does nothing if letGo was there first
	h.mu.Unlock()
	h.change()
}

// source is an hls.Source over a file that was held when it was made.
type source struct {
	holder  *holder
	place   *list.Element // nil if it was never held
	dir     string
	path    string
	version hls.Version
	growing bool   // the file may become longer
	tail    []byte // its last bytes that are finished, if it may

	mu       sync.Mutex
	file     *openfile.Shared // nil once the holder let it go, or it was released
	released bool
	// touched is a modification time that somebody gave to the same bytes; 0 if nobody did.
	touched int64
}

// Open implements hls.Source. Where the file is no longer held it is opened by name and must still be
// the same.
func (s *source) Open() (hls.Reader, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.released {
		return nil, fmt.Errorf("open %s: released: %w", s.path, fs.ErrNotExist)
	}
	file, err := openfile.Use(s.file, s.reopen)
	if err != nil {
		return nil, fmt.Errorf("open %s again: %w", s.path, err)
	}
	return file.Read(s.path, s.version, func(now hls.Version) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.same(now) && s.ends(file)
	}), nil
}

// reopen opens the file by name. The caller holds mu.
func (s *source) reopen() (*os.File, error) {
	root, err := os.OpenRoot(s.dir)
	if err != nil {
		return nil, err
	}
	defer func() { _ = root.Close() }()
	file, err := s.holder.sys.openRegular(root, filepath.FromSlash(s.path))
	if err != nil {
		if _, ok := irregularMode(err); ok {
			return nil, fmt.Errorf("%w: %w", err, fs.ErrNotExist)
		}
		return nil, err
	}
	return openfile.Same(file, s.same)
}

// openAgain opens the file by name, if it is still the same.
func (s *source) openAgain() (*os.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reopen()
}

// Release implements hls.Source.
func (s *source) Release() {
	s.mu.Lock()
	if s.released {
		s.mu.Unlock()
		return
	}
	s.released = true
	s.mu.Unlock()
	s.drop()
	s.holder.remove(s)
}

// drop gives up the source's own use of the file.
func (s *source) drop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file != nil {
		s.file.Leave()
		s.file = nil
	}
}

// Touch tells the source that its bytes have another modification time now.
func (s *source) Touch(modTime int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.touched = modTime
}

// same reports whether v is the version that the source stands for. The caller holds mu.
func (s *source) same(v hls.Version) bool {
	if s.growing {
		return v.Device == s.version.Device && v.Inode == s.version.Inode && v.Size >= s.version.Size
	}
	if s.touched != 0 && v.ModTime == s.touched {
		v.ModTime = s.version.ModTime
	}
	return v == s.version
}

// tailSize is how many of the last bytes of what grows are compared.
const tailSize = 1 << 10

// end remembers the last bytes of a growing file.
func (s *source) end(f *os.File) {
	s.growing = true
	s.tail = make([]byte, min(tailSize, s.version.Size))
	if _, err := f.ReadAt(s.tail, s.version.Size-int64(len(s.tail))); err != nil {
		s.tail = nil // whoever reads the file meets the same error
	}
}

// ends reports whether f still has the last bytes of a growing file. Another run may have truncated it and written
// more since, which no size tells.
func (s *source) ends(f io.ReaderAt) bool {
	if len(s.tail) == 0 {
		return true
	}
	now := make([]byte, len(s.tail))
	_, err := f.ReadAt(now, s.version.Size-int64(len(now)))
	return err == nil && bytes.Equal(now, s.tail)
}
