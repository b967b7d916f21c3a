package uploader_test

import (
	"context"
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

// sharing is a store whose uplink is limited so that each backlog PUT waits a minute for its share.
type sharing struct {
	store.Store
	t     *testing.T
	puts  atomic.Int64
	stats atomic.Int64
}

func (s *sharing) Put(ctx context.Context, o store.Object) (string, error) {
	s.puts.Add(1)
	want := store.Edge
	switch {
	case strings.HasSuffix(o.Key, ".m3u8"):
		want = store.First
	case strings.Contains(o.Key, "old"):
		want = store.Backlog
	}
	if o.Priority != want {
		s.t.Errorf("%s has priority %d, want %d", o.Key, o.Priority, want)
	}
	if o.Priority == store.Backlog {
		o.Waits(true)
		share := time.NewTimer(time.Minute)
		defer share.Stop()
		select {
		case <-share.C:
		case <-ctx.Done():
			s.t.Errorf("%s was given up while it waited for its share", o.Key)
		}
		o.Waits(false)
	}
	return s.Store.Put(ctx, o)
}

func (s *sharing) Stat(ctx context.Context, key string) (store.Info, error) {
	s.stats.Add(1)
	return s.Store.Stat(ctx, key)
}

// TestRunWithALimitedUplink: backlog that waits for its share neither stands in the way of the live edge nor looks
// like a store that does not answer.
func TestRunWithALimitedUplink(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const late, live = 24, 60
		m := storetest.NewMemory()
		m.Latency = func(string, string, int64) time.Duration { return 20 * time.Millisecond }
		s := &sharing{Store: m, t: t}
		var published atomic.Pointer[time.Time]
		m.OnChange = func(key string, _ []byte) {
			if key == "live/x.m3u8" {
				published.Store(new(time.Now()))
			}
		}
		var behind []hls.File
		for i := range late {
			f := fact(fmt.Sprintf("old%d.ts", i), "media")
			f.Named = true
			behind = append(behind, f)
		}
		start := time.Now()
		logged, err := run(t, t.Context(), s, func(c *uploader.Config) { c.Recovered, c.Workers = behind, 16 }, func(facts chan<- hls.File) {
			for i := range live {
				name := fmt.Sprintf("seg%d.ts", i)
				facts <- fact(name, name)
				facts <- fact("x.m3u8", fmt.Sprintf("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:%d\n#EXTINF:2,\n%s\n", i, name))
				listed := time.Now()
				time.Sleep(2 * time.Second)
				if at := published.Load(); at == nil || at.Before(listed) || at.Sub(listed) > 100*time.Millisecond {
					t.Errorf("playlist %d, listed at %v, was published at %v", i, listed, at)
				}
			}
		})
		if err != nil {
			t.Error(err)
		}
		if n := s.puts.Load(); n != late+2*live || s.stats.Load() != 0 {
			t.Errorf("%d PUTs and %d probes, want one PUT a file and no probe; the log says\n%s", n, s.stats.Load(), logged)
		}
		if took := time.Since(start).Minutes(); took < late/4 || took > late/4+1 {
			t.Errorf("took %v minutes, want four backlog PUTs at a time", took)
		}
	})
}
