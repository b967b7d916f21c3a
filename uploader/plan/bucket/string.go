package bucket

import "fmt"

// String says what a key is believed to have.
func (b Belief) String() string { return [...]string{"unknown", "absent", "there", "ours"}[b] }

// String says why the store is to be asked.
func (q Question) String() string { return [...]string{"", "?", "?proof", "?contested"}[q] }

// String tells what is known of a key.
func (c *Cell) String() string {
	text := c.belief.String() + c.question.String()
	if c.ours != nil {
		text += "=" + c.ours.String()
	}
	if c.etag != "" {
		text += fmt.Sprintf(" etag=%q", c.etag)
	}
	if c.before != "" {
		text += fmt.Sprintf(" before=%q", c.before)
	}
	if c.blind {
		text += " blind"
	}
	return text
}
