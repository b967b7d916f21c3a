package plan

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// TestNamesThatComeBack tells which PUTs put other bytes in the place of those stored.
func TestNamesThatComeBack(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(d *desk) (replaces bool){
		"a new name": func(d *desk) bool {
			d.media("a.ts")
			return false
		},
		"stored by this process": func(d *desk) bool {
			d.media("a.ts")
			d.want("put a.ts")
			d.done("put a.ts")
			d.want("publish x.m3u8")
			d.done("publish x.m3u8")
			d.media("a.ts")
			d.want("compare a.ts")
			d.answer("compare a.ts", Outcome{Result: Different, ETag: "old"})
			d.playlist("x.m3u8", playlistText(0, false, "a.ts", "#EXT-X-Y"))
			d.tick(2 * time.Second)
			return true
		},
		"stored by an earlier process": func(d *desk) bool {
			d.found("a.ts")
			d.want("compare a.ts")
			d.answer("compare a.ts", Outcome{Result: Different, ETag: "old"})
			return true
		},
		"not stored by an earlier process": func(d *desk) bool {
			d.found("a.ts")
			d.want("compare a.ts")
			d.absent("compare a.ts")
			return false
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			d.playlist("x.m3u8", playlistText(0, false, "a.ts"))
			d.fresh("x.m3u8")
			want := test(d)
			d.want("put a.ts")
			if got := d.under["put a.ts"].Replaces; got != want {
				t.Errorf("replaces: %v, want %v", got, want)
			}
			if got, want := d.under["put a.ts"].Window, 8*time.Second; got != want {
				t.Errorf("window %v, want %v", got, want)
			}
		})
	}
}

// TestWindow is about how long viewers may ask for a file.
func TestWindow(t *testing.T) {
	t.Parallel()
	d := newDesk(t, Config{})
	d.media("a.ts", "b.ts")
	d.playlist("x.m3u8", playlistText(0, false, "a.ts", "b.ts"))
	if got, want := d.plan.objects["a.ts"].window(), 10*time.Second; got != want {
		t.Errorf("of a playlist: %v, want %v", got, want)
	}
	var long []string
	for range 100 {
		long = append(long, "a.ts")
	}
	d.playlist("y.m3u8", playlistText(0, false, long...))
	if got, want := d.plan.objects["a.ts"].window(), 206*time.Second; got != want {
		t.Errorf("of the longer one: %v, want %v", got, want)
	}
	text := strings.ReplaceAll(playlistText(0, false, "c.ts"), "EXTINF:2", "EXTINF:")
	d.playlist("z.m3u8", text)
	if got, want := d.plan.objects["c.ts"].window(), 8*time.Second; got != want {
		t.Errorf("of one without lengths: %v, want %v", got, want)
	}
	d.playlist("w.m3u8", strings.Replace(playlistText(0, true, "d.ts", "e.ts"), "EXTINF:2", "EXTINF:18446744073", 1))
	if got, want := d.plan.objects["d.ts"].window(), 10*time.Second; got != want {
		t.Errorf("of one with an absurd length: %v, want %v", got, want)
	}
}

// TestAbsurdTargetDuration: one wrong timestamp makes target durations of hours, which must not hold anything up.
func TestAbsurdTargetDuration(t *testing.T) {
	t.Parallel()
	for _, target := range []string{"3000", "204963823041217"} {
		d := newDesk(t, Config{})
		absurd := func(seq int, name string) {
			d.playlist("x.m3u8", strings.Replace(playlistText(seq, false, name), "DURATION:2", "DURATION:"+target, 1))
		}
		d.media("a.ts", "b.ts")
		absurd(7, "a.ts")
		d.fresh("x.m3u8")
		d.want("put a.ts")
		d.done("put a.ts")
		d.want("publish x.m3u8")
		d.done("publish x.m3u8")
		d.tick(time.Second)
		absurd(0, "b.ts") // its packager began anew, and b.ts may be of the run before
		d.want()
		d.waits(3*maxTarget, "put b.ts")
		l := d.plan.lists["x.m3u8"]
		if got := d.plan.maxLag(l); got != 4*maxTarget {
			t.Errorf("the largest lag is %v, want %v", got, 4*maxTarget)
		}
		if got := l.last.duration(); got != maxTarget {
			t.Errorf("the window lasts %v, want %v", got, maxTarget)
		}
	}
}

