package schedule

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestAlarms sets alarms at random and takes them back: the earliest of each owner goes off, none too early, late, or twice.
func TestAlarms(t *testing.T) {
	t.Parallel()
	type owner struct {
		alarm Alarm[*owner]
		want  time.Time
	}
	dice := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test
	owners := make([]owner, 20)
	var alarms Alarms[*owner]
	now := time.Unix(1000, 0)
	for range 20_000 {
		o := &owners[dice.IntN(len(owners))]
		switch dice.IntN(10) {
		case 0:
			alarms.Unset(&o.alarm)
			o.want = time.Time{}
		case 1, 2:
			now = now.Add(time.Duration(dice.IntN(5)) * time.Second)
			for due, ok := alarms.Ring(now); ok; due, ok = alarms.Ring(now) {
				if due.want.IsZero() || due.want.After(now) {
					t.Fatalf("at %s one goes off of %s", clock(now), clock(due.want))
				}
				due.want = time.Time{}
			}
		default:
			at := now.Add(time.Duration(dice.IntN(30)) * time.Second)
			if alarms.Set(&o.alarm, o, at); o.want.IsZero() || at.Before(o.want) {
				o.want = at
			}
		}
		next := time.Time{}
		for i := range owners {
			switch o := &owners[i]; {
			case !o.alarm.At().Equal(o.want):
				t.Fatalf("it goes off at %s, want %s", clock(o.alarm.At()), clock(o.want))
			case o.want.IsZero():
			case !alarms.has(&o.alarm):
				t.Fatalf("that of %s is out of order", clock(o.want))
			case next.IsZero() || o.want.Before(next):
				next = o.want
			}
		}
		if !alarms.Next().Equal(next) {
			t.Fatalf("the next is at %s, want %s", clock(alarms.Next()), clock(next))
		}
	}
}
