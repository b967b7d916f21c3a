package health

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/plan"
	"github.com/hlsship/hlsship/uploader/store"
)

// clinic examines a health by hand, at a time that only ticks.
type clinic struct {
	Health
	now time.Time
}

func newClinic() *clinic { return &clinic{now: time.Unix(1000, 0)} }

// ends takes in how a PUT ended: "ok", "later" (503), "mend" (403), "no" (412), "alive" (400), "ours" (the file cannot be
// read) or "broken off".
func (c *clinic) ends(how, path string) Change {
	r := Request{Job: plan.Job{Op: plan.PutMedia, Path: path, Key: plan.Key(path)}, Outcome: plan.Outcome{Result: plan.Failed, At: c.now}}
	fails := func(e store.Error) {
		e.Err = errors.New(how)
		r.Outcome.Kind, r.Err = e.Kind, fmt.Errorf("wrapped: %w", &e)
	}
	switch how {
	case "ok":
		r.Outcome.Result = plan.Done
	case "later":
		fails(store.Error{Kind: store.Transient})
	case "mend":
		fails(store.Error{Kind: store.Alarm})
	case "no":
		fails(store.Error{Kind: store.Precondition})
	case "alive":
		fails(store.Error{Kind: store.Transient, Alive: true})
	case "ours":
		r.Err = errors.New("input/output error")
	case "broken off":
		r.Outcome.Result = plan.Cancelled
	default:
		panic(how)
	}
	return c.Ended(r, c.now)
}

// probeEnds takes in how a probe ended.
func (c *clinic) probeEnds(answers bool) Change {
	var p Probe
	if !answers {
		p.Err = &store.Error{Kind: store.Transient, Err: errors.New("no answer")}
	}
	return c.ProbeEnded(p, c.now)
}

func TestHealth(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		script string // what ends, in order: "how name", "probe ok" or "probe fails"
		events string // "Failing", "Down", "Back", "Mended", with + if Recover and ! if inspect follows
		state  State
	}{
		{"nothing was asked", "", "", Unasked},
		{"what this machine did says nothing", "ours a, broken off b", "", Unasked},
		{"the first answer", "ok a", "", Up},
		{"the first answer is a no", "no a", "", Up},
		{"one name fails alone", "ok a, later b, later b, ok a", "Failing Mended", Up},
		{"several names fail", "ok a, later b, later c, ok a", "Failing Mended+", Up},
		{"from the start", "later b, later c, ok a", "Failing Mended+", Up},
		{"a file that cannot be read counts for none", "later b, ours c, ours d, ok a", "Failing Mended", Up},
		{"a no is an answer, and mends nothing", "later b, later c, no a, no a, ok a", "Failing Mended+", Up},
		{"and then it fails again", "later b, no a, later c, ok a", "Failing Failing Mended+", Up},
		{"somebody mended something", "mend a, ok a", "Failing Mended!", Up},
		{"of several names", "mend a, later b, ok a, ok b", "Failing Mended+!", Up},
		{"one request is refused, and others are not", "ok a, alive b, ok a", "Failing Mended", Up},
		{"a probe fails before anything", "probe fails", "Down", Down},
		{"an outage that only a probe saw", "ok a, probe fails, probe fails, probe ok, ok a", "Down Back Mended", Up},
		{"an outage", "later a, probe fails, later b, probe ok", "Failing Down Back", Recovering},
		{"and all of its end", "later a, probe fails, later b, probe ok, ok a", "Failing Down Back Mended+", Up},
		{"requests of the outage end late", "probe fails, probe ok, later a, later b, ok c", "Down Back Failing Mended+", Up},
		{"a request is answered before the probe", "probe fails, ok a, probe ok", "Down Back", Up},
		{"with a no", "probe fails, no a, ok a", "Down Back Mended", Up},
		{"and fails for itself", "probe fails, alive a, ok a", "Down Back Mended", Up},
		{"the bucket was missing", "mend a, probe fails, mend b, probe ok, ok a", "Failing Down Back Mended+!", Up},
		{"it fails requests and answers probes", "later a, probe ok, later b, probe ok", "Failing", Failing},
		{"a second outage", "probe fails, ok a, probe fails", "Down Back Down", Down},
		{"down again at once", "probe fails, probe ok, probe fails, probe ok", "Down Back Down Back", Recovering},
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newClinic()
			var events []string
			for step := range strings.SplitSeq(tt.script, ", ") {
				var got Change
				switch i := strings.LastIndexByte(step, ' '); {
				case step == "":
					continue
				case strings.HasPrefix(step, "probe"):
					c.now = c.now.Add(time.Second)
					c.probing, c.probed = true, c.now
					got = c.probeEnds(step == "probe ok")
				default:
					got = c.ends(step[:i], step[i+1:])
				}
				word := []string{"", "Failing", "Down", "Back", "Mended"}[got.Event]
				if got.Several {
					word += "+"
				}
				if got.Refused {
					word += "!"
				}
				if word != "" {
					events = append(events, word)
				}
			}
			if got := strings.Join(events, " "); got != tt.events || c.state != tt.state {
				t.Errorf("%s: got %q and state %d, want %q and %d", tt.script, got, c.state, tt.events, tt.state)
			}
		})
	}
}

