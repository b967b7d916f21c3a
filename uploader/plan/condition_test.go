package plan

import (
	"testing"
	"time"

	"github.com/hlsship/hlsship/state"
)

// TestCondition names each situation of a playlist, and says which state it is in, since when, and when that changes by itself.
func TestCondition(t *testing.T) {
	t.Parallel()
	start := time.Unix(1000, 0)
	at := func(seconds float64) time.Time { return start.Add(time.Duration(seconds * float64(time.Second))) }
	none := time.Time{}
	const target = 2 * time.Second
	for name, tt := range map[string]struct {
		c    condition
		want finding
	}{
		"nothing is published yet":              {condition{now: at(1), newest: start, oldest: start, target: target}, finding{state.Waiting, none, at(2)}},
		"nothing is published for long":         {condition{now: at(2), newest: start, oldest: start, target: target}, finding{state.Behind, start, none}},
		"its first file is not there":           {condition{now: at(2), newest: start, oldest: start, target: target, missing: true}, finding{state.Held, start, none}},
		"published":                             {condition{now: at(1), newest: start, target: target, published: true}, finding{state.Live, none, at(6)}},
		"a new version goes up":                 {condition{now: at(5), newest: at(4), oldest: at(4), target: target, published: true}, finding{state.Live, none, at(6)}},
		"a new version waits for a moment":      {condition{now: at(5), newest: at(4), oldest: at(4), target: target, published: true, missing: true}, finding{state.Live, none, at(6)}},
		"long segments take their time":         {condition{now: at(9), newest: at(0), oldest: at(0), target: 10 * time.Second, published: true}, finding{state.Live, none, at(10)}},
		"short segments, too":                   {condition{now: at(.9), newest: at(0), oldest: at(0), target: time.Second / 5, published: true}, finding{state.Live, none, at(1)}},
		"the line is slower than the stream":    {condition{now: at(9), newest: at(8), oldest: at(4), target: target, published: true}, finding{state.Behind, at(4), none}},
		"so it was, and a version was shown":    {condition{now: at(9), newest: at(8), oldest: at(8), target: target, published: true, behind: true}, finding{state.Behind, at(8), at(10)}},
		"so it was, and all are shown":          {condition{now: at(9), newest: at(8), target: target, published: true, behind: true}, finding{state.Live, none, at(14)}},
		"a file is not there":                   {condition{now: at(9), newest: at(8), oldest: at(4), target: target, published: true, missing: true}, finding{state.Held, at(4), none}},
		"the packager is silent":                {condition{now: at(6), newest: start, target: target, published: true}, finding{state.Stalled, start, none}},
		"silent for less than three targets":    {condition{now: at(29), newest: start, target: 10 * time.Second, published: true}, finding{state.Live, none, at(30)}},
		"silent for three long targets":         {condition{now: at(30), newest: start, target: 10 * time.Second, published: true}, finding{state.Stalled, start, none}},
		"silent, and held":                      {condition{now: at(60), newest: start, oldest: start, target: target, published: true, missing: true}, finding{state.Held, start, none}},
		"silent, and the store is out of reach": {condition{now: at(60), newest: start, oldest: start, target: target, published: true}, finding{state.Behind, start, none}},
		"ENDLIST is published":                  {condition{now: at(60), newest: start, target: target, published: true, over: true}, finding{state.Ended, none, none}},
		"ENDLIST is not published yet":          {condition{now: at(1), newest: start, oldest: start, target: target, published: true, over: true}, finding{state.Live, none, at(2)}},
		"nobody knows how often it is written":  {condition{now: at(600), newest: start, published: true}, finding{state.Live, none, none}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := tt.c.find()
			if got != tt.want {
				t.Fatalf("got %+v, want %+v", got, tt.want)
			}
			if tt.c.now = got.again; !got.again.IsZero() {
				if after := tt.c.find(); after.state == got.state && after.again.Equal(got.again) {
					t.Errorf("nothing changes at %v", got.again)
				}
			}
		})
	}
}
