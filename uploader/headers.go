package uploader

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan"
)

// contentType returns the media type of a file by its name. The table is our own: the host's may call .ts
// a Qt translation file.
func contentType(name string) string {
	switch strings.ToLower(path.Ext(name)) {
	case ".m3u8", ".m3u":
		return "application/vnd.apple.mpegurl"
	case ".ts":
		return "video/mp2t"
	case ".m4s", ".cmfv":
		return "video/iso.segment"
	case ".mp4", ".m4v":
		return "video/mp4"
	case ".cmfa", ".m4a":
		return "audio/mp4"
	case ".aac":
		return "audio/aac"
	case ".mp3":
		return "audio/mpeg"
	case ".ac3":
		return "audio/ac3"
	case ".ec3":
		return "audio/eac3"
	case ".cmft":
		return "application/mp4"
	case ".vtt", ".webvtt":
		return "text/vtt"
	case ".mpd":
		return "application/dash+xml"
	case ".jpg", ".jpeg":
		return "image/jpeg"
	case ".png":
		return "image/png"
	case ".webp":
		return "image/webp"
	case ".json":
		return "application/json"
	}
	return "application/octet-stream"
}

// CacheKinds returns the words by which Config.CacheControl tells kinds of objects apart, sorted: "playlist" is a
// live media playlist, "ended" one with EXT-X-ENDLIST or a static DASH manifest, "manifest" a live one, "multivariant"
// a playlist that names others, "segment" is media, "growing" a file to which its packager still appends.
func CacheKinds() []string { return slices.Sorted(maps.Keys(cacheDefaults())) }

// cacheDefaults are the values of Cache-Control for each of CacheKinds. In place of %d stand whole seconds: of live playlists those
// of liveAge, of files those of fileAge. Playlists that ended are not cached for long, as they may go on in a moment, which nobody
// shall miss.
//
// There is no s-maxage, as browsers may keep a playlist for as long as other caches; no stale-while-revalidate, which
// hands out what is older than max-age; and no stale-if-error, as caches before a store can be told to serve what they
// have during an outage without a bound, which would be one.
func cacheDefaults() map[string]string {
	return map[string]string{
		"playlist":     "public, max-age=%d",
		"ended":        "public, max-age=10",
		"manifest":     "public, max-age=%d",
		"multivariant": "public, max-age=60",
		"segment":      "public, max-age=%d",
		"growing":      "public, max-age=1",
		"init":         "public, max-age=%d",
		"subtitle":     "public, max-age=%d",
		"key":          "private, no-store",
		"other":        "public, max-age=60",
	}
}

const (
	// leastAge and maxLiveAge bound how long a cache may keep a live playlist: one wrong number in it would freeze its viewers for
	// as long as it says.
	leastAge, maxLiveAge = time.Second, 5 * time.Second
	// uniqueAge is for files whose names cannot come back, unlistedAge for those that no playlist names.
	uniqueAge, unlistedAge = 24 * time.Hour, time.Minute
)

// liveAge is half of the shortest of the last segments; of a manifest half of its longest segment, or its minimumUpdatePeriod if
// that is less.
func liveAge(pl *hls.Playlist) time.Duration {
	age := pl.TargetDuration / 2
	if pl.Shortest > 0 {
		age = pl.Shortest / 2
	}
	if pl.UpdatePeriod > 0 {
		age = min(age, pl.UpdatePeriod)
	}
	return min(max(age, leastAge), maxLiveAge)
}

// fileAge is how long a cache may keep the file of a job. Packagers use names again when they restart, and caches would show the
// bytes of the run before: so it is little more than the playlist's window, unless the name cannot come back.
func (w *worker) fileAge(j plan.Job) time.Duration {
	switch {
	case w.unique, dated(j.Path, j.File.Version.ModTime):
		return uniqueAge
	case j.Window == 0:
		return unlistedAge
	}
	return min(max(j.Window, leastAge), uniqueAge)
}

// cachePolicy is cacheDefaults with what the operator set.
type cachePolicy struct{ set, defaults map[string]string }

func newCachePolicy(set map[string]string) (cachePolicy, error) {
	c := cachePolicy{set, cacheDefaults()}
	for kind, value := range set {
		if _, ok := c.defaults[kind]; !ok {
			return c, fmt.Errorf("cache-control: no kind %q; use one of %s", kind, strings.Join(CacheKinds(), ", "))
		}
		if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
			return c, fmt.Errorf("cache-control %s: %q holds characters that no header may hold", kind, value)
		}
	}
	return c, nil
}

// header returns the Cache-Control of an object of that word of CacheKinds. One is always sent: Google Cloud Storage caches for an
// hour without it, which freezes a live stream.
func (c cachePolicy) header(kind string, age time.Duration) string {
	if value, ok := c.set[kind]; ok {
		return value
	}
	return strings.Replace(c.defaults[kind], "%d", strconv.Itoa(int(age/time.Second)), 1)
}

// playlist returns the Cache-Control of a version of a playlist.
func (c cachePolicy) playlist(kind hls.Kind, pl *hls.Playlist) string {
	return c.header(headerKind(kind, pl), liveAge(pl))
}

// headerKind returns the word of CacheKinds for an object.
func headerKind(kind hls.Kind, pl *hls.Playlist) string {
	switch kind {
	case hls.Media:
		return "segment"
	case hls.Init:
		return "init"
	case hls.Key:
		return "key"
	case hls.Subtitle:
		return "subtitle"
	case hls.MultivariantPlaylist:
		return "multivariant"
	case hls.MediaPlaylist, hls.Manifest:
		switch {
		case pl.Ended:
			return "ended"
		case kind == hls.Manifest:
			return "manifest"
		}
		return "playlist"
	case hls.Other, hls.Temporary:
	}
	return "other"
}

// headerPolicy are further headers, by the words of CacheKinds: for each kind those that it has.
type headerPolicy map[string]map[string]string

// newHeaderPolicy gives each kind what was set for it and, where that does not say otherwise, what was set for all under "".
func newHeaderPolicy(set map[string]map[string]string) (headerPolicy, error) {
	p := headerPolicy{}
	for _, kind := range CacheKinds() {
		p[kind] = HeadersOf(set, kind)
	}
	for kind := range set {
		if _, ok := p[kind]; !ok && kind != "" {
			return nil, fmt.Errorf("header: no kind %q; use one of %s", kind, strings.Join(CacheKinds(), ", "))
		}
	}
	return p, nil
}

// HeadersOf returns which of the headers that Config.Headers may be set to an object of that kind is sent with; nil for none.
func HeadersOf(set map[string]map[string]string, kind string) map[string]string {
	if len(set[""])+len(set[kind]) == 0 {
		return nil
	}
	all := maps.Clone(set[kind])
	if all == nil {
		all = map[string]string{}
	}
	for name, value := range set[""] {
		if _, own := all[name]; !own {
			all[name] = value
		}
	}
	return all
}
