package storetest

import (
	"testing"
	"time"
)

func TestViewerNamesUsedAgain(t *testing.T) {
	t.Parallel()
	old := media("a.ts", "b.ts", endlist)
	one, two := media("a.ts"), media("a.ts", "b.ts")
	restart := func(s stage) { // stored and published: a run that has ended
		s.ship(old, "a.ts=1", "b.ts=2")
	}
	playScenes(t, []scene{
		{"playlist of the new run over the old segment", func(s stage) {
			restart(s)
			s.finish("a.ts=3")
			s.list("index.m3u8", one)
			s.publish("index.m3u8", one)
		}, []Rule{RuleWrongVersion}},
		{"segment of the new run, then its playlist", func(s stage) {
			restart(s)
			s.finish("a.ts=3")
			s.list("index.m3u8", one)
			s.put("a.ts=3")
			s.publish("index.m3u8", one)
			s.finish("b.ts=4")
			s.list("index.m3u8", two)
			s.put("b.ts=4")
			s.publish("index.m3u8", two)
			s.Finale()
		}, nil},
		{"old segment over the new run's", func(s stage) {
			restart(s)
			s.ship(one, "a.ts=3")
			s.put("a.ts=1")
		}, []Rule{RuleOverwritten}},
		{"named before the new bytes are there, and published at once", func(s stage) {
			restart(s)
			s.list("index.m3u8", one, "a.ts")
			s.publish("index.m3u8", one)
			time.Sleep(14 * time.Millisecond)
			s.finish("a.ts=3")
			s.put("a.ts=3")
		}, []Rule{RuleWrongVersion}},
		{"named before the new bytes are there, and held back", func(s stage) {
			restart(s)
			s.list("index.m3u8", one, "a.ts")
			time.Sleep(14 * time.Millisecond)
			s.finish("a.ts=3")
			s.put("a.ts=3")
			s.publish("index.m3u8", one)
			s.Finale()
		}, nil},
		{"new bytes that never come", func(s stage) {
			restart(s)
			s.list("index.m3u8", one, "a.ts")
			time.Sleep(DefaultSettle)
			s.publish("index.m3u8", one)
			s.Finale()
		}, nil},
		{"overwritten before the new playlist is there", func(s stage) {
			restart(s)
			s.finish("a.ts=3")
			s.put("a.ts=3")
			s.list("index.m3u8", one)
			s.publish("index.m3u8", one)
		}, []Rule{RuleNeverNamed, RuleOverwritten}},
		{"overwritten while the new playlist waits for a new name", func(s stage) {
			restart(s)
			s.finish("a.ts=3", "new.ts=4")
			s.list("index.m3u8", media("a.ts", "new.ts"))
			s.put("a.ts=3", "new.ts=4")
			s.publish("index.m3u8", media("a.ts", "new.ts"))
		}, []Rule{RuleOverwritten}},
		{"new names first, then the overwrites", func(s stage) {
			restart(s)
			s.finish("a.ts=3", "b.ts=4", "new.ts=5")
			s.list("index.m3u8", media("a.ts", "b.ts", "new.ts"))
			s.put("new.ts=5", "b.ts=4", "a.ts=3")
			s.publish("index.m3u8", media("a.ts", "b.ts", "new.ts"))
			s.Finale()
		}, nil},
		{"overwritten for a playlist that waits for unfinished bytes", func(s stage) {
			restart(s)
			s.finish("a.ts=3")
			s.list("index.m3u8", two, "b.ts")
			s.put("a.ts=3")
		}, []Rule{RuleOverwritten}},
		{"a right to overwrite outlasts newer playlists", func(s stage) {
			restart(s)
			s.finish("a.ts=3")
			s.list("index.m3u8", one)
			s.finish("c.ts=4")
			s.list("index.m3u8", media("a.ts", "c.ts"))
			s.put("a.ts=3")
			s.publish("index.m3u8", one)
		}, nil},
		{"another playlist still needs the old bytes", func(s stage) {
			restart(s)
			s.list("hi.m3u8", one)
			s.publish("hi.m3u8", one)
			s.finish("a.ts=3")
			s.list("index.m3u8", one)
			s.put("a.ts=3")
		}, []Rule{RuleOverwritten}},
		{"same text, other bytes", func(s stage) {
			s.ship(one, "a.ts=1")
			s.finish("a.ts=3")
			s.list("index.m3u8", one)
			s.put("a.ts=3")
			s.publish("index.m3u8", one)
			s.Finale()
		}, nil},
		{"same text, other bytes, never stored", func(s stage) {
			s.ship(one, "a.ts=1")
			s.finish("a.ts=3")
			s.list("index.m3u8", one)
			s.Finale()
		}, []Rule{RuleUnpublished}},
		{"the same bytes again are the same version", func(s stage) {
			restart(s)
			s.finish("a.ts=1")
			s.list("index.m3u8", one)
			s.publish("index.m3u8", one)
			s.Finale()
		}, nil},
		{"ring of names", func(s stage) {
			s.ship(media(seq(0), "0.ts", "1.ts"), "0.ts=a", "1.ts=b")
			s.ship(media(seq(1), "1.ts", "2.ts"), "2.ts=c")
			s.ship(media(seq(2), "2.ts", "0.ts"), "0.ts=d")
			s.ship(media(seq(3), "0.ts", "1.ts"), "1.ts=e")
			s.Finale()
		}, nil},
	})
}

