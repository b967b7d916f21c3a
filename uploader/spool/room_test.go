//go:build linux

package spool

import (
	"path/filepath"
	"testing"
)

func TestRoom(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	here, ok := Room(dir)
	if !ok || here <= 0 {
		t.Fatalf("got %d, %v, want some", here, ok)
	}
	if got, ok := Room(filepath.Join(dir, "not", "there")); !ok || got <= 0 {
		t.Errorf("a folder to be made: got %d, %v, want that of the one above", got, ok)
	}
	if proc, ok := Room("/proc"); !ok || proc != 0 {
		t.Errorf("/proc: got %d, %v, want 0", proc, ok)
	}
}
