package main

import (
	"bytes"
	"context"
	"log/slog"
	"testing"
)

func TestJournalLevels(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		json bool
		want string
	}{
		{"text", false, "<6>level=INFO msg=stored store.up=true store.g.n=1\n<4>level=WARN msg=\"two\\nlines\"\n<3>level=ERROR msg=lost\n"},
		{"JSON", true, `<6>{"level":"INFO","msg":"stored","store":{"up":true,"g":{"n":1}}}` + "\n" +
			`<4>{"level":"WARN","msg":"two\nlines"}` + "\n" + `<3>{"level":"ERROR","msg":"lost"}` + "\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			logger := newJournalLogger(&out, slog.LevelInfo, tt.json)
			logger.Debug("not wanted")
			logger.WithGroup("store").With("up", true).WithGroup("g").Info("stored", "n", 1)
			logger.Warn("two\nlines")
			logger.Error("lost")
			if got := out.String(); got != tt.want {
				t.Errorf("got\n%swant\n%s", got, tt.want)
			}
		})
	}
	var out bytes.Buffer
	newJournalLogger(&out, slog.LevelDebug, false).Log(context.Background(), slog.LevelDebug-4, "below all")
	newJournalLogger(&out, slog.LevelDebug, false).Log(context.Background(), slog.LevelInfo+1, "between two")
	if out.Len() > 0 && out.String() != "<6>level=INFO+1 msg=\"between two\"\n" {
		t.Errorf("got %q", out.String())
	}
}

// TestProblemsInTheJournal checks that what stops a start is found among the errors, line by line.
func TestProblemsInTheJournal(t *testing.T) {
	var out bytes.Buffer
	p := program{stdout: &out, stderr: &out, journal: true}
	if code := p.runs(t.Context(), "run"); code != exitUsage {
		t.Errorf("exit code %d, want %d", code, exitUsage)
	}
	lines := bytes.Split(bytes.TrimSpace(out.Bytes()), []byte("\n"))
	if len(lines) < 3 {
		t.Errorf("got %d lines, want two problems and a hint", len(lines))
	}
	for _, line := range lines {
		if !bytes.HasPrefix(line, []byte("<3>")) {
			t.Errorf("%q has no level", line)
		}
	}
}
