package journal

import (
	"fmt"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/plan"
)

// TestHeldBackSaysWhatIsNear: the log names the file that a playlist may have meant, with its own cure, once.
func TestHeldBackSaysWhatIsNear(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		near plan.Nearby
		want map[string]int
	}{
		"nothing": {plan.Nearby{}, map[string]int{"near=": 0, "waits_for=A.ts": 1, "keeps it out": 1}},
		"a file":  {plan.Nearby{Path: "a.ts", Reason: "case"}, map[string]int{"near=a.ts": 1, "upper and lower case": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := newDiary(nil)
			waits := []plan.Wait{{Playlist: "x.m3u8", Name: "A.ts", Since: log.now.Add(-time.Minute), Reason: "missing"}}
			for range 3 {
				log.blocked(waits, log.now, 10*time.Second, func(w []plan.Wait) []plan.Nearby { return []plan.Nearby{tt.near}[:len(w)] })
			}
			tt.want["reason=missing"] = 1
			log.says(t, 1, tt.want)
		})
	}
}

// TestNearIsAskedForWhatIsTold: names are looked for near by only when the log is told, however many playlists wait.
func TestNearIsAskedForWhatIsTold(t *testing.T) {
	t.Parallel()
	log, looked := newDiary(nil), 0
	var waits []plan.Wait
	for i := range 10 * maxHolds {
		waits = append(waits, plan.Wait{Playlist: fmt.Sprintf("%d.m3u8", i), Name: "a.ts", Since: log.now.Add(-time.Minute), Reason: "missing"})
	}
	near := func(w []plan.Wait) []plan.Nearby {
		looked += len(w)
		return make([]plan.Nearby, len(w))
	}
	for range 5 {
		log.blocked(waits, log.now, 10*time.Second, near)
	}
	if looked != 1 {
		t.Errorf("%d names are looked for, want the one that the log is told", looked)
	}
}

// TestMisnamedAreCounted: whoever writes playlists decides how many there are, and not how long the log is.
func TestMisnamedAreCounted(t *testing.T) {
	t.Parallel()
	log := newDiary(nil)
	var all []plan.Misnaming
	for i := range 5 * maxHolds {
		all = append(all, plan.NewMisnaming(fmt.Sprintf("x%d.m3u8", i), "https://cdn.example.net/live/a.ts", "a.ts"))
	}
	log.misnamed(all, log.now)
	log.says(t, maxHolds, map[string]int{"playlist=x0.m3u8": 1, "cure=": maxHolds})
	log.misnamed(all[:1], log.now.Add(time.Minute))
	log.says(t, 1, map[string]int{fmt.Sprintf("playlists_not_logged=%d", 4*maxHolds): 1})
}
