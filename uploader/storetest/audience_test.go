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
		"numbers of segments that were listed and not shown": {func(x *Audience) {
			x.Begins(0)
			x.Listed("x.m3u8", text("0", "0", "+s0.ts", "+s1.ts", "+s2.ts", "+s3.ts"))
			x.Begins(1)
			x.Changed("live/x.m3u8", text("4", "1", "+"+b+"s0.ts"))
		}, nil},
		"a number more than those": {func(x *Audience) {
			x.Begins(0)
			x.Listed("x.m3u8", text("0", "0", "+s0.ts", "+s1.ts", "+s2.ts", "+s3.ts"))
			x.Begins(1)
			x.Changed("live/x.m3u8", text("5", "1", "+"+b+"s0.ts"))
		}, []Rule{RuleNumbers}},
		"numbers that begin anew as the list is gone": {func(x *Audience) {
			x.Removed("live/x.m3u8")
			x.Restarted()
			x.Changed("live/x.m3u8", text("5", "0", "+"+b+"s0.ts"))
		}, nil},
		"numbers that begin anew as the list went before it was read": {func(x *Audience) {
			x.Restarted()
			x.Removed("live/x.m3u8")
			x.Changed("live/x.m3u8", text("0", "0", "+"+b+"s0.ts"))
		}, nil},
		"numbers that begin anew although nobody restarted": {func(x *Audience) {
			x.Removed("live/x.m3u8")
			x.Changed("live/x.m3u8", text("0", "0", "+"+b+"s0.ts"))
		}, []Rule{RuleNumbers, RuleNumbers}},
		"numbers that begin anew although the list is there": {func(x *Audience) {
			x.Restarted()
			x.Changed("live/x.m3u8", text("5", "0", "+"+b+"s0.ts"))
		}, []Rule{RuleNumbers}},
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
		"a discontinuity of the packager's": {func(x *Audience) {
			x.Finished("s1.ts", []byte("run 1, 1"))
			x.Listed("x.m3u8", text("0", "0", "+s0.ts", "#EXT-X-DISCONTINUITY", "+s1.ts"))
			x.Changed("live/"+b+"s1.ts", []byte("run 1, 1"))
			x.Changed("live/x.m3u8", text("2", "1", "+"+b+"s0.ts", "#EXT-X-DISCONTINUITY", "+"+b+"s1.ts"))
		}, nil},
		"a discontinuity where nothing is": {func(x *Audience) {
			x.Finished("s1.ts", []byte("run 1, 1"))
			x.Listed("x.m3u8", text("0", "0", "+s0.ts", "+s1.ts"))
			x.Changed("live/"+b+"s1.ts", []byte("run 1, 1"))
			x.Changed("live/x.m3u8", text("2", "1", "+"+b+"s0.ts", "#EXT-X-DISCONTINUITY", "+"+b+"s1.ts"))
			x.Finale(func(string) string { return "" })
		}, []Rule{RuleDiscontinuity}},
		"an EVENT at the place of the one before": {func(x *Audience) {
			x.Changed("live/x.m3u8", text("0", "0", "#EXT-X-PLAYLIST-TYPE:EVENT", "+"+b+"s0.ts"))
		}, nil},
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
			x.EndDelay, x.Steady = time.Minute, true
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

// TestAudienceOfCuts: a discontinuity where a list has all of its segments is there for a hole of another list of the stream, and for nothing else.
func TestAudienceOfCuts(t *testing.T) {
	t.Parallel()
	const a = "20261130T010203Z/"
	text := func(cut bool, names ...string) []byte {
		all := "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-DISCONTINUITY-SEQUENCE:0\n"
		for i, name := range names {
			if cut && i == len(names)-1 {
				all += "#EXT-X-DISCONTINUITY\n"
			}
			all += "#EXTINF:2,\n" + name + "\n"
		}
		return []byte(all)
	}
	for name, c := range map[string]struct {
		stream func(string) string
		shown  []string // by the other list, of its three segments
		want   int
	}{
		"a hole in the middle":   {func(string) string { return "" }, []string{"y0.ts", "y2.ts"}, 0},
		"a hole at the end":      {func(string) string { return "" }, []string{"y0.ts", "y1.ts"}, 0},
		"no hole":                {func(string) string { return "" }, []string{"y0.ts", "y1.ts", "y2.ts"}, 1},
		"a hole of other people": {func(list string) string { return list }, []string{"y0.ts", "y2.ts"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := NewAudience("live/")
			x.Steady = true
			for _, list := range []string{"x", "y"} {
				var names []string
				for i := range 3 {
					name := list + string(rune('0'+i)) + ".ts"
					names = append(names, name)
					x.Finished(name, []byte("bytes of "+name))
				}
				x.Listed(list+".m3u8", text(false, names...))
				for i, name := range names {
					x.Changed("live/"+a+name, []byte("bytes of "+name))
					names[i] = a + name
				}
				if list == "x" {
					x.Changed("live/x.m3u8", text(true, names...))
				}
			}
			var shown []string
			for _, name := range c.shown {
				shown = append(shown, a+name)
			}
			x.Changed("live/y.m3u8", text(shown[len(shown)-1] != a+"y1.ts" && len(shown) < 3, shown...))
			x.Finale(c.stream)
			cuts := 0
			for _, v := range x.Violations() {
				if strings.Contains(v.Detail, "where nothing is") {
					cuts++
				}
			}
			if cuts != c.want {
				t.Errorf("got %v", x.Violations())
			}
		})
	}
}
