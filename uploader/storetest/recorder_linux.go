package storetest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/hlsship/hlsship/hls"
)

// Recorder sees what a real packager finishes in a directory and tells a Viewer. It shares nothing with
// the product's watcher: it reads inotify itself and takes every close after writing and every rename
// into place for a finished file. Set the Viewer's Grace, since the judged may be faster than the judge.
//
// Bytes that changed while they were read are passed over; the event that follows brings them. So are
// temporary names, hidden folders, and playlists that are empty or have no #EXTM3U. A packager that
// removes or replaces a file within milliseconds can outrun the Recorder: Files says so.
//
// The zero value is of no use; NewRecorder makes one. Linux only.
type Recorder struct {
	// Saw, if set, is called after the Viewer was told of a finished file, by the goroutine of Run. It is
	// set before Run.
	Saw func(path string, content []byte)

	dir    string
	viewer *Viewer
	ready  chan struct{}

	// Owned by Run.
	inotify int
	folders map[int32]string

	mu   sync.Mutex
	seen []Seen
}

// Seen is one file that a Recorder met.
type Seen struct {
	// Path is slash-separated and relative to the directory.
	Path string
	// Size is in bytes.
	Size int64
	// At is when it was read.
	At time.Time
	// Missed is true when it was finished, but gone or changed before it could be read.
	Missed bool
}

// NewRecorder returns a Recorder of the directory that tells v.
func NewRecorder(dir string, v *Viewer) *Recorder {
	return &Recorder{dir: dir, viewer: v, ready: make(chan struct{}), folders: make(map[int32]string)}
}

// Ready returns a channel that is closed once nothing that is finished in the directory can escape.
func (r *Recorder) Ready() <-chan struct{} { return r.ready }

// Files returns what was seen so far, in order. It is safe for concurrent use.
func (r *Recorder) Files() []Seen {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.seen)
}

// Run records until ctx is done and what had happened by then is recorded; then it returns nil. Files
// that are in the directory already and that nobody is writing count as finished. An error means that
// something may have escaped, an overflow of the kernel's queue for one, so that the Viewer cannot
// judge. Run may be called once.
func (r *Recorder) Run(ctx context.Context) error {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return fmt.Errorf("start inotify: %w", err)
	}
	r.inotify = fd
	events := os.NewFile(uintptr(fd), "inotify")
	defer func() { _ = events.Close() }() // it was only read
	if err := r.watch("."); err != nil {
		return err
	}
	close(r.ready)
	defer context.AfterFunc(ctx, func() { _ = events.SetReadDeadline(time.Now()) })()
	buf := make([]byte, 64<<10)
	for {
		n, err := events.Read(buf)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			// The deadline wins over what is there to read.
			if n, err = unix.Read(fd, buf); errors.Is(err, unix.EAGAIN) {
				return nil
			}
		}
		if err != nil {
			return fmt.Errorf("read inotify: %w", err)
		}
		if err := r.handle(buf[:n]); err != nil {
			return err
		}
	}
}

// watch begins with the watch and looks at what is there after it: a packager writes the first file of
// a new folder before anybody can know of the folder.
func (r *Recorder) watch(folder string) error {
	wd, err := unix.InotifyAddWatch(r.inotify, filepath.Join(r.dir, folder),
		unix.IN_CLOSE_WRITE|unix.IN_MOVED_TO|unix.IN_CREATE|unix.IN_ONLYDIR|unix.IN_DONT_FOLLOW)
	if errors.Is(err, unix.ENOENT) && folder != "." {
		return nil // gone again
	}
	if err != nil {
		return fmt.Errorf("watch %s: %w", folder, err)
	}
	r.folders[int32(wd)] = folder
	entries, err := os.ReadDir(filepath.Join(r.dir, folder))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("list %s: %w", folder, err)
	}
	var lists []string
	for _, e := range entries {
		name := path.Join(folder, e.Name())
		switch {
		case e.IsDir() && !hidden(e.Name()):
			if err := r.watch(name); err != nil {
				return err
			}
		case !e.Type().IsRegular() || r.written(name):
		case hls.Classify(name).IsPlaylist():
			lists = append(lists, name) // after what they name
		default:
			r.finished(name)
		}
	}
	for _, name := range lists {
		r.finished(name)
	}
	return nil
}

