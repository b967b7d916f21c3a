package schedule

import (
	"container/heap"
	"time"
)

// alarms are the times at which streams are to be looked at, earliest first. A stream has one alarm, its
// earliest; whoever needs a later one sets it again when the stream is looked at.
type alarms []alarm

type alarm struct {
	at     time.Time
	stream *Stream
}

// Alarm has s looked at when that time has come. An earlier alarm stands.
func (q *Schedule) Alarm(at time.Time, s *Stream) {
	if s.alarm.IsZero() || at.Before(s.alarm) {
		s.alarm = at
		heap.Push(&q.alarms, alarm{at, s})
	}
}

// Ring wakes the streams whose alarm has come, and returns them.
func (q *Schedule) Ring(now time.Time) []*Stream {
	var due []*Stream
	for len(q.alarms) > 0 && !q.alarms[0].at.After(now) {
		x := heap.Pop(&q.alarms).(alarm) //nolint:forcetypeassert // the heap holds nothing else
		if x.at.Equal(x.stream.alarm) {
			x.stream.alarm = time.Time{}
			q.Wake(x.stream)
			due = append(due, x.stream)
		}
	}
	return due
}

// silence takes back every alarm. Each stream sets its own again when it is looked at.
func (q *Schedule) silence() {
	for _, x := range q.alarms {
		x.stream.alarm = time.Time{}
	}
	q.alarms = nil
}

// Next returns when the next alarm goes off; ok is false if there is none.
func (q *Schedule) Next() (at time.Time, ok bool) {
	if len(q.alarms) == 0 {
		return time.Time{}, false
	}
	return q.alarms[0].at, true
}

// Len, Less, Swap, Push and Pop make a heap of alarms.
func (a alarms) Len() int           { return len(a) }
func (a alarms) Less(i, j int) bool { return a[i].at.Before(a[j].at) }
func (a alarms) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *alarms) Push(x any)        { *a = append(*a, x.(alarm)) } //nolint:forcetypeassert // the heap holds nothing else
func (a *alarms) Pop() any {
	old := *a
	x := old[len(old)-1]
	*a = old[:len(old)-1]
	return x
}
