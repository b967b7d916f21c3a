//go:build linux

package main

import (
	"flag"
	"regexp"
	"slices"
	"sync"
	"testing"
)

// The packagers themselves: each of their modes live, and killed and started again, through the program
// into a real S3 server, with the recorder and the viewer beside it.

// packagersAtOnce bounds how many are live at the same time.
const packagersAtOnce = 8

// TestPackagers runs the quick modes; with -packagers.all, all of them, and prints the matrix.
func TestPackagers(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("ships in real time")
	}
	all := isSet("packagers.all")
	room := make(chan struct{}, packagersAtOnce)
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
	o := &r.live
	if killed {
		o = &r.killed
	}
	defer func() { o.failed = t.Failed() }()
	*o = r.mode.play(t, killed)
}

// packagerModes returns all modes.
func packagerModes() []mode {
	return slices.Concat(ffmpegModes(), otherFFmpegModes(), gstreamerModes(), nginxModes(), nodeModes(), vlcModes(), shakaModes(), liquidsoapModes())
}
