package watcher

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// segments returns a media playlist of n segments, which have a letter in their names.
func segments(letter string, n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("%s%d.ts", letter, i))
	}
	return playlist(all...)
}

// fourPlaylists returns an account with room for four playlists of ten segments, of which large ones together may take
// three and a half, and each two at most.
func fourPlaylists() *hls.Account {
	return hls.NewAccount(4 * hls.Cost(int64(len(segments("a", 10))), 10))
}

// waiting waits until as many playlists wait for memory.
func (x *watch) waiting(n int) {
	x.t.Helper()
	x.obs.until(x.t, fmt.Sprintf("%d playlists that wait", n), func(r *recorder) bool { return r.waiting == n })
}

// TestPlaylistsWaitForMemory has playlists take almost all the memory that large ones may.
func TestPlaylistsWaitForMemory(t *testing.T) {
	t.Parallel()
	account := fourPlaylists()
	x := start(t, func(c *Config) { c.Memory = account })
	var held []hls.File
	for _, name := range []string{"a", "b", "c"} {
		x.write(name+".m3u8", segments(name, 10))
		f := x.settled(name+".m3u8", segments(name, 10))
		if want := hls.Cost(int64(len(f.Content)), 10); f.Share.Bytes() != want {
			t.Errorf("%s has %d bytes, want %d", f.Path, f.Share.Bytes(), want)
		}
		held = append(held, f)
	}
	x.write("d.m3u8", segments("d", 10))
	x.waiting(1)
	x.write("d.m3u8.tmp", segments("e", 10))
	x.rename("d.m3u8.tmp", "d.m3u8") // another version while it waits
	x.write("small.m3u8", segments("s", 1))
	x.settled("small.m3u8", segments("s", 1)) // gets in
	x.write("seg.ts", "bytes")
	x.settled("seg.ts", "bytes")
	x.waiting(1)
	held[1].Share.Release()
	x.settled("d.m3u8", segments("e", 10)) // the newest one
	x.waiting(0)
	x.write("f.m3u8", segments("f", 10))
	x.write("g.m3u8", segments("g", 9))
	x.waiting(2)
	check(t, os.Remove(x.path("g.m3u8"))) // is gone while it waits
	x.waiting(1)
	x.write("i.m3u8", segments("i", 5))
	x.waiting(2)
	held[0].Share.Release() // is enough for one of the two
	x.settled("i.m3u8", segments("i", 5))
	x.waiting(1)
	x.write("never.m3u8", segments("n", 30)) // would not fit if it were alone
	x.obs.until(t, "a refusal", func(r *recorder) bool { return r.refused[hls.RefusedSize] == 1 })
	log := x.log.String()
	if strings.Count(log, "playlist waits for memory") != 4 || !strings.Contains(log, "cure=") || strings.Contains(log, "small.m3u8") {
		t.Errorf("log:\n%s", log)
	}
	for _, f := range x.stop() {
		t.Errorf("reported %s", f.Path)
	}
}

// TestMemoryIsGivenBack has playlists read of which nothing becomes, and checks that nothing is left of them.
func TestMemoryIsGivenBack(t *testing.T) {
	t.Parallel()
	account := fourPlaylists()
	x := start(t, func(c *Config) { c.Memory = account })
	text := segments("a", 10)
	x.write("a.m3u8", text)
	f := x.settled("a.m3u8", text)
	f.Share.Release()
	multi := "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000\nlow/index.m3u8\n"
	x.write("multi.m3u8", multi)
	f = x.settled("multi.m3u8", multi)
	f.Share.Release()
	for range 20 {
		x.write("multi.m3u8", multi) // the same bytes
		x.write("b.m3u8", "no playlist")
		x.write("many.m3u8", segments("m", 40))
	}
	x.barrier()
	x.write("c.m3u8", segments("c", 10)) // nobody takes it
	x.obs.until(t, "the last one", func(r *recorder) bool { return r.evidence[hls.ByClose]+r.evidence[hls.ByLease] == 4 })
	x.cancel()
	for f := range x.facts {
		release(f)
	}
	check(t, <-x.ended)
	if used := account.Used(); used != 0 {
		t.Errorf("%d bytes are still taken", used)
	}
}

// TestRefusedPlaylistIsLeftAlone rewrites a playlist that names too much over and over. It is read once in a while.
func TestRefusedPlaylistIsLeftAlone(t *testing.T) {
	t.Parallel()
	x := start(t, func(c *Config) { c.Memory = fourPlaylists() })
	x.write("x.m3u8", segments("x", 30))
	x.obs.until(t, "a refusal", func(r *recorder) bool { return r.refused[hls.RefusedSize] == 1 })
	began := time.Now()
	for i := range 30 {
		x.write("x.m3u8", segments("x", 31+i%2))
		x.write("other.m3u8", segments(fmt.Sprint("o", i), 1))
		x.settled("other.m3u8", segments(fmt.Sprint("o", i), 1)).Share.Release()
	}
	x.write("x.m3u8", segments("x", 2))
	x.settled("x.m3u8", segments("x", 2))
	if took := time.Since(began); took < firstRest*9/10 {
		t.Errorf("it was read again after %v", took)
	}
	x.obs.until(t, "few refusals", func(r *recorder) bool { return r.refused[hls.RefusedSize] <= 2 })
}

func TestPauses(t *testing.T) {
	t.Parallel()
	tooLarge := &edition{reason: hls.RefusedSize}
	for _, c := range []struct {
		name     string
		refusals int
		e        *edition
		want     time.Duration
	}{
		{"quick", 3, &edition{took: slowText}, 0},
		{"slow", 0, &edition{took: time.Second}, restFactor * time.Second},
		{"the same, and slow", 0, &edition{took: time.Second, same: true}, restFactor * time.Second},
		{"too large", 0, tooLarge, firstRest},
		{"too large again", 3, tooLarge, 8 * firstRest},
		{"too large for ever", 1000, tooLarge, lastRest},
		{"slow and too large", 0, &edition{took: 10 * time.Second, reason: hls.RefusedSize}, restFactor * 10 * time.Second},
		{"no playlist", 2, &edition{reason: hls.RefusedPlaylist}, 0},
	} {
		q := &reading{refusals: c.refusals}
		if got := q.pause(c.e); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// TestLargePlaylistThatYieldsIsLeftAlone: a large playlist that gave up its memory is read again, and after that not before some seconds,
// however often somebody asks; one that is small, or that its packager wrote anew, waits for nothing.
func TestLargePlaylistThatYieldsIsLeftAlone(t *testing.T) {
	t.Parallel()
	account := hls.NewAccount(8 << 20)
	x := start(t, func(c *Config) { c.Memory = account })
	large, small := segments("large", 400), segments("small", 10)
	x.write("large.m3u8", large)
	x.settled("large.m3u8", large).Share.Release()
	x.write("small.m3u8", small)
	x.settled("small.m3u8", small).Share.Release()
	x.w.Look("large.m3u8")
	x.settled("large.m3u8", large).Share.Release() // once at once
	for range 3 {
		x.w.Look("large.m3u8")
		x.w.Look("small.m3u8")
		x.settled("small.m3u8", small).Share.Release()
		x.barrier() // and not the large one
	}
}
