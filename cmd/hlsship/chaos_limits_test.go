//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// chaosBudget has an outage last longer than the budget of the spool does: the oldest segments are given up first,
// each is named and counted, and no playlist in the bucket names one.
func chaosBudget(t *testing.T) (why string) {
	s := newStorm(t, scenery{how: anyManner(dice(t))}, "--spool-budget", "120kB", "--http-listen", "127.0.0.1:0")
	ffmpeg := s.packager(t, "testsrc", stormSeconds, "-hls_list_size", "2", "-hls_flags", "delete_segments", "-hls_delete_threshold", "1", "index.m3u8")
	await(t, s.seen, "index2.ts")
	s.begin(t, faults()[0])
	await(t, s.seen, "index12.ts")
	lost := s.losses(t)
	address := regexp.MustCompile(`listening for HTTP.* address=(\S+)`).FindStringSubmatch(s.program.output())[1]
	counted := 0
	for _, line := range strings.Split(fetch(t, "http://"+address+"/metrics"), "\n") {
		if strings.HasPrefix(line, "hlsship_lost_files_total{") && strings.Contains(line, `reason="budget"`) {
			n, err := strconv.Atoi(line[strings.LastIndexByte(line, ' ')+1:])
			if err != nil {
				t.Errorf("%s: %v", line, err)
			}
			counted += n
		}
	}
	// What was given up between the two looks is in the second only.
	if after := len(s.losses(t)); counted < len(lost) || counted > after {
		t.Errorf("the metric counts %d lost files, the log names %d", counted, after)
	}
	s.lift(t)
	ffmpeg.ends(t)
	lost = s.losses(t)
	if len(lost) < 3 {
		t.Errorf("lost %v, so that the budget was not tested", lost)
	}
	for i, n := range lost {
		if n != lost[0]+i {
			t.Errorf("lost %v, want the oldest first and none left out", lost)
			break
		}
	}
	s.finish(t, s.program)
	s.holds(t, "index.m3u8")
	return s.verdict(t)
}

// losses returns the numbers of the segments that the log says are lost for the budget, and excuses them.
func (s *storm) losses(t *testing.T) []int {
	t.Helper()
	var numbers []int
	for _, m := range regexp.MustCompile(`msg="segment lost" path=(?:[0-9TZ-]+/)?index(\d+)\.ts stream=\S+ kind=segment reason=budget`).FindAllStringSubmatch(s.program.output(), -1) {
		n, err := strconv.Atoi(m[1])
		if err != nil {
			t.Fatal(err)
		}
		numbers = append(numbers, n)
		name := "index" + m[1] + ".ts"
		s.viewer.Lost(name)
		s.history.Lost(name)
		s.mu.Lock()
		s.excused[name] = true
		s.mu.Unlock()
	}
	return numbers
}

// chaosDrain stops the program while the store is away, which ends in time and says what is left, and then with a
// backlog and a store that is there, which ships it all.
func chaosDrain(t *testing.T) (why string) {
	const timeout, slack, soon = 3 * time.Second, 3 * time.Second, 10 * time.Second
	s := newStorm(t, scenery{how: anyManner(dice(t))}, "--drain-timeout", timeout.String())
	// What is finished while the program drains and starts again is there still when it looks, however long that takes.
	args := slices.Replace(window(), 5, 6, "6")
	ffmpeg := s.packager(t, "testsrc", stormSeconds, args...)
	await(t, s.seen, "index3.ts")
	s.begin(t, faults()[0])
	await(t, s.seen, "index7.ts")
	if took := s.stop(t, exitUnshipped); took > timeout+slack {
		t.Errorf("it took %s to stop while the store was away, want %s at most", took, timeout+slack)
	}
	for _, want := range []string{`msg="stopped with files unshipped, which wait in the spool"`, "spool="} {
		if !strings.Contains(s.past[0].output(), want) {
			t.Errorf("the log lacks %q", want)
		}
	}
	s.args = nil
	s.revive(t)
	ffmpeg.ends(t)
	s.program.ships(t)
	s.lift(t)
	began := time.Now()
	s.ends(t)
	if took := time.Since(began); took > soon {
		t.Errorf("it took %s to ship the backlog and stop, want %s at most", took, soon)
	}
	s.holds(t, "index.m3u8")
	s.holdsSegments(t, "index%d.ts", stormSeconds)
	return s.verdict(t)
}

// chaosFarewell is a short stream with such an end. restarts has the program be killed at the begin of the outage, too: what is published is not
// known to the next one then.
func chaosFarewell(t *testing.T, c scenery, restarts bool) (why string) {
	const seconds = 8
	s := newStorm(t, c)
	ffmpeg := s.packager(t, "testsrc", seconds, "-hls_list_size", "3", "index.m3u8")
	await(t, s.seen, "index2.ts")
	if restarts {
		s.begin(t, faults()[0])
		s.kill(t)
		s.revive(t)
	}
	s.farewell(t, ffmpeg, seconds)
	s.program.says(t, "msg=\"playlist published\"")
	s.ends(t)
	s.holds(t, "index.m3u8")
	s.holdsSegments(t, "index%d.ts", seconds)
	if !strings.Contains(s.program.output(), "files that an earlier process could not ship") {
		t.Error("the spool had nothing, so that nothing was tested")
	}
	return s.verdict(t)
}

// farewell has the packager delete all that it wrote when it ends, as liquidsoap does, while the store is away, and the
// program killed before that is back: then the spool alone has the last segments and the playlist.
func (s *storm) farewell(t *testing.T, ffmpeg *packager, seconds int) {
	t.Helper()
	if s.raging.name == "" {
		s.begin(t, faults()[0])
	}
	ffmpeg.ends(t)
	s.awaitPinned(t, "index.m3u8", "#EXT-X-ENDLIST")
	s.awaitPinned(t, fmt.Sprintf("index%d.ts", seconds-1), "") // the last to be copied
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.IsDir() {
			continue // the spool
		}
		if err := os.Remove(filepath.Join(s.dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	s.kill(t)
	s.revive(t)
	s.program.ships(t)
	s.lift(t)
}

// awaitPinned waits until the spool holds a version of a file that has the line.
func (s *storm) awaitPinned(t *testing.T, name, line string) {
	t.Helper()
	for limit := time.Now().Add(deadline); time.Now().Before(limit); <-time.After(10 * time.Millisecond) {
		pins, err := filepath.Glob(filepath.Join(s.spool, "named", name+"@*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, pin := range pins {
			if text, err := os.ReadFile(pin); err == nil && strings.Contains(string(text), line) {
				return
			}
		}
	}
	t.Fatalf("the spool never held %s with %q", name, line)
}

// stop stops the program as an operator does and returns how long that took.
func (s *storm) stop(t *testing.T, code int) time.Duration {
	t.Helper()
	began := time.Now()
	s.disturb()
	s.program.signal(t, syscall.SIGTERM)
	s.program.exits(t, code)
	s.past = append(s.past, s.program)
	s.program, s.unsteady = nil, true
	return time.Since(began)
}
