package main

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// TestDurationsInTheLog: in JSON they are seconds, as their keys say; for people they have no nanoseconds.
func TestDurationsInTheLog(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		json bool
		want string
	}{{true, `"took_seconds":6.7309,"timeout_seconds":20`}, {false, "took=6.7309s timeout=20s"}} {
		var plain, systemd bytes.Buffer
		for _, l := range []*slog.Logger{newLogger(&plain, slog.LevelInfo, tt.json), newJournalLogger(&systemd, slog.LevelInfo, tt.json)} {
			l.Info("x", "took", 6730915*time.Microsecond, "timeout", 20*time.Second)
		}
		if !strings.Contains(plain.String(), tt.want) || !strings.Contains(systemd.String(), tt.want) {
			t.Errorf("got %s and %s, want %s", &plain, &systemd, tt.want)
		}
	}
}
