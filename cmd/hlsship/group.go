package main

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
)

// panicked is a panic as an error, so that it ends what it happened in and nothing else.
type panicked struct {
	value any
	// stack is where it happened; told says that the log has it.
	stack []byte
	told  bool
}

func (p *panicked) Error() string { return fmt.Sprintf("panic: %v", p.value) }

// Unwrap returns what was thrown if that was an error.
func (p *panicked) Unwrap() error {
	err, _ := p.value.(error)
	return err
}

// guarded calls act and returns its panic as a *panicked. Goroutines that act starts are beyond its reach.
func guarded(act func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &panicked{value: value, stack: debug.Stack()}
		}
	}()
	return act()
}

// roster holds the names of what runs, so that what does not end can be named. The zero value is empty. It is safe for
// concurrent use.
type roster struct {
	mu    sync.Mutex
	names []string
}

// enter adds a name until left is called.
func (r *roster) enter(name string) (left func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.names = append(r.names, name)
	return sync.OnceFunc(func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		i := slices.Index(r.names, name)
		r.names = slices.Delete(r.names, i, i+1)
	})
}

// list returns the names, those first that were entered first.
func (r *roster) list() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.names)
}

// group runs actors and joins them. The zero value is ready; it is owned by one goroutine.
type group struct {
	// roster, unless nil, has the actors by name while they run.
	roster *roster

	running sync.WaitGroup
	mu      sync.Mutex
	errs    []error
}

// start runs act in a goroutine of its own. name completes "has not ended: ". If it fails or panics, fail, unless nil, tells the
// others.
func (g *group) start(name string, fail func(), act func() error) {
	left := func() {}
	if g.roster != nil {
		left = g.roster.enter(name)
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
