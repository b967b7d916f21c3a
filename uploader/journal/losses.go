package journal

import (
	"maps"
	"slices"
	"time"

	"github.com/hlsship/hlsship/uploader/plan"
)

// maxLosses is how many losses a minute the log names.
const maxLosses = 100

// losses bounds what the log is told of losses: each is named, unless they come by the thousand.
type losses struct {
	names  ration
	floods map[string]*flood // by reason
}

// flood is what the log was not told of one by one.
type flood struct {
	count       int
	first, last string
}

// lost tells of a loss. The Observer counts all of them.
func (g *Journal) lost(l plan.Loss, now time.Time) {
	count := max(l.Count, 1)
	g.obs.Lost(g.streamName(l.Stream), l.Kind.String(), l.Reason, count)
	g.flooded(now)
	switch {
	case !g.losses.names.take(maxLosses, now):
		g.losses.add(l.Reason, l.Path, count)
	case l.Reason == "unseen":
		g.log.Error("segments were never seen", "playlist", l.Path, "stream", g.streamName(l.Stream), "first", l.First, "last", l.Last, "count", count,
			"unwatched", l.Unwatched, "cure", "they were written and deleted while nobody looked, and will never be in the bucket; "+
				"see whether this machine or hlsship stood still, and have the packager keep its segments for longer")
	default:
		g.log.Error("segment lost", "path", l.Path, "stream", g.streamName(l.Stream), "kind", l.Kind.String(), "reason", l.Reason,
			"cure", "it will never be in the bucket, and no playlist that names it is published")
	}
}

func (l *losses) add(reason, path string, count int) {
	f := l.floods[reason]
	if f == nil {
		if l.floods == nil {
			l.floods = make(map[string]*flood)
		}
		f = &flood{first: path}
		l.floods[reason] = f
	}
	f.count += count
	f.last = path
}

// flooded tells of the losses that were not named, once their minute is over.
func (g *Journal) flooded(now time.Time) {
	if len(g.losses.floods) == 0 || !g.losses.names.over(now) {
		return
	}
	for _, reason := range slices.Sorted(maps.Keys(g.losses.floods)) {
		f := g.losses.floods[reason]
		g.log.Error("more segments lost", "segments", f.count, "first", f.first, "last", f.last, "reason", reason,
			"cure", "see the losses named before; hlsship_lost_files_total counts all of them")
	}
	clear(g.losses.floods)
}

// unpinnedTold is what is known elsewhere of the files that are in the directory alone.
type unpinnedTold struct {
	files int
	bytes int64
	told  bool      // the log knows of some
	at    time.Time // when it was told last
	most  int       // since it was told of the first
}

// onDiskAlone tells of files that are in the directory alone: the log once a minute, and when there are none any more.
func (g *Journal) onDiskAlone(files int, bytes int64, now time.Time) {
	u := &g.unpinned
	if files != u.files || bytes != u.bytes {
		u.files, u.bytes = files, bytes
		g.obs.Unpinned(files, bytes)
	}
	switch u.most = max(u.most, files); {
	case files > 0 && now.Sub(u.at) >= time.Minute:
		u.told, u.at = true, now
		g.log.Warn("files wait in the directory alone, as they exceed what may wait for the store", "files", files, "bytes", bytes,
			"cure", "they are shipped when there is room, and lost if the packager deletes them before: have it keep its files for longer, "+
				"bring the store or the uplink back, or raise --spool-budget or --spool-age")
	case files == 0 && u.told:
		g.log.Warn("no files wait in the directory alone any more", "files_at_most", u.most)
		u.told, u.most = false, 0
	}
}
