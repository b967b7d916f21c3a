package disk

import (
	"math"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// Version is one finished content of a path. Versions with equal bytes, and those of a file that grows, share their ID. The zero value
// has no bytes. One goroutine owns it.
type Version struct {
	// ID numbers versions in the order in which they were heard of.
	ID uint64
	// File is the fact that told of it; zero but for Version.Size if it is known from the store alone. Methods of Version alone write it.
	File hls.File

	head       int64 // how many of its bytes the store held when it was finished
	comparison Comparison
	noted      string    // the ETag under which an earlier process stored these bytes; empty if that is not known
	vetted     bool      // it stayed although a playlist lists younger bytes before it
	again      time.Time // when somebody wrote these very bytes once more; zero if nobody did
	custody
}

// Comparison says how far a version was compared with what the store holds under its key.
type Comparison uint8

const (
	// Unasked is not at all, and need not be.
	Unasked Comparison = iota
	// Careful is not yet, and it is found out before the bytes are sent, although the store hardly has them.
	Careful
	// Open is not yet: the store may hold these bytes, which is found out before they are sent.
	Open
	// Listed is Open, where a listing showed an object of the same size and does not tell whether it has these bytes.
	Listed
	// Compared is to the end.
	Compared
)

// New returns a version of those bytes. An ETag under which an earlier process stored them is empty if there is none.
func New(id uint64, f hls.File, noted string) *Version {
	return &Version{ID: id, File: f, noted: noted}
}

// Stored returns a version that is known from the store alone, of so many bytes.
func Stored(id uint64, size int64) *Version {
	v := &Version{ID: id, File: hls.File{Version: hls.Version{Size: size}}}
	v.Want()
	return v
}

// Longer returns the version of a file that grew from v to f, of which the store holds head bytes.
func (v *Version) Longer(f hls.File, head int64) *Version {
	longer := &Version{ID: v.ID, File: f, head: head, comparison: Compared}
	if v.wanted {
		longer.Want()
	}
	return longer
}

// Size is how many bytes are to be stored for v.
func (v *Version) Size() int64 { return v.File.Version.Size - v.head }

// Reach is how many bytes of a file v has: those of a growing file are versions of one ID, each longer than the one
// before it. What is finished is whole, and reaches to every range that a playlist may name.
func (v *Version) Reach() int64 {
	if v.File.State == hls.Growing {
		return v.File.Version.Size
	}
	return math.MaxInt64
}

// Reaches reports whether v has so many bytes as a reference needs. What is known from the store alone may be the
// beginning of a file that grew.
func (v *Version) Reaches(need int64) bool {
	if v.File.State == 0 && need != math.MaxInt64 {
		return v.File.Version.Size >= need
	}
	return v.Reach() >= need
}

// Witnessed reports whether the completion of v was seen, so that v is as young as its fact.
func (v *Version) Witnessed() bool { return v.File.State == hls.Settled && !v.File.Found }

// Is gives v the ID of other, which has the same bytes.
func (v *Version) Is(other *Version) { v.ID = other.ID }

// Spend takes the source of v out, which is nil if that was done before.
func (v *Version) Spend() hls.Source {
	s := v.File.Source
	v.File.Source = nil
	return s
}

// Again notes that the bytes of v were written once more, as f tells. What kept the file before keeps it no longer.
func (v *Version) Again(f hls.File) {
	f.Named = f.Named || v.File.Named
	v.File, v.again = f, f.Seen
	v.Unkeep()
}

// WrittenAgain returns when somebody was last seen to have written the very bytes of v once more; zero if nobody was.
func (v *Version) WrittenAgain() time.Time { return v.again }

// Refresh notes that v was reported once more, by f. Whoever calls it has the source of f that is to be released, nil for none.
func (v *Version) Refresh(f hls.File) hls.Source {
	v.File.Named = v.File.Named || f.Named
	if v.File.Sum == (hls.Sum{}) {
		v.File.Sum = f.Sum // what an earlier process left nobody read
	}
	if v.File.Source != nil {
		return f.Source
	}
	v.File.Source = f.Source
	return nil
}

// Vetted reports whether v stayed although a playlist lists younger bytes before it, and Vet notes that it did.
func (v *Version) Vetted() bool { return v.vetted }

// Vet notes that v stayed although a playlist lists younger bytes before it.
func (v *Version) Vet() { v.vetted = true }

// Noted returns the ETag under which an earlier process stored v; empty if that is not known.
func (v *Version) Noted() string { return v.noted }

// Unnote forgets it.
func (v *Version) Unnote() { v.noted = "" }

// Comparison says how far v was compared with what the store holds.
func (v *Version) Comparison() Comparison { return v.comparison }

// Questioned reports whether it is to be found out before the bytes are sent whether the store holds them.
func (v *Version) Questioned() bool { return v.comparison > Unasked && v.comparison < Compared }

// Question notes that the store may hold the bytes of v.
func (v *Version) Question() { v.comparison = max(v.comparison, Open) }

// Suspect notes that the store hardly holds the bytes of v, and is to be asked all the same.
func (v *Version) Suspect() { v.comparison = max(v.comparison, Careful) }

// Reopen notes that all is void that was known of v and the store.
func (v *Version) Reopen() { v.comparison, v.noted = Open, "" }

// List notes that a listing showed an object of the size of v.
func (v *Version) List() { v.comparison = Listed }

// Close notes that there is nothing to be found out any more.
func (v *Version) Close() {
	if v.comparison != Compared {
		v.comparison = Unasked
	}
}

// Compare notes that v was compared to the end.
func (v *Version) Compare() { v.comparison = Compared }

// Compared reports whether it was.
func (v *Version) Compared() bool { return v.comparison == Compared }
