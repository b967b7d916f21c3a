package plan

import (
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/session"
)

// TestContinuousStoredAndDeleted: a segment that the process before stored, of a run that goes on, and that the packager deleted before a list with
// it was published, is listed.
func TestContinuousStoredAndDeleted(t *testing.T) {
	t.Parallel()
	for name, stored := range map[string]bool{"stored": true, "not stored": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			s.encodes(0, 2)
			next := s.again()
			folder := s.session()
			if stored {
				next.stored[folder+"s3.ts"] = next.version(100)
			}
			for _, name := range []string{"s1.ts", "s2.ts"} {
				f := next.file(name)
				f.Found, f.Version = true, s.stored[folder+name]
				next.told[name] = f
				next.plan.Observe(f)
			}
			next.atRest("x.m3u8", window(3))
			for range 100 {
				next.serve(100 * time.Millisecond)
				next.rereads()
			}
			if got := strings.Contains(next.texts["x.m3u8"], folder+"s3.ts"); got != stored {
				t.Errorf("published: %s", next.texts["x.m3u8"])
			}
		})
	}
}

// TestContinuousFilesOfOthers: a file that is younger than the segment behind it was not listed before that, though nobody tells the Plan of a segment
// which is stored.
func TestContinuousFilesOfOthers(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]bool{"files first": false, "playlist first": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			for i := 7; i <= 11; i++ {
				s.media("s" + string(rune('0'+i/10)) + string(rune('0'+i%10)) + ".ts")
			}
			list := playlistText(7, false, "s07.ts", "s08.ts", "s09.ts", "s10.ts", "s11.ts")
			s.playlist("x.m3u8", list)
			s.serve(time.Second)
			next := s.again()
			f := next.list("x.m3u8", list, true)
			if first {
				next.plan.Observe(f)
			}
			for path, v := range s.stored {
				_, name := hls.SessionOf(path)
				f := next.file(name)
				f.Found, f.Version = true, v
				next.plan.Observe(f)
			}
			stray := next.file("s06.ts")
			stray.Found, stray.Version.ModTime = true, s.stored[s.session()+"s08.ts"].ModTime
			next.plan.Observe(stray)
			if !first {
				next.plan.Observe(f)
			}
			next.plan.Scanned()
			next.serve(10 * time.Second)
			if _, there := next.stored[s.session()+"s06.ts"]; there {
				t.Errorf("stored: %v", next.stored)
			}
		})
	}
}
