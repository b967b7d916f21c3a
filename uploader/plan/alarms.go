package plan

import (
	"container/heap"
	"time"
)

// alarms are the times at which streams are to be looked at, earliest first. A stream has one alarm, its
// earliest; whoever needs a later one sets it again when the stream is looked at.
type alarms []alarm

type alarm struct {
	at     time.Time
	stream *stream
}

func (a *alarms) add(at time.Time, s *stream) {
	if s.alarm.IsZero() || at.Before(s.alarm) {
		s.alarm = at
		heap.Push(a, alarm{at, s})
	}
}

// due returns the streams whose alarm has come.
func (a *alarms) due(now time.Time) []*stream {
	var due []*stream
	for len(*a) > 0 && !(*a)[0].at.After(now) {
		x := heap.Pop(a).(alarm) //nolint:forcetypeassert // the heap holds nothing else
		if x.at.Equal(x.stream.alarm) {
			x.stream.alarm = time.Time{}
			due = append(due, x.stream)
		}
	}
	return due
}

func (a alarms) next() (time.Time, bool) {
	if len(a) == 0 {
		return time.Time{}, false
	}
	return a[0].at, true
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
