package plan

import "fmt"

// books are an audit of a Plan: what it keeps twice must agree, and what its rules take for granted must be so. An entry that is wrong
// is a fault of the Plan, or the rule that is written down here is not one.
type books struct {
	p     *Plan
	wrong []string
	size  int // how much was looked at
}

// maxWrong is how many faults are told.
const maxWrong = 10

// say notes a fault.
func (b *books) say(format string, args ...any) {
	if len(b.wrong) < maxWrong {
		b.wrong = append(b.wrong, fmt.Sprintf(format, args...))
	}
}

// Check returns what does not hold between two calls of p, a fault a line and at most ten; nil if all is well. Tests ask it after each
// step, and nobody else does: it looks at all that is known. It changes nothing.
func (p *Plan) Check() []string {
	b := &books{p: p}
	b.audit()
	return b.wrong
}

// CheckIdle returns what does not hold right after an Advance that allowed requests, as nothing may be done then without news: all jobs
// were handed out that are allowed, whatever waits for a time has an alarm, and what nobody needs is forgotten. Tests ask it as they
// ask Check. It looks at every stream once more, which changes nothing if all is well.
func (p *Plan) CheckIdle() []string {
	b := &books{p: p}
	b.idle()
	b.overlooked()
	return b.wrong
}

func (b *books) audit() {
	b.lists()
	b.names()
	b.files()
	b.account()
	b.pins()
	b.queues()
	b.streams()
}
