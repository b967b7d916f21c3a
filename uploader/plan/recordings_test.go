package plan

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/recorder"
	"github.com/hlsship/hlsship/uploader/plan/session"
	"github.com/hlsship/hlsship/uploader/recording"
	"github.com/hlsship/hlsship/uploader/store"
)

// tape has s record.
func (s *stage) tape(c *recorder.Config) {
	if s.taped = c; c != nil {
		s.desk = newDesk(s.t, Config{Continuous: &s.config, Scanning: true, Record: c})
	}
}

// newTaped returns a stage that records.
func newTaped(t *testing.T) *stage {
	s := newStage(t, session.Config{EndDelay: 10 * time.Second})
	s.tape(&recorder.Config{})
	return s
}

// goesOn has s record what before did, if that recorded.
func (s *stage) goesOn(before *stage) {
	c := before.taped
	if c == nil {
		return
	}
	next := *c
	if c.Keep {
		s.parts = before.keeps()
		next.Left = s.parts
	}
	s.tape(&next)
}

// keeps returns what is kept of recordings.
func (s *stage) keeps() []recorder.Part {
	s.parts = append(s.parts, s.plan.recordings.recorder.Parts()...)
	return s.parts
}

// record answers a job for a recording as a store does.
func (s *stage) record(j Job) Outcome {
	t := j.Record
	folder := t.Session + "/"
	switch t.Op {
	case recorder.PutChunk, recorder.PutFile:
		was, there := s.texts[j.Path]
		switch {
		case !there || was == string(t.Text):
		case t.Op == recorder.PutChunk:
			return Outcome{Result: Different}
		case t.List != "" && !recording.Extends(t.Text, []byte(was)):
			return Outcome{Result: Different}
		}
		s.texts[j.Path] = string(t.Text)
		s.sealed[t.Session] = t.Path == t.Session+"/"+recording.SessionSummary
		if t.List != "" && t.Op == recorder.PutFile {
			s.judge(j.Path)
		}
		return Outcome{Result: Done, ETag: "tag"}
	}
	if t.Op == recorder.Look {
		v, ok := s.stored[t.Path]
		if !ok {
			return Outcome{Result: Absent}
		}
		return Outcome{Result: Done, Record: recorder.Answer{Size: v.Size}}
	}
	found, chunks := recorder.Found{Chunks: make(map[string]iter.Seq2[int, []byte]), Stored: make(map[string]int64)}, make(map[string][][]byte)
	next := make(map[string]int)
	for _, path := range slices.Sorted(maps.Keys(s.texts)) {
		list, n, ok := recording.ParseChunkName(strings.TrimPrefix(path, folder))
		if strings.HasPrefix(path, folder) && ok && (t.Op == recorder.Find || t.Order.Unsure || n < t.Order.Chunks[list]) {
			next[list] = max(next[list], n+1)
			chunks[list] = append(chunks[list], []byte(s.texts[path]))
			found.Chunks[list] = slices.All(chunks[list])
		}
	}
	for path, v := range s.stored {
		if rest, ok := strings.CutPrefix(path, folder); ok {
			found.Stored[rest] = v.Size
		}
	}
	if t.Op == recorder.Find {
		return Outcome{Result: Done, Record: recorder.Answer{Chunks: next}}
	}
	if t.Order.Unsure && t.Order.Idle && s.sealed[t.Session] {
		return Outcome{Result: Done, Record: recorder.Answer{Before: &recording.Summary{Session: t.Session}}}
	}
	kept := t.Order.Kept(s.keeps())
	for list, texts := range chunks {
		if kept[list] == nil {
			s.reads += len(texts)
		}
	}
	maps.Copy(found.Chunks, kept)
	a := t.Order.Seal(found)
	if a.Result == recorder.Empty {
		return Outcome{Result: Absent}
	}
	return Outcome{Result: Done, Record: a}
}

// judge looks at a closing list: all that it names is stored.
func (s *stage) judge(path string) {
	s.t.Helper()
	list, err := hls.Parse([]byte(s.texts[path]))
	if err != nil || !list.Ended {
		s.t.Errorf("%s: %v, %+v", path, err, list)
		return
	}
	for _, ref := range list.References {
		name, target := hls.Site{}.Resolve(path, ref.URI)
		if v, ok := s.stored[name]; target != hls.Local || !ok || ref.Offset+ref.Length > v.Size {
			s.t.Errorf("%s names %s up to %d, which is not stored", path, name, ref.Offset+ref.Length)
		}
	}
}

