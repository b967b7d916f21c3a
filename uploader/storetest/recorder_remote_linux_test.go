package storetest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// TestRecorderIsOutrun: of two playlists that were renamed to one name before anybody looked, the first is missed.
func TestRecorderIsOutrun(t *testing.T) {
	t.Parallel()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	dir := t.TempDir()
	c, err := newCatcher(dir, reader)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	for _, text := range []string{media("a.ts"), media("a.ts", "b.ts")} {
		write(t, filepath.Join(dir, "index.m3u8.tmp"), text)
		if err := os.Rename(filepath.Join(dir, "index.m3u8.tmp"), filepath.Join(dir, "index.m3u8")); err != nil {
			t.Fatal(err)
		}
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.run(); err != nil {
		t.Fatal(err)
	}
	missed, last := 0, ""
	for caught := range c.catches {
		if caught.Missed {
			missed++
		} else {
			last = string(caught.Content)
		}
	}
	if missed != 1 || last != media("a.ts", "b.ts") {
		t.Errorf("missed %d, want 1; the last is %q", missed, last)
	}
}

// TestRecorderInAnotherProcess is that process, too.
func TestRecorderInAnotherProcess(t *testing.T) {
	const variable = "STORETEST_CATCH"
	if dir := os.Getenv(variable); dir != "" {
		if err := Catch(dir, os.Stdin, os.Stdout); err != nil {
			t.Fatal(err)
		}
		os.Exit(0) // the test framework would write to standard output
	}
	t.Parallel()
	dir := t.TempDir()
	r := NewRecorder(dir, NewViewer(""))
	r.Process = func() *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestRecorderInAnotherProcess$")
		cmd.Env = append(os.Environ(), variable+"="+dir)
		return cmd
	}
	seen := make(chan string, 10)
	r.Saw = func(path string, content []byte) { seen <- path + ": " + string(content) }
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	select {
	case <-r.Ready():
	case err := <-done:
		t.Fatalf("recorder: %v", err)
	case <-time.After(30 * time.Second):
		t.Fatal("recorder is not ready")
	}
	write(t, filepath.Join(dir, "a.ts"), "one")
	await(t, seen, "a.ts: one")
	write(t, filepath.Join(dir, "b.ts"), "two")
	stop()
	if err := <-done; err != nil {
		t.Errorf("recorder: %v", err)
	}
	await(t, seen, "b.ts: two")
}
