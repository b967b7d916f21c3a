//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/storetest"
)

const (
	// Three users share the directories, as docs/operations.md has them set up: the group may write.
	enemyUser, shipUser, sharedGroup = 2001, 2002, 2000
	// honestEvery is how often an honest stream has a new segment, and otherEvery one in a channel that nobody else writes to.
	honestEvery, otherEvery = 125 * time.Millisecond, 250 * time.Millisecond
	// hostileDrain is the drain timeout, descriptors how many files the program may open.
	hostileDrain = 3 * time.Second
	descriptors  = 4096
	// mostMemory is what the process may take at its peak, in bytes. The Go runtime is told what the program tells it by itself in
	// a container of that size.
	mostMemory = 200_000_000
)

// siege is one process that ships honest streams among hostile writers.
type siege struct {
	root    string
	users   bool // the parties are different users
	store   *judgedStore
	program *process
	// control is a process of its own that ships honest streams where nobody means harm. What it is late by is the machine's
	// doing.
	control *process
	binary  string // of both
	hostile string // what the hostile writers are
	http    string
	honest  []*honest
	sampler *sampler
}

// honest is a packager that keeps the rules: a segment, then a playlist, again and again.
type honest struct {
	viewer         *storetest.Viewer
	dir            string // the channel's directory
	channel        string
	prefix         string // of its files' names below dir
	every          time.Duration
	stop, finished chan struct{}
	err            error
}

// newSiege starts the program with a channel that everybody writes to, one whose spool is attacked while it runs, and
// those whose spools were forged before.
func newSiege(t *testing.T) *siege {
	t.Helper()
	s := &siege{root: t.TempDir(), users: os.Geteuid() == 0, store: openJudgedStore(t)}
	s.binary, s.hostile = s.build(t), s.enemy(t)
	if err := os.Chmod(filepath.Dir(s.root), 0o755); err != nil { //nolint:gosec // other users have to get in
		t.Fatal(err)
	}
	s.folder(t, "outside")
	for _, name := range []string{"secret.ts", "secret.m3u8"} {
		if err := os.WriteFile(s.path("outside", name), told(), 0o666); err != nil { //nolint:gosec // whoever finds it may read it
			t.Fatal(err)
		}
	}
	s.pack("main", "honest/", honestEvery)
	s.pack("main", "honest-", honestEvery)
	channels := []string{"main", "second"}
	if s.users {
		channels = append(channels, slices.Sorted(maps.Keys(forgeries()))...)
	}
	for _, name := range channels {
		s.folder(t, name)
		if forge := forgeries()[name]; forge != nil {
			if err := forge(s.path(name), s.path("outside")); err != nil {
				t.Fatal(err)
			}
		}
		s.hand(t, s.path(name))
		if name != "main" {
			s.pack(name, "honest/", otherEvery)
		}
	}
	s.folder(t, "control")
	s.hand(t, s.path("control"))
	s.pack("control", "honest/", honestEvery)
	s.pack("control", "honest-", honestEvery)
	s.program = s.ship(t, "hlsship.yml", channels...)
	s.http = regexp.MustCompile(`listening for HTTP.* address=(\S+)`).FindStringSubmatch(s.program.output())[1]
	s.control = s.ship(t, "control.yml", "control")
	s.sampler = sample(s.program.cmd.Process.Pid)
	return s
}

// ship starts a process that ships the channels.
func (s *siege) ship(t *testing.T, config string, channels ...string) *process {
	t.Helper()
	text := fmt.Sprintf("endpoint: %s\nhttp_listen: 127.0.0.1:0\ndrain_timeout: %s\ndestination: s3://%s/live/{name}\nexclude: [\"private*\"]\nchannels:\n",
		s.store.url, hostileDrain, hostileBucket)
	for _, name := range channels {
		text += "- dir: " + s.path(name) + "\n"
		if name == "fifo" || name == "date" {
			text += fmt.Sprintf("  destination: s3://%s/live/%s/{start}\n", hostileBucket, name)
		}
	}
	if err := os.WriteFile(s.path(config), []byte(text), 0o644); err != nil { //nolint:gosec // no secret
		t.Fatal(err)
	}
	p := startAs(t, s.user(shipUser), []string{
		"AWS_ACCESS_KEY_ID=" + testAccess, "AWS_SECRET_ACCESS_KEY=" + testSecret, "AWS_SESSION_TOKEN=" + testToken, "GOMEMLIMIT=" + strconv.FormatInt(memory{group: mostMemory}.heap(), 10),
	}, "/bin/sh", "-c", `ulimit -n "$1"; exec "$0" run --config "$2"`, s.binary, strconv.Itoa(descriptors), s.path(config))
	p.ships(t)
	return p
}

