package hedge

import (
	"bytes"
	"context"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"github.com/hlsship/hlsship/uploader/store"
	"github.com/hlsship/hlsship/uploader/storetest"
)

// fate is what becomes of a PUT, counted from when its body was taken.
type fate struct {
	commit time.Duration // when it takes effect, whoever still waits; never if it is negative
	answer time.Duration // when that is told
	err    error         // what is told instead
}

// soon is the fate of a PUT that goes well.
func soon(d time.Duration) fate { return fate{commit: d, answer: d} }

// wire is a Store behind a network: it takes a body at once, and stores it when it likes.
type wire struct {
	*storetest.Memory
	fate  func(n int, o store.Object) fate // of the nth PUT, counting from 0
	early bool                             // a condition that holds when the request comes holds for good

	mu         sync.Mutex
	puts       int
	background sync.WaitGroup
}

func newWire(fate func(n int, o store.Object) fate) *wire {
	return &wire{Memory: storetest.NewMemory(), fate: fate}
}

func (w *wire) Put(ctx context.Context, o store.Object) (string, error) {
	content := make([]byte, o.Size)
	if _, err := o.Body.ReadAt(content, 0); err != nil && !errors.Is(err, io.EOF) {
		return "", &store.Error{Op: "put", Key: o.Key, Err: err}
	}
	o.Body, o.Waits = bytes.NewReader(content), nil
	if info, err := w.Memory.Stat(ctx, o.Key); w.early && err == nil && info.ETag == o.IfMatch {
		o.IfMatch = ""
	}
	w.mu.Lock()
	f := w.fate(w.puts, o)
	w.puts++
	w.mu.Unlock()
	type result struct {
		etag string
		err  error
	}
	stored := make(chan result, 1)
	if f.commit >= 0 {
		w.background.Go(func() {
			<-time.After(f.commit)
			etag, err := w.Memory.Put(context.WithoutCancel(ctx), o)
			stored <- result{etag, err}
		})
	}
	select {
	case <-time.After(f.answer):
	case <-ctx.Done():
		return "", &store.Error{Op: "put", Key: o.Key, Err: ctx.Err()}
	}
	if f.err != nil || f.commit < 0 {
		e := store.Error{Op: "put", Key: o.Key, Err: errors.New("connection reset")}
		if told, ok := errors.AsType[*store.Error](f.err); ok {
			e.Kind, e.Busy = told.Kind, told.Busy
		}
		return "", &e
	}
	r := <-stored
	return r.etag, r.err
}

// count returns how many PUTs there were.
func (w *wire) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.puts
}

// holds checks what the key holds.
func (w *wire) holds(t *testing.T, key, content string) {
	t.Helper()
	if got := w.Contents()[key]; string(got) != content {
		t.Errorf("%s holds %q, want %q", key, got, content)
	}
}

// segment is a PUT of media at the live edge.
func segment(key, content string) store.Object {
	return store.Object{Key: key, Body: bytes.NewReader([]byte(content)), Size: int64(len(content))}
}

// playlist is a conditional PUT of a playlist.
func playlist(key, content, ifMatch string) store.Object {
	o := segment(key, content)
	o.Priority, o.IfMatch = store.First, ifMatch
	return o
}

// counter is an Observer.
type counter struct {
	mu        sync.Mutex
	sent, won int
	wasted    int64
	waited    time.Duration
}

func (c *counter) Waited(long time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waited += long
}

func (c *counter) Hedged(won bool, wasted int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent++
	if won {
		c.won++
	}
	c.wasted += wasted
}

func (c *counter) counts() (sent, won int, wasted int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.sent, c.won, c.wasted
}
