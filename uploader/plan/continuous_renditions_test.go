package plan

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/session"
)

// has reports whether a file of the directory is stored in some session.
func (s *stage) has(name string) bool {
	for key := range s.stored {
		if _, path := hls.SessionOf(key); path == name {
			return true
		}
	}
	return false
}

// TestContinuousNamedWhileStopped: what a rendition names while it stops for a segment of another one is stored, though the text that goes up
// in the end lists it no more.
func TestContinuousNamedWhileStopped(t *testing.T) {
	t.Parallel()
	for name, list := range map[string][]string{
		"a segment":                  {"a1.ts"},
		"two segments":               {"a1.ts", "a2.ts"},
		"an init section and a key":  {`#EXT-X-KEY:METHOD=AES-128,URI="a.key"`, `#EXT-X-MAP:URI="a.mp4"`, "a1.ts"},
		"what lay in the directory":  {"a1.ts", "at-rest.ts"},
		"what is in another session": {"a1.ts", "v0.ts"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{GiveUpAfter: time.Minute})
			s.found("at-rest.ts")
			s.media("v0.ts", "a0.ts", "a.key", "a.mp4")
			s.playlist("v.m3u8", playlistText(0, false, "v0.ts"))
			s.playlist("a.m3u8", playlistText(0, false, "a0.ts"))
			s.serve(3 * time.Second)
			s.playlist("v.m3u8", playlistText(0, false, "v0.ts", "v1.ts", "v2.ts"))
			s.media("a1.ts", "a2.ts")
			s.playlist("a.m3u8", playlistText(1, false, list...))
			s.serve(time.Second)
			if text := s.texts["a.m3u8"]; strings.Contains(text, "a1.ts") {
				t.Fatalf("it did not stop: %s", text)
			}
			s.media("a9.ts")
			s.playlist("a.m3u8", playlistText(9, false, "a9.ts"))
			s.serve(5 * time.Second)
			for _, line := range append(list, "a9.ts") {
				if _, uri, tag := strings.Cut(line, `URI="`); tag {
					line = strings.TrimSuffix(uri, `"`)
				}
				if !s.has(line) {
					t.Errorf("%s is not stored", line)
				}
			}
		})
	}
}

// TestContinuousStopsNoLonger: a rendition goes on as soon as nobody waits for the segment of another one any more, also where an earlier process
// gave that up, and has one discontinuity for it.
func TestContinuousStopsNoLonger(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ lost, listed int }{
		"one segment":               {1, 4},
		"the next to last":          {2, 4},
		"many listed by the others": {1, 9},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{GiveUpAfter: 3 * time.Second})
			var all []string
			list := func(kind string, n int) string {
				var names []string
				for k := range n {
					names = append(names, fmt.Sprintf("%s%d.ts", kind, k))
				}
				all = append(all, names...)
				return playlistText(0, false, names...)
			}
			for n := range test.listed {
				for _, kind := range []string{"v", "a"} {
					if kind == "a" || n != test.lost {
						s.media(fmt.Sprintf("%s%d.ts", kind, n))
					}
					s.playlist(kind+".m3u8", list(kind, n+1))
				}
				s.serve(4 * time.Second)
			}
			next := s.again()
			for key, v := range s.stored {
				_, path := hls.SessionOf(key)
				f := next.file(path)
				f.Found, f.Version = true, v
				next.plan.Observe(f)
			}
			for _, kind := range []string{"v", "a"} {
				next.atRest(kind+".m3u8", list(kind, test.listed))
			}
			next.serve(500 * time.Millisecond)
			next.media(fmt.Sprintf("a%d.ts", test.listed))
			next.playlist("a.m3u8", list("a", test.listed+1))
			next.serve(5 * time.Second)
			text := next.texts["a.m3u8"]
			if !strings.Contains(text, fmt.Sprintf("/a%d.ts", test.listed)) || strings.Count(text, "#EXT-X-DISCONTINUITY\n") != 1 {
				t.Errorf("published %s", text)
			}
		})
	}
}
