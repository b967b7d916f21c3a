package recording

import (
	"fmt"
	"slices"
	"time"

	"github.com/hlsship/hlsship/uploader/plan/edition"
)

// Recording is what chunks say of one media playlist of a session. It is made by New or ReadClosed.
type Recording struct {
	list    string
	whole   edition.Whole
	begun   bool
	entries []*entry // by their numbers, which ascend
}

// New returns the Recording of the media playlist with that path in the folder of its session, of which nothing is known yet.
func New(list string) *Recording { return &Recording{list: list} }

// ReadClosed reads a closing list that Close made, whose path in the folder of its session is list, to clip it. Its entries have the numbers of that
// list. The error wraps ErrFormat.
func ReadClosed(text []byte, list string) (*Recording, error) {
	p, _, err := readText(text, list, Facts{})
	if err != nil {
		return nil, err
	}
	for i, e := range p.entries {
		if r, ok := p.remark(i); ok {
			e.done = r.done
		}
	}
	return &Recording{list: list, whole: p.whole, begun: true, entries: p.entries}, nil
}

// Add takes in a chunk behind those that were given out before it. It may be one that was taken in already. An error leaves the Recording as it
// was, and is one of ErrVersion, ErrFormat, ErrTruncated and ErrTooLarge, or wraps it: the others can be taken in nevertheless.
func (r *Recording) Add(chunk []byte) error {
	p, err := readChunk(chunk, r.list)
	if err == nil && r.begun && !sameDefines(p.whole, r.whole) {
		if chunk, err = expanded(chunk); err == nil {
			p, err = readChunk(chunk, r.list)
		}
	}
	if err != nil {
		return err
	}
	if len(r.entries)+len(p.entries) > maxEntries {
		return fmt.Errorf("%w: %d entries", ErrTooLarge, len(r.entries)+len(p.entries))
	}
	r.join(p.whole)
	for _, e := range p.entries {
		at, ok := search(r.entries, e.Number)
		if ok {
			r.entries[at].take(e)
			continue
		}
		if at > 0 {
			e.share(r.entries[at-1])
		}
		r.entries = slices.Insert(r.entries, at, e)
	}
	for _, b := range p.binds {
		if at, ok := search(r.entries, b.number); ok && !r.entries[at].leads(b.folder) {
			r.entries[at].bind(b.folder, b.done)
		}
	}
	return nil
}

// join takes in what a chunk says of all entries.
func (r *Recording) join(w edition.Whole) {
	if r.begun {
		w.Defines = r.whole.Defines
		w.Independent = w.Independent && r.whole.Independent
	}
	r.begun = true
	w.Version, w.Target, w.IFrames = max(w.Version, r.whole.Version), max(w.Target, r.whole.Target), w.IFrames || r.whole.IFrames
	r.whole = w
}

// List returns the path of the media playlist in the folder of its session.
func (r *Recording) List() string { return r.list }

// Len returns the number of entries, those that are not stored included.
func (r *Recording) Len() int { return len(r.entries) }

// Target returns the largest target duration that its entries need and its packager stated. That of a session is the largest of its recordings.
func (r *Recording) Target() time.Duration {
	longest := r.whole.Target
	for _, e := range r.entries {
		longest = max(longest, e.Length.Round(time.Second))
	}
	return longest
}

// Entry is one segment of a Recording.
type Entry struct {
	// Number is the packager's media sequence number; in what ReadClosed read, that of the closing list.
	Number uint64
	// Begins is when it begins, zero if nobody knows: by the packager's dates if Dated, else by when its bytes were complete.
	Begins time.Time
	Dated  bool
	// Duration is its EXTINF.
	Duration time.Duration
	// Path is where its bytes are in the folder of the session, empty if they are elsewhere. Needs are the paths of its keys and map.
	Path  string
	Needs []string
	// Bound is false for a hole, and Gap true for what the packager marked with EXT-X-GAP, which has no bytes.
	Bound, Gap bool
	// Estimated says that nobody saw it listed, so that its Duration is a guess: see Fill.
	Estimated bool
}

// Entries returns all entries in their order.
func (r *Recording) Entries() []Entry {
	all, at := make([]Entry, len(r.entries)), r.times()
	for i, e := range r.entries {
		all[i] = Entry{e.Number, at[i].begins, at[i].dated, e.Length, e.path(r.list), paths(e.Way.needs), e.state == Bound, e.gap(), e.guessed}
	}
	return all
}

// moment is when an entry begins.
type moment struct {
	begins       time.Time
	known, dated bool
}

// times returns when the entries begin: by the dates that count for them (RFC 8216 §4.3.2.6), else by when they were complete.
func (r *Recording) times() []moment {
	all := make([]moment, len(r.entries))
	for i, e := range r.entries {
		connected := i > 0 && e.follows(r.entries[i-1]) && !e.broken && all[i-1].known
		switch {
		case e.Begins != nil:
			all[i] = moment{*e.Begins, true, true}
		case connected && (all[i-1].dated || e.done == 0):
			all[i] = moment{all[i-1].begins.Add(r.entries[i-1].Length), true, all[i-1].dated}
		case e.done > 0:
			all[i] = moment{time.UnixMilli(e.done).UTC().Add(-e.Length), true, false}
		}
	}
	for i := len(all) - 2; i >= 0; i-- {
		if e, next := r.entries[i], all[i+1]; next.known && (!all[i].known || next.dated && !all[i].dated) && r.entries[i+1].follows(e) && !r.entries[i+1].broken {
			all[i] = moment{next.begins.Add(-e.Length), true, next.dated}
		}
	}
	return all
}

// isStored reports whether an entry can be listed.
func (r *Recording) isStored(e *entry, stored func(path string, end int64) bool) bool {
	if e.state != Bound {
		return false
	}
	return stored == nil || (e.gap() || r.hasCome(e, stored)) && !slices.ContainsFunc(e.Way.needs, func(n need) bool { return !stored(n.path, n.end) })
}

// hasCome reports whether the bytes of an entry are stored, or are elsewhere.
func (r *Recording) hasCome(e *entry, stored func(path string, end int64) bool) bool {
	path := e.path(r.list)
	return path == "" || stored(path, e.end())
}

// Claim binds the holes whose bytes are stored, which nobody knew of any more: no file of a session is replaced by another one. stored is that of
// Choices.
func (r *Recording) Claim(stored func(path string, end int64) bool) {
	for _, e := range r.entries {
		if e.state != Bound && !e.gap() && e.path(r.list) != "" && r.hasCome(e, stored) {
			e.bind("", 0)
		}
	}
}

// Recall has segments whose keys or map are not stored be read with those that were said before, if these are. stored is that of Choices.
func (r *Recording) Recall(stored func(path string, end int64) bool) {
	lacks := func(w *way) bool {
		return slices.ContainsFunc(w.needs, func(n need) bool { return !stored(n.path, n.end) })
	}
	for _, e := range r.entries {
		if e.before != nil && lacks(e.Way) && !lacks(e.before) {
			e.Way, e.before = e.before, nil
		}
	}
}
