package main

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/hlsship/hlsship/uploader/storetest"
)

// front is the proxy as a server, at the end of a way. The bytes of segments are not read back, so that the judge costs little.
type front struct {
	proxy  *storetest.Proxy
	server *httptest.Server
	url    string
	// authority is the file of who signed its certificate; empty without TLS.
	authority string
	// changed holds a token after a PUT that nobody looked at yet.
	changed chan struct{}

	mu   sync.Mutex
	dice *rand.Rand
}

func newFront(behind *storetest.GatewayServer, v *storetest.Viewer, w way, room string) (*front, error) {
	proxy, err := storetest.NewProxy(behind, v)
	if err != nil {
		return nil, err
	}
	proxy.Unread = func(key string) bool { return !strings.HasSuffix(key, ".m3u8") }
	f := &front{proxy: proxy, changed: make(chan struct{}, 1), dice: rand.New(rand.NewPCG(1, 2))}
	f.server = httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut && w.slow != nil {
			f.mu.Lock()
			d := w.slow(f.dice)
			f.mu.Unlock()
			if until(r.Context(), time.Now().Add(d)) != nil {
				return // the client is gone
			}
		}
		proxy.ServeHTTP(rw, r)
		if r.Method == http.MethodPut {
			select {
			case f.changed <- struct{}{}:
			default:
			}
		}
	}))
	f.server.Config.ErrorLog = log.New(io.Discard, "", 0) // a client that goes away is none
	if w.trip == 0 {
		f.server.Start()
		f.url = f.server.URL
		return f, nil
	}
	f.server.Listener = &far{Listener: f.server.Listener, trip: w.trip}
	f.server.StartTLS()
	f.url = f.server.URL
	f.authority = filepath.Join(room, "authority.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: f.server.Certificate().Raw})
	if err := os.WriteFile(f.authority, text, 0o600); err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

// await waits until done is true, which PUTs make it and the time in which the viewer waits for an explanation of one, and says whether
// it came so within the limit.
func (f *front) await(ctx context.Context, c *client, done func() bool, limit time.Duration) (bool, error) {
	timer, tick := time.NewTimer(limit), time.NewTicker(200*time.Millisecond)
	defer timer.Stop()
	defer tick.Stop()
	for !done() {
		select {
		case <-f.changed:
		case <-tick.C:
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

// torn counts the segments that were stored while they were still being written.
func (f *front) torn(size int) int {
	count := 0
	for _, p := range f.proxy.Puts() {
		if p.Status/100 == 2 && strings.Contains(p.Key, "/segment") && p.Size != int64(size) {
			count++
		}
	}
	return count
}

func (f *front) close() error {
	f.server.CloseClientConnections()
	f.server.Close()
	f.proxy.Close()
	return f.proxy.Err()
}

// far is a listener at the other end of a long line. A connection takes one round trip to come about.
type far struct {
	net.Listener
	trip time.Duration
}

// Accept implements net.Listener.
func (l *far) Accept() (net.Conn, error) {
	outer, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	inner, ours := net.Pipe()
	conn := &farConn{Conn: inner, outer: outer}
	go carry(ours, outer, l.trip/2, l.trip)
	go carry(outer, ours, l.trip/2, 0)
	return conn, nil
}

// farConn is a connection that came over the line.
type farConn struct {
	net.Conn
	outer net.Conn
}

// RemoteAddr returns that of the client.
func (c *farConn) RemoteAddr() net.Addr { return c.outer.RemoteAddr() }

// carry has what is read of from written to to later, the first bytes by another delay more.
func carry(to, from net.Conn, delay, first time.Duration) {
	type parcel struct {
		bytes []byte
		due   time.Time
	}
	line := make(chan parcel, 1024) // what is on its way
	go func() {
		defer func() { _ = to.Close() }()
		for p := range line {
			if wait := time.Until(p.due); wait > 0 {
				<-time.After(wait)
			}
			if _, err := to.Write(p.bytes); err != nil {
				_ = from.Close()
			}
		}
	}()
	defer close(line)
	for {
		buf := make([]byte, 32<<10)
		n, err := from.Read(buf)
		if n > 0 {
			line <- parcel{buf[:n], time.Now().Add(delay + first)}
			first = 0
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				_ = from.Close()
			}
			return
		}
	}
}
