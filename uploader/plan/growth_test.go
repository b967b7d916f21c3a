package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/store"
)

// grows has a file reach size bytes, and a playlist name them.
func (d *desk) grows(name string, size int64) {
	d.grown(name, size, hls.Growing)
	d.playlist("x.m3u8", rangesText(name, size))
}

func (d *desk) grown(name string, size int64, state hls.State) { d.grownIn(7, name, size, state) }

// grownIn is about a file that was opened for the nth time.
func (d *desk) grownIn(n uint64, name string, size int64, state hls.State) {
	d.mtime++
	d.plan.Observe(hls.File{
		Path: name, State: state, Growth: n, Kind: hls.Media, Seen: d.now, Source: paper{},
		Version: hls.Version{Device: 1, Inode: n, Size: size, ModTime: d.mtime},
	})
}

// rangesText is a playlist whose last segment ends at byte size of a file.
func rangesText(name string, size int64) string {
	return playlistText(0, false, fmt.Sprintf("#EXT-X-BYTERANGE:%d@0", size/2), name, fmt.Sprintf("#EXT-X-BYTERANGE:%d@%d", size-size/2, size/2), name)
}

// sends checks what the PUT of a file that grows carries and on which condition.
func (d *desk) sends(name string, from int64, condition string) {
	d.t.Helper()
	d.want("put " + name)
	j := d.under["put "+name]
	got := strings.TrimPrefix(j.IfMatch, "etag-")
	if got != "" {
		got = "match"
	} else if j.IfAbsent {
		got = "absent"
	}
	if j.From != from || got != condition {
		d.t.Errorf("from %d on condition %q, want %d on %q", j.From, got, from, condition)
	}
}

