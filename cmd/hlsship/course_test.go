package main

import (
	"testing"
	"time"

	"github.com/hlsship/hlsship/state"
)

// TestCourse takes a channel through its states, one event a second.
func TestCourse(t *testing.T) {
	t.Parallel()
	type event = func(c *course, now time.Time)
	launched, looked, ended := (*course).launched, (*course).looked, (*course).ended
	starts := func(done, all int, over bool) event {
		return func(c *course, now time.Time) { c.starts(state.Start{Compared: done, All: all, Over: over}, now) }
	}
	store := func(s state.OfStore) event { return func(c *course, now time.Time) { c.store(s, now) } }
	failed := func(c *course, now time.Time) {
		c.failed("spool in use", "end that process", c.channel.Failures+1, now.Add(time.Minute), now)
	}
	drains := func(c *course, now time.Time) { c.drains(now.Add(time.Minute), now) }
	for name, tt := range map[string]struct {
		events []event
		want   state.OfChannel
		since  int // the event with which that began
	}{
		"it begins":                                  {[]event{launched}, state.Starting, 0},
		"its directory is scanned":                   {[]event{launched, looked}, state.Starting, 0},
		"what it found is compared":                  {[]event{launched, looked, starts(1, 2, false), starts(2, 2, true)}, state.Running, 3},
		"what it found is compared before it is all": {[]event{launched, starts(2, 2, true), looked}, state.Running, 2},
		"the store is out of reach":                  {[]event{launched, looked, starts(1, 2, false), store(state.Unreachable)}, state.Running, 3},
		"the store is up":                            {[]event{launched, looked, store(state.Up)}, state.Starting, 0},
		"a running one has an outage":                {[]event{launched, looked, starts(0, 0, true), store(state.Refusing)}, state.Running, 2},
		"it fails":                                   {[]event{launched, failed}, state.Restarting, 1},
		"it fails over and over":                     {[]event{launched, failed, launched, failed, launched}, state.Restarting, 1},
		"it failed, and begins":                      {[]event{launched, failed, launched, looked}, state.Starting, 3},
		"it is told to stop":                         {[]event{launched, looked, starts(0, 0, true), drains, store(state.Unreachable)}, state.Draining, 3},
		"it has stopped":                             {[]event{launched, drains, ended}, state.Stopped, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var c course
			start := time.Unix(1000, 0)
			for i, e := range tt.events {
				e(&c, start.Add(time.Duration(i)*time.Second))
			}
			if got := c.channel; got.State != tt.want || !got.Since.Equal(start.Add(time.Duration(tt.since)*time.Second)) {
				t.Errorf("%s since %v, want %s since event %d", got.State, got.Since.Sub(start), tt.want, tt.since)
			}
			if got := c.channel; got.State == state.Restarting && (got.Error == "" || got.Cure == "" || got.Failures == 0 || got.Again.IsZero()) {
				t.Errorf("%+v does not say why and when again", got)
			}
		})
	}
}
