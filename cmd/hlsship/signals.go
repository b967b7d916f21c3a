package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// listen takes SIGTERM and SIGINT. The first one ends soft, which asks for a drain; the second ends
// hard, which stops at once. hard's end ends soft as well. stop gives the signals back and joins what
// listen started.
func listen(ctx context.Context) (hard, soft context.Context, stop func()) {
	hard, endHard := context.WithCancel(ctx)
	soft, endSoft := context.WithCancel(hard)
	// Two, so that a second signal that follows at once is not lost.
	caught := make(chan os.Signal, 2)
	signal.Notify(caught, syscall.SIGTERM, os.Interrupt)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, end := range []context.CancelFunc{endSoft, endHard} {
			select {
			case <-caught:
				end()
			case <-hard.Done():
				return
			}
		}
	}()
	return hard, soft, func() {
		signal.Stop(caught)
		endHard()
		<-done
	}
}
