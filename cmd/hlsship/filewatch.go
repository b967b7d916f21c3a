package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// quietFor is how long the folders of the files must be quiet until the files are read: an editor may write in
	// several steps, and half a file can be a valid one.
	quietFor = 300 * time.Millisecond
	// quietMost bounds the wait for it, as somebody else may write there all the time.
	quietMost = 3 * time.Second
)

// fileWatch notices when the content of files changed, by whatever way: written, renamed into place, or reached
// through a link that was changed, as the volumes of Kubernetes do. Where folders cannot be watched it does
// nothing.
type fileWatch struct {
	logger *slog.Logger
	// changed holds one token after a change.
	changed chan struct{}
	// next holds the files to watch from now on.
	next chan []string
}

func newFileWatch(logger *slog.Logger) *fileWatch {
	return &fileWatch{logger: logger, changed: make(chan struct{}, 1), next: make(chan []string, 1)}
}

// watch has run watch these files, as they are now, instead of others. It is called by one goroutine.
func (w *fileWatch) watch(files []string) {
	select {
	case <-w.next:
	default:
	}
	w.next <- files
}

// run watches until ctx ends.
func (w *fileWatch) run(ctx context.Context) error {
	events, err := fsnotify.NewWatcher()
	if err != nil {
		w.logger.Warn("changes of the configuration file are not noticed, send SIGHUP instead", "err", err)
		<-ctx.Done()
		return nil
	}
	defer func() { _ = events.Close() }() // nothing is left to be told
	var files []string
	var known []byte
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	defer timer.Stop()
	var first time.Time // of the events since the files were last read
	for {
		select {
		case <-ctx.Done():
			return nil
		case next := <-w.next:
			w.arm(events, next)
			// What was known of the same files is of before they were read, so that nothing is missed.
			if !slices.Equal(next, files) {
				files, known = next, digest(next)
			}
		case <-events.Events:
			if first.IsZero() {
				first = time.Now()
			}
			timer.Reset(max(0, min(quietFor, quietMost-time.Since(first))))
		case err := <-events.Errors: // an overflow: look
			w.logger.Debug("events of configuration files were lost", "err", err)
			timer.Reset(quietFor)
		case <-timer.C:
			first = time.Time{}
			w.arm(events, files)
			if now := digest(files); !bytes.Equal(now, known) {
				known = now
				select {
				case w.changed <- struct{}{}:
				default:
				}
			}
		}
	}
}

// arm watches the folders in which the files are, and in which the links end that lead to them.
func (w *fileWatch) arm(events *fsnotify.Watcher, files []string) {
	var folders []string
	for _, name := range files {
		for _, path := range []string{name, realPath(name)} {
			if whole, err := filepath.Abs(path); err == nil {
				folders = append(folders, filepath.Dir(whole))
			}
		}
	}
	for _, old := range events.WatchList() {
		if !slices.Contains(folders, old) {
			_ = events.Remove(old) // it may be gone
		}
	}
	for _, folder := range folders {
		if err := events.Add(folder); err != nil {
			w.logger.Warn("changes of configuration files are not noticed, send SIGHUP instead", "folder", folder, "err", err)
		}
	}
}

// digest stands for the contents of the files, among which secrets are.
func digest(files []string) []byte {
	sum := sha256.New()
	for _, name := range files {
		one := sha256.New()
		f, err := os.Open(name)
		if err == nil {
			_, err = io.Copy(one, io.LimitReader(f, maxConfigSize))
			_ = f.Close() // it was only read
		}
		_, _ = fmt.Fprintf(sum, "%x %v\n", one.Sum(nil), err != nil) // a hash takes everything
	}
	return sum.Sum(nil)
}
