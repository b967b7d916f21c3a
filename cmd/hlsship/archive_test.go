//go:build linux

package main

import (
	"context"
	"flag"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
	"github.com/hlsship/hlsship/uploader/storetest"
)

var archiveFiles = flag.Int("archive.files", 20_000, "how many segments TestArchive finds in the directory and in the bucket")

// counted counts the requests to a store that concern one object, and those for a listing, which has foreign objects as well.
type counted struct {
	store.Store
	foreign             int
	puts, others, lists atomic.Int64
}

func (c *counted) List(ctx context.Context, prefix string) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		c.lists.Add(1)
		for n := range c.foreign {
			if !yield(store.Info{Key: fmt.Sprintf("%sother/%09d.ts", prefix, n), Size: 15, ETag: "0123456789abcdef0123456789abcdef"}, nil) {
				return
			}
		}
		for info, err := range c.Store.List(ctx, prefix) {
			if !yield(info, err) {
				return
			}
		}
	}
}

func (c *counted) Put(ctx context.Context, o store.Object) (string, error) {
	c.puts.Add(1)
	return c.Store.Put(ctx, o)
}

func (c *counted) Stat(ctx context.Context, key string) (store.Info, error) {
	c.others.Add(1)
	return c.Store.Stat(ctx, key)
}

// TestArchive starts on a directory of very many segments and a bucket of fifty times as many, in which three of them are
// missing and one has other bytes. A stream goes on meanwhile, and must not wait.
func TestArchive(t *testing.T) {
	if testing.Short() {
		t.Skip("writes many files")
	}
	t.Parallel()
	archived := *archiveFiles
	r := newReplay(t, never)
	memory := storetest.NewMemory()
	bucket := &counted{Store: memory, foreign: 49 * archived}
	name := func(n int) string { return fmt.Sprintf("seg%d.ts", n) }
	absent := map[int]bool{archived / 3: true, archived / 2: true, archived - 20: true}
	differs := archived / 4
	for n := range archived {
		content := fmt.Sprintf("segment %7d", n)
		r.check(os.WriteFile(r.path(name(n)), []byte(content), 0o600))
		if absent[n] {
			continue
		}
		if n == differs {
			content = strings.ToUpper(content) // of the same size
		}
		_, err := memory.Put(t.Context(), store.Object{Key: replayPrefix + name(n), Body: strings.NewReader(content), Size: int64(len(content))})
		r.check(err)
	}
	r.check(os.WriteFile(filepath.Join(r.dir, "index.m3u8"), []byte(slidingPlaylist(archived-1)), 0o600))

	var last atomic.Int64 // the newest segment published
	memory.OnChange = func(key string, content []byte) {
		text := string(content)
		r.note(func() { r.stored[strings.TrimPrefix(key, replayPrefix)] = text })
		if i := strings.LastIndex(text, "seg"); strings.HasSuffix(key, ".m3u8") && i >= 0 {
			var n int64
			_, err := fmt.Sscanf(text[i:], "seg%d.ts", &n)
			r.check(err)
			last.Store(n)
		}
	}
	began := time.Now()
	r.faults = storetest.NewFaults(bucket)
	stop := r.ship(time.Second, true)
	for n := archived; n < archived+3; n++ {
		lists(name(n), fmt.Sprintf("segment %7d", n))(r)
		lists("index.m3u8", slidingPlaylist(n))(r)
		r.until("the live edge", func() bool { return last.Load() >= int64(n) })
		if n == archived {
			t.Logf("a new segment was published %v after the start", time.Since(began).Round(time.Millisecond))
		}
	}
	r.until("the backlog", func() bool {
		ok := r.stored[name(differs)] == fmt.Sprintf("segment %7d", differs)
		for n := range absent {
			ok = ok && r.stored[name(n)] != ""
		}
		return ok
	})
	t.Logf("the bucket was whole %v after the start", time.Since(began).Round(time.Millisecond))
	r.check(stop())
	// Three new segments, what was missing, what differed, and at most a playlist for each list.
	if got := bucket.puts.Load(); got > 3+3+1+4 {
		t.Errorf("%d PUTs, want none for what the bucket has", got)
	}
	if got := bucket.lists.Load(); got != 1 {
		t.Errorf("the bucket was listed %d times", got)
	}
	if got := bucket.others.Load(); got > 20 {
		t.Errorf("%d objects were asked for one by one", got)
	}
}

// slidingPlaylist ends with segment n.
func slidingPlaylist(n int) string {
	const window = 6
	var b strings.Builder
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%d\n", n-window+1)
	for i := n - window + 1; i <= n; i++ {
		fmt.Fprintf(&b, "#EXTINF:2,\nseg%d.ts\n", i)
	}
	return b.String()
}
