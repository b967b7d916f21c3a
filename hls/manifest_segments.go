package hls

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Bounds of what a template without a timeline is taken to name, for one representation.
const (
	// maxEstimate is how many segments at most, complete ones and those to come together.
	maxEstimate = 1024
	// minAhead and maxAhead are how many at least and at most are Hints where the manifest says when its
	// next version comes.
	minAhead, maxAhead = 4, 64
)

// manifest is the state while one text is read. All of it is walked through twice: first to count what it names against the
// budget, then to name it.
type manifest struct {
	list     Playlist
	budget   budget
	counting bool
	dynamic  bool
	// elapsed is the time from availabilityStartTime to publishTime; timed is false if it is unknown.
	elapsed time.Duration
	timed   bool
	// buffer is timeShiftBufferDepth; buffered is false if there is none.
	buffer   time.Duration
	buffered bool
	updates  bool            // minimumUpdatePeriod is there
	leader   *representation // the first that names a segment
	room     []byte          // where a name is made
}

// place is where segments of one representation belong.
type place struct {
	base   string
	folder bool // base names no file
	rep    *representation
	// start and length are the period's; bounded is false if its length is unknown.
	start, length time.Duration
	bounded       bool
	timescale     uint64
	offset        uint64 // presentationTimeOffset
	// number and time are those of the next segment; soft and hint say what it is.
	number, time uint64
	soft, hint   bool
}

// step takes a turn of a loop in. Those of the second walk are the same again, and one for each reference.
func (m *manifest) step() error {
	if !m.counting {
		return nil
	}
	return m.budget.step()
}

// readPeriods names what all periods name.
func (m *manifest) readPeriods(root *mpd) error {
	base, err := m.base("", root.BaseURL)
	if err != nil {
		return err
	}
	whole, limited := parseDuration(root.MediaPresentationDuration)
	end := time.Duration(0)
	for i := range root.Periods {
		p := &root.Periods[i]
		at := place{start: end}
		if start, ok := parseDuration(p.Start); ok {
			at.start = start
		}
		at.length, at.bounded = parseDuration(p.Duration)
		if i+1 < len(root.Periods) {
			if next, ok := parseDuration(root.Periods[i+1].Start); ok {
				at.length, at.bounded = next-at.start, true
			}
		} else if limited && !at.bounded {
			at.length, at.bounded = whole-at.start, true
		}
		at.length = max(at.length, 0)
		end = min(at.start+at.length, longest)
		if err := m.readPeriod(p, base, at); err != nil {
			return err
		}
	}
	return nil
}

func (m *manifest) readPeriod(p *period, base string, at place) error {
	base, err := m.base(base, p.BaseURL)
	if err != nil {
		return err
	}
	for i := range p.Sets {
		set := &p.Sets[i]
		folder, err := m.base(base, set.BaseURL)
		if err != nil {
			return err
		}
		for j := range set.Representations {
			r := &set.Representations[j]
			at := at
			at.rep = r
			if at.base, err = m.base(folder, r.BaseURL); err != nil {
				return err
			}
			at.folder = at.base == "" || strings.HasSuffix(withoutQuery(at.base), "/")
			if err := m.readRepresentation(at); err != nil {
				return err
			}
		}
	}
	return nil
}

// readRepresentation names what one representation names. A template comes before a list, and both before
// a single file.
func (m *manifest) readRepresentation(at place) error {
	r := at.rep
	err := m.step()
	switch {
	case err != nil:
	case r.Template != nil:
		if err = at.scale(&r.Template.segmentBase); err == nil {
			err = m.readTemplate(r.Template, &at)
		}
	case r.List != nil:
		if err = at.scale(&r.List.segmentBase); err == nil {
			err = m.readList(r.List, &at)
		}
	default:
		if r.Base != nil {
			err = m.addFiles(&at, r.Base.Initialization, r.Base.Index, nil)
		}
		if err == nil {
			err = m.addPart(&at, "", "", Media)
		}
	}
	if err != nil {
		return fmt.Errorf("representation %q: %w", clip(r.ID), err)
	}
	return nil
}

