package uploader_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/headers"
	"github.com/hlsship/hlsship/uploader/store"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// run ships facts into store and returns what Run said and logged.
func run(t *testing.T, ctx context.Context, store store.Store, set func(*uploader.Config), send func(facts chan<- hls.File)) (logged string, err error) {
	t.Helper()
	var buf bytes.Buffer
	c := uploader.Config{Store: store, Prefix: "live/", Conditional: true, Logger: slog.New(slog.NewTextHandler(&buf, nil))}
	if set != nil {
		set(&c)
	}
	up, err := uploader.New(c)
	if err != nil {
		t.Fatal(err)
	}
	facts := make(chan hls.File)
	go func() {
		defer close(facts)
		send(facts)
	}()
	err = up.Run(ctx, facts)
	return buf.String(), err
}

// fact is a finished file; a playlist if content is one.
func fact(name, content string) hls.File {
	d := newDisk()
	d.write(name, []byte(content), false)
	f, _ := d.fact(context.Background(), name, false)
	return f
}

const oneSegment = "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\na.ts\n"

func TestRunHeaders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		_, err := run(t, t.Context(), m, func(c *uploader.Config) {
			c.Headers.CacheControl = map[string]string{"segment": "public, max-age=31536000, immutable"}
			c.Include = func(name string) bool { return strings.HasSuffix(name, ".jpg") }
		}, func(facts chan<- hls.File) {
			facts <- fact("v/a.ts", "media")
			facts <- fact("v/k.key", "0123456789abcdef")
			facts <- fact("v/i.mp4", "init")
			facts <- fact("v/x.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXT-X-KEY:METHOD=AES-128,URI=\"k.key\"\n#EXT-X-MAP:URI=\"i.mp4\"\n#EXTINF:6,\na.ts\n")
			facts <- fact("v/ended.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXTINF:6,\na.ts\n#EXT-X-ENDLIST\n")
			facts <- fact("master.m3u8", "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv/x.m3u8\n")
			facts <- fact("thumb.jpg", "picture")
			facts <- fact("notes.txt", "nobody names it")
		})
		if err != nil {
			t.Fatal(err)
		}
		want := map[string][2]string{
			"live/v/a.ts":       {"video/mp2t", "public, max-age=31536000, immutable"},
			"live/v/k.key":      {"application/octet-stream", "private, no-store"},
			"live/v/i.mp4":      {"video/mp4", "public, max-age=24"}, // the window and three segments
			"live/v/x.m3u8":     {"application/vnd.apple.mpegurl", "public, max-age=3"},
			"live/v/ended.m3u8": {"application/vnd.apple.mpegurl", "public, max-age=10"},
			"live/master.m3u8":  {"application/vnd.apple.mpegurl", "public, max-age=60"},
			"live/thumb.jpg":    {"image/jpeg", "public, max-age=60"},
		}
		for key := range m.Contents() {
			w, ok := want[key]
			if !ok {
				t.Errorf("%s was stored, though nothing asks for it", key)
			}
			contentType, cacheControl, err := m.Headers(t.Context(), key)
			if err != nil || contentType != w[0] || cacheControl != w[1] {
				t.Errorf("%s: got %q, %q (%v), want %q", key, contentType, cacheControl, err, w)
			}
			delete(want, key)
		}
		for key := range want {
			t.Errorf("%s is missing", key)
		}
	})
}

func TestRunDrain(t *testing.T) {
	t.Parallel()
	t.Run("waits for the store to come back", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			m := storetest.NewMemory()
			faults := storetest.NewFaults(m)
			lift := faults.Inject(storetest.Incident{Fault: storetest.Outage()})
			time.AfterFunc(30*time.Second, lift)
			start := time.Now()
			logged, err := run(t, t.Context(), faults, nil, func(facts chan<- hls.File) {
				facts <- fact("a.ts", "media")
				facts <- fact("x.m3u8", oneSegment)
			})
			if err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took < 30*time.Second || took > 33*time.Second {
				t.Errorf("took %v, want the outage of 30s and at most a back-off", took)
			}
			if n := strings.Count(logged, "store does not answer"); n != 1 {
				t.Errorf("the outage was logged %d times, want once:\n%s", n, logged)
			}
			if !strings.Contains(logged, "store answers again") {
				t.Errorf("the recovery was not logged:\n%s", logged)
			}
		})
	})
	t.Run("does not wait for as long as the store asks", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			faults := storetest.NewFaults(storetest.NewMemory())
			faults.Inject(storetest.Incident{Op: "put", Fault: storetest.SlowDown(time.Minute), Times: 4})
			start := time.Now()
			_, err := run(t, t.Context(), faults, nil, func(facts chan<- hls.File) {
				facts <- fact("a.ts", "media")
				facts <- fact("x.m3u8", oneSegment)
			})
			if took := time.Since(start); err != nil || took > 3*time.Second {
				t.Errorf("took %v (%v), want four back-offs of our own", took, err)
			}
		})
	})
	t.Run("names what is left", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			faults := storetest.NewFaults(storetest.NewMemory())
			faults.Inject(storetest.Incident{Op: "put", Fault: storetest.Stall()})
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			_, err := run(t, ctx, faults, nil, func(facts chan<- hls.File) {
				facts <- fact("a.ts", "media")
				facts <- fact("x.m3u8", oneSegment)
			})
			left, ok := errors.AsType[*uploader.Unshipped](err)
			if !ok || !slices.Equal(left.Files, []string{"a.ts", "x.m3u8"}) {
				t.Errorf("got %v, want a.ts and x.m3u8 unshipped", err)
			}
		})
	})
	t.Run("does not wait for what never comes", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			start := time.Now()
			_, err := run(t, t.Context(), storetest.NewMemory(), nil, func(facts chan<- hls.File) {
				facts <- fact("x.m3u8", oneSegment)
			})
			left, ok := errors.AsType[*uploader.Unshipped](err)
			if !ok || !slices.Equal(left.Files, []string{"x.m3u8"}) {
				t.Errorf("got %v, want x.m3u8 unshipped", err)
			}
			if took := time.Since(start); took > 5*time.Second {
				t.Errorf("took %v", took)
			}
		})
	})
}

