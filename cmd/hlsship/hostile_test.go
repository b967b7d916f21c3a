//go:build linux

package main

import (
	"flag"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	// mostLines is what the process may write into its log, beside a line for each PUT, and mostFiles how many descriptors
	// it may have.
	mostLines = 1500
	mostFiles = descriptors / 4
	// longHostile is how long the test has to last for the lateness of the honest streams to be held against twice what it is
	// without hostile writers. In a shorter time a few versions decide; they may be late by shortNoise, as two busy cores also
	// run the writers and the store.
	longHostile = time.Minute
	shortNoise  = time.Second
)

// TestHostileDirectory ships honest streams beside more than a hundred writers that do what a directory's other writers
// could do to everybody else. It is not parallel: it measures.
func TestHostileDirectory(t *testing.T) {
	last := flag.Lookup("hostile.time").Value.(flag.Getter).Get().(time.Duration)
	if testing.Short() {
		t.Skip("takes twenty seconds")
	}
	s := newSiege(t)
	for _, h := range s.honest {
		go h.run()
	}
	s.awaits(t, 3)
	s.listens()
	begun := time.Now()
	<-time.After(max(last/4, 3*time.Second))
	attacked := time.Now()
	_, _, before := s.sampler.seen()
	a := s.begin(t)
	<-time.After(last)
	metrics, health := s.asks(t, "/metrics"), s.asks(t, "/healthz")
	for _, h := range s.honest {
		h.ends(t)
	}
	over := time.Now()
	_, _, after := s.sampler.seen()
	s.program.signal(t, syscall.SIGTERM)
	select {
	case <-s.program.ended:
	case <-time.After(hostileDrain + patience):
		t.Errorf("it has not ended %s after the drain timeout of %s", patience, hostileDrain)
	}
	drained := time.Since(over)
	did := a.ends(t)
	if err := s.program.cmd.Wait(); s.program.cmd.ProcessState.ExitCode() != exitUnshipped && s.ground().Only == "" {
		t.Errorf("it ended with %v, though nobody can ship what the hostile playlists name", err)
	}
	s.control.signal(t, syscall.SIGTERM)
	s.control.exits(t, exitDone)

	s.judge(t, begun, attacked, over)
	memory, files, _ := s.sampler.seen()
	log := regexp.MustCompile(`(?m)^.*msg="(segment stored|playlist published)".*\n`).ReplaceAllString(s.program.output(), "") // one for each PUT
	lines := strings.Count(log, "\n")
	t.Logf("memory %d MB, %d descriptors, %d lines of log and one for each of %d PUTs, %d kB of metrics, drained in %s", memory/1e6, files, lines, s.store.puts,
		len(metrics)/1000, drained.Round(time.Millisecond))
	t.Logf("it computed for %s of %s, the hostile writers for %s; %d hostile playlists were published", after-before, over.Sub(attacked).Round(time.Second),
		a.cmd.ProcessState.UserTime()+a.cmd.ProcessState.SystemTime(), s.store.lists)
	if memory > mostMemory {
		t.Errorf("the process took %d MB, want %d at most", memory/1e6, mostMemory/1_000_000)
	}
	if files > mostFiles {
		t.Errorf("the process had %d files open, want %d at most", files, mostFiles)
	}
	if lines > mostLines {
		t.Errorf("the log has %d lines, want %d at most", lines, mostLines)
	}
	if len(metrics) > 500_000 {
		t.Errorf("the metrics have %d bytes", len(metrics))
	}
	if !strings.HasPrefix(health, "ok") {
		t.Errorf("the process says of itself: %s", health)
	}
	for _, kind := range s.ground().attacks() {
		if d := did[kind.name]; d.Acts == 0 || d.Failed > d.Acts {
			t.Errorf("%s: acted %d times and failed %d times, as %s", kind.name, d.Acts, d.Failed, d.Err)
		}
	}
	if t.Failed() {
		t.Logf("the log begins with:\n%s", log[:min(len(log), 20_000)])
		t.Logf("the log ends with:\n%s", log[max(len(log)-10_000, 0):])
	}
}

// asks returns what the program answers, which may have to wait until the server has got rid of others.
func (s *siege) asks(t *testing.T, path string) string {
	t.Helper()
	client := http.Client{Timeout: deadline, Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Get("http://" + s.http + path)
	if err != nil {
		t.Errorf("ask the program: %v", err)
		return ""
	}
	defer func() { _ = res.Body.Close() }() // it was only read
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Errorf("ask the program: %v", err)
	}
	return string(body)
}

// awaits waits until each honest stream was published that often.
func (s *siege) awaits(t *testing.T, versions int) {
	t.Helper()
	limit := time.After(deadline)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for _, h := range s.honest {
		for n := 0; n < versions; n, _ = s.store.viewer.Published(h.list()) {
			select {
			case <-tick.C:
			case <-limit:
				t.Fatalf("%s is not published:\n%s", h.list(), s.program.output())
			}
		}
	}
}

// judge has all that was stored judged, and how late the honest streams were.
func (s *siege) judge(t *testing.T, begun, attacked, over time.Time) {
	t.Helper()
	s.store.viewer.Finale()
	for _, v := range s.store.viewer.Violations() {
		t.Error(v)
	}
	s.store.mu.Lock()
	defer s.store.mu.Unlock()
	for _, f := range s.store.faults {
		t.Error(f)
	}
	control := percentile(s.lags("^control/", attacked, over), 99)
	for _, streams := range []string{"^control/", "^main/", "^second/", "^(date|fifo|file|files|link)/"} {
		alone, beside := s.lags(streams, begun, attacked), s.lags(streams, attacked, over)
		before, now := percentile(alone, 99), percentile(beside, 99)
		t.Logf("%-30s p50 %4d and %4d ms, p99 %4d and %4d ms (%d and %d versions)", streams, percentile(alone, 50).Milliseconds(), percentile(beside, 50).Milliseconds(),
			before.Milliseconds(), now.Milliseconds(), len(alone), len(beside))
		most := max(2*before, 2*control)
		if over.Sub(attacked) < longHostile {
			most += shortNoise
		}
		if now > most {
			t.Errorf("%s: the p99 from listed to published is %s beside hostile writers, want %s at most", streams, now, most)
		}
	}
	for _, start := range slices.Sorted(maps.Keys(s.store.starts)) {
		if strings.HasPrefix(start, "2020") {
			t.Errorf("%s: a recording of earlier was written to", start)
		}
	}
	for key := range s.store.keys {
		if strings.Contains(key, "private") || strings.Contains(key, "forged") {
			t.Errorf("%s: what somebody put into a spool is stored", key)
		}
	}
}
