package plan

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
)

// TestPlanTriesAgainWhatIsRejected holds that no answer of the store lets go of bytes that are still to be had and needed.
func TestPlanTriesAgainWhatIsRejected(t *testing.T) {
	t.Parallel()
	rejects := Outcome{Result: Failed, Kind: store.Permanent, RetryIn: RejectedDelay}
	rejected := func(d *desk) {
		d.media("a.ts")
		d.playlist("x.m3u8", playlistText(0, false, "a.ts"))
		d.fresh("x.m3u8")
		d.want("put a.ts")
		d.answer("put a.ts", rejects)
	}
	for name, test := range map[string]func(d *desk){
		"a file, until it is taken": func(d *desk) {
			rejected(d)
			d.blocked("rejected")
			d.waits(RejectedDelay, "put a.ts")
			if !d.under["put a.ts"].Rejected {
				d.t.Error("the job does not say that it was rejected before")
			}
			d.answer("put a.ts", rejects)
			d.waits(RejectedDelay, "put a.ts")
			d.done("put a.ts")
			d.want("publish x.m3u8")
			d.lost()
		},
		"a file that every version of an EVENT playlist names": func(d *desk) {
			rejected(d)
			names := []string{"a.ts"}
			for i := range 50 {
				d.tick(time.Second)
				next := fmt.Sprintf("s%d.ts", i)
				names = append(names, next)
				d.media(next)
				d.playlist("x.m3u8", playlistText(0, false, names...))
				d.want("put " + next)
				d.done("put " + next)
			}
			d.waits(10*time.Second, "put a.ts")
			d.done("put a.ts")
			d.want("publish x.m3u8")
			d.lost()
		},
		"a file that left the directory": func(d *desk) {
			rejected(d)
			d.gone("a.ts")
			d.waits(RejectedDelay, "put a.ts")
			d.done("put a.ts")
			d.want("publish x.m3u8")
			d.lost()
		},
		"a file until no newest playlist names it": func(d *desk) {
			rejected(d)
			d.playlist("y.m3u8", playlistText(0, false, "a.ts"))
			d.fresh("y.m3u8")
			d.want()
			d.media("b.ts")
			d.playlist("x.m3u8", playlistText(1, false, "b.ts"))
			d.want("put b.ts")
			d.done("put b.ts")
			d.want("publish x.m3u8")
			d.done("publish x.m3u8")
			d.tick(2 * time.Second)
			d.want()
			d.lost()
			d.playlist("y.m3u8", playlistText(1, false, "b.ts"))
			d.tick(time.Second)
			d.want("publish y.m3u8")
			d.lost("a.ts rejected")
			d.done("publish y.m3u8")
			d.tick(time.Hour)
			d.want()
			d.lost()
		},
		"a file that fits no budget": func(d *desk) {
			d.plan.cfg.Budget = 150
			rejected(d)
			d.media("b.ts")
			d.playlist("x.m3u8", playlistText(0, false, "a.ts", "b.ts"))
			d.want("put b.ts")
			d.lost()
			d.blocked("unpinned")
			d.done("put b.ts")
			d.want()
			d.looks("a.ts")
			d.stillThere("a.ts")
			d.waits(RejectedDelay, "put a.ts")
			d.done("put a.ts")
			d.want("publish x.m3u8")
		},
		"other bytes as soon as they count": func(d *desk) {
			rejected(d)
			d.media("a.ts")
			d.tick(2 * time.Second)
			d.want("put a.ts")
			d.done("put a.ts")
			d.want("publish x.m3u8")
		},
		"all when the store was away": func(d *desk) {
			rejected(d)
			d.tick(time.Second)
			d.plan.Recover(d.now)
			d.want("put a.ts")
		},
		"a playlist while it is the newest": func(d *desk) {
			rejected(d)
			d.tick(RejectedDelay)
			d.want("put a.ts")
			d.done("put a.ts")
			d.want("publish x.m3u8")
			d.answer("publish x.m3u8", rejects)
			d.blocked("rejected")
			d.waits(RejectedDelay, "publish x.m3u8")
			if !d.under["publish x.m3u8"].Rejected {
				d.t.Error("the job does not say that it was rejected before")
			}
			d.answer("publish x.m3u8", rejects)
			d.tick(time.Second)
			d.playlist("x.m3u8", playlistText(0, false, "a.ts", "a.ts"))
			d.want("publish x.m3u8")
			d.answer("publish x.m3u8", rejects)
			d.waits(RejectedDelay, "publish x.m3u8")
			d.done("publish x.m3u8")
			d.tick(time.Hour)
			d.want()
		},
		"both once more at the end": func(d *desk) {
			rejected(d)
			d.media("b.ts")
			d.playlist("y.m3u8", playlistText(0, false, "b.ts"))
			d.fresh("y.m3u8")
			d.want("put b.ts")
			d.done("put b.ts")
			d.want("publish y.m3u8")
			d.answer("publish y.m3u8", rejects)
			d.want()
			d.plan.Drain()
			d.want("put a.ts", "publish y.m3u8")
			d.answer("put a.ts", rejects)
			d.answer("publish y.m3u8", rejects)
			d.want()
			if left := d.plan.Unshipped(); !d.plan.Finished() || !slices.Equal(left, []string{"a.ts", "x.m3u8", "y.m3u8"}) {
				d.t.Errorf("finished: %v, unshipped: %q", d.plan.Finished(), left)
			}
			d.lost()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(newDesk(t, Config{}))
		})
	}
}

// blocked checks why the one playlist that waits does so.
func (d *desk) blocked(reason string) {
	d.t.Helper()
	if w := d.plan.Blocked(); len(w) != 1 || w[0].Reason != reason {
		d.t.Errorf("blocked: got %+v, want %q", w, reason)
	}
}
