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
	"github.com/hlsship/hlsship/uploader/store"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// stubborn is a store whose conditions never hold: those on an ETag, or all.
type stubborn struct {
	store.Store
	all     bool
	refused *atomic.Int32
}

func (s stubborn) Put(ctx context.Context, o store.Object) (string, error) {
	if o.IfMatch != "" || s.all && o.IfAbsent {
		s.refused.Add(1)
		return "", &store.Error{Op: "put", Key: o.Key, Kind: store.Precondition, Err: errors.New("412 PreconditionFailed")}
	}
	return s.Store.Put(ctx, o)
}

// TestRunGivesConditionsUp once for a store, not for each playlist, and says once what it is about.
func TestRunGivesConditionsUp(t *testing.T) {
	t.Parallel()
	for name, all := range map[string]bool{"weak or quoted ETags": false, "all": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := storetest.NewMemory()
				store := stubborn{m, all, new(atomic.Int32)}
				logged, err := run(t, t.Context(), store, nil, func(facts chan<- hls.File) {
					for i := range 12 {
						facts <- fact("a.ts", "media")
						for list := range 8 {
							facts <- fact(fmt.Sprintf("%d.m3u8", list), fmt.Sprintf("#EXTM3U\n#EXT-X-TARGETDURATION:6\n#EXT-X-MEDIA-SEQUENCE:%d\n#EXTINF:6,\na.ts\n", i))
						}
						time.Sleep(time.Second)
					}
				})
				if err != nil {
					t.Error(err)
				}
				for list := range 8 {
					if text := string(m.Contents()[fmt.Sprintf("live/%d.m3u8", list)]); !strings.Contains(text, "SEQUENCE:11\n") {
						t.Errorf("the newest version is not published, but %q", text)
					}
				}
				if n := store.refused.Load(); n > 8+3 { // three, and those under way when it became sure
					t.Errorf("%d conditions were tried", n)
				}
				if n := strings.Count(logged, "level=WARN"); n != 1 || !strings.Contains(logged, "playlist's own ETag") {
					t.Errorf("want one warning:\n%s", logged)
				}
			})
		})
	}
}

// TestRunMeetsAnotherWriter keeps its conditions, and blames nobody for what came late of its own.
func TestRunMeetsAnotherWriter(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		meanwhile string // what somebody else writes; empty for a version of ours that comes late
		warns     int
	}{
		"another's": {"#EXTM3U\n#EXT-X-TARGETDURATION:6\n", 1},
		"no list":   {"<html/>", 1},
		"our own":   {"", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := storetest.NewMemory()
				faults := storetest.NewFaults(m)
				logged, err := run(t, t.Context(), faults, nil, func(facts chan<- hls.File) {
					window(facts, 10, 5, func(i int) {
						switch {
						case i != 5 && i != 7:
						case tt.meanwhile != "":
							_, _ = m.Put(t.Context(), store.Object{Key: "live/x.m3u8", Body: strings.NewReader(tt.meanwhile), Size: int64(len(tt.meanwhile))})
						default:
							faults.Inject(storetest.Incident{Op: "put", Key: "x.m3u8", Times: 1, Fault: storetest.LostResponse()})
						}
					})
				})
				if text := string(m.Contents()["live/x.m3u8"]); err != nil || !strings.Contains(text, "seg9.ts") {
					t.Errorf("got %v, published %q", err, text)
				}
				if n := strings.Count(logged, "somebody else wrote this playlist"); n != tt.warns || strings.Contains(logged, "as a condition") {
					t.Errorf("%d warnings of another writer, want %d:\n%s", n, tt.warns, logged)
				}
			})
		})
	}
}
