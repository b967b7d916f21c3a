package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/store"
)

// during starts an outage with six segments of 100 bytes each waiting, named one after the other; the newest
// playlist names the last two.
func during(t *testing.T, c Config) *desk {
	c.MaxLag = 15 * time.Second
	d := newDesk(t, c)
	d.playlist("x.m3u8", playlistText(0, false))
	d.fresh("x.m3u8")
	d.want("publish x.m3u8")
	d.done("publish x.m3u8")
	for i := range 6 {
		d.tick(time.Second)
		d.media(fmt.Sprintf("s%d.ts", i))
		if i == 0 {
			d.playlist("x.m3u8", playlistText(0, false, "s0.ts"))
		} else {
			d.playlist("x.m3u8", playlistText(i-1, false, fmt.Sprintf("s%d.ts", i-1), fmt.Sprintf("s%d.ts", i)))
		}
	}
	return d
}

func (d *desk) lost(names ...string) {
	d.t.Helper()
	var got []string
	for _, l := range d.plan.Losses() {
		got = append(got, l.Path+" "+l.Reason)
	}
	if fmt.Sprint(got) != fmt.Sprint(names) {
		d.t.Errorf("lost %q, want %q", got, names)
	}
}

// unpinned checks which files wait in the directory alone, oldest first, and why.
func (d *desk) unpinned(names ...string) {
	d.t.Helper()
	var got []string
	for _, v := range d.plan.unpinned.versions {
		got = append(got, v.File.Path+" "+v.Unpinned())
	}
	if !slices.Equal(got, names) {
		d.t.Errorf("unpinned %q, want %q", got, names)
	}
}

// looks checks what the watcher is asked to look at.
func (d *desk) looks(names ...string) {
	d.t.Helper()
	if got := d.plan.Looks(); !slices.Equal(got, names) {
		d.t.Errorf("looks %q, want %q", got, names)
	}
}

// stillThere reports files once more that are unchanged.
func (d *desk) stillThere(names ...string) {
	d.t.Helper()
	for _, name := range names {
		f := d.plan.objects[name].disk.Newest().File
		f.Seen, f.Source = d.now, paper{}
		d.plan.Observe(f)
	}
}

func TestPlanBudget(t *testing.T) {
	t.Parallel()
	t.Run("the oldest that no newest playlist needs goes first", func(t *testing.T) {
		t.Parallel()
		d := during(t, Config{Budget: 350})
		d.want("put s3.ts", "put s4.ts", "put s5.ts")
		d.lost()
		d.unpinned("s0.ts budget", "s1.ts budget", "s2.ts budget")
		d.done("put s3.ts", "put s4.ts", "put s5.ts")
		d.want("publish x.m3u8")
		if first := d.under["publish x.m3u8"].File.Playlist.MediaSequence; first != 4 {
			t.Errorf("published from number %d, want the newest, from 4", first)
		}
	})
	t.Run("what the newest playlist needs goes last", func(t *testing.T) {
		t.Parallel()
		d := during(t, Config{Budget: 150})
		d.want("put s5.ts")
		d.lost()
		d.unpinned("s0.ts budget", "s1.ts budget", "s2.ts budget", "s3.ts budget", "s4.ts budget")
		d.gone("s4.ts")
		d.lost("s4.ts budget")
		d.done("put s5.ts")
		d.want() // the newest playlist names s4.ts, which will never be there
		if w := d.plan.Blocked(); len(w) != 1 || w[0].Reason != "lost" || w[0].Name != "s4.ts" {
			t.Errorf("blocked: %+v", w)
		}
		d.media("s6.ts")
		d.playlist("x.m3u8", playlistText(5, false, "s5.ts", "s6.ts"))
		d.want("put s6.ts")
		d.done("put s6.ts")
		d.want("publish x.m3u8")
	})
	t.Run("what is too old goes", func(t *testing.T) {
		t.Parallel()
		d := during(t, Config{MaxAge: 10 * time.Second})
		d.tick(7 * time.Second)
		d.want("put s4.ts", "put s5.ts")
		d.lost()
		d.unpinned("s0.ts age", "s1.ts age")
		d.done("put s4.ts", "put s5.ts")
		d.want("publish x.m3u8", "put s2.ts", "put s3.ts")
	})
}

