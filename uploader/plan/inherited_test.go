package plan

import (
	"fmt"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/store"
)

// leaf is a source of a playlist that can outlive the process.
type leaf struct {
	paper
	kept, released bool
}

func (l *leaf) Keep(string) { l.kept = true }
func (l *leaf) Release()    { l.released = true }

// leaves reports a version of a playlist that the spool holds. spooled says that an earlier process left it.
func (d *desk) leaves(name, text string, spooled bool) *leaf {
	d.t.Helper()
	pl, err := hls.Parse([]byte(text))
	if err != nil {
		d.t.Fatalf("parse %s: %v", name, err)
	}
	source := &leaf{}
	d.plan.Observe(hls.File{
		Path: name, State: hls.Settled, Kind: pl.Kind, Version: d.version(int64(len(text))), Seen: d.now,
		Found: spooled, Spooled: spooled, Content: []byte(text), Playlist: pl, Source: source,
	})
	return source
}

// settle does what the loop does for the sources.
func (d *desk) settle() {
	for _, s := range d.plan.Kept() {
		if k, ok := s.Source.(hls.Keeper); ok {
			k.Keep(s.Folder)
		}
	}
	for _, s := range d.plan.Released() {
		s.Release()
	}
}

func (d *desk) holds(want bool, sources ...*leaf) {
	d.t.Helper()
	d.settle()
	for i, s := range sources {
		if !s.kept || s.released == want {
			d.t.Errorf("version %d: kept %v, released %v, want that it is held: %v", i, s.kept, s.released, want)
		}
	}
}

// stored has the store hold a version of x.m3u8 since a time.
func (d *desk) stored(text string, at time.Time) {
	d.t.Helper()
	d.want("fetch x.m3u8")
	pl, err := hls.Parse([]byte(text))
	if err != nil {
		d.t.Fatal(err)
	}
	d.answer("fetch x.m3u8", Outcome{Result: Done, ETag: "stored", Content: []byte(text), Playlist: pl, Modified: at})
}

func TestPlanKeepsTheNewestPlaylist(t *testing.T) {
	t.Parallel()
	d := newDesk(t, Config{})
	one := d.leaves("x.m3u8", playlistText(0, false, "a.ts"), false)
	d.holds(true, one)
	two := d.leaves("x.m3u8", playlistText(0, false, "a.ts", "b.ts"), false)
	d.holds(true, two)
	d.holds(false, one)
	again := d.leaves("x.m3u8", playlistText(0, false, "a.ts", "b.ts"), false)
	if d.settle(); again.kept || !again.released {
		t.Error("the same bytes once more are kept, too")
	}
	d.fresh("x.m3u8")
	d.media("a.ts", "b.ts")
	d.want("put a.ts", "put b.ts")
	d.done("put a.ts", "put b.ts")
	d.holds(true, two)
	d.want("publish x.m3u8")
	d.answer("publish x.m3u8", Outcome{Result: Failed, RetryIn: time.Second})
	d.holds(true, two)
	d.tick(time.Second)
	d.want("publish x.m3u8")
	if left := d.plan.Abandon(); len(left) != 0 {
		t.Errorf("%d sources would be given up at the end, and the playlist is not published", len(left))
	}
	d.done("publish x.m3u8")
	d.holds(false, two)
	rejected := d.leaves("x.m3u8", playlistText(1, false, "b.ts"), false)
	d.want("publish x.m3u8")
	d.answer("publish x.m3u8", Outcome{Result: Failed, Kind: store.Permanent})
	d.holds(true, rejected)
	d.leaves("x.m3u8", playlistText(1, true, "b.ts"), false)
	d.want("publish x.m3u8")
	d.done("publish x.m3u8")
	d.holds(false, rejected)
}

