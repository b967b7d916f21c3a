package main

import (
	"errors"
	"sync"
)

// group runs actors and joins them. The zero value is ready; it is owned by one goroutine.
type group struct {
	// enter, unless nil, is told the name of an actor that begins; what it returns, that this one has ended.
	enter func(name string) (left func())

	running sync.WaitGroup
	mu      sync.Mutex
	errs    []error
}

// start runs act in a goroutine of its own. name completes "has not ended: ". If it fails or panics, fail, unless nil, tells the
// others.
func (g *group) start(name string, fail func(), act func() error) {
	left := func() {}
	if g.enter != nil {
		left = g.enter(name)
	}
	g.running.Go(func() {
		defer left()
		err := guarded(act)
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