// closed returns what the closing lists of x.m3u8 name, each session in the order of its name after a slash, "|" for a discontinuity.
func (s *stage) closed() string { return s.closedOf("x.m3u8") }

func (s *stage) closedOf(name string) string {
	var all []string
	for _, path := range slices.Sorted(maps.Keys(s.texts)) {
		if folder, rest := hls.SessionOf(path); folder == "" || rest != name {
			continue
		}
		line := "/"
		for text := range strings.Lines(s.texts[path]) {
			switch text = strings.TrimSpace(text); {
			case text == "#EXT-X-DISCONTINUITY":
				line += " |"
			case text != "" && text[0] != '#':
				line += " " + strings.TrimSuffix(text, ".ts")
			}
		}
		all = append(all, line)
	}
	return strings.Join(all, " ")
}

func (s *stage) wantClosed(want string) {
	s.t.Helper()
	if got := s.closed(); got != want {
		s.t.Errorf("closed: %q, want %q", got, want)
	}
}

// segmentNames returns "s0 s1 …".
func segmentNames(from, to int) string {
	var all []string
	for i := from; i <= to; i++ {
		all = append(all, fmt.Sprint("s", i))
	}
	return strings.Join(all, " ")
}

// ended has the packager end its list.
func (s *stage) ended(last int) {
	s.playlist("x.m3u8", strings.TrimSuffix(window(last), "\n")+"\n#EXT-X-ENDLIST\n")
}

// TestRecordingIsClosed: for each reason.
func TestRecordingIsClosed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(s *stage){
		"by the end of its list": func(s *stage) {
			s.encodes(0, 40)
			s.wantClosed("")
			s.ended(40)
			s.serve(time.Second)
			s.wantClosed("/ " + segmentNames(0, 40))
			s.serve(2 * time.Minute)
		},
		"by another run": func(s *stage) {
			s.encodes(0, 40)
			s.encodes(0, 3)
			s.wantClosed("/ " + segmentNames(0, 40))
			s.ended(3)
			s.serve(time.Second)
			s.wantClosed("/ " + segmentNames(0, 40) + " / " + segmentNames(0, 3))
		},
		"by silence": func(s *stage) {
			s.encodes(0, 5)
			s.serve(55 * time.Second)
			s.wantClosed("")
			s.serve(10 * time.Second)
			s.wantClosed("/ " + segmentNames(0, 5))
			s.encodes(6, 40)
			s.wantClosed("/ " + segmentNames(0, 5))
			s.serve(62 * time.Second)
			s.wantClosed("/ " + segmentNames(0, 40))
		},
		"by the drain": func(s *stage) {
			s.encodes(0, 5)
			s.plan.Drain()
			s.serve(0)
			s.wantClosed("/ " + segmentNames(0, 5))
			if !s.plan.Finished() {
				s.t.Error("not finished")
			}
		},
		"again, as its packager appends to its list": func(s *stage) {
			s.encodes(0, 5)
			s.ended(5)
			s.serve(30 * time.Second)
			s.wantClosed("/ " + segmentNames(0, 5))
			s.encodes(6, 9)
			s.ended(9)
			s.serve(time.Second)
			s.wantClosed("/ " + segmentNames(0, 9))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newTaped(t)
			test(s)
			if problems := s.plan.Check(); len(problems) > 0 {
				t.Error(problems)
			}
		})
	}
}

// TestRecordingWaitsForItsMedia: what is on its way when a run is over is waited for, and what is lost is left out.
func TestRecordingWaitsForItsMedia(t *testing.T) {
	t.Parallel()
	for name, lost := range map[string]bool{"it comes late": false, "it is lost": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newTaped(t)
			s.encodes(0, 5)
			s.media("s6.ts")
			s.playlist("x.m3u8", window(6))
			s.ended(6)
			var late Job
			for end := s.now.Add(20 * time.Second); s.now.Before(end); s.tick(20 * time.Millisecond) {
				for _, j := range s.plan.Next(s.now) {
					if strings.HasSuffix(j.Path, "/s6.ts") && late.ID == 0 {
						late = j
						continue
					}
					s.report(j, s.do(j))
				}
			}
			s.wantClosed("")
			if lost {
				s.report(late, Outcome{Result: Gone})
			} else {
				s.report(late, s.do(late))
			}
			s.serve(90 * time.Second)
			if want := 6; lost {
				s.wantClosed("/ " + segmentNames(0, want-1))
			} else {
				s.wantClosed("/ " + segmentNames(0, want))
			}
		})
	}
}