func hidden(name string) bool { return strings.HasPrefix(name, ".") }

func (r *Recorder) handle(buf []byte) error {
	for len(buf) >= unix.SizeofInotifyEvent {
		wd := int32(binary.NativeEndian.Uint32(buf))
		mask := binary.NativeEndian.Uint32(buf[4:])
		size := unix.SizeofInotifyEvent + int(binary.NativeEndian.Uint32(buf[12:]))
		name := string(bytes.TrimRight(buf[unix.SizeofInotifyEvent:size], "\x00"))
		buf = buf[size:]
		folder, known := r.folders[wd]
		switch {
		case mask&unix.IN_Q_OVERFLOW != 0:
			return errors.New("inotify queue overflowed: the record has holes")
		case mask&unix.IN_IGNORED != 0:
			delete(r.folders, wd)
		case !known || name == "":
		case mask&unix.IN_ISDIR != 0:
			if !hidden(name) && mask&(unix.IN_CREATE|unix.IN_MOVED_TO) != 0 {
				if err := r.watch(path.Join(folder, name)); err != nil {
					return err
				}
			}
		case mask&(unix.IN_CLOSE_WRITE|unix.IN_MOVED_TO) != 0:
			r.finished(path.Join(folder, name))
		}
	}
	return nil
}

// finished reads a file and tells the viewer.
func (r *Recorder) finished(name string) {
	kind := hls.Classify(name)
	if kind == hls.Temporary {
		return
	}
	content, ok := r.read(name, -1)
	if kind.IsPlaylist() && ok && !bytes.HasPrefix(content, []byte("#EXTM3U")) {
		return
	}
	r.mu.Lock()
	r.seen = append(r.seen, Seen{Path: name, Size: int64(len(content)), At: time.Now(), Missed: !ok})
	r.mu.Unlock()
	switch {
	case !ok:
		return
	case kind.IsPlaylist():
		r.grown(name, content)
		r.viewer.Listed(name, content)
	default:
		r.viewer.Finished(name, content)
	}
	if r.Saw != nil {
		r.Saw(name, content)
	}
}

// grown tells of files that are still being written and of which the playlist names what is there.
func (r *Recorder) grown(list string, content []byte) {
	parsed, err := hls.Parse(content)
	if err != nil {
		return
	}
	reach := make(map[string]int64)
	for _, ref := range parsed.References {
		if at, target := hls.Resolve(list, ref.URI); target == hls.Local && ref.Length > 0 {
			reach[at] = max(reach[at], ref.Offset+ref.Length)
		}
	}
	for name, need := range reach {
		if !r.written(name) {
			continue
		}
		if prefix, ok := r.read(name, need); ok && int64(len(prefix)) == need {
			r.viewer.Grown(name, prefix)
		}
	}
}

// read returns the file's bytes, at most limit unless that is negative, and whether they are one version.
func (r *Recorder) read(name string, limit int64) ([]byte, bool) {
	f, err := r.open(name)
	if err != nil {
		return nil, false
	}
	defer func() { _ = f.Close() }() // it was only read
	before, err := f.Stat()
	if err != nil || !before.Mode().IsRegular() {
		return nil, false
	}
	if limit >= 0 {
		content, err := io.ReadAll(io.LimitReader(f, limit))
		return content, err == nil
	}
	content, err := io.ReadAll(f)
	if err != nil {
		return nil, false
	}
	after, err := f.Stat()
	same := err == nil && after.Size() == before.Size() && after.ModTime().Equal(before.ModTime()) && int64(len(content)) == after.Size()
	return content, same
}

func (r *Recorder) open(name string) (*os.File, error) {
	return os.OpenFile(filepath.Join(r.dir, filepath.FromSlash(name)), os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
}

// written reports whether somebody has the file open for writing: the kernel then refuses a read lease.
func (r *Recorder) written(name string) bool {
	f, err := r.open(name)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }() // gives the lease back
	_, err = unix.FcntlInt(f.Fd(), unix.F_SETLEASE, unix.F_RDLCK)
	return errors.Is(err, unix.EAGAIN)
}
