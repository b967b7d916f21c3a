package main

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
	"github.com/hlsship/hlsship/uploader/storetest"
	"github.com/hlsship/hlsship/verify"
)

// looked is a store in memory that is asked by a survey. busy is how often it says that later would be better.
type looked struct {
	*storetest.Memory
	mu   sync.Mutex
	busy int
	asks []string
}

func (l *looked) turn(op, key string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asks = append(l.asks, op+" "+key)
	if l.busy > 0 {
		l.busy--
		return &store.Error{Op: op, Key: key, Err: os.ErrDeadlineExceeded}
	}
	return nil
}

func (l *looked) headers(ctx context.Context, key string) http.Header {
	h := http.Header{}
	if contentType, cacheControl, err := l.Headers(ctx, key); err == nil {
		h.Set("Content-Type", contentType)
		h.Set("Cache-Control", cacheControl)
	}
	return h
}

func (l *looked) Fetch(ctx context.Context, key string, limit int64) ([]byte, store.Info, http.Header, error) {
	if err := l.turn("get", key); err != nil {
		return nil, store.Info{}, nil, err
	}
	data, info, err := l.Get(ctx, key, limit)
	return data, info, l.headers(ctx, key), err
}

func (l *looked) Look(ctx context.Context, key string) (store.Info, http.Header, error) {
	if err := l.turn("stat", key); err != nil {
		return store.Info{}, nil, err
	}
	info, err := l.Stat(ctx, key)
	return info, l.headers(ctx, key), err
}

func (l *looked) put(t *testing.T, key, text string, finished time.Time) {
	t.Helper()
	o := store.Object{Key: key, Body: strings.NewReader(text), Size: int64(len(text)), Finished: finished}
	if _, err := l.Put(t.Context(), o); err != nil {
		t.Fatal(err)
	}
}

// TestSurveyLooksTwice is about a version that the packager wrote a moment ago: it is no fault if it is published before the
// second look, and one if it is not, though the packager has written another by then.
func TestSurveyLooksTwice(t *testing.T) {
	t.Parallel()
	versions := []string{"#EXTM3U\n#EXTINF:2,\na.ts\n", "#EXTM3U\n#EXTINF:2,\na.ts\n#EXTINF:2,\nb.ts\n", "#EXTM3U\n#EXTINF:2,\na.ts\n#EXTINF:2,\nb.ts\n#EXTINF:2,\nc.ts\n"}
	for name, published := range map[string]bool{"comes": true, "does not": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				write := func(text string) {
					path := filepath.Join(dir, "live.m3u8")
					if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
						t.Fatal(err)
					}
					if err := os.Chtimes(path, time.Now(), time.Now()); err != nil {
						t.Fatal(err)
					}
				}
				l := &looked{Memory: storetest.NewMemory()}
				for _, key := range []string{"a.ts", "b.ts", "c.ts"} {
					l.put(t, key, "segment", time.Time{})
				}
				l.put(t, "live.m3u8", versions[0], time.Now())
				time.Sleep(time.Minute)
				write(versions[1])
				begin := time.Now()
				time.AfterFunc(verify.Patience/2, func() {
					if published {
						l.put(t, "live.m3u8", versions[1], begin)
					}
					write(versions[2])
				})
				s := survey{store: l, dir: dir, heads: 10, workers: 2}
				report, err := s.run(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				if took := time.Since(begin); took != verify.Patience {
					t.Errorf("it waited %v", took)
				}
				if (report.Counts[verify.Stale] == 0) != published || report.Total() != report.Counts[verify.Stale] {
					t.Errorf("got %+v", report)
				}
			})
		})
	}
}

// TestSurveyAsksLittle is about what a survey costs: one listing tells of most objects, headers are asked of no more than it may, and
// a store that is busy is asked again.
func TestSurveyAsksLittle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &looked{Memory: storetest.NewMemory(), busy: 2}
		var b strings.Builder
		b.WriteString("#EXTM3U\n")
		for _, name := range strings.Split("abcdefghijklmnopqrst", "") {
			b.WriteString("#EXTINF:2,\n" + name + ".ts\n")
			l.put(t, "live/"+name+".ts", "segment", time.Time{})
			l.put(t, "live/"+name+"-that-nothing-names.ts", "segment", time.Time{})
		}
		l.put(t, "live/live.m3u8", b.String()+"#EXTINF:2,\nmissing.ts\n", time.Time{})
		s := survey{store: l, config: verify.Config{Prefix: "live/"}, heads: 5, workers: 1}
		report, err := s.run(t.Context())
		if err != nil || report.Total() != 1 || report.Counts[verify.Missing] != 1 || report.Files != 21 || report.Headed != 6 {
			t.Errorf("%v, %+v", err, report)
		}
		want := "get live/live.m3u8, get live/live.m3u8, get live/live.m3u8, stat live/a.ts, stat live/e.ts, stat live/i.ts, stat live/m.ts, stat live/missing.ts, stat live/q.ts"
		if got := strings.Join(l.asks, ", "); got != want {
			t.Errorf("asked %s", got)
		}
	})
}
