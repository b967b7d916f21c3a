//go:build linux

package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestSpoolInADirectory has spool folders lie below a watched directory, with a store that takes nothing: what they hold is
// never taken for files of the packager, which would be kept again, and again.
func TestSpoolInADirectory(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		// spool is the spool_dir of the channel a, other that of b; DIR is the directory of a, LINK a link to it.
		spool, other string
		// added says that b is added while a ships.
		added bool
	}{
		{name: "relative", spool: "spool"},
		{name: "absolute", spool: "DIR/kept"},
		{name: "through a link", spool: "LINK/spool"},
		{name: "deeper", spool: "x/../y/z/spool/"},
		{name: "another channel's", other: "DIR/theirs"},
		{name: "another channel's, through a link", other: "LINK/theirs"},
		{name: "both", spool: "ours", other: "DIR/theirs"},
		{name: "a new channel's", other: "DIR/theirs", added: true},
		{name: "a new channel's, through a link", spool: "ours", other: "LINK/theirs", added: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g, dir, otherDir := newGateway(t, true), stream(t), stream(t)
			link := filepath.Join(t.TempDir(), "link")
			if err := os.Symlink(dir, link); err != nil {
				t.Fatal(err)
			}
			entry := func(name, dir, folder string) string {
				text := fmt.Sprintf("- {name: %s, dir: %q, destination: s3://bucket/%s, rescan: 200ms", name, dir, name)
				if folder != "" {
					text += fmt.Sprintf(", spool_dir: %q", folder)
				}
				return text + "}\n"
			}
			places := strings.NewReplacer("DIR", dir, "LINK", link)
			one := "http_listen: 127.0.0.1:0\nchannels:\n" + entry("a", dir, places.Replace(tt.spool))
			both := one + entry("b", otherDir, places.Replace(tt.other))
			file, channels := filepath.Join(t.TempDir(), "hlsship.yml"), 1
			switch {
			case tt.added || tt.other == "":
				replaceFile(t, file, one)
			default:
				channels = 2
				replaceFile(t, file, both)
			}
			p := start(t, g, "run", "--config", file)
			address := p.says(t, `listening for HTTP.* address=(\S+)`)[1]
			scanned(t, address, channels)
			if tt.added {
				replaceFile(t, file, both)
				p.says(t, `configuration taken.*added=\[b\].*restarted=\[a\]`)
				p.says(t, `msg=shipping channel=b`)
				channels = 2
				scanned(t, address, channels)
			}
			// The segment and the playlist of each channel, once they have waited for a second.
			kept := func() []string { return append(keptFiles(t, dir), keptFiles(t, otherDir)...) }
			for range 20 {
				if len(kept()) < 2*channels {
					scanned(t, address, channels)
				}
			}
			scanned(t, address, channels)
			if kept := kept(); len(kept) != 2*channels {
				t.Errorf("the spools hold:\n%s", strings.Join(kept, "\n"))
			}
		})
	}
}

// scanned waits until the directories of so many channels were scanned twice more.
func scanned(t *testing.T, address string, channels int) {
	t.Helper()
	limit := time.After(deadline)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	count := func() map[string]int {
		scans := map[string]int{}
		for _, m := range regexp.MustCompile(`hlsship_scans_total\{channel="(.)",reason="timer"\} (\d+)`).FindAllStringSubmatch(fetch(t, "http://"+address+"/metrics"), -1) {
			scans[m[1]], _ = strconv.Atoi(m[2])
		}
		return scans
	}
	for before := count(); ; {
		more := 0
		for name, n := range count() {
			if n >= before[name]+2 {
				more++
			}
		}
		if more == channels {
			return
		}
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("%d channels are not scanned", channels)
		}
	}
}

// keptFiles lists the copies in the spool folders below a directory, one a line.
func keptFiles(t *testing.T, dir string) (kept []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(at string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && strings.Contains(d.Name(), "@") {
			kept = append(kept, at)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return kept
}
