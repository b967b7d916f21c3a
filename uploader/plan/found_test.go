package plan

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/store"
)

// What the books found: each case is a step that only the books, or a long wait, told from a right one.

// TestWhoeverWaitsForTheStoreHears: what waits because the store asked for it goes as soon as the store does anything, whoever asked.
func TestWhoeverWaitsForTheStoreHears(t *testing.T) {
	t.Parallel()
	d := newDesk(t, Config{})
	d.playlist("master.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nx.m3u8\n")
	d.fresh("master.m3u8")
	d.want("fetch x.m3u8") // there is no file of it
	d.answer("fetch x.m3u8", Outcome{Result: Failed, Kind: store.Transient, RetryIn: 100 * time.Millisecond, Asked: time.Minute})
	d.media("a.ts", "b.ts")
	d.playlist("x.m3u8", playlistText(0, false, "a.ts"))
	d.tick(time.Second)
	d.playlist("y.m3u8", playlistText(0, false, "b.ts"))
	d.want("fetch y.m3u8")
	d.absent("fetch y.m3u8") // it answers
	d.want("fetch x.m3u8", "put b.ts")
}

// TestRequestsThatStallTakeNoFreeSlots: a stream with a request under way has its next file sent as soon as there are slots enough.
func TestRequestsThatStallTakeNoFreeSlots(t *testing.T) {
	t.Parallel()
	d := newDesk(t, Config{Workers: 4})
	for _, name := range []string{"x", "y"} {
		d.playlist(name+".m3u8", playlistText(0, false, name+"0.ts", name+"1.ts"))
		d.fresh(name + ".m3u8")
	}
	d.media("x0.ts", "y0.ts")
	d.want("put x0.ts", "put y0.ts")
	d.media("x1.ts")
	d.want() // the last slot for files is for a stream that has none
	d.done("put y0.ts")
	d.want("put x1.ts") // although x0.ts stalls
}

// TestWhatIsWrittenOverFliesNoMore: bytes under way that were written over do not wait any more, and make no room for others.
func TestWhatIsWrittenOverFliesNoMore(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	for name, play := range map[string]func(d *desk){
		"written over": func(d *desk) {
			d.media("a.ts")
			d.playlist("x.m3u8", playlistText(0, false, "a.ts"))
			d.fresh("x.m3u8")
			d.want("put a.ts")
			d.media("a.ts")
		},
		"lengthened when what was stored vanished": func(d *desk) {
			d.grows("all.ts", 6*mib)
			d.fresh("x.m3u8")
			d.want("put all.ts")
			d.done("put all.ts")
			d.want("publish x.m3u8")
			d.done("publish x.m3u8")
			d.grows("all.ts", 7*mib)
			d.want("put all.ts")
			d.media("all.ts")
			d.plan.vanish()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{Budget: 10 * mib})
			play(d) // the books compare
			flying, waiting := d.plan.account.flying, d.plan.account.bytes
			if flying > waiting {
				t.Errorf("%d bytes are under way, of %d that wait", flying, waiting)
			}
		})
	}
}

// TestNothingIsAskedForWhatIsForgotten: a file that is known from a note alone, and gone, is not asked for under a name that may be
// another file's by then.
func TestNothingIsAskedForWhatIsForgotten(t *testing.T) {
	t.Parallel()
	noted := Config{Known: func(string, hls.Version) string { return "noted" }}
	text := playlistText(0, false, "a.ts")
	pl, _ := hls.Parse([]byte(text))
	d := newDesk(t, noted)
	d.plan.BeginSurvey()
	d.found("a.ts")
	d.playlist("x.m3u8", text)
	d.want("fetch x.m3u8")
	d.answer("fetch x.m3u8", Outcome{Result: Done, ETag: "e", Content: []byte(text), Playlist: pl})
	d.media("b.ts")
	d.playlist("x.m3u8", playlistText(1, false, "b.ts"))
	d.want("put b.ts")
	d.done("put b.ts")
	d.want("publish x.m3u8")
	d.done("publish x.m3u8")
	d.gone("a.ts")
	d.plan.EndSurvey(false)
	d.want()
}

// TestNothingWaitsBehindWhatIsForgotten: what is to be proven waits behind a file whose request failed, and goes at once when that one is
// forgotten.
func TestNothingWaitsBehindWhatIsForgotten(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a.ts", "init.mp4"} {
		d := newDesk(t, Config{Known: func(string, hls.Version) string { return "noted" }})
		text := playlistText(0, false, "#EXT-X-MAP:URI=\"init.mp4\"", "a.ts", "b.ts")
		pl, _ := hls.Parse([]byte(text))
		for _, file := range []string{name, "b.ts"} {
			d.found(file)
		}
		d.playlist("x.m3u8", text)
		d.want("fetch x.m3u8")
		d.answer("fetch x.m3u8", Outcome{Result: Done, ETag: "e", Content: []byte(text), Playlist: pl})
		d.want("compare "+name, "compare b.ts")
		d.answer("compare "+name, Outcome{Result: Failed, Kind: store.Transient, RetryIn: time.Hour})
		d.answer("compare b.ts", Outcome{Result: Cancelled})
		d.want()
		d.media("c.ts")
		d.playlist("x.m3u8", playlistText(1, false, "b.ts", "c.ts"))
		d.want("put c.ts")
		d.done("put c.ts")
		d.want("publish x.m3u8")
		d.done("publish x.m3u8")
		d.want()
		d.gone(name)
		d.want("compare b.ts")
	}
}

