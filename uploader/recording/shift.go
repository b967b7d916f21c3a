package recording

import (
	"slices"

	"github.com/hlsship/hlsship/uploader/plan/edition"
)

// Number returns the number under which t keeps segment i of a version that is given to Observe next, or was last: the packager's, unless its
// numbers slipped.
func (t *Track) Number(v *edition.Version, i int) uint64 { return v.Number(i) + t.shift }

// align finds out by how much the numbers of a version slipped, modulo 2^64: some packagers (hlssink of GStreamer) take a segment out of the list and
// count it later. If known numbers stand for other segments than before, they slipped by the amount under which all of them
// are what they were. If there is none, the packager wrote another file in the place of one.
func (t *Track) align(v *edition.Version, segment func(i int) *entry) {
	if _, differs := t.compare(v, segment, t.shift); !differs {
		return
	}
	known := make(map[spot]*entry, len(t.listed)+len(t.open))
	for _, e := range slices.Concat(t.listed, t.open) {
		known[e.named()] = e
	}
	for i, tries := 0, 0; i < v.Len() && tries < maxShifts; i++ {
		e := known[segment(i).named()]
		if e == nil {
			continue
		}
		tries++
		if same, differs := t.compare(v, segment, e.Number-v.Number(i)); same && !differs {
			t.shift = e.Number - v.Number(i)
			return
		}
	}
}

// named returns where the bytes of e are, by its URI.
func (e *entry) named() spot { return spot{e.folder + e.URI, e.Offset, e.Size} }

// maxShifts bounds how many are tried for one version.
const maxShifts = 8

// compare reports whether any entry is the same part of a file as what has its number in a version with that shift, and whether any differs.
func (t *Track) compare(v *edition.Version, segment func(i int) *entry, shift uint64) (same, differs bool) {
	for _, e := range slices.Concat(t.listed, t.open) {
		if i := e.Number - shift - v.Number(0); i < uint64(v.Len()) {
			is := e.sameBytes(segment(int(i)))
			same, differs = same || is, differs || !is
		}
	}
	return same, differs
}
