package edition

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/hlsship/hlsship/hls"
)

// relation is how a Version goes on with what is published.
type relation uint8

const (
	fresh  relation = iota // nothing is published, or a new list begins at its place
	same                   // they have segments in common
	ahead                  // all its segments come later in the same run
	begins                 // a run begins behind what is published
)

// least is how many segments a list has that slides, if it can: players need three target durations (RFC 8216 §6.2.2).
const least = 3

// next is the making of an Edition of what is published and a Version.
type next struct {
	Choices
	pairing
	edits
	clock
	how    relation
	tail   struct{ from, to int } // the segments of old that stay before those of the Version
	first  int                    // the first segment of the Version that is listed, as many as it has if none is
	number uint64                 // of the first segment listed
	base   uint64                 // the discontinuity sequence
	places []int32                // as in made
	need   uint64                 // which EXT-X-VERSION what is added needs
	stated bool                   // an IV was written out
	gaps   []int                  // the references that are listed with an EXT-X-GAP of ours
}

// Next returns what is to be published of v after e, which the caller puts in the place of e once it is stored. The error is ErrEmpty,
// ErrTooLarge or ErrNumbers, and ErrNoMedia or ErrKeys for texts that fit together in no list.
func (e *Edition) Next(v *Version, c Choices) (*Edition, error) {
	n := e.start(v, c)
	n.chooseTail()
	if n.first == v.Len() && (n.how != same || n.tail.from == n.tail.to) && (v.Len() > 0 || len(n.old.segments) > 0) {
		return nil, ErrEmpty
	}
	n.count(e)
	n.writeTail()
	n.writeSegments()
	n.writeWhole()
	if n.number > math.MaxUint64-uint64(len(n.places)) {
		return nil, ErrNumbers
	}
	size := len(v.text) + n.size
	for _, f := range n.folders {
		size += len(f)
	}
	if size > 2*hls.MaxPlaylistSize { // some of it is taken out again
		return nil, ErrTooLarge
	}
	text, omitted := n.applyWith(v.text, 0, uint32(len(v.text)), v.references, n.folders)
	if len(text) > hls.MaxPlaylistSize {
		return nil, ErrTooLarge
	}
	if omitted = append(omitted, n.gaps...); len(n.gaps) > 0 {
		slices.Sort(omitted)
	}
	made := made{run: c.Run, places: n.places, omitted: slices.Compact(omitted), seamed: n.how == begins}
	if i := len(n.places) - 1; i >= 0 && n.places[i] >= 0 {
		at := int(n.places[i])
		made.last = anchor{true, v.first + uint64(at), v.number(at)}
	}
	out, err := cutText(text, len(n.places))
	if err != nil {
		return nil, err
	}
	if len(out.segments) != len(n.places) {
		return nil, ErrNoMedia // the text says something else than it seemed to
	}
	return &Edition{cut: out, made: made}, nil
}

// Follows reports whether v goes on with what e published, or e has published no segment, so that Next makes no seam of it.
func (e *Edition) Follows(v *Version, c Choices) bool {
	n := e.start(v, c)
	return n.how == same || n.how == ahead || len(n.old.segments) == 0
}

// start finds out how v goes on with e, and what of it is listed.
func (e *Edition) start(v *Version, c Choices) *next {
	n := &next{Choices: c, pairing: pairing{old: e.published(), v: v}, clock: clock{version: v, begun: c.Begun}}
	n.folders = make([]string, len(v.references))
	for i, p := range v.references {
		if c.Folder != nil && p&nowhere == 0 {
			n.folders[i] = c.Folder(i)
		}
	}
	n.relate(e)
	if n.how == fresh && (v.ended || v.vod) {
		n.begun = nil // nobody who watches it loses time
	}
	for n.first = 0; n.first < v.Len() && !n.listed(n.first); {
		n.first++
	}
	return n
}

// relate finds out how the Version goes on.
func (n *next) relate(e *Edition) {
	n.last = -1
	if len(n.old.segments) == 0 {
		return
	}
	// Names that have no folder come back in every run. Those of folders do not: a packager that goes on lists what it listed before.
	another := e.last.known && n.Run != e.run
	if n.pair(e.last); n.last >= 0 && (!another || n.moves()) {
		n.how = same
		n.withdraw()
		return
	}
	n.last = -1
	if e.last.known && !another && n.v.first > e.last.number && n.v.Len() > 0 {
		n.how = ahead
		return
	}
	if !n.v.fixed && !n.old.fixed {
		n.how = begins
	}
}

// moves reports whether a folder stands before a segment that is known.
func (n *next) moves() bool {
	for i, j := range n.known {
		if j >= 0 && n.folder(i) != "" {
			return true
		}
	}
	return false
}

// at returns which segment of old i is, -1 for none.
func (n *next) at(i int) int {
	if n.how != same {
		return -1
	}
	return int(n.known[i])
}

// isHole reports whether nobody waits for segment i any more.
func (n *next) isHole(i int) bool { return n.Hole != nil && n.Hole(i) }

// isCut reports whether another rendition has a hole before segment i.
func (n *next) isCut(i int) bool { return n.Cut != nil && n.Cut(i) }

// listed reports whether segment i of the Version is listed. What stands before a published segment and is not published itself
// comes too late for ever.
func (n *next) listed(i int) bool {
	if i <= n.last {
		return n.known[i] >= int32(n.kept)
	}
	return n.Gaps || !n.isHole(i)
}

