package plan

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// aged is a file that was met at rest, and is as old as that.
func (d *desk) aged(name string, age time.Duration) {
	f := d.file(name)
	f.Found = true
	f.Version.ModTime = d.mtime - int64(age)
	d.plan.Observe(f)
}

// back is a file that is seen to finish, by a clock that is behind.
func (d *desk) back(name string, by time.Duration) {
	f := d.file(name)
	f.Version.ModTime = d.mtime - int64(by)
	d.plan.Observe(f)
}

// TestWhatOldBytesMean: which versions of a playlist are published at once although they list bytes that are older than others,
// and which wait for newer ones.
func TestWhatOldBytesMean(t *testing.T) {
	t.Parallel()
	list := func(d *desk, first int, names ...string) { d.playlist("x.m3u8", playlistText(first, false, names...)) }
	for name, test := range map[string]struct {
		play func(d *desk)
		wait bool
	}{
		"an advertisement in a folder of its own": {func(d *desk) {
			d.aged("ads/ad0.ts", time.Hour)
			d.media("s0.ts", "s1.ts")
			list(d, 0, "s0.ts", "s1.ts", "ads/ad0.ts")
		}, false},
		"a slate beside the segments": {func(d *desk) {
			d.aged("slate.ts", time.Hour)
			d.media("s0.ts", "s1.ts")
			list(d, 0, "s0.ts", "slate.ts", "s1.ts")
		}, false},
		"a jingle of another sequence": {func(d *desk) {
			d.aged("jingle-7.ts", time.Hour)
			d.media("s0.ts")
			list(d, 0, "s0.ts", "jingle-7.ts")
		}, false},
		"a channel made of a library, after its first": {func(d *desk) {
			for i, age := range []int{3, 8, 5, 2, 7} {
				d.aged(fmt.Sprintf("lib/v%d.ts", i), time.Duration(age)*time.Hour)
			}
			list(d, 0, "lib/v0.ts", "lib/v1.ts")
			d.absorb(func(Job) {})
			d.tick(6 * time.Second)
			d.absorb(func(Job) {})
			list(d, 1, "lib/v1.ts", "lib/v2.ts")
			d.absorb(func(Job) {})
			list(d, 2, "lib/v2.ts", "lib/v4.ts", "lib/v3.ts")
		}, false},
		"a channel made of a library, at first": {func(d *desk) {
			d.aged("lib/v0.ts", time.Hour)
			d.aged("lib/v1.ts", 2*time.Hour)
			list(d, 0, "lib/v0.ts", "lib/v1.ts")
		}, true},
		"a leftover of the same sequence": {func(d *desk) {
			d.aged("s1.ts", time.Hour)
			d.media("s0.ts")
			list(d, 0, "s0.ts", "s1.ts")
		}, true},
		"a run that begins anew by a clock that was set back": {func(d *desk) {
			d.media("a0.ts", "a1.ts")
			list(d, 10, "a0.ts", "a1.ts")
			d.absorb(func(Job) {})
			d.tick(time.Second)
			d.back("a0.ts", time.Hour)
			list(d, 0, "a0.ts")
		}, false},
		"under other names, by a clock that was set back": {func(d *desk) {
			d.media("a0.ts", "a1.ts")
			list(d, 10, "a0.ts", "a1.ts")
			d.absorb(func(Job) {})
			d.back("b0.ts", time.Hour)
			list(d, 0, "b0.ts")
		}, false},
		"an encoder that ran beside takes over": {func(d *desk) {
			d.media("a0.ts", "b0.ts", "a1.ts", "b1.ts")
			list(d, 50, "a0.ts", "a1.ts")
			d.absorb(func(Job) {})
			list(d, 0, "b0.ts", "b1.ts")
		}, false},
		"a segment that was named too early is withdrawn": {func(d *desk) {
			d.media("s0.ts", "s1.ts")
			list(d, 0, "s0.ts", "s1.ts")
			d.absorb(func(Job) {})
			list(d, 0, "s0.ts", "s1.ts", "s2.ts")
			d.absorb(func(Job) {})
			list(d, 0, "s0.ts", "s1.ts", "#EXT-X-NOTE")
		}, false},
		"and named again, with another": {func(d *desk) {
			d.media("s0.ts")
			list(d, 0, "s0.ts", "s1.ts")
			d.absorb(func(Job) {})
			list(d, 0, "s0.ts")
			d.absorb(func(Job) {})
			d.media("s1.ts")
			list(d, 0, "s0.ts", "s1.ts")
		}, false},
		"a run that begins anew names what it has not written yet": {func(d *desk) {
			d.media("s0.ts", "s1.ts", "s2.ts")
			list(d, 0, "s0.ts", "s1.ts", "s2.ts")
			d.absorb(func(Job) {})
			d.tick(time.Second)
			list(d, 0, "s0.ts")
		}, true},
		"a segment that was finished is withdrawn from a list": {func(d *desk) {
			d.media("s0.ts", "s1.ts", "s2.ts", "s3.ts")
			list(d, 0, "s0.ts", "s1.ts", "s2.ts", "s3.ts")
			d.absorb(func(Job) {})
			d.tick(time.Second)
			list(d, 0, "s0.ts", "s1.ts", "s2.ts")
		}, false},
		"and from a window, into which another comes back": {func(d *desk) {
			d.media("s4.ts", "s5.ts", "s6.ts")
			list(d, 4, "s4.ts", "s5.ts")
			d.absorb(func(Job) {})
			list(d, 5, "s5.ts", "s6.ts")
			d.absorb(func(Job) {})
			d.tick(time.Second)
			list(d, 4, "s4.ts", "s5.ts")
		}, false},
		"and named again": {func(d *desk) {
			d.media("s4.ts", "s5.ts", "s6.ts")
			list(d, 4, "s4.ts", "s5.ts")
			d.absorb(func(Job) {})
			list(d, 5, "s5.ts", "s6.ts")
			d.absorb(func(Job) {})
			list(d, 4, "s4.ts", "s5.ts")
			d.absorb(func(Job) {})
			list(d, 5, "s5.ts", "s6.ts")
		}, false},
		"but not if its bytes are others": {func(d *desk) {
			d.media("s4.ts", "s5.ts", "s6.ts")
			list(d, 4, "s4.ts", "s5.ts", "s6.ts")
			d.absorb(func(Job) {})
			d.tick(time.Second)
			d.media("s4.ts")
			list(d, 4, "s4.ts", "s5.ts")
		}, true},
		"of which the first two are left, and all are named again": {func(d *desk) {
			d.media("s0.ts", "s1.ts", "s2.ts")
			list(d, 0, "s0.ts", "s1.ts", "s2.ts")
			d.absorb(func(Job) {})
			list(d, 0, "s0.ts", "s1.ts")
			d.absorb(func(Job) {})
			list(d, 0, "s0.ts", "s1.ts", "s2.ts")
		}, false},
		"and they are named again with a new one": {func(d *desk) {
			d.media("s0.ts", "s1.ts", "s2.ts")
			list(d, 0, "s0.ts", "s1.ts", "s2.ts")
			d.absorb(func(Job) {})
			list(d, 0, "s0.ts", "s1.ts")
			d.absorb(func(Job) {})
			d.tick(time.Second)
			d.media("s3.ts")
			list(d, 0, "s0.ts", "s1.ts", "s2.ts", "s3.ts")
		}, false},
		"an encoder that ran beside takes over for a moment": {func(d *desk) {
			d.media("a0.ts", "b0.ts", "a1.ts", "b1.ts", "b2.ts")
			list(d, 0, "b0.ts", "b1.ts", "b2.ts")
			d.absorb(func(Job) {})
			list(d, 0, "a0.ts", "a1.ts")
			d.absorb(func(Job) {})
			list(d, 0, "b0.ts", "b1.ts", "b2.ts", "#EXT-X-NOTE")
		}, false},
		"a run that names each segment before it writes it": {func(d *desk) {
			d.media("s0.ts", "s1.ts", "s2.ts")
			list(d, 0, "s0.ts", "s1.ts", "s2.ts")
			d.absorb(func(Job) {})
			d.tick(time.Second)
			list(d, 0, "s0.ts")
			d.media("s0.ts")
			d.absorb(func(Job) {})
			list(d, 0, "s0.ts", "s1.ts")
			d.tick(time.Second)
		}, true},
		"and begins with a slate": {func(d *desk) {
			d.media("slate.ts", "s0.ts", "s1.ts", "s2.ts")
			list(d, 0, "s0.ts", "s1.ts", "s2.ts")
			d.absorb(func(Job) {})
			d.tick(time.Second)
			list(d, 0, "slate.ts")
			d.absorb(func(Job) {})
			list(d, 0, "slate.ts", "s0.ts")
		}, true},
		"and lists two of three": {func(d *desk) {
			d.media("s0.ts", "s1.ts", "s2.ts")
			list(d, 0, "s0.ts", "s1.ts", "s2.ts")
			d.absorb(func(Job) {})
			d.tick(time.Second)
			list(d, 0, "s0.ts", "s1.ts")
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			test.play(d)
			newest := d.plan.lists["x.m3u8"].last
			var published *snapshot
			see := func(j Job) {
				if j.Op == PutPlaylist {
					published = d.plan.errands.byID[j.ID].snapshot
				}
			}
			if d.absorb(see); (published == newest) == test.wait {
				t.Errorf("published at once: %v", published == newest)
			}
			d.tick(10 * time.Second)
			if d.absorb(see); published != newest {
				t.Error("not published after three target durations")
			}
		})
	}
}

