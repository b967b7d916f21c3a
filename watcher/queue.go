package watcher

import (
	"container/heap"
	"time"
)

// alarm is something to do at a time. The zero alarm is not set. It is owned by the loop.
type alarm struct {
	at    time.Time
	do    func()
	index int // in the queue, from 1; 0 when not set
}

// queue holds the alarms that are set, the earliest first. It is owned by the loop.
type queue []*alarm

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].at.Before(q[j].at) }
func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i+1, j+1
}

// Push and Pop are for container/heap; callers use set, cancel and due.
func (q *queue) Push(x any) {
	a := x.(*alarm)
	*q = append(*q, a)
	a.index = len(*q)
}

func (q *queue) Pop() any {
	old := *q
	a := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	a.index = 0
	return a
}

// set makes a ring at the given time, instead of the time that it was set to before.
func (q *queue) set(a *alarm, at time.Time) {
	a.at = at
	if a.index > 0 {
		heap.Fix(q, a.index-1)
		return
	}
	heap.Push(q, a)
}

// cancel makes a not ring.
func (q *queue) cancel(a *alarm) {
	if a.index > 0 {
		heap.Remove(q, a.index-1)
	}
}

// due removes and returns the earliest alarm if its time has come, else nil.
func (q *queue) due(now time.Time) *alarm {
	if len(*q) == 0 || (*q)[0].at.After(now) {
		return nil
	}
	return heap.Pop(q).(*alarm)
}

// next returns the time of the earliest alarm; ok is false when none is set.
func (q queue) next() (at time.Time, ok bool) {
	if len(q) == 0 {
		return time.Time{}, false
	}
	return q[0].at, true
}
