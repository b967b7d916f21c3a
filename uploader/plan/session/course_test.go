package session

import (
	"testing"
	"time"
)

// TestStillListed: a segment whose bytes are waited for is over once no list names it any more, and not while one does: it would wait for bytes
// that nobody takes, and its list would be looked at again and again.
func TestStillListed(t *testing.T) {
	t.Parallel()
	all := newSessions()
	in := all.get("20261130T010203Z")
	for name, list := range map[string]func(u *use) (first, last func()){
		"in two lists": func(u *use) (first, last func()) {
			x, y := newCourse(), newCourse()
			for _, c := range []*course{&x, &y} {
				s := newSegment(u.path, time.Time{})
				s.bind(u)
				c.list(1, s)
			}
			return func() { x.slide(2, 3) }, func() { y.slide(2, 3) }
		},
		"twice in a list": func(u *use) (first, last func()) {
			x := newCourse()
			for n := range uint64(2) {
				s := newSegment(u.path, time.Time{})
				s.bind(u)
				x.list(n, s)
			}
			return func() { x.slide(1, 2) }, func() { x.slide(2, 3) }
		},
	} {
		t.Run(name, func(t *testing.T) {
			u := in.use("a.ts", 0)
			u.expects(wait{until: time.Unix(1, 0)})
			first, last := list(u)
			if first(); u.wait.over {
				t.Error("it is over, and a list names it")
			}
			if last(); !u.wait.over {
				t.Error("no list names it any more, and it is not over")
			}
		})
	}
}
