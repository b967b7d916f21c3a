package state

import "time"

// Ebb measures how fast a number of things becomes less. The zero Ebb has seen none. It has one owner.
type Ebb struct {
	at   time.Time
	many int
	rate float64
}

// Look takes in how many there are at now, and returns by how many a second they become fewer, 0 if they do not, and how long they
// will take at that rate; nil if nobody can tell. It looks once a second at most.
func (e *Ebb) Look(many int, now time.Time) (rate float64, left *Seconds) {
	switch past := now.Sub(e.at).Seconds(); {
	case e.at.IsZero() || many == 0 || past > 60:
		*e = Ebb{at: now, many: many}
	case past >= 1:
		weight := min(1, past/10)
		if e.rate == 0 {
			weight = 1
		}
		e.rate += weight * (float64(e.many-many)/past - e.rate)
		e.at, e.many = now, many
	}
	if e.rate <= 0 || many == 0 {
		return 0, nil
	}
	s := Seconds(float64(many) / e.rate)
	return e.rate, &s
}
