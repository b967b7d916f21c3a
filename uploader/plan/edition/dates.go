package edition

import (
	"bytes"
	"time"
)

// date returns when segment i of c was, by the last date stated up to it and the durations since; ok is false if none is, or if a
// discontinuity lies between.
func (c *cut) date(i int) (at time.Time, ok bool) {
	if c.dates == 0 {
		return at, false
	}
	var since time.Duration // a day for each segment at most, of which a text has 2^20
	const longest = 1 << 61
	for !c.segments[i].has(dated) {
		if i == 0 || c.segments[i].has(broken) || since > longest {
			return at, false
		}
		i--
		since += c.segments[i].length
	}
	c.lines(c.begin(i), c.segments[i].end, func(l line) {
		if l.word == dateTime {
			at, ok = parseDate(l.value(c.text).of(c.text))
		}
	})
	return at.Add(since), ok
}

// parseDate reads an ISO 8601 date as packagers write it, ffmpeg without a colon in the time zone.
func parseDate(value []byte) (at time.Time, ok bool) {
	const longest = 64
	if len(value) > longest {
		return at, false
	}
	for _, layout := range [...]string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999Z07", "2006-01-02T15:04:05.999999999"} {
		if at, err := time.Parse(layout, string(bytes.TrimSpace(value))); err == nil {
			return at, true
		}
	}
	return at, false
}

// dateTag returns EXT-X-PROGRAM-DATE-TIME without an end of line; empty if no player could read it. Milliseconds are enough for the date
// of a run's beginning, but not for sums: half a millisecond a segment is twenty seconds a day.
func dateTag(at time.Time) string {
	if at = at.Round(time.Microsecond); at.Year() < 1 || at.Year() > 9999 {
		return ""
	}
	layout := "2006-01-02T15:04:05.000Z07:00"
	if at.Nanosecond()%int(time.Millisecond) != 0 {
		layout = "2006-01-02T15:04:05.000000Z07:00"
	}
	return "#EXT-X-PROGRAM-DATE-TIME:" + at.Format(layout)
}

// clock dates the segments that a Version adds where its packager does not.
type clock struct {
	version *Version
	begun   func(int) time.Time
	// due is when what is listed next begins, if told. went is true once that follows from what is published.
	due        time.Time
	told, went bool
	stretch
}

// stretch is a part of the Version without a discontinuity, the one that was looked at last: its segments from from to to. theirs is true if its
// packager dates it; at is when segment here of it was, if known.
type stretch struct {
	from, to, here int
	theirs, known  bool
	at             time.Time
}

// dates reports whether the packager dates the stretch without a discontinuity that segment i stands in.
func (k *clock) dates(i int) bool {
	s := k.version.segments
	if k.version.dates == 0 {
		return false
	}
	if i >= k.from && i < k.to {
		return k.theirs
	}
	k.stretch = stretch{from: i, here: -1}
	for k.from > 0 && !s[k.from].has(broken) {
		k.from--
	}
	k.theirs = s[k.from].has(dated)
	for k.to = k.from + 1; k.to < len(s) && !s[k.to].has(broken); k.to++ {
		k.theirs = k.theirs || s[k.to].has(dated)
	}
	return k.theirs
}

// said returns when segment i was by what the packager says before it, in a stretch that it dates. It is asked for ever later ones.
func (k *clock) said(i int) (at time.Time, ok bool) {
	for k.here = max(k.here, k.from-1); k.here < i; {
		if k.here >= k.from {
			k.at = k.at.Add(k.version.segments[k.here].length)
		}
		if k.here++; k.version.segments[k.here].has(dated) {
			k.at, k.known = k.version.date(k.here)
		}
	}
	return k.at, k.known
}

// follow says that what is listed next comes behind segment j of old.
func (k *clock) follow(old *cut, j int) {
	if k.due, k.told = old.date(j); k.told {
		k.pass(old.segments[j].length)
	}
}

// pass says that a segment of that length is listed.
func (k *clock) pass(length time.Duration) { k.due = k.due.Add(length) }

// begin returns what to state as the date of segment i, which is listed for the first time; ok is false if nothing is to be stated.
// Where a stretch begins that is when its packager began it. Behind another segment it follows from its date, unless time was lost
// since: players that keep their timeline by the wall clock stand still if nobody tells them.
func (k *clock) begin(i int, begins bool) (at time.Time, ok bool) {
	if k.begun == nil {
		return at, false
	}
	own := k.begun(i)
	if own.IsZero() {
		k.told = k.told && !begins
		return at, false
	}
	if begins || !k.told {
		k.due, k.told = own.UTC().Round(time.Millisecond), true
		return k.due, true
	}
	before := time.Time{}
	if i > 0 {
		before = k.begun(i - 1)
	}
	if before.IsZero() {
		return at, false
	}
	lost := min(own.Sub(before)-k.version.segments[i-1].length, own.Sub(k.due))
	if lost <= max(k.version.target, time.Second)/2 {
		return at, false
	}
	k.due = k.due.Add(lost).Round(time.Millisecond)
	return k.due, true
}
