//go:build linux

package main

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// fault is what a wire does to the bytes on it. The zero value does nothing.
type fault struct {
	name string
	// refused leaves nobody to connect to, reset accepts and cuts off. Both cut what is connected.
	refused, reset bool
	// still passes nothing on and keeps it all: when the fault is over it arrives.
	still bool
	// forgotten is like still, but what was connected while the fault lasted never moves again, as behind
	// a router that lost its tables.
	forgotten bool
	// rate bounds each connection's bytes a second, each way; 0 is no bound.
	rate int
	// uplink bounds the bytes a second of all connections together towards the store; 0 is no bound.
	uplink int
	// torn passes only a few bytes of each answer to a PUT and then cuts the connection: the store has
	// done what nobody knows it did.
	torn bool
	// answer, if not nil, is given in the store's place.
	answer *canned
	// lookup is what the name server answers to every question, if not the address.
	lookup lookup
	// credential is what the store's end of TLS shows, if not what is right.
	credential credential
	// deleted has the bucket deleted, and made anew when the fault is over. It is empty then.
	deleted bool
	// disk is what happens to the file system of the watched directory.
	disk diskFault
	// limit is how long the live edge may be old after the fault, if not recoveryLimit.
	limit time.Duration
}

// canned is an HTTP answer.
type canned struct {
	status  string
	headers []string
	body    string
}

// cuts reports whether what is connected breaks when the fault begins.
func (f fault) cuts() bool {
	return f.refused || f.reset || f.answer != nil || f.lookup != "" || f.credential != "" || f.deleted
}

// wire carries TCP connections to a store and spoils them in the way of a fault that can be changed at any
// moment. It passes bytes on as they are, so that signatures stay right.
type wire struct {
	target, address string
	authority       *authority // of the certificates that it shows; nil for a wire without TLS
	tasks           sync.WaitGroup
	sent            atomic.Int64 // bytes towards the store

	mu       sync.Mutex
	due      time.Time // when the uplink has carried what it took
	fault    fault
	changed  chan struct{} // closed when fault changes
	listener net.Listener  // nil while refused
	links    map[*link]bool
	closed   bool
}

// link is one connection with its continuation.
type link struct {
	raw           net.Conn // the client's end
	client, store net.Conn // client speaks TLS if the wire does, store is nil if the wire answers
	lost          bool     // see fault.forgotten
	put           atomic.Bool
}

// loopback returns a loopback address that nobody else has.
func loopback() string {
	return fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(254), rand.IntN(256), 1+rand.IntN(254))
}

// openWire listens on an address that nobody else has: its port must be free again after a while.
func openWire(t *testing.T, host, target string, ca *authority) *wire {
	t.Helper()
	w := &wire{target: target, authority: ca, changed: make(chan struct{}), links: map[*link]bool{}}
	l, err := net.Listen("tcp", host+":0")
	if err != nil {
		t.Fatal(err)
	}
	w.address = l.Addr().String()
	w.listen(l)
	t.Cleanup(w.close)
	return w
}

// listen is called with mu held, or before anybody else knows w.
func (w *wire) listen(l net.Listener) {
	w.listener = l
	w.tasks.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			w.tasks.Go(func() { w.serve(conn) })
		}
	})
}

// set begins a fault, or ends the last one with the zero value.
func (w *wire) set(f fault) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	cut := f.cuts() || w.fault.answer != nil
	for l := range w.links {
		if cut {
			l.cut()
		}
		if w.fault.forgotten {
			l.lost = true
			reset(l.store) // or the store would wait for the rest
		}
	}
	w.fault = f
	close(w.changed)
	w.changed = make(chan struct{})
	var err error
	switch {
	case f.refused && w.listener != nil:
		err = w.listener.Close()
		w.listener = nil
	case !f.refused && w.listener == nil:
		var l net.Listener
		if l, err = net.Listen("tcp", w.address); err == nil {
			w.listen(l)
		}
	}
	return err
}

// close cuts everything and waits for it.
func (w *wire) close() {
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return
	}
	w.closed = true
	for l := range w.links {
		l.cut()
	}
	if w.listener != nil {
		_ = w.listener.Close()
	}
	w.fault = fault{}
	close(w.changed)
	w.changed = make(chan struct{})
	w.mu.Unlock()
	w.tasks.Wait()
}

// state returns the fault, and what is closed when it changes; ok is false for a link that is over.
func (w *wire) state(l *link) (f fault, changed <-chan struct{}, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.fault, w.changed, !w.closed && !l.lost
}

func (l *link) cut() {
	reset(l.raw)
	reset(l.store)
}

func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
		_ = tcp.Close()
	}
}