// TestHealthProbes: a store in doubt is probed at once and then once a second until it answers, for what is surely there.
func TestHealthProbes(t *testing.T) {
	t.Parallel()
	c := newClinic()
	expect := func(want plan.Key) {
		t.Helper()
		if got, ok := c.Probe(c.now); got != want || ok != (want != "") {
			t.Errorf("at %v: probes for %q (%v), want %q", c.now.Unix(), got, ok, want)
		}
	}
	expect("")
	c.ends("later", "a.ts")
	c.ends("later", "b.ts")
	expect("a.ts") // nothing is known to be there
	c.now = c.now.Add(ProbeTimeout)
	expect("") // one is under way
	c.probeEnds(false)
	expect("a.ts") // the last began long ago
	c.probeEnds(false)
	expect("")
	c.now = c.now.Add(probeEvery)
	expect("a.ts")
	c.probeEnds(true)
	c.now = c.now.Add(time.Hour)
	expect("")
	c.ends("ok", "c.ts")
	c.Silent("d.ts", c.now.Add(-time.Hour), c.now.Add(suspicion-1)) // the store answered meanwhile
	expect("")
	c.now = c.now.Add(suspicion)
	if at, ok := c.Wake(c.now); !ok || at != c.now.Add(suspicion) {
		t.Errorf("wakes at %v (%v)", at, ok)
	}
	c.Silent("d.ts", c.now.Add(-time.Hour), c.now)
	expect("c.ts")
	if _, ok := c.Wake(c.now); ok {
		t.Error("wakes while a probe is under way, which ends by itself")
	}
}

// TestHealthProbeThatIsLate: a probe that fails says nothing if something else was answered after it began.
func TestHealthProbeThatIsLate(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"ok", "no", "alive"} {
		c := newClinic()
		c.ends("later", "a.ts")
		if _, ok := c.Probe(c.now); !ok {
			t.Fatal("not probed")
		}
		c.now = c.now.Add(time.Second)
		c.ends(how, "b.ts")
		c.now = c.now.Add(time.Second)
		if got := c.probeEnds(false); got.Event != EventNone || c.state == Down || c.probing {
			t.Errorf("%s: %+v, and the store is in state %d", how, got, c.state)
		}
	}
}

// TestHealthHolds has requests and probes end at random, and holds the rules that everything else relies on.
func TestHealthHolds(t *testing.T) {
	t.Parallel()
	for seed := range uint64(500) {
		rng := rand.New(rand.NewPCG(seed, 0))
		c := newClinic()
		var steps []string
		check := func(ok bool, rule string) {
			t.Helper()
			if !ok {
				t.Fatalf("seed %d: %s, after %v", seed, rule, steps)
			}
		}
		var failed map[string]bool // since the last success
		var alarm, down, fails bool
		var probedAt time.Time // since it is down
		recent := []time.Duration{}
		for range 60 {
			c.now = c.now.Add(time.Duration(rng.Int64N(int64(time.Second))))
			if path, ok := c.Probe(c.now); ok {
				check(c.now.Sub(probedAt) >= probeEvery, "a store that is down is probed once a second at most")
				check(path != "", "probes for something")
				if down {
					probedAt = c.now
				}
			}
			wakes, ok := c.Wake(time.Time{})
			check(!down || c.probing || ok && wakes.Sub(c.now) <= probeEvery, "a store that is down is probed within a second")
			before := c.state
			var got Change
			how := []string{"ok", "ok", "later", "mend", "no", "alive", "ours", "broken off", "probe"}[rng.IntN(9)]
			good := rng.IntN(2) == 0
			if how == "probe" && !c.probing {
				continue
			}
			steps = append(steps, fmt.Sprint(how, good))
			switch how {
			case "probe":
				late := !good && c.heard.After(c.probed) // it says nothing
				got = c.probeEnds(good)
				if !late {
					fails = !good || fails && !down
					down = !good
				}
			default:
				path := string(rune('a' + rng.IntN(3)))
				got = c.ends(how, path)
				switch how {
				case "ok":
					check(got.To == Up, "a store that does what it is asked is up")
					check(got.Several == (len(failed) > 1) && got.Refused == alarm, "what a success ends")
					failed, alarm, fails, down = nil, false, false, false
				case "no":
					fails, down = false, false
				case "later", "mend", "alive":
					if failed == nil {
						failed = map[string]bool{}
					}
					failed[path], alarm, fails = true, alarm || how == "mend", true
					down = down && how != "alive"
				}
			}
			if got.To != Up {
				check(!got.Several && !got.Refused, "nothing is mended before the store is up")
			}
			if !down {
				probedAt = time.Time{}
			}
			check(got.From == before && got.To == c.state, "a Change says from where to where")
			check(down == (c.state == Down), "down from a probe that failed to the first answer")
			check(c.state == Unasked || fails == !c.state.Answers(), "it answers unless the last word was a failure")
			check((got.Event == EventDown) == (before != Down && down), "Down is told once")
			check((got.Event == EventBack) == (before == Down && !down), "each Down has its Back")
			check(c.state != Up || len(c.names) == 0 && !c.refused && c.failures == 0, "one that is up owes nothing")

			silent := time.Duration(rng.Int64N(int64(10 * time.Second)))
			recent = append(recent, silent)
			c.stall.learn(silent)
			bound, known := c.stall.bound(0)
			check(known == (c.stall.samples == minSamples), "a bound needs experience")
			check(bound >= minStall && bound >= 3*silent && bound <= max(minStall, 3*slices.Max(recent)), "a bound is what was seen, three times")
			more, _ := c.stall.bound(1 + rng.IntN(100))
			check(more >= 2*bound, "each attempt has twice as long")
		}
	}
}

