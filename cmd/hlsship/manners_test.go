package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/storetest"
)

var (
	mannersSegments = flag.Int("manners.segments", 5, "how many segments each stream of TestMannersTake has")
	mannersRounds   = flag.Int("manners.rounds", 2, "how often TestMannersTake ships them, and another program begins first")
	mannersWithin   = flag.Float64("manners.within", 0, "by how many per cent continuous playlists may be slower; 0 is not judged")
)

const (
	mannersStreams = 8
	mannersPace    = 250 * time.Millisecond
	mannersWindow  = 6
)

// TestMannersTake ships the same streams with exact and with continuous playlists, by two programs at the same time that begin by
// turns, as whatever else the machine does is then the same for both:
//
//	go test ./cmd/hlsship -run TestMannersTake -manners.segments=100 -manners.rounds=6 -v
//
// says how long it takes from a list in the directory to that list in the store, how much longer the same segment takes in the one manner
// than in the other, and how much CPU time the programs need for a segment. -manners.within=3 fails if continuous playlists take so many
// per cent longer.
func TestMannersTake(t *testing.T) {
	if testing.Short() {
		t.Skip("ships in real time")
	}
	if *mannersSegments < 50 {
		t.Parallel()
	}
	for name, delay := range map[string]time.Duration{"a store that answers at once": 0, "20 ms for each PUT": 20 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			var exact, continuous, differences []time.Duration
			cpu := map[string]time.Duration{}
			for round := range *mannersRounds {
				was, is := mannersShip(t, round%2 > 0, delay, cpu)
				for segment, took := range is {
					exact, continuous = append(exact, was[segment]), append(continuous, took)
					differences = append(differences, took-was[segment])
				}
			}
			middle := func(all []time.Duration) time.Duration { return all[len(all)/2] }
			for _, all := range [][]time.Duration{exact, continuous, differences} {
				slices.Sort(all)
			}
			for manner, all := range map[string][]time.Duration{"exact": exact, "continuous": continuous} {
				n := len(all)
				t.Logf("%-10s p50 %v p95 %v p99 %v, %v of CPU time a segment", manner, middle(all), all[n*95/100], all[n*99/100], cpu[manner]/time.Duration(n))
			}
			slower := 100 * float64(middle(differences)) / float64(middle(exact))
			t.Logf("with a continuous playlist the same segment takes %v longer, %+.1f %%", middle(differences), slower)
			if *mannersWithin > 0 && slower > *mannersWithin {
				t.Errorf("continuous playlists take %.1f %% longer, want %.1f %% at most", slower, *mannersWithin)
			}
		})
	}
}

// mannersShip ships the streams once, and returns how long each segment took from its list on. The program that begins first hears of files
// first.
func mannersShip(t *testing.T, backwards bool, delay time.Duration, cpu map[string]time.Duration) (exact, continuous map[string]time.Duration) {
	t.Helper()
	dir, manners := t.TempDir(), []string{"exact", "continuous"}
	if backwards {
		slices.Reverse(manners)
	}
	programs := map[string]*mannered{}
	for _, manner := range manners {
		programs[manner] = mannerShips(t, manner, dir, delay)
	}
	var streams sync.WaitGroup
	for s := range mannersStreams {
		streams.Go(func() {
			packAtPace(t, filepath.Join(dir, fmt.Sprint(s)), programs["exact"].lists, programs["continuous"].lists)
		})
		<-time.After(mannersPace / mannersStreams)
	}
	streams.Wait()
	took := map[string]map[string]time.Duration{}
	for manner, m := range programs {
		took[manner] = m.ends(t)
		cpu[manner] += m.program.cmd.ProcessState.UserTime() + m.program.cmd.ProcessState.SystemTime()
	}
	return took["exact"], took["continuous"]
}

// mannered is a program that ships in one manner, and when what it ships was listed and published.
type mannered struct {
	manner  string
	program *process

	mu                sync.Mutex
	listed, published map[string]time.Time
}

// mannerShips starts a program.
func mannerShips(t *testing.T, manner, dir string, delay time.Duration) *mannered {
	t.Helper()
	m := &mannered{manner: manner, listed: map[string]time.Time{}, published: map[string]time.Time{}}
	server := storetest.Serve(t)
	server.Memory.Latency = func(op, _ string, _ int64) time.Duration {
		if op == "put" {
			return delay
		}
		return 0
	}
	server.Memory.OnChange = m.changed
	m.program = startIn(t, []string{"HLSSHIP_ENDPOINT=" + server.URL, "AWS_ACCESS_KEY_ID=key", "AWS_SECRET_ACCESS_KEY=secret"},
		"run", "--http-listen", "off", "--playlists", manner, "--spool-dir", t.TempDir(), dir, "s3://"+server.Bucket+"/x")
	m.program.ships(t)
	return m
}

// lists notes that a segment is listed now.
func (m *mannered) lists(segment string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.listed[segment] = time.Now()
}

// changed notes which segments a playlist publishes.
func (m *mannered) changed(key string, content []byte) {
	now := time.Now()
	if !strings.HasSuffix(key, ".m3u8") {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for line := range strings.Lines(string(content)) {
		if name := filepath.Base(strings.TrimSpace(line)); strings.HasSuffix(name, ".ts") && m.published[name].IsZero() {
			m.published[name] = now
		}
	}
}

// ends stops the program, and returns how long each segment took from its list on.
func (m *mannered) ends(t *testing.T) map[string]time.Duration {
	t.Helper()
	m.program.signal(t, syscall.SIGTERM)
	m.program.exits(t, exitDone)
	m.mu.Lock()
	defer m.mu.Unlock()
	took := map[string]time.Duration{}
	for name, at := range m.published {
		took[name] = at.Sub(m.listed[name])
	}
	if want := mannersStreams * *mannersSegments; len(took) != want {
		t.Fatalf("%s: %d segments were published, want %d", m.manner, len(took), want)
	}
	return took
}

// packAtPace writes a stream of segments of 200 kB, and says before each list is there that it lists one.
func packAtPace(t *testing.T, dir string, lists ...func(segment string)) {
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path+".tmp", []byte(text), 0o644); err != nil {
			t.Error(err)
		}
		if err := os.Rename(path+".tmp", path); err != nil {
			t.Error(err)
		}
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Error(err)
	}
	body := strings.Repeat("x", 200_000)
	pace := time.NewTicker(mannersPace)
	defer pace.Stop()
	for n := range *mannersSegments {
		select {
		case <-pace.C:
		case <-t.Context().Done():
			return
		}
		segment := func(n int) string { return fmt.Sprintf("%s-%d.ts", filepath.Base(dir), n) }
		write(segment(n), body+segment(n))
		first := max(0, n-mannersWindow+1)
		text := fmt.Sprintf("#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:%d\n", first)
		for k := first; k <= n; k++ {
			text += "#EXTINF:0.25,\n" + segment(k) + "\n"
		}
		for _, say := range lists {
			say(segment(n))
		}
		write("live.m3u8", text)
	}
}
