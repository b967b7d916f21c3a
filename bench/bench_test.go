package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/storetest"
)

// TestMain lets the test binary be the bare client.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && (os.Args[1] == bareCommand || os.Args[1] == againCommand) {
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
	args := []string{"-duration", "1s", "-rounds", "1", "-only", "^(1-stream|20ms|tls)$", "-tools", "bare,hlsship", "-markdown", file}
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
	for scene, listed := range map[string]int{"1-stream": 2, "20ms": 8, "tls": 8} {
		_, rest, _ := strings.Cut(out.String(), "\n## "+scene+"\n")
		section, _, _ := strings.Cut(rest, "\n## ")
		for _, tool := range []string{"bare", "hlsship"} {
			// At least the newest of each stream published, no harm done, and what it took is known.
			row := regexp.MustCompile(`\| ` + tool + fmt.Sprintf(` +\| +%d \| +[1-8] \|.*\| +[1-9]\d* \| +[1-9]\d* \| +[1-9]\d* \| +0 \| +0 \| +0 \|\n`, listed))
			if !row.MatchString(section) {
				t.Errorf("%s: no good row of %s:\n%s", scene, tool, section)
			}
		}
		if !regexp.MustCompile(`\| bare .*\| +1\.00 \|`).MatchString(section) {
			t.Errorf("%s: bare is not its own measure:\n%s", scene, section)
		}
	}
	for name, want := range map[string]bool{"20ms": true, "1-stream": false} {
		figure, err := os.ReadFile(filepath.Join(filepath.Dir(file), "bench-"+name+".svg"))
		if drawn := err == nil && strings.Count(string(figure), "<polyline") == 2; drawn != want {
			t.Errorf("%s: drawn: %v, want %v: %v\n%s", name, drawn, want, err, figure)
		}
	}
}

// TestAgain: a tool that copies once runs until it is told to end.
func TestAgain(t *testing.T) {
	t.Parallel()
	ctx, end := context.WithCancel(t.Context())
	dir := t.TempDir()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		runAgain(ctx, []string{"sh", "-c", `mkdir -p "$0"/a && mv "$0"/a "$0"/b && test ! -p "$0"/pipe || echo >"$0"/pipe`, dir})
	}()
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if text, err := os.ReadFile(filepath.Join(dir, "pipe")); err != nil || len(text) == 0 {
			t.Fatalf("a run says %q, %v", text, err)
		}
		_ = os.Remove(filepath.Join(dir, "b"))
	}
	end()
	go func() { _, _ = os.ReadFile(filepath.Join(dir, "pipe")) }() // of the last run
	<-ended
}

func TestTable(t *testing.T) {
	t.Parallel()
	latencies := make([]time.Duration, 100)
	for i := range latencies {
		latencies[i] = time.Duration(100-i) * time.Millisecond
	}
	s := &scene{name: "it"}
	bare := &row{scene: s, tool: "bare", listed: 100, publications: 100, latencies: latencies[50:], starts: []time.Duration{time.Second}}
	bare.take(usage{cpu: time.Second, memory: 20 << 20, files: 9, allocs: 5000}, 100)
	slow := &row{scene: s, tool: "slow", listed: 100, publications: 90, latencies: latencies, unsafe: 3, torn: 1, missing: 2, late: 1}
	slow.take(usage{cpu: 1500 * time.Millisecond, memory: 30 << 20, files: 8, allocs: -1}, 100)
	never := &row{scene: s, tool: "never"}
	want := `| tool  | listed | published | median ms | ÷ bare | p95 ms | p99 ms | ÷ bare | start s | CPU s | ÷ bare | MiB | files | allocs | unsafe | torn | missing |
|-------|-------:|----------:|----------:|-------:|-------:|-------:|-------:|--------:|------:|-------:|----:|------:|-------:|-------:|-----:|--------:|
| bare  |    100 |       100 |      25.0 |   1.00 |   48.0 |   50.0 |   1.00 |     1.0 |  1.00 |   1.00 |  20 |     9 |     50 |      0 |    0 |       0 |
| slow  |    100 |        90 |      50.0 |   2.00 |   95.0 |   99.0 |   1.98 |    > 90 |  1.50 |   1.50 |  30 |     8 |      – |      3 |    1 |       2 |
| never |      0 |         0 |         – |      – |      – |      – |      – |       – |  0.00 |      – |   0 |     0 |      – |      0 |    0 |       0 |
`
	if got := table([]*row{bare, slow, never}); got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
}

