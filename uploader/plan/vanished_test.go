package plan

import (
	"slices"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/store"
)

// again has the watcher report a file that the Plan asked it to look at.
func (d *desk) again(file hls.File) {
	d.t.Helper()
	file.Source = paper{}
	d.plan.Observe(file)
}

// vanished has the next version of x.m3u8 meet a bucket without the one before.
func (d *desk) vanished() {
	d.t.Helper()
	d.want("publish x.m3u8")
	d.answer("publish x.m3u8", Outcome{Result: Failed, Kind: store.Precondition})
	d.want("fetch x.m3u8")
	d.absent("fetch x.m3u8")
}

// multivariant names the stream.
const multivariant = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nx.m3u8\n"

// vanishing returns a desk whose store held one stream and a multivariant playlist before its bucket was deleted, and
// the files of the stream.
func vanishing(t *testing.T) (d *desk, a, b hls.File) {
	t.Helper()
	d = newDesk(t, Config{})
	a, b = d.file("a.ts"), d.file("b.ts")
	d.plan.Observe(a)
	d.plan.Observe(b)
	d.playlist("x.m3u8", playlistText(0, false, "a.ts"))
	d.fresh("x.m3u8")
	d.want("put a.ts")
	d.done("put a.ts")
	d.want("publish x.m3u8")
	d.done("publish x.m3u8")
	d.playlist("m.m3u8", multivariant)
	d.fresh("m.m3u8")
	d.want("publish m.m3u8")
	d.done("publish m.m3u8")
	d.playlist("x.m3u8", playlistText(0, false, "a.ts", "b.ts"))
	d.want("put b.ts")
	return d, a, b
}

func TestPlanBucketDeletedAndMadeAnew(t *testing.T) {
	t.Parallel()
	tests := map[string]func(d *desk){
		"noticed by a condition": func(d *desk) {
			d.done("put b.ts")
			d.vanished()
		},
		"noticed by a refusal": func(d *desk) {
			d.answer("put b.ts", Outcome{Result: Failed, Kind: store.Alarm, RetryIn: time.Second})
			d.tick(time.Second)
			d.want("put b.ts")
			d.done("put b.ts") // the bucket is there again, and nobody has said that it is empty
			d.want("fetch x.m3u8", "fetch m.m3u8")
			d.absent("fetch x.m3u8")
			d.answer("fetch m.m3u8", Outcome{Result: Done, ETag: "old"}) // said before, heard later
		},
	}
	for name, notice := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, a, b := vanishing(t)
			notice(d)
			if !d.plan.out.Vanished {
				t.Error("the Plan has not noticed")
			}
			looks := d.plan.Looks()
			slices.Sort(looks)
			if !slices.Equal(looks, []string{"a.ts", "b.ts", "m.m3u8"}) {
				t.Fatalf("looks: got %q, want those of both segments and of what is published and has no newer version", looks)
			}
			d.playlist("m.m3u8", multivariant)
			d.want("fetch m.m3u8")
			d.absent("fetch m.m3u8")
			d.want()
			d.again(a)
			d.again(b)
			d.want("compare a.ts", "compare b.ts")
			d.absent("compare a.ts", "compare b.ts")
			d.want("put a.ts", "put b.ts")
			d.done("put a.ts", "put b.ts")
			d.want("publish x.m3u8")
			if j := d.under["publish x.m3u8"]; !j.IfAbsent {
				t.Errorf("condition: got %+v, want that there is none", j)
			}
			d.done("publish x.m3u8")
			d.want("publish m.m3u8")
			d.done("publish m.m3u8")
			d.want()
			if left := d.plan.Unshipped(); len(left) > 0 {
				t.Errorf("unshipped: %q", left)
			}
			if lost := d.plan.Losses(); len(lost) > 0 {
				t.Errorf("losses: %+v", lost)
			}
		})
	}
}

// What the directory has no more either is lost if the newest playlist names it, and that playlist is held back.
func TestPlanBucketDeletedWithTheFile(t *testing.T) {
	t.Parallel()
	d, _, b := vanishing(t)
	d.gone("a.ts")
	d.done("put b.ts")
	d.vanished()
	d.playlist("m.m3u8", multivariant) // as the watcher was asked to look
	d.want("compare a.ts", "fetch m.m3u8")
	d.absent("compare a.ts", "fetch m.m3u8")
	d.lost("a.ts gone")
	d.again(b)
	d.want("compare b.ts")
	d.absent("compare b.ts")
	d.want("put b.ts")
	d.done("put b.ts")
	d.want()
	d.playlist("x.m3u8", playlistText(1, false, "b.ts"))
	d.want("publish x.m3u8")
	d.done("publish x.m3u8")
	d.want("publish m.m3u8")
}

