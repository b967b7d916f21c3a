package uploader_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/storetest"
)

var (
	orderRuns = flag.Int("order.runs", 300, "how many random streams TestOrder ships")
	orderSeed = flag.Uint64("order.seed", 0, "the first seed of TestOrder; with -order.runs=1 it repeats one stream")
)

// TestOrder is the model test of the promises P1 to P5: random packagers, faults, delays and restarts of the
// uploader, and a viewer that looks after every change of the store.
func TestOrder(t *testing.T) {
	t.Parallel()
	playOrder(t, *orderSeed, *orderRuns, *orderContinuous)
}

// playOrder plays that many streams from a seed on.
func playOrder(t *testing.T, first uint64, runs int, continuous bool) {
	t.Helper()
	more := ""
	if continuous {
		more = " -order.continuous"
	}
	for i := range runs {
		seed := first + uint64(i)
		if !t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { shipOne(t, seed, continuous) })
		}) {
			t.Fatalf("repeat with: go test ./uploader -run '^TestOrder$' -order.runs=1 -order.seed=%d%s -v", seed, more)
		}
	}
}

// theatre is one random stream with everything around it.
type theatre struct {
	t       *testing.T
	seed    uint64
	disk    *disk
	viewer  *storetest.Viewer
	faults  *storetest.Faults
	tardy   *tardy // before faults, where PUTs arrive late; else nil
	notes   *notes
	memory  *storetest.Memory
	kills   int
	absence time.Duration // how much longer than a moment no process may run
	slow    time.Duration // how long an answer of the store takes at most
	public  string        // URL of the directory; "" for that of its prefix
	wrong   bool          // the books are
	still   bool          // nothing happens to the store but what a scene has
	gaveUp  bool          // something for want of room, or with a process that alone had it
	circumstances
	continuous
	court *court // of recordings
	lists int    // how many playlists there are in the end
	// estimates is true if manifests count by the clock, which protects nothing that they count.
	estimates bool
	mu        sync.Mutex
	stored    map[string]int // how often an object was stored since the uploader began or the store was emptied
	answers   answers
	log       func(format string, args ...any)
}

// dice returns the random numbers of one actor. Everybody has dice of his own, so that a seed plays the same
// stream again as far as the order of goroutines allows.
func (th *theatre) dice(actor uint64) *rand.Rand { return rand.New(rand.NewPCG(th.seed, actor)) }

