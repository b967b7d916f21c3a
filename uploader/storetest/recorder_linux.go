package storetest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"sync"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// Recorder sees what a real packager finishes in a directory and tells a Viewer. It shares nothing with
// the product's watcher: it reads inotify itself and takes every close after writing and every rename
// into place for a finished file. Set the Viewer's Grace, since the judged may be faster than the judge.
//
// Bytes that changed while they were read are passed over; the event that follows brings them. So are
// temporary names, hidden folders, playlists that are empty or have no #EXTM3U, and DASH manifests that are torn. A packager that
// removes or replaces a file within milliseconds can outrun the Recorder: Files says so. To be fast it reads
// on a thread of its own, ahead of the others where that is allowed, and tells the Viewer afterwards.
//
// The zero value is of no use; NewRecorder makes one. Linux only.
type Recorder struct {
	// Saw, if set, is called after the Viewer was told of a finished file, by the goroutine of Run. It is
	// set before Run.
	Saw func(path string, content []byte)
	// Missed, if set before Run, is called likewise for a file whose bytes were missed, as in Seen. The Viewer was told.
	Missed func(path string)
	// Record, if set before Run, is told too, and the Viewer is not told of the playlists that an Audience judges.
	Record *Record
	// Process, if set before Run, makes a command that calls Catch on its standard input and output. A process of its
	// own does not wait for the others of this one, and its priority is higher where that is allowed.
	Process func() *exec.Cmd

	dir    string
	viewer *Viewer
	ready  chan struct{}

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
	// Missed is true when it was finished, but gone, changed or replaced before it could be read, or might have been.
	Missed bool
}

// NewRecorder returns a Recorder of the directory that tells v.
func NewRecorder(dir string, v *Viewer) *Recorder {
	return &Recorder{dir: dir, viewer: v, ready: make(chan struct{})}
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
	if r.Process != nil {
		return r.remote(ctx)
	}
	reader, writer, err := os.Pipe()
	if err != nil {
		return fmt.Errorf("make a pipe: %w", err)
	}
	defer func() { _ = reader.Close() }()
	defer func() { _ = writer.Close() }()
	c, err := newCatcher(r.dir, reader)
	if err != nil {
		return err
	}
	defer c.close()
	close(r.ready)
	done := make(chan error, 1)
	go func() { done <- c.run() }()
	defer context.AfterFunc(ctx, func() { _, _ = writer.Write([]byte{0}) })()
	for caught := range c.catches {
		r.tell(caught)
	}
	return <-done
}

// tell tells the viewer what was caught.
func (r *Recorder) tell(c catch) {
	r.mu.Lock()
	r.seen = append(r.seen, Seen{Path: c.Path, Size: int64(len(c.Content)), At: c.At, Missed: c.Missed})
	r.mu.Unlock()
	edited := r.Record.caught(c)
	switch {
	case c.Missed:
		r.viewer.Missed(c.Path)
		if r.Missed != nil {
			r.Missed(c.Path)
		}
		return
	case hls.Classify(c.Path).IsPlaylist():
		for _, g := range c.Growing {
			r.viewer.finished(g.Path, g.Content, true, c.At)
		}
		if !edited {
			r.viewer.listed(c.Path, c.Content, c.At)
		}
	default:
		r.viewer.finished(c.Path, c.Content, false, c.At)
	}
	if r.Saw != nil {
		r.Saw(c.Path, c.Content)
	}
}
