package watcher

import (
	"os"
	"path/filepath"
	"testing"
)

// TestFoldersLeftAlone keeps files of another part of the program below the directory, by whatever name it was told of.
func TestFoldersLeftAlone(t *testing.T) {
	t.Parallel()
	working, err := os.Getwd()
	check(t, err)
	for _, c := range []struct {
		name string
		// told is what is told of the folder kept/spool below dir.
		told func(t *testing.T, dir string) string
	}{
		{"absolute", func(_ *testing.T, dir string) string { return dir + "/kept/spool" }},
		{"not clean", func(_ *testing.T, dir string) string { return dir + "/kept/../kept//spool/." }},
		{"relative", func(t *testing.T, dir string) string {
			rel, err := filepath.Rel(working, dir)
			check(t, err)
			return rel + "/kept/spool"
		}},
		{"through a link to it", func(t *testing.T, dir string) string {
			link := filepath.Join(t.TempDir(), "link")
			check(t, os.Symlink(dir+"/kept/spool", link))
			return link
		}},
		{"through a link to a folder above", func(t *testing.T, dir string) string {
			link := filepath.Join(t.TempDir(), "link")
			check(t, os.Symlink(dir, link))
			return link + "/kept/spool"
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			told := c.told(t, dir)
			x := newWatch(t, dir, func(cfg *Config) {
				cfg.Leave = []string{filepath.Join(t.TempDir(), "of another channel"), told}
				cfg.Rescan = patient / 500
			})
			check(t, os.MkdirAll(x.path("kept/spool/settled"), 0o755))
			x.write("kept/spool/settled/before.ts", "kept")
			x.write("kept/seg.ts", "shipped")
			x.run()
			x.settled("kept/seg.ts", "shipped")
			x.write("kept/spool/settled/after.ts", "kept")
			x.scanned("timer", 2)
			x.barrier()
			// It is made anew, which gives it another identity, and once more in one step.
			check(t, os.RemoveAll(x.path("kept/spool")))
			check(t, os.MkdirAll(x.path("kept/spool/settled"), 0o755))
			x.write("kept/spool/settled/anew.ts", "kept")
			x.barrier()
			check(t, os.MkdirAll(x.path("kept/new.tmp"), 0o755))
			check(t, os.RemoveAll(x.path("kept/spool")))
			x.rename("kept/new.tmp", "kept/spool")
			x.write("kept/spool/renamed.ts", "kept")
			x.barrier()
			n := x.obs.scans("timer")
			x.scanned("timer", n+2)
			// What was left alone is a folder like others once it is told of no more.
			x.rename("kept/spool", "kept/was")
			x.settled("kept/was/renamed.ts", "kept")
			x.w.Look("kept/spool/renamed.ts")
			x.gone("kept/spool/renamed.ts")
			if rest := x.stop(); len(rest) > 0 {
				t.Errorf("reported %v", paths(rest))
			}
		})
	}
}

// TestFolderThatBecomesOneToLeave has a spool opened in a folder that was watched before.
func TestFolderThatBecomesOneToLeave(t *testing.T) {
	t.Parallel()
	link := filepath.Join(t.TempDir(), "spool")
	x := newWatch(t, t.TempDir(), func(c *Config) { c.Leave, c.Rescan = []string{link}, patient/500 })
	check(t, os.Mkdir(x.path("later"), 0o755))
	x.write("later/seg.ts", "shipped")
	x.run()
	x.settled("later/seg.ts", "shipped")
	check(t, os.Symlink(x.path("later"), link))
	x.obs.until(t, "one folder less", func(r *recorder) bool { return r.folders == 1 })
	x.write("later/kept.ts", "kept")
	x.barrier()
	if rest := x.stop(); len(rest) > 0 {
		t.Errorf("reported %v", paths(rest))
	}
}

func TestLeaveWithoutInodes(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]bool{"/srv/live/kept/spool": true, "/srv/live/kept": false, "/srv/live/kept/spool2": false} {
		if leaves([]string{"/srv/live/kept/spool"}, nil, fileID{}, path) != want {
			t.Errorf("%s: want %v", path, want)
		}
	}
}
