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

// TestContinuousRings: a packager whose names come back lists a segment before its bytes are known: those of the lap before are not meant.
func TestContinuousRings(t *testing.T) {
	t.Parallel()
	const ring = 3
	for name, test := range map[string]struct {
		window int           // how many segments are listed
		late   time.Duration // how long after the list bytes are heard of
		want   string
	}{
		"two listed":           {2, 20 * time.Millisecond, "a/s1 a/s2"},
		"one listed":           {1, 20 * time.Millisecond, "a/s2"},
		"almost two seconds":   {2, 1900 * time.Millisecond, "a/s1 a/s2"},
		"as many as there are": {3, 300 * time.Millisecond, "a/s0 a/s1 a/s2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{GiveUpAfter: 10 * time.Second})
			for n := range 3 * ring {
				first := max(0, n-test.window+1)
				var names []string
				for k := first; k <= n; k++ {
					names = append(names, fmt.Sprintf("s%d.ts", k%ring))
				}
				s.playlist("x.m3u8", playlistText(first, false, names...))
				s.serve(test.late)
				s.media(names[len(names)-1])
				s.serve(3 * time.Second)
			}
			s.shows(3*ring-test.window, test.want)
			if len(s.stored) != 3*ring {
				t.Errorf("stored %d segments, want %d", len(s.stored), 3*ring)
			}
		})
	}
}

// TestContinuousSlates: a file that a run lists again and again, whose bytes stay, has one key.
func TestContinuousSlates(t *testing.T) {
	t.Parallel()
	for name, lists := range map[string][][]string{
		"while it is listed":        {{"s0.ts", "slate.ts"}, {"s0.ts", "slate.ts", "slate.ts"}, {"s0.ts", "slate.ts", "slate.ts", "s1.ts"}},
		"when it is listed no more": {{"s0.ts", "slate.ts"}, {"slate.ts", "s1.ts"}, {"s1.ts", "s2.ts"}, {"s2.ts", "slate.ts"}, {"slate.ts", "s3.ts"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			s.media("slate.ts")
			number, written := 0, map[string]bool{"slate.ts": true}
			for i, names := range lists {
				for _, name := range names {
					if !written[name] {
						s.media(name)
						written[name] = true
					}
				}
				if i > 0 && names[0] != lists[i-1][0] {
					number++
				}
				s.playlist("x.m3u8", playlistText(number, false, names...))
				s.serve(3 * time.Second)
			}
			if len(s.stored) != len(written) {
				t.Errorf("stored %v, want each of %d files once", s.stored, len(written))
			}
			if text := s.texts["x.m3u8"]; !strings.Contains(text, "s1.ts") && !strings.Contains(text, "s3.ts") {
				t.Errorf("published: %s", text)
			}
		})
	}
}

// TestContinuousRingOverARestart: hlsship restarts in the middle of a lap. What lies in the directory under the names that come is of the
// lap before.
func TestContinuousRingOverARestart(t *testing.T) {
	t.Parallel()
	const ring, window = 5, 2
	for at := ring + 1; at < 2*ring; at++ {
		t.Run(fmt.Sprint("before segment ", at), func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{GiveUpAfter: 10 * time.Second})
			lie := map[string]hls.File{}
			text := func(n int) string {
				var names []string
				for k := max(0, n-window+1); k <= n; k++ {
					names = append(names, fmt.Sprintf("s%d.ts", k%ring))
				}
				return playlistText(max(0, n-window+1), false, names...)
			}
			for n := range 3 * ring {
				if n == at {
					s = s.again()
					for _, f := range lie {
						f.Found, f.Seen = true, s.now
						s.plan.Observe(f)
					}
					s.atRest("x.m3u8", text(n-1))
					s.serve(3 * time.Second)
				}
				s.playlist("x.m3u8", text(n))
				s.serve(100 * time.Millisecond)
				name := fmt.Sprintf("s%d.ts", n%ring)
				lie[name] = s.file(name)
				s.plan.Observe(lie[name])
				s.serve(time.Second)
				if newest := lie[name].Version; !slices.Contains(slices.Collect(maps.Values(s.stored)), newest) {
					t.Errorf("segment %d is not stored", n)
				}
			}
		})
	}
}

