package main

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/watcher"
)

// manager listens on a notify socket, as systemd does.
func manager(t *testing.T) (*net.UnixConn, string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "notify") // t.TempDir may be too long for a socket's name
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	at := filepath.Join(dir, "socket")
	socket, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: at, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	if err := socket.SetReadDeadline(time.Now().Add(60 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return socket, at
}

// until returns what was told up to and including what begins with the wanted text.
func until(t *testing.T, socket *net.UnixConn, want string) []string {
	t.Helper()
	var all []string
	for buf := make([]byte, 4096); ; {
		n, err := socket.Read(buf)
		if err != nil {
			t.Fatalf("waiting for %s after %q: %v", want, all, err)
		}
		all = append(all, string(buf[:n]))
		if strings.HasPrefix(all[len(all)-1], want) {
			return all
		}
	}
}

// TestNotify runs the program under a manager of services that listens.
func TestNotify(t *testing.T) {
	t.Parallel()
	for name, dir := range map[string]string{"directory there": t.TempDir(), "directory missing": filepath.Join(t.TempDir(), "none")} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			socket, at := manager(t)
			settings := filepath.Join(t.TempDir(), "hlsship.yml")
			text := fmt.Sprintf("http_listen: \"off\"\nendpoint: http://127.0.0.1:1\ndrain_timeout: 5s\ndir: %s\ndestination: s3://bucket\n", dir)
			if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), os.Args[0], "run", "--config", settings)
			cmd.Env = append(os.Environ(), "HLSSHIP_TEST_MAIN=1", "NOTIFY_SOCKET="+at, "WATCHDOG_USEC=60000000",
				"AWS_ACCESS_KEY_ID=k", "AWS_SECRET_ACCESS_KEY=s")
			var log bytes.Buffer
			cmd.Stderr = &log
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			before := until(t, socket, "READY=1")
			for _, state := range before[:len(before)-1] {
				if !strings.HasPrefix(state, "STATUS=starting") && !strings.HasPrefix(state, "EXTEND_TIMEOUT_USEC=") {
					t.Errorf("told %q before the first scan", state)
				}
			}
			until(t, socket, "WATCHDOG=1")
			until(t, socket, "STATUS=running; 0 files (0 B) wait")
			until(t, socket, "WATCHDOG=1")
			if err := cmd.Process.Signal(syscall.SIGHUP); err != nil {
				t.Fatal(err)
			}
			until(t, socket, "RELOADING=1\nMONOTONIC_USEC=")
			until(t, socket, "READY=1")
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			until(t, socket, "STOPPING=1")
			if err := cmd.Wait(); err != nil {
				t.Errorf("%v:\n%s", err, &log)
			}
		})
	}
}

// TestHanging checks that a loop which does not turn is noticed and named, one that ended is not, and that
// it is forgiven when it turns again.
func TestHanging(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSupervisor("one")
		beat, _ := s.loop("watch a")
		_, end := s.loop("upload b")
		end()
		time.Sleep(stall)
		if err := s.hanging(); err != nil {
			t.Errorf("after %v: %v", stall, err)
		}
		time.Sleep(time.Second)
		if err := s.hanging(); err == nil || !strings.Contains(err.Error(), "watch a") {
			t.Errorf("after %v: got %v, want the loop's name", stall+time.Second, err)
		}
		beat()
		if err := s.hanging(); err != nil {
			t.Errorf("it turns again, and still: %v", err)
		}
	})
}

// TestWatchdogStarves checks that a loop which hangs ends the pings of the watchdog, that the log says so once,
// and that they come again with it.
func TestWatchdogStarves(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := newSupervisor()
		var pings atomic.Int32
		close(s.began)
		s.notify = func(_ bool, state string) (bool, error) {
			if state == "WATCHDOG=1" {
				pings.Add(1)
			}
			return true, nil
		}
		beat, _ := s.loop("watch a")
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.run(ctx, t.Context(), slog.New(slog.NewTextHandler(&log, nil))) }()
		count := func(d time.Duration) int {
			before := pings.Load()
			time.Sleep(d)
			synctest.Wait()
			return int(pings.Load() - before)
		}
		if n := count(stall); n < 19 {
			t.Errorf("%d pings while all is well", n)
		}
		_ = count(2 * time.Second)
		if n := count(time.Minute); n != 0 {
			t.Errorf("%d pings while a loop hangs", n)
		}
		beat()
		if n := count(10 * time.Second); n < 9 {
			t.Errorf("%d pings after it turned again", n)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if n := strings.Count(log.String(), "a loop hangs"); n != 1 {
			t.Errorf("the log says so %d times:\n%s", n, &log)
		}
	})
}

func TestNotifyWithoutManager(t *testing.T) {
	t.Parallel()
	s := newSupervisor("one")
	s.notify = func(bool, string) (bool, error) { return false, nil }
	if err := s.run(t.Context(), t.Context(), slog.New(slog.DiscardHandler)); err != nil {
		t.Error(err)
	}
}

// deaf is a watcher.Observer.
type deaf struct{ replaying }

func (deaf) Scanned(string, int, time.Duration) {}
func (deaf) Waiting(int)                        {}

// TestBegan checks that readiness waits for every watcher.
func TestBegan(t *testing.T) {
	t.Parallel()
	s := newSupervisor("one", "two")
	add := func(name string) watcher.Observer { return s.add(name, deaf{}, nil, "dir", "bucket").watcher }
	one, two := add("one"), add("two")
	one.Watching(1, true)
	one.Scanned("start", 0, 0)
	one.Scanned("timer", 0, 0)
	select {
	case <-s.began:
		t.Error("ready though one watcher has not begun")
	default:
	}
	two.Watching(0, true)
	select {
	case <-s.began:
	default:
		t.Error("not ready though both have begun")
	}
}

// TestBegunOnce: a channel that begins anew, and one that never does, take nothing from the others.
func TestBegunOnce(t *testing.T) {
	t.Parallel()
	s := newSupervisor("one", "two")
	for range 3 {
		s.add("one", deaf{}, nil, "dir", "bucket").watcher.Scanned("start", 0, 0)
	}
	s.begun("added later")
	select {
	case <-s.began:
		t.Fatal("ready though one watcher has not begun")
	default:
	}
	s.begun("two") // it failed
	select {
	case <-s.began:
	default:
		t.Error("not ready though nobody is waited for")
	}
	var none *supervisor
	none.begun("one")
}

// TestBegunWithTheFirstScan checks that an uploader hears of its own watcher's first scan, once.
func TestBegunWithTheFirstScan(t *testing.T) {
	t.Parallel()
	s := newSupervisor("one", "two")
	one := s.add("one", deaf{}, nil, "one", "s3://one")
	two := s.add("two", deaf{}, nil, "two", "s3://two")
	one.watcher.Watching(1, true)
	select {
	case <-one.begun:
		t.Error("begun though nothing was scanned")
	default:
	}
	one.watcher.Scanned("start", 0, 0)
	one.watcher.Scanned("timer", 0, 0)
	select {
	case <-one.begun:
	default:
		t.Error("not begun though it was scanned")
	}
	select {
	case <-two.begun:
		t.Error("begun by another's scan")
	default:
	}
}