func TestPlanGrowth(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	first := func(d *desk) { // the first bytes are stored and published
		d.grows("all.ts", 1000)
		d.fresh("x.m3u8")
		d.sends("all.ts", 0, "absent")
		d.done("put all.ts")
		d.want("publish x.m3u8")
		d.done("publish x.m3u8")
	}
	grow := func(d *desk, size, from int64) {
		d.grows("all.ts", size)
		d.sends("all.ts", from, "match")
		d.done("put all.ts")
		d.want("publish x.m3u8")
		d.done("publish x.m3u8")
	}
	tests := map[string]func(d *desk){
		"small ones are sent whole, larger ones are lengthened": func(d *desk) {
			first(d)
			grow(d, 4*mib, 0)
			grow(d, 6*mib, 0)
			grow(d, 7*mib, 6*mib)
			grow(d, 8*mib, 7*mib)
		},
		"only what is new waits": func(d *desk) {
			first(d)
			grow(d, 6*mib, 0)
			d.grows("all.ts", 7*mib)
			if d.plan.account.files != 1 || d.plan.account.bytes != mib {
				d.t.Errorf("%d files of %d bytes wait, want 1 of %d", d.plan.account.files, d.plan.account.bytes, mib)
			}
		},
		"what is stored serves its playlists when a run begins anew": func(d *desk) {
			d.grows("all.ts", 1000)
			d.fresh("x.m3u8")
			d.sends("all.ts", 0, "absent")
			d.done("put all.ts")
			d.want("publish x.m3u8")
			d.grows("all.ts", 2000)
			d.sends("all.ts", 0, "match")
			f := d.file("all.ts") // of the next run
			d.answer("publish x.m3u8", Outcome{Result: Failed, Kind: store.Transient})
			d.answer("put all.ts", Outcome{Result: Failed, Kind: store.Transient, RetryIn: time.Hour})
			d.plan.Observe(f)
			d.want("publish x.m3u8")
		},
		"an end behind nothing new costs no PUT": func(d *desk) {
			first(d)
			d.grown("all.ts", 1000, hls.Settled)
			d.want()
			if left := d.plan.Unshipped(); len(left) > 0 {
				d.t.Errorf("unshipped: %q", left)
			}
			d.playlist("x.m3u8", rangesText("all.ts", 9999)) // past the end
			d.want("publish x.m3u8")
		},
		"an end is appended": func(d *desk) {
			first(d)
			grow(d, 6*mib, 0)
			d.grown("all.ts", 6*mib+10, hls.Settled)
			d.sends("all.ts", 6*mib, "match")
		},
		"a playlist waits for the bytes that it names": func(d *desk) {
			first(d)
			d.playlist("x.m3u8", rangesText("all.ts", 2000))
			d.want()
			if w := d.plan.Blocked(); len(w) != 1 || w[0].Reason != "growing" || w[0].Name != "all.ts" {
				d.t.Errorf("blocked: %+v", w)
			}
			d.grown("all.ts", 2000, hls.Growing)
			d.sends("all.ts", 0, "match")
			d.done("put all.ts")
			d.want("publish x.m3u8")
		},
		"a reference without a range waits for the end": func(d *desk) {
			d.grown("all.ts", 1000, hls.Growing)
			d.playlist("x.m3u8", playlistText(0, false, "all.ts"))
			d.fresh("x.m3u8")
			d.want("put all.ts")
			d.done("put all.ts")
			d.want()
			d.grown("all.ts", 3000, hls.Settled)
			d.want("put all.ts")
			d.done("put all.ts")
			d.want("publish x.m3u8")
		},
		"the newest bytes serve older playlists": func(d *desk) {
			first(d)
			d.grows("all.ts", 2000)
			d.sends("all.ts", 0, "match")
			d.grows("all.ts", 3000)
			d.grows("all.ts", 4000)
			d.want()
			d.done("put all.ts")
			d.want("publish x.m3u8", "put all.ts")
			d.done("publish x.m3u8", "put all.ts")
			d.want("publish x.m3u8")
			if len(d.plan.Losses()) > 0 {
				d.t.Error("bytes that were outgrown count as lost")
			}
		},
		"an object that nobody knew of is written over": func(d *desk) {
			d.grows("all.ts", 1000)
			d.fresh("x.m3u8")
			d.sends("all.ts", 0, "absent")
			d.answer("put all.ts", Outcome{Result: Failed, Kind: store.Precondition})
			d.want("compare all.ts")
			d.grows("all.ts", 2000) // meanwhile
			d.answer("compare all.ts", Outcome{Result: Different, ETag: "etag-old"})
			d.sends("all.ts", 0, "match")
			d.done("put all.ts")
			d.want("publish x.m3u8")
		},
		"an object that went is made anew": func(d *desk) {
			first(d)
			d.grows("all.ts", 2000)
			d.sends("all.ts", 0, "match")
			d.answer("put all.ts", Outcome{Result: Failed, Kind: store.Precondition})
			d.want("compare all.ts")
			d.answer("compare all.ts", Outcome{Result: Absent})
			d.want("fetch x.m3u8") // perhaps nothing is there any more
			text := []byte(rangesText("all.ts", 1000))
			pl, _ := hls.Parse(text)
			d.answer("fetch x.m3u8", Outcome{Result: Done, ETag: "etag-1", Content: text, Playlist: pl})
			d.sends("all.ts", 0, "absent")
		},
		"bytes let go because more came are not lost": func(d *desk) {
			first(d)
			d.grows("all.ts", 2000)
			d.sends("all.ts", 0, "match")
			d.grows("all.ts", 3000)
			d.answer("put all.ts", Outcome{Result: Gone})
			d.want("put all.ts")
			if l := d.plan.Losses(); len(l) > 0 {
				d.t.Errorf("losses: %+v", l)
			}
		},
		"a store that cannot lengthen gets the whole": func(d *desk) {
			first(d)
			grow(d, 6*mib, 0)
			d.grows("all.ts", 7*mib)
			d.sends("all.ts", 6*mib, "match")
			d.answer("put all.ts", Outcome{Result: Failed, Kind: store.Unsupported})
			d.sends("all.ts", 0, "match")
			d.done("put all.ts")
			d.want("publish x.m3u8")
			d.done("publish x.m3u8")
			grow(d, 8*mib, 0)
		},
		"what another has lengthened is not lengthened": func(d *desk) {
			first(d)
			grow(d, 6*mib, 0)
			d.grows("all.ts", 7*mib)
			d.sends("all.ts", 6*mib, "match")
			d.answer("put all.ts", Outcome{Result: Failed, Kind: store.Precondition})
			d.want("compare all.ts")
			d.answer("compare all.ts", Outcome{Result: Different, ETag: "etag-longer"})
			d.sends("all.ts", 0, "match")
			d.done("put all.ts")
			d.want("publish x.m3u8")
			d.done("publish x.m3u8")
			grow(d, 8*mib, 7*mib)
		},
		"an object lengthened without an answer is written over though a playlist is in doubt": func(d *desk) {
			first(d)
			d.grows("all.ts", 2000)
			d.sends("all.ts", 0, "match")
			d.done("put all.ts")
			d.want("publish x.m3u8")
			d.grows("all.ts", 3000)
			d.sends("all.ts", 0, "match")
			d.answer("publish x.m3u8", Outcome{Result: Failed, Kind: store.Transient, RetryIn: time.Second})
			d.answer("put all.ts", Outcome{Result: Failed, Kind: store.Transient}) // it is stored all the same
			d.grows("all.ts", 4000)
			d.sends("all.ts", 0, "match")
			d.answer("put all.ts", Outcome{Result: Failed, Kind: store.Precondition})
			d.want("compare all.ts")
			d.answer("compare all.ts", Outcome{Result: Different, ETag: "etag-3000"})
			d.sends("all.ts", 0, "match")
			d.done("put all.ts")
			d.tick(time.Second)
			d.want("publish x.m3u8")
		},
		"another's object is written over": func(d *desk) {
			first(d)
			d.grows("all.ts", 2000)
			d.sends("all.ts", 0, "match")
			d.answer("put all.ts", Outcome{Result: Failed, Kind: store.Precondition})
			d.want("compare all.ts")
			if j := d.under["compare all.ts"]; j.Local() {
				d.t.Error("the store is not asked what it holds")
			}
			d.answer("compare all.ts", Outcome{Result: Different, ETag: "etag-another"})
			d.sends("all.ts", 0, "match")
			d.done("put all.ts")
			d.want("publish x.m3u8")
			d.done("publish x.m3u8")
			grow(d, 3000, 0)
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(newDesk(t, Config{}))
		})
	}
}

