package watcher

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// TestRewrittenInPlace rewrites a playlist as liquidsoap does, without a pause and in several writes,
// and checks that no state in between is ever reported, and that the last one is.
func TestRewrittenInPlace(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	const updates = 300
	text := func(i int) string {
		var names []string
		for n := range 5 + i%50 {
			names = append(names, fmt.Sprintf("seg_%d_%d.ts", i, n))
		}
		return playlist(names...) + fmt.Sprintf("## update %d\n", i)
	}
	whole := make(map[string]int)
	for i := range updates {
		whole[text(i)] = i
	}
	failed := make(chan error, 1)
	go func() {
		failed <- func() error {
			for i := range updates {
				f, err := os.Create(x.path("live.m3u8"))
				if err != nil {
					return err
				}
				for s := text(i); s != ""; {
					n := min(len(s), 100)
					if _, err := f.WriteString(s[:n]); err != nil {
						return err
					}
					s = s[n:]
				}
				if err := f.Close(); err != nil {
					return err
				}
			}
			return nil
		}()
	}()
	last := -1
	for last < updates-1 {
		f := x.next()
		i, ok := whole[string(f.Content)]
		if !ok {
			t.Fatalf("reported a half playlist after update %d:\n%s", last, f.Content)
		}
		if i <= last {
			t.Fatalf("update %d came after %d", i, last)
		}
		last = i
	}
	check(t, <-failed)
	if rest := x.stop(); len(rest) > 0 {
		t.Errorf("reported again: %v", paths(rest))
	}
}

func TestPlaylists(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	multi := "#EXTM3U\r\n#EXT-X-STREAM-INF:BANDWIDTH=1000\r\nlow/index.m3u8\r\n"
	x.write("master.m3u8", multi)
	f := x.settled("master.m3u8", multi)
	if f.Kind != hls.MultivariantPlaylist || len(f.Playlist.References) != 1 || f.Source != nil {
		t.Errorf("got %+v", f)
	}
	// Identical bytes of a multivariant playlist are no news, in place or by a rename.
	for range 3 {
		x.write("master.m3u8", multi)
		x.write("master.m3u8.tmp", multi)
		x.rename("master.m3u8.tmp", "master.m3u8")
	}
	x.barrier()
	check(t, os.Remove(x.path("master.m3u8")))
	x.gone("master.m3u8")
	x.write("master.m3u8", multi)
	x.settled("master.m3u8", multi)
	noNewline := strings.TrimSuffix(playlist("a.ts"), "\n")
	x.write("index.m3u8", noNewline)
	if f := x.settled("index.m3u8", noNewline); f.Kind != hls.MediaPlaylist || f.Playlist.Segments != 1 {
		t.Errorf("got %+v", f.Playlist)
	}
}

func TestBadPlaylistsAreRefused(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	x.write("empty.m3u8", "")
	x.write("text.m3u8", "not a playlist\n")
	x.write("text.m3u8", "not a playlist either\n")
	f := x.open("large.m3u8")
	check(t, f.Truncate(hls.MaxPlaylistSize+1))
	check(t, f.Close())
	x.barrier()
	x.obs.until(t, "refusals", func(r *recorder) bool {
		return r.refused[hls.RefusedPlaylist] >= 1 && r.refused[hls.RefusedSize] == 1 && len(r.refused) == 2
	})
	if log := x.log.String(); strings.Count(log, "text.m3u8") != 1 || strings.Contains(log, "empty.m3u8") {
		t.Errorf("log:\n%s", log)
	}
	x.write("text.m3u8", playlist("a.ts"))
	x.settled("text.m3u8", playlist("a.ts"))
}

func TestPlaylistWithoutLeases(t *testing.T) {
	t.Parallel()
	x := start(t, func(c *Config) { c.Settle = time.Hour }, withProbe(cannotTell))
	for i := range 20 {
		text := playlist(fmt.Sprintf("seg_%d.ts", i))
		x.write("index.m3u8.bak", text)
		x.rename("index.m3u8.bak", "index.m3u8")
		x.settled("index.m3u8", text)
	}
	x.evidence("rename", 20)
}
