package uploader_test

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// rare is what few packagers were reported to do. Its zero value is nothing of it.
type rare struct {
	first  int  // the number of the first segment
	strays bool // others have files whose numbers are below that: one right below, which is newer, and an old one behind a gap
	brief  bool // each run dies after one playlist, with the text of the one before, which names the segment to come as well
	scene
}

// randomRare changes p to what it does. What dies does so while a process looks: where the text and the names of two runs are the same,
// nobody can tell from the files whether a segment that is younger than the playlist was finished after it, or is of yet another run.
func randomRare(rng *rand.Rand, p *packager, kills int) (r rare) {
	plain := p.ring == 0 && !p.single && !p.dash && p.parts == 0
	switch rng.IntN(8) {
	case 0, 1:
		r.first = 4 + rng.IntN(200)
		r.strays = plain && p.namesOnce()
	case 2:
		if r.brief = plain && kills == 0; r.brief {
			p.segments, p.runs = 1, max(2, p.runs)
			p.numbersOn, p.endlist, p.dated, p.event, p.rewrites = false, false, false, false, false
		}
	}
	if r.brief {
		p.field = field{outside: p.outside, leftovers: p.leftovers}
		p.nameFirst, p.staleNames, p.elsewhere = false, false, false
	}
	return r
}

// stray writes the files of others that look like segments before the first.
func (p *packager) stray(run int, base string, n, start int) {
	if !p.strays || run > 0 || n != start+1 {
		return
	}
	for below, age := range map[int]time.Duration{1: 0, 3: strayAge} {
		name := p.name(base, start-below)
		p.disk.place(name, fmt.Append(nil, "of others: ", name), age)
	}
}

// dies writes segment n of a run that is about to die, its playlist, and the segment that this names as well.
func (p *packager) dies(base, name string, n, start int, content []byte) {
	p.finish(name, content)
	next := p.name(base, n+1)
	p.index(base, start, n+1, false, next)
	p.pause(20 * time.Millisecond)
	p.finish(next, p.bytes("behind "+string(content)))
}

// calm reports whether nothing happens to the store, so that whatever is stored can be published at once, and no name comes back.
func (th *theatre) calm(p *packager) bool {
	if th.still {
		return p.scene == lingers
	}
	return th.kills == 0 && th.tardy == nil && !th.outage && th.dice(5).IntN(4) == 0 && th.budget == 0 && th.rate == 0 && p.namesOnce() && p.parts == 0
}

// hurries checks all along that what can be published is, but for the answers of the store.
func (th *theatre) hurries(ended <-chan struct{}, slow time.Duration) {
	for {
		select {
		case <-ended:
			return
		case <-time.After(200 * time.Millisecond):
			th.viewer.Standing(time.Now(), 2*slow+th.minInterval+500*time.Millisecond)
			th.standing(2*slow + th.minInterval + 500*time.Millisecond)
		}
	}
}
