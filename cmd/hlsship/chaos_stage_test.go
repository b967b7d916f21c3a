//go:build linux

package main

import (
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/storetest"
)

// storm is a stream whose wire to the store fails, and whose program is killed.
type storm struct {
	*live
	wire *wire
	// program is at work, or nil. past are those that were killed.
	program *process
	past    []*process
	raging  fault // nameless if there is none
	calms   []calm
	// kills and faults count what happened.
	kills  int
	faults map[string]int
}

// calm is a time in which nothing fails, and what it follows.
type calm struct {
	after    string
	limit    time.Duration // how long the live edge may be old
	from, to time.Time     // to is zero if it lasted to the end
}

// newStorm puts a wire between the program and the proxy, and starts the program.
func newStorm(t *testing.T) *storm {
	t.Helper()
	l := newLive(t)
	w := openWire(t, strings.TrimPrefix(l.url, "http://"))
	l.url = "http://" + w.address
	closeStore := l.closeStore
	l.closeStore = func(t *testing.T) {
		t.Helper()
		w.close()
		closeStore(t)
	}
	return &storm{live: l, wire: w, program: l.ship(t), faults: map[string]int{}}
}

// begin lets a fault begin.
func (s *storm) begin(t *testing.T, f fault) {
	t.Helper()
	s.disturb()
	s.raging = f
	s.faults[f.name]++
	if err := s.wire.set(f); err != nil {
		t.Fatalf("%s: %v", f.name, err)
	}
}

// lift ends the fault, if there is one.
func (s *storm) lift(t *testing.T) {
	t.Helper()
	if s.raging.name == "" {
		return
	}
	over := s.raging
	s.raging = fault{}
	if err := s.wire.set(fault{}); err != nil {
		t.Fatalf("end of %s: %v", over.name, err)
	}
	s.calm(over.name, max(over.limit, recoveryLimit))
}

// kill gives the program no time for a last word.
func (s *storm) kill(t *testing.T) {
	t.Helper()
	s.disturb()
	s.program.signal(t, syscall.SIGKILL)
	s.program.exits(t, -1)
	s.past = append(s.past, s.program)
	s.program = nil
	s.kills++
}

// revive starts the program again. It may be killed before it is at work.
func (s *storm) revive(t *testing.T) {
	t.Helper()
	s.program = s.launch(t)
	s.calm("kill", killedLimit)
}

func (s *storm) disturb() {
	s.interrupt(false)
	if n := len(s.calms); n > 0 && s.calms[n-1].to.IsZero() {
		s.calms[n-1].to = time.Now()
	}
}

// calm notes that nothing fails any more, if that is so. What was stored in the fault may have been ready
// for long, and the first publication need not be the last of the recovery.
func (s *storm) calm(after string, limit time.Duration) {
	if s.raging.name != "" || s.program == nil {
		return
	}
	s.resume()
	now := time.Now()
	s.calms = append(s.calms, calm{after: after, limit: limit, from: now})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notBefore = now.Add(limit)
}

// rage lets things happen at random moments for about that long: faults of the kinds, and kills.
func (s *storm) rage(t *testing.T, random *rand.Rand, last time.Duration, kinds []fault, kills bool) {
	t.Helper()
	over := time.After(last)
	for {
		select {
		case <-over:
			return
		case <-time.After(s.lull(random, len(kinds) > 0)):
		}
		if kills {
			s.tidy(t)
		}
		switch {
		case s.program == nil:
			s.revive(t)
		case kills && (len(kinds) == 0 || random.IntN(3) == 0):
			s.kill(t)
		case s.raging.name != "":
			s.lift(t)
		case len(kinds) > 0:
			s.begin(t, kinds[random.IntN(len(kinds))])
		}
	}
}

// lull returns how long to wait for the next thing to happen.
func (s *storm) lull(random *rand.Rand, faults bool) time.Duration {
	upTo := func(d time.Duration) time.Duration { return time.Duration(random.Int64N(int64(d))) }
	switch {
	case s.program == nil:
		return upTo(2 * time.Second)
	case s.raging.name != "" && random.IntN(8) == 0:
		return 5*time.Second + upTo(8*time.Second) // longer than a request is left alone
	case s.raging.name == "" && faults:
		return 2*time.Second + upTo(2*time.Second) // or nothing would be published
	}
	return 200*time.Millisecond + upTo(1800*time.Millisecond)
}

// mend ends what is wrong.
func (s *storm) mend(t *testing.T) {
	t.Helper()
	if s.program == nil {
		s.revive(t)
	}
	s.lift(t)
}

// ends stops the program as an operator does and has the stream judged, and how soon the live edge came back.
// It returns by kind of disturbance the longest time until the playlist that was newest at its end, or
// a newer one, was published.
func (s *storm) ends(t *testing.T) map[string]time.Duration {
	t.Helper()
	s.finish(t, s.program)
	for _, p := range append(s.past, s.program) {
		if t.Failed() && p != s.program {
			t.Logf("a program that was killed wrote:\n%s", p.output())
		}
		if strings.Contains(p.output(), "segment lost") {
			t.Errorf("the program gave segments up:\n%s", p.output())
		}
	}
	worst := map[string]time.Duration{}
	for _, c := range s.calms {
		lag, known := c.lag(s.viewer.Listings())
		if !known {
			continue
		}
		worst[c.after] = max(worst[c.after], lag)
		if lag > c.limit {
			t.Errorf("the live edge was old for %s after the end of %s, want %s at most", lag, c.after, c.limit)
		}
	}
	for after, lag := range worst {
		t.Logf("the live edge was current %s after the end of: %s", lag.Round(time.Millisecond), after)
	}
	return worst
}

// lag returns how long after its begin the live edge was where it should have been; known is false if the
// calm was too short to tell.
func (c calm) lag(listings []storetest.Listing) (lag time.Duration, known bool) {
	for _, l := range listings {
		if l.Listed.After(c.from) {
			continue
		}
		lag, known = 0, true
		switch {
		case l.Passed.IsZero(), !c.to.IsZero() && l.Passed.After(c.to):
			known = false
		case l.Passed.After(c.from):
			lag = l.Passed.Sub(c.from)
		}
	}
	return lag, known
}

// tidy deletes, in the packager's place, what no newest playlist names and a running program put into the spool: it
// must arrive whatever happens. What is deleted before any program saw it nobody can ship; ffmpeg would do
// that while the program is dead, and for how long it is depends on the machine.
func (s *storm) tidy(t *testing.T) {
	t.Helper()
	list := string(s.recorded("index.m3u8"))
	for _, name := range s.spooled(t) {
		if strings.Contains(list, name) {
			continue
		}
		if err := os.Remove(filepath.Join(s.dir, name)); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
}

// orphans counts what only the spool has any more.
func (s *storm) orphans(t *testing.T) int {
	t.Helper()
	alone := 0
	for _, name := range s.spooled(t) {
		if _, err := os.Stat(filepath.Join(s.dir, name)); os.IsNotExist(err) {
			alone++
		}
	}
	return alone
}

// spooled returns the paths of what the spool holds because a playlist named it.
func (s *storm) spooled(t *testing.T) []string {
	t.Helper()
	named := filepath.Join(s.dir, ".hlsship", "named")
	var names []string
	err := filepath.WalkDir(named, func(at string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil // stored meanwhile
		}
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(named, at[:strings.LastIndexByte(at, '@')])
		names = append(names, name)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
