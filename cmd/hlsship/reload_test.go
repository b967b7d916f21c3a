//go:build linux

package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/spool"
)

// TestFileWatch changes files by all the ways that are known, and touches what is none of them.
func TestFileWatch(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	// As Kubernetes mounts it: hlsship.yml -> ..data/hlsship.yml, ..data -> one.
	for _, version := range []string{"one", "two", "three"} {
		must(os.Mkdir(filepath.Join(dir, version), 0o700))
		write(filepath.Join(version, "hlsship.yml"), version)
	}
	must(os.Symlink("one", filepath.Join(dir, "..data")))
	must(os.Symlink("..data/hlsship.yml", filepath.Join(dir, "hlsship.yml")))
	write("secret", "s")
	swap := func(version string) {
		t.Helper()
		must(os.Symlink(version, filepath.Join(dir, "..new")))
		must(os.Rename(filepath.Join(dir, "..new"), filepath.Join(dir, "..data")))
	}

	w := newFileWatch(slog.New(slog.DiscardHandler))
	files := []string{filepath.Join(dir, "hlsship.yml"), filepath.Join(dir, "secret"), filepath.Join(dir, "missing")}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.run(ctx) }()
	defer func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}()
	for range 3 { // the third is taken in once the first was dealt with
		select {
		case w.next <- files:
		case <-time.After(deadline):
			t.Fatal("the files are not watched")
		}
	}
	for _, step := range []struct {
		name string
		act  func()
	}{
		{"link swapped", func() { swap("two") }},
		{"link swapped again", func() { swap("three") }},
		{"target written in place", func() { write(filepath.Join("three", "hlsship.yml"), "in place") }},
		{"secret renamed into place", func() {
			write("new", "t")
			must(os.Rename(filepath.Join(dir, "new"), filepath.Join(dir, "secret")))
		}},
		{"secret removed", func() { must(os.Remove(filepath.Join(dir, "secret"))) }},
		{"file appears", func() { write("missing", "") }},
	} {
		step.act()
		select {
		case <-w.changed:
		case <-time.After(deadline):
			t.Fatalf("%s: not noticed", step.name)
		}
	}
	// What changes nothing is seen and not told: the change after it is the only one.
	write("beside", "x")
	write("missing", "")
	write("secret", "u")
	<-w.changed
	select {
	case <-w.changed:
		t.Error("a change was told twice, or one that was none")
	default:
	}
}

// TestChannelsComeAndGo adds a channel whose spool somebody else has, which is tried again and again, gives the
// directory of a removed one to another name, and reloads by SIGHUP.
func TestChannelsComeAndGo(t *testing.T) {
	t.Parallel()
	g, one, two := newGateway(t, false), stream(t), stream(t)
	entry := func(name, dir string) string {
		return "- {name: " + name + ", dir: " + dir + ", destination: 's3://bucket/{name}'}\n"
	}
	timed := "- {name: timed, dir: " + stream(t) + ", destination: 's3://bucket/{name}-{start}'}\n"
	file := configFile(t, "http_listen: 127.0.0.1:0\nchannels:\n"+timed+entry("one", one))
	p := start(t, g, "run", "--config", file)
	address := p.says(t, `listening for HTTP.* address=(\S+)`)[1]
	await(t, g.stored, "one/index.m3u8")

	other, err := spool.Open(spool.Config{Dir: two})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(other.Close)
	replaceFile(t, file, "http_listen: 127.0.0.1:1\nlog_level: debug\nchannels:\n"+timed+entry("one", one)+entry("two", two))
	p.signal(t, syscall.SIGHUP)
	p.says(t, `setting is taken by the next start only.*setting=http-listen`)
	p.says(t, `channel failed, it is started again.*channel=two.*in use by process`)
	other.Close()
	await(t, g.stored, "two/index.m3u8")
	if page := fetch(t, "http://"+address+"/status.json"); !strings.Contains(page, two+" to s3://bucket/two") {
		t.Error("the status page does not know the channel that was added")
	}

	replaceFile(t, file, "channels:\n"+timed+entry("one", one)+entry("new", two))
	p.says(t, `configuration taken.*added=\[new\].*removed=\[two\].*restarted=\[\].*unchanged=.*timed one`)
	await(t, g.stored, "new/index.m3u8")
	if text := fetch(t, "http://"+address+"/metrics"); strings.Contains(text, `channel="two"`) || !strings.Contains(text, `hlsship_store_up{channel="new"} 1`) {
		t.Error("the metrics are not those of the channels that there are")
	}
	p.signal(t, syscall.SIGTERM)
	p.exits(t, exitDone)
	if n := len(regexp.MustCompile(`msg=shipping channel=one`).FindAllString(p.output(), -1)); n != 1 {
		t.Errorf("the channel that never changed was started %d times", n)
	}
}

