package main

import (
	"fmt"
	"strings"

	"github.com/hlsship/hlsship/state"
)

// recordingsLine says how many recordings are in each state, and what the one is that was closed last. all begins with the newest.
func recordingsLine(all []state.Recording) string {
	if len(all) == 0 {
		return ""
	}
	count := make(map[state.OfRecording]int)
	var latest *state.Recording
	for i := range all {
		r := &all[i]
		if count[r.State]++; r.State == state.RecordingClosed && (latest == nil || r.Since.After(latest.Since)) {
			latest = r
		}
	}
	var parts []string
	for _, s := range state.RecordingStates() {
		if count[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count[s], s))
		}
	}
	line := "  recordings: " + strings.Join(parts, ", ")
	if latest != nil {
		line += fmt.Sprintf("; closed last: %s, %s, %d holes", printable(latest.Session), lasting(latest.Duration.Duration()), latest.Holes)
	}
	return line + "\n"
}
