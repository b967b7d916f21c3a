package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hlsship/hlsship/metrics"
	"github.com/hlsship/hlsship/uploader"
	"github.com/hlsship/hlsship/uploader/s3"
	"github.com/hlsship/hlsship/uploader/spool"
)

// TestFailedChannelIsReplaced has new settings come when a channel has failed and nobody has dealt with that yet.
func TestFailedChannelIsReplaced(t *testing.T) {
	t.Parallel()
	one := channel{name: "one", dir: t.TempDir()}
	// Where the spool should be is a file, so that the channel cannot begin.
	if err := os.WriteFile(filepath.Join(one.dir, spool.DefaultFolder), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	logger, figures := slog.New(slog.DiscardHandler), metrics.New("test", "test")
	f := newFleet(config{channels: []channel{one, {name: "two"}}}, build{version: "test"}, logger, figures)
	v := newChannelRun(f.shipment(one, f.config), &s3.Store{})
	f.launch(t.Context(), t.Context(), v, 0)
	<-v.done
	f.current("one").stop(errReplaced)
	f.runs = nil // supervise takes it out
	if err := f.settle(t.Context(), t.Context(), <-f.ended); err != nil {
		t.Errorf("the program ends: %v", err)
	}
	if len(f.runs) > 0 {
		t.Error("the channel that was replaced is started again")
	}
	if v.err == nil {
		t.Error("the channel did not fail, so that nothing was tested")
	}
}

// lines is a log that may be read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// faulty is an uploader.Observer that does what it should not when a file of the stream "bad" is stored.
type faulty struct {
	uploader.Observer
	fault func()
}

func (f faulty) Stored(stream, kind string, bytes int64, latency time.Duration) {
	f.Observer.Stored(stream, kind, bytes, latency)
	if stream == "bad" {
		f.fault()
	}
}

// twoChannels returns a fleet of "good" and "bad", which ship a stream each, and its log. fault is called when something
// of the bad one is stored.
func twoChannels(t *testing.T, g *gateway, fault func()) (*fleet, *lines) {
	t.Helper()
	log, figures := &lines{}, metrics.New("test", "test")
	c := config{started: time.Now()}
	for _, name := range []string{"good", "bad"} {
		one := demoConfig(t.TempDir(), g.url).channels[0]
		one.name, one.flow.drainTimeout, one.store.bucket, one.store.prefix = name, 100*time.Millisecond, "bucket", name
		if err := os.CopyFS(filepath.Join(one.dir, name), os.DirFS(stream(t))); err != nil {
			t.Fatal(err)
		}
		c.channels = append(c.channels, one)
	}
	f := newFleet(c, build{version: "test"}, slog.New(slog.NewTextHandler(log, nil)), figures)
	f.credentials = s3.Credentials{AccessKey: testAccess, SecretKey: testSecret}
	f.observer = faulty{figures.Channel("", "").Uploader(), fault}
	return f, log
}

// TestPanicEndsItsChannel has one of two channels panic in the loop of its uploader, or where it begins: the other one goes
// on, and the one that panicked is started again.
func TestPanicEndsItsChannel(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		thrown func()
		// at is "loop", "store" before it has one, or "spool" when it has one.
		at    string
		stack string
	}{
		{"nil in the loop", func() { var none *uploader.Unshipped; _ = none.Error() }, "loop", "uploader.(*Uploader).Run"},
		{"error in the loop", func() { panic(errors.New("thrown")) }, "loop", "uploader.(*Uploader).Run"},
		{"index while it begins", func() { _ = []int{}[len(os.Args)] }, "store", "(*channelRun).begin"},
		{"text when it has its spool", func() { panic("thrown") }, "spool", "shipment.open"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := newGateway(t, false)
			var once sync.Once
			fault := func(at string) {
				if at == tt.at {
					once.Do(tt.thrown)
				}
			}
			f, log := twoChannels(t, g, func() { fault("loop") })
			f.supervisor = newSupervisor("good", "bad")
			soft, stop := context.WithCancel(t.Context())
			defer stop()
			for _, c := range f.config.channels {
				s := f.shipment(c, f.config)
				if connect, figures := s.connect, s.metrics; c.name == "bad" {
					s.connect = func(ctx context.Context) (*s3.Store, error) {
						fault("store")
						return connect(ctx)
					}
					s.metrics = func(title string) *metrics.Channel {
						if strings.Contains(title, " to ") { // its run is known from the spool
							fault("spool")
						}
						return figures(title)
					}
				}
				f.launch(t.Context(), soft, newChannelRun(s, nil), 0)
			}
			done := make(chan error, 1)
			go func() { done <- f.supervise(t.Context(), soft, stop) }()
			for want := []string{"bad/bad/index.m3u8", "good/good/index.m3u8"}; len(want) > 0; {
				select {
				case key := <-g.stored:
					want = slices.DeleteFunc(want, func(w string) bool { return w == key })
				case <-time.After(deadline):
					t.Fatalf("%q did not come:\n%s", want, log)
				}
			}
			stop()
			if err := <-done; err != nil {
				if _, ok := errors.AsType[*uploader.Unshipped](err); !ok { // the answer to the last one may be on its way
					t.Errorf("the program ends with %v", err)
				}
			}
			text := log.String()
			for _, want := range []string{tt.stack, `level=ERROR msg="channel panicked" channel=bad`, `level=ERROR msg="channel failed, it is started again" channel=bad`} {
				if strings.Count(text, want) != 1 {
					t.Errorf("the log does not say %q once:\n%s", want, text)
				}
			}
			if n := len(f.supervisor.loops); n > 0 {
				t.Errorf("%d loops of channels that have ended are expected to turn", n)
			}
			if strings.Contains(text, "channel=good err=") {
				t.Errorf("the other channel failed as well:\n%s", text)
			}
		})
	}
}

