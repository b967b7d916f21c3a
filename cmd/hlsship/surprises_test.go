//go:build linux

package main

import (
	"cmp"
	"slices"
	"strings"
	"testing"
	"time"
)

// initName names an init section in a playlist.
const initName = `#EXT-X-MAP:URI="init.mp4"`

// surprise is something that real packagers do and a naive uploader gets wrong: the system calls, in the order
// in which they were traced.
type surprise struct {
	name   string
	settle time.Duration // 0 is never
	steps  []step
	want   []string // what the store holds in the end; before, it is what the viewer allows
}

// TestSurprises has packagers do what nobody expects, each with finished files held open and with a spool.
func TestSurprises(t *testing.T) {
	t.Parallel()
	for _, s := range slices.Concat(
		unfinishedFiles(), grownFiles(), crashes(), namesUsedAgain(), playlistsAtWork(), playlistTexts(), deletedFiles(), foldersAndNames(),
	) {
		for _, way := range []string{"held", "spool"} {
			t.Run(s.name+"/"+way, func(t *testing.T) {
				t.Parallel()
				settle := cmp.Or(s.settle, never)
				r := newReplay(t, settle)
				stop := r.ship(settle, way == "spool")
				all(s.steps...)(r)
				r.finish(stop, s.want)
			})
		}
	}
}

// unfinishedFiles are named or closed when they are not finished yet.
func unfinishedFiles() []surprise {
	return []surprise{
		{
			name: "a playlist names a file before it is closed (ffmpeg -f segment, hlssink2)",
			steps: []step{
				opens("seg_00000.ts"), appends("seg_00000.ts", "zero"),
				lists("index.m3u8", mediaPlaylist(0, "seg_00000.ts")),
				held("index.m3u8"), lacks("seg_00000.ts"),
				closes("seg_00000.ts"), stored("seg_00000.ts", "index.m3u8"),
				opens("seg_00001.ts"), appends("seg_00001.ts", "one"),
				lists("index.m3u8", mediaPlaylist(0, "seg_00000.ts", "seg_00001.ts", "#EXT-X-ENDLIST")),
				closes("seg_00001.ts"), stored("seg_00001.ts", "index.m3u8"),
			},
			want: []string{"index.m3u8", "seg_00000.ts", "seg_00001.ts"},
		},
		{
			name: "a playlist names a file that does not exist yet, and a range beyond its end (ffmpeg hls_segment_size)",
			steps: []step{
				lists("index.m3u8", mediaPlaylist(0, "#EXT-X-BYTERANGE:4@0", "seg_00000.ts")), held("index.m3u8"),
				lists("index.m3u8", mediaPlaylist(0, "#EXT-X-BYTERANGE:4@0", "seg_00000.ts", "#EXT-X-BYTERANGE:4@4", "seg_00000.ts")),
				held("index.m3u8"),
				writes("seg_00000.ts", "zero one"), stored("seg_00000.ts", "index.m3u8"),
				lists("index.m3u8", mediaPlaylist(0, "#EXT-X-BYTERANGE:4@0", "seg_00000.ts", "#EXT-X-BYTERANGE:4@4", "seg_00000.ts",
					"#EXT-X-BYTERANGE:4@0", "seg_00001.ts", "#EXT-X-BYTERANGE:8@4", "seg_00001.ts", "#EXT-X-ENDLIST")),
				held("index.m3u8"),
				writes("seg_00001.ts", "two end"), stored("seg_00001.ts", "index.m3u8"),
			},
			want: []string{"index.m3u8", "seg_00000.ts", "seg_00001.ts"},
		},
		{
			name: "the name under which a segment is closed is not its last one (ffmpeg second_level_segment_size)",
			steps: []step{
				writes("seg_0000_00000000.ts", "zero"), lacks("seg_0000_00000000.ts"),
				lists("index.m3u8", mediaPlaylist(0, "seg_0000_00043052.ts")), held("index.m3u8"),
				renames("seg_0000_00000000.ts", "seg_0000_00043052.ts"), stored("seg_0000_00043052.ts", "index.m3u8"),
				writes("seg_0001_00000000.ts", "one"),
				lists("index.m3u8", mediaPlaylist(0, "seg_0000_00043052.ts", "seg_0001_00047752.ts")),
				renames("seg_0001_00000000.ts", "seg_0001_00047752.ts"), stored("seg_0001_00047752.ts", "index.m3u8"),
			},
			want: []string{"index.m3u8", "seg_0000_00043052.ts", "seg_0001_00047752.ts"},
		},
		{
			name: "a file exists empty long before it is valid (ffmpeg init.mp4, WebVTT)",
			steps: []step{
				opens("init.mp4"), opens("stream_00.vtt"), lacks("init.mp4", "stream_00.vtt"),
				appends("init.mp4", "moov"), closes("init.mp4"),
				writes("stream_0.m4s", "zero"),
				lists("stream.m3u8", mediaPlaylist(0, `#EXT-X-MAP:URI="init.mp4"`, "stream_0.m4s")), stored("stream.m3u8"),
				lists("stream_vtt.m3u8", mediaPlaylist(0, "stream_00.vtt")), held("stream_vtt.m3u8"), lacks("stream_00.vtt"),
				appends("stream_00.vtt", "WEBVTT"), closes("stream_00.vtt"), stored("stream_vtt.m3u8"),
			},
			want: []string{"init.mp4", "stream.m3u8", "stream_0.m4s", "stream_00.vtt", "stream_vtt.m3u8"},
		},
	}
}

