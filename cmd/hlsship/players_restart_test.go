//go:build linux

package main

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/storetest"
)

// incident is what happens to a packager while players watch what hlsship publishes.
type incident struct {
	name    string
	packing packing
	turns   []turn
	// refused is when playlists begin to be answered with 503, for refusal; 0 is never.
	refused time.Duration
	// stops are the players that do not go on with the continuous playlist: docs/players.md says why.
	stops []string
	// quick is true for what make test plays.
	quick bool
}

// pause is how long a packager is away; the new run is listed a segment later.
const pause = 4 * time.Second

// refusal is how long playlists are answered with 503.
const refusal = 10 * time.Second

// incidents returns all of them, in the order of the table.
func incidents() []incident {
	const vlc = "VLC"
	// The playlist has its length after 12 s, when players begin.
	restart := []turn{{count: 16}, {after: pause, count: 22}}
	return []incident{
		{name: "killed while players watch", packing: transport(), quick: true, turns: []turn{{first: 40, count: 5}, {after: cutTime, count: 9}}},
		{name: "restarted after 20 s", packing: transport(), turns: restart},
		{name: "the same, sound and picture in one playlist", packing: together(), turns: restart},
		{name: "the same, fMP4", packing: fragmented(), turns: restart, stops: []string{vlc}},
		{name: "restarted after 160 s", packing: transport(), turns: []turn{{first: 64, count: 16}, {after: pause, count: 22}}, stops: []string{vlc}},
		{name: "ENDLIST, back after 3 s", packing: transport(), turns: []turn{{count: 16, ends: true}, {after: 3 * time.Second, count: 14}}, stops: []string{vlc}},
		{name: "silent for 25 s", packing: transport(), turns: []turn{{count: 16}, {after: 25 * time.Second, count: 12}}, stops: []string{vlc}},
		{name: "a segment never comes", packing: transport(), turns: []turn{{count: 25, lost: 12}}},
		{name: "the same, sound and picture in one playlist", packing: together(), turns: []turn{{count: 25, lost: 12}}},
		{name: "goes on; playlists are answered with 503 for 10 s", packing: transport(), turns: []turn{{count: 25}}, refused: 20 * time.Second, stops: []string{"hls.js", "ffmpeg", "GStreamer", vlc}},
	}
}

// versions is how many of the playlist are published before the players begin. Chromium's own loses its way in one that grows.
func (i incident) versions() int {
	if i.quick {
		return openings
	}
	return playlistLength
}

// manners are the ways of publishing playlists, as --playlists names them.
func manners() []string { return []string{"exact", "continuous"} }

// watched is what the players came to in one incident, by manner and player.
type watched struct {
	incident    incident
	impressions map[string]map[string]impression
}

// play plays the incident to the players. Both manners of hlsship ship the same directory at the same time.
func (i incident) play(t *testing.T, players []client) watched {
	t.Helper()
	ffmpeg, found := findFFmpeg()
	if !found {
		t.Skip("ffmpeg is not installed")
	}
	var page context.Context
	if slices.ContainsFunc(players, func(c client) bool { return c.kind != "" }) {
		page = browser(t)
	}
	var reels []reel
	for n, turn := range i.turns {
		reels = append(reels, newReel(t, ffmpeg, n+1, turn.first+turn.count, i.packing))
	}
	dir, gateway := t.TempDir(), storetest.Gateway(t)
	programs := map[string]*process{}
	for _, manner := range manners() {
		programs[manner] = startIn(t, []string{
			"HLSSHIP_ENDPOINT=" + gateway.Endpoint, "AWS_ACCESS_KEY_ID=" + gateway.AccessKey, "AWS_SECRET_ACCESS_KEY=" + gateway.SecretKey,
		}, "run", "--http-listen", "off", "--playlists", manner, "--spool-dir", t.TempDir(), dir, "s3://"+gateway.Bucket+"/"+manner)
		programs[manner].ships(t)
	}
	a := openAudience(t, page, gateway)
	if i.refused > 0 {
		begin := time.AfterFunc(i.refused, func() { a.refused.Store(true) })
		end := time.AfterFunc(i.refused+refusal, func() { a.refused.Store(false) })
		defer begin.Stop()
		defer end.Stop()
	}
	packed := make(chan struct{}) // closed once the packager has written its last segment
	t.Cleanup(func() { <-packed })
	go func() {
		defer close(packed)
		for n, turn := range i.turns {
			select {
			case <-time.After(turn.after):
			case <-t.Context().Done():
				return
			}
			reels[n].play(t, dir, turn)
		}
	}()
	for _, manner := range manners() {
		for range i.versions() {
			programs[manner].says(t, `msg="playlist published".*/video/index\.m3u8`)
		}
	}
	for _, c := range players {
		for _, manner := range manners() {
			a.watch(t, manner, c)
		}
	}
	<-packed
	w := watched{i, map[string]map[string]impression{}}
	all, over := a.viewings(t)
	for _, manner := range manners() {
		w.impressions[manner] = map[string]impression{}
		for _, c := range players {
			v := all[manner+" "+c.name]
			got := v.judge(len(i.turns), over)
			w.impressions[manner][c.name] = got
			t.Logf("%s, %s: %s (%v); %s %s", manner, c.name, got.cell(c.grain), got.stood, v.summary(), v.why)
		}
		programs[manner].signal(t, syscall.SIGTERM)
		programs[manner].exits(t, exitDone)
	}
	return w
}

