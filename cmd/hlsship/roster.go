package main

import (
	"slices"
	"sync"
)

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
