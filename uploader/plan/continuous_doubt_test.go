package plan

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/session"
)

// TestContinuousWithdrawnAtTheBeginning: a version of few segments that lacks the last one is another run if other bytes come under its first name,
// or nothing else does, and the same run if a longer one comes.
func TestContinuousWithdrawnAtTheBeginning(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		then func(s *stage)
		want string
	}{
		"comes back": {func(s *stage) { s.playlist("x.m3u8", window(2)) }, "a/s0 a/s1 a/s2"},
		"comes back, with more": {func(s *stage) {
			s.media("s3.ts")
			s.playlist("x.m3u8", playlistText(0, false, "s0.ts", "s1.ts", "s2.ts", "s3.ts"))
		}, "a/s0 a/s1 a/s2 a/s3"},
		"other bytes": {func(s *stage) { s.media("s0.ts", "s1.ts") }, "a/s0 a/s1 a/s2 | b/s0 b/s1"},
		"nothing":     {func(*stage) {}, "a/s0 a/s1 a/s2 | b/s0 b/s1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			for i := range 3 {
				s.media(fmt.Sprintf("s%d.ts", i))
				s.playlist("x.m3u8", window(i))
				s.serve(2 * time.Second)
			}
			s.playlist("x.m3u8", playlistText(0, false, "s0.ts", "s1.ts"))
			s.serve(time.Second)
			s.shows(0, "a/s0 a/s1 a/s2")
			c.then(s)
			for range 30 {
				s.serve(200 * time.Millisecond)
				s.rereads()
			}
			s.shows(0, c.want)
		})
	}
}

// rereads has the watcher tell once more of the files that it is asked for, as they are.
func (s *stage) rereads() {
	for _, name := range s.plan.Looks() {
		if f, there := s.told[name]; there {
			f.Seen, f.Found, f.Source = s.now, false, paper{}
			s.plan.Observe(f)
		} else {
			s.gone(name)
		}
	}
}

// TestContinuousListedBeforeItWasCertain: segments that are listed no more when it is certain which bytes they mean are stored all the same.
func TestContinuousListedBeforeItWasCertain(t *testing.T) {
	t.Parallel()
	for name, then := range map[string][]string{
		"the window moved":    {window(5), window(7)},
		"other names instead": {playlistText(1, false, "b1.ts", "b2.ts", "b3.ts")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			s.encodes(0, 3)
			s.tick(time.Minute)
			next := s.again()
			next.rest(1, 3) // another run
			next.serve(time.Second)
			for _, text := range then {
				for _, name := range []string{"s4.ts", "s5.ts", "s6.ts", "s7.ts", "b1.ts", "b2.ts", "b3.ts"} {
					if strings.Contains(text, name) {
						next.media(name)
					}
				}
				next.playlist("x.m3u8", text)
				next.serve(300 * time.Millisecond)
			}
			next.serve(10 * time.Second)
			for _, name := range []string{"s1.ts", "s2.ts", "s3.ts"} {
				folders := 0
				for key := range next.stored {
					if _, of := hls.SessionOf(key); of == name {
						folders++
					}
				}
				if folders != 2 {
					t.Errorf("%s is stored %d times, want once for each run: %v", name, folders, next.stored)
				}
			}
		})
	}
}

// TestContinuousRunThatWasFound: a run that had begun before the process is not joined by a list that another one begins in a moment later.
func TestContinuousRunThatWasFound(t *testing.T) {
	t.Parallel()
	for name, wait := range map[string]time.Duration{"at once": 0, "a while later": 5 * time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			both := func(s *stage, file string) {
				for _, kind := range []string{"a", "v"} {
					s.media(kind + file + ".ts")
					s.playlist(kind+".m3u8", playlistText(0, false, kind+file+".ts"))
				}
				s.serve(2 * time.Second)
			}
			both(s, "0")
			next := s.again()
			kept := next.file("a0.ts") // of the sound all is as it was, and of the picture nobody knows
			kept.Found, kept.Version = true, s.stored[s.folderOf("a0.ts")+"a0.ts"]
			next.plan.Observe(kept)
			next.atRest("a.m3u8", playlistText(0, false, "a0.ts"))
			next.found("v5.ts")
			next.atRest("v.m3u8", playlistText(5, false, "v5.ts"))
			next.serve(3*time.Second + wait)
			next.media("a0.ts")
			next.playlist("a.m3u8", playlistText(0, false, "a0.ts"))
			next.serve(5 * time.Second)
			found, begun := next.folderOf("v5.ts"), ""
			for line := range strings.Lines(next.texts["a.m3u8"]) {
				if strings.HasSuffix(strings.TrimSpace(line), "a0.ts") {
					begun, _ = hls.SessionOf(line)
				}
			}
			if found == "" || begun == "" || found == begun {
				t.Errorf("the run of the picture is in %q, and the one of the sound in %q:\n%s", found, begun, next.texts["a.m3u8"])
			}
		})
	}
}

// TestContinuousEndThatIsOver: an end that could not be published before the packager went on is none.
func TestContinuousEndThatIsOver(t *testing.T) {
	t.Parallel()
	for name, first := range map[string]int{"another run": 0, "the same run": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{EndDelay: 10 * time.Second})
			s.encodes(0, 2)
			next := s.again()
			for _, name := range []string{"s0.ts", "s1.ts", "s2.ts"} {
				f := next.file(name)
				f.Found, f.Version = true, s.stored[s.session()+name]
				next.plan.Observe(f)
			}
			next.atRest("x.m3u8", playlistText(0, true, "s0.ts", "s1.ts", "s2.ts"))
			var late []Job
			for range 100 { // no playlist gets through
				for _, j := range next.plan.Next(next.now) {
					if j.Op == PutPlaylist {
						t.Fatalf("published: %s", j.File.Content)
					} else if j.Op == Fetch && len(late) == 0 {
						late = append(late, j)
						continue
					}
					next.report(j, next.do(j))
				}
				next.tick(20 * time.Millisecond)
			}
			name := fmt.Sprintf("s%d.ts", first)
			next.media(name)
			next.playlist("x.m3u8", playlistText(first, false, name))
			for _, j := range late {
				next.report(j, next.do(j))
			}
			var slow []Job
			for k := range 300 {
				for _, j := range next.plan.Next(next.now) {
					if j.Op == PutPlaylist && strings.Contains(string(j.File.Content), "ENDLIST") {
						t.Errorf("published: %s", j.File.Content)
					}
					if _, there := next.stored[j.Path]; j.Op == PutMedia && !there {
						slow = append(slow, j)
						continue
					}
					next.report(j, next.do(j))
				}
				if k == 150 {
					for _, j := range slow {
						next.report(j, next.do(j))
					}
				}
				next.tick(20 * time.Millisecond)
			}
			if text := next.texts["x.m3u8"]; strings.Count(text, "#EXTINF") < 3 {
				t.Errorf("published: %s", text)
			}
		})
	}
}
