package plan

import (
	"fmt"
	"testing"
	"time"
)

// TestBlockedSince: a live playlist whose versions all wait for one name has waited since the first of them, though it is
// written anew every two seconds.
func TestBlockedSince(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		line, reason string
	}{
		"a segment that never comes":  {"never.ts", "missing"},
		"a name that leads outside":   {"../a.ts", "outside"},
		"a playlist that never comes": {"never.m3u8", "missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			d.media("a.ts")
			began := d.now
			for i := range 10 {
				d.playlist("x.m3u8", playlistText(0, false, test.line, "a.ts", "#EXT-X-NUMBER:"+string(rune('0'+i))))
				d.absorb(func(Job) {})
				d.tick(2 * time.Second)
			}
			if w := d.plan.Blocked(); len(w) != 1 || w[0].Reason != test.reason || !w[0].Since.Equal(began) {
				t.Errorf("blocked: %+v, want since %v", w, began)
			}
		})
	}
}

// TestLargeFoldersAreSummedUpSeldom: what changes in a folder of very many playlists is told a little later, so that no fact costs
// as much as there are playlists; in a small one it is told at once, and at the end everywhere.
func TestLargeFoldersAreSummedUpSeldom(t *testing.T) {
	t.Parallel()
	for name, ts := range map[string]struct {
		playlists int
		later     time.Duration
	}{"few": {3, 0}, "many": {1000, 20 * time.Millisecond}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			for i := range ts.playlists {
				d.playlist(fmt.Sprintf("x%d.m3u8", i), playlistText(0, false, "never.ts"))
			}
			if n := len(d.plan.changedStreams(nil, d.now, false)); n != 1 {
				t.Fatalf("%d states are told, want that of the folder", n)
			}
			for i := range 3 { // over and over
				d.playlist("x0.m3u8", playlistText(i+1, false, "never.ts"))
				told := d.plan.changedStreams(nil, d.now, false)
				if at, ok := d.plan.Wake(); ts.later > 0 && (len(told) > 0 || !ok || at.After(d.now.Add(ts.later))) {
					t.Fatalf("%d states are told, the next at %v", len(told), at.Sub(d.now))
				}
				d.tick(max(ts.later, time.Millisecond))
				if told = append(told, d.plan.changedStreams(nil, d.now, false)...); len(told) != 1 || told[0].Versions != ts.playlists+i+1 {
					t.Fatalf("told: %+v, want %d held", told, ts.playlists+i+1)
				}
			}
			d.playlist("x0.m3u8", playlistText(9, false, "never.ts"))
			if n := len(d.plan.changedStreams(nil, d.now, true)); n != 1 {
				t.Errorf("%d states are told at the end, want one", n)
			}
		})
	}
}
