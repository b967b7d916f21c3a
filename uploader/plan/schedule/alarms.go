package schedule

import (
	"container/heap"
	"time"
)

// Alarms are the times at which owners are to be looked at although nothing happens. An owner has one, the earliest that was set; who
// needs a later one sets it again when the owner is looked at. The zero value has none. One goroutine owns it.
type Alarms[T any] struct {
	queue queue[T]
}

// Alarm is that of one owner, which keeps it. The zero value is not set.
type Alarm[T any] struct {
	owner T
	at    time.Time
	place int // in the queue, while it is set
}

// At returns when it goes off; zero if it is not set.
func (a *Alarm[T]) At() time.Time { return a.at }

// Set has the owner of a looked at when that time has come. An earlier alarm stands.
func (q *Alarms[T]) Set(a *Alarm[T], owner T, at time.Time) {
	switch {
	case a.at.IsZero():
		a.owner, a.at = owner, at
		heap.Push(&q.queue, a)
	case at.Before(a.at):
		a.at = at
		heap.Fix(&q.queue, a.place)
	}
}

// Unset takes a back.
func (q *Alarms[T]) Unset(a *Alarm[T]) {
	if !a.at.IsZero() {
		heap.Remove(&q.queue, a.place)
		*a = Alarm[T]{}
	}
}

// Ring takes an alarm back that has gone off by now, and returns its owner; ok is false if there is none.
func (q *Alarms[T]) Ring(now time.Time) (owner T, ok bool) {
	if len(q.queue) == 0 || q.queue[0].at.After(now) {
		return owner, false
	}
	owner = q.queue[0].owner
	q.Unset(q.queue[0])
	return owner, true
}

// Next returns when the next one goes off; zero if there is none.
func (q *Alarms[T]) Next() time.Time {
	if len(q.queue) == 0 {
		return time.Time{}
	}
	return q.queue[0].at
}

// silence takes all back.
func (q *Alarms[T]) silence() {
	for _, a := range q.queue {
		*a = Alarm[T]{}
	}
	q.queue = nil
}

// has reports whether a goes off when it is said to.
func (q *Alarms[T]) has(a *Alarm[T]) bool {
	return a.place < len(q.queue) && q.queue[a.place] == a && (a.place == 0 || !a.at.Before(q.queue[(a.place-1)/2].at))
}

// queue is a heap, the earliest first.
type queue[T any] []*Alarm[T]

// Len, Less, Swap, Push and Pop make a heap of it.
func (q queue[T]) Len() int           { return len(q) }
func (q queue[T]) Less(i, j int) bool { return q[i].at.Before(q[j].at) }
func (q queue[T]) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}
func (q *queue[T]) Push(x any) {
	a := x.(*Alarm[T]) //nolint:forcetypeassert // the heap holds nothing else
	a.place = len(*q)
	*q = append(*q, a)
}
func (q *queue[T]) Pop() any {
	last := len(*q) - 1
	a := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return a
}

// Alarm has s looked at when that time has come. An earlier alarm stands.
func (q *Schedule) Alarm(at time.Time, s *Stream) { q.alarms.Set(&s.alarm, s, at) }

// Ring wakes the streams whose alarm has come, and returns them.
func (q *Schedule) Ring(now time.Time) (due []*Stream) {
	for s, ok := q.alarms.Ring(now); ok; s, ok = q.alarms.Ring(now) {
		q.Wake(s)
		due = append(due, s)
	}
	return due
}

// Next returns when the next alarm goes off; zero if there is none.
func (q *Schedule) Next() time.Time { return q.alarms.Next() }