// TestBudgetIsShared: who holds the most loses first, so that a stream which holds little loses nothing for another one.
func TestBudgetIsShared(t *testing.T) {
	t.Parallel()
	begin := func(d *desk) { // requests for files
		for _, j := range d.jobs() {
			if j.Op == Fetch {
				d.report(j, Outcome{Result: Absent})
			}
		}
		if !d.plan.objects["b.ts"].busy() {
			d.jobs()
		}
	}
	large := func(d *desk, name string, size int64) {
		f := d.file(name)
		f.Version.Size = size
		d.plan.Observe(f)
	}
	for name, fill := range map[string]func(d *desk) (lost int){
		"by one file that is larger than all": func(d *desk) int {
			large(d, "b.ts", 1<<40)
			d.playlist("b.m3u8", playlistText(0, false, "b.ts"))
			return 1
		},
		"by one that is written anew while it is under way": func(d *desk) int {
			d.media("b.ts")
			d.playlist("b.m3u8", playlistText(0, false, "b.ts"))
			begin(d)
			large(d, "b.ts", 1<<40)
			d.playlist("b.m3u8", playlistText(1, false, "b.ts"))
			return 2
		},
		"by one that is written anew while the store is asked for it": func(d *desk) int {
			d.playlist("b.m3u8", playlistText(0, false, "b.ts"))
			d.gone("b.ts")
			d.tick(10 * time.Second)
			begin(d)
			large(d, "b.ts", 1<<40)
			d.playlist("b.m3u8", playlistText(1, false, "b.ts"))
			return 1
		},
		"by one of another folder": func(d *desk) int {
			large(d, "c/b.ts", 1<<40)
			d.playlist("c/b.m3u8", playlistText(0, false, "b.ts"))
			return 1
		},
		"by many files": func(d *desk) int {
			names := burst(50)
			d.media(names...)
			d.playlist("b.m3u8", playlistText(0, false, names...))
			return 36
		},
		"by one whose playlist names the other stream's, too": func(d *desk) int {
			names := burst(50)
			d.media(names...)
			d.playlist("b.m3u8", playlistText(0, false, append([]string{"s0.ts", "s1.ts", "s2.ts", "s3.ts", "s4.ts", "s5.ts"}, names...)...))
			return 36
		},
		"by many files of two": func(d *desk) int {
			names := burst(60)
			d.media(names...)
			d.playlist("b.m3u8", playlistText(0, false, names[:30]...))
			d.playlist("c.m3u8", playlistText(0, false, names[30:]...))
			return 46
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := during(t, Config{Budget: 2000})
			want := fill(d)
			d.jobs()
			var lost []string
			for _, l := range d.plan.Losses() {
				lost = append(lost, l.Path)
			}
			for _, v := range d.plan.unpinned.versions {
				lost = append(lost, v.File.Path)
			}
			for _, name := range lost {
				if strings.HasPrefix(name, "s") {
					t.Errorf("%s is given up", name)
				}
			}
			if len(lost) != want {
				t.Errorf("%d are given up, want %d: %v", len(lost), want, lost)
			}
		})
	}
}

func TestFlow(t *testing.T) {
	t.Parallel()
	var f flow
	now := time.Unix(0, 0)
	for range 300 {
		f.add(1000, now)
		now = now.Add(500 * time.Millisecond)
	}
	if f.rate < 1800 || f.rate > 2200 {
		t.Errorf("rate %.0f bytes a second, want about 2000", f.rate)
	}
}

// TestPlanBudgetAtAStart finds a directory that is larger than the budget. Only what the store turns out not to hold
// counts.
func TestPlanBudgetAtAStart(t *testing.T) {
	t.Parallel()
	d := newDesk(t, Config{Budget: 150})
	for _, name := range []string{"a.ts", "b.ts", "c.ts", "d.ts"} {
		f := d.file(name)
		f.Found = true
		d.plan.Observe(f)
	}
	d.playlist("x.m3u8", playlistText(0, false, "a.ts", "b.ts", "c.ts", "d.ts"))
	d.fresh("x.m3u8")
	d.want("compare a.ts", "compare b.ts", "compare c.ts", "compare d.ts")
	d.done("compare a.ts")
	d.absent("compare b.ts")
	d.want("put b.ts")
	d.unpinned() // while what is stored is not known
	d.absent("compare c.ts", "compare d.ts")
	d.want("put d.ts")
	d.lost()
	d.unpinned("c.ts budget")
	if d.plan.account.unsure != 0 {
		t.Errorf("%d bytes are not known to be stored or not, want none", d.plan.account.unsure)
	}
}

