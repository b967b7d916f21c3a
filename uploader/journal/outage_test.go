package journal

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/health"
	"github.com/hlsship/hlsship/uploader/plan"
	"github.com/hlsship/hlsship/uploader/store"
)

// neighbours are channels that ship to one store and write into one log.
type neighbours struct {
	*diary
	channels []*Journal
	healths  []health.Health
}

func newNeighbours(names ...string) *neighbours {
	n := &neighbours{diary: newDiary(nil), healths: make([]health.Health, len(names))}
	o := new(Outage)
	for i, name := range names {
		g := New(Config{Logger: n.diary.log.With("channel", name), Budget: 1 << 30, Outage: o})
		g.Enter()
		g.queue(0, plan.Waiting{Files: 1 << i, Bytes: 100}, n.now)
		g.reserve(100, float64(int64(1<<20)<<i))
		n.channels = append(n.channels, g)
	}
	return n
}

// ends has a request of one of them end at now.
func (n *neighbours) ends(t *testing.T, channel int, err error) {
	t.Helper()
	r := health.Request{Job: plan.Job{Op: plan.PutMedia, Path: "a.ts", Key: "a.ts", Stream: "."}, Outcome: plan.Outcome{Result: plan.Done, At: n.now}}
	r.Job.Kind = hls.Media
	if err != nil {
		r.Err, r.Outcome.Result, r.Outcome.Kind = err, plan.Failed, store.KindOf(err)
	}
	n.channels[channel].Ended(t.Context(), r, n.healths[channel].Ended(r, n.now))
}

// pass lets time go by.
func (n *neighbours) pass(d time.Duration) {
	n.now = n.now.Add(d)
	for _, g := range n.channels {
		g.lasts(n.now)
	}
}

// TestOutageOfChannels: a fault of a store that channels share is one line as it begins, one a minute while it lasts, and one as it ends
// for the last of them, with what waits in all.
func TestOutageOfChannels(t *testing.T) {
	t.Parallel()
	silent := &store.Error{Op: "put", Key: "a.ts", Err: errors.New("no route to host")}
	refuses := func(cure string) error {
		return &store.Error{Op: "put", Key: "a.ts", Kind: store.Alarm, Cure: cure, Err: errors.New("403")}
	}
	quiet := func(n *neighbours) {
		for _, g := range n.channels {
			g.config.Quiet = true
		}
	}
	t.Run("unreachable", func(t *testing.T) {
		t.Parallel()
		n := newNeighbours("one", "two", "three")
		quiet(n)
		n.ends(t, 1, silent)
		n.says(t, 1, map[string]int{"channel=two": 1, "channels=3 files=7 bytes=300 outage_may_last=4m16s": 1})
		n.pass(time.Second)
		n.ends(t, 0, silent)
		n.ends(t, 2, silent)
		n.says(t, 0, nil)
		n.pass(time.Minute)
		n.says(t, 1, map[string]int{"store is still unreachable": 1, "channels=3 files=7": 1, "for=1m1s": 1})
		n.ends(t, 1, nil)
		n.pass(time.Second)
		n.ends(t, 0, nil)
		n.says(t, 0, nil)
		n.pass(time.Second)
		n.ends(t, 2, nil)
		n.says(t, 1, map[string]int{`level=WARN msg="store answers again" channel=three lasted=1m3s failed_requests=3 channels=3 files=7`: 1})
		n.pass(2 * time.Minute)
		n.ends(t, 0, silent)
		n.says(t, 1, map[string]int{"channel=one": 1})
	})
	t.Run("refusing for reasons of their own", func(t *testing.T) {
		t.Parallel()
		n := newNeighbours("one", "two")
		quiet(n)
		n.ends(t, 0, silent)
		n.ends(t, 1, refuses("allow it"))
		n.says(t, 2, map[string]int{"level=WARN": 1, "level=ERROR": 1, `cure="allow it"`: 1})
		n.ends(t, 0, nil)
		n.pass(time.Minute)
		n.says(t, 1, map[string]int{"store is still refusing": 1, "channels=1 ": 1, `cure="allow it"`: 1})
		n.ends(t, 1, nil)
		n.says(t, 1, map[string]int{"level=ERROR": 1, "store answers again": 1, "channels=2 ": 1})
	})
	t.Run("the last one that knows of it is removed", func(t *testing.T) {
		t.Parallel()
		n := newNeighbours("one", "two")
		quiet(n)
		n.ends(t, 0, silent)
		n.ends(t, 1, silent)
		n.ends(t, 0, nil)
		n.says(t, 1, nil)
		n.channels[1].Leave(n.now)
		n.says(t, 1, map[string]int{"store answers again": 1, "channels=2 files=1 ": 1})
		n.ends(t, 0, silent)
		n.says(t, 0, nil) // within the minute
		n.channels[0].Leave(n.now)
		n.says(t, 0, nil) // nobody is left whom it answers
	})
	t.Run("one alone", func(t *testing.T) {
		t.Parallel()
		n := newNeighbours("one")
		quiet(n)
		n.ends(t, 0, silent)
		n.says(t, 1, map[string]int{"channels=": 0, "files=1 bytes=100": 1})
		n.channels[0].Probed(health.Probe{Err: silent}, health.Change{Event: health.EventDown}, n.now)
		n.ends(t, 0, nil)
		n.says(t, 1, map[string]int{"channels=": 0})
	})
	if o := new(Outage); o.begin(New(Config{}), slog.LevelWarn, "x", time.Now()) != true {
		t.Error("the zero Outage tells of nothing")
	}
}