// TestGrowthOverDoubt: a file of another run was stored over that of the run before, its playlist went up without an answer, and so did
// more of the file. What the published playlist of the run before needs is gone since, so that nothing keeps the file from going up again.
func TestGrowthOverDoubt(t *testing.T) {
	t.Parallel()
	for name, newer := range map[string]bool{"a newer playlist waits": true, "the playlist in doubt is the newest": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			d.grows("all.ts", 1000)
			d.fresh("x.m3u8")
			d.want("put all.ts")
			d.done("put all.ts")
			d.want("publish x.m3u8")
			d.done("publish x.m3u8")
			d.tick(time.Minute)
			again := func(size int64) {
				d.grownIn(8, "all.ts", size, hls.Growing)
				d.playlist("x.m3u8", strings.Replace(rangesText("all.ts", size), "SEQUENCE:0", "SEQUENCE:2", 1))
			}
			again(500)
			d.want("compare all.ts")
			d.answer("compare all.ts", Outcome{Result: Different, ETag: "etag-old"})
			d.want("put all.ts")
			d.done("put all.ts")
			d.want("publish x.m3u8")
			if d.grownIn(8, "all.ts", 800, hls.Growing); newer {
				again(800)
			}
			d.want("put all.ts")
			d.answer("put all.ts", Outcome{Result: Failed, Kind: store.Transient}) // it is stored all the same
			d.answer("publish x.m3u8", Outcome{Result: Failed, Kind: store.Transient, RetryIn: time.Second})
			d.grownIn(8, "all.ts", 900, hls.Settled)
			d.want("put all.ts")
			d.answer("put all.ts", Outcome{Result: Failed, Kind: store.Precondition})
			d.want("compare all.ts")
			d.answer("compare all.ts", Outcome{Result: Different, ETag: "etag-other"})
			d.want("put all.ts")
			d.done("put all.ts")
			d.tick(time.Second)
			d.want("publish x.m3u8")
		})
	}
}

