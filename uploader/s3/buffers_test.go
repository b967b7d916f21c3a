package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
)

// counted counts the writes on a connection.
type counted struct {
	net.Conn
	writes *atomic.Int64
}

func (c counted) Write(p []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(p)
}

// TestSmallObjectsAreReadOnce, and what fits into one write, such as a playlist or a short segment, leaves in one.
func TestSmallObjectsAreReadOnce(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		size          int
		reads, writes int64 // at most
	}{
		{1, 1, 1}, {300, 1, 1}, {4 << 10, 1, 1}, {4<<10 + 1, 1, 1}, {50_000, 1, 1}, {oneWrite, 1, 1},
		{oneWrite + 1, 1, 4}, {smallObject, 1, 20}, {smallObject + 1, 30, 30}, {0, 0, 1},
	} {
		for _, sum := range []Checksum{ChecksumMD5, ChecksumCRC32C, ChecksumNone} {
			for _, signed := range []bool{false, true} {
				t.Run(fmt.Sprintf("%d bytes, %s, signed %v", tt.size, sum, signed), func(t *testing.T) {
					t.Parallel()
					var reads, writes atomic.Int64
					script := serve(t, accept)
					c := serverConfig(script.URL)
					c.Checksum, c.SignedPayload = sum, signed
					c.dial = func(ctx context.Context, network, address string) (net.Conn, error) {
						conn, err := new(net.Dialer).DialContext(ctx, network, address)
						return counted{conn, &writes}, err
					}
					s := mustOpen(t, c)
					content := bytes.Repeat([]byte("segment\n"), tt.size/8+1)[:tt.size]
					o := store.Object{Key: "a.ts", Size: int64(tt.size), Body: readerAt(func(p []byte, off int64) (int, error) {
						reads.Add(1)
						return bytes.NewReader(content).ReadAt(p, off)
					})}
					if _, err := s.Put(t.Context(), o); err != nil {
						t.Fatal(err)
					}
					if got := script.got(); len(got) != 1 || !bytes.Equal(got[0].body, content) {
						t.Error("the store got something else")
					}
					if reads.Load() > tt.reads || writes.Load() > tt.writes {
						t.Errorf("%d reads and %d writes, want %d and %d at most", reads.Load(), writes.Load(), tt.reads, tt.writes)
					}
					if used := s.buffers.used.Load(); used != 0 {
						t.Errorf("%d bytes are in use afterwards", used)
					}
				})
			}
		}
	}
}

// TestBytesInMemoryAreNotTorn: what was read and found to be whole is what is stored, whoever writes to the file meanwhile.
func TestBytesInMemoryAreNotTorn(t *testing.T) {
	t.Parallel()
	for _, size := range []int{50_000, smallObject} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			script := serve(t, accept)
			s := mustOpen(t, serverConfig(script.URL))
			want := strings.Repeat("o", size)
			file := []byte(want)
			o := store.Object{Key: "a.ts", Size: int64(size), Body: readerAt(func(p []byte, off int64) (int, error) {
				n := copy(p, file[off:])
				clear(file) // as soon as it was read
				return n, nil
			})}
			if _, err := s.Put(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			if got := script.got(); string(got[0].body) != want {
				t.Error("torn")
			}
		})
	}
}

