package watcher

import (
	"fmt"
	"io/fs"
	"os"
	"sync"

	"github.com/hlsship/hlsship/hls"
)

// toucher is a Source that can be told that its bytes have another modification time now.
type toucher interface{ Touch(modTime int64) }

// source returns what keeps the bytes of a finished file, and takes the file over. What is seen to finish is
// pinned at once, as the packager may remove it within milliseconds. What was met at rest, which may be
// very much and of no use to anybody, is pinned when a playlist names it.
func (r *run) source(fact hls.File, file *os.File) hls.Source {
	pin := r.config.Pin
	if pin != nil && !fact.Found {
		if src, ok := pin(fact.Path, file, fact.Version); ok {
			return src
		}
	}
	held := r.held.hold(r.dir, fact.Path, fact.Version, file)
	if pin == nil {
		return held
	}
	return &pinnable{source: held, pin: pin}
}

// listSource returns what keeps a playlist for the next process; nil if nobody does. This one has its bytes in the fact.
// What was witnessed is copied when it is kept, by another goroutine: VLC unlinks its last segment 6 ms after it closed
// it, and a copy made here meanwhile would have this loop come too late.
func (r *run) listSource(fact hls.File, file *os.File) hls.Source {
	if r.config.Pin == nil {
		_ = file.Close()
		return nil
	}
	l := &pinnableList{path: fact.Path, version: fact.Version, pin: r.config.Pin, file: file}
	if fact.Found {
		l.Keep()
	}
	return l
}

// pinnableList is an open playlist that is pinned when it is kept. It is closed if that fails.
type pinnableList struct {
	path    string
	version hls.Version
	pin     func(path string, f *os.File, v hls.Version) (hls.Source, bool)

	mu     sync.Mutex
	file   *os.File   // nil once it is pinned or let go
	pinned hls.Source // nil unless it is pinned
}

// Keep implements hls.Keeper. A second call keeps what the first one pinned.
func (l *pinnableList) Keep() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file != nil {
		if src, ok := l.pin(l.path, l.file, l.version); ok {
			l.pinned = src
		} else {
			_ = l.file.Close()
		}
		l.file = nil
	}
	if k, ok := l.pinned.(hls.Keeper); ok {
		k.Keep()
	}
}

// Open implements hls.Source. The bytes are in the fact; from here they are to be had once they are pinned.
func (l *pinnableList) Open() (hls.Reader, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pinned == nil {
		return nil, fmt.Errorf("open %s: not pinned: %w", l.path, fs.ErrNotExist)
	}
	return l.pinned.Open()
}

// Release implements hls.Source.
func (l *pinnableList) Release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file != nil {
		_ = l.file.Close()
		l.file = nil
	}
	if l.pinned != nil {
		l.pinned.Release()
	}
}

// pinnable is a held file that is pinned when it is kept, if it still has its name then.
type pinnable struct {
	*source
	pin func(path string, f *os.File, v hls.Version) (hls.Source, bool)

	mu     sync.Mutex
	pinned hls.Source // guarded by mu; nil until it is pinned
}

// Keep implements hls.Keeper.
func (p *pinnable) Keep() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pinned != nil {
		return
	}
	file, err := p.openAgain()
	if err != nil {
		return // it stays held
	}
	src, ok := p.pin(p.path, file, p.version)
	if !ok {
		_ = file.Close()
		return
	}
	p.pinned = src
	if k, ok := src.(hls.Keeper); ok {
		k.Keep()
	}
	p.source.Release()
}

// Open implements hls.Source.
func (p *pinnable) Open() (hls.Reader, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pinned != nil {
		return p.pinned.Open()
	}
	return p.source.Open()
}

// Touch tells the source that its bytes have another modification time now.
func (p *pinnable) Touch(modTime int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.source.Touch(modTime)
	if t, ok := p.pinned.(toucher); ok {
		t.Touch(modTime)
	}
}

// Release implements hls.Source.
func (p *pinnable) Release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.source.Release()
	if p.pinned != nil {
		p.pinned.Release()
	}
}
