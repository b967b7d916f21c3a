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
		for part, o := range r.parts() {
			if !all && (part.how == continuously || part.how == recorded && !part.killed) {
				continue // one of the four is enough where time is short
			}
			runs.Go(func() {
				room <- struct{}{}
				defer func() { <-room }()
				t.Run(name+part.String(), func(t *testing.T) { r.run(t, part, o, all) })
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

// part is one of the ways in which a mode is played.
type part struct {
	how    manner
	killed bool
}

// String is the end of the test's name.
func (p part) String() (name string) {
	if p.how != exactly {
		name += "_" + p.how.String()
	}
	if p.killed {
		name += "_killed"
	}
	return name
}

// parts returns the ways in which the mode is played, and where what comes of each is put.
func (r *row) parts() map[part]*outcome {
	return map[part]*outcome{
		{exactly, false}: &r.live, {exactly, true}: &r.killed,
		{continuously, false}: &r.continuous, {continuously, true}: &r.goesOn,
		{recorded, false}: &r.recording, {recorded, true}: &r.recordings,
	}
}

// run plays the mode once and keeps what came of it.
func (r *row) run(t *testing.T, p part, o *outcome, all bool) {
	for _, name := range r.mode.needs {
		if _, found := packagerProgram(name); !found {
			if all {
				t.Errorf("%s is not installed: make test-packagers does so", name)
			}
			t.Skipf("%s is not installed", name)
		}
	}
	defer func() { o.failed = t.Failed() }()
	*o = r.mode.play(t, p.how, p.killed)
}

// packagerModes returns all modes.
func packagerModes() []mode {
	return slices.Concat(ffmpegModes(), otherFFmpegModes(), gstreamerModes(), nginxModes(), nodeModes(), vlcModes(), shakaModes(), liquidsoapModes())
}