// TestWhatAnEarlierProcessPublished: a playlist at rest that is published already was published over what the store holds. Other
// bytes of a name are newer, whatever their times say, and take its place like any that are written under a playlist that stands.
func TestWhatAnEarlierProcessPublished(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]string{"an init section": `#EXT-X-MAP:URI="other.mp4"`, "a key": `#EXT-X-KEY:METHOD=AES-128,URI="other.key"`, "a segment": "other.ts"} {
		for answer, at := range map[Result]time.Duration{Different: 2 * time.Second, Absent: 0} {
			t.Run(fmt.Sprintf("%s answer=%d", name, answer), func(t *testing.T) {
				t.Parallel()
				d := newDesk(t, Config{})
				for _, other := range []string{"other.mp4", "other.key", "other.ts"} {
					d.aged(other, time.Hour)
				}
				text := playlistText(3, false, line, "s.ts")
				d.aged("s.ts", time.Minute)
				f := d.file("x.m3u8")
				f.Content, f.Found = []byte(text), true
				f.Playlist, _ = hls.Parse(f.Content)
				f.Kind = f.Playlist.Kind
				d.plan.Observe(f)
				began, stored := d.now, time.Duration(-1)
				for range 40 {
					for _, j := range d.jobs() {
						switch {
						case j.Op == Fetch:
							d.report(j, Outcome{Result: Done, ETag: "list", Content: []byte(text), Playlist: f.Playlist})
						case j.Op == PutMedia:
							if stored < 0 {
								stored = d.now.Sub(began)
							}
							d.report(j, Outcome{Result: Done})
						case j.Op == Compare && j.Path != "s.ts":
							d.report(j, Outcome{Result: answer, ETag: map[Result]string{Different: "theirs"}[answer]})
						default:
							d.report(j, Outcome{Result: Done, ETag: "same"})
						}
					}
					d.tick(100 * time.Millisecond)
				}
				if stored < at || stored > at+500*time.Millisecond {
					t.Errorf("stored after %v, want %v", stored, at)
				}
			})
		}
	}
}