// TestGrowthUnderWay: the first bytes of a file are under way when it is longer already, and what was to be sent of it is replaced or let
// go of: then nothing is taken off what waits for them.
func TestGrowthUnderWay(t *testing.T) {
	t.Parallel()
	for name, play := range map[string]func(d *desk){
		"a file of the next run":       func(d *desk) { d.media("all.ts") },
		"one that grows":               func(d *desk) { d.grownIn(8, "all.ts", 500, hls.Growing) },
		"more waits than is to be had": func(d *desk) { d.grown("all.ts", 9000, hls.Growing) },
		"and that is finished":         func(d *desk) { d.grown("all.ts", 9000, hls.Settled) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{Budget: 5000})
			d.grows("all.ts", 1000)
			d.fresh("x.m3u8")
			d.want("put all.ts")
			d.grows("all.ts", 2000)
			play(d)
			d.jobs()
			if a := d.plan.account; a.flying > a.bytes {
				t.Errorf("%d bytes are under way, of %d that wait", a.flying, a.bytes)
			}
		})
	}
}

// TestGrowthShared: two playlists name a file that grows, which a new run writes over. As long as it does not reach as far as the one
// says, the store keeps what the other's published version needs.
func TestGrowthShared(t *testing.T) {
	t.Parallel()
	again := func(text string) string { return strings.Replace(text, "SEQUENCE:0", "SEQUENCE:2", 1) }
	for name, test := range map[string]struct {
		other string // names the first bytes alone
		list  func(d *desk, name, text string)
	}{
		"an index beside the segments": {playlistText(0, false, "#EXT-X-BYTERANGE:100@0", "all.ts"), (*desk).playlist},
		"an init section":              {playlistText(0, false, `#EXT-X-MAP:URI="all.ts",BYTERANGE="100@0"`, "https://other.example.com/a.mp4"), (*desk).playlist},
		"a manifest that names it": {`<MPD><Period><AdaptationSet><Representation><BaseURL>all.ts</BaseURL><SegmentList>` +
			`<Initialization range="0-99"/></SegmentList></Representation></AdaptationSet></Period></MPD>`,
			func(d *desk, _, text string) { d.manifest("other.mpd", text, false) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			d.grows("all.ts", 1000)
			d.fresh("x.m3u8")
			d.want("put all.ts")
			d.done("put all.ts")
			d.want("publish x.m3u8")
			d.done("publish x.m3u8")
			d.tick(time.Minute)
			d.grownIn(8, "all.ts", 100, hls.Growing)
			test.list(d, "other.m3u8", test.other)
			d.playlist("x.m3u8", again(rangesText("all.ts", 500)))
			other := slices.Collect(maps.Keys(d.plan.lists))
			slices.Sort(other)
			d.want("compare all.ts", "fetch "+other[0])
			d.absent("fetch " + other[0])
			d.grownIn(8, "all.ts", 500, hls.Growing) // passed over, as the store is being asked
			d.looks()
			d.answer("compare all.ts", Outcome{Result: Different, ETag: "etag-old"})
			d.want()
			d.looks("all.ts")
			d.grownIn(8, "all.ts", 500, hls.Growing)
			d.want("put all.ts")
			d.done("put all.ts")
			d.want("publish x.m3u8", "publish "+other[0])
		})
	}
}
