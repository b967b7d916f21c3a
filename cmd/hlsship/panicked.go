package main

import (
	"fmt"
	"runtime/debug"
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
