package disk

import "time"

// custody is what is to become of a version: whether it is to be stored, what keeps its bytes until it is, and whether the store takes it.
type custody struct {
	wanted   bool // a playlist named it, so that it is to be stored
	counted  bool // among what waits for the store
	kept     bool // its source is kept, or was
	fate     Fate
	unpinned string    // why its pin was let go, "budget" or "age"; empty if that was not so
	pinned   time.Time // when it had one again; zero if it always had
}

// Fate says whether the store takes a version.
type Fate uint8

const (
	// Welcome is as far as anybody knows.
	Welcome Fate = iota
	// Rejected is what it did not take, and is asked to take again.
	Rejected
	// Shelved is what it did not take, and the next process tries again.
	Shelved
	// Refused is lost: nothing is tried for it any more.
	Refused
)

// Wanted reports whether v is to be stored.
func (c *custody) Wanted() bool { return c.wanted }

// Want notes that v is to be stored.
func (c *custody) Want() { c.wanted = true }

// Unwant notes that nobody wants v any more.
func (c *custody) Unwant() { c.wanted, c.kept = false, false }

// Kept reports whether the source of v is kept, or was.
func (c *custody) Kept() bool { return c.kept }

// Keep notes that it is, and Unkeep that it is to be kept anew.
func (c *custody) Keep() { c.kept = true }

// Unkeep notes that the source of v is to be kept anew.
func (c *custody) Unkeep() { c.kept = false }

// Counted reports whether v is among what waits for the store.
func (c *custody) Counted() bool { return c.counted }

// Count takes v among them, and Uncount out.
func (c *custody) Count() { c.counted = true }

// Uncount notes that v waits no more.
func (c *custody) Uncount() { c.counted = false }

// Unsure reports whether v waits, and may be stored already.
func (v *Version) Unsure() bool { return v.counted && (v.comparison == Open || v.comparison == Listed) }

// Unpinned returns why the pin of v was let go, "budget" or "age"; empty if it was not.
func (c *custody) Unpinned() string { return c.unpinned }

// Unpin notes that the pin of v was let go, for that reason.
func (c *custody) Unpin(reason string) { c.kept, c.unpinned = false, reason }

// Found notes that nothing is to be found again of v: it has a pin, or needs none.
func (c *custody) Found() { c.unpinned = "" }

// Repin notes that v has a pin again.
func (c *custody) Repin(now time.Time) { c.fate, c.unpinned, c.pinned = Welcome, "", now }

// Returned reports whether v had no pin for a while.
func (c *custody) Returned() bool { return !c.pinned.IsZero() }

// PinnedAt is since when v has been tried.
func (v *Version) PinnedAt() time.Time {
	if v.pinned.IsZero() {
		return v.File.Seen
	}
	return v.pinned
}

// Fate says whether the store takes c.
func (c *custody) Fate() Fate { return c.fate }

// Hopeless reports whether nothing is tried for v any more.
func (c *custody) Hopeless() bool { return c.fate >= Shelved }

// Reject notes that the store did not take v, and reports whether that is new.
func (c *custody) Reject() (news bool) {
	news, c.fate = c.fate == Welcome, Rejected
	return news
}

// Shelve leaves v to the next process.
func (c *custody) Shelve() { c.fate = Shelved }

// Refuse notes that v is lost.
func (c *custody) Refuse() { c.fate = Refused }

// Perish notes that v, of which the pin was let go for that reason, is nowhere any more.
func (c *custody) Perish(reason string) { c.fate, c.unpinned = Refused, reason }
