package main

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/storetest"
)

var (
	quirksTime = flag.Duration("quirks.time", 20*time.Second, "how long TestQuirkMixture ships")
	quirksSeed = flag.Uint64("quirks.seed", 0, "what decides what TestQuirkMixture plays; 0 is random")
)

const (
	// mixtureLanes is how many streams TestQuirkMixture ships at the same time, mixtureStream how long each is at most.
	mixtureLanes  = 4
	mixtureStream = time.Minute
	// mixtureStill is how long the live edge may stand still while any connection works: a playlist's PUT that gives no sign is
	// left alone for eight seconds, since it may still land, where no condition keeps it from landing on a newer one; then it has to be sent.
	mixtureStill = 10 * time.Second
)

// TestQuirkMixture ships streams through random mixtures: a store of some nature, with connections, nodes and single
// answers that fail independently, and now and then everything for some seconds.
func TestQuirkMixture(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("ships in real time")
	}
	seed := *quirksSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("repeat with -quirks.seed=%d", seed)
	over := time.Now().Add(*quirksTime)
	total := mixture{times: map[string]int{}, worst: map[string]time.Duration{}}
	var lanes sync.WaitGroup
	for lane := range mixtureLanes {
		random := rand.New(rand.NewPCG(seed, uint64(lane)))
		lanes.Go(func() {
			for round := 0; round == 0 || time.Until(over) > mixtureStill; round++ {
				t.Run(fmt.Sprintf("stream %d.%d", lane, round), func(t *testing.T) {
					total.ship(t, random, min(mixtureStream, time.Until(over)))
				})
			}
		})
	}
	lanes.Wait()
	t.Log(total.String())
}

// mixture sums up what TestQuirkMixture saw.
type mixture struct {
	mu                                        sync.Mutex
	streams, segments, publications, requests int
	violations, lost                          int
	still                                     time.Duration
	times                                     map[string]int
	worst                                     map[string]time.Duration // until the live edge was back
}

// ship ships one stream.
func (m *mixture) ship(t *testing.T, random *rand.Rand, last time.Duration) {
	nature, local, whole := mixable()
	first := nature[random.IntN(len(nature))]
	t.Logf("a store with: %s", first.Name)
	server := storetest.Serve(t, first, storetest.Quirk{Nodes: 3, Play: func() storetest.Play {
		return func(w http.ResponseWriter, r *storetest.Request, next storetest.Next) { next(w, r) }
	}})
	s := onQuirks(t, server)
	begin := func(q storetest.Quirk) (end func()) {
		t.Logf("%s begins: %s", time.Now().Format("15:04:05.000"), q.Name)
		m.note(func() { m.times[q.Name]++ })
		play, shift := q.Play, random.IntN(3)
		q.Play = func() storetest.Play {
			inner := play()
			return func(w http.ResponseWriter, r *storetest.Request, next storetest.Next) {
				moved := *r
				moved.Node = (r.Node + shift) % 3 // another one each time
				inner(w, &moved, func(w http.ResponseWriter, _ *storetest.Request) { next(w, r) })
			}
		}
		return server.Begin(q)
	}
	var away []span
	for began := time.Now(); time.Since(began) < last; {
		var ends []func()
		for range 1 + random.IntN(2) {
			ends = append(ends, begin(local[random.IntN(len(local))]))
		}
		pass(time.Duration(random.Int64N(int64(5 * time.Second))))
		if random.IntN(3) == 0 {
			q := whole[random.IntN(len(whole))]
			from := time.Now()
			end := begin(q)
			pass(time.Duration(1+random.Int64N(int64(q.Lasts))) + time.Second)
			ended := time.Now()
			end()
			away = append(away, span{from, ended.Add(quirkRecovery)})
			pass(time.Duration(random.Int64N(int64(2 * time.Second))))
		}
		for _, end := range ends {
			end()
		}
		t.Logf("%s all ends", time.Now().Format("15:04:05.000"))
		calm := time.Now()
		if !soon(calm.Add(quirkRecovery+mixtureStill), func() bool { return s.current(calm) }) {
			t.Error("the live edge was not back")
		}
		m.note(func() { m.worst[first.Name] = max(m.worst[first.Name], time.Since(calm)) })
	}
	s.finish()
	m.judge(t, s, server, away)
}

// span is a time in which the whole store was away, and what it takes to come back.
type span struct{ from, to time.Time }

// judge looks at a stream that is over.
func (m *mixture) judge(t *testing.T, s *quirky, server *storetest.Server, away []span) {
	t.Helper()
	at := []time.Time{s.began}
	for _, l := range s.viewer.Listings() {
		if !l.Published.IsZero() {
			at = append(at, l.Published)
		}
	}
	at = append(at, s.last)
	slices.SortFunc(at, time.Time.Compare)
	worst := time.Duration(0)
	for i := range at[1:] {
		still := at[i+1].Sub(at[i])
		for _, a := range away {
			if both := min(at[i+1].Sub(a.from), a.to.Sub(at[i]), a.to.Sub(a.from), at[i+1].Sub(at[i])); both > 0 {
				still -= both
			}
		}
		if worst = max(worst, still); still > mixtureStill {
			t.Errorf("the live edge stood still for %v at %s, though a connection worked", still, at[i].Format("15:04:05.000"))
		}
	}
	counts, requests := s.viewer.Counts(), 0
	for _, n := range server.Requests() {
		requests += n
	}
	m.note(func() {
		m.streams++
		m.segments += counts.Finished
		m.publications += counts.Publications
		m.requests += requests
		m.still = max(m.still, worst)
		for _, v := range s.viewer.Violations() {
			if v.Rule == storetest.RuleUnstored || v.Rule == storetest.RuleUnpublished {
				m.lost++
			} else {
				m.violations++
			}
		}
	})
	if t.Failed() {
		t.Logf("the log:\n%.8000s", s.log)
	}
}

// mixable returns what a store can be like from beginning to end, what leaves a way, and what leaves none for some seconds.
func mixable() (nature, local, whole []storetest.Quirk) {
	for _, q := range storetest.Quirks() {
		switch {
		case q.Name == "the bucket is deleted and made anew": // what is lost then depends on what else is
		case q.Lasts > 0:
			whole = append(whole, q)
		case q.Still > 0 && !q.Conforms:
			local = append(local, q)
		case !q.Refused:
			nature = append(nature, q)
		}
	}
	return nature, local, whole
}

// note changes the sums.
func (m *mixture) note(change func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change()
}

// String returns the report.
func (m *mixture) String() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "streams %d, segments %d, publications %d, requests %d, violations %d, lost %d, longest still %v\n",
		m.streams, m.segments, m.publications, m.requests, m.violations, m.lost, m.still.Round(time.Millisecond))
	for _, name := range slices.Sorted(maps.Keys(m.times)) {
		fmt.Fprintf(&b, "%4d times %s\n", m.times[name], name)
	}
	for _, name := range slices.Sorted(maps.Keys(m.worst)) {
		fmt.Fprintf(&b, "%8v until the edge was back: %s\n", m.worst[name].Round(time.Millisecond), name)
	}
	return b.String()
}
