package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/metrics"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/headers"
	"github.com/hlsship/hlsship/uploader/hedge"
	"github.com/hlsship/hlsship/uploader/s3"
	"github.com/hlsship/hlsship/uploader/uplink"
	"github.com/hlsship/hlsship/watcher"
)

// errDrainTimeout is the cause of a stop because draining took too long.
var errDrainTimeout = errors.New("the drain timeout passed")

// ship is the run command: it ships until a signal, then drains. read reads the configuration again.
func (p program) ship(ctx context.Context, c config, read func() (config, error)) error {
	level := &slog.LevelVar{}
	level.Set(c.logLevel)
	logger, lines := queuedLog(p.stderr, func(w io.Writer) *slog.Logger { //nolint:misspell // the name of the interface
		if p.journal {
			return newJournalLogger(w, level, c.logJSON)
		}
		return newLogger(w, level, c.logJSON)
	})
	defer lines.close()
	for _, d := range c.deprecated {
		logger.Warn("setting is deprecated", "setting", d.origin, "cure", "write "+d.instead+" instead")
	}
	for _, o := range c.overridden {
		logger.Warn("a variable wins over the configuration file", "variable", o.variable, "file", o.file,
			"cure", "unset the variable, or take the setting out of the file")
	}
	hard, asked, stop := listen(ctx)
	defer stop()
	f := newFleet(c, p.build, logger, metrics.New(p.build.version, p.build.commit))
	f.metrics.Log(lines.droppedLines)
	var names []string
	for _, one := range c.channels {
		names = append(names, one.name)
	}
	f.level, f.supervisor = level, newSupervisor(names...)
	f.env = variables(p.environ)
	_, told := f.env["GOMEMLIMIT"]
	f.memory = account(c.memoryBudget, os.DirFS("/"), told, logger)
	f.metrics.Memory(f.memory)
	if c.path != "" {
		// Without a file a hangup has its usual meaning, so that the program ends with its terminal.
		f.read = read
		signal.Notify(f.hangups, syscall.SIGHUP)
		defer signal.Stop(f.hangups)
	}
	var notifying group
	telling, stopTelling := context.WithCancel(context.WithoutCancel(ctx))
	soft, packaged := p.start(hard, asked, f, logger)
	notifying.start("notify the service manager", nil, func() error { return f.supervisor.run(telling, soft, logger) })
	if _, told := f.env["GOGC"]; !told {
		notifying.start("bound garbage", nil, func() error { return boundGarbage(telling) })
	}
	err := f.run(hard, soft)
	stopTelling()
	return errors.Join(packaged(err), err, notifying.wait())
}

// start starts the packager, if there is one, once all directories of f have been scanned. soft ends when the packager has, and
// without one when asked does. packaged ends the packager if it still runs, and returns the error with which it ended by itself, or
// as it was asked to; err is that of f.
func (p program) start(hard, asked context.Context, f *fleet, logger *slog.Logger) (soft context.Context, packaged func(err error) error) {
	if p.packager == nil {
		return asked, func(error) error { return nil }
	}
	soft, drain := context.WithCancel(hard)
	asked, ask := context.WithCancelCause(asked)
	one := child{argv: p.packager, stdin: p.stdin, stdout: p.stdout, stderr: p.stderr, relayed: otherSignals(), logger: logger}
	if f.read == nil {
		one.relayed = append(one.relayed, syscall.SIGHUP)
	}
	var running group
	running.start("packager", nil, func() error {
		defer drain()
		return one.run(hard, asked, f.supervisor.began)
	})
	return soft, func(err error) error {
		ask(nil)
		ended := running.wait()
		if _, ok := errors.AsType[*uploader.Unshipped](err); err != nil && !ok {
			return nil // it is hlsship that failed
		}
		return ended
	}
}

// shipment is one channel on its way.
type shipment struct {
	channel channel
	// channels is how many there are, leave where all of them keep files, which are nothing to be shipped.
	channels int
	leave    []string
	// started is when the process was.
	started time.Time
	build   build
	logger  *slog.Logger
	// connect returns a store, whose keys may be late.
	connect func(ctx context.Context) (*s3.Store, error)
	// enter is told what runs of it by name; what it returns, that this has ended.
	enter func(name string) (left func())
	// metrics makes the channel's metrics, told what is shipped where.
	metrics func(title string) *metrics.Channel
	// observer, unless nil, is told what the uploader does; usually the metrics are.
	observer uploader.Observer
	// memory is the account of the playlists of all channels; nil bounds nothing.
	memory *hls.Account
	// supervisor, unless nil, is told that the loops turn.
	supervisor *supervisor
	// helm, unless nil, is told how the channel does.
	helm *helm
	// outage is what the channels of one store tell the log of its faults together; nil for one alone.
	outage *uploader.Outage
	// quiet has no line logged for each file that is stored.
	quiet bool
}

