package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/metrics"
	"github.com/hlsship/hlsship/state"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/s3"
)

const (
	// handover is how long a channel may drain whose settings changed, or whose watcher failed. It is short, as nobody watches
	// its directory meanwhile, and what is left is in the spool.
	handover = 2 * time.Second
	// restartAfter is when a channel is started again that failed, at first, and restartMost in the long run.
	restartAfter = time.Second
	restartMost  = time.Minute
	// patience is how long what was told to end may take beyond the time that it has for draining. It is less than
	// the slack that the units, the chart and the compose file leave, so that what hangs is named before a kill.
	patience = 3 * time.Second
)

// Why a channel stops while the others go on.
var (
	errReplaced = errors.New("the channel's settings changed")
	errRemoved  = errors.New("the channel was removed from the configuration")
)

// fleet ships the channels of a configuration. Each has a watcher, an uploader, a spool and a store of its own, and
// starts, fails and ends without the others. Its fields belong to the goroutine of run, then to that of supervise.
type fleet struct {
	config  config
	build   build
	logger  *slog.Logger
	metrics *metrics.Metrics
	// level, unless nil, is the logger's.
	level *slog.LevelVar
	// supervisor, unless nil, is told that the loops turn.
	supervisor *supervisor
	// read, unless nil, reads the configuration again, which is done for each of hangups and when files change.
	read    func() (config, error)
	hangups chan os.Signal
	// listening, if set, is told the address of the HTTP server before it is served.
	listening func(net.Addr)
	// observer, unless nil, is told what the uploaders do, instead of the metrics.
	observer uploader.Observer
	// credentials, unless zero, are used instead of those of the channels.
	credentials s3.Credentials
	// env are the variables of the process, which may name files with keys.
	env map[string]string
	// memory is the account of the playlists of all channels; nil bounds nothing.
	memory *hls.Account
	// patience is the constant of that name.
	patience time.Duration

	// outages has the faults of each store, which its channels tell the log together, by outageKey.
	outages map[string]*uploader.Outage

	helms helms
	files *fileWatch
	runs  []*channelRun
	ended chan *channelRun
	// roster has what runs, longest how long the slowest of it may drain, as a time.Duration. Both are for all goroutines.
	roster  roster
	longest atomic.Int64
}

func newFleet(c config, build build, logger *slog.Logger, figures *metrics.Metrics) *fleet {
	return &fleet{
		config: c, build: build, logger: logger, metrics: figures, hangups: make(chan os.Signal, 1), patience: patience,
		files: newFileWatch(logger), ended: make(chan *channelRun), outages: map[string]*uploader.Outage{},
	}
}

// run ships until soft ends and everything is shipped, or until hard ends, which stops it at once. A channel that fails, at the
// start or later, is started again while the others go on; the error of the only one is an error. Everything that run
// started has ended when it returns, but for what hangs: that is named in the error.
func (f *fleet) run(hard, soft context.Context) error {
	soft, stop := context.WithCancel(soft)
	defer stop()
	serving, stopServing := context.WithCancel(context.WithoutCancel(hard))
	defer stopServing()
	for _, c := range f.config.channels {
		f.metrics.Channel(c.name, c.dir) // else who asks early takes those that have begun for all
	}
	server, err := f.listen()
	if err != nil {
		return err
	}
	servers := group{enter: f.roster.enter}
	if server != nil {
		servers.start("serve HTTP", stop, func() error { return server.Serve(serving) })
	}
	if f.read != nil {
		f.files.watch(f.config.files())
		servers.start("watch the configuration", stop, func() error { return f.files.run(serving) })
	}
	for _, c := range f.config.channels {
		f.launch(hard, soft, newChannelRun(f.shipment(c, f.config), nil), 0)
	}
	err = f.await(hard, soft, func() error {
		err := f.supervise(hard, soft, stop)
		stop()
		stopServing()
		return errors.Join(err, servers.wait())
	})
	if err == nil {
		f.logger.Info("everything is shipped")
	}
	return err
}

// await calls act and returns its error, or one that names what hangs, when act has not ended though it should have: some time
// after draining, which soft's end begins, or after hard's end. The process then ends without it.
func (f *fleet) await(hard, soft context.Context, act func() error) error {
	done := make(chan error, 1)
	go func() { done <- guarded(act) }()
	asked, cutOff := soft.Done(), hard.Done()
	overdue := time.NewTimer(0)
	overdue.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-asked:
			asked = nil
			overdue.Reset(time.Duration(f.longest.Load()) + f.patience)
		case <-cutOff:
			asked, cutOff = nil, nil
			overdue.Reset(f.patience)
		case <-overdue.C:
			names := f.roster.list()
			f.logger.Error("something hangs, and the process ends without it", "not_ended", names,
				"cure", "see whether the directory, the spool or a file of the settings lies on a file system that does not answer")
			return fmt.Errorf("not ended %v after it should have: %s", f.patience, strings.Join(names, ", "))
		}
	}
}

// failed names the channel that an error is about, if it has a name.
func (c channel) failed(err error) error {
	if err == nil || c.name == "" {
		return err
	}
	return fmt.Errorf("channel %s: %w", c.name, err)
}

