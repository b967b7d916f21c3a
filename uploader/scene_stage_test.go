package uploader_test

import (
	"math/rand/v2"
	"time"
)

// scene is what goes wrong in so few streams that nothing else may in the same one, or nobody would see it.
type scene uint8

const (
	noScene  scene = iota
	lingers        // a segment is taken out of the playlist for a while, and nothing happens to the store
	relapses       // each run ends with a playlist of its first two segments alone, and those of the second wait for a key that is late
)

// sceneEvery is of how many streams one has a scene, if its packager is one that plays it.
const sceneEvery = 10

// randomScene changes p to what it plays. What relapses does so while a process looks: without, nobody hears of it.
func randomScene(rng *rand.Rand, p *packager, kills int) scene {
	at := rng.IntN(sceneEvery)
	if at > 1 || p.ring > 0 || p.single || p.dash || p.parts > 0 || p.brief || p.rewrites {
		return noScene
	}
	if at == 0 {
		p.numbersOn, p.initChanges = true, false
		p.hole, p.back = 0, 0
		p.withdraws, p.segments = true, p.segments+3
		return lingers
	}
	if kills > 0 {
		return noScene
	}
	p.numbersOn, p.key, p.event, p.endlist, p.elsewhere, p.nameFirst, p.staleNames = false, false, false, false, false, false, false
	p.field, p.runs, p.segments, p.first = field{}, max(2, p.runs), p.segments+1, 0
	p.strays = false
	return relapses
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
