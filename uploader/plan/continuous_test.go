package plan

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/recorder"
	"github.com/hlsship/hlsship/uploader/plan/session"
)

// stage is a desk with a store that is quick, remembers what it is given, and may be met by another process.
type stage struct {
	*desk
	config session.Config
	texts  map[string]string
	stored map[string]hls.Version
	taped  *recorder.Config    // what is recorded; nil for nothing
	parts  []recorder.Part     // what is kept of it
	reads  int                 // how many chunks were read from the store
	told   map[string]hls.File // what the watcher last told of each file
	// lasting is what is stored as immutable.
	lasting map[string]bool
	sealed  map[string]bool // by their sessions: nothing of one was recorded since it was closed
}

// media has files be finished, as desk.media does.
func (s *stage) media(names ...string) {
	for _, n := range names {
		f := s.file(n)
		s.told[n] = f
		s.plan.Observe(f)
	}
}

func newStage(t *testing.T, c session.Config) *stage {
	return &stage{desk: newDesk(t, Config{Continuous: &c, Scanning: true}), config: c, texts: map[string]string{}, stored: map[string]hls.Version{}, told: map[string]hls.File{}, lasting: map[string]bool{}, sealed: map[string]bool{}}
}

// again is another process, which finds what is stored.
func (s *stage) again() *stage {
	next := newStage(s.t, s.config)
	next.goesOn(s)
	next.now, next.inode, next.mtime = s.now, s.inode, s.mtime
	next.texts, next.stored, next.sealed = s.texts, s.stored, s.sealed
	return next
}

// serve does all jobs that are allowed, for so long.
func (s *stage) serve(dt time.Duration) {
	for end := s.now.Add(dt); ; s.tick(20 * time.Millisecond) {
		for jobs := s.plan.Next(s.now); len(jobs) > 0; jobs = s.plan.Next(s.now) {
			for _, j := range jobs {
				s.report(j, s.do(j))
			}
		}
		if !s.now.Before(end) {
			return
		}
	}
}

// do answers a job as a store does.
func (s *stage) do(j Job) Outcome {
	done := Outcome{Result: Done, ETag: fmt.Sprint("tag ", j.ID)}
	was, there := s.stored[j.Path]
	switch j.Op {
	case PutRecord, ReadRecord:
		return s.record(j)
	case Fetch:
		text, ok := s.texts[j.Path]
		if !ok {
			return Outcome{Result: Absent}
		}
		pl, err := hls.Parse([]byte(text))
		if err != nil {
			s.t.Error(err)
		}
		done.Content, done.Playlist = []byte(text), pl
	case Compare:
		switch {
		case !there:
			return Outcome{Result: Absent}
		case j.File.Version == (hls.Version{}):
			return Outcome{Result: Present, ETag: "some", Size: was.Size}
		case was != j.File.Version:
			return Outcome{Result: Different, ETag: "some"}
		}
	case PutPlaylist:
		s.texts[j.Path] = string(j.File.Content)
	case PutMedia:
		if folder, _ := hls.SessionOf(j.Path); folder != "" && there && was != j.File.Version && j.File.Growth == 0 {
			s.t.Errorf("%s is stored twice, with other bytes", j.Path)
		}
		s.stored[j.Path], s.lasting[j.Path] = j.File.Version, j.Immutable
	}
	return done
}

// encodes has a packager write segments from one to another, with a window of three, each of which takes two seconds.
func (s *stage) encodes(from, to int) {
	for i := from; i <= to; i++ {
		s.media(fmt.Sprintf("s%d.ts", i))
		s.playlist("x.m3u8", window(i))
		s.serve(2 * time.Second)
	}
}

// window is a list of which i is the last segment.
func window(i int) string {
	var names []string
	for k := max(0, i-2); k <= i; k++ {
		names = append(names, fmt.Sprintf("s%d.ts", k))
	}
	return playlistText(max(0, i-2), false, names...)
}

// rest has the segments from one to another and the list of the last of them lie in the directory when a process begins.
func (s *stage) rest(from, to int) {
	for i := from; i <= to; i++ {
		s.found(fmt.Sprintf("s%d.ts", i))
	}
	s.atRest("x.m3u8", window(to))
}

