//go:build linux

package main

// grownFiles are appended to until the stream ends, and closed then.
func grownFiles() []surprise {
	const mapped = `#EXT-X-MAP:URI="all.mp4",BYTERANGE="4@0"`
	return []surprise{
		{
			name: "one file grows for as long as the stream lasts, and its ranges are named (ffmpeg single_file)",
			steps: []step{
				opens("all.ts"), grows("all.ts", "zero"), lists("index.m3u8", mediaPlaylist(0, "#EXT-X-BYTERANGE:4@0", "all.ts")),
				stored("index.m3u8"),
				grows("all.ts", "one"), grows("all.ts", "tw"),
				lists("index.m3u8", mediaPlaylist(0, "#EXT-X-BYTERANGE:4@0", "all.ts", "#EXT-X-BYTERANGE:3@4", "all.ts")), stored("index.m3u8"),
				grows("all.ts", "o"),
				lists("index.m3u8", mediaPlaylist(1, "#EXT-X-BYTERANGE:3@4", "all.ts", "#EXT-X-BYTERANGE:3@7", "all.ts")), stored("index.m3u8"),
				closes("all.ts"),
				lists("index.m3u8", mediaPlaylist(1, "#EXT-X-BYTERANGE:3@4", "all.ts", "#EXT-X-BYTERANGE:3@7", "all.ts", "#EXT-X-ENDLIST")),
				stored("all.ts", "index.m3u8"),
			},
			want: []string{"all.ts", "index.m3u8"},
		},
		{
			name: "the file that grows begins with its init section (ffmpeg single_file with fMP4)",
			steps: []step{
				opens("all.mp4"), grows("all.mp4", "moov"), lacks("all.mp4"),
				grows("all.mp4", "zero"), lists("index.m3u8", mediaPlaylist(0, mapped, "#EXT-X-BYTERANGE:4@4", "all.mp4")), stored("index.m3u8"),
				grows("all.mp4", "one"),
				lists("index.m3u8", mediaPlaylist(0, mapped, "#EXT-X-BYTERANGE:4@4", "all.mp4", "#EXT-X-BYTERANGE:3@8", "all.mp4")), stored("index.m3u8"),
				closes("all.mp4"), stored("all.mp4"),
			},
			want: []string{"all.mp4", "index.m3u8"},
		},
		{
			name: "ranges are named before they are written (ffmpeg 4.1 single_file)",
			steps: []step{
				opens("all.ts"), writes("index.m3u8", mediaPlaylist(0, "#EXT-X-BYTERANGE:4@0", "all.ts")), held("index.m3u8"), lacks("all.ts"),
				grows("all.ts", "ze"), held("index.m3u8"), grows("all.ts", "ro"), stored("index.m3u8"),
				writes("index.m3u8", mediaPlaylist(0, "#EXT-X-BYTERANGE:4@0", "all.ts", "#EXT-X-BYTERANGE:3@4", "all.ts")), held("index.m3u8"),
				grows("all.ts", "one"), stored("index.m3u8"), closes("all.ts"), stored("all.ts"),
			},
			want: []string{"all.ts", "index.m3u8"},
		},
		{
			name: "a file grows while the store is away (ffmpeg single_file)",
			steps: []step{
				opens("all.ts"), grows("all.ts", "zero"), lists("index.m3u8", mediaPlaylist(0, "#EXT-X-BYTERANGE:4@0", "all.ts")),
				stored("index.m3u8"), away(),
				grows("all.ts", "one"), lists("index.m3u8", mediaPlaylist(0, "#EXT-X-BYTERANGE:4@0", "all.ts", "#EXT-X-BYTERANGE:3@4", "all.ts")),
				grows("all.ts", "two"), lists("index.m3u8", mediaPlaylist(1, "#EXT-X-BYTERANGE:3@4", "all.ts", "#EXT-X-BYTERANGE:3@7", "all.ts")),
				grows("all.ts", "thr"), back(), stored("index.m3u8"), closes("all.ts"), stored("all.ts"),
			},
			want: []string{"all.ts", "index.m3u8"},
		},
		{
			name: "a file that grew is truncated and grows anew (ffmpeg single_file, killed and run anew)",
			steps: []step{
				opens("all.ts"), grows("all.ts", "old zero"), lists("index.m3u8", mediaPlaylist(0, "#EXT-X-BYTERANGE:8@0", "all.ts")), stored("index.m3u8"),
				grows("all.ts", "old one"),
				lists("index.m3u8", mediaPlaylist(0, "#EXT-X-BYTERANGE:8@0", "all.ts", "#EXT-X-BYTERANGE:7@8", "all.ts")), stored("index.m3u8"),
				dies(), returns(),
				opens("all.ts"), dealt(), grows("all.ts", "new zero"),
				lists("index.m3u8", mediaPlaylist(0, "#EXT-X-BYTERANGE:8@0", "all.ts")), stored("index.m3u8"),
				grows("all.ts", "new one"),
				lists("index.m3u8", mediaPlaylist(0, "#EXT-X-BYTERANGE:8@0", "all.ts", "#EXT-X-BYTERANGE:7@8", "all.ts")), stored("index.m3u8"),
				closes("all.ts"), stored("all.ts"),
			},
			want: []string{"all.ts", "index.m3u8"},
		},
	}
}

// grows writes to a file that is open, whose bytes are finished as soon as they are written.
func grows(name, text string) step {
	return func(r *replay) {
		w := r.writing[name]
		r.viewer.Grown(w.path, []byte(w.text+text))
		appends(name, text)(r)
	}
}