// TestPlanPublishesWhatWasLeft has a packager delete everything while the store is away, and the process killed.
func TestPlanPublishesWhatWasLeft(t *testing.T) {
	t.Parallel()
	final := playlistText(3, true, "a.ts", "b.ts")
	tests := map[string]struct {
		ship func(d *desk)
		want bool // published
		held bool // still kept in the end
	}{
		"nothing published": {func(d *desk) { d.fresh("x.m3u8") }, true, false},
		"an older one published": {func(d *desk) {
			d.stored(playlistText(2, false, "a.ts"), d.now.Add(time.Hour))
		}, true, false},
		"the same but for its end": {func(d *desk) {
			d.stored(playlistText(3, false, "a.ts", "b.ts"), d.now.Add(time.Hour))
		}, true, false},
		"one of an earlier run, with higher numbers": {func(d *desk) {
			d.stored(playlistText(100, false, "y.ts"), time.Unix(0, 0))
		}, true, false},
		"a store that does not say since when": {func(d *desk) {
			d.stored(playlistText(100, false, "y.ts"), time.Time{})
		}, true, false},
		"a newer one published": {func(d *desk) {
			d.stored(playlistText(100, false, "y.ts"), d.now)
		}, false, false},
		"the very same published": {func(d *desk) {
			d.stored(final, d.now)
		}, false, false},
		"something that is no playlist": {func(d *desk) {
			d.want("fetch x.m3u8")
			d.answer("fetch x.m3u8", Outcome{Result: Done, ETag: "e", Content: []byte("?"), Modified: d.now})
		}, true, false},
		"a newer one in the directory": {func(d *desk) {
			d.leaves("x.m3u8", playlistText(9, false, "c.ts"), false)
		}, false, false},
		"the same in the directory": {func(d *desk) {
			d.leaves("x.m3u8", final, false)
		}, true, false},
		"the store is away": {func(d *desk) {
			d.want("fetch x.m3u8")
			d.answer("fetch x.m3u8", Outcome{Result: Failed, RetryIn: time.Hour})
		}, false, true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			for _, segment := range []string{"a.ts", "b.ts"} {
				f := d.file(segment)
				f.Found, f.Named, f.Spooled = true, true, true
				d.plan.Observe(f)
			}
			left := d.leaves("x.m3u8", final, true)
			tt.ship(d)
			published := false
			for range 8 {
				for _, j := range d.plan.Next(d.now) {
					if j.Op == PutPlaylist {
						published = published || string(j.File.Content) == final
					}
					d.plan.Report(j.ID, map[Op]Outcome{
						Compare:  {Result: Absent, At: d.now},
						PutMedia: {Result: Done, ETag: "m", At: d.now}, PutPlaylist: {Result: Done, ETag: "p", At: d.now},
						Fetch: {Result: Absent, At: d.now},
					}[j.Op])
				}
				d.tick(time.Second)
			}
			if published != tt.want {
				t.Errorf("published: %v, want %v; blocked: %+v", published, tt.want, d.plan.Blocked())
			}
			d.holds(tt.held, left)
		})
	}
}

// TestPlanLeftIsNotMixed has names come back: what an earlier process left never means bytes that came after it.
func TestPlanLeftIsNotMixed(t *testing.T) {
	t.Parallel()
	d := newDesk(t, Config{})
	left := d.leaves("x.m3u8", playlistText(0, true, "a.ts"), true)
	d.fresh("x.m3u8")
	d.found("a.ts") // of the next run, which has no playlist yet
	d.want()
	d.tick(time.Minute)
	d.want()
	d.holds(true, left)
	d.leaves("x.m3u8", playlistText(0, false, "a.ts"), false)
	d.want("compare a.ts")
	d.absent("compare a.ts")
	d.want("put a.ts")
	d.done("put a.ts")
	d.want("publish x.m3u8")
	d.holds(false, left)
}

func TestPlanLeftTurnsUpLate(t *testing.T) {
	t.Parallel()
	d := newDesk(t, Config{})
	d.leaves("x.m3u8", playlistText(5, false, "a.ts"), false)
	d.fresh("x.m3u8")
	late := &leaf{}
	pl, err := hls.Parse([]byte(playlistText(4, false, "a.ts")))
	if err != nil {
		t.Fatal(err)
	}
	d.plan.ObserveLate(hls.File{
		Path: "x.m3u8", State: hls.Settled, Kind: pl.Kind, Seen: d.now, Found: true, Spooled: true,
		Content: []byte(playlistText(4, false, "a.ts")), Playlist: pl, Source: late,
	})
	if d.settle(); late.kept || !late.released {
		t.Error("an older version than the directory's is kept")
	}
}

func TestPlanLeftExpires(t *testing.T) {
	t.Parallel()
	d := newDesk(t, Config{MaxAge: time.Hour})
	left := d.leaves("x.m3u8", playlistText(0, true, "never.ts"), true)
	d.fresh("x.m3u8")
	d.tick(10 * time.Second)
	d.want()
	d.missing("never.ts")
	d.want("compare never.ts")
	d.absent("compare never.ts")
	d.want()
	d.holds(true, left)
	d.tick(time.Hour)
	d.want()
	d.holds(false, left)
	d.lost("x.m3u8 age")
	if names := d.plan.Unshipped(); len(names) != 0 {
		t.Errorf("still to be shipped: %q", names)
	}
	if len(d.plan.lists) != 0 {
		t.Error("the playlist is not forgotten")
	}
}

