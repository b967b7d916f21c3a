package plan

import (
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// TestWhatNothingNamesReplacesNothing: an init section or key that no playlist names any more, neither of the directory nor of the spool,
// is not stored over other bytes: a published playlist of which nobody else has a file may need those. A segment that was skipped
// is, as what was skipped follows when no playlist names it any more.
func TestWhatNothingNamesReplacesNothing(t *testing.T) {
	t.Parallel()
	type end struct {
		put, lost int
		known     bool // and not forgotten
	}
	ship := func(d *desk, first Result, during time.Duration) (puts []string) {
		for end := d.now.Add(during); d.now.Before(end); d.tick(500 * time.Millisecond) {
			for _, j := range d.plan.Next(d.now) {
				if j.Op == PutMedia {
					puts = append(puts, j.Path)
				}
				d.report(j, map[Op]Outcome{
					Compare: {Result: first, ETag: "others"}, Fetch: {Result: Absent},
					PutMedia: {Result: Done, ETag: "m"}, PutPlaylist: {Result: Done, ETag: "p"},
				}[j.Op])
			}
		}
		return puts
	}
	left := func(d *desk, path string) hls.File {
		f := d.file(path)
		f.Found, f.Named, f.Spooled = true, true, true
		return f
	}
	list := func(path string) string {
		switch hls.Classify(path) {
		case hls.Init:
			return playlistText(0, false, `#EXT-X-MAP:URI="`+path+`"`, "a.ts")
		case hls.Key:
			return playlistText(0, false, `#EXT-X-KEY:METHOD=AES-128,URI="`+path+`"`, "a.ts")
		default:
			return playlistText(0, false, path)
		}
	}
	published := func(d *desk, path string) {
		d.media("a.ts", path)
		d.playlist("x.m3u8", list(path))
		ship(d, Different, time.Second)
	}
	for name, tt := range map[string]struct {
		path  string
		store Result // what it says of the bytes
		play  func(d *desk, path string)
		want  end
	}{
		"an init section left": {"init.mp4", Different, func(d *desk, path string) { d.plan.Observe(left(d, path)) }, end{0, 1, false}},
		"a key left":           {"k.key", Different, func(d *desk, path string) { d.plan.Observe(left(d, path)) }, end{0, 1, false}},
		"one left, and heard of late": {"k.key", Different, func(d *desk, path string) {
			ship(d, Different, 10*time.Second)
			d.plan.ObserveLate(left(d, path))
		}, end{0, 1, false}},
		"one left and in the directory": {"init.mp4", Different, func(d *desk, path string) {
			f := left(d, path)
			d.plan.Observe(f)
			f.Named, f.Spooled, f.Source = false, false, paper{}
			d.plan.Observe(f)
		}, end{0, 0, true}},
		"one left, and nothing stored": {"init.mp4", Absent, func(d *desk, path string) { d.plan.Observe(left(d, path)) }, end{1, 0, false}},
		"one left beside its playlist": {"k.key", Different, func(d *desk, path string) {
			d.media("a.ts")
			d.plan.Observe(left(d, path))
			f := d.list("x.m3u8", list(path), true)
			f.Spooled = true
			d.plan.Observe(f)
		}, end{1, 0, false}},
		"one left, and its playlist comes a moment later": {"init.mp4", Different, func(d *desk, path string) {
			d.media("a.ts")
			d.plan.Observe(left(d, path))
			ship(d, Different, time.Second)
			d.plan.Observe(d.list("x.m3u8", list(path), true))
		}, end{1, 0, true}},
		"one left that is asked for": {"poster.key", Different, func(d *desk, path string) {
			d.plan.cfg.Include = func(p string) bool { return p == path }
			d.plan.Observe(left(d, path))
		}, end{1, 0, false}},
		"a segment left": {"7.ts", Different, func(d *desk, path string) { d.plan.Observe(left(d, path)) }, end{1, 0, false}},
		"written again, and all is deleted": {"init.mp4", Different, func(d *desk, path string) {
			published(d, path)
			d.media(path)
			d.gone("x.m3u8")
			d.gone(path)
		}, end{0, 1, false}},
		"written again, and the playlist is deleted": {"k.key", Different, func(d *desk, path string) {
			published(d, path)
			d.media(path)
			d.gone("x.m3u8")
		}, end{0, 0, true}},
		"written again": {"k.key", Different, func(d *desk, path string) {
			published(d, path)
			d.media(path)
		}, end{1, 0, true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			d.plan.began = d.now
			tt.play(d, tt.path)
			got := end{}
			for _, path := range ship(d, tt.store, 2*time.Minute) {
				if path == tt.path {
					got.put++
				}
			}
			got.known = d.plan.objects[tt.path] != nil
			for _, l := range d.plan.Losses() {
				if l.Path == tt.path && l.Reason == "superseded" {
					got.lost++
				}
			}
			if got != tt.want {
				t.Errorf("got %+v, want %+v: %s", got, tt.want, d.plan.String())
			}
			if n := d.plan.account.files; n > 0 {
				t.Errorf("%d files wait for ever", n)
			}
		})
	}
}

// TestWhatTheSameTextMeansReplacesAll: an earlier process left a playlist of the run after the published one, which has the same text, and
// the packager deleted all. What that run wrote under the names goes up together, or players would get segments of one run with the init
// section or key of the other.
func TestWhatTheSameTextMeansReplacesAll(t *testing.T) {
	t.Parallel()
	for name, line := range map[string]string{
		"init.mp4": `#EXT-X-MAP:URI="init.mp4"`, "k.key": `#EXT-X-KEY:METHOD=AES-128,URI="k.key"`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			d.plan.began = d.now
			text := playlistText(0, false, line, "a.ts")
			left := func(f hls.File) {
				f.Found, f.Named, f.Spooled = true, true, true
				d.plan.Observe(f)
			}
			left(d.file(name))
			left(d.file("a.ts"))
			list := d.leaves("x.m3u8", text, true)
			d.stored(text, d.now)
			d.holds(true, list) // the next process hears of it as well, should this one end
			puts := make(map[string]int)
			for range 40 {
				d.absorb(func(j Job) {
					if j.Op == PutMedia {
						puts[j.Path]++
					}
				})
				d.tick(500 * time.Millisecond)
			}
			if losses := d.plan.Losses(); len(losses) > 0 || puts[name] == 0 || puts["a.ts"] == 0 {
				t.Errorf("stored: %v, lost: %+v", puts, losses)
			}
			d.holds(false, list)
			if len(d.plan.lists) > 0 || len(d.plan.objects) > 0 {
				t.Errorf("not forgotten: %s", d.plan.String())
			}
		})
	}
}
