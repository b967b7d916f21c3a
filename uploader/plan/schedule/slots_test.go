package schedule

import "testing"

// TestSlotsOfEachClass: each class of requests has a slot, however few there are.
func TestSlotsOfEachClass(t *testing.T) {
	t.Parallel()
	for workers := range 40 {
		s := newSlots(workers)
		for _, first := range []Class{ForBacklog, ForEdge, ForPlaylist} {
			for s.free(first) > 0 {
				s.flying[first]++
			}
		}
		if s.flying[ForBacklog] == 0 || s.flying[ForEdge] == 0 || s.flying[ForPlaylist] == 0 || s.busy() > max(workers, leastSlots) {
			t.Errorf("%d workers: %v", workers, s.flying)
		}
	}
}
