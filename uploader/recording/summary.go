package recording

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"
)

// summaryVersion is that of the form of session.json: higher ones have other fields, or mean something else by them.
const summaryVersion = 1

// Summary is what session.json says of a session that is closed. Durations are in seconds.
type Summary struct {
	// Version is 1.
	Version int `json:"version"`
	// Session is the name of its folder, Why why it was closed, and When.
	Session string    `json:"session"`
	Why     Reason    `json:"why"`
	When    time.Time `json:"when"`
	// Begins is when its first segment begins, zero if nobody knows: by the packager's dates, else by when its bytes were complete.
	Begins time.Time `json:"begins,omitzero"`
	// Duration is that of its longest list.
	Duration float64 `json:"duration"`
	// Segments, Holes and Missing are the sums of its lists, Bytes those that its media have.
	Segments int   `json:"segments"`
	Holes    int   `json:"holes"`
	Missing  int   `json:"missing"`
	Bytes    int64 `json:"bytes"`
	// Lists are its media playlists, and Multivariants its multivariant ones, by their paths.
	Lists         []ListSummary         `json:"lists"`
	Multivariants []MultivariantSummary `json:"multivariants,omitempty"`
	// Index is how many chunks each list, be it a multivariant one, had when the session was closed; nil if nobody said so.
	Index map[string]int `json:"index,omitempty"`
}

// Includes reports whether a session was closed with so many chunks of each list. known is false if nobody said with how many.
func (s *Summary) Includes(index map[string]int) (all, known bool) {
	for list, n := range index {
		if s.Index[list] < n {
			return false, s.Index != nil
		}
	}
	return true, s.Index != nil
}

// ListSummary is what a Summary says of a media playlist.
type ListSummary struct {
	// Path is where it stands in the folder of the session.
	Path string `json:"path"`
	// Segments is how many it lists, Duration how long they are, and Estimated of how many nobody saw the duration (Fill).
	Segments  int     `json:"segments"`
	Duration  float64 `json:"duration"`
	Estimated int     `json:"estimated,omitempty"`
	// Missing is how many of its packager's segments are not stored; Holes is in how many places of the list some are missing.
	Missing int `json:"missing"`
	Holes   int `json:"holes"`
	// Head and Tail are how much of what is stored is cut at both ends, as the other renditions have nothing there.
	Head float64 `json:"head"`
	Tail float64 `json:"tail"`
	// Apart is true if the renditions should begin and end alike, and nobody knows when.
	Apart bool `json:"apart,omitempty"`
	// Refused says why there is no such closing list.
	Refused string `json:"refused,omitempty"`
}

// MultivariantSummary is what a Summary says of a multivariant playlist.
type MultivariantSummary struct {
	// Path is where it stands in the folder of the session, and Without are the URIs that the packager's text names and this one does not.
	Path    string   `json:"path"`
	Without []string `json:"without,omitempty"`
	// Refused says why there is none.
	Refused string `json:"refused,omitempty"`
}

// list takes in a closing list.
func (s *Summary) list(path string, r *Recording, closed *Closed, cut cut, span Span, stored func(path string, end int64) bool) {
	l := ListSummary{Path: path, Segments: closed.Entries, Duration: seconds(closed.Duration), Holes: closed.Holes, Apart: cut.apart}
	l.Head = seconds(r.storedDuration(Span{0, span.From}, stored))
	l.Tail = seconds(r.storedDuration(Span{span.To, r.Len()}, stored))
	at := r.times()
	for i, e := range r.entries {
		switch inside := i >= span.From && i < span.To; {
		case !r.isStored(e, stored):
			l.Missing++
		case inside && e.guessed:
			l.Estimated++
		}
	}
	const latest = 9999 // a year that a date has room for
	if begins := at[span.From]; begins.known && begins.begins.Year() > 0 && begins.begins.Year() <= latest && (s.Begins.IsZero() || begins.begins.Before(s.Begins)) {
		s.Begins = begins.begins.UTC()
	}
	s.Lists = append(s.Lists, l)
}

// sum adds up what the lists say.
func (s *Summary) sum() {
	slices.SortFunc(s.Lists, func(a, b ListSummary) int { return cmp.Compare(a.Path, b.Path) })
	for _, l := range s.Lists {
		s.Segments += l.Segments
		s.Holes += l.Holes
		s.Missing += l.Missing
		s.Duration = max(s.Duration, l.Duration)
	}
}

// text returns session.json.
func (s *Summary) text() []byte {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil { // it has no field that could fail
		return nil
	}
	return append(text, '\n')
}

// seconds returns a duration as a Summary has it, to the millisecond.
func seconds(d time.Duration) float64 { return float64(d.Milliseconds()) / 1000 }
