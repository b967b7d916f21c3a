package watcher

import (
	"os"
	"sync"

	"github.com/hlsship/hlsship/hls"
)

// toucher is a Source that can be told that its bytes have another modification time now.
type toucher interface{ Touch(modTime int64) }

// keeping is a job that has the bytes of a finished file kept, and an outcome then.
type keeping struct {
	f        *file
	held     *holder
	dir      string
	pin      func(path string, f *os.File, v hls.Version) (hls.Source, bool)
	place    *place
	fact     hls.File
	changes  bool
	file     *os.File
	evidence string
}

// keep has the bytes kept of what was looked at and is finished, and reports it. It takes s.file and s.place over. What is seen
// to finish is pinned at once, as the packager may remove it within milliseconds. What was met at rest, which may
// be very much and of no use to anybody, is pinned when a playlist names it. changes says that the path had other bytes.
func (r *run) keep(s *sighting, fact hls.File, evidence string, changes bool) {
	k := &keeping{
		f: s.f, held: r.held, dir: r.dir, pin: r.config.Pin,
		place: s.place, fact: fact, changes: changes, file: s.file, evidence: evidence,
	}
	s.place, s.file = nil, nil
	if evidence != hls.ByRange && (k.pin == nil || fact.Found) {
		k.hold()
		k.deal(r)
		return
	}
	r.work.add(&job{lane: pinnings, task: k})
}

// do implements task.
func (k *keeping) do() {
	if k.evidence == hls.ByRange {
		source := k.held.hold(k.dir, k.fact.Path, k.fact.Version, k.file)
		source.end(k.file)
		k.fact.Source = source
		return
	}
	if src, ok := k.pin(k.fact.Path, k.file, k.fact.Version); ok {
		k.fact.Source = src
	} else {
		k.hold()
	}
}

// hold keeps the file open, if it was opened.
func (k *keeping) hold() {
	var held *source
	if k.file != nil {
		held = k.held.hold(k.dir, k.fact.Path, k.fact.Version, k.file)
	} else {
		held = k.held.unheld(k.dir, k.fact.Path, k.fact.Version)
	}
	k.fact.Source = held
	if k.pin != nil {
		k.fact.Source = &pinnable{source: held, pin: k.pin}
	}
}

// drop implements task.
func (k *keeping) drop() {
	if k.fact.Source != nil {
		k.fact.Source.Release()
	} else {
		_ = k.file.Close()
	}
}

// deal implements task.
func (k *keeping) deal(r *run) {
	if f := k.f; k.evidence != hls.ByRange && f.told.reported == k.fact.Version {
		f.source = k.fact.Source
		if t, ok := f.source.(toucher); ok && f.told.touched != 0 {
			t.Touch(f.told.touched)
		}
	}
	r.config.Observer.Settled(k.fact.Kind.String(), k.evidence)
	r.order.fill(k.place, k.fact, k.changes)
}

// pinnable is a held file that is pinned when it is kept, if it still has its name then.
type pinnable struct {
	*source
	pin func(path string, f *os.File, v hls.Version) (hls.Source, bool)

	mu     sync.Mutex
	pinned hls.Source // guarded by mu; nil until it is pinned
}

// Keep implements hls.Keeper.
func (p *pinnable) Keep(folder string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pinned == nil {
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
		p.source.Release()
	}
	if k, ok := p.pinned.(hls.Keeper); ok {
		k.Keep(folder)
	}
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
