package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/plan/session"
)

// held is a source that says whether it is kept for the next process, and held still.
type held struct {
	paper
	kept, released bool
}

func (h *held) Keep(string) { h.kept = true }
func (h *held) Release()    { h.released = true }

// outage is a process that starts while the store does not answer, so that nobody knows what is published of the list.
type outage struct {
	*stage
	sources map[string]*held
	lost    []string
}

func (o *outage) file(i int) string { return fmt.Sprintf("s%d.ts", i) }

// encodes has the packager write segments, and delete them six segments later.
func (o *outage) encodes(from, to int) {
	for i := from; i <= to; i++ {
		f := o.stage.file(o.file(i))
		o.sources[f.Path] = &held{}
		f.Source = o.sources[f.Path]
		o.plan.Observe(f)
		o.playlist("x.m3u8", window(i))
		o.fail(2 * time.Second)
		if i-6 >= from {
			o.gone(o.file(i - 6))
		}
	}
}

// fail has the store not answer for so long.
func (o *outage) fail(dt time.Duration) {
	for end := o.now.Add(dt); o.now.Before(end); o.tick(200 * time.Millisecond) {
		e := o.plan.Advance(o.now, Requests)
		o.take(e)
		for _, j := range slices.Clone(e.Jobs) {
			o.report(j, Outcome{Result: Failed, RetryIn: time.Second})
		}
	}
}

func (o *outage) take(e *Effects) {
	for _, k := range e.Keep {
		if h, ok := k.Source.(hls.Keeper); ok {
			h.Keep(k.Folder)
		}
	}
	for _, s := range e.Release {
		s.Release()
	}
	for _, l := range e.Losses {
		o.lost = append(o.lost, l.Path+" "+l.Reason)
	}
}

// stores reports whether a session has a file.
func (o *outage) stores(name string) bool {
	for key := range o.stored {
		if _, path := hls.SessionOf(key); path == name {
			return true
		}
	}
	return false
}

// TestStartInAnOutageKeepsWhatIsNamed: a process that starts in an outage cannot read back what is published of a list, and knows no session
// for what it names. Until then that is kept as all that is named: however long it takes, over deletions, for the next process, within the budget.
func TestStartInAnOutageKeepsWhatIsNamed(t *testing.T) {
	t.Parallel()
	const first, last = 5, 204
	for name, before := range map[string]bool{"of the first run": false, "of a run that is published": true} {
		begin := func(t *testing.T, budget int64) *outage {
			s := newStage(t, session.Config{})
			if before {
				s.encodes(0, first-1)
				s = s.again()
			}
			s.plan = &auditor{Plan: New(Config{Continuous: &s.config, Scanning: true, Budget: budget}), t: t}
			s.plan.tick(s.now.Add(-time.Minute))
			s.plan.Scanned()
			o := &outage{stage: s, sources: map[string]*held{}}
			o.encodes(first, last)
			return o
		}
		holds := func(t *testing.T, o *outage, from int) {
			t.Helper()
			for i := first; i <= last; i++ {
				if h := o.sources[o.file(i)]; !h.kept || h.released == (i >= from) {
					t.Errorf("%s: kept %t, released %t", o.file(i), h.kept, h.released)
				}
			}
		}
		t.Run("until the store answers, "+name, func(t *testing.T) {
			t.Parallel()
			o := begin(t, 0)
			holds(t, o, first)
			o.serve(time.Minute)
			for i := first; i <= last; i++ {
				if !o.stores(o.file(i)) {
					t.Errorf("%s is not stored", o.file(i))
				}
			}
			if left := o.plan.Unshipped(); len(left) > 0 {
				t.Errorf("not shipped: %v", left)
			}
		})
		t.Run("for the next process, "+name, func(t *testing.T) {
			t.Parallel()
			o := begin(t, 0)
			if left := o.plan.Unshipped(); len(left) != last-first+1 {
				t.Errorf("%d files are unshipped, want %d", len(left), last-first+1)
			}
			if w := o.plan.Advance(o.now, Nothing).Waiting; w.Files != last-first+1 || w.Bytes != 100*int64(w.Files) {
				t.Errorf("%d files with %d bytes wait", w.Files, w.Bytes)
			}
			o.take(o.plan.Close(o.now))
			holds(t, o, first)
		})
		t.Run("within the budget, "+name, func(t *testing.T) {
			t.Parallel()
			o := begin(t, 100*100)
			holds(t, o, last-99)
			if len(o.lost) != last-first+1-100 || !strings.HasSuffix(o.lost[0], "/"+o.file(first)+" budget") {
				t.Errorf("lost %v", o.lost)
			}
		})
	}
}