func shipOne(t *testing.T, seed uint64, continuous bool) {
	th := &theatre{t: t, seed: seed, disk: newDisk(), stored: map[string]int{}}
	th.notes = &notes{disk: th.disk, dice: th.dice(6)}
	rng := th.dice(1)
	viewer := storetest.NewViewer("live/")
	viewer.Late = 100 * time.Millisecond
	log := func(string, ...any) {}
	if testing.Verbose() && *orderRuns == 1 {
		log = func(format string, args ...any) {
			t.Logf("%s "+format, append([]any{time.Now().Format("15:04:05.000")}, args...)...)
		}
	}
	memory := storetest.NewMemory()
	memory.OnChange = func(key string, content []byte) {
		log("stored %s: %.400q", key, content)
		if th.court.changed(key, content) {
			return
		}
		if th.continuous.changed(key, content); content == nil {
			viewer.Removed(key)
			return
		}
		switch folder, _, _ := storetest.Split(strings.TrimPrefix(key, "live/")); {
		case folder != "":
		case th.continuous.judges(key):
			viewer.ChangedUnread(key)
		default:
			viewer.Changed(key, content)
		}
		th.versions(func(of map[string]int) { of[key]++ })
	}
	slow := time.Duration(1+rng.IntN(400)) * time.Millisecond
	var mu sync.Mutex
	lat := th.dice(2)
	memory.Latency = func(string, string, int64) time.Duration {
		mu.Lock()
		defer mu.Unlock()
		return time.Duration(lat.Int64N(int64(slow)))
	}
	th.viewer, th.faults, th.memory = viewer, storetest.NewFaults(memory), memory
	if continuous {
		th.continuous = th.randomContinuous()
	}
	th.court = th.randomCourt()
	th.disk.unseen = func(name string) {
		th.lost(name)
		viewer.Unseen(name)
	}
	th.disk.removed = viewer.Deleted
	th.disk.perished = func(name string) {
		th.gaveUp = true
		th.disk.unseen(name) // who knew of it is no more
	}
	if rng.IntN(3) == 0 {
		th.kills = 1 + rng.IntN(2)
	}
	p := randomPackager(rng, th.disk, th.oracle())
	p.field = randomField(th.dice(6), p)
	switch at := th.dice(7).IntN(8); { // of its own, so that seeds stay what they are
	case th.audience != nil: // what is named in full is in no session
	case at == 0:
		p.address = "/live/"
	case at == 1:
		p.address, th.public = "HTTPS://CDN.example.net:443/a/", "https://cdn.example.net/a"
	}
	more := th.dice(8) // as well
	p.rare = randomRare(more, p, th.kills)
	if p.scene = randomScene(th.dice(11), p, th.kills); p.scene.still() {
		th.kills, th.still = 0, true
	}
	site, err := hls.NewSite(th.public, "live/")
	if err != nil {
		t.Fatal(err)
	}
	viewer.Site, th.disk.site = site, site
	th.goesOn(p, site)
	p.log, th.log = log, log
	th.lists, th.estimates = p.lists(), p.dash && p.template
	if th.kills > 0 {
		p.ring = 0                 // what is pushed out of a ring of names while nothing runs is lost
		viewer.AllowUnnamed = true // older neighbours found at a start
	}
	th.circumstances = randomCircumstances(rng, p)
	th.set(p)
	// What is told by its age after a kill is not told where clocks were set back, and a PUT that takes seconds is killed more often; and
	// of a run so brief that its playlist is still on its way, the next one may list the same text.
	if dice := th.dice(9); !th.still && dice.IntN(3) == 0 && (p.back == 0 || th.kills == 0) && !p.brief {
		th.tardy = newTardy(th.faults, memory, dice)
		th.tardy.hedges, th.tardy.early = true, th.dice(14).IntN(2) == 0
		th.tardy.lax = th.tardy.early || th.conditions == "ignored"
	} else if dice := th.dice(10); !th.still && dice.IntN(4) == 0 && (th.conditions != "ignored" || !p.single && p.parts == 0) {
		th.tardy = newTardy(th.faults, memory, dice)
	}
	th.suits(p)
	memory.Skew, memory.Undated, memory.Forgetful = th.skew, th.undated, th.forgetful
	if th.slow = slow; th.kills > 0 && more.IntN(3) == 0 {
		th.absence = 20 * time.Second
	}
	log("packager: %s kills %d latency %v %s %s tardy %v hedged %v early %v", p, th.kills, slow, th.circumstances, th.continuous, th.tardy != nil, th.tardy != nil && th.tardy.hedges, th.tardy != nil && th.tardy.early)
	th.play(p)
	if th.wrong {
		return
	}
	th.unanswered()
	viewer.Finale()
	th.finale(p)
	th.convict(p, memory.Contents())
	for key, content := range memory.Contents() {
		if bytes.HasPrefix(content, []byte("of others")) {
			t.Errorf("%s is stored, which no playlist ever named", key)
		}
	}
	for _, v := range viewer.Violations() {
		if p.back > 0 && th.kills > 0 && v.Rule == storetest.RuleUnstored {
			continue // what is named while nobody looks is told by its age, and that is not true
		}
		// A version of the run before waits for new bytes of the name, and who tells that these are not meant?
		if v.Rule == storetest.RuleNeverNamed && p.runs > 1 && !p.numbersOn && strings.Contains(path.Base(v.Key), other) {
			continue
		}
		// The last playlist of such a run looks like the first of another, which means the init section that is finished within Settle. That
		// waits as long as it would go over other bytes, which a store that was emptied has no more.
		if v.Rule == storetest.RuleNeverNamed && p.scene == relapses && th.disk.wasEmptied() && hls.Classify(v.Key) == hls.Init {
			continue
		}
		if p.hole > 0 && th.disk.emptied && v.Rule == storetest.RuleUnpublished {
			continue // where nothing goes up any more nothing tells that the store was emptied
		}
		if v.Rule == storetest.RuleUnstored && th.disk.nobodyHeard(strings.TrimPrefix(v.Key, "live/")) {
			continue
		}
		t.Error(v)
	}
}

