package main

import (
	"testing"
	"time"

	"github.com/hlsship/hlsship/state"
)

// TestRecordingsLine: what hlsship status says of recordings.
func TestRecordingsLine(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_800_000_000, 0)
	closed := func(name string, after, lasted time.Duration, holes int) state.Recording {
		return state.Recording{Session: name, State: state.RecordingClosed, Since: at.Add(after), Duration: state.Seconds(lasted.Seconds()), Holes: holes}
	}
	open := state.Recording{Session: "d", State: state.RecordingOpen, Since: at}
	for _, tt := range []struct {
		name string
		all  []state.Recording
		want string
	}{
		{"nothing is recorded", nil, ""},
		{"one is open", []state.Recording{open}, "  recordings: 1 open\n"},
		{"some are closed", []state.Recording{open, closed("b", time.Minute, 90*time.Second, 2), closed("a", 0, time.Hour, 0)}, "  recordings: 1 open, 2 closed; closed last: b, 1 min 30 s, 2 holes\n"},
		{"one is being closed", []state.Recording{{State: state.RecordingClosing}, {State: state.RecordingBroken}}, "  recordings: 1 broken, 1 closing\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := recordingsLine(tt.all); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
