package recording

import (
	"slices"
	"strings"

	"github.com/hlsship/hlsship/hls"
)

const dateRange = "#EXT-X-DATERANGE:"

// ranges are the date ranges of a list, each of which is listed once (RFC 8216 §4.3.2.7).
type ranges struct {
	all   map[string]*attributes // by ID, or by the line of one without
	lines map[string]string      // the ID of each line
}

// attributes are a tag's, in their order. A name that is stated again has its newest value.
type attributes struct {
	names  []string
	values map[string]string
	listed bool
}

func newRanges() ranges { return ranges{make(map[string]*attributes), make(map[string]string)} }

// add takes in the lines of an entry.
func (x *ranges) add(lines []string) {
	for _, l := range lines {
		if _, ok := x.lines[l]; ok {
			continue
		}
		list, _ := strings.CutPrefix(l, dateRange)
		id, ok := hls.Attribute(list, "ID")
		if id = "ID" + id; !ok {
			id = l
		}
		x.lines[l] = id
		a := x.all[id]
		if a == nil {
			a = &attributes{values: make(map[string]string)}
			x.all[id] = a
		}
		if ok {
			a.add(list)
		}
	}
}

func (a *attributes) add(list string) {
	for name, value := range hls.Attributes(list) {
		if _, ok := a.values[name]; !ok {
			a.names = append(a.names, name)
		}
		a.values[name] = value
	}
}

// take returns what is to be listed for the lines of an entry.
func (x *ranges) take(lines []string) (all []string) {
	for _, l := range lines {
		a := x.all[x.lines[l]]
		if a.listed {
			continue
		}
		a.listed = true
		if len(a.names) == 0 {
			all = append(all, l)
			continue
		}
		parts := make([]string, 0, len(a.names))
		for _, name := range a.names {
			parts = append(parts, name+"="+a.values[name])
		}
		all = append(all, dateRange+strings.Join(parts, ","))
	}
	return slices.Clip(all)
}