// TestMaxLag is about what the live edge may be behind unless that is set.
func TestMaxLag(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		set    time.Duration
		target int
		want   time.Duration
	}{{0, 2, 8 * time.Second}, {0, 1, 6 * time.Second}, {0, 10, 40 * time.Second}, {0, 0, 6 * time.Second}, {time.Second, 10, time.Second}, {time.Hour, 2, time.Hour}} {
		d := newDesk(t, Config{MaxLag: tt.set})
		d.playlist("x.m3u8", strings.Replace(playlistText(0, false, "a.ts"), "DURATION:2", fmt.Sprint("DURATION:", tt.target), 1))
		if got := d.plan.maxLag(d.plan.lists["x.m3u8"]); got != tt.want {
			t.Errorf("%+v: got %v", tt, got)
		}
	}
}

// TestAnotherListOfYoungerBytes: a start finds a playlist published whose last file is a moment younger than it is, and another playlist
// that names the same file and is not. A store that cannot tell bytes apart holds that one up no longer than it must.
func TestAnotherListOfYoungerBytes(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"s.ts", "s.vtt"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			texts := map[string]string{"x.m3u8": playlistText(3, false, name), "y.m3u8": playlistText(3, false, name, "#EXT-X-NOTE")}
			for path, text := range texts {
				f := d.file(path)
				f.Content, f.Found = []byte(text), true
				f.Playlist, _ = hls.Parse(f.Content)
				f.Kind = f.Playlist.Kind
				d.plan.Observe(f)
			}
			d.found(name)
			began, published := d.now, time.Duration(-1)
			for range 60 {
				for _, j := range d.jobs() {
					switch {
					case j.Op == Fetch && j.Path == "x.m3u8":
						pl, _ := hls.Parse([]byte(texts[j.Path]))
						d.report(j, Outcome{Result: Done, ETag: "list", Content: []byte(texts[j.Path]), Playlist: pl})
					case j.Op == Fetch:
						d.report(j, Outcome{Result: Absent})
					case j.Op == Compare:
						d.report(j, Outcome{Result: Different, ETag: "opaque"})
					default:
						if j.Path == "y.m3u8" {
							published = d.now.Sub(began)
						}
						d.report(j, Outcome{Result: Done})
					}
				}
				d.tick(100 * time.Millisecond)
			}
			if published < 2*time.Second || published > 3*time.Second {
				t.Errorf("published after %v, want --settle", published)
			}
		})
	}
}

// TestBothListsOfYoungerBytes: a start finds two playlists published with the very text that is in the directory, and their file with
// bytes that the store cannot tell from its own. One is older than the file by a moment, the other is not and means it: the file goes up,
// and nothing waits for ever.
func TestBothListsOfYoungerBytes(t *testing.T) {
	t.Parallel()
	const mpd = `<MPD><Period><AdaptationSet><Representation><BaseURL>%s</BaseURL><SegmentList><SegmentURL mediaRange="0-99"/></SegmentList></Representation></AdaptationSet></Period></MPD>`
	for name, test := range map[string]struct {
		media  string
		named  bool // an earlier process knew that a playlist names it
		second func(d *desk, media string) (path string, text []byte)
	}{
		"a manifest beside it": {"all.ts", true, func(d *desk, media string) (string, []byte) {
			text := fmt.Sprintf(mpd, media)
			d.manifest("y.mpd", text, true)
			return "y.mpd", []byte(text)
		}},
		"another index": {"all.mp4", false, func(d *desk, media string) (string, []byte) {
			text := playlistText(3, false, "#EXT-X-BYTERANGE:100@0", media, "#EXT-X-NOTE")
			d.atRest("y.m3u8", text)
			return "y.m3u8", []byte(text)
		}},
		"subtitles": {"all.vtt", true, func(d *desk, media string) (string, []byte) {
			text := playlistText(3, false, media, "#EXT-X-NOTE")
			d.atRest("y.m3u8", text)
			return "y.m3u8", []byte(text)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			texts := map[string][]byte{"x.m3u8": []byte(playlistText(3, false, "#EXT-X-BYTERANGE:100@0", test.media))}
			d.atRest("x.m3u8", string(texts["x.m3u8"]))
			f := d.file(test.media)
			f.Found, f.Named = true, test.named
			d.plan.Observe(f)
			path, text := test.second(d, test.media)
			texts[path] = text
			began, stored := d.now, time.Duration(-1)
			for range 60 {
				for _, j := range d.jobs() {
					switch j.Op {
					case Fetch:
						pl, _ := hls.ParseFile(j.Path, texts[j.Path], hls.ParseOptions{})
						d.report(j, Outcome{Result: Done, ETag: "list", Content: texts[j.Path], Playlist: pl})
					case Compare:
						d.report(j, Outcome{Result: Different, ETag: "several-parts-2"})
					default:
						stored = d.now.Sub(began)
						d.report(j, Outcome{Result: Done})
					}
				}
				d.tick(100 * time.Millisecond)
			}
			if stored < 2*time.Second || stored > 3*time.Second {
				t.Errorf("stored after %v, want --settle", stored)
			}
			if left := d.plan.Unshipped(); len(left) > 0 {
				t.Errorf("still to be shipped: %q", left)
			}
		})
	}
}

