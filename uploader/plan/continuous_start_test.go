package plan

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/session"
)

// TestContinuousTagsOfARunOverARestart: what the published list says of init sections and keys counts for its run, whatever the directory has
// by now: the bytes of another run that has no list yet change nothing, and others of the same run go to another key.
func TestContinuousTagsOfARunOverARestart(t *testing.T) {
	t.Parallel()
	for name, tag := range map[string]string{
		"init.mp4": `#EXT-X-MAP:URI="init.mp4"`,
		"k.key":    `#EXT-X-KEY:METHOD=AES-128,URI="k.key"`,
	} {
		for what, variant := range map[string]bool{"of the next run": false, "of the same run": true} {
			t.Run(name+" "+what, func(t *testing.T) {
				t.Parallel()
				s := newStage(t, session.Config{})
				s.media(name, "s0.ts")
				s.playlist("x.m3u8", playlistText(0, false, tag, "s0.ts"))
				s.serve(time.Second)
				next := s.again()
				list := next.list("x.m3u8", playlistText(0, false, tag, "s0.ts"), true)
				f, media := next.file(name), next.file("s0.ts")
				if f.Found = true; variant {
					list.Version = next.version(100)
				}
				media.Found, media.Version = true, s.stored[s.session()+"s0.ts"]
				for _, f := range []hls.File{media, f, list} {
					next.plan.Observe(f)
				}
				next.serve(5 * time.Second)
				if text := next.texts["x.m3u8"]; strings.Contains(text, "/.2/"+name) != variant {
					t.Errorf("published: %s", text)
				}
				next.media("s1.ts") // another run's, if that is the next
				if !variant {
					next.media("s0.ts")
					next.playlist("x.m3u8", playlistText(0, false, tag, "s0.ts"))
				} else {
					next.playlist("x.m3u8", playlistText(0, false, tag, "s0.ts", "s1.ts"))
				}
				next.serve(5 * time.Second)
				if text := next.texts["x.m3u8"]; strings.Count(text, "#EXTINF") != 2 {
					t.Errorf("published: %s", text)
				}
			})
		}
	}
}

// TestContinuousGrowingFileOverARestart: ranges of a file that grows are another run's if the published list has none of them, although it is the
// same name and nobody has told of its bytes yet.
func TestContinuousGrowingFileOverARestart(t *testing.T) {
	t.Parallel()
	part := func(size, offset int) string { return fmt.Sprintf("#EXT-X-BYTERANGE:%d@%d", size, offset) }
	for name, ranges := range map[string][]string{
		"one":  {part(7, 0), "all.ts"},
		"more": {part(7, 0), "all.ts", part(8, 7), "all.ts"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			s.media("all.ts")
			s.playlist("x.m3u8", playlistText(0, false, part(10, 0), "all.ts", part(10, 10), "all.ts"))
			s.serve(time.Second)
			next := s.again()
			next.atRest("x.m3u8", playlistText(0, false, ranges...))
			next.serve(3 * time.Second)
			next.media("all.ts")
			next.playlist("x.m3u8", playlistText(0, false, append(ranges, part(9, 20), "all.ts")...))
			next.serve(5 * time.Second)
			want := "a/all a/all |" + strings.Repeat(" b/all", len(ranges)/2+1)
			next.shows(0, want)
		})
	}
}

// TestContinuousNamesOfTwoRunsOverARestart: names that the published list has of the run before, and not yet of the last one, are the last
// one's, in a list that goes on after a restart of hlsship.
func TestContinuousNamesOfTwoRunsOverARestart(t *testing.T) {
	t.Parallel()
	for name, last := range map[string]int{"one more": 1, "two more": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			s.encodes(0, 2)
			s.encodes(0, 0)
			s.shows(0, "a/s0 a/s1 a/s2 | b/s0")
			next := s.again()
			first := next.file("s0.ts")
			for path, v := range s.stored {
				if folder, name := hls.SessionOf(path); name == first.Path && folder != s.folderOf("s2.ts") {
					first.Version = v
				}
			}
			first.Found = true
			next.plan.Observe(first)
			for i := 1; i <= last; i++ {
				next.found(fmt.Sprintf("s%d.ts", i))
			}
			next.atRest("x.m3u8", window(last))
			next.serve(5 * time.Second)
			next.shows(last, []string{1: "a/s1 a/s2 | b/s0 b/s1", 2: "a/s2 | b/s0 b/s1 b/s2"}[last])
		})
	}
}

// folderOf returns the folder that alone has a file.
func (s *stage) folderOf(name string) string {
	for path := range s.stored {
		if folder, of := hls.SessionOf(path); of == name {
			return folder
		}
	}
	return ""
}
