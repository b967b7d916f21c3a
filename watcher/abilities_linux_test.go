package watcher

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAbilities(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := Announces(t.Context(), dir); err != nil {
		t.Errorf("closes are not announced: %v", err)
	}
	left, err := os.ReadDir(dir)
	check(t, err)
	if len(left) != 0 {
		t.Errorf("left %v behind", left)
	}
	ours, err := os.Create(filepath.Join(dir, "ours"))
	check(t, err)
	defer ours.Close()
	if !Leases(ours) {
		t.Error("no lease on a file of our own")
	}
	pipe, end, err := os.Pipe()
	check(t, err)
	defer pipe.Close()
	defer end.Close()
	if Leases(pipe) {
		t.Error("a lease on a pipe")
	}
}
