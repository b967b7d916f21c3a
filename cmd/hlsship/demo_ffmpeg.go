package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// errKilled ends a packager that is to be killed.
var errKilled = errors.New("killed")

func findFFmpeg() (string, bool) {
	path, err := exec.LookPath("ffmpeg")
	return path, err == nil
}

// runFFmpeg makes a test picture with a clock and a beep until ctx ends or ffmpeg does, which is an
// error that says why. Builds and machines without drawtext or fonts get the picture's own timer.
func runFFmpeg(ctx context.Context, path, dir string) error {
	const clock = "drawtext=text='%{localtime\\:%T}':fontsize=42:fontcolor=white:box=1:boxcolor=black@0.6:boxborderw=12:x=(w-tw)/2:y=h-th-28"
	err := tryFFmpeg(ctx, path, dir, clock)
	if _, absent := os.Stat(filepath.Join(dir, demoPlaylist)); absent == nil || ctx.Err() != nil {
		return err
	}
	return tryFFmpeg(ctx, path, dir, "null")
}

// tryFFmpeg runs ffmpeg with the filter on the picture.
func tryFFmpeg(ctx context.Context, path, dir, filter string) error {
	var complaint bytes.Buffer
	cmd := exec.CommandContext(ctx, path,
		"-hide_banner", "-loglevel", "error", "-nostdin",
		"-re", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25",
		"-re", "-f", "lavfi", "-i", "sine=frequency=220:beep_factor=4:sample_rate=48000",
		"-vf", filter,
		"-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p", "-threads", "1",
		"-g", "25", "-keyint_min", "25", "-sc_threshold", "0", "-b:v", "1200k", "-maxrate", "1500k", "-bufsize", "1500k",
		"-c:a", "aac", "-b:a", "64k", "-ac", "2",
		"-f", "hls", "-hls_time", "1", "-hls_list_size", "8",
		"-hls_flags", "delete_segments+omit_endlist+program_date_time+independent_segments",
		"-hls_segment_filename", filepath.Join(dir, "live%05d.ts"), filepath.Join(dir, demoPlaylist))
	cmd.Stderr = &complaint
	detach(cmd)
	cmd.Cancel = func() error {
		if errors.Is(context.Cause(ctx), errKilled) {
			return cmd.Process.Kill()
		}
		return cmd.Process.Signal(syscall.SIGTERM)
	}
	cmd.WaitDelay = 3 * time.Second
	err := cmd.Run()
	if last := lastLine(complaint.String()); last != "" && err != nil {
		return fmt.Errorf("%w: %s", err, last)
	}
	if err == nil {
		return errors.New("exit status 0")
	}
	return err
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
