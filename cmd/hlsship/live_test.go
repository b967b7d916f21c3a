//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// The live end-to-end tests: ffmpeg in real time, the program in a process of its own, and a real S3
// server, with a recorder and a viewer beside them that know nothing of how the program works.

// Run time of a stream in seconds, and so about its segments, each of 1 s.
const (
	liveSeconds   = 20
	outageSeconds = 15
)

// TestLive takes as long as its longest stream. The streams run at the same time on a machine of any
// size: they wait far more than they compute, so that the limit of parallel tests is not for them.
func TestLive(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("ships in real time")
	}
	if _, found := findFFmpeg(); !found {
		t.Skip("ffmpeg is not installed")
	}
	var streams sync.WaitGroup
	for name, test := range map[string]func(*testing.T) (why string){
		"transport stream":                    liveTransportStream,
		"renditions":                          liveRenditions,
		"packager killed":                     livePackagerKilled,
		"slow store":                          liveSlowStore,
		"outage":                              liveOutage,
		"program killed":                      liveProgramKilled,
		"manifest":                            liveManifest,
		"manifest by numbers, program killed": liveManifestNumbers,
		"manifest, packager killed":           liveManifestPackagerKilled,
	} {
		streams.Go(func() { t.Run(name, func(t *testing.T) { judged(t, test) }) })
	}
	streams.Wait()
}

// A sliding window of segments that ffmpeg deletes.
func liveTransportStream(t *testing.T) (why string) {
	l := newLive(t)
	program := l.ship(t)
	l.packager(t, "testsrc", liveSeconds,
		"-hls_list_size", "4", "-hls_flags", "delete_segments", "-hls_delete_threshold", "1", "index.m3u8").ends(t)
	l.finish(t, program)
	l.holds(t, "index.m3u8")
	l.holdsSegments(t, "index%d.ts", liveSeconds)
	if _, err := os.Stat(filepath.Join(l.dir, "index0.ts")); err == nil {
		t.Error("ffmpeg did not delete index0.ts, so that its deleting was not tested")
	}
	return l.verdict(t)
}

// Two renditions of fragmented MP4 in folders of their own, below a multivariant playlist.
func liveRenditions(t *testing.T) (why string) {
	l := newLive(t)
	program := l.ship(t)
	l.packager(t, "testsrc", liveSeconds,
		"-map", "0:v", "-var_stream_map", "v:0,name:hi v:1,name:lo", "-hls_segment_type", "fmp4", "-hls_list_size", "4",
		"-hls_flags", "delete_segments+temp_file", "-hls_delete_threshold", "1", "-hls_segment_filename", "%v/seg%d.m4s",
		"-master_pl_name", "master.m3u8", "-master_pl_publish_rate", "3", "%v/index.m3u8").ends(t)
	l.finish(t, program)
	l.holds(t, "master.m3u8")
	if lists := l.named(hls.MultivariantPlaylist); len(lists) != 1 {
		t.Errorf("multivariant playlists: got %v, want one", lists)
	}
	for _, folder := range []string{"hi/", "lo/"} {
		l.holds(t, folder+"index.m3u8")
		l.holdsSegments(t, folder+"seg%d.m4s", liveSeconds)
	}
	if inits := l.named(hls.Init); len(inits) != 2 {
		t.Errorf("init sections: got %v, want one in each folder", inits)
	}
	return l.verdict(t)
}

// The packager is killed in the middle of its work and starts anew: the same names come back with other
// bytes and smaller sequence numbers, while a viewer still plays the old ones.
func livePackagerKilled(t *testing.T) (why string) {
	const before = 8
	l := newLive(t)
	program := l.ship(t)
	first := l.packager(t, "testsrc", 10*liveSeconds, "index.m3u8")
	await(t, l.seen, fmt.Sprintf("index%d.ts", before-1))
	first.kill(t)
	old := l.recorded("index0.ts")
	l.packager(t, "testsrc2", liveSeconds-before, "index.m3u8").ends(t)
	l.finish(t, program)
	l.holds(t, "index.m3u8")
	l.holdsSegments(t, "index%d.ts", liveSeconds-before)
	if string(old) == string(l.recorded("index0.ts")) {
		t.Error("index0.ts came back with the same bytes, so that its coming back was not tested")
	}
	return l.verdict(t)
}

// A PUT takes longer than a segment lasts, so that a newer playlist is always there before what the last
// one named is stored; and the packager starts anew in the middle of it.
func liveSlowStore(t *testing.T) (why string) {
	const before = 7
	l := newLive(t)
	l.slow(1300 * time.Millisecond)
	program := l.ship(t)
	first := l.packager(t, "testsrc", outageSeconds, "-hls_list_size", "3", "index.m3u8")
	await(t, l.seen, fmt.Sprintf("index%d.ts", before-1))
	first.kill(t)
	l.packager(t, "testsrc2", outageSeconds-before, "-hls_list_size", "3", "index.m3u8").ends(t)
	l.finish(t, program)
	l.holds(t, "index.m3u8")
	l.holdsSegments(t, "index%d.ts", outageSeconds-before)
	if n := l.viewer.Counts().Publications; n < outageSeconds/3 {
		t.Errorf("publications: got %d of about %d, want a third at least", n, outageSeconds)
	}
	return l.verdict(t)
}

// The store refuses everything for longer than the packager keeps its segments.
func liveOutage(t *testing.T) (why string) {
	const from, to = 4, 10
	l := newLive(t)
	program := l.ship(t)
	ffmpeg := l.packager(t, "testsrc", outageSeconds,
		"-hls_list_size", "2", "-hls_flags", "delete_segments", "-hls_delete_threshold", "1", "index.m3u8")
	await(t, l.seen, fmt.Sprintf("index%d.ts", from))
	l.interrupt(true)
	await(t, l.seen, fmt.Sprintf("index%d.ts", to))
	for n := from + 1; n <= from+2; n++ {
		name := fmt.Sprintf("index%d.ts", n)
		if _, err := os.Stat(filepath.Join(l.dir, name)); err == nil {
			t.Errorf("ffmpeg did not delete %s in the outage, so that nothing was at risk", name)
		}
	}
	l.resume()
	ffmpeg.ends(t)
	l.finish(t, program)
	l.holds(t, "index.m3u8")
	l.holdsSegments(t, "index%d.ts", outageSeconds)
	if l.refused.Load() == 0 {
		t.Error("nothing was asked of the store in the outage")
	}
	return l.verdict(t)
}

// The program is killed in the middle of the stream and starts anew: it must find out by itself what is
// stored and what was finished while nobody looked.
func liveProgramKilled(t *testing.T) (why string) {
	const killed, back = 4, 7
	l := newLive(t)
	program := l.ship(t)
	ffmpeg := l.packager(t, "testsrc", outageSeconds, "index.m3u8")
	await(t, l.seen, fmt.Sprintf("index%d.ts", killed))
	l.interrupt(false)
	program.signal(t, syscall.SIGKILL)
	program.exits(t, -1)
	await(t, l.seen, fmt.Sprintf("index%d.ts", back))
	program = l.ship(t)
	l.resume()
	ffmpeg.ends(t)
	l.finish(t, program)
	l.holds(t, "index.m3u8")
	l.holdsSegments(t, "index%d.ts", outageSeconds)
	return l.verdict(t)
}
