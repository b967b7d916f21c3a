package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// stuck is a reader of the log that does not read until free is closed.
type stuck struct {
	free chan struct{}
	met  sync.Once
	busy chan struct{} // closed when somebody waits

	mu     sync.Mutex
	all    bytes.Buffer
	writes []int
}

func newStuck() *stuck { return &stuck{free: make(chan struct{}), busy: make(chan struct{})} }

func (s *stuck) Write(p []byte) (int, error) {
	s.met.Do(func() { close(s.busy) })
	<-s.free
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writes = append(s.writes, len(p))
	return s.all.Write(p)
}

func (s *stuck) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.all.String()
}

// TestNobodyWaitsForTheLog: lines wait within a bound, in their order; what was dropped beyond it is counted, and said once somebody
// reads again, in the log's own form.
func TestNobodyWaitsForTheLog(t *testing.T) {
	t.Parallel()
	for name, newOne := range map[string]func(io.Writer) *slog.Logger{
		"text":    func(w io.Writer) *slog.Logger { return newLogger(w, slog.LevelInfo, false) },
		"JSON":    func(w io.Writer) *slog.Logger { return newLogger(w, slog.LevelInfo, true) },
		"journal": func(w io.Writer) *slog.Logger { return newJournalLogger(w, slog.LevelInfo, false) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const all = 40_000
			out := newStuck()
			logger, q := queuedLog(out, newOne)
			logger.Info("first")
			<-out.busy
			for i := range all {
				logger.Info("line", "i", i)
			}
			lost := q.droppedLines()
			if lost == 0 || lost > all*9/10 {
				t.Fatalf("%d of %d lines were dropped", lost, all)
			}
			q.mu.Lock()
			if n := cap(q.waiting); n > 2*mostWaiting {
				t.Errorf("%d bytes wait", n)
			}
			q.mu.Unlock()
			close(out.free)
			q.close()
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			if !strings.Contains(lines[0], "first") {
				t.Errorf("begins with %s", lines[0])
			}
			next, told := 0, 0
			for _, line := range lines[1:] {
				at := fmt.Sprintf("i=%d", next)
				if name == "JSON" {
					at = fmt.Sprintf(`"i":%d}`, next)
				}
				switch {
				case strings.HasSuffix(line, at):
					next++
				case strings.Contains(line, "were dropped"):
					told++
					if !strings.Contains(line, fmt.Sprint(lost)) || name == "journal" && !strings.HasPrefix(line, "<4>") {
						t.Errorf("%d were dropped: %s", lost, line)
					}
				default:
					t.Fatalf("got %q, want the line with %s", line, at)
				}
			}
			if int64(next)+lost != all || told != 1 {
				t.Errorf("%d lines came and %d were dropped of %d; told %d times", next, lost, all, told)
			}
			for _, n := range out.writes {
				if n > linesAtOnce {
					t.Fatalf("%d bytes were written at once", n)
				}
			}
		})
	}
}

// TestLongLinesAreWhole, also longer ones than a pipe takes at once.
func TestLongLinesAreWhole(t *testing.T) {
	t.Parallel()
	out := newStuck()
	close(out.free)
	_, q := queuedLog(out, func(w io.Writer) *slog.Logger { return newLogger(w, slog.LevelInfo, false) })
	var want strings.Builder
	for n := range 30 {
		line := strings.Repeat("x", n*400) + "\n"
		want.WriteString(line)
		if _, err := q.Write([]byte(line)); err != nil {
			t.Fatal(err)
		}
	}
	q.close()
	if out.String() != want.String() {
		t.Error("lines are missing or torn")
	}
}

// fullPipe returns a pipe that is full and that nobody reads.
func fullPipe(t *testing.T) *os.File {
	t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = reader.Close(), writer.Close() })
	for err == nil {
		if err = writer.SetWriteDeadline(time.Now().Add(50 * time.Millisecond)); err == nil {
			_, err = writer.Write(make([]byte, linesAtOnce))
		}
	}
	return writer
}

// speaksTo runs the program with what it says going to w.
func speaksTo(t *testing.T, w *os.File, g *gateway, args ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe, args...)
	cmd.Env = append(os.Environ(), "HLSSHIP_TEST_MAIN=1", "AWS_EC2_METADATA_DISABLED=true", "HLSSHIP_ENDPOINT="+g.url,
		"AWS_ACCESS_KEY_ID="+testAccess, "AWS_SECRET_ACCESS_KEY="+testSecret)
	cmd.Stderr = w
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd
}

// ends waits for the end of cmd and checks its exit code.
func ends(t *testing.T, cmd *exec.Cmd, code int) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case <-done:
	case <-time.After(deadline):
		t.Fatal("it does not end")
	}
	if got := cmd.ProcessState.ExitCode(); got != code {
		t.Errorf("exit code %d, want %d", got, code)
	}
}

// TestStderrThatBlocks keeps no stream waiting, and not the end: of a run, or of one that fails.
func TestStderrThatBlocks(t *testing.T) {
	t.Parallel()
	t.Run("ships", func(t *testing.T) {
		t.Parallel()
		g, dir := newGateway(t, false), stream(t)
		cmd := speaksTo(t, fullPipe(t), g, "run", dir, "s3://bucket/live", "--http-listen", "127.0.0.1:0", "--log-level", "debug")
		await(t, g.stored, "live/index.m3u8")
		for i := range 20 {
			name := fmt.Sprintf("later%d.ts", i)
			for _, file := range [][2]string{{name, "media"}, {"t", "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n" + name + "\n"}} {
				if err := os.WriteFile(filepath.Join(dir, file[0]), []byte(file[1]), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.Rename(filepath.Join(dir, "t"), filepath.Join(dir, "index.m3u8")); err != nil {
				t.Fatal(err)
			}
			await(t, g.stored, "live/"+name)
			await(t, g.stored, "live/index.m3u8")
		}
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		ends(t, cmd, exitDone)
	})
	t.Run("fails", func(t *testing.T) {
		t.Parallel()
		g := newGateway(t, false)
		ends(t, speaksTo(t, fullPipe(t), g, "run"), exitUsage)
		ends(t, speaksTo(t, fullPipe(t), g, "run", t.TempDir(), "s3://bucket/live", "--http-listen", "256.0.0.1:1"), exitFailed)
	})
}
