//go:build linux

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// storm is a stream whose wire to the store fails, with all that is around it, and whose program is killed.
type storm struct {
	*live
	scenery scenery
	wire    *wire
	names   *names // nil if the store has no name
	disk    *disk  // nil if the directory lies on the machine's own
	spool   string // the spool folder
	args    []string
	// program is at work, or nil. past are those that were killed.
	program *process
	past    []*process
	raging  fault // nameless if there is none
	calms   []calm
	// kills and faults count what happened, early those of the kills that hit a program which was starting.
	kills, early int
	faults       map[string]int
}

// scenery is what a storm has around it, and with it which faults can happen. elsewhere is a spool on another file
// system, into which nothing can be linked. how its playlists
// are published is there too.
type scenery struct {
	tls, names, disk, elsewhere bool
	how                         manner
}

// scenery returns what the fault needs.
func (f fault) scenery() scenery {
	return scenery{tls: f.credential != "", names: f.lookup != "", disk: f.disk != ""}
}

// in reports whether the fault can happen in a scenery.
func (f fault) in(c scenery) bool {
	need := f.scenery()
	return (c.tls || !need.tls) && (c.names || !need.names) && (c.disk || !need.disk)
}

// calm is a time in which nothing fails, and what it follows.
type calm struct {
	after    string
	limit    time.Duration // how long the live edge may be old
	from, to time.Time     // to is zero if it lasted to the end
}

// newStorm puts a wire between the program and the proxy, sets the scenery up, and starts the program. It skips the
// test if the scenery cannot be had.
func newStorm(t *testing.T, c scenery, args ...string) *storm {
	t.Helper()
	s := &storm{scenery: c, args: args, faults: map[string]int{}}
	host, dir := loopback(), t.TempDir()
	var err error
	if c.names {
		if err := nameable(t); err != nil {
			t.Skipf("the program cannot be given a name server: %v", err)
		}
		if s.names, err = openNames(t, host); err != nil {
			t.Skipf("no name server: %v", err)
		}
	}
	if c.disk {
		if s.disk, err = openDisk(t); err != nil {
			t.Skipf("a file system cannot be mounted: %v", err)
		}
		dir = s.disk.packager
	}
	s.spool = filepath.Join(dir, ".hlsship")
	if c.elsewhere {
		if s.spool, err = openElsewhere(t, dir); err != nil {
			t.Skipf("no second file system: %v", err)
		}
		s.args = append([]string{"--spool-dir", s.spool}, args...)
	}
	viewer := storetest.NewViewer(livePrefix)
	viewer.AllowUnnamed = c.disk // see nameless
	s.live = newLiveIn(t, dir, viewer, c.how)
	s.excused, s.unsteady = map[string]bool{}, c.disk
	var ca *authority
	if c.tls {
		ca = newAuthority(t, host)
	}
	s.wire = openWire(t, host, strings.TrimPrefix(s.url, "http://"), ca)
	closeStore := s.closeStore
	s.closeStore = func(t *testing.T) {
		t.Helper()
		s.wire.close()
		closeStore(t)
	}
	s.program = s.launch(t)
	s.program.ships(t)
	return s
}

// launch starts the program in the scenery.
func (s *storm) launch(t *testing.T) *process {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	address, scheme, dir := s.wire.address, "http://", s.dir
	env := []string{"AWS_ACCESS_KEY_ID=" + s.gateway.AccessKey, "AWS_SECRET_ACCESS_KEY=" + s.gateway.SecretKey}
	var command []string
	if s.names != nil {
		_, port, err := net.SplitHostPort(address)
		if err != nil {
			t.Fatal(err)
		}
		address = net.JoinHostPort(storeName, port)
		env = append(env, "GODEBUG=netdns=go") // as in a release, which is built without cgo
		command = s.names.command()
	}
	if s.wire.authority != nil {
		scheme = "https://"
		env = append(env, "SSL_CERT_FILE="+s.wire.authority.file)
	}
	if s.disk != nil {
		dir = s.disk.watched
	}
	command = append(append(append(command, exe, "run", "--http-listen", "off"), s.live.how.args()...), s.args...)
	s.history.Restarted()
	to := fmt.Sprintf("s3://%s/%s", s.gateway.Bucket, strings.TrimSuffix(livePrefix, "/"))
	return startCommand(t, append(env, "HLSSHIP_ENDPOINT="+scheme+address), append(command, dir, to)...)
}