// What was stored after the bucket was emptied, before anybody noticed, is there although the directory has it no more.
func TestPlanBucketEmptiedBefore(t *testing.T) {
	t.Parallel()
	for name, same := range map[string]bool{"the same bytes": true, "other bytes": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, a, _ := vanishing(t)
			d.done("put b.ts")
			etag := d.plan.objects["b.ts"].cell.ETag()
			d.gone("b.ts")
			d.vanished()
			d.want("compare b.ts", "fetch m.m3u8")
			if !same {
				etag = "another"
			}
			d.answer("compare b.ts", Outcome{Result: Present, ETag: etag, Size: 1})
			d.absent("fetch m.m3u8")
			d.again(a)
			d.want("compare a.ts")
			d.absent("compare a.ts")
			d.want("put a.ts")
			d.done("put a.ts")
			d.tick(2 * time.Second)
			if !same {
				d.lost("b.ts gone")
				d.want()
				return
			}
			d.want("publish x.m3u8")
			if lost := d.plan.Losses(); len(lost) > 0 {
				t.Errorf("losses: %+v", lost)
			}
		})
	}
}

// An answer that was under way when the bucket vanished may tell of the old one.
func TestPlanAnswerOfAVanishedBucket(t *testing.T) {
	t.Parallel()
	d, a, _ := vanishing(t)
	d.answer("put b.ts", Outcome{Result: Failed, Kind: store.Alarm, RetryIn: time.Second})
	d.media("c.ts")
	d.playlist("x.m3u8", playlistText(0, false, "a.ts", "b.ts", "c.ts"))
	d.want("put c.ts")
	d.tick(time.Second)
	d.want("put b.ts")
	d.done("put b.ts")
	d.want("fetch x.m3u8", "fetch m.m3u8")
	d.absent("fetch x.m3u8", "fetch m.m3u8")
	d.done("put c.ts")
	d.want("compare c.ts", "fetch m.m3u8")
	d.absent("compare c.ts", "fetch m.m3u8")
	d.want("put c.ts")
	d.again(a)
	d.want("compare a.ts")
}

// A refusal that somebody mended costs one look at each playlist, and nothing else.
func TestPlanBucketStillThere(t *testing.T) {
	t.Parallel()
	d, _, _ := vanishing(t)
	published := d.plan.lists["x.m3u8"].published.file
	master := d.plan.lists["m.m3u8"].published.file
	d.answer("put b.ts", Outcome{Result: Failed, Kind: store.Alarm, RetryIn: time.Second})
	d.tick(time.Second)
	d.want("put b.ts")
	d.done("put b.ts")
	d.want("fetch x.m3u8", "fetch m.m3u8")
	d.answer("fetch x.m3u8", Outcome{Result: Done, ETag: "x", Content: published.Content, Playlist: published.Playlist})
	d.answer("fetch m.m3u8", Outcome{Result: Done, ETag: "m", Content: master.Content, Playlist: master.Playlist})
	d.want("publish x.m3u8")
	if j := d.under["publish x.m3u8"]; j.IfMatch != "x" {
		t.Errorf("condition: %+v", j)
	}
	if looks := d.plan.Looks(); len(looks) > 0 || d.plan.out.Vanished {
		t.Errorf("looks for %q", looks)
	}
}

// TestPlanBucketVanishesUnderAPut has bytes of which nothing is left while their playlist is on its way; then the name
// comes back.
func TestPlanBucketVanishesUnderAPut(t *testing.T) {
	t.Parallel()
	d, _, _ := vanishing(t)
	d.done("put b.ts")
	d.want("publish x.m3u8")
	d.gone("a.ts")
	d.playlist("m.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=2\nx.m3u8\n")
	d.want("publish m.m3u8")
	d.answer("publish m.m3u8", Outcome{Result: Failed, Kind: store.Precondition})
	d.want("fetch m.m3u8")
	d.absent("fetch m.m3u8")
	d.want()
	d.answer("publish x.m3u8", Outcome{Result: Failed, Kind: store.Precondition})
	d.want("fetch x.m3u8")
	d.absent("fetch x.m3u8")
	d.want("compare a.ts")
	d.absent("compare a.ts")
	d.want()
	if w := d.plan.Blocked(); len(w) != 2 || w[1].Name != "a.ts" || w[1].Reason != "missing" {
		t.Errorf("blocked: %+v, want that a.ts is missing", w)
	}
	d.media("a.ts", "b.ts")
	d.tick(2 * time.Second)
	d.want("put a.ts", "put b.ts")
}
