package metrics

import (
	"fmt"
	"testing"

	"github.com/hlsship/hlsship/state"
)

// TestRecordingsShown: each recording is shown once, and what is closed makes room first.
func TestRecordingsShown(t *testing.T) {
	t.Parallel()
	x := newRecordings()
	x.take(state.Recording{Session: "old", State: state.RecordingOpen})
	x.take(state.Recording{Session: "first", State: state.RecordingOpen})
	x.take(state.Recording{Session: "first", State: state.RecordingClosed, Segments: 3})
	if all := x.all(); len(all) != 2 || all[0].Segments != 3 {
		t.Errorf("got %+v", all)
	}
	for _, missing := range []int{2, 5, 4} { // its run went on twice, and one came after all
		x.take(state.Recording{Session: "first", State: state.RecordingOpen})
		x.take(state.Recording{Session: "first", State: state.RecordingClosed, Segments: 3, Missing: missing})
	}
	if x.missing != 5 {
		t.Errorf("%d segments are missing", x.missing)
	}
	for i := range maxRecordings - 1 {
		x.take(state.Recording{Session: fmt.Sprint(i), State: state.RecordingOpen})
	}
	all := x.all()
	if n := len(all); n != maxRecordings || all[n-1].Session != "old" || all[n-2].Session != "0" {
		t.Errorf("%d are shown, the last ones %+v", n, all[n-2:])
	}
}
