//go:build linux

package main

import (
	"bytes"
	"fmt"
	"os/exec"
	"strconv"
	"syscall"
	"testing"

	"github.com/hlsship/hlsship/hls"
)

// dashSeconds is the run time of the streams with a DASH manifest.
const dashSeconds = 12

// dash starts ffmpeg, which writes a picture in real time with a DASH manifest, manifest.mpd, and a window of three
// segments of 1 s each; args are further ones of its output. There is no sound, since ffmpeg writes all lists anew for
// each rendition, milliseconds apart, which is too fast for any recorder.
func (l *live) dash(t *testing.T, picture string, seconds int, args ...string) *packager {
	t.Helper()
	path, found := findFFmpeg()
	if !found {
		t.Fatal("ffmpeg is not installed")
	}
	whole := []string{
		"-hide_banner", "-loglevel", "error", "-nostdin", "-re", "-f", "lavfi", "-i", picture + "=size=320x180:rate=10",
		"-t", strconv.Itoa(seconds),
		"-c:v", "libx264", "-preset", "ultrafast", "-threads", "1", "-g", "10", "-b:v", "200k",
		"-f", "dash", "-seg_duration", "1", "-window_size", "3", "-extra_window_size", "1",
	}
	p := &packager{cmd: exec.CommandContext(t.Context(), path, append(append(whole, args...), "manifest.mpd")...), complaint: &bytes.Buffer{}}
	p.cmd.Dir, p.cmd.Stderr = l.dir, p.complaint
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

// holdsManifest checks that manifest.mpd was shipped to its end, and that segments 1 to count were written and named.
// That the bucket holds them is checked by compare.
func (l *live) holdsManifest(t *testing.T, count int) {
	t.Helper()
	l.holds(t, "manifest.mpd")
	if p, err := hls.ParseFile("manifest.mpd", l.recorded("manifest.mpd"), hls.ParseOptions{}); err != nil || !p.Ended {
		l.accuse(l.unsure("manifest.mpd"), "manifest.mpd did not end: %+v, %v", p, err)
	}
	for n := range count {
		at := fmt.Sprintf("chunk-stream0-%05d.m4s", n+1)
		if _, named := l.mentions[at]; !named || len(l.recorded(at)) == 0 {
			l.accuse(l.unsure(at), "ffmpeg never wrote or never named %s", at)
		}
	}
	if inits := l.named(hls.Init); len(inits) != 1 || len(l.recorded(inits[0])) == 0 {
		l.accuse(l.unsure("init-stream0.m4s"), "init sections: got %v, want one", inits)
	}
}

// One set of segments below HLS playlists and a DASH manifest, whose timeline says which are there.
func liveManifest(t *testing.T) (why string) {
	l := newLive(t)
	program := l.ship(t)
	l.dash(t, "testsrc", dashSeconds, "-hls_playlist", "1").ends(t)
	l.finish(t, program)
	l.holdsManifest(t, dashSeconds)
	for _, list := range []string{"master.m3u8", "media_0.m3u8"} {
		l.holds(t, list)
	}
	return l.verdict(t)
}

// A manifest that leaves it to the clock which segments are there; the program is killed in the middle of it.
func liveManifestNumbers(t *testing.T) (why string) {
	const killed, back = 4, 7
	l := newLive(t)
	program := l.ship(t)
	// What is finished while no program runs is still there when the next one looks, however slow the machine.
	ffmpeg := l.dash(t, "testsrc", dashSeconds, "-use_timeline", "0", "-extra_window_size", strconv.Itoa(dashSeconds))
	await(t, l.seen, fmt.Sprintf("chunk-stream0-%05d.m4s", killed))
	l.interrupt(false)
	program.signal(t, syscall.SIGKILL)
	program.exits(t, -1)
	await(t, l.seen, fmt.Sprintf("chunk-stream0-%05d.m4s", back))
	program = l.ship(t)
	l.resume()
	ffmpeg.ends(t)
	l.finish(t, program)
	l.holdsManifest(t, dashSeconds)
	return l.verdict(t)
}

// The packager is killed and starts anew: the names that playlists and manifest share come back with other bytes.
func liveManifestPackagerKilled(t *testing.T) (why string) {
	const before = 5
	l := newLive(t)
	program := l.ship(t)
	first := l.dash(t, "testsrc", 10*dashSeconds, "-hls_playlist", "1")
	await(t, l.seen, fmt.Sprintf("chunk-stream0-%05d.m4s", before))
	first.kill(t)
	old := l.recorded("chunk-stream0-00001.m4s")
	l.dash(t, "testsrc2", dashSeconds-before, "-hls_playlist", "1").ends(t)
	l.finish(t, program)
	l.holdsManifest(t, dashSeconds-before)
	if bytes.Equal(old, l.recorded("chunk-stream0-00001.m4s")) {
		t.Error("the first segment came back with the same bytes, so that its coming back was not tested")
	}
	return l.verdict(t)
}
