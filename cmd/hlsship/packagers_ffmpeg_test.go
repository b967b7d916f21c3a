//go:build linux

package main

import (
	"syscall"
)

// ffmpegHLS is a mode of ffmpeg -f hls with segments of 1 s. source is VIDEO or BOTH.
func ffmpegHLS(name, source, args string) mode {
	return ffmpegMode("ffmpeg -f hls", name, "ffmpeg", "$"+source+" -f hls -hls_time 1 "+args)
}

func ffmpegMode(packager, name, program, args string) mode {
	return mode{
		packager: packager, name: name, needs: []string{program},
		lines: []line{{command: program + " -y " + args, stop: syscall.SIGTERM}},
	}
}

// quick has make test run the mode too.
func quick(m mode) mode {
	m.quick = true
	return m
}

// ready is the mode with a script that is run before.
func ready(m mode, prepare string) mode {
	m.prepare = prepare
	return m
}

// ffmpegModes are those of ffmpeg's HLS muxer.
func ffmpegModes() []mode {
	const (
		twoVariants = "-map 0:v -map 0:v -var_stream_map 'v:0,name:hi v:1,name:lo' -master_pl_name master.m3u8 "
		sound       = "-map 0:v -map 0:v -map 1:a -var_stream_map 'a:0,agroup:aud,name:aud v:0,agroup:aud,name:hi v:1,agroup:aud,name:lo' "
		fixedKey    = "printf 0123456789abcdef > k.key; printf 'k.key\\nk.key\\n' > $SCRATCH/keyinfo"
		// The key changes every 3 s, each time under another name.
		rotation = `sh -c 'n=0; while :; do k=key$RUN-$n.key; head -c 16 /dev/urandom > $k; printf "$k\n$k\n" > $SCRATCH/next; ` +
			`mv $SCRATCH/next $SCRATCH/keyinfo; n=$((n+1)); sleep 3; done'`
		captions = `for s in $(seq -w 0 50); do printf '%d\n00:00:%s,000 --> 00:00:%s,900\nat %s\n\n' 1$s $s $s $s; done > $SCRATCH/captions.srt`
	)
	rekeyed := ffmpegHLS("periodic_rekey+temp_file", "VIDEO",
		"-hls_key_info_file $SCRATCH/keyinfo -hls_flags periodic_rekey+temp_file index.m3u8")
	rekeyed.prepare = fixedKey
	rekeyed.lines = append([]line{{command: rotation, stop: syscall.SIGTERM}}, rekeyed.lines...)
	based := ffmpegHLS("-hls_base_url https://…, hlsship --public-url https://…", "VIDEO",
		"-hls_base_url https://cdn.example.com/live/media/ -hls_segment_filename media/seg%d.ts index.m3u8")
	based.prepare, based.public = "mkdir media", "https://cdn.example.com/live/"
	sized := ffmpegHLS("-hls_segment_size 120000", "VIDEO", "-hls_segment_size 120000 index.m3u8")
	sized.holdsBack = true // a file appears when it is full
	captioned := ffmpegHLS("var_stream_map with sgroup (WebVTT)", "VIDEO",
		"-map 0:v -map 1:s -c:s webvtt -var_stream_map 'v:0,s:0,sgroup:subs' -master_pl_name master.m3u8 -hls_segment_filename stream_%v_%d.ts stream_%v.m3u8")
	captioned.prepare = captions
	captioned.lines[0].command = `ffmpeg -y -hide_banner -loglevel error -nostdin -re -f lavfi -i $CLIP=size=320x180:rate=10 -re -i $SCRATCH/captions.srt ` +
		`-c:v libx264 -preset ultrafast -pix_fmt yuv420p -threads 1 -g 10 -b:v 200k -map 0:v -map 1:s -c:s webvtt -f hls -hls_time 1 ` +
		`-var_stream_map v:0,s:0,sgroup:subs -master_pl_name master.m3u8 stream_%v.m3u8`
	return []mode{
		ffmpegHLS("defaults", "VIDEO", "index.m3u8"),
		ffmpegHLS("temp_file", "BOTH", "-hls_flags temp_file index.m3u8"),
		ffmpegHLS("delete_segments", "VIDEO", "-hls_list_size 3 -hls_flags delete_segments index.m3u8"),
		quick(ffmpegHLS("delete_segments+temp_file, -hls_delete_threshold 1", "VIDEO",
			"-hls_list_size 3 -hls_flags delete_segments+temp_file -hls_delete_threshold 1 index.m3u8")),
		quick(ffmpegHLS("append_list", "VIDEO", "-hls_flags append_list index.m3u8")),
		ffmpegHLS("append_list+delete_segments+omit_endlist+temp_file", "VIDEO",
			"-hls_list_size 3 -hls_flags append_list+delete_segments+omit_endlist+temp_file index.m3u8"),
		ffmpegHLS("append_list, fmp4", "VIDEO", "-hls_segment_type fmp4 -hls_flags append_list index.m3u8"),
		ffmpegHLS("-hls_start_number_source epoch, delete_segments", "VIDEO",
			"-hls_start_number_source epoch -hls_list_size 3 -hls_flags delete_segments index.m3u8"),
		ffmpegHLS("single_file", "VIDEO", "-hls_flags single_file index.m3u8"),
		ffmpegHLS("single_file, fmp4", "VIDEO", "-hls_segment_type fmp4 -hls_flags single_file index.m3u8"),
		sized,
		ffmpegHLS("program_date_time+independent_segments", "BOTH", "-hls_flags program_date_time+independent_segments index.m3u8"),
		ffmpegHLS("fmp4", "BOTH", "-hls_segment_type fmp4 index.m3u8"),
		quick(ffmpegHLS("fmp4, temp_file+delete_segments", "VIDEO",
			"-hls_segment_type fmp4 -hls_list_size 3 -hls_flags temp_file+delete_segments -hls_delete_threshold 1 index.m3u8")),
		ffmpegHLS("fmp4, -hls_fmp4_init_resend 1", "VIDEO", "-hls_segment_type fmp4 -hls_fmp4_init_resend 1 index.m3u8"),
		ffmpegHLS("var_stream_map, a folder for each", "VIDEO", twoVariants+"%v/index.m3u8"),
		quick(ffmpegHLS("var_stream_map, fmp4, delete_segments+temp_file, -master_pl_publish_rate 3", "VIDEO",
			twoVariants+"-hls_segment_type fmp4 -hls_list_size 3 -hls_flags delete_segments+temp_file -master_pl_publish_rate 3 %v/index.m3u8")),
		ffmpegHLS("var_stream_map with agroup, fmp4", "BOTH",
			sound+"-hls_segment_type fmp4 -hls_segment_filename %v_%d.m4s -master_pl_name master.m3u8 %v.m3u8"),
		captioned,
		quick(ffmpegHLS("second_level_segment_index, _duration, _size", "VIDEO",
			"-strftime 1 -hls_flags second_level_segment_index+second_level_segment_duration+second_level_segment_size "+
				"-hls_segment_filename seg_%Y%m%d%H%M%S_%%04d_%%08s_%%013t.ts index.m3u8")),
		ffmpegHLS("-strftime 1, delete_segments", "VIDEO",
			"-strftime 1 -hls_list_size 3 -hls_flags delete_segments -hls_segment_filename seg_%Y%m%d%H%M%S.ts index.m3u8"),
		ffmpegHLS("-strftime_mkdir 1", "VIDEO", "-strftime 1 -strftime_mkdir 1 -hls_segment_filename %Y/%m/%d/%H%M/seg_%S.ts index.m3u8"),
		ready(ffmpegHLS("-hls_key_info_file", "VIDEO", "-hls_key_info_file $SCRATCH/keyinfo index.m3u8"), fixedKey),
		rekeyed,
		ffmpegHLS("-hls_enc 1", "VIDEO", "-hls_enc 1 -hls_enc_key 30313233343536373839616263646566 -hls_enc_iv 30313233343536373839616263646566 -hls_enc_key_url k.key index.m3u8"),
		ffmpegHLS("-hls_playlist_type event", "VIDEO", "-hls_playlist_type event index.m3u8"),
		ffmpegHLS("-hls_playlist_type vod", "VIDEO", "-hls_playlist_type vod index.m3u8"),
		based,
	}
}

