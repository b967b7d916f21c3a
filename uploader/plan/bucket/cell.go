package bucket

import (
	"math"
	"time"

	"github.com/hlsship/hlsship/uploader/plan/disk"
)

// Cell is what is known of one key: of a file's or of a playlist's. The zero value knows nothing, and asks nothing. One goroutine owns it.
// Its states are drawn in the documentation of package plan.
type Cell struct {
	belief    Belief
	ours      *disk.Version // not nil if belief is Ours
	etag      string        // of the object, if there is one; empty if not known
	question  Question
	before    string // the ETag that our bytes had in a bucket that has vanished; empty for none
	drifting  drift  // what may still arrive
	conflicts int    // preconditions that failed in a row although the store held what they asked for
	blind     bool   // it is written without condition
}

// drift is a PUT that ended without an answer.
type drift struct {
	id    uint64    // of the version that it had
	reach int64     // how many of its bytes may be sent meanwhile
	until time.Time // when it arrives at the latest
}

// Belief is what a key is believed to have.
type Belief uint8

const (
	// Unknown is what nobody asked for, or what a request may have changed that was not answered.
	Unknown Belief = iota
	// Absent is nothing.
	Absent
	// There is an object whose bytes are not known to be ours.
	There
	// Ours is an object with the bytes of a version.
	Ours
)

// Question is why the store is to be asked for a key.
type Question uint8

const (
	// None is for no reason.
	None Question = iota
	// Whether is as it is not known what it holds.
	Whether
	// Proof is as what it holds is known from an earlier process alone.
	Proof
	// Contested is as a condition failed, so that it holds something else than was believed.
	Contested
)

// Change is what became of the knowledge that a key has our bytes.
type Change uint8

const (
	// Same is nothing.
	Same Change = iota
	// Gained says that it has.
	Gained
	// Shrunk says that nobody knows any more.
	Shrunk
)

// Belief returns what the key is believed to have.
func (c *Cell) Belief() Belief { return c.belief }

// Ours returns the version whose bytes the object has; nil if there is none or if that is not known.
func (c *Cell) Ours() *disk.Version { return c.ours }

// Has reports whether the object has the bytes of v, all of them.
func (c *Cell) Has(v *disk.Version) bool {
	return c.ours != nil && c.ours.ID == v.ID && c.ours.Reach() >= v.Reach()
}

// Begins reports whether the object has the first bytes of v, or all.
func (c *Cell) Begins(v *disk.Version) bool { return c.ours != nil && c.ours.ID == v.ID }

// ETag returns that of the object; empty if there is none or if it is not known.
func (c *Cell) ETag() string { return c.etag }

// Exists reports whether there is an object.
func (c *Cell) Exists() bool { return c.belief >= There }

// Question returns why the store is to be asked.
func (c *Cell) Question() Question { return c.question }

// Answered reports whether nothing is to be asked.
func (c *Cell) Answered() bool { return c.question == None }

// Unproven reports whether that our bytes are stored is known from an earlier process alone.
func (c *Cell) Unproven() bool { return c.question == Proof && c.ours != nil }

// Before returns the ETag that our bytes had in a bucket that has vanished; empty for none.
func (c *Cell) Before() string { return c.before }

// Blind reports whether the key is written without condition.
func (c *Cell) Blind() bool { return c.blind }

// Condition returns on what the next object is written: that the one which is known is still there, or that there is none.
func (c *Cell) Condition() (ifMatch string, ifAbsent bool) {
	return c.etag, c.etag == "" && c.belief < There
}

// Ask has the store asked for the key.
func (c *Cell) Ask() { c.question = Whether }

// Unask has it not asked whether there is anything. Any other question stays.
func (c *Cell) Unask() {
	if c.question == Whether {
		c.question = None
	}
}

// Abandon has it asked nothing any more.
func (c *Cell) Abandon() { c.question = None }

// Renew notes that the directory has other bytes for the key, so that nothing is to be asked for its own sake.
func (c *Cell) Renew() {
	c.before = ""
	c.Unask()
}

