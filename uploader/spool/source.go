package spool

import (
	"container/list"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// entry is one pin: a file in the spool folder. Several Sources may share it. Its mu is taken before that
// of the Spool.
type entry struct {
	path string // of the original, for messages

	mu        sync.Mutex
	pin       string        // below settled or named; also its key in Spool.entries
	base      *base         // where it lies; nil if it does not
	keep      bool          // a playlist named it
	named     bool          // it lies below named
	way       string        // how it was pinned
	postponed *list.Element // in Spool.postponed; nil unless it is held open and to be copied
	own       hls.Version   // the fingerprint of the file that lies there, or is held
	file      *shared       // the original, open; nil if it was let go or there is none
	since     time.Time     // when it was pinned, or when it failed to be copied
	durable   bool          // the bytes are on the disk …
	recorded  bool          // … and so is its name

	users int           // Sources not released; guarded by the mu of the Spool
	place *list.Element // in Spool.held; guarded by the mu of the Spool
}

// where returns the path of the pin below the spool folder. The caller holds mu.
func (e *entry) where() string {
	if e.named {
		return named + "/" + e.pin
	}
	return settled + "/" + e.pin
}

// open opens the pinned file by its name. The caller holds mu.
func (e *entry) open() (*os.File, error) {
	if e.base == nil {
		return nil, fs.ErrNotExist
	}
	file, err := e.base.root.OpenFile(filepath.FromSlash(e.where()), openFlags, 0)
	if err != nil {
		return nil, err
	}
	v, err := fingerprint(file)
	if err == nil && (v.Device != e.own.Device || v.Inode != e.own.Inode) {
		err = fmt.Errorf("another file has its place: %w", fs.ErrNotExist)
	}
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}

// shared is an open file with its number of users, guarded by the mu of its entry. The last one to leave
// closes it.
type shared struct {
	*os.File
	users int
}

// leave ends one use. An error in closing a file that was only read means nothing.
func (f *shared) leave() {
	if f.users--; f.users == 0 {
		_ = f.Close()
	}
}

// source is an hls.Keeper over an entry.
type source struct {
	spool    *Spool
	entry    *entry
	version  hls.Version // what the fact says
	released bool        // guarded by the mu of the entry
}

var _ hls.Keeper = (*source)(nil)

// Open implements hls.Source.
func (s *source) Open() (hls.Reader, error) {
	e := s.entry
	e.mu.Lock()
	defer e.mu.Unlock()
	if s.released {
		return nil, fmt.Errorf("open %s: released: %w", e.path, fs.ErrNotExist)
	}
	if e.file != nil {
		e.file.users++
		return &reader{source: s, file: e.file}, nil
	}
	file, err := e.open()
	if err != nil {
		return nil, fmt.Errorf("open %s in the spool: %w", e.path, err)
	}
	return &reader{source: s, file: &shared{File: file, users: 1}}, nil
}

// Keep implements hls.Keeper. Calling it again does nothing. Where the file system does not let it, Run
// tries again.
func (s *source) Keep() {
	s.entry.mu.Lock()
	defer s.entry.mu.Unlock()
	if s.released || s.entry.keep {
		return
	}
	s.entry.keep = true
	s.spool.keep(s.entry)
}

// Touch says that the bytes have another modification time now: the packager set it without writing
// them. It renames the pin, so that the next process takes it for what it is. A copy has a time of its own.
func (s *source) Touch(modTime int64) {
	e := s.entry
	e.mu.Lock()
	defer e.mu.Unlock()
	if !s.released {
		s.spool.touch(e, modTime)
	}
}

// Release implements hls.Source.
func (s *source) Release() {
	e := s.entry
	e.mu.Lock()
	defer e.mu.Unlock()
	if s.released {
		return
	}
	s.released = true
	s.spool.leave(e)
}

// reader is an hls.Reader. Readers of an original that is open share it: ReadAt has no position.
type reader struct {
	source *source
	file   *shared
	once   sync.Once
}

// ReadAt implements io.ReaderAt.
func (r *reader) ReadAt(p []byte, off int64) (int, error) { return r.file.ReadAt(p, off) }

// Version implements hls.Reader: the fingerprint of the fact as long as the pinned file has its own.
func (r *reader) Version() (hls.Version, error) {
	v, err := fingerprint(r.file.File)
	if err != nil {
		return hls.Version{}, fmt.Errorf("stat %s in the spool: %w", r.source.entry.path, err)
	}
	r.source.entry.mu.Lock()
	defer r.source.entry.mu.Unlock()
	if v == r.source.entry.own {
		return r.source.version, nil
	}
	return v, nil
}

// Close implements io.Closer. Closing again does nothing.
func (r *reader) Close() error {
	r.once.Do(func() {
		r.source.entry.mu.Lock()
		defer r.source.entry.mu.Unlock()
		r.file.leave()
	})
	return nil
}