// summary says when the picture stood, and what stood.
func (v viewing) summary() string {
	if len(v.glimpses) == 0 {
		return "no picture"
	}
	var b strings.Builder
	last := v.glimpses[0]
	fmt.Fprintf(&b, "from %.1f s", last.at.Seconds())
	for _, g := range v.glimpses[1:] {
		if g.at-last.at >= busy {
			fmt.Fprintf(&b, ", %d:%d stood at %.1f s for %.1f s", last.run, last.frame, last.at.Seconds(), (g.at - last.at).Seconds())
		}
		last = g
	}
	fmt.Fprintf(&b, ", until %d:%d at %.1f s", last.run, last.frame, last.at.Seconds())
	return b.String()
}

// TestRestartSeen kills a packager, which begins again at number 0, while players watch: those of the continuous playlist go on,
// those of the exact one see a picture that stands. With -players.all, all players watch all incidents, and a table says what
// they showed.
func TestRestartSeen(t *testing.T) {
	if testing.Short() {
		t.Skip("plays in real time")
	}
	if isSet("players.all") {
		watchAll(t)
		return
	}
	players := slices.DeleteFunc(clients(), func(c client) bool { return c.name != "hls.js" && c.name != "ffmpeg" })
	for _, i := range incidents() {
		if !i.quick {
			continue
		}
		w := i.play(t, players)
		for _, c := range players {
			if got := w.impressions["continuous"][c.name]; got.outcome != goesOn || got.stood > cutTime+fresh || got.old >= time.Second {
				t.Errorf("continuous, %s: %+v, want it to go on", c.name, got)
			}
			if got := w.impressions["exact"][c.name]; got.outcome != frozen {
				t.Errorf("exact, %s: %+v, want it frozen, or the test proves nothing", c.name, got)
			}
		}
	}
}

// watchAll plays every incident to every player that is installed, and reports.
func watchAll(t *testing.T) {
	t.Helper()
	var players []client
	for _, c := range clients() {
		if c.version(t.Context()) == "" {
			t.Errorf("%s is not installed: make test-players does so", c.name)
			continue
		}
		players = append(players, c)
	}
	var rows []*watched
	for _, i := range incidents() {
		if i.quick {
			continue
		}
		w := &watched{incident: i}
		rows = append(rows, w)
		t.Run(regexp.MustCompile(`\W+`).ReplaceAllString(i.name, "_"), func(t *testing.T) {
			*w = i.play(t, players)
			for _, c := range players {
				if got := w.impressions["continuous"][c.name]; got.outcome != goesOn && !slices.Contains(i.stops, c.name) {
					t.Errorf("%s: %+v, want it to go on", c.name, got)
				}
			}
		})
	}
	reportWatched(t, players, rows)
}