// TestNobodyMakesRoomForWhatCameBack: a file that is larger than the budget, and came back from the disk to be tried once more, costs
// the others nothing.
func TestNobodyMakesRoomForWhatCameBack(t *testing.T) {
	t.Parallel()
	d := newDesk(t, Config{Budget: 1000})
	large := d.file("b.ts")
	large.Version.Size = 1 << 40
	d.plan.Observe(large)
	d.playlist("b.m3u8", playlistText(0, false, "b.ts"))
	d.jobs()
	if d.plan.objects["b.ts"].disk.Newest().Unpinned() == "" {
		t.Fatal("it is not over the budget")
	}
	d.plan.unpinned.ask(d.plan.objects["b.ts"].disk.Newest(), d.now)
	d.plan.Observe(large) // as the watcher answers
	d.media("s0.ts", "s1.ts")
	d.playlist("x.m3u8", playlistText(0, false, "s0.ts", "s1.ts"))
	d.jobs()
	for _, name := range []string{"s0.ts", "s1.ts"} {
		if v := d.plan.objects[name].disk.Newest(); v.Unpinned() != "" || v.Hopeless() {
			t.Errorf("%s gave way: %q", name, v.Unpinned())
		}
	}
}

// TestWhatTheSpoolAloneHas: a file that an earlier process left in the spool, and that the directory does not have any more, is
// lost when its pin is let go: nothing can bring it back.
func TestWhatTheSpoolAloneHas(t *testing.T) {
	t.Parallel()
	spooled := func(d *desk, name string) (again hls.File) {
		f := d.file(name)
		again = f
		f.Found, f.Named, f.Spooled = true, true, true
		d.plan.Observe(f)
		again.Found = true
		return again
	}
	tests := map[string]struct {
		config Config
		play   func(d *desk)
		lost   []string
	}{
		"no room": {Config{Budget: 150}, func(d *desk) {
			spooled(d, "0.ts")
			spooled(d, "1.ts")
		}, []string{"0.ts budget"}},
		"too old": {Config{MaxAge: time.Minute}, func(d *desk) {
			spooled(d, "0.ts")
			d.absorbAbsent()
			d.tick(2 * time.Minute)
			spooled(d, "1.ts")
		}, []string{"0.ts age"}},
		"the directory has it": {Config{Budget: 150}, func(d *desk) {
			again := spooled(d, "0.ts")
			spooled(d, "1.ts")
			d.plan.Observe(again)
		}, nil},
		"the directory was not looked through yet": {Config{Budget: 150}, func(d *desk) {
			d.plan.strays.scanning = true
			again := spooled(d, "0.ts")
			spooled(d, "1.ts")
			d.absorbAbsent()
			d.lost()
			d.plan.Observe(again)
			d.plan.Scanned()
		}, nil},
		"and does not have it": {Config{Budget: 150}, func(d *desk) {
			d.plan.strays.scanning = true
			spooled(d, "0.ts")
			spooled(d, "1.ts")
			d.absorbAbsent()
			d.lost()
			d.plan.Scanned()
		}, []string{"0.ts budget"}},
		"another process left it, which is heard of late": {Config{Budget: 150}, func(d *desk) {
			again := spooled(d, "0.ts")
			d.plan.Observe(again)
			again.Named, again.Spooled = true, true
			d.plan.ObserveLate(again)
			spooled(d, "1.ts")
		}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, test.config)
			test.play(d)
			d.absorbAbsent()
			d.lost(test.lost...)
		})
	}
}

// absorbAbsent has the store say that it holds nothing, and takes nothing.
func (d *desk) absorbAbsent() {
	for range 3 {
		for _, j := range d.jobs() {
			if j.Op == Compare {
				d.report(j, Outcome{Result: Absent})
			} else {
				d.report(j, Outcome{Result: Failed, Kind: store.Transient, RetryIn: time.Hour})
			}
		}
	}
}

// TestReleasedWhileCompared: a file whose bytes are being compared with those stored keeps its pin; and a comparison that found no
// bytes, as other ones of the file came meanwhile, says nothing of those.
func TestReleasedWhileCompared(t *testing.T) {
	t.Parallel()
	compared := func(t *testing.T) *desk { // as nobody knows yet whether y.m3u8 is published
		d := newDesk(t, Config{Budget: 150})
		d.media("a.ts")
		d.playlist("y.m3u8", playlistText(0, false, "a.ts"))
		d.want("fetch y.m3u8")
		d.playlist("x.m3u8", playlistText(0, false, "a.ts"))
		d.fresh("x.m3u8")
		d.tick(softWait)
		d.want("compare a.ts")
		return d
	}
	t.Run("no room", func(t *testing.T) {
		t.Parallel()
		d := compared(t)
		d.media("b.ts")
		d.playlist("x.m3u8", playlistText(0, false, "a.ts", "b.ts"))
		d.want()
		d.unpinned("b.ts budget")
	})
	t.Run("written once more", func(t *testing.T) {
		t.Parallel()
		d := compared(t)
		d.media("a.ts")
		d.lost("a.ts superseded")
		d.answer("compare a.ts", Outcome{Result: Gone})
		d.lost()
		if o := d.plan.objects["a.ts"]; o.disk.Gone() || o.disk.Lost() {
			t.Error("the new bytes count as gone")
		}
	})
}
