package journal

import "time"

// ration bounds how many lines of one sort the log is told in a minute. The zero ration has told none.
type ration struct {
	since time.Time
	told  int
}

// take reports whether the log may be told one more line, of as many a minute.
func (r *ration) take(lines int, now time.Time) bool {
	if r.over(now) {
		r.since, r.told = now, 0
	}
	r.told++
	return r.told <= lines
}

// over reports whether the minute is over that the last line was told in.
func (r *ration) over(now time.Time) bool { return now.Sub(r.since) >= time.Minute }
