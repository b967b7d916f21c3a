package journal

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/health"
	"github.com/hlsship/hlsship/uploader/plan"
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
		d.says(t, 1, map[string]int{line: 1, "waits_for=a.ts": 1})
	})
	t.Run("a new reason is told at once", func(t *testing.T) {
		t.Parallel()
		d := newDiary(nil)
		d.looks("missing", "a.ts", "x.m3u8")
		d.looks("uploading", "a.ts", "x.m3u8")
		d.says(t, 2, map[string]int{"reason=missing": 1, "reason=uploading": 1})
		for range 5 {
			d.looks("missing", "a.ts", "x.m3u8")
			d.looks("uploading", "a.ts", "x.m3u8")
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
		d.says(t, 1, nil)
		d.looks("missing", "a.ts", "x.m3u8")
		d.says(t, 1, map[string]int{line: 1})
		d.looks("", "")
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
		d.says(t, 42, map[string]int{line: 40, "more playlists are held back": 2, "playlists=2980": 2})
		for range 7 {
			d.looks("", "")
		}
		if n := len(d.holds.known); n != 0 {
			t.Errorf("%d playlists are remembered after all are published", n)
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
		d.lost(plan.Loss{Path: "x.m3u8", Reason: "unseen", Count: 15, First: 7, Last: 21, Unwatched: 30 * time.Second}, d.now)
		d.says(t, 1, map[string]int{`msg="segments were never seen" playlist=x.m3u8 first=7 last=21 count=15 unwatched=30s`: 1})
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
		g.Ended(health.Request{
			Job:     plan.Job{Op: plan.PutMedia, Kind: kind, Replaces: true, Path: "a", File: hls.File{State: hls.Settled}},
			Outcome: plan.Outcome{Result: plan.Done, CacheControl: "public, max-age=8"},
		}, health.Change{})
	}
	if n := strings.Count(log.String(), "name came back"); n != 1 || !strings.Contains(log.String(), `cache_control="public, max-age=8"`) {
		t.Errorf("the log says %s", log.String())
	}
}
