package uploader_test

import (
	"context"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/headers"
	"github.com/hlsship/hlsship/uploader/store"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// headersOf is a store that remembers the further headers of each key.
type headersOf struct {
	store.Store
	mu   sync.Mutex
	sent map[string]map[string]string
}

func (h *headersOf) Put(ctx context.Context, o store.Object) (string, error) {
	h.mu.Lock()
	h.sent[o.Key] = o.Headers
	h.mu.Unlock()
	return h.Store.Put(ctx, o)
}

// TestRunFurtherHeaders sends what is set for all kinds, for one kind, and for a kind otherwise than for all.
func TestRunFurtherHeaders(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := &headersOf{Store: storetest.NewMemory(), sent: map[string]map[string]string{}}
		_, err := run(t, t.Context(), h, func(c *uploader.Config) {
			c.Headers.Further = map[string]map[string]string{
				"":         {"X-Amz-Acl": "public-read", "X-Amz-Meta-Owner": "live"},
				"ended":    {"X-Amz-Acl": "private"},
				"segment":  {"Content-Disposition": "inline"},
				"playlist": {"X-Amz-Meta-Never": "1"},
			}
			c.Include = func(name string) bool { return strings.HasSuffix(name, ".jpg") }
		}, func(facts chan<- hls.File) {
			facts <- fact("a.ts", "media")
			facts <- fact("a.jpg", "poster")
			facts <- fact("a.m3u8", oneSegment+"#EXT-X-ENDLIST\n")
		})
		if err != nil {
			t.Fatal(err)
		}
		for key, want := range map[string]map[string]string{
			"live/a.ts":   {"X-Amz-Acl": "public-read", "X-Amz-Meta-Owner": "live", "Content-Disposition": "inline"},
			"live/a.jpg":  {"X-Amz-Acl": "public-read", "X-Amz-Meta-Owner": "live"},
			"live/a.m3u8": {"X-Amz-Acl": "private", "X-Amz-Meta-Owner": "live"},
		} {
			if got := h.sent[key]; !maps.Equal(got, want) {
				t.Errorf("%s: got %v, want %v", key, got, want)
			}
		}
	})
	if _, err := uploader.New(uploader.Config{Store: storetest.NewMemory(), Headers: headers.Config{Further: map[string]map[string]string{"segmnt": {"A": "b"}}}}); err == nil || !strings.Contains(err.Error(), "segmnt") {
		t.Errorf("a kind that is none: got %v", err)
	}
}