// TestPlanLeftByTwoClocks has a process find a version of a playlist that an earlier one left, with lower numbers than
// what is stored: it is published if its packager began anew, as their times tell.
func TestPlanLeftByTwoClocks(t *testing.T) {
	t.Parallel()
	left := time.Unix(10_000, 500)
	for name, tt := range map[string]struct {
		modified, finished time.Time
		newer              bool
	}{
		"finished before the other":                          {left.Add(time.Hour), left.Add(time.Second), false},
		"finished before the other, whatever the store says": {left.Add(-time.Hour), left.Add(time.Second), false},
		"finished after the other":                           {left.Add(-time.Second), left.Add(-time.Second), true},
		"finished after the other, whatever the store says":  {left.Add(time.Hour), left.Add(-time.Second), true},
		"surely before the other was stored":                 {left.Add(store.ClockMargin + 1), time.Time{}, false},
		"in doubt":                                           {left.Add(store.ClockMargin), time.Time{}, true},
		"after the other was stored":                         {left.Add(-time.Hour), time.Time{}, true},
		"nobody knows":                                       {time.Time{}, time.Time{}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			d.mtime = left.UnixNano() - int64(time.Millisecond)
			d.leaves("x.m3u8", playlistText(3, false), true)
			d.want("fetch x.m3u8")
			text := playlistText(100, false)
			pl, err := hls.Parse([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			d.answer("fetch x.m3u8", Outcome{
				Result: Done, ETag: "stored", Content: []byte(text), Playlist: pl, Modified: tt.modified, Finished: tt.finished,
			})
			if tt.newer {
				d.want("publish x.m3u8")
			} else {
				d.want()
			}
		})
	}
}

// TestPlanLeftInDoubt: what an earlier process left and may have been stored by a request that failed is weighed again once it
// is known that it was not: something newer is stored.
func TestPlanLeftInDoubt(t *testing.T) {
	t.Parallel()
	for name, newer := range map[string]string{
		"a later version of the run": playlistText(12, false, "q.ts"),
		"one that ended":             playlistText(12, true, "q.ts"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			d.media("a.ts")
			d.leaves("x.m3u8", playlistText(10, true, "a.ts"), true)
			d.stored(playlistText(8, false, "z.ts"), time.Time{})
			d.want("put a.ts")
			d.done("put a.ts")
			d.want("publish x.m3u8")
			d.answer("publish x.m3u8", Outcome{Result: Failed, Kind: store.Transient, RetryIn: time.Second})
			d.tick(time.Second)
			d.want("publish x.m3u8")
			d.answer("publish x.m3u8", Outcome{Result: Failed, Kind: store.Precondition})
			d.stored(newer, d.now)
			d.want()
			d.tick(time.Hour)
			d.want()
		})
	}
}

// TestNamedInTheSpool: what an earlier process knew to be named is shipped, though the directory tells of it first.
func TestNamedInTheSpool(t *testing.T) {
	t.Parallel()
	for name, late := range map[string]bool{"at once": false, "later": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			f := d.file("a.ts")
			f.Found = true
			d.plan.Observe(f)
			d.want()
			f.Named, f.Spooled = true, true
			if late {
				d.plan.ObserveLate(f)
			} else {
				d.plan.Observe(f)
			}
			d.plan.EndSurvey(false)
			d.want("compare a.ts")
			d.absent("compare a.ts")
			d.want("put a.ts")
		})
	}
}

