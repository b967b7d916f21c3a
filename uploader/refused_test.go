package uploader_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/store"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// refuses answers as a store does that works, and not for this request.
func refuses(kind store.ErrorKind, cause string) storetest.Fault {
	return func(_ context.Context, c storetest.Call, _ func(context.Context, store.Object) error) error {
		return &store.Error{Op: c.Op, Key: c.Key, Kind: kind, Alive: true, Cure: "Mend it.", Err: errors.New(cause)}
	}
}

// window ships count segments, one a second, in a playlist that lists the last size of them, and has at called before each.
func window(facts chan<- hls.File, count, size int, at func(i int)) {
	for i := range count {
		if at != nil {
			at(i)
		}
		name := fmt.Sprintf("seg%d.ts", i)
		facts <- fact(name, name)
		first := max(0, i-size+1)
		var text strings.Builder
		fmt.Fprintf(&text, "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:%d\n", first)
		for n := first; n <= i; n++ {
			fmt.Fprintf(&text, "#EXTINF:1,\nseg%d.ts\n", n)
		}
		facts <- fact("x.m3u8", text.String())
		time.Sleep(time.Second)
	}
}

// TestRunGoesOnWhereProbesAreRefused: an answer about the probe proves that the store lives.
func TestRunGoesOnWhereProbesAreRefused(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]storetest.Fault{
		"405": refuses(store.Alarm, "405 Method Not Allowed"), "403": refuses(store.Alarm, "403 Forbidden"),
		"501": refuses(store.Alarm, "501 Not Implemented"), "400": refuses(store.Permanent, "400 Bad Request"),
		"418": refuses(store.Transient, "418 Teapot"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := storetest.NewMemory()
				faults := storetest.NewFaults(m)
				faults.Inject(storetest.Incident{Op: "stat", Fault: fault})
				var well atomic.Bool
				var published atomic.Int32
				m.OnChange = func(key string, _ []byte) {
					if key == "live/x.m3u8" && well.Load() {
						published.Add(1)
					}
				}
				ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
				defer cancel()
				_, err := run(t, ctx, faults, nil, func(facts chan<- hls.File) {
					var lift func()
					window(facts, 30, 10, func(i int) {
						switch i {
						case 5:
							lift = faults.Inject(storetest.Incident{Op: "put", Fault: storetest.InternalError()})
						case 7:
							lift()
							well.Store(true)
						case 11:
							if published.Load() == 0 {
								t.Error("no playlist was published four seconds after the store was well")
							}
						}
					})
				})
				if err != nil || len(m.Contents()) != 31 {
					t.Errorf("got %d objects (%v), want 30 segments and a playlist", len(m.Contents()), err)
				}
			})
		})
	}
}

// TestRunDeniedKindHoldsUpNobody: what is refused for one kind of key is no reason to doubt the store.
func TestRunDeniedKindHoldsUpNobody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		faults := storetest.NewFaults(m)
		faults.Inject(storetest.Incident{Op: "put", Key: "*.vtt", Fault: refuses(store.Alarm, "403 AccessDenied")})
		faults.Inject(storetest.Incident{Op: "stat", Fault: storetest.Stall()}) // who probes pays for it
		late := 0
		ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
		defer cancel()
		_, err := run(t, ctx, faults, nil, func(facts chan<- hls.File) {
			facts <- fact("sub/a.vtt", "WEBVTT")
			facts <- fact("sub/x.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\na.vtt\n")
			window(facts, 30, 5, func(i int) {
				if _, ok := m.Contents()[fmt.Sprintf("live/seg%d.ts", i-1)]; i > 0 && !ok {
					late++
				}
			})
		})
		if left, ok := errors.AsType[*uploader.Unshipped](err); !ok || len(left.Files) != 2 {
			t.Errorf("got %v, want the subtitles and their playlist unshipped", err)
		}
		if late > 0 {
			t.Errorf("%d of 30 segments were late", late)
		}
	})
}

// TestRunRecoversFromRefusals: an EVENT stream names every segment for ever, so that one which is let go ends it.
func TestRunRecoversFromRefusals(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		kind  store.ErrorKind
		key   string
		bound time.Duration // until the newest playlist is published after the refusal ended
	}{
		"segments, by a setting":  {store.Alarm, "*.ts", 6 * time.Second},
		"playlists, by a setting": {store.Alarm, "*.m3u8", 6 * time.Second},
		"segments, for good":      {store.Permanent, "*.ts", 63 * time.Second},
		"playlists, for good":     {store.Permanent, "*.m3u8", 3 * time.Second},
		"all, for good":           {store.Permanent, "*", 63 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := storetest.NewMemory()
				faults := storetest.NewFaults(m)
				var ended, last atomic.Int64 // when the refusals did, in nanoseconds, until the live edge was current; the segment
				m.OnChange = func(key string, content []byte) {
					at := ended.Load()
					if key != "live/x.m3u8" || at == 0 || !strings.Contains(string(content), fmt.Sprintf("seg%d.ts", last.Load()-1)) {
						return
					}
					if took := time.Since(time.Unix(0, at)); took > tt.bound {
						t.Errorf("the live edge was current %v after the refusals, want within %v", took, tt.bound)
					}
					ended.Store(0)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
				defer cancel()
				logged, err := run(t, ctx, faults, nil, func(facts chan<- hls.File) {
					var lift func()
					window(facts, 90, 1000, func(i int) {
						last.Store(int64(i))
						switch i {
						case 5:
							lift = faults.Inject(storetest.Incident{Op: "put", Key: tt.key, Fault: refuses(tt.kind, "400 InvalidRequest")})
						case 8:
							lift()
							ended.Store(time.Now().UnixNano())
						}
					})
				})
				if err != nil || len(m.Contents()) != 91 || ended.Load() != 0 {
					t.Errorf("got %d objects (%v), want 90 segments and a playlist", len(m.Contents()), err)
				}
				if n := strings.Count(logged, "level=ERROR"); n == 0 || n > 2 {
					t.Errorf("%d errors were logged, want one a minute:\n%s", n, logged)
				}
				if strings.Contains(logged, "segment lost") {
					t.Errorf("something was lost:\n%s", logged)
				}
			})
		})
	}
}
