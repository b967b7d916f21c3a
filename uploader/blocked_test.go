package uploader

import (
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
		"a playlist that never comes": {"never.m3u8", "unpublished"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, PlanConfig{})
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
