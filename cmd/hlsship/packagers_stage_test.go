//go:build linux

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/storetest"
)

const (
	// packagerLive is how long a packager is live, counted from its first file.
	packagerLive = 10 * time.Second
	// packagerKilled is when it is killed, at a random moment of one second more, and how long it is live again.
	packagerKilled = 6 * time.Second
	// packagerAway is how long it is away then.
	packagerAway = time.Second
	// packagerStart is how long it may take to write its first file: liquidsoap checks its script for seconds of
	// computing time before it does anything.
	packagerStart = 90 * time.Second
	// packagerStop is how long it may take to end when it is told to.
	packagerStop = 20 * time.Second
)

// mode is one way in which one packager writes live HLS.
type mode struct {
	// packager and name are as in the matrix. name is what is special, as the user writes it.
	packager, name string
	// needs are the programs without which it cannot run; the first is the one whose version is printed.
	needs []string
	// prepare is a shell script that makes what the packager reads, in its directory, before it starts.
	prepare string
	// lines are the processes, in the order in which they start; they stop the other way round.
	lines []line
	// quick is true for those that make test runs.
	quick bool
	// public is the URL by which its playlists name the directory's files; empty for relative names.
	public string
	// late is true if it writes nothing before its end.
	late bool
	// rings is true if its names come back within a run.
	rings bool
	// holdsBack is true if its playlists name files that come much later, so that few of them can be published.
	holdsBack bool
}

// line is one process of a packager.
type line struct {
	// command is what a shell runs, in the watched directory, with these variables: VIDEO and BOTH are a
	// live picture and its encoder for ffmpeg, without and with sound; CLIP is the name of a picture that
	// is another one after the kill; PATTERN the same for GStreamer; SCRATCH is a folder of its own, PORT
	// a free TCP port.
	command string
	// stop is the signal that ends it; none if it ends with the process after it.
	stop syscall.Signal
	// listens is true if PORT must answer before the next process starts.
	listens bool
}

// scene is one mode on its way through the program.
type scene struct {
	*live
	mode    mode
	scratch string
	port    string
	cast    []*member // at work
}

// member is a running line.
type member struct {
	line
	cmd    *exec.Cmd
	output storetest.Output
	ended  chan struct{}
}

func newScene(t *testing.T, m mode, how manner) *scene {
	t.Helper()
	viewer := storetest.NewViewer(livePrefix)
	site, err := hls.NewSite(m.public, livePrefix)
	if err != nil {
		t.Fatal(err)
	}
	viewer.Site = site
	l := newLiveIn(t, t.TempDir(), viewer, how)
	if m.holdsBack {
		// A playlist of a new run waits three target durations for new bytes under the old names.
		l.mu.Lock()
		l.limit += 3 * 2 * time.Second
		l.mu.Unlock()
	}
	l.unsteady = m.rings
	s := &scene{live: l, mode: m, scratch: t.TempDir(), port: freePort(t)}
	if m.prepare != "" {
		cmd := s.shell(t.Context(), m.prepare, 0)
		if output, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("prepare: %v: %s", err, output)
		}
	}
	return s
}

func freePort(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return port
}

// shell returns a command in the watched directory. run counts the starts of the packager.
func (s *scene) shell(ctx context.Context, command string, run int) *exec.Cmd {
	clip, pattern, tone := "testsrc", "smpte", "440"
	if run > 0 {
		clip, pattern, tone = "testsrc2", "ball", fmt.Sprint(440+110*run) // or the bytes of both runs would be alike
	}
	picture := "-re -f lavfi -i " + clip + "=size=320x180:rate=10"
	if run > 1 {
		picture += fmt.Sprintf(",hue=h=%d", 37*run)
	}
	encoder := " -c:v libx264 -preset ultrafast -pix_fmt yuv420p -threads 1 -g 10 -keyint_min 10 -sc_threshold 0 -b:v 200k"
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(),
		"PATH="+packagerPath()+":"+os.Getenv("PATH"), "HOME="+s.scratch, "TMPDIR="+s.scratch,
		"VIDEO=-hide_banner -loglevel error -nostdin "+picture+encoder,
		"BOTH=-hide_banner -loglevel error -nostdin "+picture+" -re -f lavfi -i sine=frequency="+tone+":sample_rate=48000"+encoder+" -c:a aac -b:a 64k",
		"CLIP="+clip, "PATTERN="+pattern, "SCRATCH="+s.scratch, "PACKAGERS="+packagerHome(), "PORT="+s.port, "RUN="+fmt.Sprint(run))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd
}

// enter starts the packager and returns once it wrote something.
func (s *scene) enter(t *testing.T, run int) {
	t.Helper()
	s.begins(t, run)
	s.writes(t)
}

// begins starts the packager.
func (s *scene) begins(t *testing.T, run int) {
	t.Helper()
	s.history.Starts()
	s.mu.Lock()
	s.starts++
	s.mu.Unlock()
	for len(s.seen) > 0 {
		<-s.seen
	}
	for _, l := range s.mode.lines {
		m := &member{line: l, cmd: s.shell(t.Context(), "exec "+l.command, run), ended: make(chan struct{})}
		m.cmd.Stdout, m.cmd.Stderr, m.cmd.WaitDelay = &m.output, &m.output, time.Second
		if err := m.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(m.kill)
		go func() {
			defer close(m.ended)
			_ = m.cmd.Wait() // how it ended is seen in its state
		}()
		s.cast = append(s.cast, m)
		if l.listens {
			s.answers(t, m)
		}
	}
}

