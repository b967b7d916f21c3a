package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/dustin/go-humanize"

	"github.com/hlsship/hlsship/state"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/watcher"
)

// stall is how long a loop may be silent until it counts as hanging. Its longest steps are those that wait
// for a disk.
const stall = 20 * time.Second

// supervisor knows whether the loops of the process turn and whether each watcher has begun, and tells the
// service manager (sd_notify). All of its methods may be called by several goroutines at once.
type supervisor struct {
	// began is closed once every watcher has scanned its directory.
	began chan struct{}
	// notify is daemon.SdNotify.
	notify func(unset bool, state string) (sent bool, err error)

	mu      sync.Mutex
	waiting map[string]bool // the channels whose watchers have not begun
	loops   map[*loop]struct{}
	queues  map[*queueing]struct{}
}

// loop is a goroutine that says once a second that it turns.
type loop struct {
	name string
	last time.Time
}

// newSupervisor returns the supervisor of a program that has begun once the channels of these names have.
func newSupervisor(channels ...string) *supervisor {
	s := &supervisor{
		began: make(chan struct{}), notify: daemon.SdNotify,
		waiting: map[string]bool{}, loops: map[*loop]struct{}{}, queues: map[*queueing]struct{}{},
	}
	for _, name := range channels {
		s.waiting[name] = true
	}
	return s
}

// supervised is what the two loops of a shipment hold while they are supervised.
type supervised struct {
	watcher  watcher.Observer
	uploader uploader.Observer
	// watching and uploading are the beats of the loops; watched says that watching has ended, end that both have.
	watching, uploading, watched, end func()
	// begun is closed once the watcher has.
	begun <-chan struct{}
}

// add adds a shipment of the channel of that name. The observers are told everything as well. A nil supervisor supervises
// for nobody.
func (s *supervisor) add(name string, w watcher.Observer, u uploader.Observer, dir, destination string) supervised {
	if s == nil {
		s = newSupervisor(name)
	}
	watching, watched := s.loop("watch " + dir)
	uploading, uploaded := s.loop("upload to " + destination)
	queue, begun := &queueing{Observer: u, s: s}, make(chan struct{})
	begin := sync.OnceFunc(func() {
		close(begun)
		s.begun(name)
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queues[queue] = struct{}{}
	return supervised{watcher: beginning{w, begin}, uploader: queue, begun: begun, watching: watching, uploading: uploading, watched: watched, end: func() {
		watched()
		uploaded()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.queues, queue)
	}}
}

// loop adds a loop, named by what it is to do, which is expected to call beat until it calls end.
func (s *supervisor) loop(name string) (beat, end func()) {
	l := &loop{name: name}
	beat = func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		l.last = time.Now()
	}
	beat()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loops[l] = struct{}{}
	return beat, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.loops, l)
	}
}

// hanging returns an error that names a loop that does not turn; nil if all do.
func (s *supervisor) hanging() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.loops {
		if quiet := time.Since(l.last); quiet > stall {
			return fmt.Errorf("the loop that is to %s has not turned for %v", l.name, quiet.Round(time.Second))
		}
	}
	return nil
}

// begun says that the channel's watcher has begun, or that nobody is to wait for that. Only the first time matters. A nil
// supervisor is told nothing.
func (s *supervisor) begun(name string) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.waiting[name] {
		return
	}
	delete(s.waiting, name)
	if len(s.waiting) == 0 {
		close(s.began)
	}
}

// beginning is a watcher.Observer that calls begun when the watcher has: after its first scan, or when its directory is
// not there yet.
type beginning struct {
	watcher.Observer
	begun func()
}

func (b beginning) Scanned(reason string, files int, took time.Duration) {
	b.Observer.Scanned(reason, files, took)
	b.begun()
}

func (b beginning) Watching(folders int, exact bool) {
	b.Observer.Watching(folders, exact)
	if folders == 0 {
		b.begun()
	}
}

// queueing is an uploader.Observer that keeps what the status line tells.
type queueing struct {
	uploader.Observer
	s       *supervisor
	waiting state.Backlog
	store   state.OfStore
}

func (q *queueing) Queue(inFlight int, waiting state.Backlog) {
	q.Observer.Queue(inFlight, waiting)
	q.s.mu.Lock()
	defer q.s.mu.Unlock()
	q.waiting = waiting
}

func (q *queueing) Store(s state.Store) {
	q.Observer.Store(s)
	q.s.mu.Lock()
	defer q.s.mu.Unlock()
	q.store = s.State
}

// reloading tells the service manager that the configuration is read again; what it returns, that this is done.
func (s *supervisor) reloading() (done func()) {
	if s == nil {
		return func() {}
	}
	select {
	case <-s.began:
	default: // "systemctl start" still waits for that
		return func() {}
	}
	_, _ = s.notify(false, daemon.SdNotifyReloading+"\n"+daemon.SdNotifyMonotonicUsec())
	return func() { _, _ = s.notify(false, daemon.SdNotifyReady) }
}

// status says in one line how it goes.
func (s *supervisor) status(scanning, draining bool) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var files int
	var bytes int64
	line := string(state.Running)
	switch {
	case scanning:
		line = string(state.Starting)
	case draining:
		line = string(state.Draining)
	}
	faults := map[state.OfStore]int{}
	for q := range s.queues {
		files, bytes = files+q.waiting.Files, bytes+q.waiting.Bytes
		faults[q.store]++
	}
	for _, fault := range []state.OfStore{state.Refusing, state.Unreachable} {
		switch n := faults[fault]; {
		case n > 0 && len(s.queues) == 1:
			line += fmt.Sprintf("; store %s", fault)
		case n > 0:
			line += fmt.Sprintf("; %d of %d stores %s", n, len(s.queues), fault)
		}
	}
	return fmt.Sprintf("%s; %d files (%s) wait", line, files, humanize.IBytes(uint64(max(bytes, 0))))
}

// run tells the service manager how it goes until ctx ends: that the program is ready, that it lives, once a
// second while all loops turn, that it stops, once soft ends, and how much waits. Without a service manager it
// does nothing.
func (s *supervisor) run(ctx, soft context.Context, logger *slog.Logger) error {
	sent, err := s.notify(false, "STATUS="+string(state.Starting))
	if err != nil {
		return fmt.Errorf("notify the service manager: %w", err)
	}
	if !sent {
		return nil
	}
	// A manager that goes away has nothing more to be told.
	tell := func(state string) { _, _ = s.notify(false, state) }
	second := time.NewTicker(time.Second)
	defer second.Stop()
	began, stopping, told, hung := s.began, soft.Done(), "", false
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-began:
			began = nil
			tell(daemon.SdNotifyReady)
		case <-stopping:
			stopping = nil
			tell(daemon.SdNotifyStopping)
		case <-second.C:
		}
		if err := s.hanging(); err != nil {
			if !hung {
				logger.Error("a loop hangs, and the service manager is not told that the program lives", "err", err)
			}
			hung = true
			continue
		}
		hung = false
		if began == nil {
			tell(daemon.SdNotifyWatchdog)
		} else { // a large directory takes its time
			tell(fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d", (2 * stall).Microseconds()))
		}
		if line := s.status(began != nil, stopping == nil); line != told {
			told = line
			tell("STATUS=" + line)
		}
	}
}