func TestViewerInitRewritten(t *testing.T) {
	t.Parallel()
	text := media(initMap, "a.m4s")
	start := func(s stage) {
		s.ship(text, "init.mp4=817", "a.m4s=1")
		s.finish("init.mp4=833")
	}
	playScenes(t, []scene{
		{"overwritten at once", func(s stage) {
			start(s)
			s.put("init.mp4=833")
		}, []Rule{RuleNeverNamed, RuleOverwritten}},
		{"overwritten after settle", func(s stage) {
			start(s)
			time.Sleep(DefaultSettle)
			s.put("init.mp4=833")
			s.Finale()
		}, nil},
		{"left as it was", func(s stage) {
			start(s)
			time.Sleep(DefaultSettle)
			s.Finale()
		}, nil},
		{"overwritten after settle while a newer playlist waits", func(s stage) {
			start(s)
			s.finish("b.m4s=2")
			s.list("index.m3u8", media(initMap, "a.m4s", "b.m4s"))
			time.Sleep(DefaultSettle)
			s.put("init.mp4=833")
		}, []Rule{RuleOverwritten}},
		{"overwritten after settle, a newer playlist just listed", func(s stage) {
			start(s)
			time.Sleep(DefaultSettle)
			s.finish("b.m4s=2")
			s.list("index.m3u8", media(initMap, "a.m4s", "b.m4s"))
			s.put("init.mp4=833", "b.m4s=2")
			s.publish("index.m3u8", media(initMap, "a.m4s", "b.m4s"))
			s.Finale()
		}, nil},
		{"first published with the later bytes, too early", func(s stage) {
			s.finish("init.mp4=817", "a.m4s=1")
			s.list("index.m3u8", text)
			s.finish("init.mp4=833")
			s.AllowUnnamed = true
			s.put("init.mp4=833", "a.m4s=1")
			s.publish("index.m3u8", text)
		}, []Rule{RuleWrongVersion}},
		{"first published with the later bytes, settled", func(s stage) {
			s.finish("init.mp4=817", "a.m4s=1")
			s.list("index.m3u8", text)
			s.finish("init.mp4=833")
			time.Sleep(DefaultSettle)
			s.put("init.mp4=833", "a.m4s=1")
			s.publish("index.m3u8", text)
			s.Finale()
		}, nil},
	})
}
