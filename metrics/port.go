package metrics

import (
	"crypto/tls"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/netutil"
)

// What a connection may take, and how many there may be. Each takes a descriptor, which shipping needs more than whoever
// looks on, and a scraper needs one or two.
const (
	maxConnections = 64
	idleTimeout    = 15 * time.Second
)

// connections keeps the connections of a server few without keeping anybody out: when there are as many as there may be,
// the one is closed that has had nothing to do for the longest time. It is safe for concurrent use.
type connections struct {
	most int

	mu sync.Mutex
	// idle orders those that have nothing to do, the longest first; it is 0 for one that has. last is the largest.
	idle map[net.Conn]int
	last int
}

func newConnections(most int) *connections { return &connections{most: most, idle: map[net.Conn]int{}} }

// few returns l with as many connections at most; the others wait until there is room.
func (c *connections) few(l net.Listener) net.Listener { return netutil.LimitListener(l, c.most) }

// changed is the server's ConnState.
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch state {
	case http.StateNew, http.StateIdle:
		c.last++
		c.idle[conn] = c.last
	case http.StateActive:
		c.idle[conn] = 0
	case http.StateClosed, http.StateHijacked:
		delete(c.idle, conn)
	}
	if len(c.idle) < c.most {
		return
	}
	var longest net.Conn
	for other, since := range c.idle {
		justCame := other == conn && state == http.StateNew
		if since > 0 && !justCame && (longest == nil || since < c.idle[longest]) {
			longest = other
		}
	}
	if longest == nil {
		return
	}
	delete(c.idle, longest) // it is not one of too many while the server has not noticed yet
	if secure, ok := longest.(*tls.Conn); ok {
		longest = secure.NetConn() // without a word, for which it would wait
	}
	_ = longest.Close() // it is closed either way
}

// loopbackOnly lets through what was asked of a name of this machine. Who listens on loopback means nobody else to read
// what is shown, but a page from elsewhere, whose name was made to mean 127.0.0.1 once it was loaded, would be read by the same
// browser.
func loopbackOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopback(r.Host) {
			answer(w, http.StatusMisdirectedRequest, "This port is bound to loopback and answers to localhost and 127.0.0.1 only. "+
				"Have a proxy send one of them as Host, or bind another address.\n")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isLoopback says whether a Host header, which may be empty, names loopback and nothing that a name server could answer.
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Unmap().IsLoopback()
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	return host == "" || host == "localhost" || strings.HasSuffix(host, ".localhost")
}