// writes returns once the packager wrote something.
func (s *scene) writes(t *testing.T) {
	t.Helper()
	if s.mode.late {
		return
	}
	select {
	case <-s.seen:
	case <-time.After(packagerStart):
		t.Fatalf("the packager writes nothing%s", s.said())
	}
}

// answers waits until the port does.
func (s *scene) answers(t *testing.T, m *member) {
	t.Helper()
	limit, tick := time.After(deadline), time.NewTicker(20*time.Millisecond)
	defer tick.Stop()
	for {
		if conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", "127.0.0.1:"+s.port); err == nil {
			_ = conn.Close()
			return
		}
		select {
		case <-tick.C:
		case <-m.ended:
			t.Fatalf("the packager ended%s", s.said())
		case <-limit:
			t.Fatalf("the packager does not listen%s", s.said())
		}
	}
}

// plays lets the packager be live for that long. It must not end by itself.
func (s *scene) plays(t *testing.T, long time.Duration) {
	t.Helper()
	over := time.After(long)
	for {
		select {
		case <-over:
			for _, m := range s.cast {
				if m.over() {
					t.Fatalf("%q ended by itself%s", m.command, s.said())
				}
			}
			return
		case <-s.seen:
		}
	}
}

// leave stops the packager as an operator does.
func (s *scene) leave(t *testing.T) {
	t.Helper()
	for i := len(s.cast) - 1; i >= 0; i-- {
		m := s.cast[i]
		if !m.over() && m.stop != 0 {
			if err := m.cmd.Process.Signal(m.stop); err != nil {
				t.Errorf("stop %q: %v%s", m.command, err, s.said())
			}
		}
		select {
		case <-m.ended:
		case <-time.After(packagerStop):
			t.Errorf("%q does not stop%s", m.command, s.said())
			m.kill()
		}
	}
	s.cast = nil
}

// die kills all of the packager's processes at once.
func (s *scene) die() {
	for _, m := range s.cast {
		_ = syscall.Kill(-m.cmd.Process.Pid, syscall.SIGKILL) // it may have ended
	}
	for _, m := range s.cast {
		<-m.ended
	}
	s.cast = nil
}

// over reports whether the process has ended.
func (m *member) over() bool {
	select {
	case <-m.ended:
		return true
	default:
		return false
	}
}

// kill ends the process and those that it started.
func (m *member) kill() {
	_ = syscall.Kill(-m.cmd.Process.Pid, syscall.SIGKILL) // it may have ended
	<-m.ended
}

// said is what the packager wrote to its terminal.
func (s *scene) said() string {
	var b strings.Builder
	for _, m := range s.cast {
		fmt.Fprintf(&b, "\n%s\n%s", m.command, m.output.String())
	}
	return b.String()
}

// play runs the mode through the program: live, or killed and started again.
func (m mode) play(t *testing.T, how manner, killed bool) (o outcome) {
	t.Helper()
	judged(t, func(t *testing.T) string {
		t.Helper()
		s := newScene(t, m, how)
		s.judge(t, s.perform(t, killed))
		if how == recorded {
			s.judgeRecordings(t, false)
		}
		o = s.outcome(t)
		return s.verdict(t)
	})
	return o
}

// perform is one run, not yet judged.
func (s *scene) perform(t *testing.T, killed bool) *process {
	t.Helper()
	args := []string{"--public-url", s.mode.public}
	if s.mode.holdsBack {
		args = append(args, "--give-up-after", "30s") // or what comes late is taken for a hole where playlists are continuous
	}
	program := s.launch(t, args...)
	program.ships(t)
	s.enter(t, 0)
	if killed {
		s.plays(t, packagerKilled+rand.N(time.Second)) // at any moment of a segment
		s.die()
		<-time.After(packagerAway)
		s.enter(t, 1)
		s.plays(t, packagerKilled)
	} else {
		s.plays(t, packagerLive)
	}
	s.leave(t)
	s.end(t, program)
	return program
}

// outcome counts what a judged run came to.
func (s *scene) outcome(t *testing.T) outcome {
	t.Helper()
	o := outcome{violations: len(s.viewer.Violations()) + len(s.broken)}
	for _, listing := range s.listings() {
		o.versions++
		if !listing.Published.IsZero() {
			o.published++
		}
	}
	for _, kind := range []hls.Kind{hls.Media, hls.Subtitle} {
		o.segments += len(s.named(kind))
	}
	if o.segments == 0 {
		t.Error("no segment was named")
	}
	if o.published < o.versions/2 && !s.mode.holdsBack {
		t.Errorf("%d of %d versions of playlists were published, want half at least", o.published, o.versions)
	}
	return o
}

// outcome is what came of a run.
type outcome struct {
	segments, versions, published, violations int
	failed                                    bool
}

// packagerHome is where .ci/packagers puts what is no package of the system.
func packagerHome() string {
	root, err := storetest.ModuleRoot()
	if err != nil {
		return ""
	}
	return filepath.Join(root, ".cache", "packagers")
}

// packagerPath is where the programs among it are.
func packagerPath() string { return filepath.Join(packagerHome(), "bin") }

// packagerProgram returns where a program is.
func packagerProgram(name string) (path string, found bool) {
	for _, candidate := range []string{filepath.Join(packagerPath(), name), name} {
		if path, err := exec.LookPath(candidate); err == nil {
			return path, true
		}
	}
	return "", false
}
