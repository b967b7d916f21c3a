package uploader

import "sync"

// claims are versions that are to give their memory up, as said from any goroutine.
type claims struct {
	wake chan struct{} // has room for one token

	mu  sync.Mutex
	all []claim // guarded by mu
}

type claim struct {
	path string
	seq  uint64
}

func newClaims() *claims { return &claims{wake: make(chan struct{}, 1)} }

// add notes a claim. It never blocks.
func (c *claims) add(path string, seq uint64) {
	c.mu.Lock()
	c.all = append(c.all, claim{path, seq})
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// take returns those that were added since the last call.
func (c *claims) take() []claim {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := c.all
	c.all = nil
	return all
}
