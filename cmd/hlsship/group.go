package main

import (
	"errors"
	"sync"
)

// group runs actors and joins them. The zero value is ready; it is owned by one goroutine.
type group struct {
	running sync.WaitGroup
	mu      sync.Mutex
	errs    []error
}

// start runs act in a goroutine of its own. If it fails, fail, unless nil, tells the others.
func (g *group) start(fail func(), act func() error) {
	g.running.Go(func() {
		err := act()
		if err == nil {
			return
		}
		g.mu.Lock()
		g.errs = append(g.errs, err)
		g.mu.Unlock()
		if fail != nil {
			fail()
		}
	})
}

// wait returns once every actor has ended, with all of their errors.
func (g *group) wait() error {
	g.running.Wait()
	return errors.Join(g.errs...)
}