// TestPanicOfTheOnlyChannel ends the program, with the stack in the log.
func TestPanicOfTheOnlyChannel(t *testing.T) {
	t.Parallel()
	f, log := twoChannels(t, newGateway(t, false), func() { panic("thrown") })
	f.config.channels = f.config.channels[1:]
	err := f.run(t.Context(), t.Context())
	if _, ok := errors.AsType[*panicked](err); !ok || !strings.Contains(err.Error(), "thrown") || !strings.Contains(log.String(), "channel panicked") {
		t.Errorf("got %v, and the log:\n%s", err, log)
	}
}

// TestHangIsLeftBehind has something of a channel stand still for good: the program ends all the same once it was
// told to, and says what hangs.
func TestHangIsLeftBehind(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name        string
		early, hard bool
		want        string
	}{
		{"loop, asked to drain", false, false, "upload to s3://bucket/bad"},
		{"loop, told to stop at once", false, true, "upload to s3://bucket/bad"},
		{"start, asked to drain", true, false, "begin in "},
		{"start, told to stop at once", true, true, "begin in "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			g := newGateway(t, false)
			hanging, free := make(chan struct{}), make(chan struct{})
			defer close(free)
			hang := sync.OnceFunc(func() {
				close(hanging)
				<-free
			})
			f, log := twoChannels(t, g, hang)
			f.patience = 2 * time.Second
			hard, kill := context.WithCancel(t.Context())
			defer kill()
			soft, stop := context.WithCancel(hard)
			defer stop()
			for _, c := range f.config.channels {
				s := f.shipment(c, f.config)
				if tt.early && c.name == "bad" {
					s.connect = func(context.Context) (*s3.Store, error) {
						hang()
						return nil, errors.New("hung")
					}
				}
				f.launch(hard, soft, newChannelRun(s, nil), 0)
			}
			done := make(chan error, 1)
			go func() { done <- f.await(hard, soft, func() error { return f.supervise(hard, soft, stop) }) }()
			<-hanging
			await(t, g.stored, "good/good/index.m3u8")
			if tt.hard {
				kill()
			} else {
				stop()
			}
			select {
			case err := <-done:
				if err == nil || !strings.Contains(err.Error(), "channel bad: "+tt.want) || strings.Contains(err.Error(), "channel good: ") {
					t.Errorf("got %v, want an error that names %q", err, tt.want)
				}
			case <-time.After(deadline):
				t.Fatal("the program does not end")
			}
			if !strings.Contains(log.String(), "something hangs") {
				t.Errorf("the log says nothing:\n%s", log)
			}
		})
	}
}

// TestHungConfigurationIsLeftBehind reads the configuration again from a file system that does not answer.
func TestHungConfigurationIsLeftBehind(t *testing.T) {
	t.Parallel()
	g := newGateway(t, false)
	f, _ := twoChannels(t, g, func() {})
	f.patience = 2 * time.Second
	hanging, free := make(chan struct{}), make(chan struct{})
	defer close(free)
	f.read = func() (config, error) {
		close(hanging)
		<-free
		return config{}, errors.New("hung")
	}
	soft, stop := context.WithCancel(t.Context())
	defer stop()
	done := make(chan error, 1)
	go func() { done <- f.run(t.Context(), soft) }()
	f.hangups <- syscall.SIGHUP
	<-hanging
	await(t, g.stored, "good/good/index.m3u8")
	stop()
	select {
	case err := <-done:
		if err == nil || !strings.Contains(err.Error(), "read the configuration again") {
			t.Errorf("got %v, want an error that names what hangs", err)
		}
	case <-time.After(deadline):
		t.Fatal("the program does not end")
	}
}
