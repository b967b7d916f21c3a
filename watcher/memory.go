package watcher

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/hlsship/hlsship/hls"
)

const (
	// memoryLogPause is the time from one line in the log about a playlist that waits for memory to the next.
	memoryLogPause = time.Minute
	// memoryLogLines bounds those lines for all playlists within that time.
	memoryLogLines = 20
)

// memoryWait is what is known of a playlist whose newest version is not read yet, as playlists take all the memory that they may.
type memoryWait struct {
	need   int64 // in bytes; 0 if it does not wait
	size   int64 // of the version of which need was found out
	cost   int64 // of the version that was read last, which had costOf bytes
	costOf int64
	share  *hls.Share // what it was given since
	told   time.Time  // when the log was told
}

// memoryQueue is who waits for memory. It is owned by the loop.
type memoryQueue struct {
	files map[*file]bool
	freed <-chan struct{} // closed when some was given back; nil if nobody waits
	since time.Time       // lines counts from then on
	lines int
}

// reserve takes the memory for reading a version of f. If there is none, f waits until there is; what is then on disk is read.
func (r *run) reserve(f *file, size int64) (share *hls.Share, ok bool) {
	w := &f.read.memory
	need := hls.Cost(size, 0)
	if size >= w.size {
		need = max(need, w.need)
	}
	if size >= w.costOf {
		need = max(need, w.cost) // it is hardly less than before
	}
	delete(r.waiting.files, f)
	share, w.share = w.share, nil
	if share == nil {
		share, ok = r.memory(need)
	} else if ok = share.Grow(need); !ok {
		share.Release()
	}
	if ok {
		w.need = 0
		return share, true
	}
	r.waitForMemory(f, size, need)
	return nil, false
}

// memory takes as many bytes. If there are none, r.waiting.freed tells when to try again.
func (r *run) memory(need int64) (share *hls.Share, ok bool) {
	if share, ok = r.config.Memory.Take(need); ok {
		return share, true
	}
	r.waiting.freed = r.config.Memory.Freed() // asked for first, so that nothing is missed
	if share, ok = r.config.Memory.Take(need); ok {
		return share, true
	}
	return nil, false
}

// waitForMemory has f wait for memory.
func (r *run) waitForMemory(f *file, size, need int64) {
	if f.goneAt != nil {
		return // nobody will read it
	}
	w := &f.read.memory
	w.need, w.size = need, size
	r.waiting.files[f] = true
	if r.waiting.freed == nil {
		r.waiting.freed = r.config.Memory.Freed()
	}
	now := time.Now()
	if now.Sub(r.waiting.since) >= memoryLogPause {
		r.waiting.since, r.waiting.lines = now, 0
	}
	if now.Sub(w.told) < memoryLogPause || r.waiting.lines >= memoryLogLines {
		return
	}
	w.told = now
	r.waiting.lines++
	r.config.Logger.Warn("playlist waits for memory", "path", printable(f.path()), "size", size, "need", need,
		"cure", "raise --memory-budget or the memory limit of the container, or have the packager shorten the playlist")
}

// stopWaiting says that f waits for memory no longer.
func (r *run) stopWaiting(f *file) {
	delete(r.waiting.files, f)
	f.read.memory.release()
}

// release gives back the memory that was not needed.
func (w *memoryWait) release() {
	w.share.Release()
	w.share = nil
}

// share gives what was freed to those who wait for it, those first that need the least, and has them looked at.
func (r *run) share() {
	r.waiting.freed = nil
	for _, f := range slices.SortedFunc(maps.Keys(r.waiting.files), func(a, b *file) int {
		return cmp.Compare(a.read.memory.need, b.read.memory.need)
	}) {
		share, ok := r.memory(f.read.memory.need)
		if !ok {
			return
		}
		delete(r.waiting.files, f)
		f.read.memory.share = share
		r.look(f)
	}
}
