package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/session"
)

// TestContinuousNamedInALapse: segments that slid out of a list while nobody looked are stored in the session of their run, although no
// published list names them: the directory was unmounted, or events were lost, and holes are among them.
func TestContinuousNamedInALapse(t *testing.T) {
	t.Parallel()
	for name, lapse := range map[string]func(s *stage) *stage{
		"the directory was unmounted": func(s *stage) *stage {
			for i := range 5 {
				s.gone(fmt.Sprintf("s%d.ts", i))
			}
			s.gone("x.m3u8")
			s.serve(20 * time.Second)
			return s
		},
		"events were lost": func(s *stage) *stage { s.serve(20 * time.Second); return s },
		"it was unmounted while the store was away": func(s *stage) *stage {
			s.media("s5.ts")
			s.playlist("x.m3u8", window(5))
			s.gone("x.m3u8")
			s.refuse(20 * time.Second)
			return s
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			s.plan.Scanned()
			s.encodes(0, 4)
			in := s.session()
			s = lapse(s)
			var told []int
			for _, i := range []int{6, 7, 9, 12, 13, 14} {
				s.found(fmt.Sprintf("s%d.ts", i))
				told = append(told, i)
			}
			s.atRest("x.m3u8", window(14))
			s.serve(2 * time.Second)
			s.plan.Scanned()
			s.serve(10 * time.Second)
			s.encodes(15, 17)
			for _, i := range told {
				if _, ok := s.stored[fmt.Sprintf("%ss%d.ts", in, i)]; !ok {
					t.Errorf("s%d.ts is not stored in the session of its run: %v", i, s.stored)
				}
			}
		})
	}
}

// TestContinuousRowOverWhatIsKept: a row of segments at rest goes on over those that only the spool has, which an earlier process kept for the
// run before: they were named, and so were those below them.
func TestContinuousRowOverWhatIsKept(t *testing.T) {
	t.Parallel()
	for name, kept := range map[string][]int{"some": {5, 6, 7}, "the one below the list": {13}, "every other one": {4, 6, 8, 10, 12}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			s.plan.Scanned()
			s.encodes(0, 2)
			s.tick(20 * time.Second)
			s = s.again()
			var all []hls.File
			for i := 3; i <= 16; i++ {
				f := s.file(fmt.Sprintf("s%d.ts", i))
				f.Found = true
				if slices.Contains(kept, i) {
					f.Spooled, f.Named = true, true
				}
				all = append(all, f)
			}
			for _, spooled := range []bool{true, false} {
				for _, f := range all {
					if f.Spooled == spooled {
						s.plan.Observe(f)
					}
				}
			}
			s.atRest("x.m3u8", window(16))
			s.serve(2 * time.Second)
			s.plan.Scanned()
			s.serve(10 * time.Second)
			for _, f := range all {
				if !slices.ContainsFunc(slices.Collect(maps.Keys(s.stored)), func(key string) bool { return strings.HasSuffix(key, "/"+f.Path) }) {
					t.Errorf("%s is not stored", f.Path)
				}
			}
		})
	}
}

// refuse has the store not answer for so long.
func (s *stage) refuse(dt time.Duration) {
	for end := s.now.Add(dt); s.now.Before(end); s.tick(200 * time.Millisecond) {
		for _, j := range s.jobs() {
			s.report(j, Outcome{Result: Failed, RetryIn: time.Second})
		}
	}
}