// TestPrice: two scenes have the sidecar measured, and say what hlsship takes beside it.
func TestPrice(t *testing.T) {
	t.Parallel()
	newRow := func(tool string, cpu time.Duration, memory int64) *row {
		r := &row{tool: tool}
		r.take(usage{cpu: cpu, memory: memory}, 1)
		return r
	}
	ship, least, never := newRow("hlsship", 3*time.Second, 80<<20), newRow(sidecarCommand, 2*time.Second, 20<<20), newRow(sidecarCommand, 0, 0)
	for want, rows := range map[string][]*row{
		"\nBeside the sidecar hlsship took 1.50 times the CPU and 4.00 times the memory.\n": {newRow("bare", time.Second, 1), ship, least},
		"": {ship, never},
	} {
		if got := price(rows); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	priced, plain := scene{priced: true}, scene{}
	for _, tt := range []struct {
		scene        scene
		wanted, want string
	}{
		{priced, "bare,hlsship,mc", "bare,hlsship,sidecar,mc"}, {priced, "sidecar,hlsship", "sidecar,hlsship"},
		{priced, "bare,mc", "bare,mc"}, {plain, "bare,hlsship", "bare,hlsship"},
	} {
		if got := strings.Join(tt.scene.tools(strings.Split(tt.wanted, ",")), ","); got != tt.want {
			t.Errorf("%s: measured %s, want %s", tt.wanted, got, tt.want)
		}
	}
}

// TestJudge: a playlist that is early is counted once, whatever it names.
func TestJudge(t *testing.T) {
	t.Parallel()
	var r row
	at := time.Now()
	r.judge([]storetest.Violation{
		{Rule: storetest.RulePlaylistFirst, Key: "a.m3u8", Detail: "names 1", At: at}, {Rule: storetest.RulePlaylistFirst, Key: "a.m3u8", Detail: "names 2", At: at},
		{Rule: storetest.RulePlaylistFirst, Key: "a.m3u8", Detail: "names 3", At: at.Add(time.Second)}, {Rule: storetest.RuleTornPlaylist, Key: "b.m3u8", At: at},
		{Rule: storetest.RuleUnstored, Key: "c.ts", At: at},
	})
	if r.unsafe != 2 || r.torn != 1 {
		t.Errorf("%d unsafe and %d torn, want 2 and 1", r.unsafe, r.torn)
	}
}

// TestPlot: a figure has a line for each tool that published anything, within the field.
func TestPlot(t *testing.T) {
	t.Parallel()
	s := &scene{name: "it"}
	rows := []*row{
		{scene: s, tool: "bare", latencies: []time.Duration{time.Millisecond, 2 * time.Millisecond, 50 * time.Millisecond}},
		{scene: s, tool: "mc"},
	}
	for range 5000 {
		rows[1].latencies = append(rows[1].latencies, 3*time.Second)
	}
	figure := plot("less < more", append(rows, &row{scene: s, tool: "rclone"}))
	if n := strings.Count(figure, "<polyline"); n != 2 || !strings.Contains(figure, "less &lt; more") || !strings.Contains(figure, ">99.9 %<") {
		t.Errorf("%d lines, want 2:\n%s", n, figure)
	}
	for _, point := range regexp.MustCompile(`([\d.-]+),([\d.-]+)[ "]`).FindAllStringSubmatch(figure, -1) {
		x, errX := strconv.ParseFloat(point[1], 64)
		y, errY := strconv.ParseFloat(point[2], 64)
		if errX != nil || errY != nil || x < plotLeft || x > plotWidth-plotRight || y < plotTop || y > plotHeight-plotBottom {
			t.Fatalf("a point is outside of the field: %s", point[0])
		}
	}
	if !strings.HasSuffix(plot("nothing", nil), "</svg>\n") {
		t.Error("nothing cannot be drawn")
	}
}

func TestFlags(t *testing.T) {
	t.Parallel()
	for name, args := range map[string]string{
		"no such tool":  "-tools bare,rsync",
		"no duration":   "-duration 0s",
		"no rounds":     "-rounds 0",
		"no such scene": "-only two",
		"no expression": "-only (",
		"argument":      "more",
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
