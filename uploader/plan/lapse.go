package plan

import (
	"maps"
	"slices"

	"github.com/hlsship/hlsship/hls"
)

// A lapse is a time in which a playlist went on and nobody looked: since a version that an earlier process saw or published, or while the
// directory was unmounted. Its numbers say which segments were named meanwhile. Those that the directory has are shipped, though others are gone.

// stray reports whether o is there, and nothing wants it.
func (o *object) stray() bool {
	return o.disk.Newest() != nil && !o.disk.Newest().Wanted() && len(o.naming) == 0
}

// lapsed returns a function that takes segments out of those found: the ones that a playlist named between two of its versions, since and now, of
// which now names the row above them. Each is older than the one behind it, and none is older than what since named, as one of a run before is.
func (p *Plan) lapsed(since, now *hls.Playlist) func(row, map[uint64]*object) []*object {
	return func(r row, found map[uint64]*object) (all []*object) {
		if since.MediaSequence >= now.MediaSequence {
			return nil
		}
		first := r.low - min(now.MediaSequence-since.MediaSequence, r.low/r.step)*r.step
		oldest, newer := p.finishedOf(r, first, since.Segments), r.at
		for _, n := range slices.Backward(slices.Sorted(maps.Keys(found))) {
			if n < first || n >= r.low || (r.low-n)%r.step != 0 || !found[n].stray() {
				continue
			}
			if at := found[n].disk.Newest().File.Version.ModTime; at >= oldest && at <= newer {
				newer, all = at, append(all, found[n])
				delete(found, n)
			}
		}
		return all
	}
}

// finishedOf returns when the first was finished that is there of so many numbers of a sequence, from n on; 0 if none is.
func (p *Plan) finishedOf(r row, n uint64, numbers int) int64 {
	for ; n < r.low && numbers > 0; n, numbers = n+r.step, numbers-1 {
		if o := p.objects[r.name(n)]; o != nil && o.disk.Newest() != nil {
			return o.disk.Newest().File.Version.ModTime
		}
	}
	return 0
}
