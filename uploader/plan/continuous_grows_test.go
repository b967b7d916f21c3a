package plan

import (
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/session"
)

// TestContinuousGrowsWhileAsked: a file of which the directory has more by the time when the store says that it has nothing is there.
func TestContinuousGrowsWhileAsked(t *testing.T) {
	t.Parallel()
	for name, then := range map[string]func(s *stage){
		"told once more": func(s *stage) { s.grownIn(7, "s0.ts", 10, hls.Settled) },
		"grew":           func(s *stage) { s.grownIn(7, "s0.ts", 20, hls.Growing); s.grownIn(7, "s0.ts", 30, hls.Settled) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{GiveUpAfter: 3 * time.Second})
			s.plan.Observe(hls.File{
				Path: "s0.ts", State: hls.Settled, Growth: 7, Kind: hls.Media, Seen: s.now, Found: true, Source: paper{}, Version: hls.Version{Device: 1, Inode: 7, Size: 10, ModTime: 1},
			})
			s.atRest("x.m3u8", playlistText(0, false, "s0.ts"))
			asked := false
			for range 30 {
				for _, j := range s.plan.Next(s.now) {
					if j.Op == Compare && !asked {
						asked = true
						then(s)
					}
					s.report(j, s.do(j))
				}
				s.tick(100 * time.Millisecond)
			}
			if !asked {
				t.Fatal("the store was not asked")
			}
			s.media("s1.ts")
			s.playlist("x.m3u8", playlistText(0, false, "s0.ts", "s1.ts"))
			s.serve(5 * time.Second)
			s.shows(0, "a/s0 a/s1")
			for _, e := range s.plan.out.Edits {
				if e.Kind == EditHole {
					t.Errorf("%s is left out", e.Name)
				}
			}
		})
	}
}
