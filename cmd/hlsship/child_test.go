package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/hlsship/hlsship/uploader/storetest"
)

// script is the beginning of a packager in shell: segment N writes a segment and lists it, end ends the list.
const script = `
segment() { echo "segment $1" > s$1.ts; printf '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:%s\n#EXTINF:1,\ns%s.ts\n' $1 $1 > x.tmp; mv x.tmp x.m3u8; }
end() { { cat x.m3u8; echo '#EXT-X-ENDLIST'; } > x.tmp; mv x.tmp x.m3u8; }
ready() { echo ready; while :; do sleep 0.02; done; }
`

// TestChild runs packagers in shell as children.
func TestChild(t *testing.T) {
	t.Parallel()
	g := storetest.Gateway(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, script string
		// signals are sent once the script said that it is ready, each after it said what is in says.
		signals []syscall.Signal
		says    []string
		code    int
		// stored is the last segment in the bucket, ended says that the list is.
		stored string
		ended  bool
	}{
		{name: "ends by itself", script: "segment 1; segment 2; end", stored: "2", ended: true},
		{name: "fails", script: "segment 1; exit 7", code: 7, stored: "1"},
		{name: "is killed", script: "segment 1; kill -9 $$", code: 128 + 9, stored: "1"},
		{name: "ends at a signal, with a last segment", script: "trap 'segment 2; end; exit 0' TERM; segment 1; ready",
			signals: []syscall.Signal{syscall.SIGTERM}, stored: "2", ended: true},
		{name: "is told which signal", script: "trap 'segment 2; exit 5' INT; trap 'exit 6' TERM; segment 1; ready",
			signals: []syscall.Signal{syscall.SIGINT}, code: 5, stored: "2"},
		{name: "is told others", script: "trap 'echo used' USR1; trap 'segment 2; exit 0' HUP; segment 1; ready",
			signals: []syscall.Signal{syscall.SIGUSR1, syscall.SIGHUP}, says: []string{"ready", "used"}, stored: "2"},
		{name: "does not end", script: "trap 'echo no' TERM; segment 1; ready",
			signals: []syscall.Signal{syscall.SIGTERM, syscall.SIGTERM}, says: []string{"ready", "no"}, code: 128 + 9},
		// What it left behind would keep its standard output open, and the test from ending.
		{name: "leaves another process", script: "sleep 1000 & segment 1", stored: "1"},
		{name: "reads the standard input", script: "read -r line; segment $line", stored: "4"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir, prefix := t.TempDir(), strings.ReplaceAll(tt.name, " ", "-")
			input := filepath.Join(t.TempDir(), "input")
			if err := os.WriteFile(input, []byte("4\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			p := startCommand(t, []string{"HLSSHIP_ENDPOINT=" + g.Endpoint, "AWS_ACCESS_KEY_ID=" + g.AccessKey, "AWS_SECRET_ACCESS_KEY=" + g.SecretKey, "STANDARD_INPUT=" + input},
				"sh", "-c", `exec "$0" "$@" < "$STANDARD_INPUT"`, exe, "run", "--http-listen", "off", dir, "s3://"+g.Bucket+"/"+prefix, "--", "sh", "-c", "cd "+dir+script+tt.script)
			for i, s := range tt.signals {
				says := "^ready$"
				if len(tt.says) > i {
					says = "^" + tt.says[i] + "$"
				}
				p.says(t, says)
				p.signal(t, s)
			}
			p.exits(t, tt.code)
			if tt.stored == "" {
				return
			}
			list, err := os.ReadFile(filepath.Join(g.Root, g.Bucket, prefix, "x.m3u8"))
			if err != nil || !strings.Contains(string(list), "\ns"+tt.stored+".ts\n") || strings.Contains(string(list), "ENDLIST") != tt.ended {
				t.Errorf("the playlist in the bucket is %q (%v):\n%s", list, err, p.output())
			}
		})
	}
}

// TestChildWaitsForTheScan has it start when the directories have been scanned and not before, and never if it is asked to end before.
func TestChildWaitsForTheScan(t *testing.T) {
	t.Parallel()
	for name, scanned := range map[string]bool{"scanned": true, "not scanned": false} {
		var out storetest.Output
		asked, ask := context.WithCancel(t.Context())
		begun := make(chan struct{})
		c := child{argv: []string{"/bin/sh", "-c", "echo started; exit 3"}, stdout: &out, stderr: &out, logger: newLogger(io.Discard, slog.LevelInfo, false)}
		done := make(chan error, 1)
		go func() { done <- c.run(t.Context(), asked, begun) }()
		if scanned {
			close(begun)
		} else {
			ask()
		}
		err := <-done
		ask()
		if ended, ok := errors.AsType[packagerEnded](err); ok != scanned || ok && ended.code != 3 || (out.String() == "started\n") != scanned {
			t.Errorf("%s: %v, %q", name, err, &out)
		}
	}
}

// TestChildIsNotStarted is about commands that cannot be, and about a hlsship that cannot ship: nothing is left running.
func TestChildIsNotStarted(t *testing.T) {
	t.Parallel()
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = busy.Close() })
	g, dir := newGateway(t, false), t.TempDir()
	for name, tt := range map[string]struct {
		args []string
		code int
		want string
	}{
		"no command":        {[]string{"run", dir, "s3://bucket", "--"}, exitUsage, "no command stands behind --"},
		"no such program":   {[]string{"run", dir, "s3://bucket", "--", "no-such-packager"}, exitUsage, "the packager cannot be started"},
		"an address in use": {[]string{"run", "--http-listen", busy.Addr().String(), dir, "s3://bucket", "--", "sh", "-c", "echo started; sleep 1000"}, exitFailed, "address already in use"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, g, tt.args...)
			p.exits(t, tt.code)
			if out := p.output(); !strings.Contains(out, tt.want) || strings.Contains(out, "\nstarted\n") {
				t.Errorf("no %q in\n%s", tt.want, out)
			}
		})
	}
}
