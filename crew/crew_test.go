package crew

import (
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
)

// goroutine returns what tells the goroutine that calls it from the others.
func goroutine() string {
	text := make([]byte, 64)
	text = text[:runtime.Stack(text, false)]
	for i, b := range text {
		if b == '[' {
			return string(text[:i])
		}
	}
	return string(text)
}

func TestGoroutinesAreUsedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var c Crew
		defer c.Wait()
		seen := map[string]bool{}
		for range 5 {
			c.Go(func() { seen[goroutine()] = true })
			synctest.Wait()
		}
		if len(seen) != 1 {
			t.Errorf("5 calls, one after the other, were made in %d goroutines", len(seen))
		}
	})
}

// No call waits for another, however many there are, and of the goroutines of a burst but few are kept.
func TestBurst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var c Crew
		defer c.Wait()
		all, let := 0, make(chan struct{})
		var mu sync.Mutex
		for range 100 {
			c.Go(func() {
				mu.Lock()
				all++
				mu.Unlock()
				<-let
			})
		}
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if all != 100 {
			t.Errorf("%d of 100 calls began", all)
		}
		close(let)
		synctest.Wait()
		if len(c.idle) != most {
			t.Errorf("%d goroutines wait, want %d", len(c.idle), most)
		}
	})
}

// A bubble ends only when all of its goroutines did.
func TestWaitJoins(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var c Crew
		c.Go(func() {})
		synctest.Wait() // one is idle
		let, done := make(chan struct{}), false
		c.Go(func() { <-let; done = true })
		c.Go(func() { close(let) })
		if c.Wait(); !done {
			t.Error("Wait returned before a call did")
		}
		late := make(chan struct{})
		c.Go(func() { close(late) })
		<-late
	})
}

// BenchmarkGo is what a call costs that goes as deep as a request does.
func BenchmarkGo(b *testing.B) {
	var c Crew
	defer c.Wait()
	done := make(chan struct{})
	for name, start := range map[string]func(func()){"crew": c.Go, "goroutine": func(f func()) { go f() }} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				start(func() {
					deep(12)
					done <- struct{}{}
				})
				<-done
			}
		})
	}
}

//go:noinline
func deep(n int) byte {
	var frame [1024]byte
	if n > 0 {
		frame[n] = deep(n - 1)
	}
	return frame[n%7]
}
