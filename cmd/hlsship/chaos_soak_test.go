//go:build linux

package main

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/storetest"
)

const (
	// soakLanes is how many streams TestSoak ships at the same time, soakSeconds how long each is.
	soakLanes   = 4
	soakSeconds = 60
	// soakUnjudged is of how many streams in a hundred the recorder may be too late to judge them.
	soakUnjudged = 5
)

// TestSoak ships stream after stream through faults of all kinds and kills, for as long as -chaos.soak
// says, and reports what it saw.
func TestSoak(t *testing.T) {
	last := flag.Lookup("chaos.soak").Value.(flag.Getter).Get().(time.Duration)
	if last == 0 {
		t.Skip("runs with -chaos.soak only")
	}
	total := tally{faults: map[string]int{}, manners: map[string]*verdicts{}, worst: map[string]time.Duration{}}
	can := soakScenery(t)
	if seed := flag.Lookup("chaos.stream").Value.(flag.Getter).Get().(uint64); seed != 0 {
		soak(t, seed, can, &total)
		return
	}
	over := time.Now().Add(last)
	random := dice(t)
	var lanes sync.WaitGroup
	for lane := range soakLanes {
		of := rand.New(rand.NewPCG(random.Uint64(), uint64(lane)))
		lanes.Go(func() {
			for round := 0; round == 0 || time.Now().Before(over); round++ {
				t.Run(fmt.Sprintf("stream %d.%d", lane, round), func(t *testing.T) { soak(t, of.Uint64(), can, &total) })
			}
		})
	}
	lanes.Wait()
	t.Log(total.String())
	if total.blind() {
		t.Errorf("%d of %d streams are not judged, want %d %% at most", len(total.unjudged), total.streams, soakUnjudged)
	}
}

// soakScenery returns what can be had here, and says why the rest cannot.
func soakScenery(t *testing.T) scenery {
	t.Helper()
	c := scenery{tls: true, names: true, disk: true, elsewhere: true}
	if err := nameable(t); err != nil {
		t.Logf("no fault of names: the program cannot be given a name server: %v", err)
		c.names = false
	}
	if _, err := openDisk(t); err != nil {
		t.Logf("no fault of disks: a file system cannot be mounted: %v", err)
		c.disk = false
	}
	if _, err := openElsewhere(t, t.TempDir()); err != nil {
		t.Logf("no spool on another file system: %v", err)
		c.elsewhere = false
	}
	return c
}

// soakManner has the dice decide how playlists are published, unless -chaos.manner does.
func soakManner(t *testing.T, random *rand.Rand) manner {
	t.Helper()
	how := anyManner(random)
	switch name := flag.Lookup("chaos.manner").Value.String(); name {
	case "":
		return how
	case exactly.String():
		return exactly
	case continuously.String():
		return continuously
	default:
		t.Fatalf("-chaos.manner=%s: want %s or %s", name, exactly, continuously)
		return how
	}
}

// soak ships one stream. In a mount namespace of its own, which a name server needs, the program would not see
// what becomes of a disk, so that a stream has the one or the other.
func soak(t *testing.T, seed uint64, can scenery, total *tally) {
	random := rand.New(rand.NewPCG(seed, 0))
	c := scenery{tls: can.tls && random.IntN(2) == 0, names: can.names, disk: can.disk, how: soakManner(t, random)}
	t.Logf("repeat %s with -chaos.stream=%d", c.how, seed)
	if c.names && c.disk {
		c.names = random.IntN(2) == 0
		c.disk = !c.names
	}
	c.elsewhere = can.elsewhere && !c.disk && random.IntN(2) == 0
	s := newStorm(t, c)
	defer total.add(s)
	ffmpeg := s.packager(t, "testsrc", soakSeconds, "-hls_list_size", "3", "-ignore_io_errors", "1", "index.m3u8")
	await(t, s.seen, "index0.ts")
	s.rage(t, random, (soakSeconds-8)*time.Second, s.possible(), true)
	s.mend(t)
	if s.disk == nil && random.IntN(3) == 0 {
		s.farewell(t, ffmpeg, soakSeconds)
	} else {
		ffmpeg.ends(t)
	}
	total.lags(s.ends(t))
	s.holds(t, "index.m3u8")
	if !s.stretched { // else there is what the packager could not write
		s.holdsSegments(t, "index%d.ts", soakSeconds)
	}
	if why := s.verdict(t); why != "" {
		total.passes(why)
		t.Skip("not judged: ", why)
	}
}

// tally sums up what TestSoak saw.
type tally struct {
	mu                     sync.Mutex
	streams, kills, early  int
	calms                  int
	segments, publications int
	faults                 map[string]int
	manners                map[string]*verdicts // by their names
	worst                  map[string]time.Duration
	unjudged               []string // why
}

// verdicts is what was found of the streams of one manner.
type verdicts struct{ streams, violations, lost int }

// passes takes in that a stream is not judged.
func (a *tally) passes(why string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.unjudged = append(a.unjudged, why)
}

// blind reports whether too many streams are not judged. One is not.
func (a *tally) blind() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.unjudged) > max(1, a.streams*soakUnjudged/100)
}

// add takes in a stream that is over, however it ended.
func (a *tally) add(s *storm) {
	a.mu.Lock()
	defer a.mu.Unlock()
	counts := s.viewer.Counts()
	a.streams++
	a.kills += s.kills
	a.early += s.early
	a.calms += len(s.calms)
	a.segments += counts.Finished
	a.publications += s.publications()
	of := a.manners[s.live.how.String()]
	if of == nil {
		of = &verdicts{}
		a.manners[s.live.how.String()] = of
	}
	of.streams++
	for _, v := range slices.Concat(s.viewer.Violations(), s.broken) {
		if v.Doubtful {
			continue
		}
		if v.Rule == storetest.RuleUnstored || v.Rule == storetest.RuleUnpublished {
			of.lost++
		} else {
			of.violations++
		}
	}
	for name, n := range s.faults {
		a.faults[name] += n
	}
}

func (a *tally) lags(worst map[string]time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for after, lag := range worst {
		a.worst[after] = max(a.worst[after], lag)
	}
}

// String returns the report.
func (a *tally) String() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "streams %d (%d of them not judged), segments %d, publications %d, kills %d (%d of them at the start), calms %d\n",
		a.streams, len(a.unjudged), a.segments, a.publications, a.kills, a.early, a.calms)
	for _, name := range slices.Sorted(maps.Keys(a.manners)) {
		of := a.manners[name]
		fmt.Fprintf(&b, "%-24s %6d  streams, violations %d, lost %d\n", name, of.streams, of.violations, of.lost)
	}
	fmt.Fprintf(&b, "%-24s %6s  %s\n", "disturbance", "times", "worst time until the live edge was current")
	times := maps.Clone(a.faults)
	times["kill"] = a.kills
	for _, name := range slices.Sorted(maps.Keys(times)) {
		worst := "not known: no calm was long enough"
		if lag, known := a.worst[name]; known {
			worst = lag.Round(time.Millisecond).String()
		}
		fmt.Fprintf(&b, "%-24s %6d  %s\n", name, times[name], worst)
	}
	return b.String()
}