// TestBuffersAreBounded: beyond the bound objects are read in pieces, and every buffer comes back.
func TestBuffersAreBounded(t *testing.T) {
	t.Parallel()
	for _, room := range []int64{0, 64 << 10, 3 * 64 << 10} {
		t.Run(fmt.Sprint(room), func(t *testing.T) {
			t.Parallel()
			script := serve(t, accept)
			s := mustOpen(t, serverConfig(script.URL))
			s.buffers.most = room
			var most, at atomic.Int64
			var wg sync.WaitGroup
			for i := range 24 {
				wg.Go(func() {
					content := strings.Repeat(fmt.Sprint(i%10), 50_000)
					o := segment(fmt.Sprintf("%d.ts", i), content)
					o.Body = readerAt(func(p []byte, off int64) (int, error) {
						if used := s.buffers.used.Load(); used > most.Load() {
							most.Store(used)
						}
						at.Add(1)
						return strings.NewReader(content).ReadAt(p, off)
					})
					if _, err := s.Put(t.Context(), o); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			// A buffer is counted for a moment before it is refused.
			if most.Load() > room+24*(64<<10) || room == 0 && at.Load() < 48 || s.buffers.used.Load() != 0 {
				t.Errorf("%d bytes in use at most, %d reads, %d bytes in the end", most.Load(), at.Load(), s.buffers.used.Load())
			}
			for _, r := range script.got() {
				if len(r.body) != 50_000 || len(strings.Trim(string(r.body), string(r.body[:1]))) != 0 {
					t.Errorf("%s has %d bytes of several objects", r.URL, len(r.body))
				}
			}
		})
	}
}

// TestBufferOfARequestUnderWayIsNotUsedAgain: net/http may go on reading what it was given after a request has ended.
func TestBufferOfARequestUnderWayIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	for name, written := range map[string]bool{"is read yet": false, "is not read any more": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			again := 0
			for range 20 { // the pool forgets now and then
				b := &buffers{most: mostBuffered}
				load := func(text string) *loaded {
					l, err := b.load(t.Context(), segment("a.ts", text))
					if err != nil || l == nil {
						t.Fatalf("got %v, %v", l, err)
					}
					return l
				}
				first := load("first")
				r := first.reader()
				if written {
					first.written.Add(1)
				}
				first.release()
				if load("other").all == first.all {
					again++
				}
				if got, err := io.ReadAll(r); !written && (string(got) != "first" || err != nil) {
					t.Errorf("reads %q, %v", got, err)
				}
			}
			if written == (again == 0) {
				t.Errorf("used again %d times", again)
			}
		})
	}
}

// TestSmallObjectThatCannotBeRead: the failure is the source's own, nothing is sent, and its buffer comes back.
func TestSmallObjectThatCannotBeRead(t *testing.T) {
	t.Parallel()
	script := serve(t, accept)
	s := mustOpen(t, serverConfig(script.URL))
	broken := errors.New("broken")
	o := store.Object{Key: "a.ts", Size: 10, Body: readerAt(func([]byte, int64) (int, error) { return 0, broken })}
	if _, err := s.Put(t.Context(), o); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	o.Body = readerAt(func(p []byte, _ int64) (int, error) { cancel(); return len(p), nil })
	if _, err := s.Put(ctx, o); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if n := len(script.got()); n != 0 || s.buffers.used.Load() != 0 {
		t.Errorf("%d requests were sent, %d bytes are in use", n, s.buffers.used.Load())
	}
}

// TestProgressOfBytesInMemory is told to the caller, who sees none of it by his Body: on a slow line it is no silence.
func TestProgressOfBytesInMemory(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1000, smallObject} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			script := serve(t, accept)
			s := mustOpen(t, serverConfig(script.URL))
			var read, told atomic.Int64
			o := segment("a.ts", strings.Repeat("x", size))
			inner := o.Body
			o.Body = readerAt(func(p []byte, off int64) (int, error) {
				read.Store(time.Now().UnixNano())
				return inner.ReadAt(p, off)
			})
			o.Waits = func(waiting bool) {
				if waiting || time.Now().UnixNano() < read.Load() {
					t.Error("it waits for nothing")
				}
				told.Add(1)
			}
			if _, err := s.Put(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			n := told.Load()
			if least := int64(1 + size/writeBuffer); n < least {
				t.Errorf("told %d times, want %d", n, least)
			}
			s.transport.base.CloseIdleConnections()
			if told.Load() != n {
				t.Error("told after the end")
			}
		})
	}
}
