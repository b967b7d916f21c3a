package plan

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/session"
)

const init0 = `#EXT-X-MAP:URI="init.mp4"`

// TestContinuousSharesBytes: bytes that several keys have are sent to each, however often the watcher tells of them, and nobody asks for
// them again.
func TestContinuousSharesBytes(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(s *stage){
		"of two runs": func(s *stage) {
			s.media("s0.ts", "s1.ts")
			s.playlist("x.m3u8", playlistText(0, false, init0, "s0.ts", "s1.ts"))
			s.serve(time.Second)
			s.media("s0.ts")
			s.playlist("x.m3u8", playlistText(0, false, init0, "s0.ts"))
		},
		"of a list and a manifest": func(s *stage) {
			s.manifest("x.mpd", `<MPD type="static"><Period><AdaptationSet><Representation id="0" bandwidth="1"><BaseURL>init.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>`, false)
			s.serve(time.Second)
			s.media("s0.ts")
			s.playlist("x.m3u8", playlistText(0, false, init0, "s0.ts"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			f := s.file("init.mp4")
			s.plan.Observe(f)
			test(s)
			for range 10 {
				s.serve(time.Second)
				if slices.Contains(s.plan.Looks(), f.Path) {
					s.plan.Observe(f)
				}
			}
			s.plan.Observe(f)
			s.serve(time.Second)
			if looks := s.plan.Looks(); slices.Contains(looks, f.Path) {
				t.Errorf("to be looked at: %q", looks)
			}
			keys := 0
			for path, v := range s.stored {
				if _, of := hls.SessionOf(path); of == f.Path && v == f.Version {
					keys++
				}
			}
			if keys != 2 {
				t.Errorf("%d keys have the bytes: %v", keys, s.stored)
			}
		})
	}
}

// TestContinuousDoubtEnds: where the store has, or may have, other bytes than those that the published list should mean, these go to
// another key, and nobody asks again and again.
func TestContinuousDoubtEnds(t *testing.T) {
	t.Parallel()
	s := newStage(t, session.Config{})
	s.media("init.mp4", "s0.ts")
	s.playlist("x.m3u8", playlistText(0, false, init0, "s0.ts"))
	s.serve(time.Second)
	next := s.again()
	key := s.session() + "init.mp4"
	f := next.file("init.mp4")
	f.Found, f.Version = true, s.stored[key]
	next.stored[key] = next.version(100)
	next.plan.Observe(f)
	media := next.file("s0.ts")
	media.Found, media.Version = true, s.stored[s.session()+"s0.ts"]
	next.plan.Observe(media)
	next.atRest("x.m3u8", playlistText(0, false, init0, "s0.ts"))
	n := 0
	for range 500 {
		next.tick(20 * time.Millisecond)
		for _, j := range next.plan.Next(next.now) {
			next.report(j, next.do(j))
			n++
		}
		if slices.Contains(next.plan.Looks(), f.Path) {
			next.plan.Observe(f)
		}
	}
	if n > 20 {
		t.Errorf("%d jobs", n)
	}
	if text := next.texts["x.m3u8"]; !strings.Contains(text, "/.2/init.mp4") {
		t.Errorf("published: %s", text)
	}
}

// TestContinuousTagsMoveWithMedia: where names of media come back within a run, so that it goes on in another folder, an init section
// that is written again with them is there as well.
func TestContinuousTagsMoveWithMedia(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ tag, segment string }{
		"in a file of its own":  {"init.mp4", "s0.ts"},
		"in the file of media":  {"s0.ts", "s0.ts"},
		"of a rendition's file": {"v0/init.mp4", "v0/s0.ts"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			for i := range 2 {
				s.media(tt.tag)
				if tt.segment != tt.tag {
					s.media(tt.segment)
				}
				s.playlist("x.m3u8", playlistText(i, false, `#EXT-X-MAP:URI="`+tt.tag+`"`, tt.segment))
				s.serve(5 * time.Second)
			}
			text := s.texts["x.m3u8"]
			if strings.Contains(text, "/.2/") || !strings.Contains(text, "SEQUENCE:1\n") {
				t.Errorf("published: %s", text)
			}
		})
	}
}

// TestContinuousLasting: what stands in a session is immutable once it is whole, also if it grew: the ranges of a list, or what a list
// names to its end.
func TestContinuousLasting(t *testing.T) {
	t.Parallel()
	const ranges = "#EXT-X-BYTERANGE:10@0"
	for name, play := range map[string]struct {
		text string
		tell func(s *stage)
	}{
		"a segment":                    {playlistText(0, false, "all.ts"), func(s *stage) { s.media("all.ts") }},
		"a file that grew":             {playlistText(0, false, ranges, "all.ts"), func(s *stage) { s.grown("all.ts", 10, hls.Growing); s.grown("all.ts", 20, hls.Growing) }},
		"one that is named as a whole": {playlistText(0, false, "all.ts"), func(s *stage) { s.grown("all.ts", 10, hls.Growing) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			play.tell(s)
			s.playlist("x.m3u8", play.text)
			s.serve(time.Second)
			for path := range s.stored {
				if grows := name != "a segment"; s.lasting[path] == grows {
					t.Errorf("%s is immutable: %v", path, s.lasting[path])
				}
			}
			if name != "a segment" {
				s.grown("all.ts", 30, hls.Settled)
			}
			s.serve(time.Second)
			if len(s.stored) != 1 {
				t.Errorf("stored %v", s.stored)
			}
			for path := range s.stored {
				if !s.lasting[path] {
					t.Errorf("%s, which is whole, is not immutable", path)
				}
			}
		})
	}
}
