package crew

import "sync"

// most is how many goroutines wait for the next call. What a burst takes beyond that ends with it.
const most = 16

// Crew is some goroutines. The zero Crew is ready, and has none. It is safe for concurrent use.
type Crew struct {
	running sync.WaitGroup

	mu    sync.Mutex
	idle  []chan func() // of goroutines that wait, the one that waits for the shortest time last
	ended bool
}

// Go calls f in a goroutine and does not wait for it. If f panics, so does the process.
func (c *Crew) Go(f func()) {
	c.mu.Lock()
	n := len(c.idle)
	if n == 0 {
		c.running.Add(1) // under the lock, so that Wait sees it
		c.mu.Unlock()
		go c.serve(f)
		return
	}
	calls := c.idle[n-1]
	c.idle[n-1] = nil
	c.idle = c.idle[:n-1]
	c.mu.Unlock()
	calls <- f // it has room
}

// serve makes calls until there is nobody to wait for.
func (c *Crew) serve(f func()) {
	defer c.running.Done()
	calls := make(chan func(), 1)
	for f != nil {
		f()
		f = nil // what it holds is not kept
		if !c.waits(calls) {
			return
		}
		f = <-calls
	}
}

// waits reports whether a goroutine that hears of its next call by calls is to wait for it.
func (c *Crew) waits(calls chan func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended || len(c.idle) == most {
		return false
	}
	c.idle = append(c.idle, calls)
	return true
}

// Wait returns once all calls have returned and no goroutine is left. What is called later has a goroutine of its own.
func (c *Crew) Wait() {
	c.End()
	c.running.Wait()
}

// End has each goroutine end as soon as it makes no call, and does not wait for that. What is called later has a goroutine of its own.
func (c *Crew) End() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	for _, calls := range c.idle {
		close(calls)
	}
	c.idle = nil
}
