//go:build linux

package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/storetest"
)

const (
	// stormSeconds is how long a stream of TestChaos is, killSeconds one of TestKill.
	stormSeconds = 16
	killSeconds  = 26
	// startTime is how long a program takes to look around at most.
	startTime = 300 * time.Millisecond
	// stormsAtOnce bounds how many streams are shipped at the same time.
	stormsAtOnce = 12
	// recoveryLimit is how long after a fault the live edge may be old: a second until the next probe, the
	// transfer of what waits, and what a busy machine adds.
	recoveryLimit = 4 * time.Second
	// killedLimit is the same after a kill; the program has to start and to look around first.
	killedLimit = 5 * time.Second
)

// storms runs each test at the same time as a few others.
func storms(t *testing.T, tests map[string]func(*testing.T) (why string)) {
	t.Helper()
	if testing.Short() {
		t.Skip("ships in real time")
	}
	if _, found := findFFmpeg(); !found {
		t.Skip("ffmpeg is not installed")
	}
	room := make(chan struct{}, stormsAtOnce)
	var all sync.WaitGroup
	for name, test := range tests {
		all.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			t.Run(name, func(t *testing.T) { judged(t, test) })
		})
	}
	all.Wait()
}

// TestChaos ships one stream through each fault, and one through many of them.
func TestChaos(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*testing.T) (why string){
		"mixture": chaosMixture, "budget": chaosBudget, "drain": chaosDrain,
		"farewell":                  func(t *testing.T) string { return chaosFarewell(t, scenery{}, false) },
		"farewell, continuous":      func(t *testing.T) string { return chaosFarewell(t, scenery{how: continuously}, false) },
		"farewell, spool elsewhere": func(t *testing.T) string { return chaosFarewell(t, scenery{elsewhere: true}, false) },
		"farewell to a program that starts in the outage": func(t *testing.T) string { return chaosFarewell(t, scenery{}, true) },
		"farewell to one that starts in the outage, continuous": func(t *testing.T) string {
			return chaosFarewell(t, scenery{how: continuously}, true)
		},
	}
	for _, f := range faults() {
		tests[f.name] = func(t *testing.T) string { return chaosFault(t, f) }
	}
	storms(t, tests)
}

// window has ffmpeg name few segments, and delete others soon.
func window() []string {
	return []string{"-hls_list_size", "3", "-hls_flags", "delete_segments", "-hls_delete_threshold", "1", "index.m3u8"}
}

// chaosFault ships for 3 s, fails for 6 s, and must then lose nothing.
func chaosFault(t *testing.T, f fault) (why string) {
	c := f.scenery()
	c.how = anyManner(dice(t))
	s := newStorm(t, c)
	args := window()
	switch {
	case f.deleted:
		args[1] = "10" // the playlists after the fault name what was stored before it
	case f.disk != "":
		args = []string{"-hls_list_size", "3", "-ignore_io_errors", "1", "index.m3u8"} // what nobody could see is not deleted
	}
	ffmpeg := s.packager(t, "testsrc", stormSeconds, args...)
	await(t, s.seen, "index3.ts")
	began := time.Now()
	s.begin(t, f)
	if f.disk.hurts() {
		<-time.After(6 * time.Second)
	} else {
		await(t, s.seen, "index9.ts")
	}
	<-time.After(rand.N(time.Second)) // at any moment between two probes
	s.lift(t)
	ended := time.Now()
	ffmpeg.ends(t)
	worst := s.ends(t)
	s.holds(t, "index.m3u8")
	if f.disk.hurts() {
		return s.verdict(t) // what the packager could not write nobody ships
	}
	s.holdsSegments(t, "index%d.ts", stormSeconds)
	if _, known := worst[f.name]; !known {
		s.accuse(s.unsure("index.m3u8"), "the live edge never came back")
	}
	if !slices.ContainsFunc(s.listings(), func(l storetest.Listing) bool {
		return l.Listed.After(began) && l.Listed.Before(ended) && (l.Published.IsZero() || l.Published.After(ended))
	}) {
		s.accuse(s.unsure("index.m3u8"), "every version was published in the fault, so that nothing was tested")
	}
	return s.verdict(t)
}

// dice returns what decides what happens when, by a seed that a failure names. What follows from it also
// depends on the speed of the machine.
func dice(t *testing.T) *rand.Rand {
	t.Helper()
	seed := flag.Lookup("chaos.seed").Value.(flag.Getter).Get().(uint64)
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("repeat with -chaos.seed=%d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// anyManner has the dice decide how playlists are published.
func anyManner(random *rand.Rand) manner { return manner(random.IntN(2)) }

// chaosMixture lets faults of all kinds follow one another.
func chaosMixture(t *testing.T) (why string) {
	random := dice(t)
	s := newStorm(t, scenery{how: anyManner(random)})
	ffmpeg := s.packager(t, "testsrc", 2*stormSeconds, window()...)
	await(t, s.seen, "index1.ts")
	s.rage(t, random, (2*stormSeconds-4)*time.Second, s.possible(), false)
	s.mend(t)
	ffmpeg.ends(t)
	s.ends(t)
	s.holds(t, "index.m3u8")
	s.holdsSegments(t, "index%d.ts", 2*stormSeconds)
	return s.verdict(t)
}

// TestKill kills the program again and again, also while the store is away and what the newest playlists named
// is deleted, so that it lies in the spool only. One stream's spool is on another file system.
func TestKill(t *testing.T) {
	t.Parallel()
	const streams = 4
	var kills, early, spooled atomic.Int64
	tests := map[string]func(*testing.T) (why string){}
	for n := range streams {
		tests[fmt.Sprint("stream ", n)] = func(t *testing.T) string {
			return killed(t, faults()[n], scenery{elsewhere: n == streams-1, how: manner(n % 2)}, &kills, &early, &spooled)
		}
	}
	storms(t, tests)
	t.Logf("%d kills, %d of them at the start; %d times a file was in the spool only", kills.Load(), early.Load(), spooled.Load())
	if kills.Load() < 20 {
		t.Errorf("got %d kills, want 20 at least", kills.Load())
	}
	if early.Load() < streams {
		t.Errorf("got %d kills of a program that was starting, want %d at least", early.Load(), streams)
	}
	if spooled.Load() == 0 {
		t.Error("nothing was ever in the spool only, so that a recovery was not tested")
	}
}

func killed(t *testing.T, outage fault, c scenery, kills, early, spooled *atomic.Int64) (why string) {
	const from, to = 4, 16
	random := dice(t)
	s := newStorm(t, c)
	ffmpeg := s.packager(t, "testsrc", killSeconds, "-hls_list_size", "3", "index.m3u8")
	await(t, s.seen, "index0.ts")
	s.rage(t, random, from*time.Second, nil, true)
	s.begin(t, outage)
	s.rage(t, random, (to-from)*time.Second, nil, true)
	spooled.Add(int64(s.orphans(t)))
	for range 3 { // with a spool to recover
		if s.program != nil {
			s.kill(t)
		}
		s.revive(t)
		<-time.After(time.Duration(random.Int64N(int64(startTime))))
		s.kill(t)
		s.early++
	}
	s.lift(t)
	s.rage(t, random, (killSeconds-to-3)*time.Second, nil, true)
	s.mend(t)
	ffmpeg.ends(t)
	s.ends(t)
	kills.Add(int64(s.kills))
	early.Add(int64(s.early))
	s.holds(t, "index.m3u8")
	s.holdsSegments(t, "index%d.ts", killSeconds)
	return s.verdict(t)
}
