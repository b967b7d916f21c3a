package plan

import (
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/session"
	"github.com/hlsship/hlsship/uploader/store"
)

// TestContinuousOwnLatePut: where a PUT finds that a key is taken, by an earlier attempt of its own whose answer was lost, and the ETags of the
// store say nothing of bytes, the list goes on in its session. An object of another size is somebody else's.
func TestContinuousOwnLatePut(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		late  string
		size  int64
		moves bool
	}{
		"of a segment":               {"s0.ts", 100, false},
		"of an init section":         {"init.mp4", 100, false},
		"others, of a segment":       {"s0.ts", 99, true},
		"others, of an init section": {"init.mp4", 99, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			s.media("init.mp4", "s0.ts", "s1.ts")
			s.playlist("x.m3u8", playlistText(0, false, init0, "s0.ts", "s1.ts"))
			first := ""
			for range 200 {
				s.tick(20 * time.Millisecond)
				for _, j := range s.plan.Next(s.now) {
					_, of := hls.SessionOf(j.Path)
					switch {
					case of != test.late || first != "" && j.Path != first:
						s.report(j, s.do(j))
					case j.Op == PutMedia:
						first = j.Path
						s.report(j, Outcome{Result: Failed, Kind: store.Precondition})
					default:
						s.report(j, Outcome{Result: Different, ETag: "f00-1", Size: test.size})
					}
				}
				for _, name := range s.plan.Looks() {
					s.plan.Observe(hls.File{Path: name, State: hls.Gone})
				}
			}
			folder, _ := hls.SessionOf(first)
			text := s.texts["x.m3u8"]
			if stays := strings.Contains(text, folder+test.late); stays == test.moves && !(test.moves && text == "") {
				t.Errorf("published: %s", text)
			}
		})
	}
}
