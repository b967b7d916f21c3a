package plan

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/session"
)

// TestContinuousDeletedWhileAListWaits: what a manifest and a list name is stored for both, though the list is not bound before the directory has it
// no more.
func TestContinuousDeletedWhileAListWaits(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		folder string
		serves time.Duration // before the files are deleted
	}{
		"for its multivariant playlist": {"v/", 500 * time.Millisecond},
		"for what is published":         {"", 0},
	} {
		for _, file := range []string{"s0.ts", "init.mp4"} {
			for order, first := range map[string]bool{"the manifest first": true, "the list first": false} {
				t.Run(name+", "+file+", "+order, func(t *testing.T) {
					t.Parallel()
					s := newStage(t, session.Config{})
					s.media(test.folder+"s0.ts", test.folder+"init.mp4")
					list := func() { s.playlist(test.folder+"x.m3u8", playlistText(0, false, init0, "s0.ts")) }
					if !first {
						list()
					}
					s.manifest(test.folder+"x.mpd", `<MPD type="static"><Period><AdaptationSet><Representation id="0" bandwidth="1"><BaseURL>`+file+`</BaseURL></Representation></AdaptationSet></Period></MPD>`, false)
					if first {
						list()
					}
					for _, path := range s.plan.Looks() {
						s.plan.Observe(s.told[path])
					}
					if test.serves > 0 {
						s.serve(test.serves)
					}
					s.gone(test.folder + "s0.ts")
					s.gone(test.folder + "init.mp4")
					s.serve(10 * time.Second)
					if text := s.texts[test.folder+"x.m3u8"]; !strings.Contains(text, "/"+test.folder+file) {
						t.Errorf("published %s", text)
					}
					for key := range s.stored {
						if folder, path := hls.SessionOf(key); folder != "" && path == test.folder+file {
							return
						}
					}
					t.Errorf("stored %v", s.stored)
				})
			}
		}
	}
}

// TestContinuousRewrittenOverARestart: an init section that its packager wrote with other bytes while nothing ran, or writes later, gets another
// key, whatever becomes of the question whether the store has the first.
func TestContinuousRewrittenOverARestart(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		before  bool // it is rewritten before the process begins
		answers Outcome
	}{
		"written again while it is compared": {true, Outcome{Result: Gone}},
		"and read":                           {true, Outcome{Result: Void}},
		"later, and nobody could tell":       {false, Outcome{Result: Absent}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			s.media("init.mp4")
			for n := range 3 {
				s.media(fmt.Sprintf("s%d.ts", n))
				s.playlist("x.m3u8", playlistText(0, false, append([]string{init0}, firstSegments(n+1)...)...))
				s.serve(time.Second)
			}
			next := s.again()
			write := func(content string, found bool) {
				f := next.file("init.mp4")
				f.Found, f.Sum = found, sha256.Sum256([]byte(content))
				next.told[f.Path] = f
				next.plan.Observe(f)
			}
			for n := range 3 {
				f := next.file(fmt.Sprintf("s%d.ts", n))
				f.Found, f.Version = true, s.stored[s.session()+f.Path]
				next.plan.Observe(f)
			}
			write("first", true)
			next.atRest("x.m3u8", playlistText(0, false, append([]string{init0}, firstSegments(3)...)...))
			asked := false
			serve := func() {
				for range 200 {
					for _, j := range next.plan.Next(next.now) {
						if strings.HasSuffix(j.Path, "/init.mp4") && j.Op == Compare && !asked {
							asked = true
							if test.before {
								write("first", false)
							}
							next.report(j, test.answers)
							continue
						}
						next.report(j, next.do(j))
					}
					next.tick(20 * time.Millisecond)
				}
			}
			serve()
			if !test.before {
				write("second", false)
			}
			next.tick(time.Second)
			next.media("s3.ts")
			next.playlist("x.m3u8", playlistText(0, false, append([]string{init0}, firstSegments(4)...)...))
			serve()
			if text := next.texts["x.m3u8"]; !asked || !strings.Contains(text, "/.2/init.mp4") || !strings.Contains(text, "s3.ts") {
				t.Errorf("asked %v, published %s", asked, text)
			}
		})
	}
}

// firstSegments returns s0.ts and so on.
func firstSegments(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("s%d.ts", i))
	}
	return all
}

