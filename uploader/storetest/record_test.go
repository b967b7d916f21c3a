package storetest

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestRecord: what was told late is in its place when it is played, and a packager that starts begins a run if its numbers fall.
func TestRecord(t *testing.T) {
	t.Parallel()
	const a, b = "20261130T010203Z/", "20261130T011500Z/"
	list := func(number string, names ...string) []byte {
		text := "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:" + number + "\n"
		for _, name := range names {
			if text += name + "\n"; name[0] != '#' {
				text = text[:len(text)-len(name)-1] + "#EXTINF:1,\n" + name + "\n"
			}
		}
		return []byte(text)
	}
	for name, test := range map[string]struct {
		late   time.Duration // of the truth
		second []byte        // what a packager that starts again lists, of s0.ts
		folder string
		shown  []byte
		want   []Rule
	}{
		"told at once":    {0, list("0", "s0.ts"), b, list("0", a+"s0.ts", a+"s1.ts", "#EXT-X-DISCONTINUITY", b+"s0.ts"), nil},
		"told late":       {400 * time.Millisecond, list("0", "s0.ts"), b, list("0", a+"s0.ts", a+"s1.ts", "#EXT-X-DISCONTINUITY", b+"s0.ts"), nil},
		"never told":      {time.Minute, list("0", "s0.ts"), b, list("0", a+"s0.ts", a+"s1.ts", "#EXT-X-DISCONTINUITY", b+"s0.ts"), []Rule{RuleHalfSegment}},
		"without a seam":  {0, list("0", "s0.ts"), b, list("0", a+"s0.ts", a+"s1.ts", b+"s0.ts"), []Rule{RuleDiscontinuity}},
		"one run goes on": {0, list("1", "s1.ts", "s0.ts"), a + ".2/", list("1", a+"s1.ts", a+".2/s0.ts"), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := NewAudience("live/")
			x.Settle = time.Hour
			r, v := NewRecord("live/"), NewViewer("live/")
			v.AllowUnnamed = true
			synctest.Test(t, func(t *testing.T) {
				tells := func(late time.Duration, path string, content []byte) {
					if got, want := r.caught(catch{Path: path, Content: content, At: time.Now().Add(late)}), path == "x.m3u8"; got != want {
						t.Errorf("%s is the audience's to judge: %v", path, got)
					}
				}
				r.Starts()
				tells(0, "s0.ts", []byte("run 0, 0"))
				tells(0, "s1.ts", []byte("run 0, 1"))
				tells(0, "x.m3u8", list("0", "s0.ts", "s1.ts"))
				for path, content := range map[string][]byte{a + "s0.ts": []byte("run 0, 0"), a + "s1.ts": []byte("run 0, 1")} {
					tellChanged(v, r, "live/"+path, content)
				}
				time.Sleep(time.Second)
				tellChanged(v, r, "live/x.m3u8", list("0", a+"s0.ts", a+"s1.ts"))
				r.Starts()
				time.Sleep(time.Second)
				tellChanged(v, r, "live/"+test.folder+"s0.ts", []byte("run 1, 0"))
				tellChanged(v, r, "live/x.m3u8", test.shown)
				tells(test.late, "s0.ts", []byte("run 1, 0"))
				tells(test.late, "x.m3u8", test.second)
				if n := r.Publications(); n != 2 {
					t.Errorf("publications: got %d, want 2", n)
				}
				time.Sleep(time.Hour)
			})
			synctest.Test(t, func(t *testing.T) {
				if _, err := r.Play(t.Context(), x, 500*time.Millisecond, func(list string) string { return list }); err != nil {
					t.Error(err)
				}
			})
			var got []Rule
			for _, v := range x.Violations() {
				if got = append(got, v.Rule); v.Rule == RuleUnpublished || v.Rule == RuleUnstored {
					got = got[:len(got)-1] // the end is not what this is about
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", x.Violations(), test.want)
			}
			if got := v.Violations(); len(got) > 0 {
				t.Errorf("the Viewer judges what is not its to judge: %v", got)
			}
		})
	}
}

// TestRecordOfRecordings: the parts of a recording are nobody's to judge, and what is thrown away with the disk nobody asks for.
func TestRecordOfRecordings(t *testing.T) {
	t.Parallel()
	const in = "live/20261130T010203Z/"
	r, v := NewRecord("live/"), NewViewer("live/")
	x := NewAudience("live/")
	synctest.Test(t, func(t *testing.T) {
		r.Starts()
		for path, content := range map[string]string{"s0.ts": "0", "s1.ts": "1", "x.m3u8": "#EXTM3U\n#EXTINF:1,\ns0.ts\n"} {
			r.caught(catch{Path: path, Content: []byte(content), At: time.Now()})
		}
		for _, at := range []string{".index/x.m3u8/000000", "x.m3u8", "session.json"} {
			tellChanged(v, r, in+at, []byte("#EXTM3U\n#EXTINF:1,\ns0.ts\n"))
		}
		r.Discarded()
		r.Restarted()
	})
	if n := len(r.Versions()); n != 1 || r.Publications() != 0 {
		t.Errorf("%d versions, %d publications", n, r.Publications())
	}
	synctest.Test(t, func(t *testing.T) {
		if _, err := r.Play(t.Context(), x, 0, func(list string) string { return list }); err != nil {
			t.Error(err)
		}
	})
	if got := append(x.Violations(), v.Violations()...); len(got) > 0 {
		t.Errorf("got %v", got)
	}
}