// TestLeftLateOfAForgottenPlaylist: what turns up late does not follow a newer version that this process published and whose file
// is gone, though the store's clock does not tell which of them is older.
func TestLeftLateOfAForgottenPlaylist(t *testing.T) {
	t.Parallel()
	finishedAt := time.Unix(5000, 0)
	for name, test := range map[string]struct {
		modified time.Time // as the store tells; zero if it does not
		newer    bool
	}{
		"stored a moment later":   {finishedAt.Add(time.Second), false},
		"stored a moment before":  {finishedAt.Add(-time.Second), false},
		"nobody knows":            {time.Time{}, false},
		"stored long before that": {finishedAt.Add(-time.Minute), true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			d.media("a.ts")
			newer := playlistText(5, false, "a.ts")
			d.playlist("x.m3u8", newer)
			d.absorb(func(Job) {})
			d.gone("x.m3u8")
			d.jobs()
			text := playlistText(4, false, "a.ts")
			pl, err := hls.Parse([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			d.plan.ObserveLate(hls.File{
				Path: "x.m3u8", State: hls.Settled, Kind: pl.Kind, Seen: d.now, Found: true, Spooled: true, Version: hls.Version{ModTime: finishedAt.UnixNano()},
				Content: []byte(text), Playlist: pl, Source: &leaf{},
			})
			was, err := hls.Parse([]byte(newer))
			if err != nil {
				t.Fatal(err)
			}
			published := false
			for range 20 {
				for _, j := range d.jobs() {
					switch j.Op {
					case Fetch:
						d.report(j, Outcome{Result: Done, ETag: "newer", Content: []byte(newer), Playlist: was, Modified: test.modified})
					case PutPlaylist:
						published = true
						d.report(j, Outcome{Result: Done})
					case Compare, PutMedia:
						d.report(j, Outcome{Result: Done, ETag: "a"})
					}
				}
				d.tick(time.Second)
			}
			if published != test.newer {
				t.Errorf("published: %v, want %v", published, test.newer)
			}
		})
	}
}

// TestLostInTheSpool: what an earlier process kept, and the packager wrote over, is nothing that the store has under that name. The playlist
// that the process left is lost with it, unless the directory has the bytes.
func TestLostInTheSpool(t *testing.T) {
	t.Parallel()
	whole := playlistText(0, false, "a.ts", "b.ts")
	for name, test := range map[string]struct {
		text string
		tell func(d *desk, lost hls.File)
		want bool
	}{
		"nothing is lost":             {whole, func(*desk, hls.File) {}, true},
		"a segment":                   {whole, func(d *desk, lost hls.File) { d.plan.Observe(lost) }, false},
		"a segment, heard of later":   {whole, func(d *desk, lost hls.File) { d.plan.ObserveLate(lost) }, false},
		"a file with ranges":          {rangesText("b.ts", 50), func(d *desk, lost hls.File) { d.plan.Observe(lost) }, false},
		"an older pin of the segment": {whole, func(d *desk, lost hls.File) { d.keeps("b.ts"); d.plan.Observe(lost) }, true},
		"a segment pinned once more":  {whole, func(d *desk, lost hls.File) { d.plan.Observe(lost); d.keeps("b.ts") }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			test.tell(d, hls.File{Path: "b.ts", State: hls.Lost, Kind: hls.Media, Seen: d.now, Found: true, Named: true, Spooled: true})
			left := d.leaves("x.m3u8", test.text, true)
			published := false
			for range 8 {
				for _, j := range d.plan.Next(d.now) {
					published = published || j.Op == PutPlaylist
					older := Outcome{Result: Present, ETag: "old", Size: 100, At: d.now}
					if j.File.Source != nil {
						older.Result = Different
					}
					d.plan.Report(j.ID, map[Op]Outcome{
						Compare:  older,
						PutMedia: {Result: Done, ETag: "m", At: d.now}, PutPlaylist: {Result: Done, ETag: "p", At: d.now},
						Fetch: {Result: Absent, At: d.now},
					}[j.Op])
				}
				d.allMissing()
				d.tick(time.Second)
			}
			if d.settle(); published != test.want || !left.released {
				t.Errorf("published: %v, want %v; the playlist is kept: %v, blocked: %+v", published, test.want, !left.released, d.plan.Blocked())
			}
			if lost := d.plan.Losses(); len(lost) > 0 == test.want {
				t.Errorf("lost: %+v", lost)
			}
		})
	}
}

// keeps reports a named segment that the spool has.
func (d *desk) keeps(name string) {
	f := d.file(name)
	f.Found, f.Named, f.Spooled = true, true, true
	d.plan.Observe(f)
}

// TestLeftLateByItsNumbers: what an earlier process left turns up when this one may have published something, and no clock tells which is
// newer. Its numbers do.
func TestLeftLateByItsNumbers(t *testing.T) {
	t.Parallel()
	segments := func(first int) string {
		return fmt.Sprintf(`<MPD type="dynamic"><Period><AdaptationSet><Representation><SegmentList duration="2" startNumber="%d">`+
			`<SegmentURL media="a.ts"/></SegmentList></Representation></AdaptationSet></Period></MPD>`, first)
	}
	for name, test := range map[string]struct {
		path, left, stored string
		want               bool
	}{
		"a playlist that went on":          {"x.m3u8", playlistText(5, false, "a.ts"), playlistText(4, false, "a.ts"), true},
		"a playlist that is older":         {"x.m3u8", playlistText(4, false, "a.ts"), playlistText(5, false, "a.ts"), false},
		"a manifest that went on":          {"x.mpd", segments(5), segments(4), true},
		"a manifest that is older":         {"x.mpd", segments(4), segments(5), false},
		"a manifest of a timeline":         {"x.mpd", timelineText(5, 3), timelineText(4, 3), true},
		"a manifest that counts no more":   {"x.mpd", segments(4), segments(4), false},
		"a multivariant playlist has none": {"x.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2\nb.m3u8\n", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na.m3u8\n", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			parse := func(text string) *hls.Playlist {
				pl, err := hls.ParseFile(test.path, []byte(text), hls.ParseOptions{})
				if err != nil {
					t.Fatal(err)
				}
				return pl
			}
			s := &snapshot{origin: inheritedLate, file: hls.File{Playlist: parse(test.left)}}
			if got := s.newer(Outcome{Playlist: parse(test.stored)}); got != test.want {
				t.Errorf("newer: %v, want %v", got, test.want)
			}
		})
	}
}
