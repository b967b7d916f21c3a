package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// lapsing is a desk whose directory has some of the segments that a packager wrote while nobody looked.
type lapsing struct {
	*desk
	read   string // what is published; empty for nothing
	stored []string
	losses []Loss
}

// lists is the text of a window of three from a number on.
func (x *lapsing) lists(first int) string {
	var names []string
	for n := first; n < first+3; n++ {
		names = append(names, fmt.Sprintf("s%d.ts", n))
	}
	return playlistText(first, false, names...)
}

// lie has segments lie in the directory.
func (x *lapsing) lie(numbers ...int) {
	for _, n := range numbers {
		x.found(fmt.Sprintf("s%d.ts", n))
	}
}

// remembers has the spool know the window that an earlier process saw last.
func (x *lapsing) remembers(first int) { x.plan.Remember(x.list("x.m3u8", x.lists(first), true)) }

// serve has the store answer all that it is asked for some seconds. It has what is published, and no media that a test looks at.
func (x *lapsing) serve() {
	for range 20 {
		e := x.plan.Advance(x.now, Requests)
		x.losses = append(x.losses, e.Losses...)
		for _, j := range slices.Clone(e.Jobs) {
			o := Outcome{Result: Done, ETag: "tag"}
			switch {
			case j.Op == Fetch && x.read != "":
				o.Content = []byte(x.read)
				o.Playlist, _ = hls.Parse(o.Content)
			case j.Op == Fetch, j.Op == Compare:
				o = Outcome{Result: Absent}
			case j.Op == PutMedia:
				x.stored = append(x.stored, j.Path)
			}
			x.report(j, o)
		}
		x.tick(500 * time.Millisecond)
	}
}

// TestNamedInALapseIsBacklog: what a playlist named while nobody looked is shipped, whatever became of its neighbours: packager and disk may
// have left holes in the row of the segments.
func TestNamedInALapseIsBacklog(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		play func(x *lapsing)
		want string // numbers that are stored of those below 20
		lost int
	}{
		"since what is published, directly below a hole": {func(x *lapsing) {
			x.read = x.lists(2)
			x.lie(2, 3, 4, 5, 20, 21, 22)
			x.atRest("x.m3u8", x.lists(20))
		}, "5", 14},
		"since what is published, between holes": {func(x *lapsing) {
			x.read = x.lists(2)
			x.lie(2, 3, 4, 6, 7, 11, 18, 20, 21, 22)
			x.atRest("x.m3u8", x.lists(20))
		}, "6 7 11 18", 11},
		"since what is published, of which the directory has nothing": {func(x *lapsing) {
			x.read = x.lists(2)
			x.lie(5, 18, 20, 21, 22)
			x.atRest("x.m3u8", x.lists(20))
		}, "5 18", 13},
		"since what is published, and the list names what is not there": {func(x *lapsing) {
			x.read = x.lists(2)
			x.lie(5, 22)
			x.atRest("x.m3u8", x.lists(20))
			x.plan.Scanned()
			x.serve()
			x.media("s23.ts", "s24.ts", "s25.ts")
			x.playlist("x.m3u8", x.lists(23))
		}, "5", 14},
		"since what an earlier process saw": {func(x *lapsing) {
			x.remembers(8)
			x.lie(10, 11, 13, 20, 21, 22)
			x.atRest("x.m3u8", x.lists(20))
		}, "10 11 13", 6},
		"since what an earlier process saw, and the list is met before": {func(x *lapsing) {
			x.remembers(8)
			list := x.list("x.m3u8", x.lists(20), true)
			list.Version.ModTime += int64(time.Hour)
			x.plan.Observe(list)
			x.lie(12, 13, 20, 21, 22)
		}, "12 13", 7},
		"of the last list that an earlier process saw": {func(x *lapsing) {
			x.lie(8, 10)
			x.remembers(8)
			x.lie(11, 12, 13)
			x.atRest("x.m3u8", x.lists(11))
		}, "8 10 11 12 13", 0},
		"since a version that this process saw": {func(x *lapsing) {
			x.media("s2.ts", "s3.ts", "s4.ts")
			x.playlist("x.m3u8", x.lists(2))
			x.plan.Scanned()
			x.serve()
			x.lie(6, 7, 18) // the events of a moment were lost
			x.media("s20.ts", "s21.ts", "s22.ts")
			x.playlist("x.m3u8", x.lists(20))
		}, "2 3 4 6 7 18", 12},
		"by a list of which another run began": {func(x *lapsing) {
			x.lie(12, 14)
			x.remembers(12)
			x.lie(0, 1)
			x.atRest("x.m3u8", playlistText(0, false, "s0.ts", "s1.ts"))
		}, "0 1 12 14", 0},
		"by a list whose names have no numbers": {func(x *lapsing) {
			x.plan.Remember(x.list("x.m3u8", playlistText(7, false, "ad.ts", "slate.ts"), true))
			f := x.file("ad.ts")
			f.Found, f.Version.ModTime = true, 50
			x.plan.Observe(f)
			x.lie(20, 21, 22)
			x.atRest("x.m3u8", x.lists(20))
		}, "ad", 11},
		"not what lies below": {func(x *lapsing) {
			x.read = x.lists(8)
			x.lie(1, 2, 5, 7, 11, 20, 21, 22)
			x.atRest("x.m3u8", x.lists(20))
		}, "11", 8},
		"not of a run before, whose segments are older": {func(x *lapsing) {
			x.read = x.lists(2)
			x.lie(13, 14, 15, 2, 3, 4, 5, 20, 21, 22)
			x.atRest("x.m3u8", x.lists(20))
		}, "5", 14},
		"not of another sequence": {func(x *lapsing) {
			x.read = x.lists(2)
			x.found("t7.ts")
			x.lie(5, 20, 21, 22)
			x.atRest("x.m3u8", x.lists(20))
		}, "5", 14},
		"not where nothing was named before": {func(x *lapsing) {
			x.lie(5, 20, 21, 22)
			x.atRest("x.m3u8", x.lists(20))
		}, "", 0},
	} {
		for _, late := range []bool{false, true} { // what is published is known after the scan
			t.Run(fmt.Sprintf("%s, late %t", name, late), func(t *testing.T) {
				t.Parallel()
				x := &lapsing{desk: newDesk(t, Config{Scanning: true})}
				x.mtime = 100
				test.play(x)
				if !late {
					x.serve()
				}
				x.plan.Scanned()
				x.serve()
				x.serve()
				var got []string
				slices.SortFunc(x.stored, func(a, b string) int {
					if hls.NaturalLess(a, b) {
						return -1
					}
					return 1
				})
				for _, n := range x.stored {
					if n = strings.TrimPrefix(strings.TrimSuffix(n, ".ts"), "s"); !strings.HasPrefix(n, "2") || len(n) == 1 {
						got = append(got, n)
					}
				}
				if got := strings.Join(got, " "); got != test.want {
					t.Errorf("stored %q, want %q", got, test.want)
				}
				lost := 0
				for _, l := range x.losses {
					lost += l.Count
				}
				if lost != test.lost {
					t.Errorf("%d segments are told to be lost, want %d: %+v", lost, test.lost, x.losses)
				}
			})
		}
	}
}
