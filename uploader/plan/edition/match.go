package edition

import "bytes"

// pairing says which segments of a Version an edition has published.
type pairing struct {
	old     *cut
	v       *Version
	folders []string // what stands before each reference
	known   []int32  // for each segment of the Version its place in old, -1 for none; these ascend
	last    int      // the last of the Version that is known, -1 for none
	kept    int      // up to here old has segments that the Version withdrew: their numbers are taken
}

// pair finds what old and the Version both have, in the same order: the same URI, and the same bytes of it. The ends of both are compared first, as
// they mostly meet there; what does not fit, behind a hole, is looked up. Where the last of old has the number that its packager gave it, what comes
// behind it is new, although it may have a name that was listed before, as slates have.
func (p *pairing) pair(last anchor) {
	p.known, p.last = make([]int32, len(p.v.segments)), -1
	for i := range p.known {
		p.known[i] = -1
	}
	i, j := len(p.known)-1, len(p.old.segments)-1
	if k := last.number - p.v.first; last.known && last.number >= p.v.first && k < uint64(len(p.known)) && p.same(int(k), j) { //nolint:gosec // it is less than a length
		i = int(k) //nolint:gosec // as above
	}
	for i >= 0 && j >= 0 && !p.same(i, j) {
		i--
	}
	if i < 0 {
		i = len(p.known) - 1
	}
	for i >= 0 && j >= 0 {
		near := p.near(i, j)
		if near < 0 {
			p.lookUp(i, j)
			break
		}
		p.meet(near, j)
		i, j = near-1, j-1
	}
}

// withdraw finds what was published and is not in the Version, though what is before it is.
func (p *pairing) withdraw() {
	due := -1
	for i := 0; i <= p.last; i++ {
		if j := int(p.known[i]); j >= 0 {
			if due >= 0 && j > due {
				p.kept = j
			}
			due = j + 1
		}
	}
	if due >= 0 && due < len(p.old.segments) {
		p.kept = len(p.old.segments)
	}
}

// near returns the last segment of v up to i that is segment j of old, if that is not far.
func (p *pairing) near(i, j int) int {
	const far = 8
	for k := i; k >= 0 && k > i-far; k-- {
		if p.same(k, j) {
			return k
		}
	}
	return -1
}

func (p *pairing) meet(i, j int) {
	p.known[i] = int32(j)
	p.last = max(p.last, i)
}

// name is what two segments have in common that are one.
type name struct {
	uri          string
	offset, size int64
}

// lookUp finds the segments of v up to i among those of old up to j. Of those that are alike in old the last one counts.
func (p *pairing) lookUp(i, j int) {
	places := make(map[name]int32, j+1)
	for k := range p.old.segments[:j+1] {
		s := &p.old.segments[k]
		places[nameOf(s.uri.of(p.old.text), p.old.windows[s.window])] = int32(k)
	}
	var uri []byte
	for ; i >= 0; i-- {
		s := &p.v.segments[i]
		raw, w := s.uri.of(p.v.text), p.v.windows[s.window]
		uri = append(append(uri[:0], p.folder(i)...), raw...)
		if at, ok := places[nameOf(uri, w)]; ok && int(at) <= j {
			p.meet(i, int(at))
			j = int(at) - 1
		}
	}
}

func nameOf(uri []byte, w window) name {
	offset := w.offset
	if w.loose {
		offset = -1
	}
	return name{string(uri), offset, w.size}
}

// folder returns what stands before the URI of segment i.
func (p *pairing) folder(i int) string { return p.folders[p.v.named[i]] }

// same reports whether segment i of v is segment j of old.
func (p *pairing) same(i, j int) bool {
	a, b := &p.v.segments[i], &p.old.segments[j]
	folder := p.folder(i)
	x, y := p.v.windows[a.window], p.old.windows[b.window]
	if x.size != y.size || x.offset != y.offset && !x.loose && !y.loose {
		return false
	}
	raw, uri := a.uri.of(p.v.text), b.uri.of(p.old.text)
	return len(uri) == len(folder)+len(raw) && string(uri[:len(folder)]) == folder && bytes.Equal(uri[len(folder):], raw)
}