// TestTrustIsEachPlaylists: old bytes that several playlists name are waited for once by each, and not again and again.
func TestTrustIsEachPlaylists(t *testing.T) {
	t.Parallel()
	for name, shared := range map[string]string{
		"a key": "#EXT-X-KEY:METHOD=AES-128,URI=\"k.key\"", "an init section": "#EXT-X-MAP:URI=\"init.mp4\"",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			d.media("k.key", "init.mp4")
			list := func(first, n int) {
				for _, x := range []string{"a", "b"} {
					d.media(fmt.Sprintf("%s%d.ts", x, n))
					d.playlist(x+".m3u8", playlistText(first, false, shared, fmt.Sprintf("%s%d.ts", x, n)))
				}
			}
			settle := func() {
				d.absorb(func(Job) {})
				d.tick(5 * time.Second)
				d.absorb(func(Job) {})
			}
			list(7, 7)
			settle()
			list(0, 0) // the next run keeps it
			settle()
			for n := 1; n < 4; n++ {
				list(n, n)
				d.absorb(func(Job) {})
				for _, x := range []string{"a.m3u8", "b.m3u8"} {
					if l := d.plan.lists[x]; l.published != l.last {
						t.Errorf("version %d of %s waits", n, x)
					}
				}
				d.tick(time.Second)
			}
		})
	}
}