func (at *place) scale(b *segmentBase) error {
	at.timescale = 1
	if b.Timescale != nil {
		at.timescale = *b.Timescale
	}
	if b.Offset != nil {
		at.offset = *b.Offset
	}
	if at.timescale == 0 {
		return fmt.Errorf("%w: timescale 0", ErrMalformed)
	}
	return nil
}

// startNumber returns the number of the first segment of a template or list, 1 unless stated.
func (b *multipleBase) startNumber() uint64 {
	if b.StartNumber != nil {
		return *b.StartNumber
	}
	return 1
}

// readList names what a SegmentList names (§5.3.9.3).
func (m *manifest) readList(l *segmentList, at *place) error {
	if err := m.addFiles(at, l.Initialization, l.Index, l.Switching); err != nil {
		return err
	}
	number := l.startNumber()
	if l.Duration != nil {
		m.lasts(at, *l.Duration)
	}
	if l.Timeline != nil {
		m.lasts(at, l.Timeline.longestEntry())
	}
	for i := range l.Segments {
		if err := m.step(); err != nil {
			return err
		}
		s := &l.Segments[i]
		m.number(at, number)
		if err := m.addPart(at, s.Media, s.MediaRange, Media); err != nil {
			return err
		}
		if s.Index != "" {
			if err := m.add(at, s.Index, Reference{Kind: Media}); err != nil {
				return err
			}
		}
	}
	return nil
}

// readTemplate names what a SegmentTemplate names (§5.3.9.4).
func (m *manifest) readTemplate(t *segmentTemplate, at *place) error {
	for _, name := range [...]string{t.Init, t.SwitchingInit} {
		if name == "" {
			continue
		}
		if err := m.addFormatted(at, name, Reference{Kind: Init}); err != nil {
			return err
		}
	}
	initialization := t.Initialization
	if t.Init != "" {
		initialization = nil
	}
	if err := m.addFiles(at, initialization, t.segmentBase.Index, t.Switching); err != nil {
		return err
	}
	if t.Media == "" {
		return nil
	}
	names, err := m.compileSegments(t, at.rep)
	if err != nil {
		return err
	}
	at.number = t.startNumber()
	switch {
	case t.Timeline != nil:
		return m.readTimeline(t, names, at)
	case t.Duration != nil && *t.Duration > 0:
		at.time = at.offset
		m.lasts(at, *t.Duration)
		return m.estimate(t, names, at, *t.Duration)
	}
	at.time = at.offset
	return m.segments(names, at, 1, 0) // one for the whole period
}

// readTimeline names the segments of a SegmentTimeline (§5.3.9.6).
func (m *manifest) readTimeline(t *segmentTemplate, names *segmentNames, at *place) error {
	entries := t.Timeline.S
	for i := range entries {
		if err := m.step(); err != nil {
			return err
		}
		e := &entries[i]
		if e.T != nil {
			at.time = *e.T
		}
		if e.N != nil {
			at.number = *e.N
		}
		m.lasts(at, e.D)
		n := 1 + min(max(e.R, 0), mostSegments)
		if e.R < 0 && e.D > 0 {
			if i+1 == len(entries) || entries[i+1].T == nil {
				return m.estimate(t, names, at, e.D)
			}
			if next := *entries[i+1].T; next > at.time {
				n = 1 + clampCount(float64((next-at.time-1)/e.D))
			}
		}
		if err := m.segments(names, at, n, e.D); err != nil {
			return err
		}
	}
	return nil
}

// advance goes n segments on, each of which lasts d.
func (at *place) advance(n int64, d uint64) error {
	step := uint64(max(n, 0)) //nolint:gosec // it is not negative
	if step > 0 && d > (math.MaxUint64-at.time)/step || step > math.MaxUint64-at.number {
		return fmt.Errorf("%w: segments beyond 2^64", ErrMalformed)
	}
	at.number += step
	at.time += step * d
	return nil
}

