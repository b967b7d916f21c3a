//go:build linux

package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/hlsship/hlsship/hls"
)

// rotating is ffmpeg with another key every other second, each under a name of its own. Its key info file has more lines, which the shell makes.
func rotating(name, more string) mode {
	m := ffmpegHLS(name, "VIDEO", "-hls_key_info_file $SCRATCH/keyinfo -hls_list_size 4 -hls_flags periodic_rekey+temp_file index.m3u8")
	m.prepare = `printf 0123456789abcdef > first.key; printf "first.key\nfirst.key\n` + more + `" > $SCRATCH/keyinfo`
	m.lines = append([]line{{stop: syscall.SIGTERM, command: `sh -c 'n=0; while :; do k=key$RUN-$n.key; head -c 16 /dev/urandom > $k; printf "$k\n$k\n` + more +
		`" > $SCRATCH/next; mv $SCRATCH/next $SCRATCH/keyinfo; n=$((n+1)); sleep 2; done'`}}, m.lines...)
	return m
}

// TestRecordingsOfRotatingKeys: where ffmpeg itself changes keys as it goes, each run leaves a recording that is decrypted from end to end with the keys in
// its folder.
func TestRecordingsOfRotatingKeys(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("ships in real time")
	}
	if _, found := findFFmpeg(); !found {
		t.Skip("ffmpeg is not installed")
	}
	for name, more := range map[string]string{"the numbers are the vectors": "", "with vectors": `$(head -c 16 /dev/urandom | od -An -tx1 | tr -d " \n")\n`} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			judged(t, func(t *testing.T) string {
				t.Helper()
				s := newScene(t, rotating(name, more), recorded)
				s.judge(t, s.perform(t, true))
				s.judgeRecordings(t, false)
				films := s.films(t)
				if len(films) != 2 {
					s.accuse(false, "%d sessions, want 2", len(films))
				}
				for _, f := range films {
					s.unlocks(t, f, "index.m3u8")
				}
				return s.verdict(t)
			})
		})
	}
}

// unlocks has a closing list decrypted, whose keys are all in the folder of its session.
func (s *scene) unlocks(t *testing.T, f *film, list string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(f.folder, list))
	if err != nil {
		s.accuse(false, "%s: %v", f.name, err)
		return
	}
	parsed, err := hls.Parse(text)
	if err != nil {
		s.accuse(false, "%s: %v", f.name, err)
		return
	}
	var keys []string
	for _, ref := range parsed.References {
		if ref.Kind == hls.Key && !slices.Contains(keys, ref.URI) {
			keys = append(keys, ref.URI)
			if !f.there[ref.URI] {
				s.accuse(false, "%s has no %s", f.name, ref.URI)
			}
		}
	}
	if len(keys) < 3 || strings.Count(string(text), "EXTINF") <= len(keys) {
		s.accuse(false, "%s has the keys %q, want three at least:\n%s", f.name, keys, text)
	}
	playsFor(t, filepath.Join(f.folder, list))
}
