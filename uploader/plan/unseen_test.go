package plan

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// window has the watcher see a version of x.m3u8 with five segments from the given number on, all of which are there.
func (d *desk) window(first int) {
	var names []string
	for i := first; i < first+5; i++ {
		name := fmt.Sprintf("seg%d.ts", i)
		names = append(names, name)
		if d.plan.objects[name] == nil {
			d.media(name)
		}
	}
	d.playlist("x.m3u8", playlistText(first, false, names...))
}

// storing answers what is allowed now: what is published is the window from the given number on, or nothing if it is negative.
func (d *desk) storing(published int) {
	d.t.Helper()
	d.publishes(published, time.Time{})
}

func (d *desk) publishes(published int, at time.Time) {
	for jobs := d.jobs(); len(jobs) > 0; jobs = d.jobs() {
		for _, j := range jobs {
			out := Outcome{Result: Done}
			switch {
			case j.Op == Fetch && published < 0:
				out.Result = Absent
			case j.Op == Fetch:
				text := playlistText(published, false, "p0.ts", "p1.ts", "p2.ts", "p3.ts", "p4.ts")
				out.Content, out.Modified = []byte(text), at
				out.Playlist, _ = hls.Parse(out.Content)
			case j.Op == Compare:
				out.Result = Different
			}
			d.report(j, out)
		}
	}
}

