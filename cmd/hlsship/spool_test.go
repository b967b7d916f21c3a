package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/spool"
)

// listSpool runs the command in this process.
func listSpool(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	var out, errs bytes.Buffer
	p := program{stdout: &out, stderr: &errs}
	code = p.runs(t.Context(), append([]string{"spool"}, args...)...)
	return out.String(), errs.String(), code
}

// TestSpoolList lists what a process left that could store nothing, and again after the next one has stored it.
func TestSpoolList(t *testing.T) {
	g, dir := newGateway(t, true), stream(t)
	p := start(t, g, "run", "--http-listen", "off", "--drain-timeout", "100ms", dir, "s3://bucket")
	await(t, g.asked, "seg0.ts")
	p.signal(t, syscall.SIGTERM)
	p.exits(t, exitUnshipped)
	// The packager goes on.
	if err := os.Remove(filepath.Join(dir, "seg0.ts")); err != nil {
		t.Fatal(err)
	}

	folder := filepath.Join(dir, spool.DefaultFolder)
	elsewhere := filepath.Join(t.TempDir(), "moved")
	if err := os.Rename(folder, elsewhere); err != nil {
		t.Fatal(err)
	}
	for name, args := range map[string][]string{"the spool alone": {elsewhere}, "by its setting": {dir, "--spool-dir", elsewhere}} {
		stdout, stderr, code := listSpool(t, append([]string{"ls", "--json"}, args...)...)
		var got struct {
			Spools []struct {
				Spool string
				Bytes int64
				Files []struct {
					Path  string
					Bytes int64
					Since time.Time
					Named bool
				}
			}
		}
		if err := json.Unmarshal([]byte(stdout), &got); err != nil || len(got.Spools) != 1 {
			t.Fatalf("%s: %v: %s%s", name, err, stdout, stderr)
		}
		var names []string
		var bytes int64
		for _, f := range got.Spools[0].Files {
			names = append(names, f.Path)
			bytes += f.Bytes
			if f.Bytes == 0 || !f.Named || time.Since(f.Since) > time.Hour || time.Since(f.Since) < 0 {
				t.Errorf("%s: %+v", name, f)
			}
		}
		if code != exitDone || stderr != "" || !strings.Contains(strings.Join(names, " "), "seg0.ts") || !strings.Contains(strings.Join(names, " "), "index.m3u8") || bytes != got.Spools[0].Bytes {
			t.Errorf("%s: exit code %d: %s%s", name, code, stdout, stderr)
		}
	}
	if err := os.Rename(elsewhere, folder); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, code := listSpool(t, "ls", dir)
	for _, words := range []string{folder + "\n", " B  20", "  seg0.ts\n", "2 files of ", " wait, the oldest is from "} {
		if code != exitDone || stderr != "" || !strings.Contains(stdout, words) {
			t.Errorf("exit code %d, no %q in %s%s", code, words, stdout, stderr)
		}
	}

	close(g.free)
	p = start(t, g, "run", "--http-listen", "off", dir, "s3://bucket")
	await(t, g.stored, "index.m3u8")
	p.signal(t, syscall.SIGTERM)
	p.exits(t, exitDone)
	if stdout, stderr, code := listSpool(t, "ls", dir); code != exitDone || !strings.Contains(stdout, "Nothing waits.") {
		t.Errorf("exit code %d: %s%s", code, stdout, stderr)
	}
}

func TestSpoolListSays(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(t.TempDir(), "hlsship.yml")
	settings := "channels:\n  - {name: one, dir: " + dir + ", destination: \"s3://b/one\"}\n  - {name: two, dir: " + dir + "2, destination: \"s3://b/two\", spool_dir: \"off\"}\n"
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		args []string
		code int
		want string
	}{
		"nothing yet":     {[]string{"ls", dir}, exitDone, "Nothing waits."},
		"channels":        {[]string{"ls", "--config", file}, exitDone, "two: " + dir + "2 has no spool"},
		"no directory":    {[]string{"ls"}, exitUsage, "DIR is missing"},
		"a bucket":        {[]string{"ls", dir, "s3://b"}, exitUsage, "one too many"},
		"no such file":    {[]string{"ls", "--config", file + "-none"}, exitUsage, "hlsship: read configuration"},
		"no command":      {nil, exitUsage, "hlsship spool ls"},
		"another command": {[]string{"la"}, exitUsage, `did you mean "ls"?`},
		"help":            {[]string{"ls", "--help"}, exitDone, "hlsship spool ls [--json]"},
		"help of spool":   {[]string{"--help"}, exitDone, "hlsship spool ls [--json]"},
		"a file":          {[]string{"ls", file}, exitUsage, "is no directory"},
	} {
		if stdout, stderr, code := listSpool(t, tt.args...); code != tt.code || !strings.Contains(stdout+stderr, tt.want) {
			t.Errorf("%s: exit code %d, want %d and %q: %s%s", name, code, tt.code, tt.want, stdout, stderr)
		}
	}
}
