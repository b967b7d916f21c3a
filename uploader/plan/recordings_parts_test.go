package plan

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/state"
	"github.com/hlsship/hlsship/uploader/plan/recorder"
	"github.com/hlsship/hlsship/uploader/plan/session"
	"github.com/hlsship/hlsship/uploader/store"
)

// partsText is a list of parts of a file, each of which ends at one of those bytes and begins at the one before it.
func partsText(ended bool, head string, ends ...int64) string {
	var lines []string
	if head != "" {
		lines = append(lines, head)
	}
	for i, end := range ends[1:] {
		lines = append(lines, fmt.Sprintf("#EXT-X-BYTERANGE:%d@%d", end-ends[i], ends[i]), "all.mp4")
	}
	return playlistText(0, ended, lines...)
}

// wantParts checks how many parts of a file the closing list has.
func (s *stage) wantParts(want int) {
	s.t.Helper()
	if got := strings.Count(s.closed(), " all.mp4"); got != want {
		s.t.Errorf("closed with %d parts, want %d: %s", got, want, s.closed())
	}
}

// refuses does all jobs for so long, and has the store fail those that are of that size at least.
func (s *stage) refuses(size int64, dt time.Duration, as Outcome) {
	for end := s.now.Add(dt); s.now.Before(end); s.tick(20 * time.Millisecond) {
		for _, j := range s.plan.Next(s.now) {
			out := s.do
			if j.Op == PutMedia && j.File.Version.Size >= size {
				out = func(Job) Outcome { return as }
			}
			s.report(j, out(j))
		}
		s.plan.Looks()
	}
}

// TestRecordingOfAFileThatGrows: what is stored of it is listed, though the rest is lost, or never came.
func TestRecordingOfAFileThatGrows(t *testing.T) {
	t.Parallel()
	const inside = `#EXT-X-MAP:URI="all.mp4",BYTERANGE="4@0"`
	for name, end := range map[string]func(s *stage, head string){
		"its end is lost": func(s *stage, head string) {
			s.grownIn(7, "all.mp4", 34, hls.Growing)
			s.playlist("x.m3u8", partsText(false, head, 4, 14, 24, 34))
			s.refuses(34, time.Second, Outcome{Result: Gone})
			s.gone("all.mp4")
			s.refuses(34, 90*time.Second, Outcome{Result: Gone})
		},
		"it goes on in another file": func(s *stage, head string) {
			s.grownIn(7, "all.mp4", 34, hls.Growing)
			s.playlist("x.m3u8", partsText(false, head, 4, 14, 24, 34))
			s.refuses(34, time.Second, Outcome{Result: Void})
			s.grownIn(8, "all.mp4", 9, hls.Growing)
			s.refuses(34, 90*time.Second, Outcome{Result: Void})
		},
		"its end is listed and never comes": func(s *stage, head string) {
			s.playlist("x.m3u8", partsText(false, head, 4, 14, 24, 34))
			s.serve(90 * time.Second)
		},
		"it goes on in another file while it is closed": func(s *stage, head string) {
			s.grownIn(7, "all.mp4", 34, hls.Growing)
			s.playlist("x.m3u8", partsText(true, head, 4, 14, 24, 34))
			s.refuses(34, 2*time.Second, Outcome{Result: Failed, Kind: store.Transient, RetryIn: time.Second})
			s.grownIn(8, "all.mp4", 9, hls.Growing)
			s.refuses(34, 90*time.Second, Outcome{Result: Void})
		},
		"another process closes it": func(s *stage, head string) {
			s.playlist("x.m3u8", partsText(false, head, 4, 14, 24, 34))
			s.serve(time.Second)
			next := s.again()
			next.atRest("x.m3u8", partsText(false, head, 4, 14, 24, 34))
			next.serve(90 * time.Second)
		},
	} {
		for _, head := range []string{"", inside} {
			for _, keeps := range []bool{false, true} {
				t.Run(fmt.Sprint(name, ", map inside ", head != "", ", kept ", keeps), func(t *testing.T) {
					t.Parallel()
					s := newStage(t, session.Config{EndDelay: 10 * time.Second})
					s.tape(&recorder.Config{Keep: keeps})
					s.grownIn(7, "all.mp4", 14, hls.Growing)
					s.playlist("x.m3u8", partsText(false, head, 4, 14))
					s.serve(time.Second)
					s.grownIn(7, "all.mp4", 24, hls.Growing)
					s.playlist("x.m3u8", partsText(false, head, 4, 14, 24))
					s.serve(time.Second)
					end(s, head)
					s.wantParts(2)
				})
			}
		}
	}
}