// opened is a shipment that is about to run.
type opened struct {
	shipment
	// settled is the shipment's channel with the prefix of this run.
	settled channel
	store   *s3.Store
	kept    keeping
	loops   supervised
	watch   *watcher.Watcher
	upload  *uploader.Uploader
	hedger  *hedge.Hedger // nil if every PUT is sent once
}

// open returns the channel's store. credentials, unless zero, are used instead of the channel's.
func (c channel) open(ctx context.Context, credentials s3.Credentials, version string, logger *slog.Logger) (*s3.Store, error) {
	described := c.bucket(version)
	if credentials != (s3.Credentials{}) {
		described.Credentials = credentials
	}
	described.Logger = logger
	return s3.Open(ctx, described)
}

// root is what the stream in the root of the channel's directory is called.
func (c channel) root() string {
	whole, err := filepath.Abs(c.dir)
	if err != nil {
		whole = c.dir
	}
	return filepath.Base(whole)
}

// bucket describes the channel's bucket to the store.
func (c channel) bucket(version string) s3.Config {
	return s3.Config{
		Endpoint: c.store.endpoint, Region: c.store.region, Bucket: c.store.bucket, Addressing: c.store.addressing,
		Checksum: s3.Checksum(c.store.checksum), SignedPayload: c.store.signed, RequestPayer: c.store.payer, TLS: c.store.tls,
		Credentials: c.store.credentials, Workers: c.connections(), Version: version,
	}
}

// connections is how many requests there may be at once.
func (c channel) connections() int {
	if c.flow.hedge {
		return c.flow.workers + hedge.Spare
	}
	return c.flow.workers
}

// open takes hold of the directory. The caller runs or closes what it returns.
func (s shipment) open(store *s3.Store) (o *opened, err error) {
	c := s.channel
	figures := s.metrics(c.dir)
	kept, err := openSpool(c, s.channels, s.memory, s.logger, figures.Spool())
	if err != nil {
		return nil, err
	}
	held := supervised{end: func() {}}
	defer func() {
		if o == nil { // by an error or by a panic
			held.end()
			kept.close()
		}
	}()
	unique := c.store.perRun()
	c.store = c.store.at(kept.start(c.store, s.started))
	figures = s.metrics(c.dir + " to " + c.store.destination())
	figures.UplinkLimit(c.flow.uplinkLimit)
	figures.Lacking(store.Lacking)
	observer := s.observer
	if observer == nil {
		observer = figures.Uploader()
	}
	held = s.supervisor.add(c.name, s.helm.watched(figures.Watcher()), s.helm.uploads(observer), c.dir, c.store.destination())
	notes, noted := kept.notes(c.store)
	// The watcher wants the uploader's facts channel, the uploader the watcher's Look.
	watch, err := watcher.New(watcher.Config{
		Dir: c.dir, Settle: c.settle, Rescan: c.rescan, Exclude: matcher(c.exclude), LongestPath: uploader.LongestPath(c.store.keyPrefix()),
		Leave: s.leave, Site: c.store.site(), Pin: kept.pin, Spare: kept.spare, Torn: kept.torn, Noted: noted,
		Memory: s.memory, Logger: s.logger, Observer: held.watcher, Beat: held.watching,
	})
	if err != nil {
		return nil, usageError{err}
	}
	var hedger *hedge.Hedger
	if c.flow.hedge {
		hedger = hedge.New(hedge.Config{Observer: figures.Hedges(), Logger: s.logger})
	}
	upload, err := uploader.New(uploader.Config{
		Store: hedger.Hedge(uplink.New(c.flow.uplinkLimit).Limit(store)), Prefix: c.store.keyPrefix(), Root: c.root(), Quiet: s.quiet, Site: c.store.site(), Settle: c.settle, MaxLag: c.flow.maxLag, MinInterval: c.flow.minInterval, Continuous: c.lists.sessions(), EndDelay: c.lists.endDelay, Record: c.lists.recordings(), Tapes: kept.tapes(c.store, c.lists),
		HoldWarn: c.flow.holdWarn, Workers: c.flow.workers, Conditional: c.store.conditional, Include: matcher(c.include),
		Headers: headers.Config{CacheControl: c.store.cacheControl, Further: c.store.headers, Unique: unique},
		Budget:  c.budget(s.channels), MaxAge: c.spool.age, Recovered: kept.recovered, Late: kept.late,
		Notes: notes, Memory: s.memory,
		Look: watch.Look, Scanned: held.begun, Logger: s.logger, Observer: held.uploader, Beat: held.uploading, Outage: s.outage,
	})
	if err != nil {
		return nil, usageError{err}
	}
	return &opened{shipment: s, settled: c, store: store, kept: kept, loops: held, watch: watch, upload: upload, hedger: hedger}, nil
}

