//go:build linux

package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hlsship/hlsship/hls"
)

// court collects what is said against a stream. The recorder is the only witness of what the packager wrote: what may follow from a
// file for which it was too late is no proof. The zero value has heard nothing.
type court struct {
	mu       sync.Mutex
	missed   map[string]bool // the files for which the recorder was too late
	proofs   []string
	doubts   []string
	program  *process   // whose output is shown with a proof
	programs []*process // those that were killed before
}

// misses takes in that the recorder was too late for a file.
func (c *court) misses(path string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.missed == nil {
		c.missed = map[string]bool{}
	}
	c.missed[path] = true
}

// unsure reports whether what the packager wrote under the name, or whether a playlist named it, may have been missed.
func (c *court) unsure(path string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for at := range c.missed {
		if at == path || hls.Classify(at).IsPlaylist() {
			return true
		}
	}
	return false
}

// accuse says what is wrong with the stream.
func (c *court) accuse(doubtful bool, format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	said := &c.proofs
	if doubtful {
		said = &c.doubts
	}
	*said = append(*said, fmt.Sprintf(format, args...))
}

// verdict fails the test for what is proved to be wrong. If there are but doubts it returns why the stream is not judged, otherwise "".
func (c *court) verdict(t *testing.T) (why string) {
	t.Helper()
	proofs, why := c.weigh()
	for _, proof := range proofs {
		t.Error(proof)
	}
	if !t.Failed() {
		return why
	}
	t.Log(why)
	for _, p := range append(c.programs, c.program) {
		if p != nil {
			t.Logf("the program wrote:\n%s", p.output())
		}
	}
	return ""
}

// weigh returns what is proved, and what there is but doubts of.
func (c *court) weigh() (proofs []string, why string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.doubts) > 0 {
		why = fmt.Sprintf("the recorder was too late for %q, and so it is said: %q", slices.Sorted(maps.Keys(c.missed)), c.doubts)
	}
	return c.proofs, why
}

// judged has a stream shipped and judged, and shipped once more if it could not be judged; ship returns why, as verdict does.
func judged(t *testing.T, ship func(*testing.T) (why string)) {
	t.Helper()
	why := ship(t)
	if why == "" {
		return
	}
	t.Logf("not judged, and so repeated: %s", why)
	if why = ship(t); why != "" {
		t.Errorf("not judged twice: %s", why)
	}
}

// TestCourt: a doubt is no proof, and one that is not sure of the one file may be sure of the other.
func TestCourt(t *testing.T) {
	t.Parallel()
	var c court
	if proofs, why := c.weigh(); len(proofs) > 0 || why != "" {
		t.Errorf("nothing was said: got %q and %q", proofs, why)
	}
	c.misses("index2.ts")
	if proofs, why := c.weigh(); len(proofs) > 0 || why != "" {
		t.Errorf("nothing was said, though a file was missed: got %q and %q", proofs, why)
	}
	for path, want := range map[string]bool{"index2.ts": true, "index3.ts": false, "index.m3u8": false} {
		if got := c.unsure(path); got != want {
			t.Errorf("unsure of %s: got %v, want %v", path, got, want)
		}
		c.accuse(c.unsure(path), "%s is wrong", path)
	}
	proofs, why := c.weigh()
	slices.Sort(proofs)
	if want := []string{"index.m3u8 is wrong", "index3.ts is wrong"}; !slices.Equal(proofs, want) {
		t.Errorf("proved: got %q, want %q", proofs, want)
	}
	if !strings.Contains(why, "index2.ts is wrong") {
		t.Errorf("not judged: got %q, want what is said of the file that was missed", why)
	}
	c.misses("other.m3u8") // it may have named anything
	if !c.unsure("index3.ts") {
		t.Error("sure of a file that a missed playlist may have named")
	}
	for unjudged, want := range map[int]bool{0: false, 5: false, 6: true} {
		if got := (&tally{streams: 100, unjudged: make([]string, unjudged)}).blind(); got != want {
			t.Errorf("%d of 100 streams not judged is too many: got %v, want %v", unjudged, got, want)
		}
	}
}
