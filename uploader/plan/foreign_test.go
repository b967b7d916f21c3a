package plan

import (
	"testing"

	"github.com/hlsship/hlsship/hls"
)

// TestPlanForeign has playlists of two folders that name the same files.
func TestPlanForeign(t *testing.T) {
	t.Parallel()
	x := func(names ...string) string { return playlistText(0, false, names...) }
	for name, test := range map[string]func(d *desk){
		"playlists that wait for each other's overwrites do not keep each other awake": func(d *desk) {
			d.media("a.ts", "also/b.ts")
			d.playlist("x.m3u8", x("a.ts"))
			d.playlist("also/y.m3u8", x("b.ts"))
			d.playlist("x.m3u8", x("a.ts", "also/b.ts"))
			d.playlist("also/y.m3u8", x("b.ts", "../a.ts"))
			d.want("fetch x.m3u8", "fetch also/y.m3u8")
			d.absent("fetch x.m3u8", "fetch also/y.m3u8")
			d.want("put a.ts", "put also/b.ts")
			d.done("put a.ts", "put also/b.ts")
			d.want("publish x.m3u8", "publish also/y.m3u8")
			d.done("publish x.m3u8", "publish also/y.m3u8")
			d.media("a.ts", "also/b.ts")
			d.want("compare a.ts", "compare also/b.ts")
			d.answer("compare a.ts", Outcome{Result: Different, ETag: "e"})
			d.answer("compare also/b.ts", Outcome{Result: Different, ETag: "e"})
			d.playlist("x.m3u8", x("a.ts", "also/b.ts", "missing.ts"))
			d.playlist("also/y.m3u8", x("b.ts", "../a.ts", "missing.ts"))
			d.want()
		},
		"what another folder names goes as soon as what is published is known": func(d *desk) {
			text := x("../a.ts")
			d.playlist("x.m3u8", x("a.ts"))
			d.playlist("also/y.m3u8", text)
			f := d.file("a.ts")
			f.Found, f.Version.ModTime = true, 0
			d.plan.Observe(f)
			d.want("fetch x.m3u8", "fetch also/y.m3u8")
			d.absent("fetch x.m3u8")
			d.want()
			pl, _ := hls.Parse([]byte(text))
			d.answer("fetch also/y.m3u8", Outcome{Result: Done, ETag: "e", Content: []byte(text), Playlist: pl})
			d.want("compare a.ts")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(newDesk(t, Config{}))
		})
	}
}

// TestPlanHearsOfPlaylistsFirst has a playlist that was replaced before anybody looked, so that it is heard of before
// the file that it lists last, whose name was in use before.
func TestPlanHearsOfPlaylistsFirst(t *testing.T) {
	t.Parallel()
	begin := func(t *testing.T) *desk {
		d := newDesk(t, Config{})
		d.media("0.ts", "1.ts")
		d.playlist("x.m3u8", playlistText(0, false, "0.ts", "1.ts"))
		d.fresh("x.m3u8")
		d.want("put 0.ts", "put 1.ts")
		d.done("put 0.ts", "put 1.ts")
		d.want("publish x.m3u8")
		d.done("publish x.m3u8")
		d.playlist("x.m3u8", playlistText(2, false, "1.ts", "0.ts"))
		d.want()
		return d
	}
	t.Run("its bytes are those to come", func(t *testing.T) {
		t.Parallel()
		d := begin(t)
		d.media("0.ts")
		d.want("compare 0.ts")
		d.answer("compare 0.ts", Outcome{Result: Different, ETag: "e"})
		d.want("put 0.ts")
		d.done("put 0.ts")
		d.want("publish x.m3u8")
	})
	t.Run("unless none come", func(t *testing.T) {
		t.Parallel()
		d := begin(t)
		d.tick(softWait)
		d.want("publish x.m3u8")
		d.done("publish x.m3u8")
		d.playlist("x.m3u8", playlistText(3, false, "1.ts", "0.ts"))
		d.want("publish x.m3u8") // once is enough
	})
}
