package headers

import (
	"slices"
	"testing"

	"github.com/hlsship/hlsship/hls"
)

func TestServed(t *testing.T) {
	t.Parallel()
	live := &hls.Playlist{Kind: hls.MediaPlaylist, TargetDuration: 4e9}
	for name, tt := range map[string]struct {
		set  map[string]string
		path string
		kind hls.Kind
		pl   *hls.Playlist
		want []string // Content-Type, then each Cache-Control
	}{
		"segment":          {nil, "a.ts", hls.Media, nil, []string{"video/mp2t", "public, max-age=*", "public, max-age=1"}},
		"segment, set":     {map[string]string{"segment": "immutable"}, "a.ts", hls.Media, nil, []string{"video/mp2t", "immutable", "public, max-age=1"}},
		"growing, set":     {map[string]string{"growing": "no-cache"}, "a.ts", hls.Media, nil, []string{"video/mp2t", "public, max-age=*", "no-cache"}},
		"key":              {nil, "a.key", hls.Key, nil, []string{"application/octet-stream", "private, no-store"}},
		"live playlist":    {nil, "a.m3u8", hls.MediaPlaylist, live, []string{"application/vnd.apple.mpegurl", "public, max-age=2"}},
		"playlist, set":    {map[string]string{"playlist": "no-cache"}, "a.m3u8", hls.MediaPlaylist, live, []string{"application/vnd.apple.mpegurl", "no-cache"}},
		"ended":            {nil, "a.m3u8", hls.MediaPlaylist, &hls.Playlist{Ended: true}, []string{"application/vnd.apple.mpegurl", "public, max-age=10"}},
		"multivariant":     {nil, "a.m3u8", hls.MultivariantPlaylist, live, []string{"application/vnd.apple.mpegurl", "public, max-age=60"}},
		"what is included": {nil, "a.json", hls.Other, nil, []string{"application/json", "public, max-age=60"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			policy, err := New(Config{CacheControl: tt.set})
			if err != nil {
				t.Fatal(err)
			}
			contentType, caches := policy.Served(tt.path, tt.kind, tt.pl)
			if got := append([]string{contentType}, caches...); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
