package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"time"

	"github.com/hlsship/hlsship/metrics"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/s3"
)

const (
	// handover is how long a channel may drain whose settings changed. It is short, as nobody watches its directory
	// meanwhile, and what is left is in the spool.
	handover = 2 * time.Second
	// restartAfter is when a channel is started again that failed, at first, and restartMost in the long run.
	restartAfter = time.Second
	restartMost  = time.Minute
)

// Why a channel stops while the others go on.
var (
	errReplaced = errors.New("the channel's settings changed")
	errRemoved  = errors.New("the channel was removed from the configuration")
)

// fleet ships the channels of a configuration. Each has a watcher, an uploader, a spool and a store of its own, and
// starts, fails and ends without the others. Its fields belong to the goroutine of run.
type fleet struct {
	config  config
	version string
	logger  *slog.Logger
	metrics *metrics.Metrics
	// level, unless nil, is the logger's.
	level *slog.LevelVar
	// supervisor, unless nil, is told that the loops turn.
	supervisor *supervisor
	// read, unless nil, reads the configuration anew, which is done for each of hangups and when files change.
	read    func() (config, error)
	hangups chan os.Signal
	// listening, if set, is told the address of the HTTP server before it is served.
	listening func(net.Addr)
	// observer, unless nil, is told what the uploaders do, instead of the metrics.
	observer uploader.Observer
	// credentials, unless zero, are used instead of those of the channels.
	credentials s3.Credentials

	files   *fileWatch
	voyages []*voyage
	ended   chan *voyage
	crew    group
}

// voyage is one run of a shipment.
type voyage struct {
	shipment
	// soft is the context whose end makes it drain, stop ends it.
	soft context.Context
	stop context.CancelCauseFunc
	// credentials are those that its store uses. They belong to the fleet, as they may change while it runs.
	credentials s3.Credentials
	// err is how it went, once done is closed.
	err  error
	done chan struct{}
	// began is when it did, failures counts those in a row.
	began    time.Time
	failures int
}

func newVoyage(s shipment) *voyage {
	return &voyage{shipment: s, credentials: s.channel.store.credentials}
}

func newFleet(c config, version string, logger *slog.Logger, figures *metrics.Metrics) *fleet {
	return &fleet{
		config: c, version: version, logger: logger, metrics: figures, hangups: make(chan os.Signal, 1),
		files: newFileWatch(logger), ended: make(chan *voyage),
	}
}

// run ships all channels until soft ends, then drains each for at most its drain timeout, and returns nil once
// everything is shipped. When hard ends it stops at once. If files are left the error holds an
// *uploader.Unshipped. It fails at once if one of the channels cannot begin. Everything that run started has ended
// when it returns.
func (f *fleet) run(hard, soft context.Context) error {
	soft, stop := context.WithCancel(soft)
	defer stop()
	serving, stopServing := context.WithCancel(context.WithoutCancel(hard))
	defer stopServing()
	first, err := f.begin(hard)
	if err != nil {
		return err
	}
	server, err := f.listen()
	if err != nil {
		for _, o := range first {
			o.close()
		}
		return err
	}
	var servers group
	if server != nil {
		servers.start(stop, func() error { return server.Serve(serving) })
	}
	if f.read != nil {
		f.files.watch(f.config.files())
		servers.start(stop, func() error { return f.files.run(serving) })
	}
	for _, o := range first {
		f.launch(hard, soft, newVoyage(o.shipment), o, 0)
	}
	err = f.attend(hard, soft)
	f.crew.running.Wait()
	stopServing()
	if err = errors.Join(err, servers.wait()); err == nil {
		f.logger.Info("everything is shipped")
	}
	return err
}

// begin takes hold of every directory, or of none.
func (f *fleet) begin(ctx context.Context) ([]*opened, error) {
	var all []*opened
	var errs []error
	for _, c := range f.config.channels {
		s, err := f.shipment(ctx, c)
		var o *opened
		if err == nil {
			o, err = s.begin()
		}
		if err != nil {
			errs = append(errs, c.failed(err))
			continue
		}
		all = append(all, o)
	}
	if len(errs) == 0 {
		return all, nil
	}
	for _, o := range all {
		o.close()
	}
	return nil, errors.Join(errs...)
}

// failed names the channel that an error is about, if it has a name.
func (c channel) failed(err error) error {
	if err == nil || c.name == "" {
		return err
	}
	return fmt.Errorf("channel %s: %w", c.name, err)
}

