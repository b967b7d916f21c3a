package uploader_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/store"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// broken is a store with a defect.
type broken struct {
	store.Store
	put, get bool
}

func (b broken) Put(ctx context.Context, o store.Object) (string, error) {
	if b.put && strings.HasSuffix(o.Key, ".ts") {
		var nowhere *store.Object
		return nowhere.Key, nil
	}
	return b.Store.Put(ctx, o)
}

func (b broken) Get(ctx context.Context, key string, limit int64) ([]byte, store.Info, error) {
	if b.get {
		panic("no such page")
	}
	return b.Store.Get(ctx, key, limit)
}

// releases is a Source that says whether it was released.
type releases struct {
	hls.Source
	released int
}

func (c *releases) Release() {
	c.released++
	c.Source.Release()
}

// TestRunSurvivesPanics: a panic ends the Run with an error that says where it was, or goes on to the caller, and nothing
// is left behind: neither goroutines nor bytes nor memory.
func TestRunSurvivesPanics(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		store broken
		beat  func()
		where string
	}{
		"of a PUT":    {store: broken{put: true}, where: "broken.Put"},
		"of a GET":    {store: broken{get: true}, where: "no such page"},
		"of the loop": {beat: func() { panic("the loop") }, where: "the loop"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				m := storetest.NewMemory()
				m.Latency = func(string, string, int64) time.Duration { return 900 * time.Millisecond }
				test.store.Store = m
				account := hls.NewAccount(1 << 20)
				up, err := uploader.New(uploader.Config{Store: test.store, Memory: account, Beat: test.beat})
				if err != nil {
					t.Fatal(err)
				}
				facts := make(chan hls.File)
				said := make(chan error, 1)
				go func() {
					var err error
					defer func() {
						if value := recover(); value != nil {
							err = errors.New(value.(string))
						}
						said <- err
					}()
					err = up.Run(t.Context(), facts)
				}()
				media := fact("a.ts", "media")
				source := &releases{Source: media.Source}
				media.Source = source
				facts <- media
				list := fact("x.m3u8", oneSegment)
				list.Share, _ = account.Take(1000)
				facts <- list
				if err := <-said; err == nil || !strings.Contains(err.Error(), test.where) {
					t.Errorf("got %v, want where the panic was", err)
				}
				if source.released == 0 {
					t.Error("the bytes of a segment are still held")
				}
				if used := account.Used(); used != 0 {
					t.Errorf("%d bytes are still taken", used)
				}
			})
		})
	}
}
