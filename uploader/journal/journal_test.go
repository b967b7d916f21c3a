package journal

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/state"
	"github.com/hlsship/hlsship/uploader/health"
	"github.com/hlsship/hlsship/uploader/plan"
	"github.com/hlsship/hlsship/uploader/store"
)

// diary is a Journal whose lines are read.
type diary struct {
	*Journal
	text bytes.Buffer
	now  time.Time
}

func newDiary(o Observer) *diary {
	d := &diary{now: time.Unix(1000, 0)}
	d.Journal = New(Config{Logger: slog.New(slog.NewTextHandler(&d.text, nil)), Observer: o, Prefix: "live/"})
	return d
}

// says checks how many lines there are, and how many of them hold each text, and forgets them.
func (d *diary) says(t *testing.T, lines int, texts map[string]int) {
	t.Helper()
	if got := strings.Count(d.text.String(), "\n"); got != lines {
		t.Errorf("%d lines, want %d:\n%.2000s", got, lines, d.text.String())
	}
	for text, want := range texts {
		if got := strings.Count(d.text.String(), text); got != want {
			t.Errorf("%d lines with %q, want %d:\n%.2000s", got, text, want, d.text.String())
		}
	}
	d.text.Reset()
}

// looks has playlists wait for a file at the look that comes ten seconds later.
func (d *diary) looks(reason, name string, playlists ...string) {
	d.now = d.now.Add(10 * time.Second)
	var waits []plan.Wait
	for _, p := range playlists {
		waits = append(waits, plan.Wait{Playlist: p, Name: name, Since: d.now.Add(-time.Minute), Reason: reason})
	}
	d.blocked(waits, d.now, 10*time.Second, func(w []plan.Wait) []plan.Nearby { return make([]plan.Nearby, len(w)) })
}

func TestJournalOfHolds(t *testing.T) {
	t.Parallel()
	const line = "playlist held back"
	t.Run("one that waits is told of once", func(t *testing.T) {
		t.Parallel()
		d := newDiary(nil)
		for range 100 {
			d.looks("missing", "a.ts", "x.m3u8")
		}
		d.says(t, 17, map[string]int{line: 1, "waits_for=a.ts": 17, "playlists are still held back": 16})
		d.looks("", "")
		d.says(t, 1, map[string]int{`level=WARN msg="no playlist is held back any more" lasted=16m40s`: 1})
	})
	t.Run("what only takes its time is not held", func(t *testing.T) {
		t.Parallel()
		d := newDiary(nil)
		for range 10 {
			d.looks("uploading", "a.ts", "x.m3u8")
			d.looks("unpublished", "y.m3u8", "m.m3u8")
		}
		d.says(t, 0, nil)
	})
	t.Run("fifty at once are one line", func(t *testing.T) {
		t.Parallel()
		d := newDiary(nil)
		all := make([]string, 50)
		for i := range all {
			all[i] = fmt.Sprintf("l%d.m3u8", i)
		}
		d.looks("missing", "a.ts", all...)
		d.says(t, 1, map[string]int{line: 1, "others=49": 1, "stream=.": 1})
	})
	t.Run("a new reason is told at once", func(t *testing.T) {
		t.Parallel()
		d := newDiary(nil)
		d.looks("missing", "a.ts", "x.m3u8")
		d.looks("empty", "a.ts", "x.m3u8")
		d.says(t, 2, map[string]int{"reason=missing": 1, "reason=empty": 1})
		for range 5 {
			d.looks("missing", "a.ts", "x.m3u8")
			d.looks("empty", "a.ts", "x.m3u8")
		}
		d.says(t, 2, map[string]int{"not_logged": 2}) // once a minute each
	})
	t.Run("new names are told once a minute", func(t *testing.T) {
		t.Parallel()
		d := newDiary(nil)
		for i := range 13 {
			d.looks("missing", fmt.Sprintf("%d.ts", i), "x.m3u8")
		}
		d.says(t, 3, map[string]int{"waits_for=0.ts": 1, "waits_for=6.ts": 1, "waits_for=12.ts": 1, "not_logged=5": 2})
	})
	t.Run("one that was published meanwhile is told of again", func(t *testing.T) {
		t.Parallel()
		d := newDiary(nil)
		d.looks("missing", "a.ts", "x.m3u8")
		for range 6 {
			d.looks("", "")
		}
		d.says(t, 2, map[string]int{"no playlist is held back any more": 1})
		d.looks("missing", "a.ts", "x.m3u8")
		d.says(t, 1, map[string]int{line: 1})
		d.looks("", "")
		d.says(t, 1, map[string]int{"no playlist is held back any more": 1})
		d.looks("missing", "a.ts", "x.m3u8")
		d.says(t, 0, nil)
		for range 5 {
			d.looks("missing", "a.ts", "x.m3u8")
		}
		d.says(t, 1, map[string]int{line: 1})
	})
	t.Run("thousands are counted", func(t *testing.T) {
		t.Parallel()
		d := newDiary(nil)
		all := make([]string, 3000)
		for i := range all {
			all[i] = fmt.Sprintf("l%d.m3u8", i)
		}
		for i := range 12 {
			d.looks("missing", fmt.Sprintf("round%d.ts", i/6), all...)
		}
		d.says(t, 2, map[string]int{line: 2, "others=2999": 2})
		for range 7 {
			d.looks("", "")
		}
		if n := len(d.holds.known); n != 0 {
			t.Errorf("%d playlists are remembered after all are published", n)
		}
	})
	t.Run("one by one they are bounded", func(t *testing.T) {
		t.Parallel()
		d := newDiary(nil)
		for i := range 5 {
			d.now = d.now.Add(-9 * time.Second)
			for k := range 9 {
				d.looks([]string{"missing", "empty", "stale"}[k%3], "a.ts", fmt.Sprintf("l%d.m3u8", 100*i+k))
				d.now = d.now.Add(-10 * time.Second)
			}
		}
		if n := strings.Count(d.text.String(), line); n > maxHolds {
			t.Errorf("%d lines name a playlist, want %d at most", n, maxHolds)
		}
	})
	t.Run("new ones each time take no memory", func(t *testing.T) {
		t.Parallel()
		d := newDiary(nil)
		for i := range 500 {
			d.looks("missing", "a.ts", fmt.Sprintf("l%d.m3u8", i))
		}
		if n := len(d.holds.known); n > 10 {
			t.Errorf("%d playlists are remembered", n)
		}
	})
}

