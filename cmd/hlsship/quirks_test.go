package main

import (
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/storetest"
)

const (
	// quirkRecovery is how long after a quirk's end the live edge may be old.
	quirkRecovery = 5 * time.Second
	// quirkGap is how long the live edge may stand still in a store that always answers, on a busy machine.
	quirkGap = 3 * time.Second
	// quirksAtOnce bounds how many streams are shipped at the same time.
	quirksAtOnce = 24
	// quirkCost is how many more requests than on a good day a quirk may cost that says nothing else.
	quirkCost = 60
)

// TestQuirks ships a stream through each store of quirks: nothing is lost, the live edge is back in time or was never
// away, the log names the cure of what somebody has to mend, and nobody asks without end.
func TestQuirks(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("ships in real time")
	}
	room := make(chan struct{}, quirksAtOnce)
	var all sync.WaitGroup
	for _, q := range storetest.Quirks() {
		all.Go(func() {
			room <- struct{}{}
			defer func() { <-room }()
			t.Run(q.Name, func(t *testing.T) { playQuirk(t, q) })
		})
	}
	all.Wait()
}

// playQuirk ships one stream. What the store is like, and what keeps everything out, is there from the first request on;
// what passes comes to a stream that is well.
func playQuirk(t *testing.T, q storetest.Quirk) {
	server := storetest.Serve(t)
	fromStart := q.Lasts == 0 || q.Refused
	var end func()
	if fromStart {
		end = server.Begin(q)
	}
	s := onQuirks(t, server)
	began := s.began
	if !fromStart {
		if !soon(time.Now().Add(quirkRecovery), func() bool { return s.viewer.Counts().Publications > 3 }) {
			t.Fatalf("the stream was never well:\n%s", s.log)
		}
		began = time.Now()
		end = server.Begin(q)
	}
	switch {
	case q.Lasts == 0:
		pass(3 * time.Second)
		if q.Still > quirkGap {
			pass(q.Still - time.Second)
		}
	default:
		pass(q.Lasts)
		s.tells(q)
		ended := time.Now()
		end()
		if !soon(ended.Add(quirkRecovery), func() bool { return s.current(ended) }) {
			t.Errorf("the live edge was not back %v after its end", quirkRecovery)
		}
		pass(3 * quirkSegment)
	}
	s.finish()
	still := q.Still
	if q.Lasts == 0 && still == 0 {
		still = quirkGap
	}
	if longest := s.stood(began, s.last); still > 0 && longest > still {
		t.Errorf("the live edge stood still for %v, want at most %v", longest, still)
	}
	s.costs(server, q)
	if t.Failed() {
		t.Logf("the log:\n%.6000s", s.log)
	}
}

// tells waits for the cure in the log.
func (q *quirky) tells(row storetest.Quirk) {
	q.t.Helper()
	if !row.Refused {
		return
	}
	cure := regexp.MustCompile(`(?m)^.*level=(?:WARN|ERROR).* cure=("(?:[^"\\]|\\.)*"|\S+)`)
	want := regexp.MustCompile(row.Cure)
	if !soon(time.Now().Add(quirkRecovery), func() bool {
		for _, m := range cure.FindAllStringSubmatch(q.log.String(), -1) {
			if want.MatchString(m[1]) {
				return true
			}
		}
		return false
	}) {
		q.t.Errorf("no cure in the log says %q", row.Cure)
	}
}

// costs compares the number of requests with that of a good day: a segment and a playlist each time, and what a start takes.
func (q *quirky) costs(server *storetest.Server, row storetest.Quirk) {
	q.t.Helper()
	total, most := 0, 2*q.viewer.Counts().Listed+20+quirkCost
	if row.Requests > 0 {
		most += row.Requests - quirkCost
	}
	counts := server.Requests()
	for _, n := range counts {
		total += n
	}
	if total > most {
		q.t.Errorf("%d requests (%v), want at most %d", total, counts, most)
	}
}