// TestWhatWasFoundIsForgotten: a file found at rest that nothing named is forgotten when it is gone, also if its bytes went before.
func TestWhatWasFoundIsForgotten(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"s7.ts", "board.ts"} {
		d := newDesk(t, Config{Include: func(string) bool { return true }})
		d.found(name)
		d.want("compare " + name)
		d.answer("compare "+name, Outcome{Result: Gone})
		d.want()
		if n, _ := d.plan.Unnamed(); n != 0 {
			t.Errorf("%s is still counted as found", name)
		}
	}
}

// TestNothingIsUnnamedBeforeAllIsMet: a playlist may be met after what it names.
func TestNothingIsUnnamedBeforeAllIsMet(t *testing.T) {
	t.Parallel()
	d := newDesk(t, Config{Scanning: true, Settle: 2 * time.Second})
	d.found("s7.ts")
	d.tick(10 * time.Second)
	d.want()
	if n, _ := d.plan.Unnamed(); n != 0 {
		t.Errorf("%d files are told to be unnamed while the directory is looked through", n)
	}
	d = newDesk(t, Config{Scanning: true, Settle: 45 * time.Second}) // it began a minute ago
	d.found("s7.ts")
	d.plan.Scanned()
	d.want()
	if n, _ := d.plan.Unnamed(); n != 0 {
		t.Errorf("%d files are told to be unnamed while playlists may have to be quiet", n)
	}
	d.tick(30 * time.Second)
	d.want()
	if n, _ := d.plan.Unnamed(); n != 1 {
		t.Errorf("%d files are told to be unnamed, want 1", n)
	}
}

// TestWhatIsNamedIsNoStray: a file found at rest is not told of as unnamed once a playlist names it, or where an earlier process knew of one.
func TestWhatIsNamedIsNoStray(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]*desk{"named": newDesk(t, Config{}), "noted": newDesk(t, Config{}), "included": newDesk(t, Config{Include: func(string) bool { return true }})} {
		for _, path := range []string{"s7.ts", "board.ts"} {
			f := d.file(path)
			f.Found, f.Named = true, name == "noted"
			d.plan.Observe(f)
		}
		if name == "named" {
			if n, _ := d.plan.Unnamed(); n != 2 {
				t.Errorf("%d files are told to be unnamed before one names them, want 2", n)
			}
			d.plan.Observe(d.list("x.m3u8", playlistText(7, false, "s7.ts", "board.ts"), true))
		}
		if n, example := d.plan.Unnamed(); n != 0 {
			t.Errorf("%s: %d files are told to be unnamed, such as %s", name, n, example)
		}
	}
}

// TestWhatIsStoredIsNoStray: a file found at rest that nothing names is not told of before the store was listed, and then only if that did
// not show what an earlier process noted.
func TestWhatIsStoredIsNoStray(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"s7.ts", "board.ts"} {
		for etag, want := range map[string]int{"noted": 0, "other": 1, "": 1} {
			d := newDesk(t, Config{Known: func(string, hls.Version) string { return "noted" }})
			d.plan.BeginSurvey()
			d.found(path)
			d.want()
			if n, _ := d.plan.Unnamed(); n != 0 {
				t.Errorf("%s: %d files are told to be unnamed before the store was listed", path, n)
			}
			if etag != "" {
				d.plan.Survey([]Listed{{Key: Key(path), Info: store.Info{Size: 100, ETag: etag}}})
			}
			d.plan.EndSurvey(true)
			d.want()
			if n, example := d.plan.Unnamed(); n != want || n > 0 && example != path {
				t.Errorf("%s, listed with %q: %d files are told to be unnamed, such as %q, want %d", path, etag, n, example, want)
			}
		}
	}
}