// crashes leave what looks finished to the kernel.
func crashes() []surprise {
	return []surprise{
		{
			name: "SIGKILL closes half a segment and an empty init section (ffmpeg, hlssink)",
			steps: []step{
				writes("seg_00000.ts", "zero"), lists("index.m3u8", mediaPlaylist(0, "seg_00000.ts")),
				opens("seg_00001.ts"), appends("seg_00001.ts", "on"), opens("init.mp4"),
				dies(), stored("index.m3u8"), lacks("seg_00001.ts", "init.mp4"),
			},
			want: []string{"index.m3u8", "seg_00000.ts"},
		},
		{
			name:   "SIGKILL empties an init section that the published playlist maps (ffmpeg append_list, hls_fmp4_init_resend)",
			settle: 50 * time.Millisecond,
			steps: []step{
				makes("hi"), makes("lo"), // what happens to lo shows that the time has come when hi could have followed
				writes("hi/init.mp4", "moov"), writes("hi/0.m4s", "zero"), lists("hi/index.m3u8", mediaPlaylist(0, initName, "0.m4s")),
				writes("lo/init.mp4", "moov"), writes("lo/0.m4s", "zero"), lists("lo/index.m3u8", mediaPlaylist(0, initName, "0.m4s")),
				stored("hi/index.m3u8", "lo/index.m3u8"),
				opens("hi/init.mp4"), dies(), writes("lo/init.mp4", "other moov"), stored("lo/init.mp4"), dealt(),
				writes("lo/init.mp4", "third moov"), stored("lo/init.mp4", "hi/init.mp4"),
			},
			want: []string{"hi/0.m4s", "hi/index.m3u8", "hi/init.mp4", "lo/0.m4s", "lo/index.m3u8", "lo/init.mp4"},
		},
		{
			name: "half a segment left by SIGKILL is written anew under its name (nginx-rtmp)",
			steps: []step{
				writes("stream-4.ts", "four"), lists("stream.m3u8", mediaPlaylist(4, "stream-4.ts")),
				opens("stream-5.ts"), appends("stream-5.ts", "fi"), dies(),
				stored("stream.m3u8"), lacks("stream-5.ts"), returns(),
				opens("stream-5.ts"), appends("stream-5.ts", "five"), lacks("stream-5.ts"), closes("stream-5.ts"),
				lists("stream.m3u8", mediaPlaylist(4, "stream-4.ts", "#EXT-X-DISCONTINUITY", "stream-5.ts")),
			},
			want: []string{"stream-4.ts", "stream-5.ts", "stream.m3u8"},
		},
		{
			name: "files are closed that nobody wrote, and named before their bytes are there (hlssink2 run anew)",
			steps: []step{
				opens("seg00000.ts"), appends("seg00000.ts", "old zero"),
				writes("playlist.m3u8", mediaPlaylist(0, "seg00000.ts")), closes("seg00000.ts"), stored("playlist.m3u8"),
				opens("seg00001.ts"), appends("seg00001.ts", "old one"),
				gio("playlist.m3u8", ".goutputstream-PSONZ3", mediaPlaylist(0, "seg00000.ts", "seg00001.ts")),
				closes("seg00001.ts"), stored("playlist.m3u8"),
				opens("seg00002.ts"), appends("seg00002.ts", "old t"), dies(), returns(),

				touches("seg00000.ts"), closes("seg00000.ts"),
				opens(".goutputstream-L3UIZ3"), appends(".goutputstream-L3UIZ3", "new zero"),
				means("seg00000.ts"), gio("playlist.m3u8", ".goutputstream-2FOIZ3", mediaPlaylist(0, "seg00000.ts")),
				held("playlist.m3u8"), lacks("seg00002.ts"),
				renames(".goutputstream-L3UIZ3", "seg00000.ts"), closes(".goutputstream-L3UIZ3"),
				stored("seg00000.ts", "playlist.m3u8"),
			},
			want: []string{"playlist.m3u8", "seg00000.ts", "seg00001.ts"},
		},
	}
}