// Hold notes that our bytes were stored, or found.
func (c *Cell) Hold(v *disk.Version, etag string) Change {
	c.belief, c.ours, c.etag, c.question = Ours, v, etag, None
	return Gained
}

// Believe takes it that the bytes of v are stored, which is known from an earlier process alone.
func (c *Cell) Believe(v *disk.Version, etag string) Change {
	c.belief, c.ours, c.etag, c.question = Ours, v, etag, Proof
	return Gained
}

// Equal notes that the object has the bytes of v. If it was not asked for that, what was to be proven still is.
func (c *Cell) Equal(v *disk.Version, etag string, asked bool) Change {
	question := None
	if !asked && c.Unproven() {
		question = Proof
	}
	c.belief, c.ours, c.etag, c.question = Ours, v, etag, question
	return Gained
}

// Prove notes that what was believed is so.
func (c *Cell) Prove() { c.question = None }

// Extend notes that the object has all bytes of v, which begins with those that were known.
func (c *Cell) Extend(v *disk.Version) { c.ours = v }

// Wrote notes that an object of ours was stored by a request that was begun before any question came up.
func (c *Cell) Wrote(etag string) { c.belief, c.etag = There, etag }

// Show notes that there is an object.
func (c *Cell) Show(etag string) {
	if c.etag, c.question = etag, None; c.ours == nil {
		c.belief = There
	}
}

// Differs notes that the object has other bytes than those it was compared with. If a condition failed before, it has others than was
// believed.
func (c *Cell) Differs(etag string) (ch Change) {
	if c.question == Contested {
		ch = c.Forget()
		c.question = None
	}
	if c.etag = etag; c.ours == nil {
		c.belief = There
	}
	return ch
}

// Vacate notes that there is no object.
func (c *Cell) Vacate() Change {
	ch := c.Forget()
	c.belief, c.question = Absent, None
	return ch
}

// Forget notes that nobody knows what the store holds. A question stays, unless it was about what is forgotten.
func (c *Cell) Forget() (ch Change) {
	if c.Unproven() {
		c.question = None
	}
	if c.ours != nil {
		ch = Shrunk
	}
	c.belief, c.ours, c.etag = Unknown, nil, ""
	return ch
}

// Vanish notes that the bucket is another one.
func (c *Cell) Vanish() Change {
	if c.etag != "" {
		c.before = c.etag
	}
	return c.Forget()
}

// Landed notes that our bytes had that ETag in a bucket that has vanished.
func (c *Cell) Landed(etag string) { c.before = etag }

// Contest notes that a condition failed.
func (c *Cell) Contest() { c.question = Contested }

// Clash notes that a condition failed, so that the ETag that was known is of no use.
func (c *Cell) Clash() { c.etag, c.question = "", Contested }

// Drift notes that a PUT of v ended without an answer, so that its bytes may arrive until then. Those of v that follow in a file which grows
// would be cut off by that, unless the PUT had a condition that does not hold any more once they are stored.
func (c *Cell) Drift(v *disk.Version, conditional bool, until time.Time) {
	c.drifting = drift{v.ID, v.Reach(), until}
	if conditional {
		c.drifting.reach = math.MaxInt64
	}
}

// Adrift returns until when bytes may arrive of which a PUT ended without an answer; zero if there never was one.
func (c *Cell) Adrift() time.Time { return c.drifting.until }

// Drifts returns until when bytes may arrive that must not follow those of v; zero if there are none.
func (c *Cell) Drifts(v *disk.Version) time.Time {
	if c.drifting.id == v.ID && v.Reach() <= c.drifting.reach {
		return time.Time{}
	}
	return c.drifting.until
}

// Conflict counts conditions that failed in a row although the store held what they asked for, and returns how many. One that failed
// with reason sets the count back.
func (c *Cell) Conflict(unfounded bool) int {
	if c.conflicts++; !unfounded {
		c.conflicts = 0
	}
	return c.conflicts
}

// Calm notes that a condition held.
func (c *Cell) Calm() { c.conflicts = 0 }

// Blindly has the key written without condition from now on.
func (c *Cell) Blindly() { c.blind = true }