// close lets go of the directory.
func (o *opened) close() {
	defer o.enter("let go of " + o.channel.dir)()
	o.loops.end()
	o.kept.close()
}

// run ships until soft ends, then drains, and returns nil once everything is shipped. When hard ends it stops at
// once. If files are left the error is an *uploader.Unshipped. Everything that run started has ended when it
// returns.
func (o *opened) run(hard, soft context.Context) error {
	defer o.close()
	c := o.settled
	o.logger.Info("shipping", "dir", c.dir, "destination", c.store.destination(), "endpoint", c.store.endpoint,
		"region", o.store.Region(), "version", o.build.version, "commit", o.build.commit)

	// Shipping may be cut off, watching ends before it, and what serves them outlives both.
	shipping, cutOff := context.WithCancelCause(hard)
	defer cutOff(nil)
	watching, stopWatching := context.WithCancel(shipping)
	defer stopWatching()
	serving, stopServing := context.WithCancel(context.WithoutCancel(hard))
	defer stopServing()

	shippers, servers := group{enter: o.enter}, group{enter: o.enter}
	facts := make(chan hls.File, 64) // so that the many facts of a scan cost few changes between two goroutines
	shippers.start("watch "+c.dir, stopWatching, func() error {
		defer o.loops.watched()
		if err := o.watch.Run(watching, facts); err != nil {
			return fmt.Errorf("watch %s: %w", c.dir, err)
		}
		return nil
	})
	shippers.start("upload to "+c.store.destination(), stopWatching, func() error { return o.upload.Run(shipping, facts) })
	servers.start("renew the keys", stopWatching, func() error { return o.store.Run(serving) })
	servers.start("end PUTs that were answered by others", stopWatching, func() error { return o.hedger.Run(serving) })
	servers.start("serve the spool", stopWatching, func() error { return o.kept.run(serving) })
	servers.start("drain", nil, func() error {
		select {
		case <-soft.Done():
			stopWatching()
		case <-watching.Done():
		}
		o.drain(serving, soft, cutOff)
		return nil
	})

	err := shippers.wait()
	stopServing()
	if err = errors.Join(err, servers.wait()); err == nil && !errors.Is(context.Cause(soft), errReplaced) {
		o.kept.end()
	}
	return err
}

// drain lets shipping go on for a time and then cuts it off. It returns when ctx ends, which it does when
// shipping has.
func (o *opened) drain(ctx, soft context.Context, cutOff context.CancelCauseFunc) {
	timeout := o.channel.flow.drainTimeout
	goesOn := soft.Err() == nil || errors.Is(context.Cause(soft), errReplaced) // with another watcher, for which it must not wait
	if goesOn && !o.channel.spool.off {
		timeout = min(timeout, handover)
	}
	if soft.Err() != nil {
		o.helm.steer(func(c *course, now time.Time) { c.drains(now.Add(timeout), now) })
	}
	o.logger.Info("draining", "timeout", timeout)
	end := time.Now().Add(timeout)
	timer, progress := time.NewTimer(timeout), time.NewTicker(progressEvery)
	defer timer.Stop()
	defer progress.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
			cutOff(errDrainTimeout)
			return
		case <-progress.C:
			w := o.helm.waiting()
			o.logger.Info("still draining", "files", w.Files, "bytes", w.Bytes, "time_left", time.Until(end).Round(time.Second))
		}
	}
}

// progressEvery is how often the log is told how far draining is.
const progressEvery = 5 * time.Second
