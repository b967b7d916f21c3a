package watcher

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// TestFFmpeg lets the real packager write live streams. At the end every file that is left must have
// been reported with the bytes that it has, and every segment that a playlist ever named must have been
// reported, whole.
func TestFFmpeg(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		args []string
	}{
		{"default", nil},
		{"temp_file", []string{"-hls_flags", "temp_file"}},
		{"delete_segments", []string{"-hls_flags", "delete_segments", "-hls_list_size", "2", "-hls_delete_threshold", "1"}},
		{"fmp4", []string{"-hls_segment_type", "fmp4"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			x := start(t, nil)
			ctx, cancel := context.WithTimeout(context.Background(), patient)
			defer cancel()
			args := []string{"-nostdin", "-loglevel", "error", "-re",
				"-f", "lavfi", "-i", "testsrc2=size=320x180:rate=10", "-t", "4",
				"-c:v", "libx264", "-preset", "ultrafast", "-threads", "1", "-g", "5", "-f", "hls", "-hls_time", "0.5"}
			cmd := exec.CommandContext(ctx, "ffmpeg", append(append(args, c.args...), x.path("index.m3u8"))...)
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			ended := make(chan error, 1)
			check(t, cmd.Start())
			go func() {
				ended <- cmd.Wait()
				x.cancel()
			}()
			checkStream(t, x)
			if err := <-ended; err != nil {
				t.Fatalf("ffmpeg: %v\n%s", err, &stderr)
			}
		})
	}
}

// checkStream reads facts until the watcher ends and checks them.
func checkStream(t *testing.T, x *watch) {
	t.Helper()
	reported := make(map[string][]byte)
	named := make(map[string]bool)
	var last *hls.Playlist
	for f := range x.facts {
		if f.State == hls.Gone {
			continue
		}
		reported[f.Path] = read(t, f)
		release(f)
		if f.Kind == hls.Temporary {
			t.Errorf("%s is temporary", f.Path)
		}
		if f.Found && time.Since(f.Seen) < 0 {
			t.Errorf("%s was seen in the future", f.Path)
		}
		if f.Playlist == nil {
			continue
		}
		last = f.Playlist
		for _, ref := range f.Playlist.References {
			named[path.Clean(ref.URI)] = true
		}
	}
	check(t, <-x.ended)
	if last == nil || !last.Ended || len(named) < 5 {
		t.Fatalf("the stream did not end as it should: %d names, %+v", len(named), last)
	}
	for name := range named {
		if len(reported[name]) == 0 {
			t.Errorf("%s was named and not reported", name)
		}
	}
	entries, err := os.ReadDir(x.dir)
	check(t, err)
	for _, e := range entries {
		b, err := os.ReadFile(x.path(e.Name()))
		check(t, err)
		if !bytes.Equal(b, reported[e.Name()]) {
			t.Errorf("%s: reported %d bytes, the file has %d", e.Name(), len(reported[e.Name()]), len(b))
		}
	}
	if got := x.obs.got(); got[hls.ByQuiet] > 0 {
		t.Errorf("evidence %v, want no quiet", got)
	}
}
