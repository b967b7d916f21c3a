package s3

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
)

// pipes is a network of net.Pipe, in whose virtual time the real client works. serve speaks for the
// server on the n-th connection, counted from 1; what it leaves open stays open, unread, until the test
// ends.
func pipes(t *testing.T, serve func(n int, c net.Conn)) *Store {
	t.Helper()
	var n atomic.Int32
	done := make(chan struct{})
	t.Cleanup(func() { close(done) })
	c := serverConfig("http://127.0.0.1:9000")
	c.dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
		if serve == nil {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		client, server := net.Pipe()
		go func() {
			defer server.Close()
			serve(int(n.Add(1)), server)
			<-done
		}()
		return client, nil
	}
	return mustOpen(t, c)
}

// readRequest reads one request whole and returns its body.
func readRequest(c net.Conn) []byte {
	r, err := http.ReadRequest(bufio.NewReader(c))
	if err != nil {
		return nil
	}
	body, _ := io.ReadAll(r.Body)
	return body
}

// stored answers a PUT of body as S3 does.
func stored(c net.Conn, body []byte) {
	d, _ := digestOf(context.Background(), store.Object{Body: bytes.NewReader(body), Size: int64(len(body))}, ChecksumMD5, false)
	fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nETag: %q\r\nContent-Length: 0\r\n\r\n", d.hexMD5)
}

// untilClosed reads nothing and keeps the connection until the client gives it up.
func untilClosed(c net.Conn) {
	_, _ = io.Copy(io.Discard, c)
}

func wantStall(t *testing.T, err error, took, want time.Duration) {
	t.Helper()
	if _, ok := errors.AsType[*stallError](err); !ok || store.KindOf(err) != store.Transient || took != want {
		t.Errorf("got %v after %v, want a stall after %v", err, took, want)
	}
}

// TestStalls ends a PUT wherever it can hang.
func TestStalls(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		serve func(n int, c net.Conn)
		want  time.Duration
	}{
		{"dial", nil, DefaultStall},
		{"before the first byte", func(int, net.Conn) {}, DefaultStall},
		{"within the body", func(_ int, c net.Conn) { _, _ = io.CopyN(io.Discard, c, 100<<10) }, DefaultStall},
		{"no answer", func(_ int, c net.Conn) { untilClosed(c) }, DefaultStall},
		{"slow, then no answer", func(_ int, c net.Conn) {
			for range 5 { // far beyond the bound in all, but never without progress for as long
				time.Sleep(9 * time.Second)
				_, _ = io.CopyN(io.Discard, c, 50<<10)
			}
			untilClosed(c)
		}, 55 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := pipes(t, tt.serve)
				start := time.Now()
				_, err := s.Put(t.Context(), segment("a.ts", string(make([]byte, 250<<10))))
				wantStall(t, err, time.Since(start), tt.want)
			})
		})
	}
}

// TestPatienceDoubles: a fixed bound would let a shared slow line fail for ever.
func TestPatienceDoubles(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := pipes(t, func(n int, c net.Conn) {
			if body := readRequest(c); n == 4 {
				time.Sleep(70 * time.Second)
				stored(c, body)
			}
			untilClosed(c)
		})
		put := func(key string) (error, time.Duration) {
			start := time.Now()
			_, err := s.Put(t.Context(), segment(key, "x"))
			return err, time.Since(start)
		}
		for _, want := range []time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second} {
			err, took := put("a.ts")
			wantStall(t, err, took, want)
		}
		if err, took := put("a.ts"); err != nil || took != 70*time.Second {
			t.Errorf("with a patience of 80s: got %v after %v", err, took)
		}
		err, took := put("a.ts")
		wantStall(t, err, took, 10*time.Second)
		err, took = put("b.ts")
		wantStall(t, err, took, 10*time.Second)
	})
}

func TestPatienceIsBounded(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, serverConfig("http://127.0.0.1:9000"))
	for range 20 {
		s.stalled("a.ts", s.bound("a.ts"))
	}
	if got := s.bound("a.ts"); got != maxPatience*DefaultStall {
		t.Errorf("got a patience of %v, want %v", got, maxPatience*DefaultStall)
	}
	for i := range 10000 {
		s.stalled(fmt.Sprint(i), time.Second)
	}
	if len(s.patience) > 4096 {
		t.Errorf("%d keys are remembered", len(s.patience))
	}
}

// TestCallersContextIsShorter: the caller's deadline is no stall, and leaves the patience alone.
func TestCallersContextIsShorter(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := pipes(t, func(_ int, c net.Conn) { untilClosed(c) })
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		start := time.Now()
		_, err := s.Put(ctx, segment("a.ts", "x"))
		if !errors.Is(err, context.DeadlineExceeded) || store.KindOf(err) != store.Transient || time.Since(start) != 3*time.Second {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
		if got := s.bound("a.ts"); got != DefaultStall {
			t.Errorf("the next bound is %v", got)
		}
	})
}

