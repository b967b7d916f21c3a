package uploader_test

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// scene is what goes wrong in so few streams that nothing else may in the same one, or nobody would see it.
type scene uint8

const (
	noScene  scene = iota
	lingers        // a segment is taken out of the playlist for a while, and nothing happens to the store
	recovers       // the store rejects a few segments, and is out of reach then
	rejects        // the PUT of the last playlist is broken off, the next one for it refused, and the first arrives
	relapses       // each run ends with a playlist of its first two segments alone, and those of the second wait for a key that is late
)

// sceneEvery is of how many streams one has each scene, if its packager is one that plays it.
const sceneEvery = 16

// still reports whether nothing else happens to the store, and no process is killed.
func (s scene) still() bool { return s == lingers || s == recovers || s == rejects }

// randomScene changes p to what it plays. What relapses does so while a process looks: without, nobody hears of it.
func randomScene(rng *rand.Rand, p *packager, kills int) scene {
	s := scene(1 + rng.IntN(sceneEvery))
	if s > relapses || s == relapses && kills > 0 || p.ring > 0 || p.single || p.dash || p.parts > 0 || p.brief || p.rewrites {
		return noScene
	}
	switch s {
	case lingers:
		p.numbersOn, p.initChanges = true, false
		p.hole, p.back = 0, 0
		p.withdraws, p.segments = true, p.segments+3
	case recovers: // all is named for ever, or what was rejected would be given up
		p.field, p.runs, p.clean, p.event = field{}, 1, false, true
		p.window, p.keep, p.segments = 1000, -1, p.segments+15
	case rejects:
		p.field, p.runs, p.segment, p.clean = field{}, 1, time.Second, false
	default:
		p.numbersOn, p.key, p.event, p.endlist, p.elsewhere, p.nameFirst, p.staleNames = false, false, false, false, false, false, false
		p.field, p.runs, p.segments, p.first = field{}, max(2, p.runs), p.segments+1, 0
		p.strays = false
	}
	return s
}

// set makes the circumstances those of a scene.
func (th *theatre) set(p *packager) {
	if p.scene.still() {
		th.outage, th.budget, th.rate = false, 0, 0
	}
	if p.scene == recovers {
		th.workers = 0
	}
	if p.scene == rejects {
		th.conditions, th.minInterval = "off", 5*time.Second
		p.refusal = &refusal{dice: th.dice(12), last: map[string]string{}, tries: map[string]int{}}
		th.faults.Inject(storetest.Incident{Op: "put", Key: "*.m3u8", Fault: p.refusal.meet})
	}
}

// returns has the store refuse some segments and be out of reach, and checks that all that was listed until then is published soon after it
// is back: no wait that began before goes on. Of an outage that no request met nobody heard: what was finished meanwhile was rejected.
func (th *theatre) returns(ended <-chan struct{}) {
	dice := th.dice(12)
	time.Sleep(time.Duration(2000+dice.IntN(10000)) * time.Millisecond)
	if n := dice.IntN(3); n > 0 {
		refuse := th.faults.Inject(storetest.Incident{Op: "put", Key: "*.ts", Times: n, Fault: storetest.Failing(store.Permanent, 0, "400 EntityTooLarge")})
		time.Sleep(5 * time.Second)
		refuse() // what is rejected later waits for a minute, whatever was before
	}
	var met atomic.Bool
	outage := storetest.Outage()
	lift := th.faults.Inject(storetest.Incident{Fault: func(ctx context.Context, c storetest.Call, next func(context.Context, store.Object) error) error {
		met.Store(true)
		return outage(ctx, c, next)
	}})
	select {
	case <-ended:
		return
	case <-time.After(time.Duration(5+dice.IntN(20)) * time.Second):
	}
	lift()
	back, soon := time.Now(), 15*th.slow+th.minInterval+3*time.Second
	select {
	case <-ended:
		return
	case <-time.After(soon):
	}
	for _, l := range th.viewer.Listings() {
		if met.Load() && l.Passed.IsZero() && l.Listed.Before(back) {
			th.t.Errorf("%s: version %d of %s is not published %v after the store was back", time.Now().Format("15:04:05.000"), l.Number, l.Path, soon)
		}
	}
}

// refusal is what the PUTs of the last playlists meet.
type refusal struct {
	mu    sync.Mutex
	dice  *rand.Rand
	last  map[string]string // by key
	tries map[string]int
}

// ends notes that nothing comes behind that version of a playlist.
func (x *refusal) ends(name, text string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.last["live/"+name] = text
}

func (x *refusal) meet(ctx context.Context, c storetest.Call, next func(context.Context, store.Object) error) error {
	content := make([]byte, c.Object.Size)
	_, _ = c.Object.Body.ReadAt(content, 0)
	x.mu.Lock()
	try := 0
	if bytes.Equal(content, []byte(x.last[c.Key])) {
		x.tries[c.Key]++
		try = x.tries[c.Key]
	}
	by := time.Duration(x.dice.IntN(6000)) * time.Millisecond
	x.mu.Unlock()
	switch try {
	case 1:
		return storetest.LateArrival(by)(ctx, c, next)
	case 2:
		return &store.Error{Op: c.Op, Key: c.Key, Kind: store.Permanent, Err: errors.New("400 EntityTooLarge")}
	}
	return next(ctx, c.Object)
}

// relapse ends a run of segments from start on with the playlist that its first two had.
func (p *packager) relapse(base string, start, n int) {
	if p.scene == relapses {
		time.Sleep(100 * time.Millisecond) // the one before is heard of
		p.index(base, start, min(n, start+1), false)
	}
}

// lateKey writes the key of the second run, which its playlists named from the beginning on, once its third segment is there.
func (p *packager) lateKey(base string, n, start int) {
	if p.scene == relapses && p.key && n == start+2 {
		p.finish(base+"k.key", p.bytes("key of "+base))
	}
}
