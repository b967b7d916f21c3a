package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// caughtSignal is the cause of a stop that a signal asks for.
type caughtSignal struct{ signal os.Signal }

func (c caughtSignal) Error() string { return "caught " + c.signal.String() }

// listen takes SIGTERM and SIGINT. The first one ends soft, which asks for a drain and has a caughtSignal as its cause; the second
// ends hard, which stops at once. hard's end ends soft as well. stop gives the signals back and joins what
// listen started.
func listen(ctx context.Context) (hard, soft context.Context, stop func()) {
	hard, endHard := context.WithCancelCause(ctx)
	soft, endSoft := context.WithCancelCause(hard)
	// Two, so that a second signal that follows at once is not lost.
	caught := make(chan os.Signal, 2)
	signal.Notify(caught, syscall.SIGTERM, os.Interrupt)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, end := range []context.CancelCauseFunc{endSoft, endHard} {
			select {
			case s := <-caught:
				end(caughtSignal{s})
			case <-hard.Done():
				return
			}
		}
	}()
	return hard, soft, func() {
		signal.Stop(caught)
		endHard(nil)
		<-done
	}
}