// gio is how GIO replaces a file: the old one is opened and closed untouched, and both are closed after the rename.
func gio(name, temporary, text string) step {
	return all(touches(name), opens(temporary), appends(temporary, text), renames(temporary, name), closes(temporary), closes(name))
}

// namesUsedAgain come back with other bytes.
func namesUsedAgain() []surprise {
	return []surprise{
		{
			name: "an init section is truncated and written again with the same bytes (ffmpeg hls_fmp4_init_resend)",
			steps: []step{
				writes("init.mp4", "moov"), writes("0.m4s", "zero"), lists("index.m3u8", mediaPlaylist(0, initName, "0.m4s")),
				stored("init.mp4", "index.m3u8"),
				opens("init.mp4"), dealt(), appends("init.mp4", "moov"), closes("init.mp4"),
				writes("1.m4s", "one"), lists("index.m3u8", mediaPlaylist(0, initName, "0.m4s", "1.m4s")), stored("index.m3u8"),
				writes("init.mp4", "moov"), storedOnce("init.mp4"),
			},
			want: []string{"0.m4s", "1.m4s", "index.m3u8", "init.mp4"},
		},
		{
			name:   "an init section is another one at the end of the stream (shaka)",
			settle: 50 * time.Millisecond,
			steps: []step{
				writes("init.mp4", "moov"), writes("0.m4s", "zero"), lists("index.m3u8", mediaPlaylist(0, initName, "0.m4s")),
				stored("init.mp4", "index.m3u8"),
				opens("init.mp4"), dealt(), appends("init.mp4", "moov with a duration"), closes("init.mp4"), stored("init.mp4"),
			},
			want: []string{"0.m4s", "index.m3u8", "init.mp4"},
		},
		{
			name: "an init section is empty while the published playlist maps it (ffmpeg append_list, run anew)",
			steps: []step{
				writes("init.mp4", "moov"), writes("0.m4s", "zero"),
				lists("index.m3u8", mediaPlaylist(0, initName, "0.m4s", "#EXT-X-ENDLIST")), stored("index.m3u8"), returns(),
				opens("init.mp4"), dealt(), appends("init.mp4", "other moov"), closes("init.mp4"),
				writes("1.m4s", "one"),
				lists("index.m3u8", mediaPlaylist(0, initName, "0.m4s", "#EXT-X-DISCONTINUITY", "1.m4s")),
				stored("init.mp4", "index.m3u8"),
			},
			want: []string{"0.m4s", "1.m4s", "index.m3u8", "init.mp4"},
		},
		{
			name: "segments are written again under their names (ffmpeg, VLC, shaka run anew)",
			steps: []step{
				writes("0.ts", "old zero"), writes("1.ts", "old one"),
				lists("index.m3u8", mediaPlaylist(0, "0.ts", "1.ts", "#EXT-X-ENDLIST")), stored("index.m3u8"), returns(),
				opens("0.ts"), dealt(), appends("0.ts", "new zero"), closes("0.ts"),
				lists("index.m3u8", mediaPlaylist(0, "0.ts")), stored("0.ts", "index.m3u8"),
				writes("1.ts", "new one"), lists("index.m3u8", mediaPlaylist(0, "0.ts", "1.ts")), stored("1.ts", "index.m3u8"),
			},
			want: []string{"0.ts", "1.ts", "index.m3u8"},
		},
		{
			name: "segments go round in a ring of names (ffmpeg segment_wrap)",
			steps: []step{
				writes("0.ts", "zero"), writes("1.ts", "one"), lists("index.m3u8", mediaPlaylist(0, "0.ts", "1.ts")), stored("index.m3u8"),
				writes("2.ts", "two"), lists("index.m3u8", mediaPlaylist(1, "1.ts", "2.ts")), stored("index.m3u8"),
				writes("0.ts", "three"), lists("index.m3u8", mediaPlaylist(2, "2.ts", "0.ts")), stored("index.m3u8"),
				writes("1.ts", "four"), lists("index.m3u8", mediaPlaylist(3, "0.ts", "1.ts")), stored("index.m3u8"),
			},
			want: []string{"0.ts", "1.ts", "2.ts", "index.m3u8"},
		},
		{
			name: "a segment is deleted and comes back with other bytes (ffmpeg delete_segments, run anew)",
			steps: []step{
				writes("0.ts", "old zero"), writes("1.ts", "old one"), lists("index.m3u8", mediaPlaylist(0, "0.ts", "1.ts")), stored("index.m3u8"),
				removes("0.ts"), lists("index.m3u8", mediaPlaylist(1, "1.ts")), stored("index.m3u8"), dies(), returns(),
				lists("0.ts", "new zero"), lists("index.m3u8", mediaPlaylist(0, "0.ts")), stored("0.ts", "index.m3u8"),
			},
			want: []string{"0.ts", "1.ts", "index.m3u8"},
		},
	}
}