// TestContinuousSlatesWaitOnce: a file that a run lists again and again is waited for once, as its name might mean bytes that are about to come.
func TestContinuousSlatesWaitOnce(t *testing.T) {
	t.Parallel()
	for name, slates := range map[string][]string{
		"one slate":                             {"slate.ts"},
		"advertisements by turns":               {"ads/ad0.ts", "ads/ad1.ts", "ads/ad2.ts"},
		"named like the segments":               {"s900.ts"},
		"the newest first, named like segments": {"s902.ts", "s901.ts"},
	} {
		for met, write := range map[string]func(*stage, string){"found": func(s *stage, name string) { s.found(name) }, "seen": func(s *stage, name string) { s.media(name) }} {
			t.Run(name+", "+met, func(t *testing.T) {
				t.Parallel()
				s := newStage(t, session.Config{})
				for _, slate := range slates {
					write(s, slate)
				}
				for n := range 20 {
					segment, slate, before := fmt.Sprintf("s%d.ts", n), slates[n%len(slates)], slates[(n+len(slates)-1)%len(slates)]
					s.media(segment)
					s.playlist("x.m3u8", playlistText(2*n, false, before, segment, slate))
					s.serve(300 * time.Millisecond)
					if text := s.texts["x.m3u8"]; n >= 2*len(slates) && (!strings.Contains(text, segment) || !strings.Contains(text, slate)) {
						t.Errorf("%s and %s are not published: %s", segment, slate, text)
					}
					s.serve(4 * time.Second)
				}
			})
		}
	}
}

// TestContinuousSlatesOfSeveralLists: a slate that one rendition lists does not come back when another one lists it as well.
func TestContinuousSlatesOfSeveralLists(t *testing.T) {
	t.Parallel()
	for name, apart := range map[string]time.Duration{"at once": 20 * time.Millisecond, "later": time.Second} {
		for _, slate := range []string{"slate.ts", "ads/ad1.ts"} {
			t.Run(name+", "+slate, func(t *testing.T) {
				t.Parallel()
				s := newStage(t, session.Config{})
				s.media(slate)
				for n := range 2 {
					for _, kind := range []string{"a", "b"} {
						names := []string{kind + "0.ts", slate}[:n+1]
						if n == 0 {
							s.media(names[0])
						}
						s.playlist(kind+".m3u8", playlistText(0, false, names...))
						s.serve(apart)
					}
				}
				s.serve(300 * time.Millisecond)
				if text := s.texts["b.m3u8"]; !strings.Contains(text, slate) {
					t.Errorf("published %s", text)
				}
			})
		}
	}
}

// TestContinuousSlatesListedOnceMore: a list that goes back to what it listed, as its packager takes its last segment out, does not wait for its
// slates.
func TestContinuousSlatesListedOnceMore(t *testing.T) {
	t.Parallel()
	for name, slates := range map[string][]string{"one slate": {"slate.ts", "s1.ts"}, "one behind another": {"ads/ad0.ts", "ads/ad1.ts"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			names := append(append([]string{"s0.ts"}, slates...), "s2.ts", "s3.ts", "s4.ts")
			s.media(slates...)
			s.media("s0.ts", "s2.ts", "s3.ts", "s4.ts", "last.ts")
			for n := range 3 {
				s.playlist("x.m3u8", playlistText(n, false, names[n:n+4]...))
				s.serve(3 * time.Second)
			}
			s.playlist("x.m3u8", playlistText(1, false, names[1:5]...))
			s.serve(100 * time.Millisecond)
			s.playlist("x.m3u8", playlistText(1, false, append(names[1:6:6], "last.ts")...))
			s.serve(300 * time.Millisecond)
			if text := s.texts["x.m3u8"]; !strings.Contains(text, "last.ts") {
				t.Errorf("published %s", text)
			}
		})
	}
}
