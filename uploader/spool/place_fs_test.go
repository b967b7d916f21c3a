//go:build !windows

package spool

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestPath: "" and relative paths mean a folder below the watched directory.
func TestPath(t *testing.T) {
	t.Parallel()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ dir, spool, want string }{
		{"/hls", "", "/hls/.hlsship"},
		{"/hls", ".hlsship/", "/hls/.hlsship"},
		{"/hls", "spool", "/hls/spool"},
		{"/hls/", "a/./b/", "/hls/a/b"},
		{"/hls", "/spool/", "/spool"},
		{"/hls/live", "../spool", "/hls/spool"},
		{"live", "spool", filepath.Join(here, "live/spool")},
		{"live", "", filepath.Join(here, "live/.hlsship")},
	} {
		if got, err := Path(tt.dir, tt.spool); err != nil || got != tt.want {
			t.Errorf("%q and %q: got %q and %v, want %q", tt.dir, tt.spool, got, err, tt.want)
		}
	}
}

// TestWayToTheSpool: outside the watched directory the operator's links are followed, and nobody else's; in it none.
func TestWayToTheSpool(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		prepare func(x *stage, top string) error
		spool   string // below top, which is beside the watched directory
		want    string // where it is, below top; "" if it is foreign
	}{
		{"missing", func(*stage, string) error { return nil }, "a/b/spool", "a/b/spool"},
		{"our link", func(_ *stage, top string) error {
			return errors.Join(os.Mkdir(top+"/real", 0o755), os.Symlink("real", top+"/link"))
		}, "link/spool", "real/spool"},
		{"our link is the spool", func(_ *stage, top string) error {
			return errors.Join(os.Mkdir(top+"/real", 0o700), os.Symlink(top+"/real", top+"/link"))
		}, "link", "real"},
		{"our link to a folder to make", func(_ *stage, top string) error { return os.Symlink("b", top+"/link") }, "link", "b"},
		{"a link of another user", func(x *stage, top string) error {
			return errors.Join(os.Mkdir(top+"/real", 0o755), os.Symlink("real", top+"/link"), give(x.T, top+"/link"))
		}, "link/spool", ""},
		{"a link in the watched directory", func(x *stage, top string) error {
			return errors.Join(os.Mkdir(top+"/real", 0o755), os.Symlink(top+"/real", x.path("link")))
		}, "../hls/link/spool", ""},
		{"a file on the way", func(_ *stage, top string) error { return os.WriteFile(top+"/file", nil, 0o600) }, "file/spool", ""},
		{"a FIFO on the way", func(_ *stage, top string) error { return syscall.Mkfifo(top+"/fifo", 0o600) }, "fifo/spool", ""},
		{"a circle", func(_ *stage, top string) error { return os.Symlink("circle", top+"/circle") }, "circle/spool", ""},
		{"a folder that others may write to on the way", func(_ *stage, top string) error {
			return errors.Join(os.Mkdir(top+"/tmp", 0o700), os.Chmod(top+"/tmp", 0o777))
		}, "tmp/spool", "tmp/spool"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			both := t.TempDir()
			top := filepath.Join(both, "top")
			x := &stage{T: t, dir: filepath.Join(both, "hls")}
			x.must(errors.Join(os.Mkdir(x.dir, 0o755), os.Mkdir(top, 0o755)))
			x.must(tt.prepare(x, top))
			hurry(t, func() {
				x.open(func(c *Config, _ *system) { c.Spool = filepath.Join(top, tt.spool) })
				x.write("a.ts", "bytes")
				if f := x.try("a.ts"); (f.Source != nil) != (tt.want != "") {
					t.Errorf("pinned: %v; the log: %s", f.Source != nil, x.obs.log.String())
				}
				x.spool.serve(t.Context(), &usage{})
			})
			if tt.want == "" {
				return
			}
			if got, err := filepath.Glob(filepath.Join(top, tt.want, settled, "a.ts@*")); err != nil || len(got) != 1 {
				t.Errorf("it lies elsewhere: %q, %v", got, err)
			}
			if x.obs.lines("moved or removed") != 0 || x.spool.Folder() != filepath.Join(top, tt.spool) {
				t.Errorf("%s: %s", x.spool.Folder(), x.obs.log.String())
			}
		})
	}
}

// TestSpoolBelow: a spool with a relative path lies below the watched directory, which it does not make.
func TestSpoolBelow(t *testing.T) {
	t.Parallel()
	x := start(t, func(c *Config, _ *system) { c.Spool = "deep/spool" })
	x.want(x.pinText("a.ts", "bytes"), "bytes")
	if x.spool.Folder() != x.path("deep/spool") {
		t.Errorf("it lies in %s", x.spool.Folder())
	}
	missing := &stage{T: t, dir: filepath.Join(t.TempDir(), "missing")}
	missing.open(func(c *Config, _ *system) { c.Spool = "deep/spool" })
	if _, err := os.Lstat(missing.dir); err == nil {
		t.Error("the spool made the watched directory")
	}
}