// shipment returns that of a channel, with a store that has credentials.
func (f *fleet) shipment(ctx context.Context, c channel) (shipment, error) {
	logger := f.logger
	if c.name != "" {
		logger = logger.With("channel", c.name)
	}
	store, err := c.open(ctx, f.credentials, f.version, logger)
	return shipment{
		channel: c, channels: len(f.config.channels), started: f.config.started, version: f.version, logger: logger, store: store, observer: f.observer,
		supervisor: f.supervisor, metrics: func(title string) *metrics.Channel { return f.metrics.Channel(c.name, title) },
	}, err
}

// launch runs v once those have ended that are in its way, and after the pause. o is what it begins with, if it has
// begun.
func (f *fleet) launch(hard, soft context.Context, v *voyage, o *opened, pause time.Duration) {
	var before []*voyage
	for _, other := range f.voyages {
		if v.channel.name == other.channel.name || len(v.channel.collides(other.channel, v.started)) > 0 {
			before = append(before, other)
		}
	}
	v.done = make(chan struct{})
	v.soft, v.stop = context.WithCancelCause(soft)
	f.voyages = append(f.voyages, v)
	f.crew.start(nil, func() error {
		v.err = v.sail(hard, before, o, pause)
		v.report() // before another begins with what is left
		close(v.done)
		f.ended <- v // attend receives until there is none left
		return nil
	})
}

// sail waits for what launch says and runs the shipment. Those before it end soon, as they were told to stop.
func (v *voyage) sail(hard context.Context, before []*voyage, o *opened, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-v.soft.Done(): // what is there is shipped all the same
	}
	for _, other := range before {
		select {
		case <-other.done:
		case <-hard.Done():
			<-other.done // which ends it as well
		}
	}
	if v.replaced() || v.removed() {
		return nil
	}
	if o == nil {
		var err error
		if o, err = v.begin(); err != nil {
			return err
		}
	}
	v.began = time.Now()
	return o.run(hard, v.soft)
}

// attend takes care of the voyages until there are none, and returns the errors of those with which the program
// ends.
func (f *fleet) attend(hard, soft context.Context) error {
	var errs []error
	for len(f.voyages) > 0 {
		select {
		case v := <-f.ended:
			f.voyages = slices.DeleteFunc(f.voyages, func(other *voyage) bool { return other == v })
			errs = append(errs, f.settle(hard, soft, v))
		case <-f.hangups:
			f.reload(hard, soft)
		case <-f.files.changed:
			f.reload(hard, soft)
		}
	}
	return errors.Join(errs...)
}

// report logs what a voyage that has ended leaves behind.
func (v *voyage) report() {
	left, unshipped := errors.AsType[*uploader.Unshipped](v.err)
	switch {
	case unshipped && v.replaced() && !v.channel.spool.off:
		v.logger.Info("files wait in the spool for the channel's new settings", "files", len(left.Files))
	case unshipped:
		for _, name := range left.Files {
			v.logger.Error("file not shipped", "path", name)
		}
		v.logger.Error("stopped with files unshipped", "files", len(left.Files))
	case v.err != nil && (v.replaced() || v.removed()):
		v.logger.Error("channel ended with an error", "err", v.err)
	}
}

// replaced reports whether the channel goes on with other settings.
func (v *voyage) replaced() bool { return errors.Is(context.Cause(v.soft), errReplaced) }

// removed reports whether the channel is no longer configured.
func (v *voyage) removed() bool { return errors.Is(context.Cause(v.soft), errRemoved) }

// settle decides what follows from the end of v. The error is one with which the program ends.
func (f *fleet) settle(hard, soft context.Context, v *voyage) error {
	defer v.stop(nil) // until then a reload may still replace or remove it
	switch {
	case v.removed():
		if !slices.ContainsFunc(f.voyages, func(other *voyage) bool { return other.channel.name == v.channel.name }) {
			f.metrics.Remove(v.channel.name)
		}
		return nil
	case v.replaced():
		return nil
	case v.err == nil || soft.Err() != nil || len(f.config.channels) == 1:
		return v.channel.failed(v.err)
	}
	again := &voyage{shipment: v.shipment, credentials: v.credentials, failures: v.failures + 1}
	if !v.began.IsZero() && time.Since(v.began) > restartMost {
		again.failures = 1
	}
	pause := min(restartAfter<<min(again.failures-1, 10), restartMost)
	v.logger.Error("channel failed, it is started again", "err", v.err, "pause", pause)
	f.launch(hard, soft, again, nil, pause)
	return nil
}

// listen returns the HTTP server, bound and not yet served; nil if there is to be none.
func (f *fleet) listen() (*metrics.Server, error) {
	if f.config.httpListen == "" {
		return nil, nil
	}
	server := metrics.NewServer(f.metrics, f.logger)
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