// playlistsAtWork are seen half written, early, late, or for nothing.
func playlistsAtWork() []surprise {
	same := multivariantPlaylist("hi.m3u8")
	return []surprise{
		{
			name: "playlists are empty under their last name (liquidsoap, ffmpeg 4.1)",
			steps: []step{
				writes("lo_0.ts", "zero"), writes("lo.m3u8", ""), lacks("lo.m3u8"),
				writes("lo.m3u8", mediaPlaylist(0, "lo_0.ts")), stored("lo.m3u8"),
				writes("lo.m3u8", mediaPlaylist(0, "lo_0.ts", "## again")), // and at once, before anybody has read it:
				writes("lo_1.ts", "one"), opens("lo.m3u8"), dealt(), appends("lo.m3u8", mediaPlaylist(0, "lo_0.ts", "## once more")), dealt(),
				appends("lo.m3u8", "#EXTINF:1.0,\nlo_1.ts\n"), closes("lo.m3u8"), stored("lo.m3u8"),
				opens("lo.m3u8"), dies(), dealt(), stored("lo.m3u8"),
			},
			want: []string{"lo.m3u8", "lo_0.ts", "lo_1.ts"},
		},
		{
			name: "the multivariant playlist comes before its playlists, one of which has no segments (nginx-rtmp, shaka)",
			steps: []step{
				lists("live.m3u8", multivariantPlaylist("hi.m3u8", "audio.m3u8")), held("live.m3u8"),
				writes("hi_0.ts", "zero"), lists("hi.m3u8", mediaPlaylist(0, "hi_0.ts")), stored("hi.m3u8"), held("live.m3u8"),
				lists("audio.m3u8", mediaPlaylist(0)), stored("audio.m3u8", "live.m3u8"),
				writes("audio_0.ts", "zero of audio"), lists("audio.m3u8", mediaPlaylist(0, "audio_0.ts")), stored("audio.m3u8"),
			},
			want: []string{"audio.m3u8", "audio_0.ts", "hi.m3u8", "hi_0.ts", "live.m3u8"},
		},
		{
			name: "a playlist comes from another folder, so that its new name is all there is to see (shaka)",
			steps: []step{
				writes("0.ts", "zero"), arrives("video.m3u8", mediaPlaylist(0, "0.ts")), stored("video.m3u8"),
				writes("1.ts", "one"), arrives("video.m3u8", mediaPlaylist(0, "0.ts", "1.ts")), stored("video.m3u8"),
			},
			want: []string{"0.ts", "1.ts", "video.m3u8"},
		},
		{
			name: "playlists are updated without a change (nginx-rtmp, shaka, ffmpeg -f dash)",
			steps: []step{
				writes("0.ts", "zero"), lists("hi.m3u8", mediaPlaylist(0, "0.ts")), lists("live.m3u8", same), stored("live.m3u8"),
				lists("hi.m3u8", mediaPlaylist(0, "0.ts")), lists("live.m3u8", same), dealt(),
				writes("hi.m3u8", mediaPlaylist(0, "0.ts")), writes("live.m3u8", same), arrives("live.m3u8", same),
				storedOnce("0.ts", "hi.m3u8", "live.m3u8"),
			},
			want: []string{"0.ts", "hi.m3u8", "live.m3u8"},
		},
	}
}