// TestForgottenConnections: behind a router that lost its tables every kept connection is dead, and the
// caller must not find that out one by one.
func TestForgottenConnections(t *testing.T) {
	t.Parallel()
	const kept = 4
	synctest.Test(t, func(t *testing.T) {
		var waiting sync.WaitGroup
		waiting.Add(kept)
		s := pipes(t, func(n int, c net.Conn) {
			readRequest(c)
			if n <= kept {
				waiting.Done()
				waiting.Wait() // so that each has a connection of its own
			}
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nETag: \"x\"\r\nContent-Length: 0\r\nLast-Modified: Mon, 02 Jan 2006 15:04:05 GMT\r\n\r\n")
			untilClosed(c)
		})
		var all sync.WaitGroup
		for range kept {
			all.Go(func() {
				if _, err := s.Stat(t.Context(), "a.ts"); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		failures := 0
		for {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			_, err := s.Stat(ctx, "a.ts")
			cancel()
			if err == nil {
				break
			}
			failures++
		}
		if failures != 1 {
			t.Errorf("%d attempts failed, want the first alone", failures)
		}
	})
}

// TestFailuresTakeNoTime: minio-go sleeps up to 200 ms after its last try.
func TestFailuresTakeNoTime(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		serve func(n int, c net.Conn)
	}{
		{"503", func(_ int, c net.Conn) {
			for readRequest(c) != nil {
				_, _ = io.WriteString(c, "HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n")
			}
		}},
		{"cut off", func(_ int, c net.Conn) { readRequest(c); c.Close() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := pipes(t, tt.serve)
				start := time.Now()
				for range 10 {
					if _, err := s.Put(t.Context(), segment("a.ts", "x")); err == nil {
						t.Fatal("got no error")
					}
				}
				if took := time.Since(start); took != 0 {
					t.Errorf("ten failures took %v", took)
				}
			})
		})
	}
}

// TestStalledAnswer: headers alone are no answer.
func TestStalledAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := pipes(t, func(_ int, c net.Conn) {
			readRequest(c)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nLast-Modified: Mon, 02 Jan 2006 15:04:05 GMT\r\nContent-Length: 10\r\n\r\n01234")
			untilClosed(c)
		})
		start := time.Now()
		data, _, err := s.Get(t.Context(), "a.m3u8", 100)
		wantStall(t, err, time.Since(start), DefaultStall)
		if data != nil {
			t.Errorf("got %q", data)
		}
	})
}

// TestSlowConsumerOfAList: the time that the caller takes between two objects is not the network's.
func TestSlowConsumerOfAList(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := pipes(t, func(_ int, c net.Conn) {
			readRequest(c)
			const doc = `<?xml version="1.0"?><ListBucketResult><Contents><Key>a</Key></Contents><Contents><Key>b</Key></Contents></ListBucketResult>`
			fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(doc), doc)
			untilClosed(c)
		})
		n := 0
		for _, err := range s.List(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			n++
			time.Sleep(time.Hour)
		}
		if n != 2 {
			t.Errorf("got %d objects, want 2", n)
		}
		s.transport.base.CloseIdleConnections()
	})
}

// TestBodyIsLeftAlone: net/http may still be reading when the request has ended.
func TestBodyIsLeftAlone(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		serve func(n int, c net.Conn)
		kind  store.ErrorKind
	}{
		{"given up", func(_ int, c net.Conn) { untilClosed(c) }, store.Transient},
		{"refused early", func(_ int, c net.Conn) {
			_, _ = http.ReadRequest(bufio.NewReader(c)) // the headers only
			_, _ = io.WriteString(c, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
			untilClosed(c)
		}, store.Alarm},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := pipes(t, tt.serve)
				s.sums = newSums(ChecksumNone, nil) // no first pass
				var reading atomic.Bool
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				_, err := s.Put(ctx, store.Object{Key: "a.ts", Size: 1 << 20, Body: readerAt(func(p []byte, _ int64) (int, error) {
					reading.Store(true)
					time.Sleep(time.Minute) // a disk that hangs
					reading.Store(false)
					return len(p), nil
				})})
				if reading.Load() || err == nil || store.KindOf(err) != tt.kind {
					t.Errorf("still reading: %v, error %v of kind %v", reading.Load(), err, store.KindOf(err))
				}
			})
		})
	}
}

// readerAt makes an io.ReaderAt of a function.
type readerAt func(p []byte, off int64) (int, error)

func (f readerAt) ReadAt(p []byte, off int64) (int, error) { return f(p, off) }