// TestStartIsRemembered kills the program and finds the next one go on under the same prefix; after an end with
// everything shipped another run begins.
func TestStartIsRemembered(t *testing.T) {
	t.Parallel()
	g, dir := newGateway(t, false), stream(t)
	run := func() (*process, string) {
		t.Helper()
		p := start(t, g, "run", "--http-listen", "off", dir, "s3://bucket/live/{start:150405}")
		return p, p.says(t, `msg=shipping .*destination=s3://bucket/live/(\d+)`)[1]
	}
	// A run that began in another second, and was cut off a moment ago.
	if err := os.MkdirAll(filepath.Join(dir, spool.DefaultFolder), 0o700); err != nil {
		t.Fatal(err)
	}
	began := filepath.Join(dir, spool.DefaultFolder, "began")
	if err := os.WriteFile(began, []byte("2006-01-02T15:04:05Z\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p, at := run()
	if at != "150405" {
		t.Errorf("the next run has the prefix %s, want that of the one that was cut off", at)
	}
	await(t, g.stored, "live/150405/index.m3u8")
	p.signal(t, syscall.SIGKILL)
	p.exits(t, -1)
	if p, at = run(); at != "150405" {
		t.Errorf("after a kill the prefix is %s, want the same", at)
	}
	p.signal(t, syscall.SIGTERM)
	p.exits(t, exitDone)
	if _, err := os.Stat(began); err == nil {
		t.Error("a run that ended well is remembered")
	}
	if p, at = run(); at == "150405" || strings.Contains(p.output(), "cut off") {
		t.Errorf("a run that ended well goes on:\n%s", p.output())
	}
	p.signal(t, syscall.SIGTERM)
	p.exits(t, exitDone)
}

// TestChangeInAnOutage changes a channel's settings while the store does not answer: what the packager has removed
// meanwhile is in the spool and shipped by the channel's next run.
func TestChangeInAnOutage(t *testing.T) {
	t.Parallel()
	g, dir := newGateway(t, true), stream(t)
	text := "http_listen: 'off'\ndrain_timeout: 10m\nchannels:\n- {name: one, dir: " + dir + ", destination: s3://bucket"
	file := configFile(t, text+"}\n")
	p := start(t, g, "run", "--config", file)
	await(t, g.asked, "seg0.ts")
	if err := os.Remove(filepath.Join(dir, "seg0.ts")); err != nil {
		t.Fatal(err)
	}
	replaceFile(t, file, text+", max_lag: 9s}\n")
	p.says(t, `files wait in the spool for the channel's new settings.*files=2`)
	p.says(t, `found files that an earlier process could not ship`)
	close(g.free)
	await(t, g.stored, "index.m3u8")
	if _, err := g.backend.HeadObject("bucket", "seg0.ts"); err != nil {
		t.Errorf("the segment that was removed is not stored: %v", err)
	}
	p.signal(t, syscall.SIGTERM)
	p.exits(t, exitDone)
}
