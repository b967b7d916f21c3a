package plan

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/session"
)

// TestContinuousKeepsTagsOfARun: what an encoder writes under the name of an init section or key after the last version of a list is another
// run's, as that of the list may still be edited: when its end has waited long enough, or a segment did not come.
func TestContinuousKeepsTagsOfARun(t *testing.T) {
	t.Parallel()
	for name, tag := range map[string]string{
		"init.mp4": `#EXT-X-MAP:URI="init.mp4"`,
		"k.key":    `#EXT-X-KEY:METHOD=AES-128,URI="k.key"`,
	} {
		for what, text := range map[string]string{
			"end":  playlistText(0, true, tag, "s0.ts", "s1.ts"),
			"hole": playlistText(0, false, tag, "s0.ts", "s1.ts", "s2.ts"),
		} {
			t.Run(name+" and "+what, func(t *testing.T) {
				t.Parallel()
				s := newStage(t, session.Config{EndDelay: 10 * time.Second})
				s.media(name, "s0.ts", "s1.ts")
				s.playlist("x.m3u8", playlistText(0, false, tag, "s0.ts"))
				s.playlist("x.m3u8", text)
				s.serve(time.Second)
				s.media(name)
				s.serve(15 * time.Second)
				if text := s.texts["x.m3u8"]; strings.Contains(text, "/.2/") || !strings.Contains(text, "s1.ts") {
					t.Errorf("published: %s", text)
				}
			})
		}
	}
}

// TestContinuousListsThatAreFoundToBelongTogether: a list does not begin its second run in the folder of another list's first one, which it
// would have shared if the multivariant playlist had come in time.
func TestContinuousListsThatAreFoundToBelongTogether(t *testing.T) {
	t.Parallel()
	s := newStage(t, session.Config{})
	both := func(names ...string) {
		for _, folder := range names {
			s.media(folder + "/s0.ts")
			s.playlist(folder+"/x.m3u8", playlistText(0, false, "s0.ts"))
			s.serve(time.Second)
		}
	}
	both("v0", "v1")
	s.serve(5 * time.Second)
	s.playlist("master.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv0/x.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2\nv1/x.m3u8\n")
	both("v0", "v1")
	folders := map[string][]string{}
	for path := range s.stored {
		folder, name := hls.SessionOf(path)
		folders[folder] = append(folders[folder], name)
	}
	last := slices.Max(slices.Collect(maps.Keys(folders)))
	if len(folders) != 3 || len(folders[last]) != 2 {
		t.Errorf("folders: %v", folders)
	}
}

// TestContinuousMultivariantBehindItsLists: packagers write the multivariant playlist behind the first version of each rendition. They share a
// session all the same; without one, each folder has its own.
func TestContinuousMultivariantBehindItsLists(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		apart   time.Duration // between the lists, and before the multivariant playlist
		master  bool
		folders int
	}{
		"at once":                     {0, true, 1},
		"half a second between each":  {500 * time.Millisecond, true, 1},
		"two cameras of a directory":  {0, false, 2},
		"two cameras, one comes late": {5 * time.Second, false, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			for _, folder := range []string{"v0", "v1"} {
				s.media(folder + "/s0.ts")
				s.playlist(folder+"/x.m3u8", playlistText(0, false, "s0.ts"))
				s.serve(tt.apart)
			}
			if tt.master {
				s.playlist("master.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv0/x.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2\nv1/x.m3u8\n")
				s.serve(200 * time.Millisecond)
				if len(s.stored) == 0 {
					t.Error("nothing is stored as soon as the multivariant playlist is there")
				}
			}
			s.serve(5 * time.Second)
			folders := map[string]int{}
			for path := range s.stored {
				folder, _ := hls.SessionOf(path)
				folders[folder]++
			}
			if len(folders) != tt.folders || folders[""] > 0 {
				t.Errorf("folders: %v, want %d", folders, tt.folders)
			}
		})
	}
}

// TestContinuousSlateOfTwoRuns: a file that two runs list is no hole of the second, although its bytes are read again, and however short
// others are waited for.
func TestContinuousSlateOfTwoRuns(t *testing.T) {
	t.Parallel()
	for name, wait := range map[string]time.Duration{"half a second": time.Second / 2, "as long as for new bytes": 2 * time.Second, "default": 0} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{GiveUpAfter: wait})
			slate := s.file("s9.ts")
			s.plan.Observe(slate)
			for range 2 {
				s.media("s0.ts")
				s.playlist("x.m3u8", playlistText(0, false, "s0.ts", "s9.ts"))
				for range 90 { // not so long that the old bytes are taken
					s.serve(20 * time.Millisecond)
					if slices.Contains(s.plan.Looks(), slate.Path) {
						s.serve(100 * time.Millisecond)
						s.plan.Observe(slate)
					}
				}
				s.media("s1.ts")
				s.playlist("x.m3u8", playlistText(0, false, "s0.ts", "s9.ts", "s1.ts"))
				s.serve(time.Second)
			}
			s.shows(0, "a/s0 a/s9 a/s1 | b/s0 b/s9 b/s1")
		})
	}
}

// TestContinuousNextRunsBytesAreNotTheLasts: a segment of which the bytes are gone does not get those of the next run, which come before its list.
func TestContinuousNextRunsBytesAreNotTheLasts(t *testing.T) {
	t.Parallel()
	for name, slides := range map[string]bool{"the list has passed it": true, "the list still has it": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			s.media("s1.ts")
			s.playlist("x.m3u8", playlistText(1, false, "s1.ts"))
			s.serve(time.Second)
			of := s.session()
			if slides {
				s.media("s2.ts")
				s.manifest("x.mpd", `<MPD><Period><AdaptationSet><Representation><BaseURL>s2.ts</BaseURL></Representation></AdaptationSet></Period></MPD>`, false)
				s.serve(time.Second)
				s.gone("s2.ts") // what the manifest got is all there was
			}
			s.playlist("x.m3u8", playlistText(1, false, "s1.ts", "s2.ts"))
			s.serve(8 * time.Second)
			if slides {
				s.media("s3.ts")
				s.playlist("x.m3u8", playlistText(3, false, "s3.ts"))
				s.serve(time.Second)
				s.media("s2.ts")
			}
			s.media("s0.ts")
			s.playlist("x.m3u8", playlistText(0, false, "s0.ts"))
			s.serve(time.Second)
			s.media("s2.ts")
			s.playlist("x.m3u8", playlistText(0, false, "s0.ts", "s2.ts"))
			s.serve(5 * time.Second)
			if v, there := s.stored[of+"s2.ts"]; there {
				t.Errorf("%ss2.ts is %v", of, v)
			}
			if !strings.Contains(s.texts["x.m3u8"], "/s2.ts") {
				t.Errorf("published: %s", s.texts["x.m3u8"])
			}
		})
	}
}
