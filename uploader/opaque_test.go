package uploader_test

import (
	"context"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// opaque is a store whose ETags are no MD5, as with SSE-KMS.
type opaque struct {
	*storetest.Memory
	puts map[string]int
}

const veil = "-1"

func (s opaque) Put(ctx context.Context, o uploader.Object) (string, error) {
	s.puts[o.Key]++
	o.IfMatch = strings.TrimSuffix(o.IfMatch, veil)
	etag, err := s.Memory.Put(ctx, o)
	return etag + veil, err
}

func (s opaque) Stat(ctx context.Context, key string) (uploader.Info, error) {
	info, err := s.Memory.Stat(ctx, key)
	info.ETag += veil
	return info, err
}

func (s opaque) Get(ctx context.Context, key string, limit int64) ([]byte, uploader.Info, error) {
	content, info, err := s.Memory.Get(ctx, key, limit)
	info.ETag += veil
	return content, info, err
}

func (s opaque) List(ctx context.Context, prefix string) iter.Seq2[uploader.Info, error] {
	return func(yield func(uploader.Info, error) bool) {
		for info, err := range s.Memory.List(ctx, prefix) {
			info.ETag += veil
			if !yield(info, err) {
				return
			}
		}
	}
}

// TestRunRecognisesByTime begins anew on a store that does not tell bytes apart.
func TestRunRecognisesByTime(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(f *hls.File)
		puts   int
	}{
		"stored after it was finished":              {func(*hls.File) {}, 1},
		"finished after another was stored":         {func(f *hls.File) { f.Version.ModTime = time.Now().Add(-time.Second).UnixNano() }, 2},
		"seen to be finished, whatever its time is": {func(f *hls.File) { f.Found = false }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				store := opaque{storetest.NewMemory(), map[string]int{}}
				segment, list := fact("a.ts", "media"), fact("x.m3u8", oneSegment)
				ship := func() {
					t.Helper()
					log, err := run(t, t.Context(), store, nil, func(facts chan<- hls.File) {
						facts <- segment
						facts <- list
						time.Sleep(10 * time.Second)
					})
					if err != nil {
						t.Errorf("run: %v: %s", err, log)
					}
				}
				ship()
				time.Sleep(time.Minute)
				list = fact("x.m3u8", oneSegment+"# once more\n")
				segment.Found, segment.Seen, list.Found = true, time.Now(), true
				tt.change(&segment)
				segment.Source = sameAs(segment)
				ship()
				if got := store.puts["live/a.ts"]; got != tt.puts {
					t.Errorf("the segment was put %d times, want %d", got, tt.puts)
				}
			})
		})
	}
}

// sameAs returns a Source of five bytes with the version of f.
func sameAs(f hls.File) hls.Source {
	d := newDisk()
	n := &inode{number: f.Version.Inode, content: []byte("media"), mtime: f.Version.ModTime}
	return &held{ctx: context.Background(), disk: d, pinned: pinned{n, f.Version}, name: f.Path}
}
