package edition

import "slices"

// edit replaces the bytes of a text from at to end.
type edit struct {
	at, end uint32
	text    string
}

// edits are what becomes of a Version's text, in any order; those at one place stay in theirs.
type edits struct {
	all []edit
	// size is that of all texts in bytes, which a small text could have made as large as it likes.
	size int
}

// insert has text stand before at.
func (e *edits) insert(at uint32, text string) { e.replace(at, at, text) }

// insertFirst has text stand before at, and before all that others insert there.
func (e *edits) insertFirst(at uint32, text string) {
	if text == "" {
		return
	}
	e.all = slices.Insert(e.all, 0, edit{at, at, text})
	e.size += len(text)
}

// remove takes a line out.
func (e *edits) remove(l line) { e.replace(l.all.at, l.all.end(), "") }

func (e *edits) replace(at, end uint32, text string) {
	if at == end && text == "" {
		return
	}
	e.all = append(e.all, edit{at, end, text})
	e.size += len(text)
}

// apply returns the part of a text from begin to end with its edits. They do not overlap, unless one takes the other out.
func (e *edits) apply(text []byte, begin, end uint32) []byte {
	out, _ := e.applyWith(text, begin, end, nil, nil)
	return out
}

// applyWith returns the part of a text from begin to end with its edits, and with folders before references. omitted are the references that have
// none, or are taken out, ascending.
func (e *edits) applyWith(text []byte, begin, end uint32, references []place, folders []string) (out []byte, omitted []int) {
	size := int(end-begin) + e.size
	for _, f := range folders {
		size += len(f)
	}
	slices.SortStableFunc(e.all, func(a, b edit) int { return int(a.at) - int(b.at) })
	out = make([]byte, 0, size)
	from, next := begin, 0
	copyTo := func(to uint32) {
		for ; next < len(references) && references[next].at() < to; next++ {
			at := references[next].at()
			if folders[next] == "" || at < from {
				omitted = append(omitted, next)
				continue
			}
			out = append(append(out, text[from:at]...), folders[next]...)
			from = at
		}
		if to > from {
			out = append(out, text[from:to]...)
			from = to
		}
	}
	for _, d := range e.all {
		copyTo(d.at)
		out = append(out, d.text...)
		from = max(from, d.end)
	}
	copyTo(end)
	return out, omitted
}
