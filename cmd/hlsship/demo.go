package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/hlsship/hlsship/metrics"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/s3"
)

const (
	demoBucket   = "demo"
	demoPrefix   = "live"
	demoPlaylist = "live.m3u8"
)

func (p program) demoCommand() *cli.Command {
	return &cli.Command{
		Name: "demo", Usage: "a live stream, an embedded S3 and a player, on loopback", HideHelpCommand: true, OnUsageError: refuse,
		CustomHelpTemplate: escape(`hlsship demo - see hlsship at work, with nothing but this program

Usage:
  hlsship demo [--listen ADDRESS] [--no-ffmpeg]

Makes a live stream in a temporary folder, ships it to an S3 server inside this process, and serves a
page that plays it from there, beside figures of the latency. A button kills the packager, which begins
again at 0: the player goes on. Ctrl-C stops it and leaves nothing behind.

  --listen ADDRESS           address of the page (default 127.0.0.1:0, a free port)
  --no-ffmpeg                play the embedded clip though ffmpeg is installed
  --log-level LEVEL          least level that is logged: debug, info, warn, error (default warn)
`),
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "listen", Value: "127.0.0.1:0"},
			&cli.BoolFlag{Name: "no-ffmpeg"},
			&cli.StringFlag{Name: "log-level", Value: "warn"},
		},
		Action: func(c *cli.Context) error {
			var level slog.Level
			if err := level.UnmarshalText([]byte(c.String("log-level"))); err != nil {
				return usageError{fmt.Errorf("--log-level: %w", err)}
			}
			if c.NArg() > 0 {
				return usageError{errors.New("demo takes no arguments")}
			}
			d := demo{program: p, logger: newLogger(p.stderr, level, false), noFFmpeg: c.Bool("no-ffmpeg"), kills: make(chan struct{})}
			return d.run(c.Context, c.String("listen"))
		},
	}
}

// demo is one run of the demo.
type demo struct {
	program
	logger   *slog.Logger
	noFFmpeg bool
	figures  *figures
	bucket   *bucket
	kills    chan struct{} // what the page sends to have the packager killed
}

// say writes one line for the person at the terminal.
func (d demo) say(format string, args ...any) {
	_, _ = fmt.Fprintf(d.stdout, format+"\n", args...)
}

// run plays until a signal or a failure. What it made is gone when it returns.
func (d demo) run(ctx context.Context, address string) (err error) {
	hard, soft, stop := listen(ctx)
	defer stop()
	dir, err := os.MkdirTemp("", "hlsship-demo-")
	if err != nil {
		return fmt.Errorf("make a folder for the stream: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	credentials := s3.Credentials{AccessKey: rand.Text(), SecretKey: s3.Secret(rand.Text())}
	if d.bucket, err = newBucket(credentials.AccessKey); err != nil {
		return err
	}
	registry := metrics.New(d.build.version, d.build.commit)
	d.figures = newFigures(registry.Channel("", "").Uploader(), time.Now())
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return fmt.Errorf("listen for HTTP: %w", err)
	}
	page := newPage(d.figures, d.bucket, d.kills)
	ship := newFleet(demoConfig(dir, "http://"+reachable(listener.Addr())), d.build, d.logger, registry)
	ship.observer, ship.credentials = d.figures, credentials
	ship.listening = func(a net.Addr) { d.figures.status("http://" + a.String() + "/") }

	// The packager stops first, then shipping drains, and what serves both goes last.
	packing, stopPacking := context.WithCancel(soft)
	defer stopPacking()
	drain, startDrain := context.WithCancel(hard)
	defer startDrain()
	serving, stopServing := context.WithCancel(context.WithoutCancel(hard))
	defer stopServing()
	var workers, servers group
	servers.start("serve the page", stopPacking, func() error { return page.serve(serving, listener) })
	servers.start("sweep the bucket", nil, func() error { return d.bucket.sweep(serving) })
	workers.start("pack", nil, func() error {
		defer startDrain()
		return d.pack(packing, dir)
	})
	workers.start("ship", stopPacking, func() error { return ship.run(hard, drain) })

	d.say("Watch it at http://%s/ (Ctrl-C stops it)", reachable(listener.Addr()))
	err = workers.wait()
	stopServing()
	err = errors.Join(err, servers.wait())
	d.sum(err)
	return err
}

// sum says how it went.
func (d demo) sum(err error) {
	if _, ok := errors.AsType[*uploader.Unshipped](err); ok {
		d.say("Stopped at once, with files unshipped.")
		return
	}
	s := d.figures.snapshot(time.Now())
	if len(s.Chart) == 0 {
		d.say("Stopped. Nothing was shipped yet.")
		return
	}
	d.say("Stopped. %d segments shipped, half of them playable within %.1f ms of being finished.", s.Segments, s.Median)
}

// demoConfig is what run would be given on the command line.
func demoConfig(dir, endpoint string) config {
	return config{httpListen: "127.0.0.1:0", channels: []channel{{
		dir: dir, settle: 2 * time.Second, rescan: 30 * time.Second,
		store: storeConfig{
			bucket: demoBucket, prefix: demoPrefix, endpoint: endpoint, region: "us-east-1",
			addressing: s3.AddressingPath, conditional: true, checksum: "md5",
		},
		lists: listConfig{continuous: true, endDelay: 10 * time.Second},
		flow:  flowConfig{workers: 4, maxLag: 15 * time.Second, holdWarn: 10 * time.Second, drainTimeout: 5 * time.Second},
	}}}
}

// reachable is an address by which this machine reaches the listener: one on all interfaces is reached
// by loopback.
func reachable(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// pack makes the stream until ctx ends. A packager that is killed starts over at 0 under the same names, as one that crashed does.
func (d demo) pack(ctx context.Context, dir string) error {
	for {
		run, kill := context.WithCancelCause(ctx)
		done := make(chan error, 1)
		go func() { done <- d.packOnce(run, dir) }()
		select {
		case err := <-done:
			kill(nil)
			return err
		case <-d.kills:
			kill(errKilled)
			if err := <-done; err != nil {
				return err
			}
			d.say("The packager was killed, and starts over at 0.")
		}
	}
}

// packOnce makes the stream until ctx ends: with ffmpeg if it is there, else, or when it fails, from the
// embedded clip.
func (d demo) packOnce(ctx context.Context, dir string) error {
	if !d.noFFmpeg {
		if path, ok := findFFmpeg(); ok {
			d.figures.source("ffmpeg", "")
			err := runFFmpeg(ctx, path, dir)
			if ctx.Err() != nil {
				return nil
			}
			note := "ffmpeg ended (" + strings.TrimSpace(err.Error()) + "), so the embedded clip goes on"
			d.figures.source("clip", note)
			d.say("%s.", note)
			return playClip(ctx, dir, true)
		}
		d.say("There is no ffmpeg here, so the embedded clip is the stream.")
	}
	d.figures.source("clip", "")
	return playClip(ctx, dir, false)
}
