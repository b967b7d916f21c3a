//go:build linux

package main

import "syscall"

func gstreamerModes() []mode {
	const (
		source = "gst-launch-1.0 -q -e videotestsrc is-live=true pattern=$PATTERN ! video/x-raw,width=320,height=180,framerate=10/1 ! " +
			"x264enc speed-preset=ultrafast threads=1 key-int-max=10 bitrate=200 ! h264parse ! "
		numbered = " location=seg%05d.ts playlist-location=playlist.m3u8 target-duration=1 "
	)
	gst := func(sink, name, args string) mode {
		return mode{
			packager: "GStreamer " + sink, name: name, needs: []string{"gst-launch-1.0"},
			lines: []line{{command: source + args, stop: syscall.SIGINT}},
		}
	}
	return []mode{
		quick(gst("hlssink", "max-files=8 playlist-length=5", "mpegtsmux ! hlssink max-files=8 playlist-length=5"+numbered)),
		gst("hlssink", "max-files=3 playlist-length=5", "mpegtsmux ! hlssink max-files=3 playlist-length=5"+numbered),
		quick(gst("hlssink2", "max-files=8 playlist-length=5", "hlssink2 max-files=8 playlist-length=5"+numbered)),
		gst("hlssink2", "max-files=0 playlist-length=0, with sound", "hlssink2 name=sink max-files=0 playlist-length=0"+numbered+
			"audiotestsrc is-live=true ! audioconvert ! avenc_aac ! aacparse ! sink.audio"),
	}
}

// publisher sends a stream to the server's port.
func publisher(name string) line {
	return line{command: "ffmpeg $BOTH -f flv rtmp://127.0.0.1:$PORT/live/" + name, stop: syscall.SIGTERM}
}

func nginxModes() []mode {
	nginx := func(name, settings string, publishers ...line) mode {
		return mode{
			packager: "nginx-rtmp", name: name, needs: []string{"nginx-rtmp", "ffmpeg"},
			prepare: `cat > $SCRATCH/nginx.conf <<END
load_module $PACKAGERS/nginx/usr/lib/nginx/modules/ngx_rtmp_module.so;
user root;
daemon off;
pid $SCRATCH/nginx.pid;
error_log stderr warn;
events { worker_connections 64; }
rtmp { access_log off; server { listen 127.0.0.1:$PORT; application live {
	live on; hls on; hls_path $PWD; hls_fragment 1s;
	` + settings + `
} } }
END`,
			lines: append([]line{{command: "nginx-rtmp -p $SCRATCH -c $SCRATCH/nginx.conf", stop: syscall.SIGQUIT, listens: true}}, publishers...),
		}
	}
	// The cleaner deletes what is older than two playlists, and everything when nobody publishes any more.
	away := line{stop: syscall.SIGTERM, command: `sh -c 'trap "kill \$!" TERM; ` + publisher("stream").command + ` & wait; wait; sleep 9'`}
	return []mode{
		nginx("defaults", "hls_playlist_length 5s;", publisher("stream")),
		nginx("hls_playlist_length 3s, the cleaner after the end", "hls_playlist_length 3s;", away),
		nginx("hls_cleanup off, hls_fragment_naming system", "hls_playlist_length 5s; hls_cleanup off; hls_fragment_naming system;", publisher("stream")),
		nginx("hls_nested, hls_keys", "hls_playlist_length 5s; hls_nested on; hls_keys on; hls_key_path $PWD; hls_fragments_per_key 3;", publisher("stream")),
		nginx("hls_variant", "hls_playlist_length 5s; hls_variant _lo BANDWIDTH=100000; hls_variant _hi BANDWIDTH=200000;", publisher("stream_lo"), publisher("stream_hi")),
		nginx("hls_continuous off, hls_fragment_slicing aligned", "hls_playlist_length 5s; hls_continuous off; hls_fragment_slicing aligned;", publisher("stream")),
	}
}

func nodeModes() []mode {
	node := func(name, task string) mode {
		return mode{
			packager: "node-media-server", name: name, needs: []string{"node-media-server", "node", "ffmpeg"},
			prepare: `cat > $SCRATCH/server.js <<END
const Server = require('$PACKAGERS/node_modules/node-media-server');
new Server({
	logType: 1, rtmp: {port: $PORT, chunk_size: 60000, gop_cache: true, ping: 30, ping_timeout: 60},
	http: {port: 0, mediaroot: '$PWD', allow_origin: '*'},
	trans: {ffmpeg: '$(command -v ffmpeg)', tasks: [{app: 'live', hls: true, ` + task + `}]},
}).run();
END`,
			lines: []line{{command: "node $SCRATCH/server.js", stop: syscall.SIGTERM, listens: true}, publisher("stream")},
		}
	}
	return []mode{
		node("hlsFlags delete_segments", `hlsFlags: '[hls_time=1:hls_list_size=3:hls_flags=delete_segments]'`),
		node("hlsKeep", `hlsFlags: '[hls_time=1:hls_list_size=5]', hlsKeep: true`),
	}
}

