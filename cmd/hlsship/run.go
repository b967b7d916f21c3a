package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/hlsship/hlsship/hls"
	"github.com/hlsship/hlsship/metrics"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/s3"
	"github.com/hlsship/hlsship/watcher"
)

// errDrainTimeout is the cause of a stop because draining took too long.
var errDrainTimeout = errors.New("the drain timeout passed")

// ship is the run command: it ships until a signal, then drains.
func (p program) ship(ctx context.Context, c config) error {
	logger := newLogger(p.stderr, c.logLevel, c.logJSON)
	if p.journal {
		logger = newJournalLogger(p.stderr, c.logLevel, c.logJSON)
	}
	hard, soft, stop := listen(ctx)
	defer stop()
	figures := metrics.New(p.build.version, p.build.commit)
	s := shipment{config: c, version: p.build.version, logger: logger, metrics: figures, observer: figures.Uploader()}
	s.supervisor = newSupervisor(1)
	var notifying group
	telling, stopTelling := context.WithCancel(context.WithoutCancel(ctx))
	notifying.start(nil, func() error { return s.supervisor.run(telling, soft, logger) })
	err := s.run(hard, soft)
	stopTelling()
	err = errors.Join(err, notifying.wait())
	if left, ok := errors.AsType[*uploader.Unshipped](err); ok {
		for _, name := range left.Files {
			logger.Error("file not shipped", "path", name)
		}
		logger.Error("stopped with files unshipped", "files", len(left.Files))
	}
	return err
}

// shipment is one directory on its way to one bucket.
type shipment struct {
	config  config
	version string
	logger  *slog.Logger
	metrics *metrics.Metrics
	// observer is told what the uploader does; usually it is metrics.Uploader().
	observer uploader.Observer
	// credentials are for a store that is not to be asked with the standard chain; zero is that chain.
	credentials s3.Credentials
	// supervisor, if set, is told that the loops turn.
	supervisor *supervisor
	// listening, if set, is told the address of the HTTP server before it is served.
	listening func(net.Addr)
}

// run ships until soft ends, then drains for at most the drain timeout, and returns nil once everything
// is shipped. When hard ends it stops at once. If files are left the error is an *uploader.Unshipped.
// Everything that run started has ended when it returns.
func (s shipment) run(hard, soft context.Context) error {
	c := s.config
	store, err := s.open(hard)
	if err != nil {
		return err
	}
	s.metrics.UplinkLimit(c.flow.uplinkLimit)
	kept, err := s.openSpool()
	if err != nil {
		return err
	}
	defer kept.close()
	ties := s.supervisor.tie(s.metrics.Watcher(), s.observer, c.dir, c.store.destination())
	defer ties.cut()
	// The watcher wants the uploader's facts channel, the uploader the watcher's Look.
	watch, err := watcher.New(watcher.Config{
		Dir: c.dir, Settle: c.settle, Rescan: c.rescan, Exclude: matcher(c.exclude), Pin: kept.pin,
		Logger: s.logger, Observer: ties.watcher, Beat: ties.watching,
	})
	if err != nil {
		return usageError{err}
	}
	upload, err := uploader.New(uploader.Config{
		Store: store, Prefix: c.store.keyPrefix(), Settle: c.settle, MaxLag: c.flow.maxLag, MinInterval: c.flow.minInterval,
		HoldWarn: c.flow.holdWarn, Workers: c.flow.workers, Conditional: c.store.conditional, Include: matcher(c.include),
		CacheControl: c.store.cacheControl, Budget: c.spool.budget, MaxAge: c.spool.age, Recovered: kept.recovered,
		Look: watch.Look, Logger: s.logger, Observer: ties.uploader, Beat: ties.uploading,
	})
	if err != nil {
		return usageError{err}
	}
	server, err := s.listen()
	if err != nil {
		return err
	}
	s.logger.Info("shipping", "dir", c.dir, "destination", c.store.destination(), "endpoint", c.store.endpoint,
		"region", c.store.region, "version", s.version)

	// Shipping may be cut off, watching ends before it, and what serves them outlives both.
	shipping, cutOff := context.WithCancelCause(hard)
	defer cutOff(nil)
	watching, stopWatching := context.WithCancel(shipping)
	defer stopWatching()
	serving, stopServing := context.WithCancel(context.WithoutCancel(hard))
	defer stopServing()

	var shippers, servers group
	facts := make(chan hls.File)
	shippers.start(stopWatching, func() error {
		defer ties.watched()
		if err := watch.Run(watching, facts); err != nil {
			return fmt.Errorf("watch %s: %w", c.dir, err)
		}
		return nil
	})
	shippers.start(stopWatching, func() error { return upload.Run(shipping, facts) })
	servers.start(stopWatching, func() error { return store.Run(serving) })
	servers.start(stopWatching, func() error { return kept.run(serving) })
	if server != nil {
		servers.start(stopWatching, func() error { return server.Serve(serving) })
	}
	servers.start(nil, func() error {
		select {
		case <-soft.Done():
			stopWatching()
		case <-watching.Done():
		}
		s.drain(serving, cutOff)
		return nil
	})

	err = shippers.wait()
	stopServing()
	err = errors.Join(err, servers.wait())
	if err == nil {
		s.logger.Info("everything is shipped")
	}
	return err
}

// drain lets shipping go on for the drain timeout and then cuts it off. It returns when ctx ends, which
// it does when shipping has.
func (s shipment) drain(ctx context.Context, cutOff context.CancelCauseFunc) {
	s.logger.Info("draining", "timeout", s.config.flow.drainTimeout)
	timer := time.NewTimer(s.config.flow.drainTimeout)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
		cutOff(errDrainTimeout)
	}
}

// open returns the store.
func (s shipment) open(ctx context.Context) (*s3.Store, error) {
	c := s.config.store
	addressing := s3.AddressingAuto
	if c.pathStyle {
		addressing = s3.AddressingPath
	}
	return s3.Open(ctx, s3.Config{
		Endpoint: c.endpoint, Region: c.region, Bucket: c.bucket, Addressing: addressing, Checksum: s3.Checksum(c.checksum),
		Credentials: s.credentials, Workers: s.config.flow.workers, UplinkLimit: s.config.flow.uplinkLimit,
		Version: s.version, Logger: s.logger,
	})
}

// listen returns the HTTP server, bound and not yet served; nil if there is to be none.
func (s shipment) listen() (*metrics.Server, error) {
	if s.config.httpListen == "" {
		return nil, nil
	}
	server := metrics.NewServer(s.metrics, s.config.dir+" to "+s.config.store.destination(), s.logger)
	addr, err := server.Listen(s.config.httpListen)
	if err != nil {
		return nil, err
	}
	s.logger.Info("listening for HTTP", "address", addr.String())
	if s.listening != nil {
		s.listening(addr)
	}
	return server, nil
}
