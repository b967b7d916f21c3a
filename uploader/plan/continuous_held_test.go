package plan

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/edition"
	"github.com/hlsship/hlsship/uploader/plan/session"
	"github.com/hlsship/hlsship/uploader/store"
)

// TestContinuousBytesOfAVersionThatWaits: what a version meant when it came goes into the folder of its run, although another run has written other
// bytes under the same names before it was known where that is.
func TestContinuousBytesOfAVersionThatWaits(t *testing.T) {
	t.Parallel()
	const tag = `#EXT-X-MAP:URI="init.mp4"`
	for name, c := range map[string]struct {
		folder  string // one below the watched one may get a multivariant playlist
		silent  bool   // the store is
		written []string
		listed  bool // by the next run as well
	}{
		"an init section, until a multivariant playlist may come": {"v0/", false, []string{"init.mp4"}, false},
		"a segment, until a multivariant playlist may come":       {"v0/", false, []string{"s0.ts"}, false},
		"an init section, until the store answers":                {"", true, []string{"init.mp4"}, false},
		"all of it, until the store answers":                      {"", true, []string{"init.mp4", "s0.ts", "s1.ts"}, false},
		"all of it, which the next run lists":                     {"", true, []string{"init.mp4", "s0.ts", "s1.ts"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			path := func(names ...string) (all []string) {
				for _, n := range names {
					all = append(all, c.folder+n)
				}
				return all
			}
			s.media(path("init.mp4", "s0.ts", "s1.ts")...)
			first := map[string]hls.Version{}
			for _, n := range path("init.mp4", "s0.ts", "s1.ts") {
				first[n] = s.told[n].Version
			}
			s.playlist(c.folder+"x.m3u8", playlistText(0, false, tag, "s0.ts", "s1.ts"))
			s.tick(100 * time.Millisecond)
			if !c.silent {
				s.serve(100 * time.Millisecond)
			}
			s.media(path(c.written...)...)
			if c.listed {
				s.playlist(c.folder+"x.m3u8", playlistText(0, false, tag, "s0.ts"))
			}
			s.serve(10 * time.Second)
			var folders []string
			for key := range s.stored {
				if folder, _ := hls.SessionOf(key); !slices.Contains(folders, folder) {
					folders = append(folders, folder)
				}
			}
			slices.SortFunc(folders, func(a, b string) int { return strings.Compare(strings.Trim(a, "/"), strings.Trim(b, "/")) })
			for n, v := range first {
				if got := s.stored[folders[0]+n]; got != v {
					t.Errorf("%s of the first run: stored %v, want %v", n, got, v)
				}
			}
			if want := 1; c.listed {
				if got := s.stored[folders[len(folders)-1]+"s0.ts"]; len(folders) != 2 || got != s.told["s0.ts"].Version {
					t.Errorf("of the second run: %v in %q", got, folders)
				}
			} else if len(folders) != want || !strings.Contains(s.texts[c.folder+"x.m3u8"], "s1.ts") {
				t.Errorf("stored in %q, published: %s", folders, s.texts[c.folder+"x.m3u8"])
			}
		})
	}
}

// TestContinuousEvidenceOfAVersionThatWaits: whether a run goes on after a restart is asked of the bytes that its list meant, not of those that the
// next run has written since.
func TestContinuousEvidenceOfAVersionThatWaits(t *testing.T) {
	t.Parallel()
	s := newStage(t, session.Config{})
	s.encodes(0, 5)
	next := s.again()
	next.kept(5) // the store is silent
	next.tick(100 * time.Millisecond)
	next.media("s3.ts", "s4.ts", "s5.ts")
	next.serve(time.Second)
	next.shows(3, "a/s3 a/s4 a/s5")
	next.playlist("x.m3u8", playlistText(0, false, "s3.ts"))
	next.serve(2 * time.Second)
	next.shows(3, "a/s3 a/s4 a/s5 | b/s3")
}

// TestContinuousSpoolIsNotWhatAListMeans: a list that lies there means the bytes that lie there, not older ones of the spool that are heard of first.
func TestContinuousSpoolIsNotWhatAListMeans(t *testing.T) {
	t.Parallel()
	for name, silent := range map[string]time.Duration{"the store answers": 0, "the store is silent": time.Second} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			s.encodes(5, 7)
			next, of := s.again(), s.session()
			next.left("s5.ts", of)
			next.atRest("x.m3u8", playlistText(5, false, "s5.ts"))
			f := next.file("s5.ts")
			f.Found = true
			next.plan.Observe(f)
			next.tick(silent)
			next.serve(10 * time.Second)
			next.shows(5, "a/s5 a/s6 a/s7 | b/s5")
			if key := lastOf(next.texts["x.m3u8"]); next.stored[key] != f.Version {
				t.Errorf("%s is %v, want %v", key, next.stored[key], f.Version)
			}
		})
	}
}

