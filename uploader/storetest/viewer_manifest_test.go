package storetest

import (
	"fmt"
	"testing"
	"time"
)

// timeline returns a DASH manifest that names 1.m4s to the last.
func timeline(last int) string {
	return fmt.Sprintf(`<MPD><Period><AdaptationSet><Representation><SegmentTemplate media="$Number$.m4s" initialization="init.mp4"><SegmentTimeline>`+
		`<S d="1" r="%d"/></SegmentTimeline></SegmentTemplate></Representation></AdaptationSet></Period></MPD>`, last-1)
}

// counted returns one that counts 1.m4s to the last by its times, and has more to come.
func counted(last int) string {
	return fmt.Sprintf(`<MPD type="dynamic" availabilityStartTime="2000-01-01T00:00:00Z" publishTime="2000-01-01T00:00:%02dZ" minimumUpdatePeriod="PT1S">`+
		`<Period><AdaptationSet><Representation><SegmentTemplate media="$Number$.m4s" duration="1"/></Representation></AdaptationSet></Period></MPD>`, last)
}

func TestViewerManifest(t *testing.T) {
	t.Parallel()
	playScenes(t, []scene{
		{"all of its timeline stored", func(s stage) {
			s.finish("init.mp4=i", "1.m4s=1", "2.m4s=2")
			s.list("x.mpd", timeline(2))
			s.put("init.mp4=i", "1.m4s=1", "2.m4s=2")
			s.publish("x.mpd", timeline(2))
		}, nil},
		{"a segment of its timeline missing", func(s stage) {
			s.finish("init.mp4=i", "1.m4s=1", "2.m4s=2")
			s.list("x.mpd", timeline(2))
			s.put("init.mp4=i", "1.m4s=1")
			s.publish("x.mpd", timeline(2))
		}, []Rule{RulePlaylistFirst}},
		{"its init section missing", func(s stage) {
			s.finish("init.mp4=i", "1.m4s=1")
			s.list("x.mpd", timeline(1))
			s.put("1.m4s=1")
			s.publish("x.mpd", timeline(1))
		}, []Rule{RulePlaylistFirst}},
		{"torn", func(s stage) {
			s.list("x.mpd", counted(0))
			s.publish("x.mpd", counted(0)[:40])
		}, []Rule{RuleTornPlaylist}},
		{"going back", func(s stage) {
			s.list("x.mpd", counted(0))
			s.list("x.mpd", counted(1))
			s.publish("x.mpd", counted(1))
			s.publish("x.mpd", counted(0))
		}, []Rule{RuleOlderPlaylist}},
		{"a counted segment that was finished before it missing", func(s stage) {
			s.finish("1.m4s=1")
			s.list("x.mpd", counted(1))
			s.publish("x.mpd", counted(1))
		}, []Rule{RulePlaylistFirst}},
		{"a counted segment that nobody can know of missing", func(s stage) {
			s.finish("1.m4s=1")
			s.list("x.mpd", counted(1))
			s.Unseen("1.m4s")
			s.publish("x.mpd", counted(1))
		}, nil},
		{"one that is there once more", func(s stage) {
			s.finish("1.m4s=1")
			s.Unseen("1.m4s")
			s.finish("1.m4s=1")
			s.list("x.mpd", counted(1))
			s.publish("x.mpd", counted(1))
		}, []Rule{RulePlaylistFirst}},
		{"one that was given up", func(s stage) {
			s.finish("1.m4s=1")
			s.list("x.mpd", counted(1))
			s.Lost("1.m4s")
			s.Lost("1.m4s")
			s.publish("x.mpd", counted(1))
		}, []Rule{RulePlaylistFirst}},
		{"one of a timeline that nobody can know of missing", func(s stage) {
			s.finish("init.mp4=i", "1.m4s=1")
			s.list("x.mpd", timeline(1))
			s.Unseen("1.m4s")
			s.put("init.mp4=i")
			s.publish("x.mpd", timeline(1))
		}, []Rule{RulePlaylistFirst}},
		{"a counted segment that comes after it", func(s stage) {
			s.list("x.mpd", counted(1))
			s.publish("x.mpd", counted(1))
			s.finish("1.m4s=1", "2.m4s=2")
			s.put("1.m4s=1", "2.m4s=2")
		}, nil},
		{"a leftover under a number to come", func(s stage) {
			s.finish("2.m4s=2")
			time.Sleep(10 * DefaultSettle)
			s.list("x.mpd", counted(1))
			s.put("2.m4s=2")
		}, []Rule{RuleNeverNamed}},
	})
}
