package s3

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// TestConformsOnQuirks holds the Store against every store of quirks that can be used.
func TestConformsOnQuirks(t *testing.T) {
	t.Parallel()
	for _, q := range storetest.Quirks() {
		if !q.Conforms {
			continue
		}
		t.Run(q.Name, func(t *testing.T) {
			t.Parallel()
			server := storetest.Serve(t, q)
			c := serverConfig(server.URL)
			storetest.Conformance(t, func(t *testing.T) store.Store { return withHeaders{mustOpen(t, c)} }, q.Skips...)
		})
	}
}

// TestEndlessListings ends a listing whose pages repeat, be there something on them or nothing.
func TestEndlessListings(t *testing.T) {
	t.Parallel()
	for _, keys := range [][]string{nil, {"live/a.ts"}, {"live/a.ts", "live/b.ts"}} {
		t.Run(strings.Join(keys, " "), func(t *testing.T) {
			t.Parallel()
			server := storetest.Serve(t, storetest.QuirkOf("a listing whose pages repeat"))
			s := mustOpen(t, serverConfig(server.URL))
			for _, key := range keys {
				if _, err := s.Put(t.Context(), segment(key, "x")); err != nil {
					t.Fatal(err)
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			if _, err := mustOpen(t, serverConfig(server.URL)).Stat(ctx, "live/none.ts"); store.KindOf(err) != store.NotFound {
				t.Errorf("stat of a key that is not there: got %v", err)
			}
			before := server.Requests()["list"]
			var last error
			for _, last = range s.List(ctx, "live/") {
			}
			if n := server.Requests()["list"] - before; !errors.Is(last, ErrEndless) || n > 3 {
				t.Errorf("got %v after %d requests, want %v after three at most", last, n, ErrEndless)
			}
		})
	}
}