// TestContinuousListsNothingIsPublishedOf: a list of which nothing is published begins the run that the others of its stream go on with, under
// the same number, whichever is heard of first.
func TestContinuousListsNothingIsPublishedOf(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		late    string // the list of which what is published is told last
		spooled bool   // an earlier process kept what it lists
	}{
		"what it lists is in the spool, and it is first": {"x.m3u8", true},
		"what it lists is in the spool, and it is last":  {"y.m3u8", true},
		"nothing is in the spool, and it is first":       {"x.m3u8", false},
		"nothing is in the spool, and it is last":        {"y.m3u8", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			s.encodes(0, 2)
			s.encodes(0, 2) // another run
			of, _ := hls.SessionOf(lastOf(s.texts["x.m3u8"]))
			next := s.again()
			for _, n := range []string{"s0.ts", "s1.ts", "s2.ts"} {
				f := next.file(n)
				f.Found, f.Version = true, s.stored[of+n]
				next.plan.Observe(f)
			}
			next.atRest("x.m3u8", window(2))
			for _, n := range []string{"y0.ts", "y1.ts", "y2.ts"} {
				if !c.spooled {
					next.found(n)
					continue
				}
				f := next.left(n, of)
				f.Spooled, f.Named, f.Folders = false, false, nil
				next.plan.Observe(f)
			}
			next.atRest("y.m3u8", playlistText(0, false, "y0.ts", "y1.ts", "y2.ts"))
			for end := next.now.Add(5 * time.Second); next.now.Before(end); next.tick(20 * time.Millisecond) {
				for _, j := range next.plan.Next(next.now) {
					o := next.do(j)
					if j.Op == Fetch && j.Path == c.late && next.now.Before(end.Add(-4*time.Second)) {
						o = Outcome{Result: Failed, Kind: store.Transient, RetryIn: time.Second}
					}
					next.report(j, o)
				}
			}
			if text := next.texts["y.m3u8"]; !strings.Contains(text, of+"y0.ts") || !strings.Contains(text, "DISCONTINUITY-SEQUENCE:1\n") {
				t.Errorf("published: %s\nbeside %s", text, next.texts["x.m3u8"])
			}
		})
	}
}

// lastOf returns the last line of a playlist.
func lastOf(text string) string {
	lines := strings.Fields(text)
	return lines[len(lines)-1]
}

// TestContinuousListThatComesToItsRunsLate: a list of which what is published is told late goes through the runs that the others of its stream were
// in meanwhile, in their sessions and under their numbers.
func TestContinuousListThatComesToItsRunsLate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		runs int
		wait time.Duration // between them
		late time.Duration // until the store answers for y
	}{
		"a second run":                {2, 4 * time.Second, 5 * time.Second},
		"a second run, long ago":      {2, 4 * time.Second, 30 * time.Second},
		"a third one":                 {3, 4 * time.Second, 13 * time.Second},
		"a third one, soon after":     {3, time.Second, 4 * time.Second},
		"a second run, and y at once": {2, 4 * time.Second, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			begins := s.now
			serve := func(dt time.Duration) {
				for end := s.now.Add(dt); s.now.Before(end); s.tick(20 * time.Millisecond) {
					for _, j := range s.plan.Next(s.now) {
						o := s.do(j)
						if j.Op == Fetch && j.Path == "y.m3u8" && s.now.Sub(begins) < c.late {
							o = Outcome{Result: Failed, Kind: store.Transient, RetryIn: time.Second}
						}
						s.report(j, o)
					}
				}
			}
			for range c.runs {
				for _, list := range []string{"x", "y"} {
					s.media(list+"0.ts", list+"1.ts")
					s.playlist(list+".m3u8", playlistText(0, false, list+"0.ts", list+"1.ts"))
					serve(200 * time.Millisecond)
				}
				serve(c.wait)
			}
			serve(45 * time.Second)
			x, y := s.texts["x.m3u8"], s.texts["y.m3u8"]
			folder, _ := hls.SessionOf(lastOf(x))
			if of, _ := hls.SessionOf(lastOf(y)); of != folder || numberOf(t, x) != numberOf(t, y) {
				t.Errorf("published: %s\nand %s", x, y)
			}
			for _, key := range s.keys("x0.ts") {
				of, _ := hls.SessionOf(key)
				if _, there := s.stored[of+"y0.ts"]; !there {
					t.Errorf("%s has no y0.ts: %v", of, s.keys("y0.ts"))
				}
			}
		})
	}
}

// numberOf returns the discontinuity number of the last segment of a playlist.
func numberOf(t *testing.T, text string) uint64 {
	t.Helper()
	e, err := edition.Resume([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return e.Discontinuity()
}