// TestProofsNeedNoStreamFromBefore: what is known from a note alone is asked for although no stream had the file to ship, or one that is
// forgotten by then.
func TestProofsNeedNoStreamFromBefore(t *testing.T) {
	t.Parallel()
	text := playlistText(0, false, `#EXT-X-MAP:URI="a.mp4"`)
	pl, _ := hls.Parse([]byte(text))
	read := Outcome{Result: Done, ETag: "e", Content: []byte(text), Playlist: pl}
	for name, play := range map[string]func(d *desk){
		"none": func(d *desk) {
			d.want("fetch x.m3u8")
			d.answer("fetch x.m3u8", read)
			d.found("a.mp4")
		},
		"forgotten": func(d *desk) {
			d.found("a.mp4")
			d.playlist("y/x.m3u8", playlistText(0, false, `#EXT-X-MAP:URI="../a.mp4"`))
			d.want("fetch x.m3u8", "fetch y/x.m3u8")
			d.absent("fetch y/x.m3u8")
			d.want()
			d.tick(time.Second)
			d.want("compare a.mp4") // for the other playlist
			d.answer("compare a.mp4", Outcome{Result: Void})
			d.media("y/b.ts")
			d.playlist("y/x.m3u8", playlistText(1, false, "b.ts"))
			d.want("put y/b.ts")
			d.done("put y/b.ts")
			d.want("publish y/x.m3u8")
			d.done("publish y/x.m3u8")
			d.gone("y/x.m3u8")
			d.want()
			d.plan.changedStreams(nil, d.now, true)
			if d.plan.streams["y/x.m3u8"] != nil {
				d.t.Fatal("the other playlist is not forgotten")
			}
			d.found("a.mp4")
			d.answer("fetch x.m3u8", read)
		},
	} {
		for _, listed := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, listed %t", name, listed), func(t *testing.T) {
				t.Parallel()
				d := newDesk(t, Config{Known: func(string, hls.Version) string { return "noted" }})
				if !listed {
					d.plan.BeginSurvey()
				}
				d.playlist("x.m3u8", text)
				play(d)
				if !listed {
					d.want()
					d.plan.EndSurvey(false)
				}
				d.want("compare a.mp4")
			})
		}
	}
}

// TestMoreIsMeantThanTheStoreHas: a playlist that names more of a file than the store holds means the other bytes that come.
func TestMoreIsMeantThanTheStoreHas(t *testing.T) {
	t.Parallel()
	for name, size := range map[string]int64{"as many": 200, "more": 300} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			text := playlistText(0, false, "#EXT-X-BYTERANGE:100@100", "a.ts")
			pl, _ := hls.Parse([]byte(text))
			d.plan.Observe(hls.File{
				Path: "x.m3u8", State: hls.Settled, Kind: pl.Kind, Version: d.version(1), Seen: d.now, Found: true,
				Content: []byte(text), Playlist: pl,
			})
			d.fresh("x.m3u8")
			d.want()
			d.tick(3 * time.Second)
			d.want()
			d.missing("a.ts")
			d.want("compare a.ts")
			d.answer("compare a.ts", Outcome{Result: Present, Size: 50, ETag: "short"})
			d.want()
			f := d.file("a.ts")
			f.Version.Size = size
			d.plan.Observe(f)
			d.want("compare a.ts")
			d.answer("compare a.ts", Outcome{Result: Different, ETag: "short"})
			d.tick(3 * time.Second)
			d.want("put a.ts")
			d.done("put a.ts")
			d.want("publish x.m3u8")
		})
	}
}

// TestWhatIsToBeShippedIsNotForgotten: a file that is to be shipped is known until it is stored, although it is gone and nothing names it.
func TestWhatIsToBeShippedIsNotForgotten(t *testing.T) {
	t.Parallel()
	for name, leave := range map[string]func(d *desk){
		"deleted, then named no more": func(d *desk) { d.gone("a.ts"); d.playlist("x.m3u8", playlistText(1, false, "b.ts")) },
		"named no more, then deleted": func(d *desk) { d.playlist("x.m3u8", playlistText(1, false, "b.ts")); d.gone("a.ts") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{PerStream: 1, Snapshots: 2})
			d.media("a.ts", "b.ts")
			d.playlist("x.m3u8", playlistText(0, false, "a.ts"))
			d.fresh("x.m3u8")
			leave(d)
			d.playlist("x.m3u8", playlistText(1, true, "b.ts"))
			d.want("put a.ts")
			d.answer("put a.ts", Outcome{Result: Failed, Kind: store.Transient, RetryIn: time.Second})
			d.want("put b.ts")
			d.done("put b.ts")
			d.want("publish x.m3u8")
			d.done("publish x.m3u8")
			d.tick(time.Second)
			d.want("put a.ts")
		})
	}
}

// TestWhatIsNamedIsNoBacklog: a file that an earlier process had to ship is no longer the folder's to ship once a playlist names it, and
// the playlists that name it have it.
func TestWhatIsNamedIsNoBacklog(t *testing.T) {
	t.Parallel()
	for _, names := range [][]string{{"x.m3u8"}, {"x.m3u8", "y.m3u8"}} {
		d := newDesk(t, Config{})
		d.plan.BeginSurvey()
		f := d.file("a.ts")
		f.Found, f.Named = true, true
		d.plan.Observe(f)
		d.want()
		var fetches []string
		for _, name := range names {
			d.playlist(name, playlistText(0, false, "a.ts"))
			fetches = append(fetches, "fetch "+name)
		}
		d.want(fetches...)
		d.plan.EndSurvey(false)
		d.want()
		d.plan.changedStreams(nil, d.now, true)
		if d.plan.streams["./"] != nil || len(slices.Collect(d.plan.objects["a.ts"].streams)) != len(names) {
			t.Errorf("the folder still has the file to ship, or a playlist has not:\n%s", d.plan)
		}
	}
}
