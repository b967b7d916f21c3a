package plan

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestDecisions: the last decisions about a playlist say why it is where it is.
func TestDecisions(t *testing.T) {
	t.Parallel()
	d := newDesk(t, Config{})
	d.media("a.ts", "b.ts")
	d.playlist("x.m3u8", playlistText(3, false, "a.ts", "b.ts"))
	d.fresh("x.m3u8")
	d.want("put a.ts", "put b.ts")
	d.done("put a.ts", "put b.ts")
	d.want("publish x.m3u8")
	d.done("publish x.m3u8")
	d.tick(time.Second)
	d.playlist("x.m3u8", playlistText(0, false, "a.ts", "b.ts")) // it restarts, under old names
	d.want()
	d.want() // to look again decides nothing new
	var got []string
	for _, x := range d.plan.Decisions("x.m3u8", 10) {
		got = append(got, x.String()[len("15:04:05 "):])
	}
	want := "version finished: segments 3 to 4|published: segments 3 to 4|version finished: segments 0 to 1|a.ts declined: perhaps of the packager's run before (and 1 more)"
	if text := strings.Join(got, "|"); text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
	w := d.plan.Blocked()
	if len(w) != 1 || w[0].Reason != "stale" || w[0].Why != "perhaps of the packager's run before" || w[0].Until.IsZero() || len(w[0].Decisions) != len(got) {
		t.Errorf("blocked: %+v", w)
	}
	if all := d.plan.Decisions("y.m3u8", 10); all != nil {
		t.Errorf("of a playlist that is not known: %v", all)
	}
}

// TestDecisionsAreBounded: a ring has the last 64, oldest first, and counts what was said of many files.
func TestDecisionsAreBounded(t *testing.T) {
	t.Parallel()
	var d decisions
	for i := range 100 {
		d.add(decision{Decision: Decision{What: fmt.Sprint(i)}})
		for n := range 5 {
			d.add(decision{Decision: Decision{What: "declined", Name: fmt.Sprint(n)}})
		}
	}
	all := d.last(1000)
	if len(all) != maxDecisions || len(d.ring) != maxDecisions {
		t.Fatalf("%d are kept, %d told", len(d.ring), len(all))
	}
	for i, x := range all {
		want := Decision{What: fmt.Sprint(68 + i/2)}
		if i%2 == 1 {
			want = Decision{What: "declined", Name: "0", More: 4}
		}
		if x != want {
			t.Errorf("decision %d: %+v, want %+v", i, x, want)
		}
	}
	if two := d.last(2); len(two) != 2 || two[1] != all[len(all)-1] {
		t.Errorf("the last two: %v", two)
	}
}

// TestDecisionsOfRoutine: versions that come and go as they should leave one decision of each kind, and a new run others.
func TestDecisionsOfRoutine(t *testing.T) {
	t.Parallel()
	var d decisions
	version := func(what string, first uint64, last int64) {
		d.add(decision{Decision{What: what}, span{true, first, last}})
	}
	d.add(decision{Decision: Decision{What: "gone from the store"}})
	for n := range 1000 {
		version("version finished", uint64(n), int64(n)+4)
		version("published", uint64(n), int64(n)+4)
	}
	version("version finished", 1000, 1004)
	version("version finished", 1001, 1005)
	version("version finished", 0, 4)
	version("published", 0, 4)
	d.add(decision{Decision: Decision{What: "declined", Name: "5.ts"}})
	version("version finished", 1, 5)
	var got []string
	for _, x := range d.last(100) {
		got = append(got, x.String()[len("15:04:05 "):])
	}
	want := "gone from the store|published: segments 999 to 1003 (and 999 more)|version finished: segments 1001 to 1005 (and 1001 more)|" +
		"version finished: segments 0 to 4|published: segments 0 to 4|5.ts declined|version finished: segments 1 to 5"
	if text := strings.Join(got, "|"); text != want {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}
