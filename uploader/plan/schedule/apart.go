package schedule

import (
	"slices"
	"time"
)

// What needs no slot stands apart from edge and backlog, and so does what is asked after all else: an item is among them for as long as
// that is due.

// PutLocal has s begin a request for i, which stands in it, without a slot once it may.
func (q *Schedule) PutLocal(i *Item, s *Stream) {
	if !slices.Contains(s.local, i) {
		s.local = append(s.local, i)
	}
	q.Wake(s)
}

// PutProof has s begin a request for i after all else.
func (q *Schedule) PutProof(i *Item, s *Stream) {
	s.proofs = append(s.proofs, i)
	q.Wake(s)
}

// locals begins the requests of s that take nothing from the line, and do not wait for it.
func (q *Schedule) locals(now time.Time, s *Stream, begin func(*Item, *Stream)) {
	all := s.local
	s.local = all[:0]
	for _, i := range all {
		switch {
		case !q.rules.Due(i, Local):
		case !q.eligible(now, i, s):
			s.local = append(s.local, i)
		default:
			q.launch(now, i, s, Local)
			begin(i, s)
		}
	}
	clear(all[len(s.local):])
}

// proof returns the first item of s to be requested after all else, nil if there is none or it may not go yet.
func (q *Schedule) proof(now time.Time, s *Stream) *Item {
	for ; len(s.proofs) > 0; s.proofs = s.proofs[1:] {
		i := s.proofs[0]
		if ok, again := q.rules.May(i, s, Proof); !ok {
			q.remind(again, s)
			return nil
		}
		if !i.Busy() && q.rules.Due(i, Proof) {
			if q.Waits(now, &i.Retry, s, true) {
				return nil
			}
			return i
		}
		s.proofs[0] = nil
	}
	return nil
}
