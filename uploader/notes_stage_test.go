package uploader_test

import (
	"context"
	"maps"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader"
)

// notes are what one process after another notes of what it stored. Like those of the spool they speak of an inode that nobody
// wrote to since.
type notes struct {
	disk *disk
	dice *rand.Rand
	mu   sync.Mutex
	all  map[string]written // on disk
	old  map[string]written // on disk, some time ago
}

type written struct {
	at   pinned
	etag string
}

// process is what one process knows, and what it has noted.
type process struct {
	*notes
	ctx   context.Context // what it does after its end does not happen
	lag   time.Duration   // until a note is on disk
	known map[string]written
}

// next returns the notes of the next process. What it finds may be all, nothing, or old.
func (n *notes) next(ctx context.Context) uploader.Notes {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch n.dice.IntN(6) {
	case 0:
		n.all = nil
	case 1:
		n.all = maps.Clone(n.old)
	}
	n.old = maps.Clone(n.all)
	return n.process(ctx, time.Duration(n.dice.IntN(2000))*time.Millisecond)
}

// process returns the notes of a process that finds all. The caller holds mu.
func (n *notes) process(ctx context.Context, lag time.Duration) uploader.Notes {
	if n.all == nil {
		n.all = map[string]written{}
	}
	return process{notes: n, ctx: ctx, lag: lag, known: maps.Clone(n.all)}
}

func (p process) Known(path string, v hls.Version) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	was, ok := p.known[path]
	delete(p.known, path)
	if !ok || was.at.version != v || !p.disk.untouched(path, was.at) {
		return ""
	}
	return was.etag
}

func (p process) Stored(path string, v hls.Version, etag string) {
	inode := p.disk.inode(path)
	if inode == nil {
		return
	}
	go func() {
		select {
		case <-time.After(p.lag):
		case <-p.ctx.Done():
			return
		}
		at := pinned{inode, v}
		if p.disk.untouched(path, at) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.all[path] = written{at, etag}
		}
	}()
}

// inode returns what has the name, nil if nothing does.
func (d *disk) inode(name string) *inode {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.names[name]
}

// untouched reports whether the name still means these bytes.
func (d *disk) untouched(name string, at pinned) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	n := d.names[name]
	return n == at.inode && !n.open && n.version() == at.version
}