// marked reports whether the listed segment i gets an EXT-X-GAP of ours.
func (n *next) marked(i int) bool {
	if n.v.segments[i].has(missing) {
		return false
	}
	if i <= n.last {
		return n.known[i] >= 0 && n.old.segments[n.known[i]].has(missing)
	}
	return n.Gaps && n.isHole(i)
}

// chooseTail decides what stays of older runs. It makes room for the new run's segments one by one, so that the window neither
// grows nor shrinks, until the packager's own begins to move.
func (n *next) chooseTail() {
	t := &n.tail
	switch n.how {
	case begins:
		t.to = len(n.old.segments)
	case same:
		t.to = n.earliest()
	default:
		return
	}
	if t.from = t.to; n.how == begins || n.old.segments[t.to].has(seam) {
		listed := len(n.old.segments) - t.to
		for i := max(n.first, n.last+1); i < n.v.Len(); i++ {
			listed += int(one(n.listed(i)))
		}
		keep := max(len(n.old.segments), listed, least) - listed
		if n.how == begins {
			keep = max(keep, least) // or those who watch the old run find nothing of theirs
		}
		t.from = max(0, t.to-keep)
	}
	t.to = max(t.to, n.kept)
	for i := t.to - 1; i >= t.from; i-- {
		if n.isLost(i) {
			t.from = i + 1
			break
		}
	}
	if t.from < t.to && !n.fits() {
		t.from = t.to
	}
}

// isLost reports whether segment i of old needs what will never be stored.
func (n *next) isLost(i int) bool {
	if n.Lost == nil {
		return false
	}
	s := &n.old.segments[i]
	if n.Lost(string(s.uri.of(n.old.text))) {
		return true
	}
	w := &n.old.all[s.way]
	return slices.ContainsFunc(slices.Concat(w.keys[:], w.mapKeys[:], []int32{w.init}), func(k int32) bool {
		_, list, _ := strings.Cut(string(n.old.keys[k].line.of(n.old.text)), ":")
		uri, ok := hls.Attribute(list, "URI")
		return k != 0 && ok && n.Lost(uri)
	})
}

// earliest returns the first segment of old that the Version has.
func (n *next) earliest() int {
	return int(n.known[slices.IndexFunc(n.known, func(j int32) bool { return j >= 0 })])
}

// fits reports whether one list may have the tail and the Version's segments.
func (n *next) fits() bool {
	last := n.old.segments[n.tail.to-1]
	if n.first == n.v.Len() {
		return true
	}
	switch {
	case n.v.iFrames != n.old.iFrames:
		return false
	case n.how == begins && n.ofRun() > add(n.old.number(n.tail.to-1), 1):
		return false // one tag counts one
	case n.old.all[last.way].init != 0 && n.v.all[n.v.segments[n.first].way].init == 0:
		return false // no tag takes a map back
	}
	return !n.old.uses(n.tail.from, n.tail.to) || slices.Equal(n.old.defines(), n.v.defines())
}

// count finds out the numbers of the first segment listed.
func (n *next) count(e *Edition) {
	old, v := n.old, n.v
	switch n.how {
	case fresh:
		n.number = v.first + uint64(n.first)
		if n.base = n.freshBase(); !v.fixed && len(old.segments) == 0 { // or what is published is another list
			n.number, n.base = max(n.number, old.first), max(n.base, old.base)
		}
	case ahead:
		last := old.first + uint64(len(old.segments)) - 1
		n.number = add(last, v.first+uint64(n.first)-e.last.number)
		number := add(old.number(len(old.segments)-1), n.breaks(n.first))
		if v.states(discontinuitySequence) {
			number = add(number, less(v.base, e.last.discontinuity))
		}
		n.base = max(old.base, less(number, n.breaks(n.first)))
	case begins, same:
		n.number = old.first + uint64(n.tail.from)
		switch {
		case n.tail.from < n.tail.to:
			n.base = less(old.number(n.tail.from), one(old.segments[n.tail.from].has(broken)))
		case n.how == begins:
			n.base = max(n.ofRun(), add(old.number(len(old.segments)-1), 1)) - 1
		default:
			at := min(n.tail.to, len(old.segments)-1)
			n.base = max(old.base, less(add(old.number(at), one(at < n.tail.to)), n.breaks(n.first)))
		}
	}
}

// tooLarge reports whether what is added is more than any text may have. A small text can have a long line stated again for each of its segments,
// so that it is asked while that is added.
func (n *next) tooLarge() bool { return n.size > hls.MaxPlaylistSize }

// freshBase returns the discontinuity sequence of a list that begins.
func (n *next) freshBase() uint64 {
	if n.Discontinuity == 0 || n.v.fixed {
		return n.v.base
	}
	if n.first == n.v.Len() {
		return n.ofRun()
	}
	return less(n.ofRun(), n.breaks(n.first))
}

// ofRun returns the number that the first segment listed has as the caller counts the run, 0 if it does not. The packager counts from the
// beginning of the run, which a tag before the first segment of all does not end.
func (n *next) ofRun() uint64 {
	if n.Discontinuity == 0 {
		return 0
	}
	return add(n.Discontinuity, n.v.base)
}

func one(yes bool) uint64 {
	if yes {
		return 1
	}
	return 0
}

// decimal returns the text of a number.
func decimal(n uint64) string { return strconv.FormatUint(n, 10) }
