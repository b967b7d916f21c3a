package recording

import (
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// Fill takes in what nobody saw listed, but is stored between two segments that follow one another here: the files whose names are between
// theirs, alike but for the numbers that change, if there are as many as numbers are missing; and what is stored behind the last one, if its name counts on
// as the names before it do. Their durations are estimated (Entry.Estimated). stored are paths in the folder of the session, in any order. It is called
// behind Add and Join. added is how many there are.
//
// Nothing is taken in where a key or a map changes or, after the last segment, may change; nor byte ranges, nor names with percent escapes or a
// query, as nobody could say how their packager would have written them. Where the names of two segments follow one another nothing is missing
// between them.
func (r *Recording) Fill(stored []string) (added int) {
	by := make(map[string][]string) // by their hls.Pattern
	for _, p := range stored {
		pattern := hls.Pattern(p)
		by[pattern] = append(by[pattern], p)
	}
	for _, names := range by {
		slices.SortFunc(names, inOrder)
	}
	at, all := r.times(), make([]*entry, 0, len(r.entries))
	shift := uint64(0) // modulo 2^64
	for i, e := range r.entries {
		if e.Number += shift; i > 0 {
			before := r.entries[i-1]
			missing := e.Number - before.Number - 1
			found := r.between(before, e, missing, by)
			if n := uint64(len(found)); e.apart && (n > 0 || r.isNext(before, e)) {
				shift += n - missing
				e.Number += n - missing
				e.apart = false
			}
			length := before.Length
			if n := time.Duration(len(found)); n > 0 && at[i-1].known && at[i].known {
				if lost := at[i].begins.Sub(at[i-1].begins) - before.Length; lost > n*length/2 && lost < 2*n*length {
					length = lost / n
				}
			}
			for _, p := range found {
				all = append(all, before.like(p, all[len(all)-1].Number+1, length))
			}
			added += len(found)
		}
		all = append(all, e)
	}
	r.entries = all
	return added + r.goOn(by)
}

// isNext reports whether the names of two entries say that there is none between them: one number in them goes up by one.
func (r *Recording) isNext(a, b *entry) bool {
	if a.state != Bound || b.state != Bound || a.Size > 0 || b.Size > 0 {
		return false
	}
	from, to := runs(a.path(r.list)), runs(b.path(r.list))
	if len(from) != len(to) {
		return false
	}
	next := false
	for i := range from {
		if from[i] == to[i] {
			continue
		}
		was, err := strconv.ParseUint(from[i], 10, 63)
		is, wrong := strconv.ParseUint(to[i], 10, 63)
		if next || err != nil || wrong != nil || is != was+1 {
			return false
		}
		next = true
	}
	return next
}

// between returns the paths of what is missing between two entries.
func (r *Recording) between(a, b *entry, missing uint64, by map[string][]string) (found []string) {
	from, to := a.path(r.list), b.path(r.list)
	if missing == 0 || b.state != Bound || b.Size > 0 || !a.isPlain(from) || hls.Pattern(from) != hls.Pattern(to) || !sameWay(a.Way, b.Way) {
		return nil
	}
	names := by[hls.Pattern(from)]
	first, _ := slices.BinarySearchFunc(names, from, inOrder)
	for ; first < len(names) && hls.NaturalLess(names[first], to); first++ {
		if names[first] != from && counts(from, to, names[first]) {
			found = append(found, names[first])
		}
	}
	if !b.apart && uint64(len(found)) != missing || len(found)+len(r.entries) > maxEntries {
		return nil
	}
	return found
}

// isPlain reports whether the URI of an entry that has this path says what those of its neighbours are.
func (e *entry) isPlain(at string) bool {
	return e.state == Bound && e.Size == 0 && at != "" && strings.HasSuffix(e.URI, path.Base(at)) && !strings.ContainsAny(e.URI, "%?#")
}

// counts reports whether a name is between two others by the numbers that change between these: what both have alike, such as the number of a
// rendition, it has too.
func counts(from, to, name string) bool {
	a, b, c := runs(from), runs(to), runs(name)
	if len(a) != len(b) || len(a) != len(c) {
		return false
	}
	for i := range a {
		if a[i] == b[i] && a[i] != c[i] {
			return false
		}
	}
	return true
}

// runs takes a name apart: its numbers, and what is between them.
func runs(name string) (all []string) {
	isDigit := func(c byte) bool { return c >= '0' && c <= '9' }
	from := 0
	for i := 1; i <= len(name); i++ {
		if i == len(name) || isDigit(name[i]) != isDigit(name[i-1]) {
			all = append(all, name[from:i])
			from = i
		}
	}
	return all
}

// inOrder compares names as their packager counts.
func inOrder(a, b string) int {
	switch {
	case a == b:
		return 0
	case hls.NaturalLess(a, b):
		return -1
	}
	return 1
}

// sameWay reports whether both have the same keys and map.
func sameWay(a, b *way) bool {
	if a == b {
		return true
	}
	var x, y pen
	x.turn(a, 0, false)
	y.turn(b, 0, false)
	return string(x.out) == string(y.out)
}

// like returns an entry like e of another file.
func (e *entry) like(p string, number uint64, length time.Duration) *entry {
	name := path.Base(e.URI)
	n := &entry{state: Bound, guessed: true, folder: e.folder}
	n.Number, n.Length, n.Way = number, length, e.Way
	n.Lines = fmt.Sprintf("#EXTINF:%.3f,\n", length.Seconds())
	n.URI = strings.TrimSuffix(e.URI, name) + path.Base(p)
	n.ref = strings.TrimSuffix(e.ref, name) + path.Base(p)
	return n
}
