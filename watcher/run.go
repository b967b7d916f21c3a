package watcher

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/hlsship/hlsship/hls"
)

const (
	// closing is how long the end waits for files that are just being closed.
	closing = 250 * time.Millisecond
	// linger is how long the end waits for events that the kernel has queued already, markTime where it can tell which is the
	// last of them.
	linger   = 5 * time.Millisecond
	markTime = 2 * time.Second
	// patience is how long the end waits for the receiver of facts.
	patience = 10 * time.Second
	// rootCheckTime is the longest time from one look at the directory's identity to the next.
	rootCheckTime = time.Second
	// backlog is the number of facts not yet taken at which scans pause.
	backlog = 1024
	// alarmsAtOnce bounds the alarms that ring before events are served again.
	alarmsAtOnce = 16
)

// run is the state of one call of Run. It is owned by the loop, which is the only goroutine that
// touches it.
type run struct {
	*Watcher
	dir   string
	facts chan<- hls.File
	out   []hls.File // facts not yet sent

	order *order // which facts may go out
	work  *work  // what may take long

	notifier  *fsnotify.Watcher
	rebuilt   time.Time // when the notifier was replaced last …
	broken    error     // … and why it is to be again; nil if it works
	arming    arming
	root      *os.Root // nil while the directory is missing
	rootID    fileID
	opened    bool   // the directory was there once
	missing   bool   // the log says that it is missing
	calling   bool   // a call runs, …
	callAgain func() // … and this one comes after it

	top       *folder
	folders   map[string]*folder // by path
	armed     map[*folder]bool   // folders that are watched …
	byID      map[fileID]*folder // … by identity
	passages  passages
	callings  callings
	scans     []*scan
	retrying  int             // files whose next look is a repeated probe
	open      int             // files that are kept open until they are finished
	unwatched bool            // the log says that folders cannot be watched
	remote    bool            // the log says that folders are on a file system that others write to
	deaf      int             // folders that are listed often, as the kernel does not tell of all that happens there
	warnings  int             // files that the log says are not shipped
	summed    map[string]bool // refusals of which one line tells for all files
	unclosed  int             // playlists that the log says stay open
	growths   uint64
	trouble   trouble
	waiting   memoryQueue
	ending    bool
	marking   bool // events that the kernel has queued may be missing

	queue                 queue
	rootCheck, rescan     alarm
	end                   alarm
	timer                 *time.Timer
	timerAt               time.Time
	ready                 chan struct{} // closed: always ready to receive from
	toldHolding, toldArms int
	toldWaiting           int
	told, toldExact       bool
	fatal                 error
}

func newRun(w *Watcher, facts chan<- hls.File) *run {
	r := &run{
		Watcher: w,
		dir:     w.config.Dir,
		facts:   facts,
		work:    newWork(),
		folders: make(map[string]*folder),
		armed:   make(map[*folder]bool),
		byID:    make(map[fileID]*folder),
		waiting: memoryQueue{files: make(map[*file]bool)},
		summed:  make(map[string]bool),
		timer:   time.NewTimer(rootCheckTime),
		ready:   make(chan struct{}),
	}
	close(r.ready)
	r.order = newOrder(r.push)
	r.top = r.newFolder(nil, "")
	r.rootCheck.do = r.checkRoot
	r.rescan.do = func() {
		r.queue.set(&r.rescan, time.Now().Add(r.config.Rescan))
		if r.root != nil {
			r.scan(hls.ScanTimer, r.top)
		}
	}
	r.end.do = func() {} // ringing wakes the loop, and that is all
	return r
}

// serve is the loop.
func (r *run) serve(ctx context.Context) error {
	r.arming = r.sys.arming(ctx)
	if r.arming.why != nil {
		r.config.Logger.Warn("closed files are not announced, the quiet rule decides",
			"settle", r.config.Settle, "err", r.arming.why)
	}
	if err := r.notify(); err != nil {
		return err
	}
	r.queue.set(&r.rescan, time.Now().Add(r.config.Rescan))
	r.checkRoot()
	for ctx.Err() == nil && r.fatal == nil {
		r.step(ctx.Done())
	}
	if r.fatal != nil {
		return r.fatal
	}
	return r.finish(context.WithoutCancel(ctx))
}

// finish is the end: the last scan, the last probes, the last facts.
func (r *run) finish(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r.ending = true
	r.queue.cancel(&r.rescan)
	if r.root != nil {
		r.scan(hls.ScanStop, r.top)
	}
	var scanned time.Time // when the scan was done
	for r.fatal == nil {
		if scanned.IsZero() && len(r.scans) == 0 && r.work.idle() {
			scanned = time.Now()
			r.mark()
		}
		if !scanned.IsZero() {
			wait := linger
			switch {
			case r.marking:
				wait = markTime
			case r.retrying > 0:
				wait = closing
			}
			waited := time.Since(scanned) >= wait
			if waited && r.work.idle() {
				r.order.conclude()
			}
			if waited && len(r.out) == 0 && r.work.idle() {
				r.tellUnfinished()
				return nil
			}
			if !waited {
				r.queue.set(&r.end, scanned.Add(wait))
			}
		}
		if ctx.Err() != nil {
			if len(r.out) > 0 {
				return fmt.Errorf("nobody took the last %d facts", len(r.out))
			}
			r.config.Logger.Warn("what is still looked at is left to the next start", "dir", r.dir,
				"cure", "look after the file system or the server that it is mounted from")
			return nil
		}
		r.step(ctx.Done())
	}
	return r.fatal
}