// play runs packager, faults and uploader to the end.
func (th *theatre) play(p *packager) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.run()
	}()
	go th.trouble(ended, p.dated && th.conditional() && (th.tardy == nil || !th.tardy.lax))
	if p.scene == recovers {
		go th.returns(ended)
	}
	if th.calm(p) {
		go th.hurries(ended, th.slow)
	}
	rng := th.dice(3)
	for range th.kills {
		ctx, kill := context.WithTimeout(th.t.Context(), time.Duration(rng.IntN(20000))*time.Millisecond)
		_ = th.ship(ctx, ended, th.dice(rng.Uint64())) // what it leaves behind is shipped by the next
		kill()
		th.log("killed")
		if th.budget > 0 {
			stored := th.memory.Contents()
			th.disk.unpinned(th.lost, func(name string) { // the next process ships of the first what playlists name
				if _, ok := stored["live/"+name]; !ok {
					th.lost(name) // nobody has it, and the process was killed before it could say so
				}
			})
		}
		th.arrived() // before the next one asks what is published
		time.Sleep(time.Duration(rng.IntN(3000)) * time.Millisecond)
		if th.absence > 0 {
			time.Sleep(time.Duration(rng.Int64N(int64(th.absence))))
		}
	}
	drained, cancel := context.WithCancel(th.t.Context())
	defer cancel()
	// What was stored, and deleted both there and here, cannot be shipped once more, be it named by a playlist that comes back; and one
	// that was left may name what was deleted while nobody was there. Of a file that is younger than its playlist, and which nothing
	// tells from what is published, it stays open whether it is the same.
	err := th.ship(drained, ended, th.dice(4))
	deleted := p.clean && (p.disk.wasEmptied() || th.kills > 0) || p.scene == relapses && p.disk.wasEmptied()
	if unable := th.gaveUp || p.hole > 0 || th.kills > 0 && th.opaque && (th.forgetful || p.single) || deleted; err != nil && !unable {
		th.t.Errorf("run: %v", err)
	}
	th.arrived()
	<-ended // as it has not if the books are wrong
}

// arrived waits until what was sent and given up has arrived.
func (th *theatre) arrived() {
	th.faults.Wait()
	if th.tardy != nil {
		th.tardy.background.Wait()
	}
}

// ship runs one uploader: until ctx is done, which kills it, or until the packager ended and a little more
// passed, after which it drains.
func (th *theatre) ship(ctx context.Context, ended <-chan struct{}, rng *rand.Rand) error {
	th.log("started")
	th.viewer.Restarted()
	th.restarted()
	th.continuous.begins(th.faults)
	th.versions(func(stored map[string]int) { clear(stored) })
	facts := make(chan hls.File)
	looks := make(chan string, 1024)
	behind, end := th.behind()
	defer end()
	config := uploader.Config{
		Store: behind, Prefix: "live/", Site: th.disk.site, Conditional: th.conditions != "off", Logger: slog.New(slog.NewTextHandler(logWriter{th}, nil)),
		Look:        func(name string) { looks <- name },
		Observer:    replies{t: th.t},
		Notes:       th.notes.next(ctx),
		Continuous:  th.config,
		MinInterval: th.minInterval, MaxLag: th.maxLag, Budget: th.budget, Workers: th.workers,
	}
	th.recorded(&config)
	th.recover(ctx, &config, rng)
	up, err := uploader.New(config)
	if err != nil {
		th.t.Fatal(err)
	}
	ctx, fail := context.WithCancel(ctx)
	defer fail()
	up.Audit(func(faults []string, state string) {
		fail() // the Plan cannot be trusted any more
		if !th.wrong {
			th.wrong = true
			th.t.Errorf("the books are wrong at %s:\n\t%s\n%s", time.Now().Format("15:04:05.000"), strings.Join(faults, "\n\t"), state)
		}
	})
	watching, stop := context.WithCancel(ctx)
	defer stop()
	go th.disk.watch(ctx, watching, rng, facts, looks)
	quiet := make(chan struct{})
	go func() {
		defer close(quiet)
		select {
		case <-ended:
		case <-ctx.Done():
			return
		}
		th.faults.Clear()
		select {
		case <-time.After(th.patience()):
			th.unanswered()
			th.viewer.Standing(time.Now(), 10*time.Second)
			th.standing(10 * time.Second)
		case <-ctx.Done():
		}
		th.drains()
		stop()
	}()
	err = up.Run(ctx, facts)
	stop()
	<-quiet
	return err
}

// patience is how long it takes at most until everything is shipped once the packager has ended: on a slow uplink what had no room
// comes back in the end, and so does what was emptied, and what a process that is killed had sent to another session. What is broken off there and arrives all the same is stored, and nobody knows until
// it has been sent again behind all the rest.
func (th *theatre) patience() time.Duration {
	late := th.tardy != nil && !th.tardy.hedges
	again := th.audience != nil && th.kills > 0
	if th.rate > 0 && (th.budget > 0 || th.absence > 0 || th.disk.wasEmptied() || late || again) {
		return 10 * time.Minute
	}
	return 45 * time.Second
}

