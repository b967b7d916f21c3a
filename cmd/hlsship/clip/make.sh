#!/bin/sh
# Makes the ten one-second segments of the stream that "hlsship demo" plays where ffmpeg is not installed.
# Needs ffmpeg with libx264 and the DejaVu fonts.
set -eu
cd "$(dirname "$0")"

font=${FONT:-/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf}

rm -f clip*.ts

# A slow gradient, the second of the loop in large figures, a bar that fills within each second, and a
# beep every second.
ffmpeg -hide_banner -loglevel error -y \
	-f lavfi -i "gradients=size=640x360:rate=25:duration=10:speed=0.012:nb_colors=3:seed=7:c0=0x0b1026:c1=0x14345f:c2=0x0f5f66:x0=0:y0=0:x1=640:y1=360" \
	-f lavfi -i "color=c=0x22304d:size=480x6:rate=25:duration=10" \
	-f lavfi -i "color=c=0x5eead4:size=480x6:rate=25:duration=10" \
	-f lavfi -i "sine=frequency=220:beep_factor=4:sample_rate=48000:duration=10" \
	-filter_complex "[1:v][2:v]overlay=x='-480+480*mod(t+0.04,1)':y=0[bar];
		[0:v][bar]overlay=x=80:y=272,
		drawtext=fontfile=$font:text='%{eif\:t+1\:d}':fontsize=150:fontcolor=white:x=(w-tw)/2:y=(h-th)/2-25,
		drawtext=fontfile=$font:text='embedded clip, played out live':fontsize=17:fontcolor=white@0.75:x=(w-tw)/2:y=306[v]" \
	-map "[v]" -map 3:a -t 10 \
	-c:v libx264 -preset veryslow -profile:v main -pix_fmt yuv420p -b:v 180k -maxrate 200k -bufsize 200k \
	-g 25 -keyint_min 25 -sc_threshold 0 -bf 0 \
	-c:a aac -b:a 32k -ac 1 \
	-f hls -hls_time 1 -hls_list_size 0 -hls_segment_filename 'clip%d.ts' clip.m3u8

rm -f clip.m3u8
