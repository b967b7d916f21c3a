package openfile

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"github.com/hlsship/hlsship/hls"
)

// Shared is an open file with its number of users, the last of which closes it. It is safe for concurrent use; the zero value
// is of no use.
type Shared struct {
	// File is open for as long as there are users.
	*os.File
	users atomic.Int64
}

// Share takes file over. The caller has the first use of it.
func Share(file *os.File) *Shared {
	s := &Shared{File: file}
	s.users.Store(1)
	return s
}

// Use returns a use of held, or, where that is nil as nobody keeps it open any more, of what again opens. The error is that of
// again.
func Use(held *Shared, again func() (*os.File, error)) (*Shared, error) {
	if held != nil {
		held.Join()
		return held, nil
	}
	file, err := again()
	if err != nil {
		return nil, err
	}
	return Share(file), nil
}

// Join adds a use. The caller has one, or keeps one from being left meanwhile.
func (s *Shared) Join() { s.users.Add(1) }

// Leave ends a use. An error in closing a file that was only read means nothing.
func (s *Shared) Leave() {
	if s.users.Add(-1) == 0 {
		_ = s.Close()
	}
}

// Read returns a reader of the file, which means the bytes of v for as long as same says so of the fingerprint that the file
// has; same may be called from any goroutine. The reader takes a use over from who calls. name is for messages.
func (s *Shared) Read(name string, v hls.Version, same func(now hls.Version) bool) *Reader {
	return &Reader{file: s, name: name, version: v, same: same}
}

// Reader is an hls.Reader of a Shared. Readers share its descriptor: ReadAt has no position. The zero value is of no use.
type Reader struct {
	file    *Shared
	name    string
	version hls.Version
	same    func(now hls.Version) bool
	once    sync.Once
}

var _ hls.Reader = (*Reader)(nil)

// ReadAt implements io.ReaderAt.
func (r *Reader) ReadAt(p []byte, off int64) (int, error) { return r.file.ReadAt(p, off) }

// Version implements hls.Reader. It is the fingerprint that the reader was given, unless the file has other bytes now.
func (r *Reader) Version() (hls.Version, error) {
	now, err := Version(r.file.File)
	if err != nil {
		return hls.Version{}, fmt.Errorf("stat %s: %w", r.name, err)
	}
	if r.same(now) {
		return r.version, nil
	}
	return now, nil
}

// Close implements io.Closer. Closing again does nothing.
func (r *Reader) Close() error {
	r.once.Do(r.file.Leave)
	return nil
}
