package plan

import (
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/store"
)

// TestPlaylistsNamedAnywhereGate: a playlist that names another one waits for it, whatever it is and wherever the name stands,
// unless the name is a hint.
func TestPlaylistsNamedAnywhereGate(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		text, child string
		free        bool
	}{
		"a playlist on a segment's line":         {text: "#EXTINF:2,\nnext.m3u8\n", child: "next.m3u8"},
		"a manifest on a segment's line":         {text: "#EXTINF:2,\nnext.mpd\n", child: "next.mpd"},
		"in another folder":                      {text: "#EXTINF:2,\nv/next.m3u8?x=1\n", child: "v/next.m3u8"},
		"a variant among segments":               {text: "#EXTINF:2,\na.ts\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv.m3u8\n", child: "v.m3u8"},
		"a rendition of a multivariant playlist": {text: "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",NAME=\"a\",URI=\"v.m3u8\"\n", child: "v.m3u8"},
		"a manifest in a multivariant playlist":  {text: "#EXT-X-STREAM-INF:BANDWIDTH=1\nv.mpd\n", child: "v.mpd"},
		"a rendition report":                     {text: "#EXTINF:2,\na.ts\n#EXT-X-RENDITION-REPORT:URI=\"v.m3u8\"\n", child: "v.m3u8", free: true},
		"a playlist elsewhere":                   {text: "#EXTINF:2,\nhttps://example.com/v.m3u8\n", child: "v.m3u8", free: true},
		"itself":                                 {text: "#EXTINF:2,\nx.m3u8\n", child: "v.m3u8", free: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{})
			published := false
			see := func(j Job) { published = published || j.Op == PutPlaylist && j.Path == "x.m3u8" }
			d.media("a.ts", "b.ts")
			d.playlist("x.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n"+test.text)
			if d.absorb(see); published != test.free {
				t.Fatalf("published: %v, before what it names", published)
			}
			if test.free {
				return
			}
			f := d.file(test.child)
			f.Kind, f.Content = hls.MediaPlaylist, []byte("#EXTM3U\n")
			f.Playlist = &hls.Playlist{Kind: hls.MediaPlaylist}
			d.plan.Observe(f)
			if d.absorb(see); !published {
				t.Error("not published")
			}
		})
	}
}

// TestParentAsksWhenThereIsNoFileAnyMore: while the store did not say yet what it holds of a playlist that another one names, its file is
// given up. Then the other one asks, and is published if the store has a version.
func TestParentAsksWhenThereIsNoFileAnyMore(t *testing.T) {
	t.Parallel()
	text := playlistText(0, false, "never.ts")
	for name, test := range map[string]struct {
		there func(d *desk)
		lose  func(d *desk)
	}{
		"its memory is given up": {
			func(d *desk) { d.playlist("x.m3u8", text) },
			func(d *desk) { d.plan.Yield("x.m3u8", d.plan.lists["x.m3u8"].last.seq) },
		},
		"an earlier process left it, and it is too old": {
			func(d *desk) { d.leaves("x.m3u8", text, true) },
			func(d *desk) { d.tick(500 * time.Millisecond) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, Config{MaxAge: time.Minute})
			test.there(d)
			d.playlist("m.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nx.m3u8\n")
			failed := Outcome{Result: Failed, Kind: store.Transient, RetryIn: time.Second}
			d.want("fetch m.m3u8", "fetch x.m3u8")
			d.absent("fetch m.m3u8")
			d.answer("fetch x.m3u8", failed)
			d.want()
			d.tick(time.Minute - 500*time.Millisecond)
			d.want("fetch x.m3u8")
			d.answer("fetch x.m3u8", failed)
			d.want()
			test.lose(d)
			d.want()
			d.tick(10 * time.Second)
			d.want("fetch x.m3u8")
			d.done("fetch x.m3u8")
			d.want("publish m.m3u8")
		})
	}
}