// estimate names the segments of the length d from at on that the text does not count.
func (m *manifest) estimate(t *segmentTemplate, names *segmentNames, at *place, d uint64) error {
	each := float64(d) / float64(at.timescale)
	begin := (float64(at.time) - float64(at.offset)) / float64(at.timescale)
	const tolerance = 1e-6 // in segments: seconds with decimals are no round numbers in binary
	total := math.Inf(1)
	if at.bounded {
		total = math.Ceil((at.length.Seconds()-begin)/each - tolerance)
	}
	if t.EndNumber != nil {
		total = min(total, float64(*t.EndNumber)-float64(at.number)+1)
	}
	total = max(total, 0)
	from, done, ahead := 0.0, 0.0, float64(maxEstimate)
	switch {
	case !m.dynamic && !math.IsInf(total, 1):
		done, ahead = total, 0
	case m.dynamic && m.timed:
		edge := (m.elapsed - at.start).Seconds() - begin
		done = max(0, min(total, math.Floor(edge/each+tolerance)))
		if m.buffered {
			// A segment can be had for as long as the buffer is after its end, and for its own length.
			from = math.Floor((edge-m.buffer.Seconds())/each) - 1
		}
		if m.updates {
			ahead = max(minAhead, min(maxAhead, math.Ceil(m.list.UpdatePeriod.Seconds()/each)+2))
		}
		from = min(max(from, done+ahead-maxEstimate, 0), done)
	}
	end := min(total, done+ahead)
	if err := at.advance(clampCount(from), d); err != nil {
		return err
	}
	soft, all := clampCount(done-from), clampCount(end-from)
	at.soft = true
	if err := m.segments(names, at, soft, d); err != nil {
		return err
	}
	at.soft, at.hint = false, true
	return m.segments(names, at, all-soft, d)
}

// mostSegments is more than any text may count.
const mostSegments = 1 << 53

// clampCount returns a count of segments that is too large where f is.
func clampCount(f float64) int64 {
	switch {
	case f >= mostSegments:
		return mostSegments
	case f > 0:
		return int64(f)
	}
	return 0
}

// segments names n segments from at on, each of which lasts d.
func (m *manifest) segments(names *segmentNames, at *place, n int64, d uint64) error {
	ref := Reference{Kind: Media, Soft: at.soft, Hint: at.hint}
	if m.counting {
		first := *at
		if err := at.advance(n, d); err != nil {
			return err
		}
		for _, t := range names.templates {
			if err := m.count(&first, t, n, d); err != nil {
				return err
			}
		}
		return nil
	}
	for range n {
		first := at.number
		if names.timed {
			first = microseconds((float64(at.time) - float64(at.offset)) / float64(at.timescale))
		}
		m.number(at, first)
		for _, t := range names.templates {
			m.append(at, m.format(t, at), t.mark(ref))
		}
		if err := at.advance(1, d); err != nil {
			return err
		}
	}
	return nil
}

// number takes a segment into the numbers of the playlist, if it is one of the first representation. first is
// by what its name grows.
func (m *manifest) number(at *place, first uint64) {
	if m.counting {
		return
	}
	if m.leader == nil {
		m.leader = at.rep
		start := microseconds(at.start.Seconds())
		m.list.MediaSequence = start + min(first, 1<<61)
	}
	if m.leader == at.rep && !at.hint {
		m.list.Segments++
	}
}

func microseconds(seconds float64) uint64 {
	return uint64(clampCount(seconds * 1e6)) //nolint:gosec // it is not negative
}

// lasts notes how long a segment is.
func (m *manifest) lasts(at *place, ticks uint64) {
	m.list.TargetDuration = max(m.list.TargetDuration, fromSeconds(float64(ticks)/float64(at.timescale)))
}
