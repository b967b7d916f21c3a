package plan

import (
	"slices"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
)

// TestPlanAimsAtWhatIsPending holds that the live edge is never aimed at a version that is published: from then on nothing would be
// skipped any more, however far it is behind.
func TestPlanAimsAtWhatIsPending(t *testing.T) {
	t.Parallel()
	d := newDesk(t, Config{MaxLag: 15 * time.Second})
	d.media("a.ts")
	d.playlist("x.m3u8", playlistText(0, false, "a.ts"))
	d.fresh("x.m3u8")
	d.want("put a.ts")
	d.done("put a.ts")
	d.want("publish x.m3u8")
	d.tick(time.Second)
	d.media("b.ts")
	d.playlist("x.m3u8", playlistText(1, false, "a.ts", "b.ts"))
	d.want("put b.ts")
	d.tick(time.Second)
	d.media("c.ts")
	d.playlist("x.m3u8", playlistText(2, false, "b.ts", "c.ts"))
	d.want("put c.ts")
	d.tick(4 * time.Second)
	d.done("publish x.m3u8") // the line moves
	d.tick(3 * time.Second)
	d.done("put b.ts", "put c.ts")
	d.want("publish x.m3u8") // while the live edge is late
	d.done("publish x.m3u8")
	d.want()
	l := d.plan.lists["x.m3u8"]
	if l.edge.mode != following {
		t.Fatalf("mode %d, and nothing is pending", l.edge.mode)
	}
	for i, name := range []string{"d.ts", "e.ts", "f.ts", "g.ts", "h.ts"} {
		d.media(name)
		d.playlist("x.m3u8", playlistText(3+i, false, name))
		d.tick(4 * time.Second)
		d.jobs()
	}
	if !slices.Contains(l.pending, l.edge.goal) && l.edge.mode != restarting {
		t.Error("the live edge is 16 s behind, and nothing is skipped for it")
	}
}

// TestPlanLosesTheNewestOfWhatWasLeft: the newest version of an earlier process is given up for its age while an older one may be
// published, and then the bucket vanishes.
func TestPlanLosesTheNewestOfWhatWasLeft(t *testing.T) {
	t.Parallel()
	d := newDesk(t, Config{MaxAge: time.Minute})
	d.media("a.ts")
	d.leaves("x.m3u8", playlistText(10, false, "a.ts"), true)
	d.leaves("x.m3u8", playlistText(10, false, "a.ts", "b.ts"), true)
	d.fresh("x.m3u8")
	d.want("put a.ts")
	d.done("put a.ts")
	d.want("publish x.m3u8")
	d.answer("publish x.m3u8", Outcome{Result: Failed, Kind: store.Transient, RetryIn: time.Hour})
	d.tick(2 * time.Minute)
	d.want()
	l := d.plan.lists["x.m3u8"]
	check := func(when string) {
		t.Helper()
		if len(l.pending) > 0 && l.last == nil {
			t.Errorf("%s: %d versions are pending, and there is no last one", when, len(l.pending))
		}
	}
	check("given up")
	d.plan.vanish()
	for range 4 {
		for _, j := range d.jobs() {
			out := Outcome{Result: Absent}
			if j.Op == PutMedia {
				out = Outcome{Result: Failed, Kind: store.Transient, RetryIn: time.Second}
			}
			d.report(j, out)
			check("vanished")
		}
		d.tick(2 * time.Second)
	}
}

// TestBlockedSaysWhatIsNotTaken: a file that is there and is not meant is not being uploaded.
func TestBlockedSaysWhatIsNotTaken(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		reason string
		play   func(d *desk)
	}{
		"an init section without bytes": {"empty", func(d *desk) {
			d.empty("i.mp4")
			d.playlist("x.m3u8", playlistText(0, false, `#EXT-X-MAP:URI="i.mp4"`))
			d.tick(time.Hour)
		}},
		"a key without bytes that comes later": {"empty", func(d *desk) {
			d.playlist("x.m3u8", playlistText(0, false, `#EXT-X-KEY:METHOD=AES-128,URI="k.key"`))
			d.empty("k.key")
		}},
		"a segment of the run before": {"stale", func(d *desk) {
			d.found("s1.ts")
			d.media("s0.ts")
			d.playlist("x.m3u8", playlistText(0, false, "s0.ts", "s1.ts"))
			d.tick(5 * time.Second)
		}},
		"a restart under the same names": {"stale", func(d *desk) {
			d.media("s0.ts")
			d.playlist("x.m3u8", playlistText(5, true, "s0.ts"))
			d.tick(time.Second)
			d.playlist("x.m3u8", playlistText(0, false, "s0.ts"))
		}},
		"a file that is compared": {"uploading", func(d *desk) {
			d.playlist("x.m3u8", playlistText(0, false, "s0.ts"))
			d.found("s0.ts")
		}},
		"a file that never came": {"missing", func(d *desk) {
			d.playlist("x.m3u8", playlistText(0, false, "s0.ts"))
			d.tick(time.Hour)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			tt.play(d)
			d.jobs()
			d.blocked(tt.reason)
			if tt.reason != "uploading" && (Wait{Reason: tt.reason}).Cure() == (Wait{Reason: "uploading"}).Cure() {
				t.Errorf("%s has no cure of its own", tt.reason)
			}
		})
	}
}

// TestPlanHearsLateWhatWasNamed: an earlier process's pin that turns up late says of a file which is there, and which no playlist
// names any more, that it was named.
func TestPlanHearsLateWhatWasNamed(t *testing.T) {
	t.Parallel()
	for _, named := range []bool{true, false} {
		d := newDesk(t, Config{})
		f := d.file("7.ts")
		f.Found = true
		d.plan.Observe(f)
		d.media("9.ts") // 8.ts is missing: there is no row
		d.playlist("x.m3u8", playlistText(9, false, "9.ts"))
		d.fresh("x.m3u8")
		d.want("put 9.ts")
		d.done("put 9.ts")
		d.want("publish x.m3u8")
		d.done("publish x.m3u8")
		f.Spooled, f.Named, f.Source = true, named, paper{}
		d.plan.ObserveLate(f)
		if !named {
			d.want()
			continue
		}
		d.want("compare 7.ts")
		d.absent("compare 7.ts")
		d.want("put 7.ts")
	}
}
