package hedge

import (
	"errors"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
)

const (
	// defaultShare is how many second attempts there may be for each PUT.
	defaultShare = 0.03
	// mostSaved is how many of them may be saved up for bad times.
	mostSaved = 10
	// dire is how many times its threshold a PUT must be silent to get the last one that is saved.
	dire = 4
	// defaultSamples is how many PUTs of a class must be known before one is sent twice.
	defaultSamples = 20
	// mostRefused of the last remembered answers may ask for fewer requests before no second attempt is made: 5 %. A store that
	// says so now and then is well.
	mostRefused = 10
	// Spare is how many attempts whose PUT was answered by another may be under way at once, and so how many connections a Store needs
	// beside those of its callers.
	Spare = 16
)

// policy decides whether a PUT is sent again. It reads no clock. Use newPolicy.
type policy struct {
	share   float64 // of a second attempt that each PUT earns
	samples int     // that a class must have
	known   [classes]latencies
	saved   float64 // second attempts that may be made
	refused refusals

	puts   int // under way
	hedged int // of them, sent twice
	losers int // attempts under way whose PUT was answered by another
}

func newPolicy(c Config) *policy {
	p := &policy{share: c.Share, samples: c.Samples, saved: 1}
	if p.share <= 0 {
		p.share = defaultShare
	}
	if p.samples <= 0 {
		p.samples = defaultSamples
	}
	return p
}

// began takes in a PUT that begins.
func (p *policy) began() {
	p.puts++
	p.saved = min(p.saved+p.share, mostSaved)
}

// ended takes in that a PUT is answered, and whether it was sent twice.
func (p *policy) ended(hedged bool) {
	p.puts--
	if hedged {
		p.hedged--
	}
}

// hear takes in what an answer to a PUT says of the store.
func (p *policy) hear(err error) {
	e, ok := errors.AsType[*store.Error](err)
	p.refused.learn(ok && e.Busy)
}

// threshold is how long a PUT of the class may be silent before it is sent again, false if that is not known.
func (p *policy) threshold(c class) (time.Duration, bool) { return p.known[c].threshold(p.samples) }

// hedge reports whether a PUT of the class, which was silent for so long, is sent again, and takes that in if it is. If not, it may be
// asked again later.
func (p *policy) hedge(c class, silent time.Duration) bool {
	after, ok := p.threshold(c)
	need := 2.0
	if silent >= dire*after {
		need = 1
	}
	switch {
	case !ok || silent < after,
		p.refused.many(),
		p.saved < need,
		p.hedged >= max(1, p.puts/4), // else a store that is slow for all gets twice the load, when it can take it least
		p.losers >= Spare:
		return false
	}
	p.saved--
	p.hedged++
	return true
}

// refusals are which of the last answers asked for fewer requests. The zero value knows none.
type refusals struct {
	ring  [remembered]bool
	next  int
	count int
}

// learn takes an answer in.
func (r *refusals) learn(refused bool) {
	if r.ring[r.next] {
		r.count--
	}
	if refused {
		r.count++
	}
	r.ring[r.next] = refused
	r.next = (r.next + 1) % remembered
}

// many reports whether the store is asked less than it is.
func (r *refusals) many() bool { return r.count > mostRefused }