// TestPattern: which names are alike.
func TestPattern(t *testing.T) {
	t.Parallel()
	for _, alike := range [][]string{
		{"s0.ts", "s17.ts", "s000017.ts"},
		{"v/live-1700000000.m4s", "v/live-7.m4s"},
		{"a.ts", "b.ts"},
		{"2026/a_1_2.ts", "2026/a_10_0.ts"},
		{"1.mp4", "17.mp4"},
	} {
		for _, name := range alike {
			if hls.Pattern(name) != hls.Pattern(alike[0]) {
				t.Errorf("%s is not as %s", name, alike[0])
			}
		}
	}
	names := []string{"s0.ts", "t0.ts", "s0.m4s", "ads/s0.ts", "slate.ts", "s0-1.ts", "2025/s0.ts", "S0.ts"}
	for i, a := range names {
		if j := slices.IndexFunc(names[:i], func(b string) bool { return hls.Pattern(a) == hls.Pattern(b) }); j >= 0 {
			t.Errorf("%s is as %s", a, names[j])
		}
	}
}

// TestTheSameTextAgain: a packager that begins anew and writes the very playlist of its run before means its new segments.
func TestTheSameTextAgain(t *testing.T) {
	t.Parallel()
	text := playlistText(0, true, "s0.ts", "s1.ts")
	for name, test := range map[string]struct {
		play func(d *desk)
		want []string
	}{
		"all segments are new": {func(d *desk) { d.media("s0.ts", "s1.ts") }, []string{"put s0.ts", "put s1.ts", "publish x.m3u8"}},
		"one is":               {func(d *desk) { d.media("s1.ts") }, []string{"put s1.ts", "publish x.m3u8"}},
		"none is":              {func(*desk) {}, nil},
		"an init section is":   {func(d *desk) { d.media("other.mp4") }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			d.media("s0.ts", "s1.ts")
			d.playlist("x.m3u8", text)
			d.absorb(func(Job) {})
			d.tick(time.Minute)
			test.play(d)
			d.absorb(func(Job) {})
			d.tick(10 * time.Millisecond)
			d.playlist("x.m3u8", text)
			var got []string
			see := func(j Job) {
				if j.Op == PutMedia || j.Op == PutPlaylist {
					got = append(got, map[Op]string{PutMedia: "put ", PutPlaylist: "publish "}[j.Op]+j.Path)
				}
			}
			d.absorb(see)
			slices.Sort(got)
			slices.Sort(test.want)
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if lost := d.plan.Losses(); len(lost) > 0 {
				t.Errorf("lost: %+v", lost)
			}
		})
	}
}

