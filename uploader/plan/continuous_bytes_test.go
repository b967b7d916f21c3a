package plan

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/session"
)

// TestContinuousOverwrittenBeforeItWasStored: what a packager writes over before it was stored is lost, and the list goes on without it: it does not
// wait for what is stored of it.
func TestContinuousOverwrittenBeforeItWasStored(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]int{"starts over": 0, "goes on counting": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			ranges := func(seq int, ends ...int64) string {
				var lines []string
				at := int64(0)
				for _, end := range ends {
					lines = append(lines, fmt.Sprintf("#EXT-X-BYTERANGE:%d@%d", end-at, at), "all.ts")
					at = end
				}
				return playlistText(seq, false, lines...)
			}
			serve := func(dt time.Duration, void bool) {
				for end := s.now.Add(dt); s.now.Before(end); s.tick(20 * time.Millisecond) {
					for _, j := range s.plan.Next(s.now) {
						out := s.do(j)
						if j.Op == PutMedia && void && j.File.Growth == 7 {
							out = Outcome{Result: Void}
						}
						s.report(j, out)
					}
					s.plan.Looks()
				}
			}
			s.grownIn(7, "all.ts", 10, hls.Growing)
			s.playlist("x.m3u8", ranges(0, 10))
			serve(time.Second, false)
			s.grownIn(7, "all.ts", 20, hls.Growing)
			s.playlist("x.m3u8", ranges(0, 10, 20))
			s.grownIn(8, "all.ts", 9, hls.Growing) // the PUT meets other bytes
			serve(500*time.Millisecond, true)
			s.playlist("x.m3u8", ranges(first, 9))
			serve(time.Second, true)
			s.grownIn(8, "all.ts", 18, hls.Growing)
			s.playlist("x.m3u8", ranges(first, 9, 18))
			serve(10*time.Second, true)
			if text := s.texts["x.m3u8"]; strings.Count(text, "#EXT-X-BYTERANGE:9@") != 2 {
				t.Errorf("published: %s", text)
			}
		})
	}
}

// TestContinuousDeletedBeforeItWasCertain: bytes that two runs may mean, and that the packager deletes before it is certain that the second does, are
// there for that.
func TestContinuousDeletedBeforeItWasCertain(t *testing.T) {
	t.Parallel()
	for name, tag := range map[string]string{
		"init.mp4": `#EXT-X-MAP:URI="init.mp4"`,
		"k.key":    `#EXT-X-KEY:METHOD=AES-128,URI="k.key"`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			s.media(name, "s0.ts")
			s.playlist("x.m3u8", playlistText(0, false, tag, "s0.ts"))
			s.serve(2 * time.Second)
			s.media("s0.ts")
			s.playlist("x.m3u8", playlistText(0, false, tag, "s0.ts"))
			s.serve(100 * time.Millisecond)
			s.rereads()
			s.serve(100 * time.Millisecond)
			for _, path := range []string{name, "s0.ts"} {
				delete(s.told, path)
				s.gone(path)
			}
			for range 30 {
				s.serve(200 * time.Millisecond)
				s.rereads()
			}
			s.shows(0, "a/s0 | b/s0")
		})
	}
}

// TestContinuousAnswersOfBytes: what the store says of the bytes of an init section counts for them however often they are written again, and in
// whichever playlist they go up as well.
func TestContinuousAnswersOfBytes(t *testing.T) {
	t.Parallel()
	for name, besides := range map[string]bool{"written again": false, "beside a manifest": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			s.media("init.mp4", "s0.ts")
			s.playlist("x.m3u8", playlistText(0, false, init0, "s0.ts"))
			s.serve(time.Second)
			next := s.again()
			f := next.summed("init.mp4", "other bytes")
			kept := next.file("s0.ts")
			kept.Found, kept.Version = true, s.stored[s.folderOf("s0.ts")+"s0.ts"]
			f.Found = true
			next.plan.Observe(f)
			next.told[f.Path], next.told[kept.Path] = f, kept
			next.plan.Observe(kept)
			if besides {
				next.manifest("x.mpd", `<MPD type="static"><Period><AdaptationSet><Representation id="0" bandwidth="1"><BaseURL>init.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>`, true)
				next.serve(time.Second)
				next.rereads()
			}
			next.atRest("x.m3u8", playlistText(0, false, init0, "s0.ts"))
			next.rereads()
			for i := 1; i < 4; i++ {
				next.media(fmt.Sprintf("s%d.ts", i))
				next.playlist("x.m3u8", playlistText(i, false, init0, fmt.Sprintf("s%d.ts", i)))
				next.tick(20 * time.Millisecond)
				f = next.summed("init.mp4", "other bytes")
				next.plan.Observe(f)
				next.told[f.Path] = f
				for range 10 {
					next.serve(200 * time.Millisecond)
					next.rereads()
				}
			}
			if text := next.texts["x.m3u8"]; !strings.Contains(text, "/.2/init.mp4") || !strings.Contains(text, "s3.ts") {
				t.Errorf("published: %s", text)
			}
		})
	}
}

// TestContinuousBacklogOfManifests: what a manifest named while nobody looked is stored under its own path, beside the sessions' of a playlist.
func TestContinuousBacklogOfManifests(t *testing.T) {
	t.Parallel()
	for name, manifestFirst := range map[string]bool{"files first": false, "manifest first": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			named := `<MPD type="dynamic" availabilityStartTime="1970-01-01T00:00:00Z"><Period start="PT0S"><AdaptationSet><Representation id="0" bandwidth="1">` +
				`<SegmentList timescale="1" duration="2" startNumber="3"><SegmentURL media="s3.ts"/></SegmentList></Representation></AdaptationSet></Period></MPD>`
			if manifestFirst {
				s.manifest("x.mpd", named, true)
			}
			s.rest(1, 3)
			if !manifestFirst {
				s.manifest("x.mpd", named, true)
			}
			s.plan.Scanned()
			for range 20 {
				s.serve(200 * time.Millisecond)
				s.rereads()
			}
			for i := 1; i <= 3; i++ {
				if _, there := s.stored[fmt.Sprintf("s%d.ts", i)]; !there {
					t.Errorf("s%d.ts is not stored: %v", i, s.stored)
				}
			}
		})
	}
}

// TestContinuousLeavesBeforeItIsReadBack: a playlist that is deleted while the store does not say what is published is published once it does.
func TestContinuousLeavesBeforeItIsReadBack(t *testing.T) {
	t.Parallel()
	for name, media := range map[string]bool{"alone": false, "with its segments": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			s.media("s0.ts", "s1.ts")
			s.playlist("x.m3u8", playlistText(0, true, "s0.ts", "s1.ts"))
			var asked []Job
			for range 20 {
				asked = append(asked, s.plan.Next(s.now)...)
				s.tick(100 * time.Millisecond)
			}
			s.gone("x.m3u8")
			if media {
				s.gone("s0.ts")
				s.gone("s1.ts")
			}
			s.tick(time.Second)
			for _, j := range asked {
				s.report(j, s.do(j))
			}
			s.serve(5 * time.Second)
			s.shows(0, "a/s0 a/s1 end")
		})
	}
}