// listens has what the processes say from now on be read only when they have ended.
func (s *siege) listens() {
	for _, p := range []*process{s.program, s.control} {
		go func() {
			for {
				select {
				case <-p.lines:
				case <-p.ended:
					return
				}
			}
		}()
	}
}

// build returns the program, or that of HLSSHIP_TEST_PROGRAM. It is not the test itself, which with a race detector takes
// many times the memory.
func (s *siege) build(t *testing.T) string {
	t.Helper()
	if other := os.Getenv("HLSSHIP_TEST_PROGRAM"); other != "" {
		return other
	}
	binary := s.path("hlsship")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return binary
}

// enemy returns the test as another user can run it, who cannot get at where it lies.
func (s *siege) enemy(t *testing.T) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(exe)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.path("hostile"), text, 0o755); err != nil { //nolint:gosec // it is to be run
		t.Fatal(err)
	}
	return s.path("hostile")
}

// path is one below the siege's folder, folder makes it, hand gives it to the hostile user with all that is in it.
func (s *siege) path(parts ...string) string {
	return filepath.Join(append([]string{s.root}, parts...)...)
}

func (s *siege) folder(t *testing.T, name string) {
	t.Helper()
	if err := os.Mkdir(s.path(name), 0o755); err != nil { //nolint:gosec // shared
		t.Fatal(err)
	}
}

func (s *siege) hand(t *testing.T, dir string) {
	t.Helper()
	if !s.users {
		return
	}
	err := filepath.WalkDir(dir, func(at string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(at, enemyUser, sharedGroup)
	})
	if err == nil {
		err = os.Chmod(dir, fs.ModeSetgid|0o775) //nolint:gosec // the group shares it
	}
	if err != nil {
		t.Fatal(err)
	}
}

// user returns what makes a process that user's.
func (s *siege) user(id uint32) *syscall.SysProcAttr {
	if !s.users {
		return nil
	}
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: id, Gid: sharedGroup}}
}

// pack adds an honest stream.
func (s *siege) pack(channel, prefix string, every time.Duration) {
	s.honest = append(s.honest, &honest{
		viewer: s.store.viewer, dir: s.path(channel), channel: channel, prefix: prefix, every: every, stop: make(chan struct{}), finished: make(chan struct{}),
	})
}

// list is the path of the stream's playlist as the viewer knows it.
func (h *honest) list() string { return h.channel + "/" + h.prefix + "index.m3u8" }

// run packs until it is stopped.
func (h *honest) run() {
	defer close(h.finished)
	const window = 6
	if h.err = os.MkdirAll(filepath.Dir(filepath.Join(h.dir, h.prefix+"x")), 0o775); h.err != nil {
		return
	}
	tick := time.NewTicker(h.every)
	defer tick.Stop()
	for n := 0; h.err == nil; n++ {
		select {
		case <-h.stop:
			return
		case <-tick.C:
		}
		segment, first := fmt.Sprintf("%s%d.ts", h.prefix, n), max(n-window+1, 0)
		content := bytes.Repeat(fmt.Appendf(nil, "%s %d ", h.channel, rand.Uint64()), 800)
		h.viewer.Finished(h.channel+"/"+segment, content)
		if h.err = h.write(segment, content); h.err != nil {
			return
		}
		list := fmt.Sprintf("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:%d\n", first)
		for i := first; i <= n; i++ {
			list += fmt.Sprintf("#EXTINF:0.25,\n%s%d.ts\n", strings.TrimSuffix(h.prefix, "honest/"), i)
		}
		if h.err = h.write(h.prefix+"index.tmp", []byte(list)); h.err != nil {
			return
		}
		h.viewer.Listed(h.list(), []byte(list))
		if h.err = os.Rename(filepath.Join(h.dir, h.prefix+"index.tmp"), filepath.Join(h.dir, h.prefix+"index.m3u8")); h.err != nil {
			return
		}
		if old := n - 3*window; old >= 0 {
			h.err = os.Remove(filepath.Join(h.dir, fmt.Sprintf("%s%d.ts", h.prefix, old)))
		}
	}
}