// shipment returns that of a channel of a configuration.
func (f *fleet) shipment(c channel, of config) shipment {
	logger := f.logger
	if c.name != "" {
		logger = logger.With("channel", c.name)
	}
	outage := f.outages[c.store.outageKey()]
	if outage == nil {
		outage = new(uploader.Outage)
		f.outages[c.store.outageKey()] = outage
	}
	credentials, build, figures, env := f.credentials, f.build, f.metrics, f.env
	warn := sync.OnceFunc(func() { c.warnOfKeys(env, logger) })
	return shipment{
		channel: c, channels: len(of.channels), leave: of.spoolFolders(), started: f.config.started, build: build, logger: logger, observer: f.observer, memory: f.memory,
		enter: func(what string) func() {
			if c.name != "" {
				what = "channel " + c.name + ": " + what
			}
			return f.roster.enter(what)
		},
		quiet:      f.config.quiet,
		outage:     outage,
		helm:       f.helms.of(c.name, func(s state.Channel) { figures.State(c.name, s) }),
		supervisor: f.supervisor, metrics: func(title string) *metrics.Channel { return figures.Channel(c.name, title) },
		connect: func(ctx context.Context) (*s3.Store, error) {
			if credentials == (s3.Credentials{}) {
				warn()
			}
			return c.open(ctx, credentials, build.version, logger)
		},
	}
}

// launch runs r once those have ended that are in its way, and after the pause.
func (f *fleet) launch(hard, soft context.Context, r *channelRun, pause time.Duration) {
	var before []*channelRun
	for _, other := range f.runs {
		if r.channel.name == other.channel.name || len(r.channel.collides(other.channel, r.started)) > 0 {
			before = append(before, other)
		}
	}
	r.soft, r.stop = context.WithCancelCause(soft)
	f.runs = append(f.runs, r)
	f.longest.Store(max(f.longest.Load(), int64(r.channel.flow.drainTimeout)))
	go func() {
		r.err = guarded(func() error { return r.run(hard, before, pause) })
		r.report() // before another begins with what is left
		close(r.done)
		f.ended <- r // supervise receives until there is none left
	}()
}

// supervise takes care of the runs until there are none, and returns the errors of those with which the program
// ends. stop ends soft.
func (f *fleet) supervise(hard, soft context.Context, stop context.CancelFunc) error {
	var errs []error
	for len(f.runs) > 0 {
		select {
		case r := <-f.ended:
			f.runs = slices.DeleteFunc(f.runs, func(other *channelRun) bool { return other == r })
			err := f.settle(hard, soft, r)
			if _, ok := errors.AsType[usageError](err); ok {
				stop()
			}
			errs = append(errs, err)
		case <-f.hangups:
			f.reload(hard, soft)
		case <-f.files.changed:
			f.reload(hard, soft)
		}
	}
	return errors.Join(errs...)
}

// settle decides what follows from the end of r. The error is one with which the program ends.
func (f *fleet) settle(hard, soft context.Context, r *channelRun) error {
	defer r.stop(nil) // until then a reload may still replace or remove it
	_, usage := errors.AsType[usageError](r.err)
	switch {
	case r.removed():
		if !slices.ContainsFunc(f.runs, func(other *channelRun) bool { return other.channel.name == r.channel.name }) {
			f.metrics.Remove(r.channel.name)
			f.helms.forget(r.channel.name)
		}
		return nil
	case r.replaced():
		return nil
	case r.err == nil || soft.Err() != nil || len(f.config.channels) == 1 || usage:
		r.helm.steer((*course).ended)
		return r.channel.failed(r.err)
	}
	again := newChannelRun(r.shipment, r.store.Load())
	again.credentials, again.failures = r.credentials, r.failures+1
	again.leave = f.config.spoolFolders() // those of now
	if !r.began.IsZero() && time.Since(r.began) > restartMost {
		again.failures = 1
	}
	pause := min(restartAfter<<min(again.failures-1, 10), restartMost)
	r.logger.Error("channel failed, it is started again", "err", r.err, "pause", pause, "cure", failureCure(r.err))
	r.helm.steer(func(c *course, now time.Time) {
		c.failed(r.err.Error(), failureCure(r.err), again.failures, now.Add(pause), now)
	})
	f.supervisor.begun(r.channel.name) // it keeps nobody from being ready
	f.launch(hard, soft, again, pause)
	return nil
}

// listen returns the HTTP server, bound and not yet served; nil if there is to be none.
func (f *fleet) listen() (*metrics.Server, error) {
	if f.config.httpListen == "" {
		return nil, nil
	}
	server := metrics.NewServer(f.metrics, f.logger)
	server.WebConfig = f.config.webConfig
	if f.supervisor != nil {
		server.Alive = f.supervisor.hanging
	}
	addr, err := server.Listen(f.config.httpListen)
	if err != nil {
		return nil, err
	}
	f.logger.Info("listening for HTTP", "address", addr.String())
	if f.listening != nil {
		f.listening(addr)
	}
	return server, nil
}