// playlistTexts are what the standard allows and few expect.
func playlistTexts() []surprise {
	const media = "#EXTM3U\r\n## Generated by a packager\r\n\r\n#EXT-X-VERSION:7\r\n#EXT-X-TARGETDURATION:1\r\n" +
		"#EXT-X-MAP:URI=\"init.mp4\",BYTERANGE=\"4@0\"\r\n#EXT-X-KEY:METHOD=AES-128,URI=\"0.key\"\r\n" +
		"#EXTINF:1.0,\r\n#EXT-X-BYTERANGE:4@0\r\nall.m4s\r\n#EXTINF:1.0,\r\n#EXT-X-BYTERANGE:3@4\r\nall.m4s\r\n" +
		"#EXT-X-KEY:METHOD=AES-128,URI=\"https://keys.example/1.key\"\r\n#EXTINF:1.0,\r\nhttps://cdn.example/2.m4s\r\n" +
		"\r\n#EXTINF:1.0,a title\r\n3%20of%20many.m4s"
	const multi = "#EXTM3U\n\n#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"s\",NAME=\"s\",URI=\"s.m3u8\"\n" +
		"#EXT-X-STREAM-INF:BANDWIDTH=300000,SUBTITLES=\"s\"\nv.m3u8\n\n"
	return []surprise{{
		name: "CRLF, no last newline, comments, blank lines, URLs, ranges, keys and maps (liquidsoap, GStreamer, shaka)",
		steps: []step{
			writes("multi.m3u8", multi), writes("v.m3u8", media), held("multi.m3u8", "v.m3u8"),
			writes("init.mp4", "moov"), writes("all.m4s", "zeroone"), writes("3 of many.m4s", "three"), held("v.m3u8"),
			writes("0.key", "0123456789abcdef"), stored("v.m3u8"), held("multi.m3u8"),
			writes("0.vtt", "WEBVTT"), writes("s.m3u8", strings.TrimSuffix(mediaPlaylist(0, "0.vtt", "#EXT-X-ENDLIST"), "\n")),
		},
		want: []string{"0.key", "0.vtt", "3 of many.m4s", "all.m4s", "init.mp4", "multi.m3u8", "s.m3u8", "v.m3u8"},
	}}
}

