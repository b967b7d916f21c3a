package main

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hlsship/hlsship/hls"
)

//go:embed clip/*.ts
var clipFiles embed.FS

const (
	// clipSegments is the number of embedded segments, each of clipDuration.
	clipSegments = 10
	clipDuration = time.Second
	// clipWindow is how many segments the playlist lists, clipKept how many more stay on disk.
	clipWindow = 8
	clipKept   = 4
)

// clip is a packager: it writes the embedded segments in a loop, one a second, as a live stream. Each
// time that the loop starts over the playlist says EXT-X-DISCONTINUITY.
type clip struct {
	dir string
	// first is the media sequence number of the first segment, discontinuities the discontinuity
	// sequence number that goes with it: both go on from a stream that ended in this folder.
	first, discontinuities uint64
}

// playClip plays the clip out in dir until ctx ends. It begins at 0 unless it is to carry on with what another packager wrote.
func playClip(ctx context.Context, dir string, carriesOn bool) error {
	c := clip{dir: dir}
	text, err := os.ReadFile(filepath.Join(dir, demoPlaylist))
	switch {
	case !carriesOn || errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fmt.Errorf("read the last playlist: %w", err)
	default:
		if last, err := hls.Parse(text); err == nil {
			if n, ok := last.LastSequence(); ok {
				c.first, c.discontinuities = n+1, last.DiscontinuitySequence+1
			}
		}
	}
	start := time.Now()
	for n := uint64(0); ; n++ {
		// Segment n is finished when its last frame has been "recorded".
		timer := time.NewTimer(time.Until(start.Add(time.Duration(n+1) * clipDuration)))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
		if err := c.write(n); err != nil {
			return fmt.Errorf("play the embedded clip: %w", err)
		}
	}
}

// write writes the segment n, then the playlist that lists it, then removes the segment that nobody
// needs any more.
func (c clip) write(n uint64) error {
	data, err := clipFiles.ReadFile(fmt.Sprintf("clip/clip%d.ts", n%clipSegments))
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.path(n), data, 0o644); err != nil {
		return err
	}
	target := filepath.Join(c.dir, demoPlaylist)
	if err := os.WriteFile(target+".tmp", []byte(c.playlist(n)), 0o644); err != nil {
		return err
	}
	if err := os.Rename(target+".tmp", target); err != nil {
		return err
	}
	if n < clipWindow+clipKept {
		return nil
	}
	return os.Remove(c.path(n - clipWindow - clipKept))
}

func (c clip) path(n uint64) string { return filepath.Join(c.dir, c.name(n)) }

func (c clip) name(n uint64) string { return fmt.Sprintf("clip%05d.ts", c.first+n) }

// playlist lists the segments up to n (RFC 8216 §4.3.3). The discontinuity sequence counts the tags
// that have left the window (RFC 8216 §6.2.2).
func (c clip) playlist(n uint64) string {
	oldest := uint64(0)
	if n >= clipWindow {
		oldest = n - clipWindow + 1
	}
	gone := c.discontinuities
	if oldest > 0 {
		gone += (oldest - 1) / clipSegments
	}
	var b strings.Builder
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:%d\n#EXT-X-MEDIA-SEQUENCE:%d\n#EXT-X-DISCONTINUITY-SEQUENCE:%d\n",
		int(clipDuration.Seconds()), c.first+oldest, gone)
	for i := oldest; i <= n; i++ {
		if i > 0 && i%clipSegments == 0 {
			b.WriteString("#EXT-X-DISCONTINUITY\n")
		}
		fmt.Fprintf(&b, "#EXTINF:%.3f,\n%s\n", clipDuration.Seconds(), c.name(i))
	}
	return b.String()
}
