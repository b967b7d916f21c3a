package edition

import (
	"fmt"
	"time"
)

// added is what an edition adds before a segment for a reason: a comment that says which, and EXT-X-DISCONTINUITY.
type added struct {
	comment string
	tag     bool
}

// around returns what is added before segment i of the Version, which stands at the head of the list, or behind the segment of the
// Version before it, or behind another one. A hole before the first one is told as well, but for that of a run: other renditions may list what is
// before it.
func (n *next) around(i int, head, behind bool) (a added) {
	own := n.v.segments[i].marks
	if j := n.at(i); j >= 0 {
		old := n.old.segments[j].marks
		switch {
		case old.has(seam):
			a.comment = runComment
		case old.has(hole):
			a.comment = holeComment
		}
		a.tag = !own.has(broken) && (a.comment != "" || old.has(broken) && !head)
		return a
	}
	switch {
	case n.how == begins && i == n.first:
		a.comment = runComment
	case (i == n.first && i > 0 && n.how != fresh || !head && !behind || n.isCut(i)) && !own.has(broken):
		a.comment = holeComment
	}
	a.tag = a.comment != "" && !own.has(broken)
	return a
}

// breaks returns 1 if segment i has EXT-X-DISCONTINUITY at the head of the list, else 0.
func (n *next) breaks(i int) uint64 {
	return one(n.v.segments[i].has(broken) || n.around(i, true, false).tag)
}

// writeSegments lists those of the Version.
func (n *next) writeSegments() {
	for i := range n.v.segments {
		if n.listed(i) {
			n.writeSegment(i)
		} else {
			n.leaveOut(i)
		}
		if n.tooLarge() {
			return
		}
	}
}

func (n *next) lineOf(k int32) string { return n.v.line(k, n.folders) }

// leaveOut takes a segment out, and keeps what its lines say of others. One that the tail has was listed with them already.
func (n *next) leaveOut(i int) {
	told := n.at(i) >= n.tail.from && n.at(i) < n.tail.to
	n.v.lines(n.v.begin(i), n.v.segments[i].end, func(l line) {
		if l.word.ofOne() || told && (l.word == other || l.word == dateRange) {
			n.remove(l)
		}
	})
}

// writeSegment lists segment i of the Version.
func (n *next) writeSegment(i int) {
	s, eol := &n.v.segments[i], n.v.eol
	head := len(n.places) == 0
	behind := !head && i > 0 && n.places[len(n.places)-1] == int32(i-1)
	a := n.around(i, head, behind)
	if a.comment != "" {
		n.insert(n.v.begin(i), a.comment+eol)
	}
	if a.tag {
		n.insert(n.v.begin(i), "#EXT-X-DISCONTINUITY"+eol)
	}
	if n.marked(i) {
		n.insert(s.inf, "#EXT-X-GAP"+eol)
		n.gaps = append(n.gaps, int(n.v.named[i]))
		n.need = max(n.need, 8)
	}
	if w := n.v.windows[s.window]; w.tail > 0 && !w.loose && i > 0 && !behind {
		n.insert(w.tail, fmt.Sprintf("@%d", w.offset))
	}
	if number := n.number + uint64(len(n.places)); number != n.v.first+uint64(i) || n.stated {
		n.writeIV(i)
	}
	if tag := n.dateOf(i, head, a); tag != "" {
		n.insert(s.inf, tag+eol)
	}
	n.places = append(n.places, int32(i))
}

// writeIV writes out what the media sequence number of segment i said while it was the packager's. All behind it need theirs too: the key with
// its IV counts for them.
func (n *next) writeIV(i int) {
	s := &n.v.segments[i]
	for _, k := range n.v.all[s.way].keys {
		if k == 0 || !n.v.keys[k].plain {
			continue
		}
		n.need, n.stated = max(n.need, 2), true
		iv := fmt.Sprintf(",IV=0x%032x", n.v.first+uint64(i))
		if l := n.v.keys[k].line; l.at >= n.v.begin(i) && l.at < s.end {
			n.insert(l.end(), iv)
		} else {
			n.insert(s.inf, n.lineOf(k)+iv+n.v.eol)
		}
	}
}

// dateOf returns the EXT-X-PROGRAM-DATE-TIME to be added to segment i, empty for none. Where the packager dates a stretch it is left to
// it, but for what stands behind a hole.
func (n *next) dateOf(i int, head bool, a added) string {
	s, j := &n.v.segments[i], n.at(i)
	var at time.Time
	var ok bool
	switch {
	case s.has(dated):
		n.told = false
		return ""
	case n.dates(i):
		n.told = false
		if a.tag {
			at, ok = n.said(i)
		}
	case j >= 0:
		if head || n.old.segments[j].has(dated) {
			at, ok = n.old.date(j)
		}
	default:
		if n.how == same && !n.went {
			n.went = true
			n.follow(n.old, len(n.old.segments)-1)
		}
		at, ok = n.begin(i, head || a.tag || s.has(broken))
		n.pass(s.length)
	}
	if !ok {
		return ""
	}
	return dateTag(at)
}
