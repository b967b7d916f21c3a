package plan

import (
	"slices"
	"testing"
	"time"
)

// TestEndWaits: EXT-X-ENDLIST waits for another run, and for nothing where there will be none or nobody saw the playlist live.
func TestEndWaits(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]func(d *desk){
		"no run begins": func(d *desk) {
			d.tick(9 * time.Second)
			d.want()
			d.tick(time.Second)
			d.want("publish x.m3u8")
		},
		"another run begins": func(d *desk) {
			d.tick(3 * time.Second)
			d.media("n0.ts")
			d.playlist("x.m3u8", playlistText(0, false, "n0.ts"))
			d.want("put n0.ts")
			d.done("put n0.ts")
			d.want("publish x.m3u8")
			d.done("publish x.m3u8")
			d.tick(time.Minute)
			d.want()
		},
		"hlsship stops": func(d *desk) {
			d.plan.Drain()
			d.want("publish x.m3u8")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{EndDelay: 10 * time.Second})
			d.media("s0.ts", "s1.ts")
			d.playlist("x.m3u8", playlistText(0, false, "s0.ts"))
			d.fresh("x.m3u8")
			d.want("put s0.ts")
			d.done("put s0.ts")
			d.want("publish x.m3u8")
			d.done("publish x.m3u8")
			d.playlist("x.m3u8", playlistText(0, true, "s0.ts", "s1.ts"))
			d.want("put s1.ts")
			d.done("put s1.ts")
			d.want()
			test(d)
		})
	}
	t.Run("it was complete when it was first seen", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, Config{EndDelay: 10 * time.Second})
		d.media("s0.ts")
		d.playlist("x.m3u8", playlistText(0, true, "s0.ts"))
		d.fresh("x.m3u8")
		d.want("put s0.ts")
		d.done("put s0.ts")
		d.want("publish x.m3u8")
	})
}

// TestFallIsTold: where the numbers of a playlist fall, which number players wait for is told, once a run.
func TestFallIsTold(t *testing.T) {
	t.Parallel()
	d := newDesk(t, Config{})
	var edits []Edit
	write := func(first int, names ...string) {
		d.media(names...)
		d.playlist("x.m3u8", playlistText(first, false, names...))
		edits = slices.Concat(edits, d.plan.Advance(d.now, Nothing).Edits)
		d.tick(2 * time.Second)
	}
	write(7, "s7.ts", "s8.ts")
	write(8, "s8.ts", "s9.ts")
	write(0, "s0.ts")
	write(0, "s0.ts", "s1.ts")
	want := Edit{Playlist: "x.m3u8", Stream: ".", Kind: EditFall, Number: 10, About: 20 * time.Second}
	if !slices.Equal(edits, []Edit{want}) {
		t.Errorf("edits: %+v, want %+v", edits, want)
	}
}
