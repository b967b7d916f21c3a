package plan

import (
	"fmt"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/plan/schedule"
	"github.com/hlsship/hlsship/uploader/store"
)

// TestPlanShipsWhatIsOnDisk holds that what does not fit into the budget, or is too old, is shipped when there is room, as long as
// the directory has it, and lost only when it has it no more.
func TestPlanShipsWhatIsOnDisk(t *testing.T) {
	t.Parallel()
	event := func(d *desk, first, last int) { // an EVENT playlist whose segments stay
		var names []string
		for i := range last + 1 {
			name := fmt.Sprintf("s%d.ts", i)
			if names = append(names, name); i >= first {
				d.media(name)
				d.tick(time.Second)
			}
		}
		d.playlist("x.m3u8", playlistText(0, false, names...))
	}
	// over leaves s0.ts and s1.ts of four without a pin.
	over := func(d *desk) {
		event(d, 0, 3)
		d.fresh("x.m3u8")
		d.want("put s2.ts", "put s3.ts")
		d.lost()
		d.blocked("unpinned")
		d.unpinned("s0.ts budget", "s1.ts budget")
	}
	for name, test := range map[string]func(d *desk){
		"the oldest first, one at a time": func(d *desk) {
			over(d)
			d.want()
			d.looks("s0.ts") // what is under way waits no more
			d.stillThere("s0.ts")
			d.want() // it is backlog
			d.done("put s2.ts", "put s3.ts")
			d.want("put s0.ts")
			d.want()
			d.looks("s1.ts")
			d.stillThere("s1.ts")
			d.done("put s0.ts")
			d.want("put s1.ts")
			d.done("put s1.ts")
			d.want("publish x.m3u8")
			d.unpinned()
			d.lost()
		},
		"the live edge first": func(d *desk) {
			over(d)
			d.done("put s2.ts", "put s3.ts")
			d.want()
			d.looks("s0.ts")
			d.stillThere("s0.ts")
			d.media("s4.ts")
			d.playlist("y.m3u8", playlistText(3, false, "s3.ts", "s4.ts"))
			d.want("fetch y.m3u8", "put s0.ts")
			d.absent("fetch y.m3u8")
			d.want("put s4.ts")
			d.done("put s4.ts")
			d.want("publish y.m3u8")
		},
		"what the newest playlist waits for before what is older": func(d *desk) {
			d.plan.cfg.Budget = 150
			event(d, 0, 3)
			d.media("s4.ts")
			d.playlist("x.m3u8", playlistText(3, false, "s1.ts", "s4.ts"))
			d.fresh("x.m3u8")
			d.want("put s4.ts")
			d.unpinned("s0.ts budget", "s1.ts budget", "s2.ts budget", "s3.ts budget")
			d.looks()
			d.done("put s4.ts")
			d.want()
			d.looks("s1.ts")
			d.stillThere("s1.ts")
			d.want("put s1.ts")
			d.done("put s1.ts")
			d.want("publish x.m3u8")
			d.done("publish x.m3u8")
			d.want()
			d.looks("s0.ts")
		},
		"a file that is gone is lost": func(d *desk) {
			over(d)
			d.gone("s0.ts")
			d.lost("s0.ts budget")
			d.blocked("lost")
			d.done("put s2.ts", "put s3.ts")
			d.want()
			d.looks("s0.ts", "s1.ts")
			d.gone("s1.ts")
			d.lost("s1.ts budget")
			d.unpinned()
			d.tick(time.Hour)
			d.want()
			d.looks()
		},
		"a file that was gone, and is there again": func(d *desk) {
			over(d)
			f := d.plan.objects["s0.ts"].disk.Newest().File
			d.gone("s0.ts")
			d.lost("s0.ts budget")
			f.Source, f.Found = paper{}, true
			d.plan.Observe(f)
			d.done("put s2.ts", "put s3.ts")
			d.want("put s0.ts")
			d.looks("s0.ts", "s1.ts")
		},
		"a file that was rewritten is superseded": func(d *desk) {
			over(d)
			d.media("s0.ts")
			d.lost("s0.ts superseded")
			d.unpinned("s1.ts budget")
		},
		"a file for which there is no room waits on": func(d *desk) {
			over(d)
			d.stillThere("s0.ts")
			d.media("s4.ts")
			d.playlist("x.m3u8", playlistText(3, false, "s3.ts", "s4.ts"))
			d.stillThere("s1.ts")
			d.unpinned("s1.ts budget")
			if n := len(d.plan.Released()); n != 3 { // two pins, and the one that came unasked
				d.t.Errorf("%d sources are released, want 3", n)
			}
		},
		"a file larger than the budget, when nothing else waits": func(d *desk) {
			f := d.file("s0.ts")
			f.Version.Size = 1 << 40
			d.plan.Observe(f)
			d.media("s1.ts")
			d.playlist("x.m3u8", playlistText(0, false, "s0.ts", "s1.ts"))
			d.fresh("x.m3u8")
			d.want("put s1.ts")
			d.unpinned("s0.ts budget")
			d.looks()
			d.done("put s1.ts")
			d.want()
			d.looks("s0.ts")
			d.stillThere("s0.ts")
			d.media("s2.ts") // it stays all the same
			d.playlist("y.m3u8", playlistText(0, false, "s2.ts"))
			d.want("fetch y.m3u8", "put s0.ts")
			d.done("put s0.ts")
			d.want("publish x.m3u8")
		},
		"what no playlist names any more": func(d *desk) {
			over(d)
			d.media("s4.ts")
			d.playlist("x.m3u8", playlistText(3, false, "s3.ts", "s4.ts"))
			d.done("put s2.ts", "put s3.ts")
			d.want("put s4.ts")
			d.done("put s4.ts")
			d.want("publish x.m3u8")
			d.done("publish x.m3u8")
			d.want()
			d.looks("s0.ts")
			d.stillThere("s0.ts")
			d.want("put s0.ts")
			d.done("put s0.ts")
			d.want()
			d.looks("s1.ts")
			d.stillThere("s1.ts")
			d.want("put s1.ts")
			d.done("put s1.ts")
			d.want()
			d.lost()
		},
		"not while the store fails": func(d *desk) {
			over(d)
			d.plan.Looks()
			d.stillThere("s0.ts")
			d.answer("put s2.ts", Outcome{Result: Failed, Kind: store.Transient, RetryIn: time.Minute})
			d.answer("put s3.ts", Outcome{Result: Failed, Kind: store.Transient, RetryIn: time.Minute})
			d.tick(time.Second)
			d.plan.Next(d.now)
			d.looks()
		},
		"a file of which the watcher says nothing keeps up no other": func(d *desk) {
			over(d)
			d.done("put s2.ts", "put s3.ts")
			d.want()
			d.looks("s0.ts")
			d.tick(askTime)
			d.want()
			d.looks("s1.ts")
		},
		"a file that is too old, and is tried as long once more": func(d *desk) {
			d.plan.cfg.Budget, d.plan.cfg.MaxAge = 0, time.Minute
			d.plan.schedule = schedule.New(schedule.Config{Workers: 64, PerStream: 1}, d.plan.rules())
			event(d, 0, 1)
			d.fresh("x.m3u8")
			d.want("put s0.ts")
			d.tick(2 * time.Minute)
			d.want()
			d.unpinned("s1.ts age")
			d.looks("s1.ts")
			d.stillThere("s1.ts")
			d.tick(50 * time.Second)
			d.want()
			d.unpinned()
			d.done("put s0.ts")
			d.want("put s1.ts")
			d.done("put s1.ts")
			d.want("publish x.m3u8")
			d.lost()
		},
		"while the store is out of reach, too": func(d *desk) {
			d.playlist("x.m3u8", playlistText(0, false))
			d.fresh("x.m3u8")
			event(d, 0, 3)
			d.plan.Recheck(d.now)
			d.unpinned("s0.ts budget", "s1.ts budget")
			d.looks()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(newDesk(t, Config{Budget: 210}))
		})
	}
}

