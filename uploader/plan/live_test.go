package plan

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/state"
)

// works has the store do what it is asked, but for requests for the files named, which are under way from then on.
func (d *desk) works(slow ...string) {
	d.t.Helper()
	for {
		jobs := d.plan.Next(d.now)
		if len(jobs) == 0 {
			return
		}
		for _, j := range jobs {
			d.under[j.Path] = j
			switch {
			case slices.Contains(slow, j.Path):
			case j.Op == Fetch:
				d.absent(j.Path)
			default:
				d.done(j.Path)
			}
		}
	}
}

// shows checks which states are told during dt, while nothing happens but what the Plan does by itself: "live=held never.ts missing".
func (d *desk) shows(dt time.Duration, want ...string) {
	d.t.Helper()
	var told []string
	end := d.now.Add(dt)
	for {
		for _, s := range d.plan.changedStreams(nil, d.now, false) {
			text := s.Name + "=" + string(s.State)
			if s.Reason != "" {
				text += " " + s.WaitsFor + " " + s.Reason
			}
			if !slices.Contains(told, text) {
				told = append(told, text)
			}
		}
		at := d.plan.wakeAt()
		if at.IsZero() || at.After(end) {
			break
		}
		d.now = at
		d.plan.Recheck(d.now)
	}
	d.now = end
	if got := strings.Join(told, "; "); got != strings.Join(want, "; ") {
		d.t.Errorf("told: %s, want %s", got, strings.Join(want, "; "))
	}
}

