//go:build linux

package main

import (
	"flag"
	"regexp"
	"sync"
	"testing"
)

// The packagers themselves: each of their modes live, and killed and started again, through the program
// into a real S3 server, with the recorder and the viewer beside it.

const (
	// packagersAtOnce bounds how many are live at the same time, quickAtOnce the same where other tests
	// that play in real time run beside them.
	packagersAtOnce = 8
	quickAtOnce     = 8
)

// TestPackagers runs the quick modes; with -packagers.all, all of them, and prints the matrix.
func TestPackagers(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("ships in real time")
	}
	all := isSet("packagers.all")
	room := make(chan struct{}, quickAtOnce)
	if all {
		room = make(chan struct{}, packagersAtOnce)
	}
	var rows []*row
	var runs sync.WaitGroup
	for _, m := range packagerModes() {
		if !all && !m.quick {
			continue
		}
		r := &row{mode: m}
		rows = append(rows, r)
		// It becomes part of the names of folders, which packagers have to understand.
		name := regexp.MustCompile(`[^\w+.-]+`).ReplaceAllString(m.packager+" "+m.name, "_")
		for suffix, killed := range map[string]bool{"": false, "_killed": true} {
			runs.Go(func() {
				room <- struct{}{}
				defer func() { <-room }()
				t.Run(name+suffix, func(t *testing.T) { r.run(t, killed, all) })
			})
		}
	}
	runs.Wait()
	if all {
		report(t, rows)
	}
}

// isSet returns the value of a flag that is a truth.
func isSet(name string) bool { return flag.Lookup(name).Value.(flag.Getter).Get().(bool) }

// run plays the mode once and keeps what came of it.
func (r *row) run(t *testing.T, killed, all bool) {
	for _, name := range r.mode.needs {
		if _, found := packagerProgram(name); !found {
			if all {
				t.Errorf("%s is not installed: make test-packagers does so", name)
			}
			t.Skipf("%s is not installed", name)
		}
	}
	if r.mode.known != "" && !isSet("packagers.known") {
		t.Skip(r.mode.known)
	}
	o := &r.live
	if killed {
		o = &r.killed
	}
	defer func() { o.failed = t.Failed() }()
	*o = r.mode.play(t, killed)
}

// knownModes are those that are not right yet, by packager and name, with the reason. They are run with
// -packagers.known only.
func knownModes() map[string]string {
	const growing = "byte ranges of a file that grows are published when it is closed"
	return map[string]string{
		"ffmpeg -f hls, single_file":                     growing,
		"ffmpeg -f hls, single_file, fmp4":               growing,
		"ffmpeg -f dash, -hls_playlist 1 -single_file 1": growing,
		"ffmpeg of 2018, single_file":                    growing,
	}
}

// packagerModes returns all modes.
func packagerModes() []mode {
	known := knownModes()
	var all []mode
	for _, modes := range [][]mode{ffmpegModes(), otherFFmpegModes(), otherModes()} {
		for _, m := range modes {
			m.known = known[m.packager+", "+m.name]
			all = append(all, m)
		}
	}
	return all
}
