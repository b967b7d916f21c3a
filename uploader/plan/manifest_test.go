package plan

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// timelineText makes a DASH manifest with the init section i.mp4 and count segments from N.m4s on.
func timelineText(from, count int) string {
	return fmt.Sprintf(`<MPD type="dynamic"><Period><AdaptationSet><Representation><SegmentTemplate timescale="1" startNumber="%d" media="$Number$.m4s"`+
		` initialization="i.mp4"><SegmentTimeline><S t="%d" d="2" r="%d"/></SegmentTimeline></SegmentTemplate></Representation></AdaptationSet></Period></MPD>`,
		from, 2*from, count-1)
}

// numberText makes one whose template leaves it to the clock that the segments from 1.m4s on are complete, and that four
// more are to come.
func numberText(complete int) string {
	return fmt.Sprintf(`<MPD type="dynamic" availabilityStartTime="2026-01-01T00:00:00Z" publishTime="%s" minimumUpdatePeriod="PT2S">`+
		`<Period><AdaptationSet><Representation><SegmentTemplate timescale="1" media="$Number$.m4s" duration="2"/></Representation></AdaptationSet></Period></MPD>`,
		time.Date(2026, 1, 1, 0, 0, 2*complete, 0, time.UTC).Format(time.RFC3339))
}

func (d *desk) manifest(name, text string, found bool) {
	d.t.Helper()
	pl, err := hls.ParseFile(name, []byte(text), hls.ParseOptions{})
	if err != nil {
		d.t.Fatalf("parse %s: %v", name, err)
	}
	d.plan.Observe(hls.File{
		Path: name, State: hls.Settled, Kind: pl.Kind, Version: d.version(int64(len(text))), Found: found,
		Seen: d.now, Content: []byte(text), Playlist: pl,
	})
}