// losing counts losses as metrics do.
type losing struct {
	nobody
	lost map[string]int
}

func (o *losing) Lost(_, _, reason string, count int) { o.lost[reason] += count }

func TestJournalOfLosses(t *testing.T) {
	t.Parallel()
	loss := func(i int, reason string) plan.Loss {
		return plan.Loss{Path: fmt.Sprintf("s%d.ts", i), Stream: ".", Reason: reason}
	}
	t.Run("each of a normal night is named", func(t *testing.T) {
		t.Parallel()
		d := newDiary(nil)
		want := map[string]int{"segment lost": 500}
		for i := range 500 {
			d.now = d.now.Add(700 * time.Millisecond)
			d.lost(loss(i, "budget"), d.now)
			want[fmt.Sprintf("path=s%d.ts", i)] = 1
		}
		d.flooded(d.now.Add(time.Hour))
		d.says(t, 500, want)
	})
	t.Run("a flood is counted", func(t *testing.T) {
		t.Parallel()
		o := &losing{lost: map[string]int{}}
		d := newDiary(o)
		for i := range 5000 {
			d.lost(loss(i, "budget"), d.now)
		}
		d.lost(loss(9, "gone"), d.now)
		d.flooded(d.now.Add(59 * time.Second))
		d.says(t, maxLosses, map[string]int{"path=s0.ts": 1, "path=s99.ts": 1})
		d.now = d.now.Add(time.Minute)
		d.lost(loss(5000, "budget"), d.now)
		d.says(t, 3, map[string]int{
			`msg="more segments lost" segments=4900 first=s100.ts last=s4999.ts reason=budget`: 1,
			"segments=1 first=s9.ts last=s9.ts reason=gone":                                    1,
			"path=s5000.ts": 1,
		})
		if o.lost["budget"] != 5001 || o.lost["gone"] != 1 {
			t.Errorf("counted: %v", o.lost)
		}
	})
	t.Run("what nobody saw is counted", func(t *testing.T) {
		t.Parallel()
		o := &losing{lost: map[string]int{}}
		d := newDiary(o)
		d.lost(plan.Loss{Path: "x.m3u8", Stream: ".", Reason: "unseen", Count: 15, First: 7, Last: 21, Unwatched: 30 * time.Second}, d.now)
		d.says(t, 1, map[string]int{`msg="segments were never seen" playlist=x.m3u8 stream=. first=7 last=21 count=15 unwatched=30s`: 1})
		for range maxLosses + 1 {
			d.lost(plan.Loss{Path: "x.m3u8", Reason: "unseen", Count: 2}, d.now)
		}
		d.flooded(d.now.Add(time.Minute))
		d.says(t, maxLosses, map[string]int{"segments=4 first=x.m3u8 last=x.m3u8 reason=unseen": 1})
		if o.lost["unseen"] != 15+2*(maxLosses+1) {
			t.Errorf("counted: %v", o.lost)
		}
	})
}