// TestStates: each state of a stream is told when it begins, though nothing happens, and when it ends.
func TestStates(t *testing.T) {
	t.Parallel()
	for name, play := range map[string]func(d *desk){
		"the packager is silent, and goes on": func(d *desk) {
			d.media("live/a.ts")
			d.playlist("live/x.m3u8", playlistText(0, false, "a.ts"))
			d.works()
			d.shows(5*time.Second, "live=live")
			d.shows(2*time.Second, "live=stalled")
			d.shows(time.Minute)
			d.media("live/b.ts")
			d.playlist("live/x.m3u8", playlistText(0, false, "a.ts", "b.ts"))
			d.works()
			d.shows(time.Second, "live=live")
		},
		"the packager ends": func(d *desk) {
			d.media("live/a.ts")
			d.playlist("live/x.m3u8", playlistText(0, true, "a.ts"))
			d.works()
			d.shows(time.Minute, "live=ended")
		},
		"a file is missing, and comes": func(d *desk) {
			d.media("live/a.ts")
			d.playlist("live/x.m3u8", playlistText(0, false, "a.ts"))
			d.works()
			d.shows(0, "live=live")
			d.playlist("live/x.m3u8", playlistText(0, false, "a.ts", "b.ts"))
			d.shows(time.Second, "live=live")
			d.shows(5*time.Second, "live=held live/b.ts missing")
			d.media("live/b.ts")
			d.playlist("live/x.m3u8", playlistText(0, false, "a.ts", "b.ts", "#EXT-X-GAP"))
			d.works()
			d.shows(time.Second, "live=live")
		},
		"the store takes its time": func(d *desk) {
			d.media("live/a.ts")
			d.playlist("live/x.m3u8", playlistText(0, false, "a.ts"))
			d.works()
			d.shows(0, "live=live")
			d.media("live/b.ts")
			d.playlist("live/x.m3u8", playlistText(0, false, "a.ts", "b.ts"))
			d.works("live/b.ts")
			d.shows(time.Minute, "live=live", "live=behind live/b.ts uploading")
			d.done("live/b.ts")
			d.works()
			d.shows(time.Second, "live=stalled")
		},
		"the store takes its time, and the newest file is heard of late": func(d *desk) {
			d.media("live/a.ts", "live/b.ts")
			d.playlist("live/x.m3u8", playlistText(0, false, "a.ts"))
			d.works()
			d.shows(0, "live=live")
			d.playlist("live/x.m3u8", playlistText(0, false, "a.ts", "b.ts"))
			d.works("live/b.ts")
			d.shows(3*time.Second, "live=live", "live=behind live/b.ts uploading")
			d.playlist("live/x.m3u8", playlistText(0, false, "a.ts", "b.ts", "c.ts"))
			d.shows(time.Second, "live=behind live/b.ts uploading")
			d.media("live/c.ts")
			d.shows(time.Minute, "live=behind live/c.ts uploading")
		},
		"the store takes its time, and a file is missing": func(d *desk) {
			d.media("live/a.ts", "live/b.ts")
			d.playlist("live/x.m3u8", playlistText(0, false, "a.ts"))
			d.works()
			d.playlist("live/x.m3u8", playlistText(0, false, "a.ts", "b.ts"))
			d.works("live/b.ts")
			d.shows(3*time.Second, "live=live", "live=behind live/b.ts uploading")
			d.playlist("live/x.m3u8", playlistText(0, false, "a.ts", "b.ts", "c.ts"))
			d.shows(time.Second, "live=behind live/b.ts uploading")
			d.playlist("live/x.m3u8", playlistText(0, false, "a.ts", "b.ts", "c.ts", "d.ts"))
			d.shows(time.Second, "live=behind live/b.ts uploading", "live=held live/c.ts missing")
		},
		"one of two playlists": func(d *desk) {
			d.media("live/a.ts")
			d.playlist("live/x.m3u8", playlistText(0, true, "a.ts"))
			d.works()
			d.shows(0, "live=ended")
			d.playlist("live/y.m3u8", playlistText(0, false, "b.ts"))
			d.works()
			d.shows(time.Minute, "live=waiting live/b.ts missing", "live=held live/b.ts missing")
		},
		"a multivariant playlist is the worst of its own": func(d *desk) {
			d.media("v/a.ts")
			d.playlist("v/x.m3u8", playlistText(0, false, "a.ts"))
			d.playlist("m.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv/x.m3u8\n")
			d.works()
			d.shows(time.Second, "v=live", ".=live")
			d.shows(time.Minute, "v=stalled", ".=stalled")
			d.media("v/b.ts")
			d.playlist("v/x.m3u8", playlistText(0, true, "a.ts", "b.ts"))
			d.works()
			d.shows(time.Second, "v=ended", ".=ended")
		},
		"a multivariant playlist says what one of its own waits for": func(d *desk) {
			d.media("v/a.ts")
			d.playlist("v/x.m3u8", playlistText(0, false, "a.ts"))
			d.playlist("m.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv/x.m3u8\n")
			d.works()
			d.shows(time.Second, "v=live", ".=live")
			d.playlist("v/x.m3u8", playlistText(0, false, "a.ts", "never.ts"))
			d.works()
			d.shows(4*time.Second, "v=live", "v=held v/never.ts missing", ".=held v/never.ts missing")
		},
		"a rendition is deleted": func(d *desk) {
			d.media("v/a.ts")
			d.playlist("v/x.m3u8", playlistText(0, false, "a.ts"))
			d.playlist("m.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv/x.m3u8\n")
			d.works()
			d.shows(time.Second, "v=live", ".=live")
			d.gone("v/x.m3u8")
			d.shows(0, "v=ended", ".=ended")
		},
		"one of two playlists beside each other that others name": func(d *desk) {
			d.media("v/a.ts")
			d.playlist("v/x.m3u8", playlistText(0, false, "a.ts"))
			d.playlist("v/y.m3u8", playlistText(0, false, "a.ts"))
			d.playlist("m.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv/y.m3u8\n")
			d.works()
			d.shows(time.Second, "v=live", ".=live")
			d.playlist("v/x.m3u8", playlistText(0, false, "a.ts", "never.ts"))
			d.works()
			d.shows(4*time.Second, "v=live", "v=held v/never.ts missing")
			d.shows(time.Minute, "v=held v/never.ts missing", ".=stalled")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(newDesk(t, Config{}))
		})
	}
}

// TestStateTellsHowFar: a stream that is behind says what waits, and how long that will take.
func TestStateTellsHowFar(t *testing.T) {
	t.Parallel()
	d := newDesk(t, Config{})
	names := []string{"a.ts", "b.ts", "c.ts", "d.ts", "e.ts", "f.ts", "g.ts", "h.ts"}
	d.media(names...)
	d.playlist("x.m3u8", playlistText(0, false, names...))
	var last state.Stream
	for i := range 6 {
		d.works(names...)
		d.tick(time.Second)
		d.done(names[i])
		for _, s := range d.plan.changedStreams(nil, d.now, false) {
			last = s.Stream
		}
	}
	if last.State != state.Behind || last.Backlog.Files != 2 || last.Backlog.Bytes != 200 || last.Backlog.Rate != 1 || last.Backlog.Left == nil || *last.Backlog.Left != 2 {
		t.Errorf("told: %+v (left %v), want 2 files and 2 s", last, last.Backlog.Left)
	}
	if last.Since != d.now.Add(-6*time.Second) || len(last.Decisions) == 0 || last.Cure == "" {
		t.Errorf("told: %+v, want since when, decisions and a cure", last)
	}
}