// shows checks the last published list: its number, its segments after the folder of their session (a, b, …, in the order in which the
// test named them), and "|" for a discontinuity.
func (s *stage) shows(number int, want string) {
	s.t.Helper()
	text := s.texts["x.m3u8"]
	var got []string
	folders := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "#EXT-X-DISCONTINUITY":
			got = append(got, "|")
		case line == "#EXT-X-ENDLIST":
			got = append(got, "end")
		case line != "" && line[0] != '#':
			folder, name := hls.SessionOf(line)
			if folders[folder] == "" {
				folders[folder] = string(rune('a' + len(folders)))
			}
			got = append(got, folders[folder]+"/"+strings.TrimSuffix(name, ".ts"))
		}
	}
	if list := strings.Join(got, " "); list != want || !strings.Contains(text, fmt.Sprintf("MEDIA-SEQUENCE:%d\n", number)) {
		s.t.Errorf("published: %s\nwant %d: %s\n%s", list, number, want, text)
	}
}

// TestContinuousOverARestart: a packager that begins again at 0 goes on in the list.
func TestContinuousOverARestart(t *testing.T) {
	t.Parallel()
	s := newStage(t, session.Config{EndDelay: 10 * time.Second})
	s.encodes(0, 5)
	s.shows(3, "a/s3 a/s4 a/s5")
	s.encodes(0, 0)
	s.shows(3, "a/s3 a/s4 a/s5 | b/s0")
	s.encodes(1, 4)
	s.shows(8, "a/s2 a/s3 a/s4")
}

// TestContinuousOverARestartOfBoth: what another process published goes on, whether the packager began another run meanwhile or not.
func TestContinuousOverARestartOfBoth(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(s *stage){
		"the same run": func(s *stage) {
			s.kept(5)
			s.serve(5 * time.Second)
			s.encodes(6, 6)
			s.shows(4, "a/s4 a/s5 a/s6")
		},
		"another run, of fewer segments": func(s *stage) {
			s.rest(0, 1)
			s.serve(5 * time.Second)
			s.shows(3, "a/s3 a/s4 a/s5 | b/s0 b/s1")
			s.encodes(2, 5)
			s.shows(9, "a/s3 a/s4 a/s5")
		},
		"another run, of the same numbers": func(s *stage) {
			s.rest(3, 5)
			s.serve(5 * time.Second)
			s.shows(3, "a/s3 a/s4 a/s5 | b/s3 b/s4 b/s5")
			s.encodes(6, 8)
			s.shows(9, "a/s6 a/s7 a/s8")
		},
		"another run, with the bytes of the one before": func(s *stage) {
			for i := range 5 {
				f := s.file(fmt.Sprintf("s%d.ts", i))
				f.Found, f.Version = true, s.stored[s.session()+f.Path]
				s.plan.Observe(f)
			}
			s.atRest("x.m3u8", window(3))
			s.serve(5 * time.Second)
			s.shows(3, "a/s3 a/s4 a/s5 | b/s1 b/s2 b/s3")
		},
		"another run, that begins now": func(s *stage) {
			s.serve(time.Second)
			s.encodes(0, 0)
			s.shows(3, "a/s3 a/s4 a/s5 | b/s0")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{EndDelay: 10 * time.Second})
			s.encodes(0, 5)
			s.tick(time.Minute)
			next := s.again()
			next.t = t
			test(next)
		})
	}
}

// session returns the folder of the only session that is stored.
func (s *stage) session() string {
	for path := range s.stored {
		folder, _ := hls.SessionOf(path)
		return folder
	}
	return ""
}

// kept has the very files lie there that are stored.
func (s *stage) kept(to int) {
	for path, v := range s.stored {
		_, name := hls.SessionOf(path)
		f := s.file(name)
		f.Found, f.Version = true, v
		s.plan.Observe(f)
	}
	s.atRest("x.m3u8", window(to))
}

// TestContinuousBacklog: what was written while no process ran, or what one had named and could not ship, is stored beside the rest.
func TestContinuousBacklog(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		named bool
		want  []string
	}{
		"named by the process before": {true, []string{"a/s6.ts", "a/s7.ts"}},
		"written while nobody looked": {false, []string{"b/s6.ts", "b/s7.ts"}},
	} {
		for _, first := range []string{"files", "playlist"} {
			t.Run(name+", "+first+" first", func(t *testing.T) {
				t.Parallel()
				s := newStage(t, session.Config{})
				s.encodes(0, 5)
				old := s.session()
				s.tick(time.Minute)
				next := s.again()
				files := func() {
					for i := 6; i <= 10; i++ {
						f := next.file(fmt.Sprintf("s%d.ts", i))
						f.Version.ModTime = int64(i)
						f.Found, f.Named, f.Spooled = true, c.named && i < 8, c.named && i < 8
						next.plan.Observe(f)
					}
				}
				if first == "files" {
					files()
				}
				next.atRest("x.m3u8", window(10))
				if first != "files" {
					next.serve(time.Second)
					files()
				}
				next.plan.Scanned()
				next.serve(10 * time.Second)
				next.shows(3, "a/s3 a/s4 a/s5 | b/s8 b/s9 b/s10")
				for _, want := range c.want {
					found := false
					for key := range next.stored {
						folder, path := hls.SessionOf(key)
						found = found || path == want[2:] && (folder == old) == (want[0] == 'a')
					}
					if !found {
						t.Errorf("%s is not stored: %v", want, next.stored)
					}
				}
			})
		}
	}
}