// TestJournalOfManyCauses has a store give a new reason each time.
func TestJournalOfManyCauses(t *testing.T) {
	t.Parallel()
	d := newDiary(nil)
	for i := range 1000 {
		d.now = d.now.Add(time.Second)
		d.due(fmt.Sprintf("set the region to %d", i), d.now)
	}
	if n := len(d.alarmed); n > 60 {
		t.Errorf("%d causes are remembered", n)
	}
}

// TestNamesThatComeBackAreToldOf: the log says once that a name came back with other bytes.
func TestNamesThatComeBackAreToldOf(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	g := New(Config{Logger: slog.New(slog.NewTextHandler(&log, nil)), Prefix: "live/"})
	for _, kind := range []hls.Kind{hls.Key, hls.Media, hls.Init} {
		g.Ended(t.Context(), health.Request{
			Job:     plan.Job{Op: plan.PutMedia, Kind: kind, Replaces: true, Path: "a", File: hls.File{State: hls.Settled}},
			Outcome: plan.Outcome{Result: plan.Done, CacheControl: "public, max-age=8"},
		}, health.Change{})
	}
	if n := strings.Count(log.String(), "name came back"); n != 1 || !strings.Contains(log.String(), `cache_control="public, max-age=8"`) {
		t.Errorf("the log says %s", log.String())
	}
}

// TestJournalOfAnOutage: the log says that it begins, with the cure, once a minute that it lasts, with what waits, and that it is over, all
// at one level; and of fifty streams that are behind for it nothing.
func TestJournalOfAnOutage(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		kind  store.ErrorKind
		level string
		still string
	}{
		"unreachable": {store.Transient, "WARN", "store is still unreachable"},
		"refusing":    {store.Alarm, "ERROR", "store is still refusing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDiary(nil)
			var h health.Health
			failed := &store.Error{Op: "put", Key: "live/a.ts", Kind: tt.kind, Err: errors.New("no")}
			if tt.kind == store.Alarm {
				failed.Cure = "make the bucket"
			}
			d.start.Over, d.config.HoldWarn = true, 10*time.Second
			for i := range 50 {
				d.stream(plan.LiveState{Stream: state.Stream{Name: fmt.Sprint(i), State: state.Behind, Since: d.now}})
			}
			ends := func(err error) {
				r := health.Request{Job: plan.Job{Op: plan.PutMedia, Kind: hls.Media, Path: "a.ts", Key: "a.ts", Stream: "."}, Outcome: plan.Outcome{Result: plan.Done, At: d.now}}
				if err != nil {
					r.Err, r.Outcome.Result, r.Outcome.Kind = err, plan.Failed, tt.kind
				}
				d.Ended(t.Context(), r, h.Ended(r, d.now))
			}
			wait := func() {
				for range 6 {
					d.now = d.now.Add(10 * time.Second)
					ends(failed)
					d.lasts(d.now)
					d.lateStreams(d.now)
				}
			}
			ends(failed)
			d.says(t, 1, map[string]int{"level=" + tt.level: 1, "cure=\"": 1, "cure=\"\"": 0})
			d.config.Budget = 20 << 30
			d.queue(0, plan.Waiting{Files: 2100, Bytes: 41 << 20}, d.now)
			d.reserve(41<<20, 4e5)
			wait()
			d.says(t, 1, map[string]int{tt.still: 1, "level=" + tt.level: 1, "files=2100": 1, "outage_may_last=14h": 1, "for=1m0s": 1})
			wait()
			d.says(t, 1, map[string]int{tt.still: 1, "for=2m0s": 1})
			ends(nil)
			d.says(t, 2, map[string]int{`level=` + tt.level + ` msg="store answers again" lasted=2m0s`: 1, "segment stored": 1})
			d.lateStreams(d.now)
			d.says(t, 0, nil) // the backlog goes up
			d.now = d.now.Add(10 * time.Second)
			d.lateStreams(d.now)
			d.says(t, 1, map[string]int{"streams are behind": 1, "streams=50": 1})
			for i := range 50 {
				d.stream(plan.LiveState{Stream: state.Stream{Name: fmt.Sprint(i), State: state.Live, Since: d.now}})
			}
			d.lateStreams(d.now)
			d.says(t, 1, map[string]int{`level=WARN msg="streams are behind no more"`: 1})
		})
	}
}

