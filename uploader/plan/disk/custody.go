package disk

import "time"

// Wanted reports whether v is to be stored.
func (v *Version) Wanted() bool { return v.wanted }

// Want notes that v is to be stored.
func (v *Version) Want() { v.wanted = true }

// Unwant notes that nobody wants v any more.
func (v *Version) Unwant() { v.wanted, v.kept = false, false }

// Kept reports whether the source of v is kept, or was.
func (v *Version) Kept() bool { return v.kept }

// Keep notes that it is, and Unkeep that it is to be kept anew.
func (v *Version) Keep() { v.kept = true }

// Unkeep notes that the source of v is to be kept anew.
func (v *Version) Unkeep() { v.kept = false }

// Counted reports whether v is among what waits for the store.
func (v *Version) Counted() bool { return v.counted }

// Count takes v among them, and Uncount out.
func (v *Version) Count() { v.counted = true }

// Uncount notes that v waits no more.
func (v *Version) Uncount() { v.counted = false }

// Unsure reports whether v waits, and may be stored already.
func (v *Version) Unsure() bool { return v.counted && (v.comparison == Open || v.comparison == Listed) }

// Unpinned returns why the pin of v was let go, "budget" or "age"; empty if it was not.
func (v *Version) Unpinned() string { return v.unpinned }

// Unpin notes that the pin of v was let go, for that reason.
func (v *Version) Unpin(reason string) { v.kept, v.unpinned = false, reason }

// Found notes that nothing is to be found again of v: it has a pin, or needs none.
func (v *Version) Found() { v.unpinned = "" }

// Repin notes that v has a pin again.
func (v *Version) Repin(now time.Time) { v.fate, v.unpinned, v.pinned = Welcome, "", now }

// Returned reports whether v had no pin for a while.
func (v *Version) Returned() bool { return !v.pinned.IsZero() }

// PinnedAt is since when v has been tried.
func (v *Version) PinnedAt() time.Time {
	if v.pinned.IsZero() {
		return v.File.Seen
	}
	return v.pinned
}

// Fate says whether the store takes v.
func (v *Version) Fate() Fate { return v.fate }

// Hopeless reports whether nothing is tried for v any more.
func (v *Version) Hopeless() bool { return v.fate >= Shelved }

// Reject notes that the store did not take v, and reports whether that is new.
func (v *Version) Reject() (news bool) {
	news, v.fate = v.fate == Welcome, Rejected
	return news
}

// Shelve leaves v to the next process.
func (v *Version) Shelve() { v.fate = Shelved }

// Refuse notes that v is lost.
func (v *Version) Refuse() { v.fate = Refused }

// Perish notes that v, of which the pin was let go for that reason, is nowhere any more.
func (v *Version) Perish(reason string) { v.fate, v.unpinned = Refused, reason }
