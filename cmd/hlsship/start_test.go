package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/hlsship/hlsship/uploader/spool"
)

// startFault is why a channel cannot begin.
type startFault struct {
	name string
	// settings are those of the channel, as YAML; dir is its directory.
	settings func(dir string) string
	// make makes the fault and returns what mends it.
	make func(t *testing.T, dir string) (mend func())
	// says is a regular expression of the line that tells of it.
	says string
}

func startFaults() []startFault {
	return []startFault{
		{
			"no keys", func(dir string) string { return ", access_key_file: " + dir + "/.a, secret_key_file: " + dir + "/.s" },
			func(t *testing.T, dir string) func() {
				t.Helper()
				return func() {
					for name, text := range map[string]string{".a": testAccess, ".s": testSecret} {
						if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
							t.Fatal(err)
						}
					}
				}
			},
			`open store: no credentials.*no such file`,
		},
		{
			"spool of another process", func(string) string { return "" },
			func(t *testing.T, dir string) func() {
				t.Helper()
				other, err := spool.Open(spool.Config{Dir: dir})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(other.Close)
				return other.Close
			},
			`in use by process`,
		},
	}
}

// TestFaultAtTheStart has one of two channels fail to begin: the other one ships, the service manager is told that the
// program is ready, and the channel begins once the fault is mended.
func TestFaultAtTheStart(t *testing.T) {
	t.Parallel()
	for _, tt := range startFaults() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g, good, bad := newGateway(t, false), stream(t), stream(t)
			mend := tt.make(t, bad)
			file := configFile(t, "http_listen: 'off'\nchannels:\n- {name: bad, dir: "+bad+", destination: s3://bucket/bad"+tt.settings(bad)+
				"}\n- {name: good, dir: "+good+", destination: s3://bucket/good}\n")
			socket, at := manager(t)
			p := startIn(t, []string{
				"HLSSHIP_ENDPOINT=" + g.url, "AWS_ACCESS_KEY_ID=" + testAccess, "AWS_SECRET_ACCESS_KEY=" + testSecret, "NOTIFY_SOCKET=" + at,
			}, "run", "--config", file)
			p.says(t, `level=ERROR msg="channel failed, it is started again" channel=bad .*`+tt.says+`.* cure=`)
			await(t, g.stored, "good/index.m3u8")
			until(t, socket, "READY=1")
			mend()
			await(t, g.stored, "bad/index.m3u8")
			p.signal(t, syscall.SIGTERM)
			p.exits(t, exitDone)
		})
	}
}

// TestFaultOfTheOnlyChannel ends the program at its start.
func TestFaultOfTheOnlyChannel(t *testing.T) {
	t.Parallel()
	for _, tt := range startFaults() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g, dir := newGateway(t, false), stream(t)
			tt.make(t, dir)
			file := configFile(t, "http_listen: 'off'\nchannels:\n- {name: one, dir: "+dir+", destination: s3://bucket"+tt.settings(dir)+"}\n")
			p := start(t, g, "run", "--config", file)
			p.exits(t, exitFailed)
			if !strings.Contains(p.output(), "hlsship: channel one: open ") || strings.Contains(p.output(), "msg=shipping") {
				t.Errorf("the program wrote:\n%s", p.output())
			}
		})
	}
}
