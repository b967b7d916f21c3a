package headers

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hlsship/hlsship/hls"
)

// Set is what one object is stored with.
type Set struct {
	// ContentType and CacheControl are the values of these headers.
	ContentType, CacheControl string
	// Further are other headers, values by name; nil for none.
	Further map[string]string
}

// Config is what the operator sets. The zero Config is that of one who sets nothing.
type Config struct {
	// CacheControl overrides the Cache-Control of some of Kinds.
	CacheControl map[string]string
	// Further are sent beside the headers that every object has: values by name, by the words of Kinds, under "" for all kinds. What
	// is set for a kind wins.
	Further map[string]map[string]string
	// Unique says that names never come back with other bytes, so that caches may keep files for long.
	Unique bool
}

// Policy gives each object its headers. It is made by New, does not change, and is safe for concurrent use.
type Policy struct {
	unique  bool
	set     map[string]string // Cache-Control, by the words of Kinds
	cache   map[string]string // where that says nothing
	further map[string]map[string]string
}

// New returns the Policy of c, or an error that names each word that is none of Kinds and each value that no header may have.
func New(c Config) (*Policy, error) {
	p := &Policy{unique: c.Unique, set: c.CacheControl, cache: cacheDefaults(), further: map[string]map[string]string{}}
	var errs []error
	unknown := func(header, kind string) {
		errs = append(errs, fmt.Errorf("%s: no kind %q; use one of %s", header, kind, strings.Join(Kinds(), ", ")))
	}
	for _, kind := range slices.Sorted(maps.Keys(c.CacheControl)) {
		value := c.CacheControl[kind]
		if _, ok := p.cache[kind]; !ok {
			unknown("cache-control", kind)
		}
		if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
			errs = append(errs, fmt.Errorf("cache-control %s: %q holds characters that no header may hold", kind, value))
		}
	}
	for kind := range p.cache {
		p.further[kind] = Further(c.Further, kind)
	}
	for _, kind := range slices.Sorted(maps.Keys(c.Further)) {
		if _, ok := p.further[kind]; !ok && kind != "" {
			unknown("header", kind)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return p, nil
}

// Playlist returns the headers of a version of a playlist.
func (p *Policy) Playlist(f hls.File) Set {
	return p.of(f.Path, kindOf(f.Kind, f.Playlist), liveAge(f.Playlist))
}

// File returns the headers of a file that is no playlist. kind is what playlists make of it, and window for how long a viewer may ask
// for it, by the playlists that name it; 0 if none does. Nobody ever stores other bytes under the key of an immutable one.
func (p *Policy) File(f hls.File, kind hls.Kind, window time.Duration, immutable bool) Set {
	word := kindOf(kind, nil)
	switch {
	case f.State == hls.Growing:
		return p.of(f.Path, "growing", 0)
	case immutable && kind != hls.Key:
		s := p.of(f.Path, word, 0)
		if _, set := p.set[word]; !set {
			s.CacheControl = immutableControl
		}
		return s
	}
	return p.of(f.Path, word, p.fileAge(f, window))
}

// Record returns the headers of a part of a recording: a chunk of its index, which never changes, or a file that closes it. kind is
// hls.MediaPlaylist for a closing list. final says that nobody will go on with what is closed, as far as anybody knows.
func (p *Policy) Record(name string, kind hls.Kind, chunk, final bool) Set {
	word := "other"
	switch {
	case kind == hls.MediaPlaylist:
		word = "ended"
	case !chunk && contentType(name) == contentType(".m3u8"):
		word = "multivariant"
	}
	s := p.of(name, word, 0)
	if _, set := p.set[word]; !set && (chunk || final && word != "other") {
		s.CacheControl = immutableControl
	}
	return s
}

// of returns the headers of an object of that word of Kinds. Cache-Control is always sent: Google Cloud Storage caches for an hour
// without it, which freezes a live stream.
func (p *Policy) of(name, kind string, age time.Duration) Set {
	value, ok := p.set[kind]
	if !ok {
		value = strings.Replace(p.cache[kind], "%d", strconv.Itoa(int(age/time.Second)), 1)
	}
	return Set{ContentType: contentType(name), CacheControl: value, Further: p.further[kind]}
}

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

// Kinds returns the words by which Config tells kinds of objects apart, sorted: "playlist" is a
// live media playlist, "ended" one with EXT-X-ENDLIST or a static DASH manifest, "manifest" a live one, "multivariant"
// a playlist that names others, "segment" is media, "growing" a file to which its packager still appends.
func Kinds() []string { return slices.Sorted(maps.Keys(cacheDefaults())) }

// cacheDefaults are the values of Cache-Control for each of Kinds. In place of %d stand whole seconds: of live playlists those
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

// immutableControl is for keys that never get other bytes (RFC 8246).
const immutableControl = "public, max-age=31536000, immutable"

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

// fileAge is how long a cache may keep a file. Packagers use names again when they restart, and caches would show the bytes of the run
// before: so it is little more than the playlist's window, unless the name cannot come back.
func (p *Policy) fileAge(f hls.File, window time.Duration) time.Duration {
	switch {
	case p.unique, dated(f.Path, f.Version.ModTime):
		return uniqueAge
	case window == 0:
		return unlistedAge
	}
	return min(max(window, leastAge), uniqueAge)
}

// kindOf returns the word of Kinds for an object.
func kindOf(kind hls.Kind, pl *hls.Playlist) string {
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

// Further returns which of the headers that Config.Further may be set to an object of that kind is sent with; nil for none.
func Further(set map[string]map[string]string, kind string) map[string]string {
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
