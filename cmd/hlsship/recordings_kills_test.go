//go:build linux

package main

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// recordingKillings are those of TestRecordingKills.
func recordingKillings() map[string]killing {
	all := killings()
	renditions, fragments := all["packager"].mode, all["packager, fmp4"].mode
	recordings := map[string]killing{
		"packager":                            {mode: renditions, quick: true},
		"packager, fmp4":                      {mode: fragments},
		"program":                             {mode: renditions, victims: programs},
		"program, fmp4":                       {mode: fragments, victims: programs, quick: true},
		"program, packager starting":          {mode: fragments, victims: starting},
		"both":                                {mode: renditions, victims: bothOfThem},
		"both, fmp4":                          {mode: fragments, victims: bothOfThem, quick: true},
		"both with the disk":                  {mode: renditions, victims: bothOfThem, discards: true, quick: true},
		"both with the disk, fmp4":            {mode: fragments, victims: bothOfThem, discards: true},
		"both with the disk, recovered":       {mode: renditions, victims: bothOfThem, discards: true, recovers: true},
		"both with the disk, recovered, fmp4": {mode: fragments, victims: bothOfThem, discards: true, recovers: true},
	}
	for name, k := range recordings {
		k.how = recorded
		recordings[name] = k
	}
	return recordings
}

// TestRecordingKills kills packager and program again and again, with the disk of both and without, while each run is recorded, and judges
// what the recordings have in the end. -recordings.kills says how many kills there are in all.
func TestRecordingKills(t *testing.T) {
	t.Parallel()
	playKillings(t, recordingKillings(), flag.Lookup("recordings.kills").Value.(flag.Getter).Get().(int))
}

// discard throws away what the disk has: all that the packager wrote, and the spool.
func (s *scene) discard(t *testing.T) {
	t.Helper()
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if err := os.RemoveAll(filepath.Join(s.dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	s.history.Discarded()
	s.mu.Lock()
	defer s.mu.Unlock()
	for at := range s.finished {
		s.excuse(at)
	}
	s.discarded = true
}

// recovers closes what nobody closes, once that is over.
func (s *scene) recovers(t *testing.T) {
	t.Helper()
	for limit := time.Now().Add(deadline); ; <-time.After(time.Second) {
		cmd := exec.CommandContext(t.Context(), "/proc/self/exe", "recover", "--json", "--record-end", "1s", "s3://"+s.gateway.Bucket+"/"+livePrefix[:len(livePrefix)-1])
		cmd.Env = append(os.Environ(), "HLSSHIP_TEST_MAIN=1", "HLSSHIP_ENDPOINT="+s.gateway.Endpoint, "AWS_ACCESS_KEY_ID="+s.gateway.AccessKey, "AWS_SECRET_ACCESS_KEY="+s.gateway.SecretKey)
		text, err := cmd.Output()
		var out recoverResult
		if wrong := json.Unmarshal(text, &out); err != nil || wrong != nil {
			t.Errorf("recover: %v: %s", err, text)
			return
		}
		goesOn := slices.ContainsFunc(out.Channels[0].Sessions, func(one salvagedResult) bool { return one.State == stateLive })
		s.recovery = string(text)
		if !goesOn {
			return
		}
		if time.Now().After(limit) {
			t.Errorf("recover takes what is over for live: %s", text)
			return
		}
	}
}
