package plan

import (
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/plan/schedule"
)

// TestPlanHonoursRetryAfter within bounds: a store that writes a minute into each refusal must not stop a live stream for as long.
func TestPlanHonoursRetryAfter(t *testing.T) {
	t.Parallel()
	asks := Outcome{Result: Failed, RetryIn: time.Second, Asked: time.Hour}
	named := func(d *desk) {
		d.media("a.ts", "b.ts")
		d.playlist("x.m3u8", playlistText(0, false, "a.ts", "b.ts"))
		d.fresh("x.m3u8")
		d.want("put a.ts", "put b.ts")
	}
	for name, test := range map[string]func(d *desk){
		"a file of the live edge": func(d *desk) {
			named(d)
			d.answer("put a.ts", asks)
			d.answer("put b.ts", Outcome{Result: Void})
			d.waits(schedule.EdgeRetryAfter, "put a.ts")
		},
		"a playlist": func(d *desk) {
			named(d)
			d.done("put a.ts", "put b.ts")
			d.want("publish x.m3u8")
			d.answer("publish x.m3u8", asks)
			d.waits(schedule.EdgeRetryAfter, "publish x.m3u8")
		},
		"a playlist that is read back": func(d *desk) {
			d.playlist("x.m3u8", playlistText(0, false))
			d.want("fetch x.m3u8")
			d.answer("fetch x.m3u8", asks)
			d.waits(schedule.EdgeRetryAfter, "fetch x.m3u8")
		},
		"one that is named and not there": func(d *desk) {
			d.playlist("m.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nx.m3u8\n")
			d.want("fetch m.m3u8")
			d.absent("fetch m.m3u8")
			d.want("fetch x.m3u8")
			d.answer("fetch x.m3u8", asks)
			d.waits(schedule.EdgeRetryAfter, "fetch x.m3u8")
		},
		"our own wait where it is longer": func(d *desk) {
			named(d)
			d.answer("put a.ts", Outcome{Result: Failed, RetryIn: 5 * time.Second, Asked: 4 * time.Second})
			d.answer("put b.ts", Outcome{Result: Void})
			d.waits(5*time.Second, "put a.ts")
		},
		"backlog, for a minute": func(d *desk) {
			d.media("a.jpg")
			d.want("put a.jpg")
			d.answer("put a.jpg", asks)
			d.waits(schedule.MaxRetryAfter, "put a.jpg")
		},
		"backlog that the live edge comes to need": func(d *desk) {
			d.media("a.jpg")
			d.want("put a.jpg")
			d.answer("put a.jpg", asks)
			d.tick(schedule.EdgeRetryAfter)
			d.want()
			d.playlist("x.m3u8", playlistText(0, false, "a.jpg"))
			d.want("fetch x.m3u8")
			d.answer("fetch x.m3u8", Outcome{Result: Cancelled})
			d.want("fetch x.m3u8")
			d.absent("fetch x.m3u8")
			d.want("put a.jpg")
		},
		"until another name goes well": func(d *desk) {
			named(d)
			d.answer("put a.ts", asks)
			d.tick(500 * time.Millisecond)
			d.done("put b.ts")
			d.waits(500*time.Millisecond, "put a.ts")
		},
		"backlog until another name goes well": func(d *desk) {
			d.media("a.jpg", "b.jpg")
			d.want("put a.jpg", "put b.jpg")
			d.answer("put a.jpg", asks)
			d.tick(2 * time.Second)
			d.want()
			d.done("put b.jpg")
			d.want("put a.jpg")
		},
		"not the success before": func(d *desk) {
			named(d)
			d.done("put b.ts")
			d.answer("put a.ts", asks)
			d.waits(schedule.EdgeRetryAfter, "put a.ts")
		},
		"not at the end": func(d *desk) {
			d.media("a.jpg")
			d.want("put a.jpg")
			d.answer("put a.jpg", asks)
			d.tick(time.Second)
			d.want()
			d.plan.Drain()
			d.want("put a.jpg")
			d.answer("put a.jpg", asks)
			d.waits(time.Second, "put a.jpg")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(newDesk(t, Config{Include: func(name string) bool { return name == "a.jpg" || name == "b.jpg" }}))
		})
	}
}

// waits checks that nothing is allowed for so long, and then this, of which the Plan says so.
func (d *desk) waits(wait time.Duration, names ...string) {
	d.t.Helper()
	d.want()
	if at, ok := d.plan.Wake(); !ok || at.After(d.now.Add(wait)) {
		d.t.Errorf("wake at %v, want in %v", at.Sub(d.now), wait)
	}
	d.tick(wait - time.Millisecond)
	d.want()
	d.tick(time.Millisecond)
	d.want(names...)
}