// TestCorrectedSegment: a segment of a list that has ended is stored anew when it is replaced, one of a live list only when that
// is written again, which the log asks for.
func TestCorrectedSegment(t *testing.T) {
	t.Parallel()
	for name, ended := range map[string]bool{"ended": true, "live": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			d.media("s0.ts", "s1.ts", "s2.ts")
			d.playlist("x.m3u8", playlistText(0, ended, "s0.ts", "s1.ts", "s2.ts"))
			d.absorb(func(Job) {})
			d.tick(time.Minute)
			d.media("s1.ts")
			var stored []string
			see := func(j Job) {
				if j.Op == PutMedia {
					stored = append(stored, j.Path)
				}
			}
			if d.absorb(see); len(stored) > 0 {
				t.Errorf("%q is stored at once: it may be of a run that begins anew", stored)
			}
			d.tick(3 * time.Second)
			d.absorb(see)
			if ended != slices.Equal(stored, []string{"s1.ts"}) {
				t.Errorf("stored %q", stored)
			}
			d.tick(time.Minute)
			d.absorb(see)
			if w := d.plan.Blocked(); (len(w) == 1 && w[0].Reason == "unlisted" && w[0].Name == "s1.ts") == ended {
				t.Errorf("blocked: %+v", w)
			}
			d.playlist("x.m3u8", playlistText(0, ended, "s0.ts", "s1.ts", "s2.ts"))
			if d.absorb(see); !slices.Equal(stored, []string{"s1.ts"}) {
				t.Errorf("stored %q", stored)
			}
		})
	}
}

// TestPatienceIsOfTheFirstOverwrite: bytes that are written again and again while other playlists need the old ones wait for
// Patience, from the first of them on, and not for ever.
func TestPatienceIsOfTheFirstOverwrite(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]string{"init.mp4": `#EXT-X-MAP:URI="init.mp4"`, "k.key": `#EXT-X-KEY:METHOD=AES-128,URI="k.key"`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{Workers: 200, PerStream: 100})
			d.media(name, "s0.ts")
			d.playlist("x.m3u8", playlistText(0, false, line, "s0.ts"))
			d.absorb(func(Job) {})
			began, stored := d.now, time.Duration(0)
			for n := 1; n < 30 && stored == 0; n++ {
				d.tick(2 * time.Second)
				segment := fmt.Sprintf("s%d.ts", n)
				d.media(name, segment)
				d.playlist("x.m3u8", playlistText(n, false, line, segment))
				for range 4 {
					for _, j := range d.jobs() { // the segments take for ever
						switch {
						case j.Op == Compare:
							d.report(j, Outcome{Result: Different, ETag: "opaque"})
						case j.Path == name:
							stored = d.now.Sub(began)
							d.report(j, Outcome{Result: Done})
						}
					}
				}
			}
			if stored < 30*time.Second || stored > 36*time.Second {
				t.Errorf("stored after %v, want half a minute", stored)
			}
		})
	}
}

// TestPlaylistAtRestMeansNothingYounger: bytes that are finished in sight of this process are younger than a playlist that was there
// before it, whatever the clock of their writer says, and count for it only after Settle.
func TestPlaylistAtRestMeansNothingYounger(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]string{"init.mp4": `#EXT-X-MAP:URI="init.mp4"`, "k.key": `#EXT-X-KEY:METHOD=AES-128,URI="k.key"`, "s3.ts": "s3.ts"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			d.aged("s4.ts", time.Minute)
			text := playlistText(3, false, line, "s4.ts")
			f := d.file("x.m3u8")
			f.Content, f.Found = []byte(text), true
			f.Playlist, _ = hls.Parse(f.Content)
			f.Kind = f.Playlist.Kind
			d.plan.Observe(f)
			d.tick(100 * time.Millisecond)
			d.back(name, time.Hour)
			finished, published := d.now, time.Duration(0)
			for range 40 {
				for _, j := range d.jobs() {
					switch j.Op {
					case Fetch:
						d.report(j, Outcome{Result: Absent})
					case PutPlaylist:
						published = d.now.Sub(finished)
						d.report(j, Outcome{Result: Done})
					case Compare:
						d.report(j, Outcome{Result: Different, ETag: "theirs"})
					case PutMedia:
						d.report(j, Outcome{Result: Done})
					}
				}
				d.tick(100 * time.Millisecond)
			}
			if published < 2*time.Second {
				t.Errorf("published after %v, want Settle at least", published)
			}
		})
	}
}