func vlcModes() []mode {
	vlc := func(name, options string) mode {
		return mode{
			packager: "VLC livehttp", name: name, needs: []string{"vlc-live", "ffmpeg"},
			prepare: "mkfifo $SCRATCH/pipe; printf 0123456789abcdef > k.key",
			lines: []line{
				{command: "ffmpeg $BOTH -y -f mpegts $SCRATCH/pipe", stop: syscall.SIGTERM},
				{
					command: "vlc-live -I dummy --no-media-library - --sout '#std{access=livehttp{seglen=1," + options +
						",index=stream.m3u8,index-url=stream-########.ts},mux=ts{use-key-frames},dst=stream-########.ts}' < $SCRATCH/pipe",
					stop: syscall.SIGTERM,
				},
			},
		}
	}
	return []mode{
		vlc("delsegs, numsegs=5", "delsegs=true,numsegs=5"),
		vlc("delsegs=false, numsegs=0", "delsegs=false,numsegs=0"),
		vlc("key-uri, key-file", "delsegs=true,numsegs=5,key-uri=k.key,key-file=k.key"),
	}
}

func shakaModes() []mode {
	const live = " --segment_duration 1 --hls_playlist_type LIVE --time_shift_buffer_depth 5 --preserved_segments_outside_live_window 3"
	ts := func(master string) string {
		return `in=$SCRATCH/pipe,stream=video,segment_template='video_$Number%05d$.ts',playlist_name=video.m3u8 ` +
			`in=$SCRATCH/pipe,stream=audio,segment_template='audio_$Number%05d$.ts',playlist_name=audio.m3u8,hls_group_id=audio ` +
			"--hls_master_playlist_output " + master
	}
	fmp4 := func(extra string) string {
		return `in=$SCRATCH/pipe,stream=video,init_segment=video/init.mp4,segment_template='video/$Number$.m4s',playlist_name=video/video.m3u8` + extra +
			` in=$SCRATCH/pipe,stream=audio,init_segment=audio/init.mp4,segment_template='audio/$Number$.m4s',playlist_name=audio/audio.m3u8,hls_group_id=audio ` +
			"--hls_master_playlist_output master.m3u8"
	}
	shaka := func(name, args string) mode {
		return mode{
			packager: "Shaka Packager", name: name, needs: []string{"packager", "ffmpeg"}, prepare: "mkfifo $SCRATCH/pipe",
			// It ends when its input does.
			lines: []line{
				{command: "packager --quiet " + args},
				{command: "ffmpeg $BOTH -y -f mpegts -flush_packets 1 $SCRATCH/pipe", stop: syscall.SIGTERM},
			},
		}
	}
	vod := shaka("VOD, one file for each stream", `in=$SCRATCH/pipe,stream=video,output=video.mp4,playlist_name=video.m3u8 `+
		`in=$SCRATCH/pipe,stream=audio,output=audio.mp4,playlist_name=audio.m3u8,hls_group_id=audio `+
		"--hls_master_playlist_output master.m3u8 --segment_duration 1")
	vod.late = true
	return []mode{
		shaka("LIVE, MPEG-TS", ts("master.m3u8")+live),
		shaka("LIVE, MPEG-TS, absolute paths", ts("$PWD/master.m3u8")+live),
		shaka("LIVE, fMP4, --mpd_output", fmp4("")+live+" --mpd_output manifest.mpd"),
		shaka("EVENT, fMP4, I-frame playlist", fmp4(",iframe_playlist_name=video/iframe.m3u8")+" --segment_duration 1 --hls_playlist_type EVENT"),
		shaka("LIVE, MPEG-TS, AES-128", ts("master.m3u8")+live+" --enable_raw_key_encryption --protection_scheme cbcs --clear_lead 0 "+
			"--keys label=:key_id=00112233445566778899aabbccddeeff:key=ffeeddccbbaa99887766554433221100 --hls_key_uri https://keys.example.com/k"),
		vod,
	}
}

func liquidsoapModes() []mode {
	liquidsoap := func(name, format, settings string) mode {
		return mode{
			packager: "liquidsoap output.file.hls", name: name, needs: []string{"liquidsoap"},
			prepare: `for run in 0 1; do cat > $SCRATCH/radio$run.liq <<END
settings.init.allow_root.set(true)
settings.log.stdout.set(true)
settings.log.file.set(false)
tone = sine($(expr 440 + 110 \* $run).)
output.file.hls(playlist="live.m3u8", segment_duration=1.0, segments=5, segments_overhead=1` + settings + `,
  "$PWD", [("hi", ` + format + `), ("lo", ` + format + `)], tone)
END
done`,
			lines: []line{{command: "liquidsoap $SCRATCH/radio$RUN.liq", stop: syscall.SIGTERM}},
		}
	}
	return []mode{
		liquidsoap("%ffmpeg, mpegts", `%ffmpeg(format="mpegts", %audio(codec="aac", b="96k"))`, ""),
		liquidsoap("%mp3", "%mp3(bitrate=96, stereo=true)", ""),
		liquidsoap("%ffmpeg, mp4, persist_at", `%ffmpeg(format="mp4", movflags="+dash+skip_sidx+skip_trailer+frag_custom", frag_duration=10, %audio(codec="aac", b="96k"))`,
			`, persist_at="state.config"`),
	}
}
