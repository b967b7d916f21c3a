package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/hlsship/hlsship/check"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// runCheck runs the command in a process of its own and returns what it printed and its exit code.
func runCheck(t *testing.T, g *storetest.GatewayServer, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], append([]string{"check"}, args...)...)
	cmd.Env = append(os.Environ(), "HLSSHIP_TEST_MAIN=1", "AWS_EC2_METADATA_DISABLED=true",
		"AWS_ACCESS_KEY_ID="+g.AccessKey, "AWS_SECRET_ACCESS_KEY="+g.SecretKey)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			t.Fatal(err)
		}
		code = exit.ExitCode()
	}
	return out.String(), errs.String(), code
}

func TestCheckCommand(t *testing.T) {
	t.Parallel()
	g := storetest.Gateway(t)
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.ts":      strings.Repeat("x", 10_000),
		"live.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2.0,\na.ts\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}

	// The disk of the tests may be smaller than the default budget.
	budget := "--spool-budget=64MiB"
	stdout, stderr, code := runCheck(t, g, budget, "--endpoint", g.Endpoint, dir, "s3://"+g.Bucket+"/live")
	if code != exitDone || stderr != "" {
		t.Errorf("a set-up that works: exit code %d, standard error %q\n%s", code, stderr, stdout)
	}
	for _, words := range []string{dir + " to s3://" + g.Bucket + "/live\n", "  ok       write  ", "no errors, "} {
		if !strings.Contains(stdout, words) {
			t.Errorf("no %q in\n%s", words, stdout)
		}
	}

	stdout, stderr, code = runCheck(t, g, dir, "s3://nowhere", "--json", budget, "--endpoint", g.Endpoint)
	var got struct {
		Errors   int
		Channels []struct {
			Dir, Destination string
			Findings         []struct{ ID, Level, Found, Cure string }
		}
	}
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatalf("%v in %s", err, stdout)
	}
	if code != exitFailed || stderr != "" || got.Errors != 1 || len(got.Channels) != 1 || got.Channels[0].Destination != "s3://nowhere" {
		t.Fatalf("a bucket that is missing: exit code %d, standard error %q, %s", code, stderr, stdout)
	}
	last := got.Channels[0].Findings[len(got.Channels[0].Findings)-1]
	if last.ID != "bucket-missing" || last.Level != "error" || !strings.Contains(last.Cure, "Create the bucket") {
		t.Errorf("got %+v", last)
	}

	// Every channel of a file is looked at.
	file := filepath.Join(t.TempDir(), "hlsship.yml")
	settings := "endpoint: " + g.Endpoint + "\nspool_budget: 64MiB\nchannels:\n" +
		"  - {name: one, dir: " + dir + ", destination: \"s3://" + g.Bucket + "/{name}\"}\n" +
		"  - {name: two, dir: " + filepath.Join(t.TempDir(), "nowhere") + ", destination: \"s3://" + g.Bucket + "/{name}\"}\n"
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, code = runCheck(t, g, "--config", file)
	for _, words := range []string{"one: " + dir + " to s3://" + g.Bucket + "/one\n", "two: ", "  error    dir-missing  ", "\n1 error, "} {
		if !strings.Contains(stdout, words) {
			t.Errorf("no %q in\n%s", words, stdout)
		}
	}
	if code != exitFailed || stderr != "" {
		t.Errorf("a channel without its directory: exit code %d, %q", code, stderr)
	}

	if _, stderr, code = runCheck(t, g, dir); code != exitUsage || !strings.Contains(stderr, "destination is missing") {
		t.Errorf("without a destination: exit code %d, %q", code, stderr)
	}
}

