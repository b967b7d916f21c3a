package spool

import (
	"container/list"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/openfile"
)

// entry is one pin: a file in the spool folder. Several Sources may share it. Its mu is taken before that
// of the Spool.
type entry struct {
	path string // of the original, for messages

	mu       sync.Mutex
	pin      string           // below settled or named; also its key in Spool.entries
	base     *base            // where it lies; nil if it does not
	keep     bool             // a playlist named it
	folders  []string         // of the keys for which Keep was called
	named    bool             // it lies below named …
	laidFor  string           // … for these keys: see foldersName
	way      string           // how it was pinned
	own      hls.Version      // the fingerprint of the file that lies there, or is held
	file     *openfile.Shared // the original, open; nil if it is not
	use      use              // what for
	since    time.Time        // when Pin was called, or when it failed to be copied
	durable  bool             // the bytes are on the disk …
	recorded bool             // … and so is its name

	users int           // Sources not released; guarded by the mu of the Spool
	place *list.Element // in Spool.hands; guarded by the mu of the Spool
}

// where returns the path of the pin below the spool folder. The caller holds mu.
func (e *entry) where() string {
	if e.named {
		return named + "/" + e.pin + e.laidFor
	}
	return settled + "/" + e.pin
}

// aim notes that the pin is to lie where Keep wants it. The caller holds mu.
func (e *entry) aim() { e.named, e.laidFor = e.keep, foldersName(e.pin, e.folders) }

// aimed reports whether it is. The caller holds mu.
func (e *entry) aimed() bool {
	return !e.keep || e.named && e.laidFor == foldersName(e.pin, e.folders)
}

// open opens the pinned file by its name. The caller holds mu.
func (e *entry) open() (*os.File, error) {
	if e.base == nil {
		return nil, fs.ErrNotExist
	}
	file, err := e.base.root.OpenFile(filepath.FromSlash(e.where()), openfile.Flags, 0)
	if err != nil {
		return nil, err
	}
	return openfile.Same(file, func(now hls.Version) bool { return now.Device == e.own.Device && now.Inode == e.own.Inode })
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
	file, err := openfile.Use(e.file, e.open)
	if err != nil {
		return nil, fmt.Errorf("open %s in the spool: %w", e.path, err)
	}
	return file.Read(e.path+" in the spool", s.version, e.intact), nil
}

// intact reports whether the pinned file, which has the fingerprint now, is what it was when it was pinned.
func (e *entry) intact(now hls.Version) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return now == e.own
}

// Keep implements hls.Keeper. Calling it again for the same folder does nothing. Where the file system does not let it, Run
// tries again.
func (s *source) Keep(folder string) {
	e := s.entry
	e.mu.Lock()
	defer e.mu.Unlock()
	if s.released || slices.Contains(e.folders, folder) {
		return
	}
	e.keep, e.folders = true, append(e.folders, folder)
	s.spool.keep(e)
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
