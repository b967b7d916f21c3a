package watcher

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/hlsship/hlsship/hls"
)

const (
	// hungerPause is the time from one line in the log about a playlist that waits for memory to the next.
	hungerPause = time.Minute
	// hungerLines bounds those lines for all playlists within that time.
	hungerLines = 20
)

// hunger is what is known of a playlist whose newest version is not read yet, as playlists take all the memory that they may.
type hunger struct {
	need  int64      // in bytes; 0 if it does not wait
	size  int64      // of the version of which need was found out
	share *hls.Share // what it was given since
	told  time.Time  // when the log was told
}

// hungry is who waits for memory. It is owned by the loop.
type hungry struct {
	files map[*file]bool
	freed <-chan struct{} // closed when some was given back; nil if nobody waits
	since time.Time       // lines counts from then on
	lines int
}

// feed takes the memory for reading a version of f. If there is none, f waits until there is; what is then on disk is read.
func (r *run) feed(f *file, size int64) (share *hls.Share, ok bool) {
	h := &f.read.hunger
	need := hls.Cost(size, 0)
	if size >= h.size {
		need = max(need, h.need)
	}
	delete(r.hungry.files, f)
	share, h.share = h.share, nil
	if share == nil {
		share, ok = r.memory(need)
	} else if ok = share.Grow(need); !ok {
		share.Release()
	}
	if ok {
		h.need = 0
		return share, true
	}
	r.starve(f, size, need)
	return nil, false
}

// memory takes as many bytes. If there are none, r.hungry.freed tells when to try again.
func (r *run) memory(need int64) (share *hls.Share, ok bool) {
	if share, ok = r.config.Memory.Take(need); ok {
		return share, true
	}
	r.hungry.freed = r.config.Memory.Freed() // asked for first, so that nothing is missed
	if share, ok = r.config.Memory.Take(need); ok {
		return share, true
	}
	return nil, false
}

// starve has f wait for memory.
func (r *run) starve(f *file, size, need int64) {
	if f.farewell != nil {
		return // nobody will read it
	}
	h := &f.read.hunger
	h.need, h.size = need, size
	r.hungry.files[f] = true
	if r.hungry.freed == nil {
		r.hungry.freed = r.config.Memory.Freed()
	}
	now := time.Now()
	if now.Sub(r.hungry.since) >= hungerPause {
		r.hungry.since, r.hungry.lines = now, 0
	}
	if now.Sub(h.told) < hungerPause || r.hungry.lines >= hungerLines {
		return
	}
	h.told = now
	r.hungry.lines++
	r.config.Logger.Warn("playlist waits for memory", "path", printable(f.path()), "size", size, "need", need,
		"cure", "raise --memory-budget or the memory limit of the container, or have the packager shorten the playlist")
}

// sate says that f waits for memory no longer.
func (r *run) sate(f *file) {
	delete(r.hungry.files, f)
	f.read.hunger.giveBack()
}

// giveBack gives back the memory that was not needed.
func (h *hunger) giveBack() {
	h.share.Release()
	h.share = nil
}

// share gives what was freed to those who wait for it, those first that need the least, and has them looked at.
func (r *run) share() {
	r.hungry.freed = nil
	for _, f := range slices.SortedFunc(maps.Keys(r.hungry.files), func(a, b *file) int {
		return cmp.Compare(a.read.hunger.need, b.read.hunger.need)
	}) {
		share, ok := r.memory(f.read.hunger.need)
		if !ok {
			return
		}
		delete(r.hungry.files, f)
		f.read.hunger.share = share
		r.look(f)
	}
}
