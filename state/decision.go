package state

import (
	"fmt"
	"time"
)

// Decision is something that was decided about a playlist.
type Decision struct {
	// At is when.
	At time.Time `json:"at"`
	// What was decided, in a few words.
	What string `json:"what"`
	// Name is the file that it is about; empty for the playlist itself.
	Name string `json:"name,omitempty"`
	// Why says more; it may be empty.
	Why string `json:"why,omitempty"`
	// More counts the decisions of the same kind that followed at once, about other files, or those about versions of the playlist that
	// came before as they should.
	More int `json:"more,omitempty"`
}

// String returns "12:00:04 seg7.ts declined: older than the segment before it (and 3 more)".
func (d Decision) String() string {
	text := d.At.Format(time.TimeOnly) + " "
	if d.Name != "" {
		text += d.Name + " "
	}
	if text += d.What; d.Why != "" {
		text += ": " + d.Why
	}
	if d.More > 0 {
		text += fmt.Sprintf(" (and %d more)", d.More)
	}
	return text
}