// TestUnpinnedCostsTheOthersNothing: while there is no room for a file that is in the directory alone, an Advance in which nothing
// happens takes as long beside very many playlists as beside few.
func TestUnpinnedCostsTheOthersNothing(t *testing.T) {
	for name, back := range map[string]bool{"in the directory alone": false, "back from there": true} {
		t.Run(name, func(t *testing.T) {
			took := func(playlists int) time.Duration {
				d := newDesk(t, Config{Budget: 1000})
				d.unaudited()
				large := d.file("b.ts")
				large.Version.Size = 1 << 40
				d.plan.Observe(large)
				d.playlist("b.m3u8", playlistText(0, false, "b.ts"))
				for i := range playlists {
					var names []string
					for n := range 50 {
						names = append(names, fmt.Sprintf("%d-%d.ts", i, n))
					}
					d.playlist(fmt.Sprintf("%d.m3u8", i), playlistText(0, false, names...))
				}
				for range 3 {
					d.jobs()
				}
				if back {
					d.plan.unpinned.ask(d.plan.objects["b.ts"].disk.Newest(), d.now)
					d.plan.Observe(large)
				}
				d.jobs()
				least := time.Hour
				for range 20 {
					began := time.Now()
					for range 100 {
						d.jobs()
					}
					least = min(least, time.Since(began))
				}
				return least
			}
			if few, many := took(5), took(1000); many > 20*few {
				t.Errorf("%s beside 1,000 playlists, %s beside 5", many, few)
			}
		})
	}
}