// begin lets a fault begin.
func (s *storm) begin(t *testing.T, f fault) {
	t.Helper()
	s.disturb()
	s.raging = f
	s.faults[f.name]++
	if s.names != nil {
		s.names.set(f.lookup) // before what is connected is cut
	}
	err := s.wire.set(f)
	if f.deleted {
		err = errors.Join(err, s.deleteBucket())
	}
	if s.disk != nil {
		err = errors.Join(err, s.beginOnDisk(t, f.disk))
	}
	if err != nil {
		t.Fatalf("%s: %v", f.name, err)
	}
}

// beginOnDisk lets a fault of the directory's file system begin. Only one that nobody writes to can become
// read-only, so that the program comes back and meets it, as after a reboot.
func (s *storm) beginOnDisk(t *testing.T, f diskFault) error {
	t.Helper()
	s.stretched = s.stretched || f.hurts()
	if f != readOnly {
		return s.disk.begin(f)
	}
	s.kill(t)
	err := s.disk.begin(f)
	s.program = s.launch(t)
	s.program.ships(t)
	return err
}

// deleteBucket deletes the bucket with all that is in it. What was stored need not be stored again, unless the
// newest playlists name it; the viewer sees to that.
func (s *storm) deleteBucket() error {
	keys, err := s.proxy.Vanish(func() error { return os.RemoveAll(filepath.Join(s.gateway.Root, s.gateway.Bucket)) })
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range keys {
		if at, ours := pathOf(key); ours {
			_, at, _ = storetest.Split(at)
			s.excused[at] = true
			if !slices.ContainsFunc(slices.Collect(maps.Values(s.live.names)), func(names []string) bool { return slices.Contains(names, at) }) {
				s.history.Lost(at)
			}
		}
	}
	return err
}

// lift ends the fault, if there is one.
func (s *storm) lift(t *testing.T) {
	t.Helper()
	if s.raging.name == "" {
		return
	}
	over := s.raging
	s.raging = fault{}
	var err error
	if s.disk != nil {
		err = s.disk.lift(over.disk)
	}
	if over.deleted {
		err = errors.Join(err, os.Mkdir(filepath.Join(s.gateway.Root, s.gateway.Bucket), 0o755))
	}
	if s.names != nil {
		s.names.set("")
	}
	if err = errors.Join(err, s.wire.set(fault{})); err != nil {
		t.Fatalf("end of %s: %v", over.name, err)
	}
	if over.disk == readOnly && s.orphans(t) > 0 {
		s.kill(t) // what the spool held before is found when the program starts
		s.program = s.launch(t)
	}
	s.calm(over.name, max(over.limit, recoveryLimit))
}

// possible returns the faults that can happen here.
func (s *storm) possible() []fault {
	return slices.DeleteFunc(faults(), func(f fault) bool { return !f.in(s.scenery) })
}

// kill gives the program no time for a last word.
func (s *storm) kill(t *testing.T) {
	t.Helper()
	s.disturb()
	s.program.signal(t, syscall.SIGKILL)
	s.program.exits(t, -1)
	s.past = append(s.past, s.program)
	s.program, s.unsteady = nil, true
	s.kills++
}

// revive starts the program again. It may be killed before it is at work.
func (s *storm) revive(t *testing.T) {
	t.Helper()
	s.program = s.launch(t)
	s.calm("kill", killedLimit)
}

// killEarly kills up to two programs that have hardly begun, with what they recover from the spool.
func (s *storm) killEarly(t *testing.T, random *rand.Rand) {
	t.Helper()
	for range random.IntN(3) {
		<-time.After(time.Duration(random.Int64N(int64(startTime))))
		s.kill(t)
		s.early++
		s.revive(t)
	}
}

func (s *storm) disturb() {
	s.interrupt(false)
	if n := len(s.calms); n > 0 && s.calms[n-1].to.IsZero() {
		s.calms[n-1].to = time.Now()
	}
}

// calm notes that nothing fails any more, if that is so. What was stored in the fault may have been ready
// for long, and the first publication need not be the last of the recovery.
func (s *storm) calm(after string, limit time.Duration) {
	if s.raging.name != "" || s.program == nil {
		return
	}
	s.resume()
	now := time.Now()
	s.calms = append(s.calms, calm{after: after, limit: limit, from: now})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notBefore = now.Add(limit)
}

// rage lets things happen at random moments for about that long: faults of the kinds, and kills.
func (s *storm) rage(t *testing.T, random *rand.Rand, last time.Duration, kinds []fault, kills bool) {
	t.Helper()
	over := time.After(last)
	for {
		select {
		case <-over:
			return
		case <-time.After(s.lull(random, len(kinds) > 0)):
		}
		// A program that starts without the directory, or cannot lock the spool, knows nothing of what it holds.
		away := s.raging.disk == unmounted || s.raging.disk == readOnly
		if kills && !away {
			s.tidy(t)
		}
		switch {
		case s.program == nil:
			s.revive(t)
			s.killEarly(t, random)
		case kills && !away && (len(kinds) == 0 || random.IntN(3) == 0):
			s.kill(t)
		case s.raging.name != "":
			s.lift(t)
		case len(kinds) > 0:
			s.begin(t, kinds[random.IntN(len(kinds))])
		}
	}
}

