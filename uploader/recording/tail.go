package recording

import (
	"path"
	"strconv"
	"strings"

	"github.com/hlsship/hlsship/hls"
)

// A segment is stored in the folder of a session only because a list named it, and players may have seen that list, even if the process died before
// it recorded so. What is stored after the last entry was therefore listed after it.

// goOn takes in what is stored behind the last entry.
func (r *Recording) goOn(by map[string][]string) (added int) {
	c, ok := r.counter()
	if !ok {
		return 0
	}
	last := r.entries[len(r.entries)-1]
	var known map[string]bool
	for _, name := range by[hls.Pattern(last.path(r.list))] {
		ahead, ok := c.ahead(name)
		number := last.Number + ahead
		if !ok || number < last.Number || number >= 1<<63 || len(r.entries) >= maxEntries {
			continue
		}
		if known == nil {
			known = make(map[string]bool, len(r.entries))
			for _, e := range r.entries {
				known[e.path(r.list)] = true
			}
		}
		if !known[name] {
			r.entries = append(r.entries, last.like(name, number, last.Length))
			added++
		}
	}
	return added
}

// counter is how the names of a list count.
type counter struct {
	runs []string // of the last name
	at   int      // which of these counts
	from uint64   // what it is there
	step uint64   // by how much it goes up with each segment
}

// counter returns how names go on behind the last entry; ok is false if nobody knows.
func (r *Recording) counter() (c counter, ok bool) {
	if len(r.entries) == 0 {
		return c, false
	}
	e := r.entries[len(r.entries)-1]
	name := e.path(r.list)
	if !e.isPlain(name) || e.gap() || len(e.Way.Keys) > 0 { // another key may have followed
		return c, false
	}
	if c.runs, c.at = stem(name), -1; len(r.entries) == 1 {
		for i, run := range c.runs {
			if from, err := strconv.ParseUint(run, 10, 63); err == nil {
				if c.at >= 0 {
					return c, false // it may be that of a rendition
				}
				c.at, c.from, c.step = i, from, 1
			}
		}
		return c, c.at >= 0
	}
	before := r.entries[len(r.entries)-2]
	old := before.path(r.list)
	if !before.isPlain(old) || hls.Pattern(old) != hls.Pattern(name) || !sameWay(before.Way, e.Way) {
		return c, false
	}
	for i, run := range stem(old) {
		if run == c.runs[i] {
			continue
		}
		was, err := strconv.ParseUint(run, 10, 63)
		from, wrong := strconv.ParseUint(c.runs[i], 10, 63)
		passed := e.Number - before.Number
		if c.at >= 0 || err != nil || wrong != nil || from <= was || (from-was)%passed != 0 {
			return c, false
		}
		c.at, c.from, c.step = i, from, (from-was)/passed
	}
	return c, c.at >= 0
}

// ahead returns how many segments a name of the same hls.Pattern is behind the last one; ok is false if it is not of its sequence.
func (c *counter) ahead(name string) (n uint64, ok bool) {
	for i, run := range stem(name) {
		if i != c.at {
			if run != c.runs[i] {
				return 0, false
			}
			continue
		}
		is, err := strconv.ParseUint(run, 10, 63)
		if err != nil || is <= c.from || (is-c.from)%c.step != 0 {
			return 0, false
		}
		n = (is - c.from) / c.step
	}
	return n, true
}

// stem takes the name of a file apart, without its extension: its numbers, and what is between them.
func stem(name string) []string {
	name = path.Base(name)
	return runs(strings.TrimSuffix(name, path.Ext(name)))
}
