package storetest

import (
	"testing"
	"time"
)

// TestViewerPlaylists has playlists that others than a multivariant playlist name.
func TestViewerPlaylists(t *testing.T) {
	t.Parallel()
	const manifest = `<MPD><Period><AdaptationSet><Representation><BaseURL>lo.m3u8</BaseURL></Representation></AdaptationSet></Period></MPD>`
	low := func(s stage) {
		s.finish("b.ts=2")
		s.list("lo.m3u8", media("b.ts"))
		s.put("b.ts=2")
		s.publish("lo.m3u8", media("b.ts"))
	}
	playScenes(t, []scene{
		{"playlist on a segment's line", func(s stage) {
			s.ship(media("a.ts", "lo.m3u8"), "a.ts=1")
		}, []Rule{RulePlaylistFirst}},
		{"manifest on a segment's line", func(s stage) {
			s.ship(media("a.ts", "all.mpd"), "a.ts=1")
		}, []Rule{RulePlaylistFirst}},
		{"variant among segments", func(s stage) {
			s.ship(media("a.ts", "#EXT-X-STREAM-INF:BANDWIDTH=1\nlo"), "a.ts=1")
		}, []Rule{RulePlaylistFirst}},
		{"rendition among segments", func(s stage) {
			s.ship(media("a.ts", `#EXT-X-MEDIA:TYPE=AUDIO,URI="lo.m3u8"`), "a.ts=1")
		}, []Rule{RulePlaylistFirst}},
		{"playlist of a tag that nobody knows", func(s stage) {
			s.ship(media("a.ts", `#EXT-X-BREAK:URI="lo.m3u8"`), "a.ts=1")
		}, []Rule{RulePlaylistFirst}},
		{"playlist that a manifest names", func(s stage) {
			s.list("x.mpd", manifest)
			s.publish("x.mpd", manifest)
		}, []Rule{RulePlaylistFirst}},
		{"manifest that a multivariant playlist names", func(s stage) {
			s.list("main.m3u8", multivariant("all.mpd"))
			s.publish("main.m3u8", multivariant("all.mpd"))
		}, []Rule{RulePlaylistFirst}},
		{"all of them stored before", func(s stage) {
			low(s)
			s.list("x.mpd", manifest)
			s.publish("x.mpd", manifest)
			s.ship(media("a.ts", "lo.m3u8", "x.mpd"), "a.ts=1")
			s.list("lo.m3u8", media("b.ts", "c.ts")) // a newer version of it is nobody's concern
		}, nil},
		{"removed under the playlist that names it", func(s stage) {
			low(s)
			s.ship(media("a.ts", "lo.m3u8"), "a.ts=1")
			s.Removed("live/lo.m3u8")
		}, []Rule{RulePlaylistFirst}},
		{"a playlist that names itself", func(s stage) {
			s.ship(media("a.ts", "index.m3u8"), "a.ts=1")
		}, nil},
		{"a gap of that name", func(s stage) {
			s.ship(media("a.ts", "#EXT-X-GAP", "lo.m3u8"), "a.ts=1")
		}, nil},
		{"reported and on a segment's line", func(s stage) {
			s.ship(media("a.ts", "lo.m3u8", `#EXT-X-RENDITION-REPORT:URI="lo.m3u8"`), "a.ts=1")
		}, []Rule{RulePlaylistFirst}},
		{"two that report each other", func(s stage) {
			s.finish("a.ts=1", "b.ts=2")
			hi, lo := media("a.ts", `#EXT-X-RENDITION-REPORT:URI="lo.m3u8"`), media("b.ts", `#EXT-X-RENDITION-REPORT:URI="index.m3u8"`)
			s.list("index.m3u8", hi)
			s.list("lo.m3u8", lo)
			s.put("a.ts=1", "b.ts=2")
			s.publish("index.m3u8", hi)
			s.publish("lo.m3u8", lo)
		}, nil},
	})
}

// TestViewerWaitsForPlaylists has nothing asked for that waits for a playlist which cannot be stored.
func TestViewerWaitsForPlaylists(t *testing.T) {
	t.Parallel()
	playScenes(t, []scene{
		{"one that never came", func(s stage) {
			s.finish("a.ts=1")
			s.list("index.m3u8", media("a.ts", "lo.m3u8"))
			s.put("a.ts=1")
			s.Finale()
		}, nil},
		{"two that name each other", func(s stage) {
			s.finish("a.ts=1")
			s.list("index.m3u8", media("a.ts", "lo.m3u8"))
			s.list("lo.m3u8", media("a.ts", "index.m3u8"))
			s.put("a.ts=1")
			s.Finale()
		}, nil},
		{"one that could have been there", func(s stage) {
			s.finish("a.ts=1")
			s.list("lo.m3u8", media("a.ts"))
			s.list("index.m3u8", media("a.ts", "lo.m3u8"))
			s.put("a.ts=1")
			s.Finale()
		}, []Rule{RuleUnpublished, RuleUnpublished}},
	})
}

// TestViewerAsksForNothingUnanswered: what is stored and nobody can know of is not asked for, but all else is.
func TestViewerAsksForNothingUnanswered(t *testing.T) {
	t.Parallel()
	a, ab, b := media("a.ts"), media("a.ts", "b.ts"), media(seq(1), "b.ts")
	ready := func(s stage, text string) {
		s.ship(a, "a.ts=1")
		s.finish("b.ts=2")
		s.list("index.m3u8", ab)
		s.list("index.m3u8", text)
		s.put("b.ts=2")
		time.Sleep(time.Minute)
	}
	playScenes(t, []scene{
		{"nobody said so", func(s stage) {
			ready(s, b)
			s.Standing(time.Now(), time.Second)
			s.Finale()
		}, []Rule{RuleEdgeStandsStill, RuleUnpublished}},
		{"what names it", func(s stage) {
			ready(s, b)
			s.Unanswered("b.ts")
			s.Standing(time.Now(), time.Second)
			s.Finale()
		}, nil},
		{"what does not name it", func(s stage) {
			ready(s, media(seq(2), "#EXT-X-GAP", "a.ts"))
			s.Unanswered("b.ts")
			s.Standing(time.Now(), time.Second)
			s.Finale()
		}, []Rule{RuleEdgeStandsStill, RuleUnpublished}},
	})
}