// TestRecordingSurvivesAStoreOutOfReach: that closes nothing, and loses nothing.
func TestRecordingSurvivesAStoreOutOfReach(t *testing.T) {
	t.Parallel()
	s := newTaped(t)
	s.encodes(0, 5)
	for i := 6; i < 80; i++ {
		s.media(fmt.Sprintf("s%d.ts", i))
		s.playlist("x.m3u8", window(i))
		for end := s.now.Add(2 * time.Second); s.now.Before(end); s.tick(100 * time.Millisecond) {
			for _, j := range s.plan.Next(s.now) {
				s.report(j, Outcome{Result: Failed, Kind: store.Transient, RetryIn: time.Second})
			}
		}
	}
	s.wantClosed("")
	s.encodes(80, 81)
	s.ended(81)
	s.serve(20 * time.Second)
	s.wantClosed("/ " + segmentNames(0, 81))
}

// both has a packager of two renditions write segments from one to another.
func (s *stage) both(from, to int) {
	s.playlist("master.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na/x.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2\nb/x.m3u8\n")
	for i := from; i <= to; i++ {
		for _, v := range []string{"a", "b"} {
			s.media(fmt.Sprintf("%s/s%d.ts", v, i))
			s.playlist(v+"/x.m3u8", window(i))
		}
		s.serve(2 * time.Second)
	}
}

// TestRecordingOverARestart: whenever hlsship ends, and whatever the next process finds, each run is recorded.
func TestRecordingOverARestart(t *testing.T) {
	t.Parallel()
	for _, last := range []int{4, 25, 39, 67} {
		for name, drains := range map[string]bool{"drained": true, "killed": false} {
			t.Run(fmt.Sprint(name, " after ", last), func(t *testing.T) {
				t.Parallel()
				for name, test := range map[string]func(s *stage) string{
					"and the run goes on": func(s *stage) string {
						s.kept(last)
						s.encodes(last+1, last+50)
						s.ended(last + 50)
						s.serve(70 * time.Second)
						return "/ " + segmentNames(0, last+50)
					},
					"and the packager is gone": func(s *stage) string {
						s.kept(last)
						s.serve(70 * time.Second)
						return "/ " + segmentNames(0, last)
					},
					"and another run began": func(s *stage) string {
						s.serve(time.Second)
						s.encodes(0, 30)
						s.ended(30)
						s.serve(70 * time.Second)
						return "/ " + segmentNames(0, last) + " / " + segmentNames(0, 30)
					},
				} {
					for _, keeps := range []bool{true, false} {
						s := newStage(t, session.Config{EndDelay: 10 * time.Second})
						s.tape(&recorder.Config{Keep: keeps})
						s.encodes(0, last)
						if drains {
							s.plan.Drain()
							s.serve(0)
						}
						s.tick(3 * time.Second)
						next := s.again()
						want := test(next)
						if got := next.closed(); got != want {
							t.Errorf("%s, kept %v: closed\n%s, want\n%s", name, keeps, got, want)
						}
						if keeps != (next.reads == 0) {
							t.Errorf("%s, kept %v: %d chunks were read from the store", name, keeps, next.reads)
						}
					}
				}
			})
		}
	}
}

// TestRecordingOfRenditions: a multivariant playlist is closed with what it names, and that of the run before stays.
func TestRecordingOfRenditions(t *testing.T) {
	t.Parallel()
	s := newTaped(t)
	s.both(0, 10)
	s.serve(70 * time.Second)
	s.both(0, 3)
	s.serve(70 * time.Second)
	for _, v := range []string{"a", "b"} {
		if got, want := s.closedOf(v+"/x.m3u8"), "/ "+segmentNames(0, 10)+" / "+segmentNames(0, 3); got != want {
			t.Errorf("%s: %s, want %s", v, got, want)
		}
	}
	if got := strings.Count(s.closedOf("master.m3u8"), "/ a/x.m3u8 b/x.m3u8"); got != 2 {
		t.Errorf("%d multivariant playlists: %s", got, s.closedOf("master.m3u8"))
	}
}