// TestCheckNamesTheService is about the keys of the packages, which only root may read: the text says how to use them, and it is the line
// that the settings of the packages name.
func TestCheckNamesTheService(t *testing.T) {
	t.Parallel()
	settings, err := os.ReadFile(filepath.Join("testdata", packaged, "etc", "hlsship.yml"))
	if err != nil {
		t.Fatal(err)
	}
	if line := asService("/etc/hlsship/hlsship.yml"); !strings.Contains(string(settings), "#   "+line+"\n") {
		t.Errorf("the settings of the packages do not name %s", line)
	}
	keys := filepath.Join(t.TempDir(), "credentials")
	for name, tt := range map[string]struct {
		path, id string
		there    bool
		want     bool
	}{
		"installed": {"/etc/x.yml", "credentials-missing", true, true}, "not installed": {"/etc/x.yml", "credentials-missing", false, false},
		"no file": {"", "credentials-missing", true, false}, "another finding": {"/etc/x.yml", "bucket-missing", true, false},
	} {
		at := keys + "-none"
		if tt.there {
			at = keys
			if err := os.WriteFile(keys, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		found := []check.Finding{{ID: tt.id, Cure: "Set something."}}
		config{path: tt.path}.keysOfService(found, at)
		if got := strings.Contains(found[0].Cure, asService("/etc/x.yml")); got != tt.want || !strings.HasPrefix(found[0].Cure, "Set something.") {
			t.Errorf("%s: got %q", name, found[0].Cure)
		}
	}
}

// TestCheckConfigOnly looks at settings whose directory and store are out of reach.
func TestCheckConfigOnly(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "hlsship.yml")
	write := func(more string) {
		text := more + "endpoint: http://127.0.0.1:1\nchannels:\n  - {dir: /nowhere/one, destination: \"s3://bucket/one\"}\n  - {dir: /nowhere/two, destination: \"s3://bucket/two\"}\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	g := &storetest.GatewayServer{AccessKey: "a", SecretKey: "s"}
	for _, tt := range []struct {
		name, settings string
		args           []string
		code           int
		want           []string
	}{
		{"right", "", []string{"--config-only"}, exitDone, []string{"one: /nowhere/one to s3://bucket/one\n", "two: ", "  ok       settings ", "http://127.0.0.1:1/", "no errors, no warnings."}},
		{"a mistake", "workers: many\n", []string{"--config-only"}, exitUsage, []string{file + ":1: workers: \"many\" is no number"}},
		{"a warning", "path_style: true\n", []string{"--config-only"}, exitDone, []string{"  warning  setting-deprecated ", "no errors, 1 warning."}},
		{"a warning that counts", "path_style: true\n", []string{"--config-only", "--warnings-as-errors"}, exitFailed, []string{"no errors, 1 warning."}},
		{"no warning that counts", "", []string{"--config-only", "--warnings-as-errors"}, exitDone, []string{"no errors, no warnings."}},
	} {
		write(tt.settings)
		stdout, stderr, code := runCheck(t, g, append(tt.args, "--config", file)...)
		for _, words := range tt.want {
			if code != tt.code || !strings.Contains(stdout+stderr, words) {
				t.Errorf("%s: exit code %d, want %d and %q in\n%s%s", tt.name, code, tt.code, words, stdout, stderr)
			}
		}
	}
}

// TestCheckText keeps what people read.
func TestCheckText(t *testing.T) {
	t.Parallel()
	r := checkResult{Version: "1.2.3", Errors: 1, Warnings: 2, Channels: []checked{
		{Dir: "/var/www/hls", Destination: "s3://my-bucket/live", Findings: []check.Finding{
			{ID: "dir", Found: "/var/www/hls can be read: 12 files in 2 folders"},
			{ID: "spool-short", Level: check.Warning, Found: "at 6.1 Mbit/s the spool lasts 8 min (the budget of 350 MiB): a longer outage loses files",
				Cure: "Make room, or raise --spool-budget and --spool-age."},
		}},
		{Name: "two", Dir: "/b", Destination: "s3://other", Findings: []check.Finding{
			{ID: "public-read-refused", Level: check.Note, Found: "without credentials an object is answered with 403", Cure: "If players read from the bucket itself, allow s3:GetObject to everybody in the bucket's policy."},
			{ID: "bucket-missing", Level: check.Error, Found: "storing an object failed: 404 NoSuchBucket", Cure: "Create the bucket \"other\". By:\nmc mb other"},
		}},
	}}
	var b strings.Builder
	if err := r.text(&b, sheet{}); err != nil {
		t.Fatal(err)
	}
	var narrow strings.Builder
	if err := r.text(&narrow, sheet{width: 60, colours: true}); err != nil {
		t.Fatal(err)
	}
	golden(t, "check_narrow.txt", strings.ReplaceAll(narrow.String(), "\x1b", "<ESC>"))
	for line := range strings.Lines(narrow.String()) {
		if n := len([]rune(regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(line, ""))); n > 61 {
			t.Errorf("%q has %d columns", line, n)
		}
	}
	golden(t, "check.txt", b.String())
	golden(t, "check_manual.txt", checkManual())
	golden(t, "verify_manual.txt", verifyManual())
	golden(t, "recover_manual.txt", recoverManual())
	golden(t, "clip_manual.txt", clipManual())
	golden(t, "spool_manual.txt", spoolManual())
	for _, line := range strings.Split(b.String()+checkManual()+verifyManual()+recoverManual()+clipManual()+spoolManual(), "\n") {
		if len([]rune(line)) > 104 {
			t.Errorf("%q is too long", line)
		}
	}
}
