//go:build !windows

package spool

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestResume has processes of one directory end in every way, and asks the next one when its run began.
func TestResume(t *testing.T) {
	t.Parallel()
	const hour = time.Hour
	tests := []struct {
		name string
		// before is what the process does that began an hour ago, or happens to its spool.
		before func(x *stage)
		same   bool
	}{
		{"everything shipped", func(x *stage) { x.spool.End() }, false},
		{"killed a moment ago", func(*stage) {}, true},
		{"killed long ago", func(x *stage) { x.age(began, goneAfter+time.Second) }, false},
		{"killed long ago with files left", func(x *stage) {
			keep(x.pinText("a.ts", "a"))
			x.age(began, hour-2*time.Second)
		}, true},
		{"alive until a moment ago", func(x *stage) {
			x.age(began, 24*hour)
			x.spool.stillRuns()
		}, true},
		{"note lost while it runs", func(x *stage) {
			x.must(os.Remove(x.inSpool(began)))
			x.spool.stillRuns()
		}, true},
		{"note torn", func(x *stage) { x.must(os.WriteFile(x.inSpool(began), nil, 0o600)) }, false},
		{"note is a folder", func(x *stage) {
			x.must(os.Remove(x.inSpool(began)))
			x.must(os.Mkdir(x.inSpool(began), 0o700))
		}, false},
		{"note leads out", func(x *stage) {
			x.write("outside", "2001-02-03T04:05:06Z\n")
			x.must(os.Remove(x.inSpool(began)))
			x.must(os.Symlink(x.path("outside"), x.inSpool(began)))
		}, false},
		{"note is a FIFO", func(x *stage) {
			x.must(os.Remove(x.inSpool(began)))
			x.must(syscall.Mkfifo(x.inSpool(began), 0o600))
		}, false},
		{"note is a link inside", func(x *stage) {
			x.must(os.Remove(x.inSpool(began)))
			x.must(os.Symlink(lock, x.inSpool(began)))
		}, false},
		{"note is open to all", func(x *stage) { x.must(os.Chmod(x.inSpool(began), 0o666)) }, false},
		{"note has two names", func(x *stage) { x.must(os.Link(x.inSpool(began), x.path("note"))) }, false},
		{"note is another user's", func(x *stage) { x.must(give(x.T, x.inSpool(began))) }, false},
		{"note says what has not come", func(x *stage) {
			x.must(os.WriteFile(x.inSpool(began), []byte("2999-01-01T00:00:00Z\n"), 0o600))
		}, false},
		{"note is of the future", func(x *stage) { x.age(began, -hour) }, false},
		{"note is older than what it says", func(x *stage) {
			keep(x.pinText("a.ts", "a"))
			x.age(began, 2*hour)
		}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			x := start(t, nil)
			now := time.Now()
			first := now.Add(-hour).UTC().Truncate(time.Second)
			if got := x.spool.Resume(now.Add(-hour)); !got.Equal(first) {
				t.Fatalf("the first run began at %v, want %v", got, first)
			}
			tt.before(x)
			note, _ := os.Lstat(x.inSpool(began))
			x.again()
			want := now.UTC().Truncate(time.Second)
			if tt.same {
				want = first
			}
			hurry(t, func() {
				if got := x.spool.Resume(now); !got.Equal(want) {
					t.Errorf("the next run began at %v, want %v", got, want)
				}
				x.spool.stillRuns()
			})
			if n := x.obs.lines("not believed"); n > 1 || (n == 1) != strings.HasPrefix(tt.name, "note ") && tt.name != "note lost while it runs" {
				t.Errorf("%d warnings: %s", n, x.obs.log.String())
			}
			if n := x.obs.lines("cannot be remembered"); n == 1 { // as it is foreign, and left alone
				after, err := os.Lstat(x.inSpool(began))
				if err != nil || after.Mode() != note.Mode() || after.Size() != note.Size() || !after.ModTime().Equal(note.ModTime()) {
					t.Errorf("a foreign note was changed: %v", err)
				}
				x.spool.End()
				if _, err := os.Lstat(x.inSpool(began)); err != nil {
					t.Errorf("a foreign note was removed: %v", err)
				}
			}
			for _, reason := range x.obs.dropped {
				t.Errorf("an entry was dropped: %s", reason)
			}
		})
	}
}

// TestRunIsForgottenUnasked: who never asks leaves nothing.
func TestRunIsForgottenUnasked(t *testing.T) {
	t.Parallel()
	x := start(t, nil)
	x.spool.stillRuns()
	x.spool.End()
	if _, err := os.Lstat(x.inSpool(began)); err == nil {
		t.Error("there is a note though nobody asked")
	}
	unusable := start(t, func(c *Config, _ *system) { c.Dir = filepath.Join(c.Dir, "missing") })
	now := time.Now().UTC().Truncate(time.Second)
	if got := unusable.spool.Resume(now); !got.Equal(now) {
		t.Errorf("without a spool folder the run began at %v, want now", got)
	}
	unusable.spool.stillRuns()
	unusable.spool.End()
}

func (x *stage) inSpool(name string) string { return filepath.Join(x.dir, DefaultFolder, name) }

// age makes a file of the spool older.
func (x *stage) age(name string, by time.Duration) {
	x.Helper()
	at := time.Now().Add(-by)
	x.must(os.Chtimes(x.inSpool(name), at, at))
	x.spool.said = time.Time{}
}
