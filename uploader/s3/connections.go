package s3

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// blamed is how long other addresses of the same name are tried before one that gave trouble.
const blamed = 10 * time.Second

// connections tells which connections are worth keeping. Trouble belongs to a connection until shown otherwise: behind a name
// stand many nodes and zones, a load balancer sends each connection to one of them, and one that is drained, or has no
// room, answers 503 for as long as it is asked. So a connection that brought such an answer is closed, and for a while others of
// the addresses that its name has are tried first. It is safe for concurrent use.
type connections struct {
	resolver func() *net.Resolver
	last     atomic.Uint64 // number of the last request
	// A store that is busy as a whole answers so on all of them, and each new one costs it a TLS handshake: at first as many are
	// closed as may be open, then one a second. What is above that is kept.
	most int

	mu    sync.Mutex
	spare int       // how many may be closed at once
	since time.Time // when spare last grew, or was full
	until map[string]time.Time
}

// newConnections returns the judge of at most that many connections.
func newConnections(most int) *connections {
	return &connections{most: most, spare: most, until: make(map[string]time.Time),
		// Lookups through one Resolver share an answer: a question that a name server lost would hold up those asked
		// after it for the five seconds of resolv.conf(5), although it answers again.
		resolver: func() *net.Resolver { return new(net.Resolver) }}
}

// dial connects to one of the addresses that the name has now, to one that gave no trouble if there is one.
func (c *connections) dial(ctx context.Context, stall time.Duration, network, address string) (net.Conn, error) {
	tune := tuneSocket(stall)
	d := net.Dialer{Timeout: stall, KeepAlive: stall, Control: tune, Resolver: c.resolver()}
	var passed atomic.Bool
	picky := d
	picky.Control = func(network, address string, raw syscall.RawConn) error {
		if c.blames(address) {
			passed.Store(true)
			return errBlamed
		}
		if tune == nil {
			return nil
		}
		return tune(network, address, raw)
	}
	conn, err := picky.DialContext(ctx, network, address)
	if err != nil && passed.Load() && ctx.Err() == nil {
		return d.DialContext(ctx, network, address)
	}
	return conn, err
}

// errBlamed passes over an address; nobody is shown it.
const errBlamed = syscall.ECONNABORTED

func (c *connections) blames(address string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Now().Before(c.until[address])
}

// blame has other addresses tried before that of w, which gave trouble.
func (c *connections) blame(w *socket) {
	const many = 1024
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.until) >= many {
		clear(c.until)
	}
	c.until[w.RemoteAddr().String()] = time.Now().Add(blamed)
}

// retire closes the connection over which request number n had an answer that says that something is wrong behind it. It is
// kept if so many were closed that it is not the connection, and if another request has it already, which will see for
// itself.
func (c *connections) retire(w *socket, n uint64) {
	c.blame(w)
	if c.afford(time.Now()) && w.user.CompareAndSwap(n, 0) {
		_ = w.Close()
	}
}

// socket is that of a connection.
type socket struct {
	net.Conn
	user  atomic.Uint64        // number of the last request that got it, 0 for none
	sends atomic.Pointer[body] // of that request, if it is in memory
}

// Write tells a body in memory, which nobody reads piece by piece, that bytes of it were taken.
func (s *socket) Write(p []byte) (int, error) {
	n, err := s.Conn.Write(p)
	if b := s.sends.Load(); b != nil && n > 0 {
		b.took()
	}
	return n, err
}

// socketOf returns the socket below conn, nil if there is none.
func socketOf(conn net.Conn) *socket {
	for {
		switch c := conn.(type) {
		case *socket:
			return c
		case *tls.Conn: // a farewell in TLS could wait for the other side
			conn = c.NetConn()
		default:
			return nil
		}
	}
}

// afford reports whether one more may be closed at now.
func (c *connections) afford(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if grown := int(now.Sub(c.since) / time.Second); grown > 0 || c.spare == c.most {
		c.spare, c.since = min(c.most, c.spare+grown), now
	}
	if c.spare == 0 {
		return false
	}
	c.spare--
	return true
}

// well forgets what the address of w was blamed for.
func (c *connections) well(w *socket) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.until, w.RemoteAddr().String())
}