// TestContinuousSlowStart: what a packager lists while nobody knows yet what is published is stored, though it is listed no more by then.
func TestContinuousSlowStart(t *testing.T) {
	t.Parallel()
	for name, published := range map[string]bool{"nothing is published": false, "a run is published": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			first := 0
			if published {
				s.encodes(0, 5)
				s.tick(time.Minute)
				s = s.again()
				first = 6
			}
			for i := first; i < first+8; i++ { // the store is silent
				s.media(fmt.Sprintf("s%d.ts", i))
				s.playlist("x.m3u8", window(i))
				s.tick(2 * time.Second)
			}
			s.serve(5 * time.Second)
			for i := first; i < first+8; i++ {
				found := false
				for key := range s.stored {
					_, path := hls.SessionOf(key)
					found = found || path == fmt.Sprintf("s%d.ts", i)
				}
				if !found {
					t.Errorf("s%d.ts is not stored", i)
				}
			}
			if text := s.texts["x.m3u8"]; !strings.Contains(text, fmt.Sprintf("s%d.ts", first+7)) {
				t.Errorf("published %s", text)
			}
		})
	}
}

// TestContinuousEndOfWhatIsDeleted: a packager that ends its playlist and deletes it has the end published all the same.
func TestContinuousEndOfWhatIsDeleted(t *testing.T) {
	t.Parallel()
	s := newStage(t, session.Config{EndDelay: 10 * time.Second})
	s.encodes(0, 3)
	s.tick(time.Minute)
	s = s.again() // which knows of the segments of the run before from what is published alone
	s.encodes(0, 0)
	s.media("s1.ts")
	s.playlist("x.m3u8", playlistText(0, true, "s0.ts", "s1.ts"))
	s.serve(2 * time.Second)
	for _, path := range []string{"s0.ts", "s1.ts", "x.m3u8"} {
		s.gone(path)
	}
	s.serve(5 * time.Second)
	s.shows(2, "a/s2 a/s3 | b/s0 b/s1")
	s.serve(10 * time.Second)
	s.shows(2, "a/s2 a/s3 | b/s0 b/s1 end")
}

// TestContinuousHoleInAllRenditions: where a segment of one rendition does not come, the discontinuity stands before the same segment in all.
func TestContinuousHoleInAllRenditions(t *testing.T) {
	t.Parallel()
	for name, soundFirst := range map[string]bool{"sound first": true, "picture first": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			list := func(kind string, i int, lost bool) {
				var names []string
				for k := max(0, i-5); k <= i; k++ {
					names = append(names, fmt.Sprintf("%s%d.ts", kind, k))
				}
				if !lost {
					s.media(fmt.Sprintf("%s%d.ts", kind, i))
				}
				s.playlist(kind+".m3u8", playlistText(max(0, i-5), false, names...))
				s.serve(200 * time.Millisecond)
			}
			for i := range 9 {
				for k := range 2 {
					if (k == 0) == soundFirst {
						list("a", i, false)
					} else {
						list("v", i, i == 4)
					}
				}
				s.serve(1600 * time.Millisecond)
			}
			s.serve(5 * time.Second)
			for kind, lost := range map[string]string{"a": "", "v": "v4.ts"} {
				text := s.texts[kind+".m3u8"]
				before, after, _ := strings.Cut(text, "#EXT-X-DISCONTINUITY\n")
				next := strings.Index(after, "5.ts")
				if strings.Count(text, "#EXT-X-DISCONTINUITY\n") != 1 || !strings.Contains(before, "3.ts") || strings.Contains(before, "5.ts") || next < 0 || next > strings.Index(after, "6.ts") {
					t.Errorf("published %s", text)
				}
				if !strings.Contains(text, kind+"8.ts") || lost != "" && strings.Contains(text, lost) {
					t.Errorf("published %s", text)
				}
			}
		})
	}
}