// TestJournalOfANarrowUplink: however many streams it is too slow for, the log says once that it is, and once that all have caught up.
func TestJournalOfANarrowUplink(t *testing.T) {
	t.Parallel()
	d := newDiary(nil)
	lag := func(behind time.Duration) {
		for i := range 50 {
			d.now = d.now.Add(time.Second)
			d.lag(plan.Lag{Playlist: fmt.Sprintf("%d/x.m3u8", i), Stream: fmt.Sprint(i), Behind: behind}, d.now)
		}
	}
	for range 2 {
		lag(time.Second)
		d.says(t, 1, map[string]int{`level=WARN msg="uplink is slower`: 1, "stream=0": 1, "cure=": 1})
		lag(0)
		d.says(t, 1, map[string]int{`level=WARN msg="live edge has caught up"`: 1, "lasted=1m39s streams_at_most=50": 1})
	}
}

// TestJournalOfABlackHole: streams are behind before anybody can know that the store is out of reach, which is no news of its own.
func TestJournalOfABlackHole(t *testing.T) {
	t.Parallel()
	d := newDiary(nil)
	d.start.Over, d.config.HoldWarn = true, 10*time.Second
	d.stream(plan.LiveState{Stream: state.Stream{Name: "hi", State: state.Behind, Since: d.now}})
	for range 9 {
		d.lateStreams(d.now)
		d.now = d.now.Add(time.Second)
	}
	d.store = state.Store{State: state.Unreachable}
	d.lateStreams(d.now)
	d.store = state.Store{State: state.Up}
	d.now = d.now.Add(9 * time.Second)
	d.lateStreams(d.now)
	d.stream(plan.LiveState{Stream: state.Stream{Name: "hi", State: state.Live, Since: d.now}})
	d.lateStreams(d.now)
	d.says(t, 0, nil)
}

// TestQuiet: the two lines of each segment can be spared, and no other one.
func TestQuiet(t *testing.T) {
	t.Parallel()
	for _, quiet := range []bool{false, true} {
		d := newDiary(nil)
		d.config.Quiet = quiet
		for _, op := range []plan.Op{plan.PutMedia, plan.PutPlaylist} {
			d.Ended(t.Context(), health.Request{Job: plan.Job{Op: op, Kind: hls.Media, Path: "a"}, Outcome: plan.Outcome{Result: plan.Done}}, health.Change{})
		}
		d.lost(plan.Loss{Path: "a.ts", Reason: "gone"}, d.now)
		want := map[bool]int{false: 3, true: 1}
		d.says(t, want[quiet], map[string]int{"segment lost": 1})
	}
}

// TestJournalOfAStart: one that takes its time is told every ten seconds, with how far it is and how long it will take.
func TestJournalOfAStart(t *testing.T) {
	t.Parallel()
	d := newDiary(nil)
	for i := range 30 {
		d.now = d.now.Add(time.Second)
		d.queue(0, plan.Waiting{Files: 20_000 - 500*i, Found: 20_000 - 500*i, Met: 20_000}, d.now)
		d.progress(d.now)
	}
	d.says(t, 3, map[string]int{"level=INFO": 3, "compared=0 files=20000": 1, "compared=5000 files=20000 done_in=30s": 1, "compared=10000 files=20000 done_in=20s": 1})
	d.queue(0, plan.Waiting{Met: 20_000, Started: true}, d.now)
	d.progress(d.now)
	d.progress(d.now)
	d.says(t, 1, map[string]int{"start is over": 1, "files=20000": 1})
}
