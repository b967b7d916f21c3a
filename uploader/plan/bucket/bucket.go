package bucket

// MaxConflicts is how many preconditions may fail in a row, each time although the store shows the very state that the PUT asked
// for, before PUTs go without condition.
const MaxConflicts = 3

// Bucket is what is known of a store as a whole. Some stores make their ETags weak, or take them in quotes for others than they are
// without: there If-Match never holds. The zero value is a new one that is able to do all. One goroutine owns it.
type Bucket struct {
	epoch         uint64 // counts how often what it held was found to have vanished
	unconditional bool   // it knows no conditions, or shall not be asked for them
	held          bool   // an If-Match held
	unfounded     int    // preconditions that failed without reason, since one did not
	inextensible  bool   // it cannot lengthen an object
	listed        bool   // no listing is to be waited for
	survey        uint64 // while it is listed: versions that are younger were not there when that began. 0 else, and if what it says is void
}

// New returns a Bucket that is written to without conditions, if that is asked for.
func New(unconditional bool) Bucket { return Bucket{unconditional: unconditional} }

// Epoch counts how often what the store held was found to have vanished: an answer from before says nothing.
func (b *Bucket) Epoch() uint64 { return b.epoch }

// Vanish notes that what it held is gone.
func (b *Bucket) Vanish() { b.epoch, b.survey = b.epoch+1, 0 }

// Conditional reports whether objects are written on conditions.
func (b *Bucket) Conditional() bool { return !b.unconditional }

// Unconditional notes that the store knows no conditions.
func (b *Bucket) Unconditional() { b.unconditional = true }

// Hold notes that an If-Match held.
func (b *Bucket) Hold() { b.held, b.unfounded = true, 0 }

// Conflict draws the conclusion from a condition of c that failed: unfounded says that the store is in the state that it asked for.
// useless is true when no condition of this store ever holds, once.
func (b *Bucket) Conflict(c *Cell, unfounded bool) (useless bool) {
	n := c.Conflict(unfounded)
	if b.unfounded++; !unfounded {
		b.unfounded = 0
	}
	switch {
	case b.held && n >= MaxConflicts:
		c.Blindly()
	case !b.held && b.unfounded >= MaxConflicts && !b.unconditional:
		b.unconditional = true
		return true
	}
	return false
}

// Extends reports whether the store can lengthen an object (S3 UploadPartCopy).
func (b *Bucket) Extends() bool { return !b.inextensible }

// Inextensible notes that it cannot.
func (b *Bucket) Inextensible() { b.inextensible = true }

// BeginListing notes that a listing begins. Versions from seq on were not there.
func (b *Bucket) BeginListing(seq uint64) { b.listed, b.survey = false, seq }

// Listing returns the number with which the listing began; 0 if there is none, or if what it says is void.
func (b *Bucket) Listing() uint64 { return b.survey }

// EndListing notes that no listing is to be waited for.
func (b *Bucket) EndListing() { b.listed, b.survey = true, 0 }

// Listed reports whether no listing is to be waited for.
func (b *Bucket) Listed() bool { return b.listed }