// TestRecordingOfWhatGrowsBehindItsList: what its packager lists before it is there is recorded once it came, be the list over.
func TestRecordingOfWhatGrowsBehindItsList(t *testing.T) {
	t.Parallel()
	for name, ended := range map[string]bool{"the list is over": true, "the list goes on": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newTaped(t)
			s.grownIn(7, "all.mp4", 10, hls.Growing)
			s.playlist("x.m3u8", partsText(false, "", 0, 10))
			s.serve(time.Second)
			s.playlist("x.m3u8", partsText(ended, "", 0, 10, 20, 30))
			s.serve(100 * time.Millisecond)
			for _, size := range []int64{20, 30} {
				s.grownIn(7, "all.mp4", size, hls.Growing)
				s.serve(time.Second)
			}
			s.serve(80 * time.Second)
			s.wantParts(3)
		})
	}
}

// TestRecordingOfWhatSeveralWaitFor: several segments wait for one file, each of which is recorded once it came.
func TestRecordingOfWhatSeveralWaitFor(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		lists map[string]string
		file  string
		want  map[string]int
	}{
		"parts of it":       {map[string]string{"x.m3u8": partsText(false, "", 0, 10, 20, 30)}, "all.mp4", map[string]int{"x.m3u8": 3}},
		"more than it has":  {map[string]string{"x.m3u8": partsText(false, "", 0, 10, 20, 130)}, "all.mp4", map[string]int{"x.m3u8": 2}},
		"it comes again":    {map[string]string{"x.m3u8": playlistText(0, false, "ad.ts", "ad.ts", "ad.ts")}, "ad.ts", map[string]int{"x.m3u8": 3}},
		"two lists name it": {map[string]string{"x.m3u8": playlistText(0, false, "s0.ts"), "y.m3u8": playlistText(5, false, "s0.ts")}, "s0.ts", map[string]int{"x.m3u8": 1, "y.m3u8": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newTaped(t)
			for path, text := range tt.lists {
				s.playlist(path, text)
			}
			s.serve(8 * time.Second) // longer than any of them is waited for
			s.media(tt.file)
			s.serve(90 * time.Second)
			for path, want := range tt.want {
				if got := strings.Count(s.closedOf(path), strings.TrimSuffix(tt.file, ".ts")); got != want {
					t.Errorf("%s is closed with %d, want %d: %s", path, got, want, s.closedOf(path))
				}
			}
		})
	}
}

// TestRecordingIsClosedAgain: with more than it was closed with, wherever that belongs.
func TestRecordingIsClosedAgain(t *testing.T) {
	t.Parallel()
	const date = "#EXT-X-PROGRAM-DATE-TIME:2026-11-30T00:00:00Z"
	for name, tt := range map[string]struct {
		late         []string // media that come behind the first closing, when the list is this one
		list         string
		first, again string
	}{
		"as the head got a date":          {[]string{"s4.ts"}, playlistText(1, true, date, "s1.ts", "s2.ts", "s3.ts", "s4.ts"), "/ s0 s1 | s3", "/ s0 s1 | s3 s4"},
		"as the head got a discontinuity": {[]string{"s4.ts"}, playlistText(1, true, "#EXT-X-DISCONTINUITY", "s1.ts", "s2.ts", "s3.ts", "s4.ts"), "/ s0 s1 | s3", "/ s0 | s1 | s3 s4"},
		"as a hole was filled":            {[]string{"s2.ts"}, playlistText(0, true, "s0.ts", "s1.ts", "s2.ts", "s3.ts"), "/ s0 s1 | s3", "/ s0 s1 s2 s3"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newTaped(t)
			s.media("s0.ts", "s1.ts", "s3.ts")
			s.playlist("x.m3u8", playlistText(0, false, "s0.ts", "s1.ts", "s2.ts", "s3.ts"))
			s.serve(8 * time.Second)
			s.playlist("x.m3u8", playlistText(0, true, "s0.ts", "s1.ts", "s2.ts", "s3.ts"))
			s.serve(80 * time.Second)
			s.wantClosed(tt.first)
			s.media(tt.late...)
			s.playlist("x.m3u8", tt.list)
			s.serve(80 * time.Second)
			s.wantClosed(tt.again)
		})
	}
}

// TestRecordingIsClosedOnce: one that was closed before a restart is neither made nor told once more, unless there is more of it, where what was
// recorded is kept.
func TestRecordingIsClosedOnce(t *testing.T) {
	t.Parallel()
	for name, more := range map[string]bool{"nothing came": false, "the run goes on": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{EndDelay: 10 * time.Second})
			s.tape(&recorder.Config{Keep: true})
			s.encodes(0, 5)
			s.ended(5)
			s.serve(20 * time.Second)
			next := s.again()
			next.kept(5)
			next.ended(5)
			next.serve(20 * time.Second)
			if more {
				next.encodes(6, 7)
				next.ended(7)
			}
			next.serve(90 * time.Second)
			closed := 0
			for _, n := range next.plan.recordings.recorder.Take() {
				if n.State == state.RecordingClosed && !n.Before {
					closed++
				}
			}
			want, last := 0, 5
			if more {
				want, last = 1, 7
			}
			if next.wantClosed("/ " + segmentNames(0, last)); closed != want {
				t.Errorf("it is told %d times that it is closed, want %d", closed, want)
			}
		})
	}
}
