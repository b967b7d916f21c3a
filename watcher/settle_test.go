package watcher

import (
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/hlsship/hlsship/hls"
)

func TestDecide(t *testing.T) {
	t.Parallel()
	const settle = 2 * time.Second
	for _, c := range []struct {
		name string
		s    sight
		want verdict
	}{
		{"closed, nobody writes", sight{exact: true, closed: true, writer: none}, verdict{evidence: hls.ByClose}},
		{"closed, cannot tell", sight{exact: true, closed: true, writer: unknown}, verdict{evidence: hls.ByClose}},
		{"closed and empty", sight{exact: true, closed: true, writer: none, empty: true}, verdict{evidence: hls.ByClose}},
		{"closed, still open", sight{exact: true, closed: true, writer: some}, verdict{again: time.Millisecond, retry: true}},
		{"closed, still open, third time", sight{exact: true, closed: true, writer: some, attempt: 2}, verdict{again: 4 * time.Millisecond, retry: true}},
		{"closed, still open, late", sight{exact: true, closed: true, writer: some, attempt: 20}, verdict{again: lastRetry, retry: true}},
		{"closed, open for ever", sight{exact: true, closed: true, writer: some, attempt: closeTries}, verdict{}},
		{"renamed after its close", sight{exact: true, closed: true, renamed: true, writer: none}, verdict{evidence: hls.ByRename}},
		{"renamed after its close, cannot tell", sight{exact: true, closed: true, renamed: true}, verdict{evidence: hls.ByRename}},
		{"renamed before its close", sight{exact: true, writer: some}, verdict{}},
		{"moved in", sight{exact: true, writer: none}, verdict{evidence: hls.ByLease}},
		{"moved in, cannot tell", sight{exact: true, writer: unknown}, verdict{again: settle}},
		{"moved in, cannot tell, quiet for a while", sight{exact: true, quiet: time.Second}, verdict{again: time.Second}},
		{"moved in, cannot tell, quiet", sight{exact: true, quiet: settle}, verdict{evidence: hls.ByQuiet}},
		{"created, being written", sight{exact: true, born: true, writer: some}, verdict{}},
		{"created, cannot tell, quiet", sight{exact: true, born: true, quiet: time.Hour}, verdict{}},
		{"created and empty, cannot tell, quiet", sight{exact: true, born: true, empty: true, quiet: time.Hour}, verdict{}},
		{"created and empty, nobody writes", sight{exact: true, born: true, empty: true, writer: none}, verdict{again: settle}},
		{"created and empty, nobody writes, quiet", sight{exact: true, born: true, empty: true, writer: none, quiet: settle}, verdict{evidence: hls.ByQuiet}},
		{"found", sight{exact: true, scanned: true, writer: none}, verdict{evidence: hls.ByLease}},
		{"found open", sight{exact: true, scanned: true, writer: some}, verdict{again: time.Millisecond, retry: true}},
		{"found open for ever", sight{exact: true, scanned: true, writer: some, attempt: scanTries}, verdict{}},
		{"found empty", sight{exact: true, scanned: true, empty: true, writer: none}, verdict{again: settle}},
		{"no closes: nobody writes", sight{writer: none}, verdict{evidence: hls.ByLease}},
		{"no closes: open", sight{writer: some, quiet: time.Hour}, verdict{again: settle}},
		{"no closes, cannot tell: quiet", sight{quiet: settle}, verdict{evidence: hls.ByQuiet}},
		{"no closes here, created, cannot tell: quiet", sight{born: true, quiet: settle}, verdict{evidence: hls.ByQuiet}},
		{"playlist being written", sight{exact: true, playlist: true, born: true, writer: some, pace: time.Second}, verdict{again: time.Second}},
		{"playlist that stays open", sight{exact: true, playlist: true, born: true, writer: some, pace: time.Second, unfinished: time.Second}, verdict{again: time.Second, stands: true}},
		{"playlist that stays open and empty", sight{exact: true, playlist: true, empty: true, writer: some, pace: time.Second, unfinished: time.Hour}, verdict{again: time.Second}},
		{"playlist of another user that stays open", sight{exact: true, playlist: true, born: true, pace: settle, unfinished: settle}, verdict{again: settle, stands: true}},
		{"playlist closed, still open", sight{exact: true, playlist: true, closed: true, writer: some, pace: time.Second, unfinished: time.Hour}, verdict{again: time.Millisecond, retry: true}},
		{"playlist closed", sight{exact: true, playlist: true, closed: true, writer: none, pace: time.Second, unfinished: time.Hour}, verdict{evidence: hls.ByClose}},
		{"playlist on a mount, changes too soon", sight{playlist: true, quiet: time.Second / 2, pace: time.Second, unfinished: time.Minute}, verdict{again: time.Second, stands: true}},
		{"playlist on a mount, quiet", sight{playlist: true, quiet: settle, pace: time.Second, unfinished: time.Minute}, verdict{evidence: hls.ByQuiet}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got := decide(c.s, settle); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestPauseDoublesUpToItsBound(t *testing.T) {
	t.Parallel()
	want := []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 250, 250}
	for i, w := range want {
		if got := pause(i); got != w*time.Millisecond {
			t.Errorf("pause(%d): got %v, want %v", i, got, w*time.Millisecond)
		}
	}
}

func TestQueueRingsInOrder(t *testing.T) {
	t.Parallel()
	var q queue
	now := time.Now()
	alarms := make([]alarm, 6)
	for i, at := range []int{50, 20, 10, 40, 30, 60} {
		q.set(&alarms[i], now.Add(time.Duration(at)))
	}
	q.set(&alarms[0], now.Add(15)) // sooner than before
	q.set(&alarms[2], now.Add(45)) // later than before
	q.cancel(&alarms[4])
	q.cancel(&alarms[4])
	if q.due(now) != nil {
		t.Error("an alarm rang before its time")
	}
	var got []int
	for a := q.due(now.Add(time.Second)); a != nil; a = q.due(now.Add(time.Second)) {
		for i := range alarms {
			if a == &alarms[i] {
				got = append(got, i)
			}
		}
	}
	want := []int{0, 1, 3, 2, 5}
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
	if _, ok := q.next(); ok {
		t.Error("something is left")
	}
}

func TestRenamedFrom(t *testing.T) {
	t.Parallel()
	if got := renamedFrom(fsnotify.Event{Name: `/a "b" ← "c"`, Op: fsnotify.Create}); got != "" {
		t.Errorf("got %q for a name that looks like a rename, want none", got)
	}
	if got := renamedFrom(fsnotify.Event{Name: "/a", Op: fsnotify.Remove}); got != "" {
		t.Errorf("got %q, want none", got)
	}
}

func TestPassages(t *testing.T) {
	t.Parallel()
	var p passages
	if _, ok := p.take(""); ok {
		t.Error("took the empty path")
	}
	p.add(passage{path: "a", closed: true})
	for range len(p.last) - 1 {
		p.add(passage{path: "b"})
	}
	if one, ok := p.take("a"); !ok || !one.closed {
		t.Errorf("got %+v, %v", one, ok)
	}
	if _, ok := p.take("a"); ok {
		t.Error("took a twice")
	}
}

func TestNewNamesAllProblems(t *testing.T) {
	t.Parallel()
	_, err := New(Config{Settle: -1, Rescan: -1, Hold: -1})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"no directory", "settle", "rescan", "hold"} {
		if !containsText(err, want) {
			t.Errorf("%q lacks %q", err, want)
		}
	}
}
