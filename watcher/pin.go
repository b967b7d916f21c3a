package watcher

import (
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

// listSource has a playlist kept for the next process. This one has its bytes in the fact, so that it needs no Source.
func (r *run) listSource(fact hls.File, file *os.File) hls.Source {
	if r.config.Pin != nil {
		if src, ok := r.config.Pin(fact.Path, file, fact.Version); ok {
			return src
		}
	}
	_ = file.Close()
	return nil
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