// TestSingleFileIsNoInitSection: a file that has the init section and all segments of a stream is not overwritten as an init section is,
// after Settle, while a published playlist needs the old bytes and none that is newer names the new ones.
func TestSingleFileIsNoInitSection(t *testing.T) {
	t.Parallel()
	const mapInside, segment = `#EXT-X-MAP:URI="all.mp4",BYTERANGE="17@0"`, "#EXT-X-BYTERANGE:41@17"
	for name, line := range map[string]string{"an init section inside": mapInside, "none": "#EXT-X-INDEPENDENT-SEGMENTS"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			list := func(name string, seq int) {
				d.playlist(name, playlistText(seq, false, line, segment, "all.mp4"))
				d.absorb(func(Job) {})
			}
			d.media("all.mp4")
			list("x.m3u8", 0)
			list("y.m3u8", 0)
			d.media("all.mp4") // of the next run
			d.tick(10 * time.Second)
			see := func(j Job) {
				if j.Op == PutMedia {
					t.Error("overwritten while y.m3u8 needs the old bytes")
				}
			}
			d.absorb(see)
			d.playlist("x.m3u8", playlistText(5, false, line, segment, "all.mp4"))
			d.absorb(see)
			list("y.m3u8", 5)
			for _, l := range d.plan.lists {
				if l.published != l.last {
					t.Errorf("%s is not published", l.path)
				}
			}
		})
	}
}

// TestOverwrittenOnceNothingIsToCome has an init section be written anew that two playlists name. It waits for Patience, as one of
// them has a version to come, and no longer than until that is none any more.
func TestOverwrittenOnceNothingIsToCome(t *testing.T) {
	t.Parallel()
	const line = `#EXT-X-MAP:URI="init.mp4"`
	for name, end := range map[string]func(d *desk){
		"its playlist is gone":   func(d *desk) { d.tick(15 * time.Second) },
		"its memory is given up": func(d *desk) { d.plan.Yield("x.m3u8", d.plan.lists["x.m3u8"].pending[0].seq) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			d.media("init.mp4", "s0.ts")
			for _, list := range []string{"x.m3u8", "y.m3u8"} {
				d.playlist(list, playlistText(0, false, line, "s0.ts"))
			}
			d.playlist("master.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nx.m3u8\n") // so that it is not forgotten
			d.absorb(func(Job) {})
			d.playlist("x.m3u8", playlistText(1, false, line, "s0.ts", "never.ts"))
			d.gone("x.m3u8")
			d.tick(10 * time.Second)
			d.media("s1.ts")
			d.playlist("y.m3u8", playlistText(1, false, line, "s0.ts", "s1.ts"))
			d.want("put s1.ts")
			d.media("init.mp4")
			d.want("compare init.mp4")
			d.answer("compare init.mp4", Outcome{Result: Different, ETag: "old"})
			d.want()
			d.done("put s1.ts")
			d.want("publish y.m3u8")
			d.done("publish y.m3u8") // so that its stream alone has the file to ship
			d.want()
			d.tick(5 * time.Second)
			d.want()
			end(d)
			d.want("put init.mp4")
		})
	}
}
