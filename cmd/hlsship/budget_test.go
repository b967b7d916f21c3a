//go:build linux

package main

import "testing"

func TestBudget(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	said := channel{dir: dir, spool: spoolConfig{budget: 5 << 30}}
	if got := said.budget(3); got != 5<<30 {
		t.Errorf("a budget that was set: got %d", got)
	}
	silent := channel{dir: dir}
	one, ten := silent.budget(1), silent.budget(10)
	if one < minBudget || one > maxBudget || ten > one {
		t.Errorf("got %d for one channel and %d for each of ten", one, ten)
	}
	if none := (channel{dir: "/proc"}).budget(1); none != minBudget {
		t.Errorf("no room: got %d, want the least", none)
	}
}