// TestDeadline: which requests are broken off while the store answers others, and when.
func TestDeadline(t *testing.T) {
	t.Parallel()
	segment, question := plan.Job{Op: plan.PutMedia}, plan.Job{Op: plan.Fetch}
	cases := []struct {
		name    string
		job     plan.Job
		heard   time.Duration // after the last progress
		learned bool
		want    time.Duration // 0 for never
	}{
		{"the store answered nothing since", segment, 0, true, 0},
		{"it did", segment, 1, true, minStall},
		{"how long a PUT takes is not known", segment, 1, false, 0},
		{"a question is asked again without that", question, 1, false, minStall},
		{"a question that was asked before", plan.Job{Op: plan.Fetch, Attempt: 2}, 1, false, 4 * minStall},
		{"a playlist that could put an old version over a newer one", plan.Job{Op: plan.PutPlaylist}, 1, true, 0},
		{"one with a condition", plan.Job{Op: plan.PutPlaylist, IfMatch: "e"}, 1, true, minStall},
		{"what is compared here", plan.Job{Op: plan.Compare, ETag: "e"}, 1, true, 0},
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newClinic()
			c.heard = c.now.Add(tt.heard)
			for range minSamples {
				if tt.learned {
					c.stall.learn(time.Millisecond)
				}
			}
			at, ok := c.Deadline(tt.job, c.now)
			if got := at.Sub(c.now); ok != (tt.want > 0) || ok && got != tt.want {
				t.Errorf("got %v (%v), want %v", got, ok, tt.want)
			}
		})
	}
}

// TestHealthLearns: only PUTs that are done, and may be sent again, tell how long one takes.
func TestHealthLearns(t *testing.T) {
	t.Parallel()
	c := newClinic()
	for _, r := range []Request{
		{Job: plan.Job{Op: plan.PutMedia}, Outcome: plan.Outcome{Result: plan.Cancelled}},
		{Job: plan.Job{Op: plan.PutPlaylist}, Outcome: plan.Outcome{Result: plan.Done}},
		{Job: plan.Job{Op: plan.Fetch}, Outcome: plan.Outcome{Result: plan.Done}},
		{Job: plan.Job{Op: plan.Compare}, Outcome: plan.Outcome{Result: plan.Done}},
		{Job: plan.Job{Op: plan.Compare, ETag: "e"}, Outcome: plan.Outcome{Result: plan.Done}},
	} {
		r.Outcome.At = c.now
		c.Ended(r, c.now.Add(-time.Minute))
	}
	if c.stall != (stallBound{}) {
		t.Errorf("learned %+v", c.stall)
	}
	c.Ended(Request{Job: plan.Job{Op: plan.PutMedia}, Outcome: plan.Outcome{Result: plan.Done, At: c.now}}, c.now.Add(-time.Second))
	if want := (stallBound{samples: 1, usual: time.Second}); c.stall != want {
		t.Errorf("learned %+v, want %+v", c.stall, want)
	}
}

// TestHangs: what is broken off when the store is back.
func TestHangs(t *testing.T) {
	t.Parallel()
	cases := []struct {
		op            plan.Op
		began, silent time.Duration // ago
		want          bool
	}{
		{plan.PutMedia, time.Minute, suspicion - 1, false},
		{plan.PutMedia, suspicion, suspicion, true},
		{plan.Fetch, suspicion, suspicion, true},
		{plan.PutPlaylist, playlistPatience - 1, suspicion, false},
		{plan.PutPlaylist, playlistPatience, suspicion, true},
		{plan.PutPlaylist, time.Minute, suspicion - 1, false},
	}
	for _, tt := range cases {
		c := newClinic()
		if got := c.Hangs(plan.Job{Op: tt.op}, c.now.Add(-tt.began), c.now.Add(-tt.silent), c.now); got != tt.want {
			t.Errorf("%v that began %v ago, silent for %v: got %v", tt.op, tt.began, tt.silent, got)
		}
	}
}
