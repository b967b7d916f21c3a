//go:build linux

package main

import (
	"fmt"
	"testing"
	"time"
)

// glimpse is a new picture on a player's screen: of which run of the packager, and which frame of it.
type glimpse struct {
	at         time.Duration // since the player began
	run, frame int
}

// framesASecond is that of the pictures.
const framesASecond = 10

// How a viewing ends.
const (
	goesOn = "goes on"
	frozen = "frozen"
	ended  = "ended" // the player thinks that the show is over
	dead   = "dead"  // the player says that it failed, or its process did
)

// viewing is what one player showed, and how it ended by itself: ended, dead, or not at all.
type viewing struct {
	glimpses []glimpse
	end, why string
}

// impression is what a viewer has of a viewing.
type impression struct {
	outcome string
	// stood is the longest time for which one picture stood, old how much of what had been shown, or of an older run,
	// was shown again.
	stood, old time.Duration
	why        string
}

// fresh is how late the last picture may be for a player to go on: it plays what is as old as three segments, and some
// show a segment at once and then wait for the next.
const fresh = 7 * time.Second

// judge forms an impression: the packager's last run was that number, and the viewing was over at that time.
func (v viewing) judge(run int, over time.Duration) impression {
	i := impression{outcome: frozen, why: v.why}
	var last, furthest glimpse
	for n, g := range v.glimpses {
		if n > 0 {
			i.stood = max(i.stood, g.at-last.at)
		}
		last = g
		if g.run < furthest.run || g.run == furthest.run && g.frame < furthest.frame {
			i.old += time.Second / framesASecond
		} else {
			furthest = g
		}
	}
	if len(v.glimpses) > 0 && last.run == run && over-last.at < fresh {
		i.outcome = goesOn
		return i
	}
	if v.end != "" {
		i.outcome = v.end
	}
	return i
}

// cell is an impression in the table. Standing for less than grain means nothing.
func (i impression) cell(grain time.Duration) string {
	text := i.outcome
	if i.outcome == goesOn && i.stood >= grain {
		text += fmt.Sprintf(", +%.0f s", i.stood.Seconds())
	}
	if i.old >= time.Second {
		text += fmt.Sprintf(", %.0f s old", i.old.Seconds())
	}
	return text
}

// TestImpression has viewings of each kind.
func TestImpression(t *testing.T) {
	t.Parallel()
	// play shows frames of a run, one after the other, from a time on.
	play := func(at time.Duration, run, from, to int) []glimpse {
		var all []glimpse
		for frame := from; frame < to; frame++ {
			all = append(all, glimpse{at, run, frame})
			at += time.Second / framesASecond
		}
		return all
	}
	join := func(end string, parts ...[]glimpse) viewing {
		v := viewing{end: end}
		for _, part := range parts {
			v.glimpses = append(v.glimpses, part...)
		}
		return v
	}
	first := play(0, 1, 0, 100) // ten seconds
	for _, tt := range []struct {
		name string
		viewing
		want string
	}{
		{"goes on", join("", first, play(10*time.Second, 2, 0, 200)), "goes on"},
		{"stands for a while", join("", first, play(20*time.Second, 2, 0, 100)), "goes on, +10 s"},
		{"stands for ever", join("", first), "frozen"},
		{"never shows the new run", join("", first, play(10*time.Second, 1, 100, 300)), "frozen"},
		{"stands in the new run", join("", first, play(10*time.Second, 2, 0, 50)), "frozen"},
		{"shows what it had shown", join("", first, play(10*time.Second, 1, 80, 100), play(12*time.Second, 2, 0, 180)), "goes on, 2 s old"},
		{"shows the old run in the new one", join("", first, play(10*time.Second, 2, 0, 30), play(13*time.Second, 1, 0, 40), play(17*time.Second, 2, 30, 160)), "goes on, 4 s old"},
		{"shows the old run until the end", join("", first, play(10*time.Second, 2, 0, 30), play(13*time.Second, 1, 0, 170)), "frozen, 17 s old"},
		{"is over", join(ended, first), "ended"},
		{"fails", join(dead, first), "dead"},
		{"complains and goes on", join(dead, first, play(10*time.Second, 2, 0, 200)), "goes on"},
		{"shows nothing", join(""), "frozen"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.judge(2, 30*time.Second).cell(3 * time.Second); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}