// join adds a link unless that is forbidden now; leave ends it.
func (w *wire) join(l *link) (fault, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || w.fault.reset || w.fault.refused {
		l.cut()
		return w.fault, false
	}
	w.links[l] = true
	return w.fault, true
}

// leave ends a link, a lost one only when the client has had enough.
func (w *wire) leave(l *link) {
	w.mu.Lock()
	hold := l.lost && !w.closed
	w.mu.Unlock()
	if hold {
		_, _ = io.Copy(io.Discard, l.raw)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.links, l)
	l.cut()
}

func (w *wire) serve(raw net.Conn) {
	l := &link{raw: raw, client: raw}
	if _, ok := w.join(l); !ok {
		return
	}
	defer w.leave(l)
	if w.authority != nil && !w.greet(l) {
		return
	}
	if f, _, _ := w.state(l); f.answer == nil {
		store, err := net.Dial("tcp", w.target)
		if err != nil {
			return
		}
		w.mu.Lock()
		l.store = store
		w.mu.Unlock()
	}
	f, _, ok := w.state(l)
	if !ok {
		return // cut or forgotten before there was a store
	}
	switch {
	case (f.answer != nil) != (l.store == nil): // the fault changed meanwhile
	case f.answer != nil:
		reply(l.client, *f.answer)
	default:
		var both sync.WaitGroup
		both.Go(func() { w.pump(l, l.store, l.client) })
		both.Go(func() { w.pump(l, l.client, l.store) })
		both.Wait()
	}
}

// greet is the store's end of a TLS handshake.
func (w *wire) greet(l *link) bool {
	for {
		f, changed, ok := w.state(l)
		switch {
		case !ok, f.credential == handshakeCut:
			return false
		case f.still, f.forgotten:
			<-changed
			continue
		}
		server := tls.Server(l.raw, w.authority.config(f.credential))
		if server.Handshake() != nil { // a link that is cut ends it
			return false
		}
		l.client = server
		return true
	}
}

// pump carries one way.
func (w *wire) pump(l *link, to, from net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if from == l.client && n > 0 {
			l.note(buf[:n])
		}
		if n > 0 && !w.pass(l, to, buf[:n]) || err != nil && !errors.Is(err, io.EOF) {
			if _, _, ok := w.state(l); ok {
				l.cut()
			}
			return
		}
		if err != nil {
			if end, ok := to.(interface{ CloseWrite() error }); ok {
				_ = end.CloseWrite()
			}
			return
		}
	}
}

// note sees whether a PUT begins. A request begins a piece, since the one before it was answered.
func (l *link) note(piece []byte) {
	switch head := string(piece[:min(len(piece), 5)]); {
	case strings.HasPrefix(head, "PUT "):
		l.put.Store(true)
	case strings.HasPrefix(head, "GET "), head == "HEAD ":
		l.put.Store(false)
	}
}

// pass writes a piece as the fault allows; false means that the link is broken.
func (w *wire) pass(l *link, to net.Conn, piece []byte) bool {
	for len(piece) > 0 {
		f, changed, ok := w.state(l)
		if !ok {
			return false
		}
		n := len(piece)
		var pause <-chan time.Time
		switch {
		case f.still, f.forgotten:
			<-changed // close changes the fault, too
			continue
		case f.torn && to == l.client && l.put.Load():
			_, _ = to.Write(piece[:min(n, len("HTTP/1.1 200"))])
			return false
		case f.rate > 0:
			n = min(n, max(1, f.rate/10))
			pause = time.After(100 * time.Millisecond)
		case f.uplink > 0 && to == l.store:
			n = min(n, max(1, f.uplink/20))
			pause = time.After(w.take(n, f.uplink))
		}
		if to == l.store {
			w.sent.Add(int64(n))
		}
		if _, err := to.Write(piece[:n]); err != nil {
			return false
		}
		piece = piece[n:]
		if pause != nil {
			select {
			case <-pause:
			case <-changed:
			}
		}
	}
	return true
}

// take has the uplink carry n bytes, and returns for how long it is busy.
func (w *wire) take(n, rate int) time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now := time.Now(); w.due.Before(now) {
		w.due = now
	}
	w.due = w.due.Add(time.Duration(n) * time.Second / time.Duration(rate))
	return time.Until(w.due)
}

// reply answers every request of a connection.
func reply(conn net.Conn, a canned) {
	r := bufio.NewReader(conn)
	for {
		request, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, request.Body); err != nil {
			return
		}
		body := a.body
		if request.Method == http.MethodHead {
			body = ""
		}
		head := append([]string{"HTTP/1.1 " + a.status, fmt.Sprintf("Content-Length: %d", len(a.body))}, a.headers...)
		if _, err := io.WriteString(conn, strings.Join(head, "\r\n")+"\r\n\r\n"+body); err != nil {
			return
		}
	}
}
