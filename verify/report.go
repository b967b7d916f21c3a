package verify

import (
	"cmp"
	"slices"
)

// The names of faults. They stay the same from version to version.
const (
	// Missing is a file that a playlist names and the bucket does not hold.
	Missing = "missing"
	// Truncated is an object that is shorter than the file on disk, Empty one without a byte.
	Truncated, Empty = "truncated", "empty"
	// Bytes is an object that holds other bytes than the file on disk.
	Bytes = "bytes"
	// Range is a byte range that ends beyond the object.
	Range = "range"
	// Unpublished is a playlist on disk that the bucket does not hold, Stale one of which it holds an older version.
	Unpublished, Stale = "unpublished", "stale"
	// Header is an object with another Content-Type or Cache-Control than hlsship sends.
	Header = "header"
	// Malformed is a playlist in the bucket that is none, and Unresolvable a name in one that can mean no file.
	Malformed, Unresolvable = "malformed", "unresolvable"
	// Duration is a segment without a duration, or with one beyond EXT-X-TARGETDURATION (RFC 8216 §4.3.3.1).
	Duration = "duration"
	// Sequence is a segment that has another media sequence number than on disk (RFC 8216 §6.2.1).
	Sequence = "sequence"
)

// Fault is one thing that is wrong.
type Fault struct {
	// ID is one of the names above.
	ID string `json:"id"`
	// Key is the whole key of the object that it is about; Playlist that of a playlist that names it, empty if it is about
	// a playlist itself.
	Key      string `json:"key"`
	Playlist string `json:"playlist,omitempty"`
	// Found says what is the case, Cure what to do about it, each as a sentence.
	Found string `json:"found"`
	Cure  string `json:"cure"`
	// Young is true if a file that was written within Patience is part of it: it may be on its way to the store.
	Young bool `json:"young,omitempty"`
}

// Report is what a Walk found.
type Report struct {
	// Playlists counts those that were read, Files the other objects that they name, and Ended the playlists that have ended.
	Playlists int `json:"playlists"`
	Ended     int `json:"playlists_ended"`
	Files     int `json:"files"`
	// Elsewhere counts the names that mean no file of this bucket.
	Elsewhere int `json:"elsewhere"`
	// Bytes is the size of Files and Playlists together.
	Bytes int64 `json:"bytes"`
	// Sized counts the objects that were compared with the directory by their size, Summed those of them whose bytes were compared
	// too. Headed counts the objects whose headers were seen.
	Sized  int `json:"compared_by_size"`
	Summed int `json:"compared_by_bytes"`
	Headed int `json:"headers_seen"`
	// ForeignETags is true if this store's ETags are no MD5 sums of the bytes.
	ForeignETags bool `json:"foreign_etags,omitempty"`
	// Faults are the first MostFaults of each name, Counts how many of each there are.
	Faults []Fault        `json:"faults"`
	Counts map[string]int `json:"counts"`

	young map[string]int // how many of Counts are Young
}

// MostFaults is how many faults of one name a Report lists. All are counted.
const MostFaults = 100

// Total returns how many faults there are.
func (r Report) Total() int {
	n := 0
	for _, count := range r.Counts {
		n += count
	}
	return n
}

// Young reports whether a fault may be about a file that is on its way.
func (r Report) Young() bool { return len(r.young) > 0 }

// Settled returns the report without faults that are Young: what is on its way after the second look is no fault.
func (r Report) Settled() Report {
	settled := r
	settled.young, settled.Counts = nil, map[string]int{}
	for id, n := range r.Counts {
		if n -= r.young[id]; n > 0 {
			settled.Counts[id] = n
		}
	}
	settled.Faults = slices.DeleteFunc(slices.Clone(r.Faults), func(f Fault) bool { return f.Young })
	return settled
}

// faults collects them.
type faults struct{ all []Fault }

func (f *faults) add(id, key, playlist string, young bool, found, cure string) {
	f.all = append(f.all, Fault{ID: id, Key: key, Playlist: playlist, Found: found, Cure: cure, Young: young})
}

// listed enters into r the first MostFaults of each name, sorted by name and key, and how many of each there are. What is not Young
// goes first, so that no flood of files on their way hides a fault.
func (f *faults) listed(r *Report) {
	slices.SortStableFunc(f.all, func(a, b Fault) int {
		young := 0
		if a.Young != b.Young {
			young = 1
			if b.Young {
				young = -1
			}
		}
		return cmp.Or(cmp.Compare(a.ID, b.ID), young, cmp.Compare(a.Key, b.Key))
	})
	r.Faults, r.Counts, r.young = []Fault{}, map[string]int{}, map[string]int{}
	for _, one := range f.all {
		if one.Young {
			r.young[one.ID]++
		}
		if r.Counts[one.ID]++; r.Counts[one.ID] <= MostFaults {
			r.Faults = append(r.Faults, one)
		}
	}
}
