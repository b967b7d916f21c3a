package storetest_test

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
	"github.com/hlsship/hlsship/uploader/storetest"
)

func TestMemoryConforms(t *testing.T) {
	t.Parallel()
	storetest.Conformance(t, func(*testing.T) store.Store { return storetest.NewMemory() })
}

func TestFaultsWithoutIncidentsConform(t *testing.T) {
	t.Parallel()
	storetest.Conformance(t, func(*testing.T) store.Store { return storetest.NewFaults(storetest.NewMemory()) })
}

func object(key, content string) store.Object {
	return store.Object{Key: key, Body: strings.NewReader(content), Size: int64(len(content))}
}

// TestMemoryShowsEveryState rebuilds the bucket from what OnChange told.
func TestMemoryShowsEveryState(t *testing.T) {
	t.Parallel()
	m := storetest.NewMemory()
	seen, changes := map[string]string{}, 0
	m.OnChange = func(key string, content []byte) { // no lock: the Memory's own must do
		changes++
		if content == nil {
			delete(seen, key)
			return
		}
		seen[key] = string(content)
	}
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := range 50 {
				key := fmt.Sprintf("%d.ts", i%7)
				if _, err := m.Put(t.Context(), object(key, fmt.Sprintf("%d by %d", i, w))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	m.Remove("3.ts")
	m.Remove("none.ts")
	if changes != 201 {
		t.Errorf("got %d changes, want 201", changes)
	}
	contents := map[string]string{}
	for key, content := range m.Contents() {
		contents[key] = string(content)
	}
	if !maps.Equal(seen, contents) || len(seen) != 6 {
		t.Errorf("got %v from the changes, want %v", seen, contents)
	}
}

func TestMemoryTakesVirtualTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := storetest.NewMemory()
		m.Latency = func(op, _ string, size int64) time.Duration {
			if op == "put" {
				return time.Duration(size) * time.Second
			}
			return time.Minute
		}
		start := time.Now()
		if _, err := m.Put(t.Context(), object("a", "ten bytes!")); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("put took %v, want 10s", took)
		}
		if _, err := m.Stat(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 70*time.Second {
			t.Errorf("put and stat took %v, want 70s", took)
		}
	})
}