// TestRecordingKeepsWhatTheStoreLacks: hlsship is killed while the store is out of reach, and what it listed meanwhile is recorded as it was
// listed, if that was kept.
func TestRecordingKeepsWhatTheStoreLacks(t *testing.T) {
	t.Parallel()
	s := newStage(t, session.Config{EndDelay: 10 * time.Second})
	s.tape(&recorder.Config{Keep: true})
	s.encodes(0, 5)
	var left []hls.File
	for i := 6; i < 70; i++ {
		f := s.file(fmt.Sprintf("s%d.ts", i))
		left = append(left, f)
		s.plan.Observe(f)
		s.playlist("x.m3u8", strings.ReplaceAll(window(i), "#EXTINF:2,", fmt.Sprintf("#EXTINF:1.9%d,", i%10)))
		for end := s.now.Add(2 * time.Second); s.now.Before(end); s.tick(100 * time.Millisecond) {
			for _, j := range s.plan.Next(s.now) {
				s.report(j, Outcome{Result: Failed, Kind: store.Transient, RetryIn: time.Second})
			}
		}
	}
	next := s.again()
	for _, f := range left {
		f.Spooled, f.Named, f.Found, f.Seen = true, true, true, next.now
		next.plan.Observe(f)
	}
	next.atRest("x.m3u8", window(69))
	next.serve(80 * time.Second)
	next.wantClosed("/ " + segmentNames(0, 66) + " / " + segmentNames(67, 69)) // nothing of what is published is in the directory: it may be another run
	for path, text := range next.texts {
		if folder, rest := hls.SessionOf(path); folder != "" && rest == "x.m3u8" && strings.Contains(text, "s66.ts") && strings.Count(text, "#EXTINF:1.9") < 60 {
			t.Errorf("durations were guessed:\n%s", text)
		}
	}
}

// TestRecordingOfAPathThatChanges: a path is a media playlist, then a multivariant one, and the reverse.
func TestRecordingOfAPathThatChanges(t *testing.T) {
	t.Parallel()
	s := newTaped(t)
	const master = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nx.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2\ny.m3u8\n"
	s.playlist("y.m3u8", master)
	s.encodes(0, 3)
	s.playlist("y.m3u8", window(3))
	s.encodes(4, 6)
	s.playlist("y.m3u8", strings.ReplaceAll(master, "BANDWIDTH=1", "BANDWIDTH=3"))
	s.encodes(7, 9)
	s.playlist("x.m3u8", master)
	s.serve(3 * time.Minute)
	s.wantClosed("/ " + segmentNames(0, 9))
}

// TestRecordingOfManySessions: each of many brief runs is closed, and none is remembered for ever.
func TestRecordingOfManySessions(t *testing.T) {
	t.Parallel()
	s := newTaped(t)
	for range 12 {
		s.encodes(0, 2)
	}
	s.serve(2 * time.Minute)
	if got, want := s.closed(), strings.TrimPrefix(strings.Repeat(" / "+segmentNames(0, 2), 12), " "); got != want {
		t.Errorf("closed %s, want %s", got, want)
	}
	if n := len(s.plan.recordings.recorder.Unclosed()); n > 0 {
		t.Errorf("%d are not closed", n)
	}
}

// TestRecordingOfWhatComesLate: a segment that is named before it is finished is recorded, whoever sees it finished.
func TestRecordingOfWhatComesLate(t *testing.T) {
	t.Parallel()
	for _, keeps := range []bool{true, false} {
		s := newStage(t, session.Config{EndDelay: 10 * time.Second})
		s.tape(&recorder.Config{Keep: keeps})
		s.encodes(0, 4)
		s.playlist("x.m3u8", window(5))
		s.media("s5.ts")
		s.serve(time.Second)
		next := s.again()
		next.serve(time.Second)
		next.encodes(0, 2)
		next.serve(70 * time.Second)
		next.wantClosed("/ " + segmentNames(0, 5) + " / " + segmentNames(0, 2))
	}
}

// TestRecordingOfARunThatHasNoIndex: a run so brief that none of it had gone out of its list is closed by the next process, though that lives
// but for a few seconds, whatever its packager does.
func TestRecordingOfARunThatHasNoIndex(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		runs func(s *stage, from, to int)
		list string
	}{
		"one list":        {(*stage).encodes, "x.m3u8"},
		"two renditions":  {(*stage).both, "b/x.m3u8"},
		"the other of it": {(*stage).both, "a/x.m3u8"},
	} {
		for last := range 3 {
			s := newTaped(t)
			test.runs(s, 0, last)
			want := "/ " + segmentNames(0, last)
			again := s.again()
			test.runs(again, 0, 1)
			if got := again.closedOf(test.list); got != want {
				t.Errorf("%s, %d: another run began: closed %q, want %q", name, last, got, want)
			}
		}
	}
}