// step waits for one thing to happen and deals with it.
func (r *run) step(done <-chan struct{}) {
	var scanning <-chan struct{}
	if len(r.scans) > 0 && len(r.out) < backlog && !r.scans[0].waits() {
		scanning = r.ready
	}
	var facts chan<- hls.File
	var first hls.File
	if len(r.out) > 0 {
		facts, first = r.facts, r.out[0]
	}
	if at, ok := r.queue.next(); ok && !at.Equal(r.timerAt) {
		r.timerAt = at
		r.timer.Reset(time.Until(at))
	}
	select {
	case <-done:
		return
	case ev := <-r.notifier.Events:
		r.event(ev)
	case err := <-r.notifier.Errors:
		r.failed(err)
	case facts <- first:
		r.taken()
		r.sendMore()
	case <-r.timer.C:
		r.timerAt = time.Time{}
	case <-r.wake:
		r.lookAsked()
	case <-scanning:
		r.scanSlice()
	case j := <-r.work.ended:
		r.work.finished(j)
		j.task.deal(r)
	case <-r.waiting.freed:
		r.share()
	}
	now := time.Now()
	for range alarmsAtOnce {
		a := r.queue.due(now)
		if a == nil {
			break
		}
		a.do()
	}
	if err := r.broken; err != nil && time.Since(r.rebuilt) >= rootCheckTime {
		r.failed(err)
	}
	r.tell()
}

// taken says that the first fact was sent.
func (r *run) taken() {
	r.out[0] = hls.File{}
	if r.out = r.out[1:]; len(r.out) == 0 {
		r.out = nil
	}
}

// sendMore sends facts for as long as the channel has room for them.
func (r *run) sendMore() {
	for len(r.out) > 0 {
		select {
		case r.facts <- r.out[0]:
			r.taken()
		default:
			return
		}
	}
}

// push queues a fact that may go out. It never blocks, whatever the receiver does.
func (r *run) push(f hls.File) { r.out = append(r.out, f) }

// tell tells the observer what changed.
func (r *run) tell() {
	if n := r.held.count(); n != r.toldHolding {
		r.toldHolding = n
		r.config.Observer.Holding(n)
	}
	if n := len(r.waiting.files); n != r.toldWaiting {
		r.toldWaiting = n
		r.config.Observer.Waiting(n)
	}
	if n, exact := len(r.armed), r.arming.exact && r.deaf == 0; n != r.toldArms || exact != r.toldExact || !r.told {
		r.toldArms, r.toldExact, r.told = n, exact, true
		r.config.Observer.Watching(n, exact)
	}
}

// lookAsked looks at the files that Look was called for.
func (r *run) lookAsked() {
	for rel := range r.asked() {
		in, name := r.locate(rel)
		if in == nil {
			r.order.fill(r.order.take(rel, ofFile, nil), hls.File{Path: rel, State: hls.Gone}, true)
			continue
		}
		f := r.newFile(in, name)
		if f.silent {
			continue
		}
		f.told.forced, f.now().attempt = true, 0
		r.look(f)
	}
}

// failed deals with an error of the notifier.
func (r *run) failed(err error) {
	if errors.Is(err, fsnotify.ErrEventOverflow) {
		r.config.Logger.Warn("too many events at once, scanning the directory",
			"cure", "raise the sysctl fs.inotify.max_queued_events if this comes often", "err", err)
		r.call(hls.ScanOverflow)
		return
	}
	if time.Since(r.rebuilt) < rootCheckTime {
		r.fatal = fmt.Errorf("read events: %w", err)
		return
	}
	r.config.Logger.Warn("watching failed, beginning again", "err", err)
	r.lose()
	_ = r.notifier.Close()
	r.broken = nil
	if err := r.notify(); err != nil {
		r.fatal = err
		return
	}
	r.rebuilt = time.Now()
	r.call(hls.ScanOverflow)
}

// close lets go of everything but the sources that were handed out.
func (r *run) close() {
	r.timer.Stop()
	patient := time.NewTimer(patience)
	defer patient.Stop()
	r.work.close(patient.C)
	for _, f := range append(r.out, r.order.rest()...) {
		letGo(f)
	}
	for _, in := range r.folders {
		for _, f := range in.files {
			r.letClose(f)
			r.stopWaiting(f)
			for i, e := range f.read.editions {
				if i > 0 { // the first is a job's
					e.drop()
				}
			}
		}
	}
	r.lose()
	if r.notifier != nil {
		_ = r.notifier.Close() // it joins its goroutine; nothing can be done about an error
	}
}

// letGo releases what a fact holds that nobody takes.
func letGo(f hls.File) {
	if f.Source != nil {
		f.Source.Release()
	}
	f.Share.Release()
}
