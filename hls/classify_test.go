package hls

import (
	"slices"
	"strings"
	"testing"
)

func TestClassify(t *testing.T) {
	t.Parallel()
	tests := []struct {
		kind  Kind
		names []string
	}{
		{MediaPlaylist, []string{"index.m3u8", "a/b.c/Index.M3U8", "x.m3u", "seg.ts.m3u8", "init.m3u8"}},
		{Media, []string{
			"seg_00001.ts", "SEG.TS", "chunk-stream0-00001.m4s", "v.cmfv", "a.cmfa", "t.cmft", "a.mp4", "a.m4v", "a.m4a",
			"a.aac", "a.mp3", "a.ac3", "a.ec3", "a.mpg", "a b.ts", "a%20b.ts", "initial.mp4", "reinit.m4s", "init.ts",
			"init/seg.m4s", "header.aac", "x..ts", "2026/11/22/seg_21.ts", "seg.tmp.ts",
		}},
		{Init, []string{
			"init.mp4", "init_0.mp4", "init-stream0.m4s", "x_init.mp4", "header.mp4", "hi/init.mp4", "INIT.MP4",
			"stream.init.m4s", "video-header-1.cmfv", "init0.mp4",
		}},
		{Key, []string{"k.key", "0.KEY", "keys/stream.0.key"}},
		{Subtitle, []string{"stream_00.vtt", "a.webvtt"}},
		{Manifest, []string{"manifest.mpd", "a/B.MPD", "3.mpd"}},
		{Temporary, []string{
			"index.m3u8.tmp", "seg.ts.tmp", "seg.m4s.tmp", "manifest.mpd.tmp", "init.mp4.tmp", "stream.m3u8.bak", "x.mpd.bak",
			"playlist.m3u8.Z37EZ3", "hi/playlist.M3U8.abcdef", "list.m3u.000000", ".goutputstream-PSONZ3", ".goutputstream-a.ts",
			"packager-tempfile-686b-bc80ecf56fea9c62-1", "hi/packager-tempfile-1", "a.part", "a.ts.PARTIAL", ".index.m3u8.swp",
			"index.m3u8~", "~", ".tmp",
		}},
		{Other, []string{
			"", ".", "..", "/", "a/", "noext", "m3u8", "ts", "thumb.jpg", "state.config", "stream.keyinfo",
			".hidden.ts", ".index.m3u8", ".m3u8", "hi/.seg.ts.Xa8Zf1", "playlist.m3u8.Z37EZ", "playlist.m3u8.Z37EZ31",
			"playlist.m3u8.Z37-Z3", "playlist.mpd.Z37EZ3", "a.ts?x", "a.", "a.verylongextension", "tempfile-packager-1",
		}},
	}
	for _, tt := range tests {
		for _, name := range tt.names {
			if got := Classify(name); got != tt.kind {
				t.Errorf("Classify(%q) = %v, want %v", name, got, tt.kind)
			}
		}
	}
}

func TestClassifyAllocatesNothing(t *testing.T) {
	names := []string{"HI/INIT_0.MP4", "seg_00001.ts", "playlist.m3u8.Z37EZ3"}
	if allocs := testing.AllocsPerRun(10, func() {
		for _, name := range names {
			Classify(name)
		}
	}); allocs != 0 {
		t.Errorf("got %v allocations", allocs)
	}
}

func FuzzClassify(f *testing.F) {
	for _, name := range []string{"hi/init_0.mp4", "a.TS", "p.m3u8.Z37EZ3", ".x", "a~", "packager-tempfile-1", ""} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		kind := Classify(name)
		if !slices.Contains(Kinds(), kind) || kind == MultivariantPlaylist {
			t.Errorf("%q is of kind %d", name, kind)
		}
		if got := Classify("folder.m3u8/" + name); got != kind {
			t.Errorf("%q: %v, in a folder %v", name, kind, got)
		}
		if got := Classify(name + ".tmp"); got != Temporary {
			t.Errorf("%q: with .tmp %v", name, got)
		}
		base := name[strings.LastIndexByte(name, '/')+1:]
		if strings.HasPrefix(base, ".") && kind != Other && kind != Temporary {
			t.Errorf("%q: hidden, yet %v", name, kind)
		}
	})
}