func TestPlanManifest(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(d *desk){
		"waits for its timeline": func(d *desk) {
			d.manifest("x.mpd", timelineText(1, 2), false)
			d.fresh("x.mpd")
			d.media("1.m4s", "2.m4s")
			d.want("put 1.m4s", "put 2.m4s")
			d.done("put 1.m4s", "put 2.m4s")
			d.want()
			d.media("i.mp4")
			d.want("put i.mp4")
			d.done("put i.mp4")
			d.want("publish x.mpd")
		},
		"stores once what a playlist names too": func(d *desk) {
			d.media("i.mp4", "1.m4s")
			d.manifest("x.mpd", timelineText(1, 1), false)
			d.playlist("x.m3u8", playlistText(1, false, "#EXT-X-MAP:URI=\"i.mp4\"", "1.m4s"))
			d.want("fetch x.mpd", "fetch x.m3u8")
			d.absent("fetch x.mpd", "fetch x.m3u8")
			d.want("put i.mp4", "put 1.m4s")
			d.done("put i.mp4", "put 1.m4s")
			d.want("publish x.mpd", "publish x.m3u8")
			d.done("publish x.mpd", "publish x.m3u8")
			d.want()
		},
		"holds a playlist that names it, and no other": func(d *desk) {
			d.playlist("master.m3u8", "#EXTM3U\n#EXT-X-SESSION-DATA:DATA-ID=\"d\",URI=\"x.mpd\"\n")
			d.media("a.mp4", "1.ts")
			d.playlist("y.m3u8", playlistText(0, false, "1.ts"))
			d.manifest("x.mpd", `<MPD><Period><AdaptationSet><Representation><BaseURL>a.mp4</BaseURL></Representation></AdaptationSet></Period></MPD>`, false)
			d.want("fetch master.m3u8", "fetch x.mpd", "fetch y.m3u8")
			d.absent("fetch master.m3u8", "fetch x.mpd", "fetch y.m3u8")
			d.want("put 1.ts", "put a.mp4")
			d.done("put 1.ts")
			d.want("publish y.m3u8")
			d.done("put a.mp4")
			d.want("publish x.mpd")
			d.done("publish x.mpd")
			d.want("publish master.m3u8")
		},
		"a number that is there is waited for": func(d *desk) {
			d.media("1.m4s")
			d.manifest("x.mpd", numberText(1), false)
			d.fresh("x.mpd")
			d.want("put 1.m4s")
			d.want()
			d.done("put 1.m4s")
			d.want("publish x.mpd")
		},
		"a number that is not there holds nothing and is shipped": func(d *desk) {
			d.media("1.m4s")
			d.manifest("x.mpd", numberText(2), false)
			d.fresh("x.mpd")
			d.want("put 1.m4s")
			d.done("put 1.m4s")
			d.want()
			d.tick(softWait)
			d.want("publish x.mpd")
			d.done("publish x.mpd")
			d.media("2.m4s")
			d.want("put 2.m4s")
		},
		"a number that was there at the start is waited for until it was quiet": func(d *desk) {
			d.plan.began = d.now
			d.manifest("x.mpd", numberText(1), false)
			d.fresh("x.mpd")
			d.tick(2 * time.Second)
			d.want()
			d.found("1.m4s")
			d.tick(2 * time.Second)
			d.want("compare 1.m4s")
			d.absent("compare 1.m4s")
			d.want("put 1.m4s")
			d.done("put 1.m4s")
			d.want("publish x.mpd")
		},
		"a number that the watcher tells of a moment later is waited for": func(d *desk) {
			d.manifest("x.mpd", numberText(1), false)
			d.fresh("x.mpd")
			d.tick(softWait / 2)
			d.media("1.m4s")
			d.want("put 1.m4s")
			d.tick(softWait)
			d.want()
			d.done("put 1.m4s")
			d.want("publish x.mpd")
		},
		"numbers to come are shipped between two versions": func(d *desk) {
			d.manifest("x.mpd", numberText(0), false)
			d.fresh("x.mpd")
			d.want("publish x.mpd")
			d.done("publish x.mpd")
			for n := range 4 {
				d.media(fmt.Sprintf("%d.m4s", n+1))
				d.want(fmt.Sprintf("put %d.m4s", n+1))
			}
			d.media("5.m4s")
			d.want()
		},
		"a number to come that lies there since long is a leftover": func(d *desk) {
			d.media("1.m4s", "2.m4s", "3.m4s")
			d.manifest("x.mpd", numberText(1), false)
			d.fresh("x.mpd")
			d.want("put 1.m4s")
			d.done("put 1.m4s")
			d.want("publish x.mpd")
			d.done("publish x.mpd")
			d.media("2.m4s")
			d.want("put 2.m4s")
		},
		"a manifest at rest waits a while for what it counts": func(d *desk) {
			d.manifest("x.mpd", numberText(2), true)
			d.fresh("x.mpd")
			d.tick(time.Second)
			d.want()
			f := d.file("1.m4s")
			f.Version.ModTime, f.Found = 1, true
			d.plan.Observe(f)
			d.want("compare 1.m4s")
			d.absent("compare 1.m4s")
			d.tick(time.Second)
			d.want("put 1.m4s")
			d.done("put 1.m4s")
			d.want("publish x.mpd")
		},
		"what came since the last manifest is found after a start": func(d *desk) {
			d.manifest("x.mpd", numberText(1), true)
			d.found("2.m4s")
			d.fresh("x.mpd")
			d.want("compare 2.m4s")
		},
		"what one representation counts another may know": func(d *desk) {
			whole := strings.ReplaceAll(numberText(1), "</AdaptationSet>", `<Representation><SegmentList><SegmentURL media="1.m4s"/><SegmentURL media="5.m4s"/>`+
				`</SegmentList></Representation></AdaptationSet>`)
			d.manifest("x.mpd", whole, false)
			d.fresh("x.mpd")
			d.media("1.m4s")
			d.want("put 1.m4s")
			d.done("put 1.m4s")
			d.tick(softWait)
			d.want()
			d.media("5.m4s")
			d.want("put 5.m4s")
			d.done("put 5.m4s")
			d.want("publish x.mpd")
		},
		"names come back with the next run": func(d *desk) {
			d.media("1.m4s", "2.m4s", "i.mp4")
			d.manifest("x.mpd", timelineText(1, 2), false)
			d.fresh("x.mpd")
			d.want("put i.mp4", "put 1.m4s", "put 2.m4s")
			d.done("put i.mp4", "put 1.m4s", "put 2.m4s")
			d.want("publish x.mpd")
			d.done("publish x.mpd")
			d.media("i.mp4")
			d.tick(time.Second)
			d.manifest("x.mpd", timelineText(1, 1), false) // before its segment, whose old bytes are still there
			d.want("compare i.mp4")
			d.answer("compare i.mp4", Outcome{Result: Different, ETag: "e"})
			d.want()
			d.media("1.m4s")
			d.want("compare 1.m4s")
			d.answer("compare 1.m4s", Outcome{Result: Different, ETag: "e"})
			d.want("put i.mp4", "put 1.m4s")
			d.done("put i.mp4", "put 1.m4s")
			d.want("publish x.mpd")
		},
		"an estimate that comes back is overwritten at once": func(d *desk) {
			d.manifest("x.mpd", numberText(1), false)
			d.fresh("x.mpd")
			d.tick(softWait)
			d.want("publish x.mpd")
			d.done("publish x.mpd")
			d.media("1.m4s")
			d.want("put 1.m4s")
			d.done("put 1.m4s")
			d.media("1.m4s")
			d.want("compare 1.m4s")
			d.answer("compare 1.m4s", Outcome{Result: Different, ETag: "e"})
			d.want("put 1.m4s")
			d.done("put 1.m4s")
			d.want()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(newDesk(t, Config{PerStream: 8}))
		})
	}
}

// TestPlanManifestForgets has hints at files that never come.
func TestPlanManifestForgets(t *testing.T) {
	t.Parallel()
	d := newDesk(t, Config{})
	d.manifest("x.mpd", numberText(0), false)
	d.fresh("x.mpd")
	for i := range 200 {
		d.manifest("x.mpd", strings.ReplaceAll(numberText(i), "$Number$", fmt.Sprintf("run%d-$Number$", i)), false)
		d.tick(softWait)
		d.want("publish x.mpd")
		d.done("publish x.mpd")
	}
	if n := len(d.plan.objects); n > 250 { // those of the last version
		t.Errorf("%d objects are remembered", n)
	}
}