// lull returns how long to wait for the next thing to happen.
func (s *storm) lull(random *rand.Rand, faults bool) time.Duration {
	upTo := func(d time.Duration) time.Duration { return time.Duration(random.Int64N(int64(d))) }
	switch {
	case s.program == nil:
		return upTo(2 * time.Second)
	case s.raging.name != "" && random.IntN(8) == 0:
		return 5*time.Second + upTo(8*time.Second) // longer than a request is left alone
	case s.raging.name == "" && faults:
		return 2*time.Second + upTo(2*time.Second) // or nothing would be published
	}
	return 200*time.Millisecond + upTo(1800*time.Millisecond)
}

// mend ends what is wrong.
func (s *storm) mend(t *testing.T) {
	t.Helper()
	if s.program == nil {
		s.revive(t)
	}
	s.lift(t)
}

// ends stops the program as an operator does and has the stream judged, and how soon the live edge came back.
// It returns by kind of disturbance the longest time until the playlist that was newest at its end, or
// a newer one, was published.
func (s *storm) ends(t *testing.T) map[string]time.Duration {
	t.Helper()
	s.nameless()
	s.finish(t, s.program)
	s.programs = s.past
	for _, p := range append(s.past, s.program) {
		if strings.Contains(p.output(), "segment lost") {
			t.Errorf("the program gave segments up:\n%s", p.output())
		}
	}
	worst := map[string]time.Duration{}
	for _, c := range s.calms {
		lag, known := c.lag(s.listings())
		if !known {
			continue
		}
		worst[c.after] = max(worst[c.after], lag)
		if lag > c.limit {
			s.accuse(s.unsure("index.m3u8"), "the live edge was old for %s after the end of %s, want %s at most", lag, c.after, c.limit)
		}
	}
	for after, lag := range worst {
		t.Logf("the live edge was current %s after the end of: %s", lag.Round(time.Millisecond), after)
	}
	return worst
}

// nameless excuses segments that no playlist names, as none could be written when they were finished. A program that
// starts takes them for named while nobody looked, and ships them.
func (s *storm) nameless() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for at := range s.finished {
		if _, mentioned := s.mentions[at]; s.stretched && !mentioned {
			s.mentions[at], s.excused[at] = hls.Classify(at), true
		}
	}
}

// lag returns how long after its begin the live edge was where it should have been; known is false if the
// calm was too short to tell.
func (c calm) lag(listings []storetest.Listing) (lag time.Duration, known bool) {
	for _, l := range listings {
		if l.Listed.After(c.from) {
			continue
		}
		lag, known = 0, true
		switch {
		case l.Passed.IsZero(), !c.to.IsZero() && l.Passed.After(c.to):
			known = false
		case l.Passed.After(c.from):
			lag = l.Passed.Sub(c.from)
		}
	}
	return lag, known
}

// tidy deletes, in the packager's place, what no newest playlist names and a running program put into the spool: it
// must arrive whatever happens. What is deleted before any program saw it nobody can ship; ffmpeg would do
// that while the program is dead, and for how long it is depends on the machine.
func (s *storm) tidy(t *testing.T) {
	t.Helper()
	list, err := os.ReadFile(filepath.Join(s.dir, "index.m3u8"))
	if err != nil {
		return // there is none yet
	}
	for _, name := range s.spooled(t) {
		if strings.Contains(string(list), name) || s.recorded(name) == nil { // the program may be faster than the recorder
			continue
		}
		if err := os.Remove(filepath.Join(s.dir, name)); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
}

// orphans counts what only the spool has any more.
func (s *storm) orphans(t *testing.T) int {
	t.Helper()
	alone := 0
	for _, name := range s.spooled(t) {
		if _, err := os.Stat(filepath.Join(s.dir, name)); os.IsNotExist(err) {
			alone++
		}
	}
	return alone
}

// spooled returns the paths of what the spool holds because a playlist named it, without playlists.
func (s *storm) spooled(t *testing.T) []string {
	t.Helper()
	named := filepath.Join(s.spool, "named")
	var names []string
	err := filepath.WalkDir(named, func(at string, d fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil // stored meanwhile
		}
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(named, at[:strings.LastIndexByte(at, '@')])
		_, name, _ = storetest.Split(name)
		if !hls.Classify(name).IsPlaylist() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
