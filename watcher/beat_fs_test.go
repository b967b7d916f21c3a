package watcher

import (
	"sync/atomic"
	"testing"
	"time"
)

// TestRunBeats checks that the loop says that it turns, be the directory there or not.
func TestRunBeats(t *testing.T) {
	t.Parallel()
	for name, dir := range map[string]string{"idle": t.TempDir(), "directory missing": t.TempDir() + "/none"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var beats atomic.Int32
			enough := make(chan struct{})
			x := newWatch(t, dir, func(c *Config) {
				c.Rescan = time.Millisecond
				c.Beat = func() {
					if beats.Add(1) == 3 {
						close(enough)
					}
				}
			})
			x.run()
			select {
			case <-enough:
			case <-time.After(20 * time.Second):
				t.Errorf("got %d beats", beats.Load())
			}
		})
	}
}