func TestRunWarnsOnceOfWhatIsHeld(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		logged, _ := run(t, t.Context(), storetest.NewMemory(), nil, func(facts chan<- hls.File) {
			facts <- fact("x.m3u8", oneSegment)
			time.Sleep(time.Minute)
		})
		if n := strings.Count(logged, "playlist held back"); n != 1 || !strings.Contains(logged, "waits_for=a.ts reason=missing") {
			t.Errorf("the hold was logged %d times, want once with its name:\n%s", n, logged)
		}
	})
}

func TestRunWarnsOnceOfURLs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		logged, _ := run(t, t.Context(), storetest.NewMemory(), nil, func(facts chan<- hls.File) {
			facts <- fact("hd/a.ts", "media")
			for i := range 3 {
				facts <- fact("x.m3u8", fmt.Sprintf("#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:%d\n#EXTINF:2,\nhttps://cdn.example.net/live/hd/a.ts\n", i))
				time.Sleep(time.Minute)
			}
		})
		if n := strings.Count(logged, "playlist names files by URLs"); n != 1 || !strings.Contains(logged, "--public-url https://cdn.example.net/live/,") {
			t.Errorf("URLs were logged %d times, want once with the cure:\n%s", n, logged)
		}
	})
}

func TestRunWarnsOnceOfBlockingReload(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		logged, _ := run(t, t.Context(), storetest.NewMemory(), nil, func(facts chan<- hls.File) {
			for i := range 3 {
				facts <- fact("x.m3u8", fmt.Sprintf("#EXTM3U\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES\n#EXT-X-MEDIA-SEQUENCE:%d\n", i))
			}
		})
		if n := strings.Count(logged, "blocking reload"); n != 1 || !strings.Contains(logged, "CAN-BLOCK-RELOAD") {
			t.Errorf("blocking reload was logged %d times, want once with its cure:\n%s", n, logged)
		}
	})
}

func TestRunShipsWhatTurnsUpLate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		late := make(chan []hls.File)
		f := fact("a.ts", "a segment")
		f.Found, f.Named = true, true
		_, err := run(t, t.Context(), m, func(c *uploader.Config) { c.Late = late }, func(chan<- hls.File) { late <- []hls.File{f} })
		if err != nil || string(m.Contents()["live/a.ts"]) != "a segment" {
			t.Errorf("got %v and %q in the store, want the segment", err, m.Contents()["live/a.ts"])
		}
	})
}

// torn is a source whose bytes change under every read.
type torn struct{ reads int }

func (s *torn) Open() (hls.Reader, error)             { return s, nil }
func (s *torn) Release()                              {}
func (s *torn) Close() error                          { return nil }
func (s *torn) ReadAt(b []byte, _ int64) (int, error) { s.reads++; return len(b), nil }
func (s *torn) Version() (hls.Version, error) {
	return hls.Version{Size: 4, ModTime: int64(s.reads)}, nil
}

func TestRunStoresNothingThatChanges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		looks := make(chan string, 10)
		_, err := run(t, t.Context(), m, func(c *uploader.Config) { c.Look = func(name string) { looks <- name } }, func(facts chan<- hls.File) {
			f := fact("a.ts", "1234")
			f.Source, f.Version = &torn{}, hls.Version{Size: 4}
			facts <- f
			facts <- fact("x.m3u8", oneSegment)
			if got := <-looks; got != "a.ts" {
				t.Errorf("asked to look at %s", got)
			}
		})
		if err == nil || len(m.Contents()) != 0 {
			t.Errorf("run said %v and stored %d objects", err, len(m.Contents()))
		}
	})
}

// lostSource is a source whose file was deleted before anybody held it.
type lostSource struct{}

func (lostSource) Open() (hls.Reader, error) { return nil, fs.ErrNotExist }
func (lostSource) Release()                  {}

func TestRunNamesWhatIsLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		logged, err := run(t, t.Context(), storetest.NewMemory(), nil, func(facts chan<- hls.File) {
			f := fact("a.ts", "1234")
			f.Source = lostSource{}
			facts <- f
			facts <- fact("x.m3u8", oneSegment)
		})
		if err == nil || !strings.Contains(logged, "segment lost") || !strings.Contains(logged, "path=a.ts") {
			t.Errorf("run said %v and logged:\n%s", err, logged)
		}
	})
}

func TestNewNamesEveryProblem(t *testing.T) {
	t.Parallel()
	_, err := uploader.New(uploader.Config{Prefix: "live", Headers: headers.Config{CacheControl: map[string]string{"segments": "x"}}})
	for _, want := range []string{"store", "prefix", "segments"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not mention %s", err, want)
		}
	}
}
