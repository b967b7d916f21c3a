//go:build linux

package main

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/storetest"
)

// incident is what happens to a packager while players watch what hlsship publishes.
type incident struct {
	name       string
	fragmented bool
	turns      []turn
	// quick is true for what make test plays.
	quick bool
}

// incidents returns all of them, in the order of the table.
func incidents() []incident {
	const pause = 4 * time.Second // and a segment, until the new run is listed
	restart := []turn{{count: 10}, {after: pause, count: 16}}
	return []incident{
		{name: "killed while players watch", quick: true, turns: []turn{{first: 40, count: 5}, {after: cutTime, count: 9}}},
		{name: "restarted after 20 s", turns: restart},
		{name: "restarted after 20 s, fMP4", fragmented: true, turns: restart},
		{name: "restarted after 160 s", turns: []turn{{first: 70, count: 10}, {after: pause, count: 12}}},
		{name: "ENDLIST, back after 3 s", turns: []turn{{count: 10, ends: true}, {after: 3 * time.Second, count: 14}}},
		{name: "silent for 25 s", turns: []turn{{count: 10}, {after: 25 * time.Second, count: 12}}},
		{name: "a segment never comes", turns: []turn{{count: 20, lost: 8}}},
	}
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
		reels = append(reels, newReel(t, ffmpeg, n+1, turn.first+turn.count, i.fragmented))
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
	packed := make(chan struct{}) // closed once the packager has written its last segment
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
		for range openings {
			programs[manner].says(t, `msg="playlist published".*/video/index\.m3u8`)
		}
	}
	for _, c := range players {
		for _, manner := range manners() {
			a.watch(t, manner+" "+c.name, c, manner+"/master.m3u8")
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

// watchedAtOnce bounds how many incidents are played at the same time.
const watchedAtOnce = 2

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
	var plays sync.WaitGroup
	room := make(chan struct{}, watchedAtOnce)
	for _, i := range incidents() {
		if i.quick {
			continue
		}
		w := &watched{incident: i}
		rows = append(rows, w)
		plays.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			t.Run(regexp.MustCompile(`\W+`).ReplaceAllString(i.name, "_"), func(t *testing.T) { *w = i.play(t, players) })
		})
	}
	plays.Wait()
	reportWatched(t, players, rows)
}
