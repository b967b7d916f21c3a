package storetest

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// TestAudience has an Audience see what it must accuse, and what it must not.
func TestAudience(t *testing.T) {
	t.Parallel()
	const a, b = "20261130T010203Z/", "20261130T011500Z/"
	text := func(number, breaks string, lines ...string) []byte {
		return []byte("#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:" + number + "\n#EXT-X-DISCONTINUITY-SEQUENCE:" + breaks + "\n" +
			strings.ReplaceAll(strings.Join(lines, "\n"), "+", "#EXTINF:2,\n") + "\n")
	}
	for name, test := range map[string]struct {
		then func(x *Audience)
		want []Rule
	}{
		"nothing": {func(*Audience) {}, nil},
		"another run": {func(x *Audience) {
			x.Changed("live/x.m3u8", text("0", "0", "+"+a+"s0.ts", "+"+a+"s1.ts", "#EXT-X-DISCONTINUITY", "+"+b+"s0.ts"))
		}, nil},
		"a run without a discontinuity": {func(x *Audience) {
			x.Changed("live/x.m3u8", text("0", "0", "+"+a+"s0.ts", "+"+a+"s1.ts", "+"+b+"s0.ts"))
		}, []Rule{RuleDiscontinuity}},
		"a number that falls": {func(x *Audience) { x.Changed("live/x.m3u8", text("0", "1", "+"+b+"s0.ts")) }, []Rule{RuleNumbers, RuleNumbers, RuleDiscontinuity}},
		"another number":      {func(x *Audience) { x.Changed("live/x.m3u8", text("1", "0", "+"+a+"s0.ts")) }, []Rule{RuleNumbers}},
		"numbers passed over": {func(x *Audience) { x.Changed("live/x.m3u8", text("5", "1", "+"+b+"s0.ts")) }, []Rule{RuleNumbers}},
		"what is not stored": {func(x *Audience) {
			x.Changed("live/x.m3u8", text("0", "0", "+"+a+"s0.ts", "+"+a+"s1.ts", "+"+a+"s2.ts"))
		}, []Rule{RulePlaylistFirst}},
		"another run's bytes":  {func(x *Audience) { x.Changed("live/"+a+".2/s0.ts", []byte("run 1")) }, []Rule{RuleFolder}},
		"other bytes of a key": {func(x *Audience) { x.Changed("live/"+b+"s0.ts", []byte("run 0, 0")) }, []Rule{RuleImmutable, RuleFolder}},
		"half a segment":       {func(x *Audience) { x.Changed("live/"+b+"s9.ts", []byte("ru")) }, []Rule{RuleHalfSegment}},
		"what nobody named": {func(x *Audience) {
			x.Finished("s7.ts", []byte("run 1, 7"))
			x.Changed("live/"+b+"s7.ts", []byte("run 1, 7"))
		}, []Rule{RuleNeverNamed}},
		"an end that is none": {func(x *Audience) {
			x.Changed("live/x.m3u8", text("0", "0", "+"+a+"s0.ts", "+"+a+"s1.ts", "#EXT-X-ENDLIST"))
		}, []Rule{RuleEnd}},
		"an end that comes soon": {func(x *Audience) {
			x.Listed("x.m3u8", text("0", "0", "+s0.ts", "#EXT-X-ENDLIST"))
			x.Changed("live/x.m3u8", text("0", "0", "+"+a+"s0.ts", "+"+a+"s1.ts", "#EXT-X-DISCONTINUITY", "+"+b+"s0.ts", "#EXT-X-ENDLIST"))
		}, []Rule{RuleEnd}},
		"a list that stands": {func(x *Audience) { x.Standing(time.Now().Add(time.Minute), time.Second) }, []Rule{RuleEdgeStandsStill}},
		"an end without it":  {func(x *Audience) { x.Finale(func(string) string { return "" }) }, []Rule{RuleUnpublished}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := NewAudience("live/")
			x.EndDelay = time.Minute
			x.Finished("s0.ts", []byte("run 0, 0"))
			x.Finished("s1.ts", []byte("run 0, 1"))
			x.Listed("x.m3u8", text("0", "0", "+s0.ts", "+s1.ts"))
			x.Changed("live/"+a+"s0.ts", []byte("run 0, 0"))
			x.Changed("live/"+a+"s1.ts", []byte("run 0, 1"))
			x.Changed("live/x.m3u8", text("0", "0", "+"+a+"s0.ts", "+"+a+"s1.ts"))
			x.Begins(1)
			x.Finished("s0.ts", []byte("run 1"))
			x.Listed("x.m3u8", text("0", "0", "+s0.ts"))
			x.Changed("live/"+b+"s0.ts", []byte("run 1"))
			test.then(x)
			var got []Rule
			for _, v := range x.Violations() {
				got = append(got, v.Rule)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", x.Violations(), test.want)
			}
		})
	}
}
