package plan

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/session"
)

// left reports a file that an earlier process kept for keys in folders, and that the directory has no more.
func (s *stage) left(name string, folders ...string) hls.File {
	f := s.file(name)
	f.Found, f.Spooled, f.Named, f.Folders = true, true, true, folders
	s.plan.Observe(f)
	return f
}

// keys returns those of the store under which a file is.
func (s *stage) keys(name string) (all []string) {
	for key := range s.stored {
		if _, path := hls.SessionOf(key); path == name {
			all = append(all, key)
		}
	}
	slices.Sort(all)
	return all
}

// TestContinuousKeysOfTheSpool: what an earlier process was to store gets the keys for which it was kept, and no others.
func TestContinuousKeysOfTheSpool(t *testing.T) {
	t.Parallel()
	const other = "20010909T014640Z/" // one that was opened and not published
	for name, c := range map[string]struct {
		file    string
		folders []string // S stands for that which is published
	}{
		"a session":                       {"t3.ts", []string{"S/"}},
		"its own path":                    {"t3.ts", []string{hls.OwnFolder}},
		"both":                            {"t3.ts", []string{hls.OwnFolder, "S/"}},
		"a variant":                       {"init.mp4", []string{"S/.2/"}},
		"two variants":                    {"init.mp4", []string{"S/.3/", "S/.2/"}},
		"a session that is not published": {"t3.ts", []string{other}},
		"two sessions":                    {"t3.ts", []string{"S/", other}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			s.encodes(0, 2)
			next, of := s.again(), s.session()
			var folders, want []string
			for _, f := range c.folders {
				folder := strings.Replace(f, "S/", of, 1)
				folders = append(folders, folder)
				want = append(want, strings.TrimPrefix(folder, "./")+c.file)
			}
			slices.Sort(want)
			next.left(c.file, folders...)
			next.kept(2)
			next.serve(time.Second)
			next.encodes(4, 6)
			next.serve(10 * time.Second)
			if got := next.keys(c.file); !slices.Equal(got, want) {
				t.Errorf("stored under %q, want %q", got, want)
			}
			if !strings.Contains(next.texts["x.m3u8"], "s6.ts") {
				t.Errorf("published: %s", next.texts["x.m3u8"])
			}
		})
	}
}

// TestContinuousGoesOnInTheSessionOfTheSpool: a list that names what an earlier process kept for a session goes on in that.
func TestContinuousGoesOnInTheSessionOfTheSpool(t *testing.T) {
	t.Parallel()
	const folder = "20010909T014640Z/"
	for name, published := range map[string]bool{"nothing is published": false, "the run before is": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			if published {
				s.encodes(10, 12)
			}
			next := s.again()
			f := next.left("s1.ts", folder)
			f.Spooled, f.Named, f.Folders = false, false, nil
			next.told[f.Path] = f
			next.found("s0.ts")
			next.plan.Observe(f)
			next.atRest("x.m3u8", window(1))
			next.encodes(2, 3)
			next.serve(5 * time.Second)
			if text := next.texts["x.m3u8"]; !strings.Contains(text, folder+"s3.ts") || strings.Count(text, folder) < 3 {
				t.Errorf("published: %s", text)
			}
			if got := next.keys("s1.ts"); len(got) != 1 {
				t.Errorf("stored under %q", got)
			}
		})
	}
}

// TestContinuousStoreHasOthersThanTheSpool: what is published stays what the store has, whatever an earlier process kept for its key.
func TestContinuousStoreHasOthersThanTheSpool(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{"a segment": "s2.ts", "an init section": "init.mp4"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			s.media("init.mp4", "s1.ts", "s2.ts")
			s.playlist("x.m3u8", playlistText(1, false, init0, "s1.ts", "s2.ts"))
			s.serve(time.Second)
			next, folder := s.again(), s.session()
			next.left(file, folder)
			next.media("init.mp4", "t0.ts")
			next.playlist("x.m3u8", playlistText(0, false, init0, "t0.ts"))
			for i := range 40 {
				if i == 20 {
					next.media("t1.ts")
					next.playlist("x.m3u8", playlistText(0, false, init0, "t0.ts", "t1.ts"))
				}
				next.serve(200 * time.Millisecond)
				next.rereads()
			}
			if text := next.texts["x.m3u8"]; !strings.Contains(text, folder+"s2.ts") || !strings.Contains(text, "t1.ts") {
				t.Errorf("published: %s", text)
			}
		})
	}
}