// deletedFiles are gone from the directory, and viewers still want them.
func deletedFiles() []surprise {
	return []surprise{
		{
			name: "every segment is deleted right after the last playlist names it (VLC delsegs)",
			steps: []step{
				away(), // more files than are on their way at once
				writes("1.ts", "one"), writes("2.ts", "two"), writes("3.ts", "three"), writes("4.ts", "four"), writes("5.ts", "five"), writes("6.ts", "six"),
				lists("stream.m3u8", mediaPlaylist(1, "1.ts", "2.ts", "3.ts", "4.ts", "5.ts", "6.ts", "#EXT-X-ENDLIST")),
				pinned("1.ts", "2.ts", "3.ts", "4.ts", "5.ts", "6.ts"), removes("1.ts", "2.ts", "3.ts", "4.ts", "5.ts", "6.ts"),
				back(), stored("stream.m3u8"),
			},
			want: []string{"1.ts", "2.ts", "3.ts", "4.ts", "5.ts", "6.ts", "stream.m3u8"},
		},
		{
			name: "segments and playlists are all deleted at the end (liquidsoap, nginx-rtmp)",
			steps: []step{
				writes("hi_0.ts", "zero"), lists("hi.m3u8", mediaPlaylist(0, "hi_0.ts")), lists("live.m3u8", multivariantPlaylist("hi.m3u8")),
				stored("live.m3u8"), removes("hi_0.ts", "hi.m3u8", "live.m3u8"), dealt(),
			},
			want: []string{"hi.m3u8", "hi_0.ts", "live.m3u8"},
		},
		{
			name: "segments are deleted while they are still listed (hlssink max-files)",
			steps: []step{
				writes("0.ts", "zero"), lists("playlist.m3u8", mediaPlaylist(0, "0.ts")), stored("playlist.m3u8"), removes("0.ts"),
				writes("1.ts", "one"), lists("playlist.m3u8", mediaPlaylist(0, "0.ts", "1.ts")), stored("playlist.m3u8"),
				away(), writes("2.ts", "two"), pinned("2.ts"), removes("1.ts", "2.ts"),
				lists("playlist.m3u8", mediaPlaylist(0, "0.ts", "1.ts", "2.ts")), back(), stored("playlist.m3u8"),
			},
			want: []string{"0.ts", "1.ts", "2.ts", "playlist.m3u8"},
		},
	}
}

// foldersAndNames appear before anybody can watch them, or are none of ours.
func foldersAndNames() []surprise {
	text := mediaPlaylist(0, "0.ts")
	return []surprise{
		{
			name: "files are in a new folder before it is watched (ffmpeg var_stream_map, strftime_mkdir)",
			steps: []step{
				makes("hi"), opens("hi/init_0.mp4"), makes("2026/11/22/0723"), writes("2026/11/22/0723/0.ts", "zero"),
				lists("index.m3u8", mediaPlaylist(0, "2026/11/22/0723/0.ts")), stored("index.m3u8"), lacks("hi/init_0.mp4"),
				appends("hi/init_0.mp4", "moov"), closes("hi/init_0.mp4"), makes("hi/0"), writes("hi/0/0.m4s", "zero"),
				lists("hi/index.m3u8", mediaPlaylist(0, `#EXT-X-MAP:URI="init_0.mp4"`, "0/0.m4s")), stored("hi/index.m3u8"),
			},
			want: []string{"2026/11/22/0723/0.ts", "hi/0/0.m4s", "hi/index.m3u8", "hi/init_0.mp4", "index.m3u8"},
		},
		{
			name: "temporary and private files lie among the others (every packager)",
			steps: []step{
				writes("index.m3u8.tmp", text), writes("0.ts.tmp", "zero"), writes("0.m4s.tmp", "zero"), writes("init.mp4.tmp", "moov"),
				writes("manifest.mpd.tmp", "<MPD/>"), writes("index.m3u8.bak", text), writes("manifest.mpd.bak", "<MPD/>"),
				writes("playlist.m3u8.Z37EZ3", text), writes(".goutputstream-PSONZ3", text),
				writes("packager-tempfile-686b-bc80ecf56fea9c62-1", text), writes("seg_0000_00000000_0000000000000.ts", "zero"),
				writes("stream-raw.m4v", "raw"), writes("stream-raw.m4v", "raw again"), writes("stream-raw.m4a", "raw"),
				writes("state.config", "{}"), writes("hls.keyinfo", "https://keys.example/0.key\n/etc/keys/0.key\n"),
				writes("0.ts", "zero"), lists("index.m3u8", text), stored("index.m3u8"), dealt(),
			},
			want: []string{"0.ts", "index.m3u8"},
		},
	}
}
