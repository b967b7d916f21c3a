package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/hlsship/hlsship/uploader/storetest"
)

const (
	// prefix stands before every key.
	prefix = "live/"
	// warmUp bounds the time until the first playlists are published.
	warmUp = 30 * time.Second
	// catchUp is how long a tool has for what it has not shipped when the streams end.
	catchUp = 10 * time.Second
)

// measure runs r's tool once, in a directory and a bucket of its own, and adds what it did to r.
func (b *bench) measure(ctx context.Context, r *row) (err error) {
	ctx, cancel := context.WithTimeout(ctx, b.duration+warmUp+catchUp+2*stopPatience)
	defer cancel()
	b.runs++
	dir := filepath.Join(b.room, fmt.Sprintf("dir%d", b.runs))
	behind := *b.gateway
	behind.Bucket = fmt.Sprintf("bucket%d", b.runs)
	bucket := filepath.Join(behind.Root, behind.Bucket)
	for _, folder := range []string{dir, bucket} {
		if err := os.Mkdir(folder, 0o755); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	}
	viewer := storetest.NewViewer(prefix)
	viewer.Grace = time.Second
	front, err := newFront(&behind, viewer, r.delay)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, front.close()) }()
	g := newGenerator(b.load, dir, viewer)
	c, err := b.start(r.tool, dir, front.url, behind)
	if err != nil {
		return err
	}
	defer c.kill()
	g.listed = c.listed

	if err := g.begin(); err != nil {
		return err
	}
	if ok, err := front.await(ctx, c, g.current, warmUp); err != nil || !ok {
		return errors.Join(err, fmt.Errorf("nothing was published in %s: %s", warmUp, c.output()))
	}
	before := viewer.Counts()
	if err := g.goOn(ctx, b.duration); err != nil {
		return err
	}
	if _, err := front.await(ctx, c, g.current, catchUp); err != nil {
		return err
	}
	cpu, err := c.stop()
	if err != nil {
		return err
	}
	after := viewer.Counts()
	missing, err := g.missing(filepath.Join(bucket, prefix))
	if err != nil {
		return err
	}
	r.listed += b.load.streams * int(b.duration/b.load.period)
	r.publications += after.Publications - before.Publications
	r.unsafe += after.Unsafe - before.Unsafe
	r.missing += missing
	r.cpu += cpu
	r.latencies = append(r.latencies, g.latencies(1)...)
	return nil
}

// front is the proxy as a server. The bytes of segments are not read back, so that the judge costs little.
type front struct {
	proxy  *storetest.Proxy
	server *http.Server
	url    string
	// changed holds a token after a PUT that nobody looked at yet.
	changed chan struct{}
	ended   chan error
}

func newFront(behind *storetest.GatewayServer, v *storetest.Viewer, delay time.Duration) (*front, error) {
	proxy, err := storetest.NewProxy(behind, v)
	if err != nil {
		return nil, err
	}
	proxy.Unread = func(key string) bool { return !strings.HasSuffix(key, ".m3u8") }
	proxy.SetDelay(delay)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	f := &front{proxy: proxy, url: "http://" + l.Addr().String(), changed: make(chan struct{}, 1), ended: make(chan error, 1)}
	f.server = &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		proxy.ServeHTTP(w, r)
		if r.Method == http.MethodPut {
			select {
			case f.changed <- struct{}{}:
			default:
			}
		}
	})}
	go func() { f.ended <- f.server.Serve(l) }()
	return f, nil
}

// await waits until done is true, which PUTs make it, and says whether it came so within the limit.
func (f *front) await(ctx context.Context, c *client, done func() bool, limit time.Duration) (bool, error) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for !done() {
		select {
		case <-f.changed:
		case <-timer.C:
			return false, nil
		case <-c.ended:
			return false, fmt.Errorf("it ended: %w: %s", c.err, c.output())
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
	return true, nil
}

func (f *front) close() error {
	err := f.server.Close()
	if end := <-f.ended; !errors.Is(end, http.ErrServerClosed) {
		err = errors.Join(err, end)
	}
	f.proxy.Close()
	return errors.Join(err, f.proxy.Err())
}
