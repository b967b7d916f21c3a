package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary be the bare client.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == bareCommand {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestBench measures two tools for a moment and believes no figure but those that load cannot change.
func TestBench(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("ships in real time")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	file := filepath.Join(t.TempDir(), "bench.md")
	var out, progress bytes.Buffer
	args := []string{"-duration", "1s", "-rounds", "1", "-streams", "2", "-size", "65536", "-delays", "5ms", "-tools", "bare,hlsship", "-markdown", file}
	if err := run(ctx, args, &out, &progress); err != nil {
		t.Fatalf("%v\n%s", err, &progress)
	}
	written, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(written) != page+out.String() {
		t.Errorf("the file differs from what was printed:\n%s", written)
	}
	if !strings.Contains(out.String(), "go run ./bench "+strings.Join(args, " ")+"\n") {
		t.Errorf("the command is missing:\n%s", &out)
	}
	for _, tool := range []string{"bare", "hlsship"} {
		// Four playlists listed, at least the newest of each stream published, no harm done.
		row := regexp.MustCompile(`\| 5ms +\| ` + tool + ` +\| +4 \| +[2-4] \|.*\| +0 \| +0 \|\n`)
		if !row.MatchString(out.String()) {
			t.Errorf("no good row of %s:\n%s", tool, &out)
		}
	}
	if !regexp.MustCompile(`\| bare .*\| +1\.00 \|`).MatchString(out.String()) {
		t.Errorf("bare is not its own measure:\n%s", &out)
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	latencies := make([]time.Duration, 100)
	for i := range latencies {
		latencies[i] = time.Duration(100-i) * time.Millisecond
	}
	bare := &row{tool: "bare", listed: 100, publications: 100, latencies: latencies[50:], cpu: time.Second}
	slow := &row{tool: "slow", listed: 100, publications: 90, latencies: latencies, cpu: 1500 * time.Millisecond, unsafe: 3, missing: 2}
	never := &row{tool: "never", delay: time.Second}
	want := `| added | tool  | listed | published | median ms | ÷ bare | p99 ms | ÷ bare | CPU s | ÷ bare | unsafe | missing |
|-------|-------|-------:|----------:|----------:|-------:|-------:|-------:|------:|-------:|-------:|--------:|
| 0s    | bare  |    100 |       100 |      25.0 |   1.00 |   50.0 |   1.00 |  1.00 |   1.00 |      0 |       0 |
| 0s    | slow  |    100 |        90 |      50.0 |   2.00 |   99.0 |   1.98 |  1.50 |   1.50 |      3 |       2 |
| 1s    | never |      0 |         0 |         – |      – |      – |      – |  0.00 |      – |      0 |       0 |
`
	if got := table([]*row{bare, slow, never}); got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	for name, args := range map[string]string{
		"no such tool":      "-tools bare,rsync",
		"no duration":       "-duration 10ms",
		"no streams":        "-streams 0",
		"segments too tiny": "-size 3",
		"no latency":        "-delays 1s,fast",
		"argument":          "more",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var complaint bytes.Buffer
			if _, err := parse(strings.Fields(args), &complaint); err == nil {
				t.Errorf("%s: got no error", args)
			}
		})
	}
}

// A store that lacks a segment and holds another file with other bytes is found out.
func TestMissing(t *testing.T) {
	t.Parallel()
	store := t.TempDir()
	g := newGenerator(load{streams: 1, size: 100, window: 2, period: time.Second}, store, nil)
	g.times[0] = make([]time.Time, 3)
	if err := os.Mkdir(filepath.Join(store, folder(0)), 0o755); err != nil {
		t.Fatal(err)
	}
	for at, content := range map[string][]byte{
		segmentPath(0, 0): g.content(0, 0), segmentPath(0, 1): g.content(0, 2), listPath(0): []byte(g.playlist(2)),
	} {
		if err := os.WriteFile(g.at(at), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := g.missing(store)
	if err != nil || got != 2 {
		t.Errorf("missing: got %d, %v, want 2", got, err)
	}
}