// trouble lets random incidents happen until the packager has ended.
func (th *theatre) trouble(ended <-chan struct{}, dated bool) {
	rng := th.dice(5)
	if rng.IntN(4) == 0 && !th.outage || th.still {
		return
	}
	var unclear time.Time
	if th.outage {
		time.Sleep(time.Duration(rng.IntN(10000)) * time.Millisecond)
		lift := th.faults.Inject(storetest.Incident{Fault: storetest.Outage()})
		select {
		case <-ended:
		case <-time.After(time.Duration(10+rng.IntN(20)) * time.Second):
		}
		lift()
	}
	for {
		select {
		case <-ended:
			th.faults.Clear()
			return
		case <-time.After(time.Duration(rng.IntN(8000)) * time.Millisecond):
		}
		in := th.incident(rng, dated)
		if in.Op == "put" { // an answer is lost, or a PUT may arrive when the store has been emptied, and no condition tells
			unclear = time.Now().Add(30 * time.Second)
		}
		// Where answers come late they may be those of a store that has been emptied meanwhile.
		empties := rng.IntN(8) == 0 && time.Now().After(unclear) && th.conditional() && th.budget == 0 && !th.estimates && th.tardy == nil && th.audience == nil
		lift := th.faults.Inject(in)
		select {
		case <-ended:
		case <-time.After(time.Duration(rng.IntN(6000)) * time.Millisecond):
		}
		if empties {
			th.empty()
		}
		lift()
	}
}

// versions gives access to the counts of what was stored.
func (th *theatre) versions(do func(stored map[string]int)) {
	th.mu.Lock()
	defer th.mu.Unlock()
	do(th.stored)
}

// noticeable reports whether the uploader can notice that the store is emptied: it knows that every playlist is there.
// Before a playlist's first answer nothing tells what the store held.
func (th *theatre) noticeable() bool {
	known := true
	lists := th.disk.lists()
	th.versions(func(stored map[string]int) {
		for _, name := range lists {
			known = known && (stored["live/"+name] > 1 || path.Base(name) == "master.m3u8" && stored["live/"+name] > 0)
		}
	})
	return known && len(lists) == th.lists
}

// empty deletes all that is stored, as if somebody had deleted the bucket and made it anew.
func (th *theatre) empty() {
	th.disk.empty(func() bool {
		if !th.noticeable() {
			return false
		}
		th.log("emptied")
		stored := th.memory.Contents()
		th.memory.Clear()
		for key := range stored {
			if name := strings.TrimPrefix(key, "live/"); !th.disk.has(name) {
				th.viewer.Deleted(name)
			}
		}
		th.versions(func(stored map[string]int) { clear(stored) })
		return true
	})
}

// incident picks what goes wrong. PUTs that arrive late are a matter of playlists: for them there are
// conditional writes, which recognise a playlist by its bytes, so that those of different runs must differ.
func (th *theatre) incident(rng *rand.Rand, dated bool) storetest.Incident {
	keys := []string{"", "*.ts", "*.m3u8", "init.mp4", "seg1.ts"}
	in := storetest.Incident{Key: keys[rng.IntN(len(keys))], Times: rng.IntN(4)}
	switch rng.IntN(12) {
	case 9:
		in.Fault = storetest.SettingRefused()
	case 10:
		in.Times, in.Fault = 1, storetest.SlowDown(time.Minute)
	case 11:
		in.Op, in.Fault = "put", storetest.GatewayTimeout()
	case 0:
		in.Fault = storetest.Outage()
	case 1:
		in.Fault = storetest.InternalError()
	case 2:
		in.Fault = storetest.SlowDown(time.Duration(rng.IntN(3000)) * time.Millisecond)
	case 3:
		in.Op, in.Fault = "put", storetest.LostResponse()
	case 4:
		if !dated {
			return th.incident(rng, dated)
		}
		in.Op, in.Key = "put", []string{"*.m3u8", "*all.ts"}[rng.IntN(2)]
		in.Fault = storetest.LateArrival(time.Duration(rng.IntN(5000)) * time.Millisecond)
	case 5:
		in.Fault = storetest.WrongCredentials()
	case 6:
		in.Fault = storetest.Reset()
	case 7:
		in.Fault = storetest.CaptivePortal()
	default:
		in.Fault = storetest.Latency(time.Duration(rng.IntN(4000)) * time.Millisecond)
	}
	return in
}
