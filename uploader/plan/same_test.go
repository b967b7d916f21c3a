package plan

import (
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
)

// TestSameTextWhileNewBytesAreCompared has a packager begin anew and write the very playlist of its run before, at once after its first
// segment, the new bytes of which are still being compared with those that are stored.
func TestSameTextWhileNewBytesAreCompared(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		names []string
		first int // so many are finished before the playlist of the first run
	}{
		"one":                                  {[]string{"s0.ts"}, 1},
		"two, one to come":                     {[]string{"s0.ts", "s1.ts"}, 2},
		"three, two to come":                   {[]string{"s0.ts", "s1.ts", "s2.ts"}, 3},
		"two, one to come in both runs":        {[]string{"s0.ts", "s1.ts"}, 1},
		"three, two to come, one in both runs": {[]string{"s0.ts", "s1.ts", "s2.ts"}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, names := newDesk(t, Config{}), test.names
			text := playlistText(0, false, names...)
			d.media(names[:test.first]...)
			d.playlist("x.m3u8", text)
			d.tick(10 * time.Millisecond)
			d.media(names[test.first:]...)
			d.absorb(func(Job) {})
			d.tick(5 * time.Second)
			d.media(names[0])
			d.want("compare s0.ts")
			d.playlist("x.m3u8", text)
			d.want()
			var puts []string
			for _, n := range names[1:] {
				d.tick(10 * time.Millisecond)
				d.media(n)
				d.want("compare " + n)
				puts = append(puts, "put "+n)
			}
			for _, n := range names {
				d.answer("compare "+n, Outcome{Result: Different, ETag: "old"})
			}
			d.want(append(puts, "put s0.ts")...)
			d.done(append(puts, "put s0.ts")...)
			d.want("publish x.m3u8")
		})
	}
}

// TestSameTextWhileTheVersionBeforeWaits has the run before be one of which the playlist is not published yet.
func TestSameTextWhileTheVersionBeforeWaits(t *testing.T) {
	t.Parallel()
	for name, names := range map[string][]string{"one": {"s0.ts"}, "two": {"s0.ts", "s1.ts"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{MinInterval: time.Minute})
			text, puts := playlistText(0, false, names...), 0
			for range 3 {
				d.media(names...)
				d.playlist("x.m3u8", text)
				for range 3 {
					for _, j := range d.jobs() {
						switch j.Op {
						case Compare:
							d.report(j, Outcome{Result: Different, ETag: "old"})
							continue
						case PutMedia:
							puts++
						case Fetch, PutPlaylist:
						}
						d.report(j, Outcome{Result: Done})
					}
				}
				d.tick(10 * time.Second)
			}
			d.tick(time.Minute)
			d.absorb(func(j Job) {
				if j.Op == PutMedia {
					puts++
				}
			})
			l := d.plan.lists["x.m3u8"]
			if last := l.last.binds[0].ver; l.published != l.last || last == nil || last.ID != d.plan.objects["s0.ts"].disk.Newest().ID || puts < 2*len(names) {
				t.Errorf("%d files stored; %s", puts, d.plan)
			}
		})
	}
}

// TestSameTextWhileThatOfTheRunBeforeWaits has a packager begin anew twice with the very same playlist, which names a segment to come. That of
// its second run is not published yet, or its PUT had no answer, when the third begins.
func TestSameTextWhileThatOfTheRunBeforeWaits(t *testing.T) {
	t.Parallel()
	for name, answered := range map[string]bool{"its PUT is under way": false, "its PUT had no answer": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, names := newDesk(t, Config{}), []string{"s0.ts", "s1.ts"}
			text := playlistText(0, false, names...)
			d.media(names[0])
			d.playlist("x.m3u8", text)
			d.tick(10 * time.Millisecond)
			d.media(names[1])
			d.absorb(func(Job) {})
			d.tick(5 * time.Second)
			written := func(name string) {
				d.media(name)
				d.want("compare " + name)
				d.answer("compare "+name, Outcome{Result: Different, ETag: "old"})
			}
			written(names[0])
			d.playlist("x.m3u8", text)
			d.want()
			d.tick(10 * time.Millisecond)
			written(names[1])
			d.want("put s0.ts", "put s1.ts")
			d.done("put s0.ts", "put s1.ts")
			d.want("publish x.m3u8")
			if answered {
				d.answer("publish x.m3u8", Outcome{Result: Failed, Kind: store.Transient, RetryIn: time.Minute})
			}
			d.tick(5 * time.Second)
			written(names[0])
			d.playlist("x.m3u8", text)
			d.tick(time.Second)
			if s := d.plan.lists["x.m3u8"].last; s.binds[1].ver != nil {
				t.Errorf("the segment to come is taken for that of the run before: %s", s)
			}
			written(names[1])
			s := d.plan.lists["x.m3u8"].last
			for i, n := range names {
				if v := s.binds[i].ver; v == nil || v != d.plan.objects[n].disk.Newest() {
					t.Errorf("%s does not mean the newest bytes of %s", s, n)
				}
			}
		})
	}
}

// TestSameTextOverLostBytes has a packager begin anew with the very same playlist before the first segment of its run before is stored, so
// that this playlist can only mean the new one. It never means the other segments of the run before beside it.
func TestSameTextOverLostBytes(t *testing.T) {
	t.Parallel()
	for name, wait := range map[string]time.Duration{"at once": 0, "once the playlist of the run before took the new segment": 5 * time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, text := newDesk(t, Config{}), playlistText(0, false, "s0.ts", "s1.ts")
			d.media("s0.ts")
			d.playlist("x.m3u8", text)
			d.fresh("x.m3u8")
			d.tick(10 * time.Millisecond)
			d.media("s1.ts")
			d.want("put s0.ts", "put s1.ts")
			d.done("put s1.ts")
			d.answer("put s0.ts", Outcome{Result: Failed, Kind: store.Transient, RetryIn: time.Minute})
			d.tick(5 * time.Second)
			d.media("s0.ts")
			d.tick(wait)
			for _, j := range d.plan.Next(d.now) {
				d.report(j, Outcome{Result: Failed, Kind: store.Transient})
			}
			d.playlist("x.m3u8", text)
			d.media("s1.ts")
			d.tick(time.Second)
			d.absorb(func(Job) {})
			l := d.plan.lists["x.m3u8"]
			if l.published == nil || len(l.pending) > 0 {
				t.Fatalf("not published: %s", l)
			}
			for i, n := range []string{"s0.ts", "s1.ts"} {
				if v := l.published.binds[i].ver; v == nil || v != d.plan.objects[n].disk.Newest() {
					t.Errorf("%s does not mean the newest bytes of %s", l.published, n)
				}
			}
		})
	}
}
