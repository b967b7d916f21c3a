package plan

import (
	"testing"
	"time"
)

// TestLeftBesideYoungerBytes: the init section or key of a run that came later, which an earlier process left as well and which is stored by
// the time when its playlists are heard of, is not that of a playlist which the process left of the run before.
func TestLeftBesideYoungerBytes(t *testing.T) {
	t.Parallel()
	init, key := "#EXT-X-MAP:URI=\"init.mp4\"", "#EXT-X-KEY:METHOD=AES-128,URI=\"k.key\""
	for name, test := range map[string]struct {
		path, text string
		older      bool // than the playlist
		want       bool // that it is published
	}{
		"an init section":       {"init.mp4", playlistText(0, false, init, "a.ts"), false, false},
		"a key":                 {"k.key", playlistText(0, false, key, "a.ts"), false, false},
		"an older init section": {"init.mp4", playlistText(0, false, init, "a.ts"), true, true},
		"a segment":             {"a.ts", playlistText(0, false, "a.ts"), false, true},
		"of another playlist":   {"init.mp4", playlistText(0, false, "a.ts"), false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			d.plan.began = d.now
			if test.older {
				d.keeps(test.path)
			}
			left := d.list("x.m3u8", test.text, true)
			left.Spooled, left.Source = true, &leaf{}
			if !test.older {
				d.keeps(test.path)
			}
			published := false
			ship := func() {
				for _, j := range d.plan.Next(d.now) {
					published = published || j.Op == PutPlaylist
					there := Outcome{Result: Present, ETag: "m", Size: 100}
					if j.File.Source != nil {
						there.Result = Absent
					}
					d.report(j, map[Op]Outcome{Compare: there, PutMedia: {Result: Done, ETag: "m"}, PutPlaylist: {Result: Done, ETag: "p"}, Fetch: {Result: Absent}}[j.Op])
				}
				d.allMissing()
				d.tick(500 * time.Millisecond)
			}
			for range 4 {
				ship()
			}
			d.plan.Observe(left)
			for range 10 {
				ship()
			}
			if published != test.want {
				t.Errorf("published: %v, want %v; blocked: %+v", published, test.want, d.plan.Blocked())
			}
			if o := d.plan.objects[test.path]; o != nil && o.disk.Gone() && len(o.naming) == 0 {
				t.Errorf("not forgotten: %s", o)
			}
		})
	}
}