// TestUnseenSegmentsAreLost: what the sequence numbers say that nobody saw is counted, and nothing else is.
func TestUnseenSegmentsAreLost(t *testing.T) {
	t.Parallel()
	type loss struct {
		count       int
		first, last int64
		unwatched   time.Duration
	}
	for name, test := range map[string]struct {
		play func(d *desk)
		want []loss
	}{
		"while the process stood still": {func(d *desk) {
			d.window(0)
			d.storing(-1)
			d.tick(10 * time.Second)
			d.window(20)
		}, []loss{{15, 5, 19, 10 * time.Second}}},
		"twice": {func(d *desk) {
			d.window(0)
			d.tick(10 * time.Second)
			d.window(6)
			d.tick(10 * time.Second)
			d.window(12)
		}, []loss{{1, 5, 5, 10 * time.Second}, {1, 11, 11, 10 * time.Second}}},
		"while no process ran, by what is published": {func(d *desk) {
			d.window(40)
			d.publishes(10, d.now.Add(-time.Minute))
		}, []loss{{25, 15, 39, time.Minute}}},
		"by what is published, and nobody knows when": {func(d *desk) {
			d.window(40)
			d.storing(10)
		}, []loss{{25, 15, 39, 0}}},
		"by what an earlier process saw last": {func(d *desk) {
			text := playlistText(20, false, "a.ts", "b.ts", "c.ts", "d.ts", "e.ts")
			f := hls.File{Path: "x.m3u8", Kind: hls.MediaPlaylist, Version: hls.Version{ModTime: d.now.Add(-time.Minute).UnixNano()}, Spooled: true}
			f.Playlist, _ = hls.Parse([]byte(text))
			d.plan.Remember(f)
			d.window(30)
			d.storing(3)
		}, []loss{{5, 25, 29, time.Minute}}},
		"but for what was found at rest": {func(d *desk) {
			for i := 17; i < 40; i++ {
				d.found(fmt.Sprintf("seg%d.ts", i))
			}
			d.found("other.ts")
			d.window(40)
			d.publishes(10, d.now.Add(-time.Minute))
		}, []loss{{2, 15, 39, time.Minute}}},
		"none: the window slides":      {func(d *desk) { d.window(0); d.tick(2 * time.Second); d.window(1); d.window(6); d.storing(-1) }, nil},
		"none: just as many":           {func(d *desk) { d.window(0); d.tick(9 * time.Second); d.window(5) }, nil},
		"none: a run that began anew":  {func(d *desk) { d.window(100); d.tick(time.Hour); d.window(0) }, nil},
		"none: numbers that are times": {func(d *desk) { d.window(100); d.tick(10 * time.Second); d.window(1_790_000_000) }, nil},
		"none: nothing is published":   {func(d *desk) { d.window(100); d.storing(-1) }, nil},
		"none: what was published was seen here": {func(d *desk) {
			d.window(100)
			d.storing(-1)
			d.plan.Inspect()
			d.storing(0)
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			test.play(d)
			var got []loss
			for _, l := range d.plan.Losses() {
				if l.Reason != "unseen" || l.Path != "x.m3u8" || l.Kind != hls.Media || l.Stream != "." {
					t.Errorf("lost: %+v", l)
				}
				got = append(got, loss{l.Count, l.First, l.Last, l.Unwatched})
			}
			if fmt.Sprint(got) != fmt.Sprint(test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// TestNothingIsUnseenBeforeAllIsMet: a playlist may be met before older segments of it, which are no loss once they are.
func TestNothingIsUnseenBeforeAllIsMet(t *testing.T) {
	t.Parallel()
	for name, knows := range map[string]func(d *desk){
		"what is published": func(d *desk) { d.publishes(10, d.now.Add(-time.Minute)) },
		"what an earlier process saw": func(d *desk) {
			f := hls.File{Path: "x.m3u8", Kind: hls.MediaPlaylist, Version: hls.Version{ModTime: d.now.Add(-time.Minute).UnixNano()}, Spooled: true}
			f.Playlist, _ = hls.Parse([]byte(playlistText(10, false, "a.ts", "b.ts", "c.ts", "d.ts", "e.ts")))
			d.plan.Remember(f)
		},
	} {
		for from, lost := range map[int]int{15: 0, 17: 2} {
			for _, late := range []bool{false, true} { // what is published is known after the scan
				d := newDesk(t, Config{Scanning: true})
				var older []hls.File
				for i := from; i < 40; i++ {
					f := d.file(fmt.Sprintf("seg%d.ts", i))
					f.Found = true
					older = append(older, f)
				}
				if name != "what is published" {
					knows(d)
				}
				d.window(40)
				if name == "what is published" && !late {
					knows(d)
				}
				for _, f := range older {
					d.plan.Observe(f)
				}
				if n := len(d.plan.Losses()); n != 0 {
					t.Errorf("%s: %d losses are told before all is met", name, n)
				}
				d.plan.Scanned()
				if late {
					knows(d)
				}
				got := 0
				for _, l := range d.plan.Losses() {
					got += l.Count
				}
				if got != lost {
					t.Errorf("%s, %d files from %d on, late %v: %d are lost, want %d", name, len(older), from, late, got, lost)
				}
			}
		}
	}
}

// TestFirstVersionAfterTheScan: a playlist that is heard of after the directory was looked through, and of which the store was read back for a
// multivariant playlist before, has the segments that came while nobody looked: they are there, and are stored.
func TestFirstVersionAfterTheScan(t *testing.T) {
	t.Parallel()
	for name, found := range map[string]bool{"met at rest": true, "just written": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{Scanning: true})
			d.plan.Remember(d.list("x.m3u8", playlistText(0, false, "s0.ts", "s1.ts"), true))
			d.atRest("master.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nx.m3u8\n")
			for i := range 6 {
				d.found(fmt.Sprintf("s%d.ts", i))
			}
			var losses []Loss
			read, err := hls.Parse([]byte(playlistText(0, false, "s0.ts", "s1.ts")))
			if err != nil {
				t.Fatal(err)
			}
			serve := func() {
				for range 20 {
					e := d.plan.Advance(d.now, Requests)
					losses = append(losses, e.Losses...)
					for _, j := range slices.Clone(e.Jobs) {
						o := Outcome{Result: Done, ETag: "tag"}
						switch {
						case j.Op == Fetch && j.Path == "x.m3u8":
							o.Playlist, o.Content = read, []byte(playlistText(0, false, "s0.ts", "s1.ts"))
						case j.Op == Fetch, j.Op == Compare && j.Path > "s1.ts":
							o = Outcome{Result: Absent}
						}
						d.report(j, o)
					}
					d.tick(200 * time.Millisecond)
				}
			}
			serve()
			d.plan.Scanned()
			serve()
			d.plan.Observe(d.list("x.m3u8", playlistText(4, false, "s4.ts", "s5.ts"), found))
			serve()
			if len(losses) > 0 {
				t.Errorf("losses: %+v", losses)
			}
			for i := 2; i < 6; i++ {
				if o := d.plan.objects[fmt.Sprintf("s%d.ts", i)]; o == nil || o.cell.Ours() == nil {
					t.Errorf("s%d.ts is not stored", i)
				}
			}
		})
	}
}
