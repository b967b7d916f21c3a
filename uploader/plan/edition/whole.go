package edition

import (
	"bytes"
	"slices"
	"strings"
	"time"
)

// writeTail lists what stays of older runs, and of what the packager withdrew, in front of all lines that are of the Version's segments.
func (n *next) writeTail() {
	if n.tail.from == n.tail.to {
		return
	}
	v, old := n.v, n.old
	n.insert(v.start, old.copyOf(n.tail.from, n.tail.to, v.eol))
	if n.first < v.Len() {
		n.insert(v.start, n.unlocked(old.all[old.segments[n.tail.to-1].way], v.all[v.segments[n.first].way]))
	}
	for range n.tail.to - n.tail.from {
		n.places = append(n.places, -1)
	}
	n.need = max(n.need, old.version)
}

// unlocked returns what ends the keys of segments of old before one of the Version, empty if that states others in their places.
func (n *next) unlocked(old, now way) string {
	for _, k := range old.keys {
		if k != 0 && !n.v.has(now.keys, n.old.format(k)) {
			return "#EXT-X-KEY:METHOD=NONE" + n.v.eol
		}
	}
	return ""
}

// uses reports whether segments have variables.
func (c *cut) uses(from, to int) bool {
	return bytes.Contains(c.text[c.begin(from):c.segments[to-1].end], []byte("{$"))
}

// defines returns the lines that say what variables are.
func (c *cut) defines() (all []string) {
	for _, l := range c.tags {
		if l.word == define {
			all = append(all, string(l.trimmed.of(c.text)))
		}
	}
	return all
}

// copyOf returns the lines of segments, without those of the whole playlist, and says again what counted for the first of them by the lines before
// it.
func (c *cut) copyOf(from, to int, eol string) string {
	e := edits{}
	begin, end := c.begin(from), c.segments[to-1].end
	for _, lines := range [][]line{c.tags, c.parts} {
		for _, l := range lines {
			if l.all.at >= begin && l.all.at < end {
				e.remove(l)
			}
		}
	}
	if s := &c.segments[from]; from > 0 {
		e.insert(begin, c.restated(c.all[c.segments[from-1].way], c.all[s.way], eol, func(k int32) string { return string(c.keys[k].line.of(c.text)) }))
		if w := c.windows[s.window]; w.tail > 0 && !w.loose {
			e.insert(w.tail, "@"+decimal(uint64(w.offset)))
		}
		if at, ok := c.date(from); ok && !s.has(dated) {
			if tag := dateTag(at); tag != "" {
				e.insert(s.inf, tag+eol)
			}
		}
	}
	text := strings.TrimLeft(string(e.apply(c.text, begin, end)), "\r\n")
	if !strings.HasSuffix(text, "\n") && !strings.HasSuffix(text, "\r") {
		text += eol
	}
	return text
}

// wanted returns the values of tags of the whole playlist that are not the Version's.
func (n *next) wanted() map[word]string {
	v, want := n.v, make(map[word]string)
	if n.number != v.first && len(n.places) > 0 {
		want[sequence] = decimal(n.number)
	}
	if n.base != v.base || !v.fixed && !v.states(discontinuitySequence) {
		want[discontinuitySequence] = decimal(n.base)
	}
	if longest := n.old.longest(n.tail.from, n.tail.to); longest > v.target {
		want[target] = decimal(uint64(longest / time.Second))
	}
	if n.need > max(v.version, 1) {
		want[version] = decimal(n.need)
	}
	return want
}

// states reports whether there is such a line of the whole playlist.
func (c *cut) states(w word) bool {
	return slices.ContainsFunc(c.tags, func(l line) bool { return l.word == w })
}

// writeWhole edits the lines of the whole playlist. Those that stand among the lines of the first segment go before the tail.
func (n *next) writeWhole() {
	v, want := n.v, n.wanted()
	moved := ""
	for _, l := range v.tags {
		value, replaced := want[l.word]
		now, s := edits{}, l.value(v.text)
		switch {
		case l.word == endList && n.HoldEnd:
			now.remove(l)
		case l.word == control:
			now.replace(withoutBlocking(v.text, l))
		case replaced:
			now.replace(s.at, s.end(), value)
		}
		if n.tail.from < n.tail.to && l.all.at > v.start && l.all.at < v.segments[0].uri.at {
			moved += string(now.apply(v.text, l.all.at, l.all.end()))
			n.remove(l)
			continue
		}
		for _, e := range now.all {
			n.replace(e.at, e.end, e.text)
		}
	}
	n.insertFirst(v.start, moved)
	n.addWhole(want)
	i := len(n.places) - 1
	kept := i >= 0 && n.places[i] >= 0 && n.number+uint64(i) == v.first+uint64(n.places[i])
	for _, l := range v.comments { // of a packager that copies a published list
		n.remove(l)
	}
	for _, l := range v.parts {
		if l.word != report || !kept {
			n.remove(l)
		}
	}
}

// addWhole states what the Version does not: before its media sequence, or behind the first line.
func (n *next) addWhole(want map[word]string) {
	v, text := n.v, ""
	for _, t := range [...]struct {
		word word
		name string
	}{
		{version, "#EXT-X-VERSION:"}, {target, "#EXT-X-TARGETDURATION:"}, {sequence, "#EXT-X-MEDIA-SEQUENCE:"}, {discontinuitySequence, "#EXT-X-DISCONTINUITY-SEQUENCE:"},
	} {
		if value, ok := want[t.word]; ok && !v.states(t.word) {
			text += t.name + value + v.eol
		}
	}
	if text == "" {
		return
	}
	if i := slices.IndexFunc(v.tags, func(l line) bool { return l.word == sequence }); i >= 0 && v.tags[i].all.at < v.start {
		n.insertFirst(v.tags[i].all.at, text)
		return
	}
	r := newReader(v.text)
	first, _ := r.next()
	if first.all.size == uint32(len(bytes.TrimRight(v.text, "\r\n"))) {
		text = v.eol + text
	}
	n.insertFirst(first.all.end(), text)
}

// withoutBlocking returns what becomes of EXT-X-SERVER-CONTROL: the attributes that promise what a bucket does not are taken out, and the
// line if no other is in it.
func withoutBlocking(text []byte, l line) (at, end uint32, now string) {
	value := l.value(text)
	all := strings.Split(string(value.of(text)), ",") // none of its attributes is quoted
	kept := slices.DeleteFunc(slices.Clone(all), taken)
	switch len(kept) {
	case 0:
		return l.all.at, l.all.end(), ""
	case len(all):
		return value.at, value.at, ""
	}
	return value.at, value.end(), strings.Join(kept, ",")
}

// longest returns the target duration that the segments need (RFC 8216 §4.3.3.1).
func (c *cut) longest(from, to int) (longest time.Duration) {
	for _, s := range c.segments[from:to] {
		longest = max(longest, s.length.Round(time.Second))
	}
	return longest
}