// TestContinuousNeverCameOverARestart: a segment that nobody has is left out by the process that comes as well, whether the store is asked for it
// before the Plan has heard of its name or not.
func TestContinuousNeverCameOverARestart(t *testing.T) {
	t.Parallel()
	for name, lost := range map[string][]string{"one": {"s2.ts"}, "two in a row": {"s2.ts", "s3.ts"}, "two": {"s2.ts", "s4.ts"}} {
		for hold, patience := range map[string]time.Duration{"held shortly": time.Second, "held for long": 9 * time.Second} {
			t.Run(name+", "+hold, func(t *testing.T) {
				t.Parallel()
				s := newStage(t, session.Config{GiveUpAfter: patience})
				s.media("s0.ts", "s1.ts")
				s.playlist("x.m3u8", playlistText(0, false, firstSegments(2)...))
				s.serve(time.Second)
				next := s.again()
				for n := range 6 {
					f := next.file(fmt.Sprintf("s%d.ts", n))
					if v, ok := s.stored[s.session()+f.Path]; ok {
						f.Version = v
					}
					if f.Found = true; !strings.Contains(strings.Join(lost, " "), f.Path) {
						next.told[f.Path] = f
						next.plan.Observe(f)
					}
				}
				next.atRest("x.m3u8", playlistText(0, false, firstSegments(6)...))
				next.plan.Scanned()
				for range 100 {
					next.serve(200 * time.Millisecond)
					for _, path := range next.plan.Looks() {
						if f, ok := next.told[path]; ok {
							next.plan.Observe(f)
						} else {
							next.gone(path)
						}
					}
				}
				if text := next.texts["x.m3u8"]; !strings.Contains(text, "s5.ts") || strings.Contains(text, "s2.ts") {
					t.Errorf("published %s", text)
				}
			})
		}
	}
}

// TestContinuousNothingInCommon: a list whose window slid past all that is published, while a process stored segments and could not publish, goes on with
// its run where nobody but that process can have stored what it names. Bytes in the directory may be another run's.
func TestContinuousNothingInCommon(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		tag  []string
		has  string // what the directory has of the segments
		want string
	}{
		"nothing in the directory":       {want: "a/s0 a/s1 a/s2 | a/s7 a/s8 a/s9"},
		"and an init section is in none": {tag: []string{init0}, want: "a/s0 a/s1 a/s2 | a/s7 a/s8 a/s9"},
		"bytes of one in the directory":  {has: "s9.ts", want: "a/s0 a/s1 a/s2 | b/s9"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			s.media("init.mp4")
			published := ""
			for n := range 10 {
				s.media(fmt.Sprintf("s%d.ts", n))
				s.playlist("x.m3u8", playlistText(max(0, n-2), false, append(test.tag, firstSegments(n + 1)[max(0, n-2):]...)...))
				if s.serve(2 * time.Second); n == 2 {
					published = s.texts["x.m3u8"]
				}
			}
			s.texts["x.m3u8"] = published
			next := s.again()
			if test.has != "" {
				next.found(test.has)
			}
			next.atRest("x.m3u8", playlistText(7, false, append(test.tag, firstSegments(10)[7:]...)...))
			next.plan.Scanned()
			for range 100 {
				next.serve(200 * time.Millisecond)
				for _, path := range next.plan.Looks() {
					if path = next.plan.continuous.source(path); path != test.has {
						next.gone(path)
					}
				}
			}
			next.shows(0, test.want)
		})
	}
}

// TestContinuousAskedOfAListThatLeft: a question that waits for a slot while its list leaves the directory is dropped, with the bytes that it holds, and
// the Plan knows of no such list afterwards.
func TestContinuousAskedOfAListThatLeft(t *testing.T) {
	t.Parallel()
	for name, then := range map[string]func(s *stage){
		"at work":  func(*stage) {},
		"draining": func(s *stage) { s.plan.Drain() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			s.encodes(0, 2)
			s.gone("x.m3u8")
			s.serve(time.Second)
			s.plan.Released()
			s.plan.continuous.questions = []session.Question{{ID: 1, Key: s.session() + "s2.ts", List: "x.m3u8", File: hls.File{Path: "s2.ts", Source: paper{}}}}
			then(s)
			if jobs := s.plan.Next(s.now); len(jobs) > 0 {
				t.Errorf("asked: %v", jobs)
			}
			if released := s.plan.Released(); len(released) != 1 || len(s.plan.continuous.questions) > 0 {
				t.Errorf("released %d, %d questions wait", len(released), len(s.plan.continuous.questions))
			}
		})
	}
}
