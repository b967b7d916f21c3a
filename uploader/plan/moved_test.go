package plan

import (
	"testing"

	"github.com/hlsship/hlsship/hls"
)

// TestPlanCallsBackWhatMoved has a playlist lose its name for another one moments after it was seen.
func TestPlanCallsBackWhatMoved(t *testing.T) {
	t.Parallel()
	moved := func(d *desk, name string) { d.plan.Observe(hls.File{Path: name, State: hls.Gone, Moved: true}) }
	text := playlistText(0, false, "a.ts")
	for name, play := range map[string]func(d *desk){
		"while its segment is stored": func(d *desk) {
			d.media("a.ts")
			d.playlist("tmpx.m3u8", text)
			d.fresh("tmpx.m3u8")
			d.want("put a.ts")
			moved(d, "tmpx.m3u8")
			d.playlist("live.m3u8", text)
			d.fresh("live.m3u8")
			d.done("put a.ts")
			d.want("publish live.m3u8")
			d.done("publish live.m3u8")
			d.want()
			if d.plan.lists["tmpx.m3u8"] != nil {
				t.Error("it is not forgotten")
			}
		},
		"before its segment is there": func(d *desk) {
			d.playlist("tmpx.m3u8", text)
			d.fresh("tmpx.m3u8")
			moved(d, "tmpx.m3u8")
			d.media("a.ts")
			d.want()
			d.playlist("live.m3u8", text)
			d.fresh("live.m3u8")
			d.want("put a.ts")
		},
		"before the store said what it has": func(d *desk) {
			d.media("a.ts")
			d.playlist("tmpx.m3u8", text)
			d.want("fetch tmpx.m3u8")
			moved(d, "tmpx.m3u8")
			d.absent("fetch tmpx.m3u8")
			d.want("put a.ts")
			d.done("put a.ts")
			d.want()
		},
		"too late, as its PUT is under way": func(d *desk) {
			d.media("a.ts")
			d.playlist("tmpx.m3u8", text)
			d.fresh("tmpx.m3u8")
			d.want("put a.ts")
			d.done("put a.ts")
			d.want("publish tmpx.m3u8")
			moved(d, "tmpx.m3u8")
			d.done("publish tmpx.m3u8")
			d.want()
		},
		"one that the store has is published once more": func(d *desk) {
			d.media("a.ts", "b.ts")
			d.playlist("live.m3u8", text)
			d.fresh("live.m3u8")
			d.want("put a.ts")
			d.done("put a.ts")
			d.want("publish live.m3u8")
			d.done("publish live.m3u8")
			d.playlist("live.m3u8", playlistText(0, true, "a.ts", "b.ts"))
			moved(d, "live.m3u8")
			d.want("put b.ts")
			d.done("put b.ts")
			d.want("publish live.m3u8")
		},
		"one that another playlist names is published": func(d *desk) {
			d.media("a.ts")
			d.playlist("master.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhi.m3u8\n")
			d.playlist("hi.m3u8", text)
			moved(d, "hi.m3u8")
			d.want("fetch master.m3u8", "fetch hi.m3u8")
			d.absent("fetch master.m3u8", "fetch hi.m3u8")
			d.want("put a.ts")
			d.done("put a.ts")
			d.want("publish hi.m3u8")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(newDesk(t, Config{}))
		})
	}
}