// otherFFmpegModes are those of its other muxers, and of an ffmpeg that writes playlists in place.
func otherFFmpegModes() []mode {
	segment := func(name, args string) mode {
		return ffmpegMode("ffmpeg -f segment", name, "ffmpeg", "$VIDEO -f segment -segment_time 1 -segment_list_flags +live "+args)
	}
	dash := func(name, args string) mode {
		return ffmpegMode("ffmpeg -f dash", name, "ffmpeg",
			"$BOTH -f dash -hls_playlist 1 -seg_duration 1 -window_size 5 -extra_window_size 3 "+args+" manifest.mpd")
	}
	old := func(name, source, args string) mode {
		return ffmpegMode("ffmpeg of 2018", name, "ffmpeg-2018", "$"+source+" -f hls -hls_time 1 "+args+" index.m3u8")
	}
	wrapped := segment("-segment_wrap 6", "-segment_list index.m3u8 -segment_list_size 4 -segment_wrap 6 seg_%05d.ts")
	wrapped.rings = true
	buffered := old("single_file", "VIDEO", "-hls_flags single_file")
	buffered.holdsBack = true // what it names is not on disk for seconds
	return []mode{
		quick(segment("-segment_list", "-segment_list index.m3u8 seg_%05d.ts")),
		segment("-segment_list_size 5, 4 Mb/s", "-b:v 4M -segment_list index.m3u8 -segment_list_size 5 seg_%05d.ts"),
		wrapped,
		dash("-hls_playlist 1", ""),
		dash("-hls_playlist 1 -streaming 1 -ldash 1 -lhls 1", "-streaming 1 -ldash 1 -lhls 1 -strict experimental"),
		dash("-hls_playlist 1 -single_file 1", "-single_file 1"),
		old("defaults", "VIDEO", ""),
		old("delete_segments+temp_file", "VIDEO", "-hls_list_size 3 -hls_flags delete_segments+temp_file"),
		old("-hls_playlist_type event", "VIDEO", "-hls_playlist_type event"),
		old("-hls_playlist_type vod", "VIDEO", "-hls_playlist_type vod"),
		buffered,
		old("fmp4", "VIDEO", "-hls_segment_type fmp4"),
		ffmpegMode("ffmpeg of 2018", "var_stream_map", "ffmpeg-2018",
			"$VIDEO -map 0:v -map 0:v -f hls -hls_time 1 -var_stream_map 'v:0 v:1' -master_pl_name master.m3u8 v%v/index.m3u8"),
		ffmpegMode("ffmpeg of 2018", "-f dash -hls_playlist 1", "ffmpeg-2018",
			"$BOTH -f dash -hls_playlist 1 -seg_duration 1 -window_size 5 -extra_window_size 3 manifest.mpd"),
	}
}