// TestStartInAnOutageKeepsNothingThatIsStored: a list may name very many files. Those that an earlier process noted as stored need no link each.
func TestStartInAnOutageKeepsNothingThatIsStored(t *testing.T) {
	t.Parallel()
	for name, listFirst := range map[string]bool{"the list is met last": false, "the list is met first": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := &outage{stage: newStage(t, session.Config{}), sources: map[string]*held{}}
			o.plan = &auditor{Plan: New(Config{Continuous: &o.config, Scanning: true, Known: func(path string, _ hls.Version) string {
				if path == "s2.ts" {
					return ""
				}
				return "20261130T010203Z/|etag"
			}}), t: t}
			if listFirst {
				o.atRest("x.m3u8", window(2))
			}
			for i := range 3 {
				f := o.stage.file(o.file(i))
				f.Found = true
				o.sources[f.Path] = &held{}
				f.Source = o.sources[f.Path]
				o.plan.Observe(f)
			}
			if !listFirst {
				o.atRest("x.m3u8", window(2))
			}
			o.fail(20 * time.Second)
			for path, h := range o.sources {
				if h.kept != (path == "s2.ts") {
					t.Errorf("%s: kept %t", path, h.kept)
				}
			}
			if left := o.plan.Unshipped(); !slices.Equal(left, []string{"20261130T010203Z/s2.ts"}) {
				t.Errorf("unshipped: %v", left)
			}
		})
	}
}

// TestStartInAnOutageKeepsTheRowBelow: what rests directly below the list that a start in an outage meets was very likely named while nobody
// looked, and the packager may delete it before the store answers, or the process be killed.
func TestStartInAnOutageKeepsTheRowBelow(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		format string
		step   int
	}{"numbers": {"s%d.ts", 1}, "leading zeros": {"v/s%04d.ts", 1}, "steps": {"s%d.ts", 10}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := &outage{stage: newStage(t, session.Config{}), sources: map[string]*held{}}
			file := func(i int) string { return fmt.Sprintf(test.format, i*test.step) }
			for _, i := range []int{3, 5, 6, 7, 8, 9, 10, 11} { // 4 is not there
				f := o.stage.file(file(i))
				f.Found = true
				o.sources[f.Path] = &held{}
				f.Source = o.sources[f.Path]
				o.plan.Observe(f)
			}
			o.atRest("x.m3u8", playlistText(9, false, file(9), file(10), file(11)))
			o.fail(50 * time.Second)
			for i := 3; i <= 11; i++ {
				if h := o.sources[file(i)]; h != nil && h.kept != (i > 4) {
					t.Errorf("%s: kept %t", file(i), h.kept)
				}
				o.gone(file(i))
			}
			o.fail(2 * time.Minute)
			o.serve(time.Minute)
			for i := 5; i <= 11; i++ {
				if _, ok := o.stored[o.session()+file(i)]; !ok {
					t.Errorf("%s is not stored", file(i))
				}
			}
		})
	}
}

// TestStartInAnOutageKeepsSoon: what a list names that a start in an outage meets, or named while nobody looked, is kept over a restart long before a
// run begins, be it there already or finished since.
func TestStartInAnOutageKeepsSoon(t *testing.T) {
	t.Parallel()
	for name, found := range map[string]bool{"at rest": true, "finished since": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := &outage{stage: newStage(t, session.Config{}), sources: map[string]*held{}}
			for i := range 6 { // of which the list names three
				f := o.stage.file(o.file(i))
				f.Found = found
				o.sources[f.Path] = &held{}
				f.Source = o.sources[f.Path]
				o.plan.Observe(f)
			}
			o.atRest("x.m3u8", window(5))
			o.fail(3 * time.Second)
			for path, h := range o.sources {
				if !h.kept || h.released {
					t.Errorf("%s: kept %t, released %t", path, h.kept, h.released)
				}
			}
		})
	}
}