// write writes a file that the group may link.
func (h *honest) write(name string, content []byte) error {
	f, err := os.OpenFile(filepath.Join(h.dir, name), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o664)
	if err != nil {
		return err
	}
	if _, err = f.Write(content); err == nil {
		err = f.Chmod(0o664)
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

// ends stops the stream.
func (h *honest) ends(t *testing.T) {
	t.Helper()
	close(h.stop)
	<-h.finished
	if h.err != nil {
		t.Errorf("the honest stream %s: %v", h.list(), h.err)
	}
}

// lags returns how long the versions that were listed in a time took until they, or newer ones, were published: those of the
// streams whose paths the expression matches.
func (s *siege) lags(streams string, from, to time.Time) []time.Duration {
	var lags []time.Duration
	of := regexp.MustCompile(streams)
	for _, l := range s.store.viewer.Listings() {
		if !of.MatchString(l.Path) || l.Listed.Before(from) || !l.Listed.Before(to) {
			continue
		}
		passed := l.Passed
		if passed.IsZero() {
			passed = time.Now()
		}
		lags = append(lags, passed.Sub(l.Listed))
	}
	slices.Sort(lags)
	return lags
}

// percentile returns that of sorted times.
func percentile(sorted []time.Duration, p int) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[(len(sorted)*p+99)/100-1]
}

// assault is the process of all hostile writers.
type assault struct {
	cmd  *exec.Cmd
	stop io.Closer
	out  *bytes.Buffer
	log  *bytes.Buffer
}

// ground is where the hostile writers write.
func (s *siege) ground() ground {
	return ground{
		Dir: s.path("main"), Second: s.path("second"), Outside: s.path("outside"), HTTP: s.http, Only: flag.Lookup("hostile.only").Value.String(),
	}
}

// begin has the hostile writers begin.
func (s *siege) begin(t *testing.T) *assault {
	t.Helper()
	where, err := json.Marshal(s.ground())
	if err != nil {
		t.Fatal(err)
	}
	a := &assault{cmd: exec.CommandContext(t.Context(), s.hostile), out: &bytes.Buffer{}, log: &bytes.Buffer{}}
	a.cmd.Env = append(os.Environ(), "HLSSHIP_TEST_ATTACK="+string(where))
	a.cmd.SysProcAttr, a.cmd.Stdout, a.cmd.Stderr = s.user(enemyUser), a.out, a.log
	if a.stop, err = a.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := a.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return a
}

// ends stops the hostile writers and returns what they did.
func (a *assault) ends(t *testing.T) map[string]done {
	t.Helper()
	if err := a.stop.Close(); err != nil {
		t.Fatal(err)
	}
	if err := a.cmd.Wait(); err != nil {
		t.Fatalf("hostile writers: %v: %s", err, a.log)
	}
	var did map[string]done
	if err := json.Unmarshal(a.out.Bytes(), &did); err != nil {
		t.Fatal(err)
	}
	return did
}

// sampler looks at a process until it has ended, now and then.
type sampler struct {
	mu sync.Mutex
	// memory is VmHWM in bytes, files the most descriptors that were seen, cpu the time that it computed.
	memory int64
	files  int
	cpu    time.Duration
}

func sample(pid int) *sampler {
	p, proc := &sampler{}, fmt.Sprintf("/proc/%d/", pid)
	go func() {
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for range tick.C {
			if !p.look(proc) {
				return
			}
		}
	}()
	return p
}

// look reports whether the process is there.
func (p *sampler) look(proc string) bool {
	status, err := os.ReadFile(proc + "status")
	files, err1 := os.ReadDir(proc + "fd")
	stat, err2 := os.ReadFile(proc + "stat")
	if err != nil || err1 != nil || err2 != nil {
		return false
	}
	_, peak, found := strings.Cut(string(status), "VmHWM:")
	if !found {
		return false // it has ended
	}
	var kilobytes int64
	_, _ = fmt.Sscan(peak, &kilobytes)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.memory, p.files = max(p.memory, kilobytes<<10), max(p.files, len(files))
	if _, after, found := strings.Cut(string(stat), ") "); found {
		if fields := strings.Fields(after); len(fields) > 12 {
			user, _ := strconv.Atoi(fields[11])
			system, _ := strconv.Atoi(fields[12])
			p.cpu = time.Duration(user+system) * 10 * time.Millisecond // by USER_HZ
		}
	}
	return true
}

func (p *sampler) seen() (memory int64, files int, cpu time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.memory, p.files, p.cpu
}
