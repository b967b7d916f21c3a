package s3

import (
	"net/http"
	"slices"
	"testing"

	"github.com/hlsship/hlsship/uploader/store"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// TestInspect looks at an object in every way, removes it, and is told what the server said.
func TestInspect(t *testing.T) {
	t.Parallel()
	g := storetest.Gateway(t)
	c := gatewayConfig(g)
	s := mustOpen(t, c)
	ctx := t.Context()
	o := segment("live/a b.ts", "bytes")
	o.ContentType, o.CacheControl = "video/mp2t", "public, max-age=7"
	if _, err := s.Put(ctx, o); err != nil {
		t.Fatal(err)
	}
	header, err := s.Inspect(ctx, o.Key, "https://player.test")
	if err != nil {
		t.Fatal(err)
	}
	if header.Get("Content-Type") != o.ContentType || header.Get("Cache-Control") != o.CacheControl {
		t.Errorf("got headers %v", header)
	}
	if at, want := s.Address(o.Key), g.Endpoint+"/"+g.Bucket+"/live/a%20b.ts"; at.String() != want {
		t.Errorf("got address %s, want %s", at, want)
	}
	if store, err := c.URL(); err != nil || store.String() != g.Endpoint+"/" {
		t.Errorf("got store %v and %v, want %s", store, err, g.Endpoint)
	}
	if err := s.Remove(ctx, o.Key); err != nil {
		t.Errorf("remove: %v", err)
	}
	_, err = s.Inspect(ctx, o.Key, "https://player.test")
	if store.KindOf(err) != store.NotFound {
		t.Errorf("a removed object: got %v", err)
	}
	if r, ok := ReplyTo(err); !ok || r.Status != http.StatusNotFound || r.Code != "NoSuchKey" || r.Foreign {
		t.Errorf("got reply %+v, %v", r, ok)
	}
	if _, ok := ReplyTo(ctx.Err()); ok {
		t.Error("a reply to no error")
	}
	c.Bucket = "nowhere"
	if err := mustOpen(t, c).Remove(ctx, o.Key); store.KindOf(err) != store.Alarm {
		t.Errorf("remove from a bucket that is not there: got %v", err)
	}
}

// TestFolder lists a folder without what is below its folders.
func TestFolder(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, gatewayConfig(storetest.Gateway(t)))
	for _, key := range []string{"live/a.m3u8", "live/b/c.ts", "live/b/d/e.ts", "live/f g/h.ts", "lively/i.ts"} {
		if _, err := s.Put(t.Context(), segment(key, "bytes")); err != nil {
			t.Fatal(err)
		}
	}
	for prefix, want := range map[string][]string{"live/": {"live/a.m3u8", "live/b/", "live/f g/"}, "": {"live/", "lively/"}, "live/b/d/": {"live/b/d/e.ts"}, "nothing/": nil} {
		var got []string
		for o, err := range s.Folder(t.Context(), prefix) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, o.Key)
		}
		if slices.Sort(got); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", prefix, got, want)
		}
	}
}