// TestContinuousSpoolIsHeardOfLate: what an earlier process kept turns up behind the newer bytes of the directory. It gets its key, and the list has
// the newer ones.
func TestContinuousSpoolIsHeardOfLate(t *testing.T) {
	t.Parallel()
	for name, keys := range map[string]bool{"with its key": true, "by a version that did not say which": false} {
		for when, late := range map[string]time.Duration{"at once": 0, "later": 3 * time.Second} {
			t.Run(name+", "+when, func(t *testing.T) {
				t.Parallel()
				s := newStage(t, session.Config{})
				s.encodes(0, 2)
				s.tick(time.Minute)
				next, folder := s.again(), s.session()
				next.media("s3.ts")
				next.playlist("x.m3u8", playlistText(3, false, "s3.ts"))
				next.media("t0.ts")
				next.playlist("x.m3u8", playlistText(0, false, "t0.ts"))
				next.serve(late)
				old := next.file("s3.ts")
				old.Found, old.Spooled, old.Named = true, true, true
				if keys {
					old.Folders = []string{folder}
				}
				next.plan.ObserveLate(old)
				next.serve(10 * time.Second)
				if got := next.stored[folder+"s3.ts"]; keys && got != old.Version {
					t.Errorf("%ss3.ts is %v, want %v", folder, got, old.Version)
				}
				for _, key := range next.keys("s3.ts") {
					if other, _ := hls.SessionOf(key); other != folder && next.stored[key] != next.told["s3.ts"].Version {
						t.Errorf("%s is %v, want %v", key, next.stored[key], next.told["s3.ts"].Version)
					}
				}
				if text := next.texts["x.m3u8"]; !strings.Contains(text, "t0.ts") {
					t.Errorf("published: %s", text)
				}
			})
		}
	}
}

// TestContinuousSpoolSaysThatTheRunGoesOn: a list that names what was kept for the session that is published is of that run, though the store cannot
// tell what it has, or has other bytes of another segment.
func TestContinuousSpoolSaysThatTheRunGoesOn(t *testing.T) {
	t.Parallel()
	for name, others := range map[string][]string{"the others are gone": nil, "one is another": {"s1.ts"}, "both are others": {"s1.ts", "s2.ts"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			s.encodes(0, 2)
			next, folder := s.again(), s.session()
			f := next.left("s3.ts", folder)
			f.Spooled, f.Named, f.Folders = false, false, nil
			next.plan.Observe(f)
			for _, n := range others {
				next.found(n)
			}
			next.atRest("x.m3u8", playlistText(1, false, "s1.ts", "s2.ts", "s3.ts"))
			next.serve(10 * time.Second)
			next.shows(1, "a/s1 a/s2 a/s3")
		})
	}
}

// TestContinuousKeptBytesAreTheStores: where no ETag tells, what an earlier process kept for a key and the store has under it is the same, unless its
// size differs.
func TestContinuousKeptBytesAreTheStores(t *testing.T) {
	t.Parallel()
	for name, more := range map[string]int64{"the same size": 0, "another size": 1} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, session.Config{})
			s.encodes(0, 2)
			next, folder := s.again(), s.session()
			f := next.left("s3.ts", folder)
			f.Spooled, f.Named, f.Folders = false, false, nil
			next.told[f.Path] = f
			next.plan.Observe(f)
			next.atRest("x.m3u8", playlistText(1, false, "s1.ts", "s2.ts", "s3.ts"))
			for end := next.now.Add(10 * time.Second); next.now.Before(end); next.tick(20 * time.Millisecond) {
				for _, j := range next.plan.Next(next.now) {
					o := next.do(j)
					if j.Path == folder+"s3.ts" && (j.Op == Compare || j.Op == PutMedia) {
						o = Outcome{Result: Different, ETag: "opaque", Size: f.Version.Size + more}
					}
					next.report(j, o)
				}
				next.rereads()
			}
			if text := next.texts["x.m3u8"]; strings.Contains(text, folder+"s3.ts") != (more == 0) || !strings.Contains(text, "/s3.ts") {
				t.Errorf("published: %s", text)
			}
		})
	}
}
