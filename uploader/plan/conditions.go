package plan

// maxConflicts is how many preconditions may fail in a row, each time although the store shows the very state that the PUT asked
// for, before PUTs go without condition.
const maxConflicts = 3

// conditions is what is known of the conditional writes of a store. Some make their ETags weak, or take them in quotes for others
// than they are without: there If-Match never holds.
type conditions struct {
	held      bool // an If-Match did
	unfounded int  // preconditions that failed without reason, since one did not
}

// conflict draws the conclusion from a precondition of l that failed: unfounded says that the store is in the state that the
// PUT asked for. It reports whether one failed at all.
func (p *Plan) conflict(l *list, unfounded bool) bool {
	if !l.contested {
		return false
	}
	l.contested = false
	if !unfounded {
		l.conflicts, p.conditions.unfounded = 0, 0
		return true
	}
	l.conflicts++
	p.conditions.unfounded++
	switch {
	case p.conditions.held:
		l.blind = l.blind || l.conflicts >= maxConflicts
	case p.conditions.unfounded >= maxConflicts && !p.cfg.Unconditional:
		p.cfg.Unconditional, p.out.Useless = true, true
	}
	return true
}

// hold notes that the condition of j held.
func (c *conditions) hold(j Job) {
	if j.IfMatch != "" {
		c.held, c.unfounded = true, 0
	}
}
