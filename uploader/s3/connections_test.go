package s3

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// answering returns what serves each connection of pipes: answer speaks for the n-th one, which is closed by the client or at
// the end of the test.
func answering(served *sync.Map, answer func(n int, r *http.Request) string) func(int, net.Conn) {
	return func(n int, c net.Conn) {
		in := bufio.NewReader(c)
		for {
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, r.Body)
			count, _ := served.LoadOrStore(n, new(atomic.Int32))
			count.(*atomic.Int32).Add(1)
			if _, err := io.WriteString(c, answer(n, r)); err != nil {
				return
			}
		}
	}
}

const fine = "HTTP/1.1 200 OK\r\nLast-Modified: Mon, 02 Jan 2006 15:04:05 GMT\r\nETag: \"9dd4e461268c8034f5c8564e155c67a6\"\r\nContent-Length: 0\r\n\r\n"

// said is an answer with a body.
func said(status int, body string, headers ...string) string {
	return fmt.Sprintf("HTTP/1.1 %d X\r\nContent-Length: %d\r\n%s\r\n%s", status, len(body), strings.Join(append(headers, ""), "\r\n"), body)
}

func code(name string) string { return "<Error><Code>" + name + "</Code></Error>" }

// TestTroubleBelongsToAConnection has the first connection answer with the same for ever, and wants the next try elsewhere if
// the answer is none about the request.
func TestTroubleBelongsToAConnection(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, answer string
		moves        bool
	}{
		{"no room", said(503, code("ServiceUnavailable")), true},
		{"no room, without a word", said(503, ""), true},
		{"broken", said(500, code("InternalError")), true},
		{"too many", said(429, ""), true},
		{"gateway's page", said(502, "<html>bad gateway</html>"), true},
		{"long page", said(504, strings.Repeat("<html>", 100<<10)), true},
		{"portal", said(200, "<html>log in</html>"), true},
		{"portal's redirect", said(302, "", "Location: https://hotel.example/"), true},
		{"filter's page", said(403, "<html>blocked</html>"), true},
		{"filter without a word", said(403, ""), true},
		{"in chunks", "HTTP/1.1 503 X\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", true},
		{"denied", said(403, code("AccessDenied")), false},
		{"denied, of S3's", said(403, "", "X-Amz-Request-Id: 1"), false},
		{"missing bucket", said(404, code("NoSuchBucket")), false},
		{"unknown request", said(501, code("NotImplemented")), false},
		{"full", said(507, code("XMinioStorageFull")), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var served sync.Map
				s := pipes(t, answering(&served, func(n int, _ *http.Request) string {
					if n == 1 {
						return tt.answer
					}
					return fine
				}))
				defer s.transport.base.CloseIdleConnections()
				if _, err := s.Put(t.Context(), segment("a.ts", "x")); err == nil {
					t.Fatal("the first try went well")
				}
				synctest.Wait()
				if _, err := s.Put(t.Context(), segment("a.ts", "x")); (err == nil) != tt.moves {
					t.Errorf("the second try: got %v, moves %v", err, tt.moves)
				}
			})
		})
	}
}

// TestAStormCostsLittle bounds how many connections are made anew while all of them answer so.
func TestAStormCostsLittle(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var served sync.Map
		well := false
		s := pipes(t, answering(&served, func(int, *http.Request) string {
			if well {
				return fine
			}
			return said(503, code("SlowDown"))
		}))
		defer s.transport.base.CloseIdleConnections()
		connections := func() (n int) {
			served.Range(func(any, any) bool { n++; return true })
			return n
		}
		const seconds = 60
		for range seconds * 20 {
			_, _ = s.Put(t.Context(), segment("a.ts", "x"))
			time.Sleep(50 * time.Millisecond)
		}
		if n, most := connections(), s.transport.connections.most; n < most || n > most+seconds+1 {
			t.Errorf("got %d connections in a minute, want the %d that may be open and one a second", n, most)
		}
		well = true
		before := connections()
		for range 100 {
			_, _ = s.Put(t.Context(), segment("a.ts", "x"))
			time.Sleep(50 * time.Millisecond)
		}
		if n := connections() - before; n > 1 {
			t.Errorf("got %d connections of a store that is well", n)
		}
	})
}

// TestProbesGoTheirOwnWay: a connection that is used again tells nothing of the store that a new one would reach.
func TestProbesGoTheirOwnWay(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var served sync.Map
		s := pipes(t, answering(&served, func(n int, r *http.Request) string {
			if r.Method == http.MethodHead && n == 1 {
				return "HTTP/1.1 503 X\r\nContent-Length: 0\r\n\r\n"
			}
			return fine
		}))
		defer s.transport.base.CloseIdleConnections()
		if _, err := s.Put(t.Context(), segment("a.ts", "x")); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if err := s.Probe(t.Context(), "a.ts"); err != nil {
				t.Fatal(err)
			}
		}
		for n := 1; n <= 4; n++ {
			count, ok := served.Load(n)
			if !ok || count.(*atomic.Int32).Load() != 1 {
				t.Errorf("connection %d: got %v requests, want one", n, count)
			}
		}
	})
}

// TestNodesBehindOneName has a name with two addresses, always in the same order, of which the first is out of order.
func TestNodesBehindOneName(t *testing.T) {
	t.Parallel()
	var sick atomic.Bool
	sick.Store(true)
	var asked [2]atomic.Int32
	node := func(address string, n int, ok func() bool) *net.TCPAddr {
		l, err := net.Listen("tcp4", address)
		if err != nil {
			t.Skip(err) // 127.0.0.2 is on Linux only
		}
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked[n].Add(1)
			if ok() {
				w.Header().Set("Last-Modified", "Mon, 02 Jan 2006 15:04:05 GMT")
				accept(w, r)
			} else {
				w.WriteHeader(503)
			}
		}))
		_ = server.Listener.Close()
		server.Listener = l
		server.Start()
		t.Cleanup(server.Close)
		return l.Addr().(*net.TCPAddr)
	}
	port := node("127.0.0.1:0", 0, func() bool { return !sick.Load() }).Port
	node(net.JoinHostPort("127.0.0.2", strconv.Itoa(port)), 1, func() bool { return true })
	s := mustOpen(t, serverConfig("http://store.example:"+strconv.Itoa(port)))
	s.transport.connections.resolver = func() *net.Resolver {
		return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
			client, server := net.Pipe()
			go names(server, [4]byte{127, 0, 0, 1}, [4]byte{127, 0, 0, 2})
			return client, nil
		}}
	}
	if _, err := s.Put(t.Context(), segment("a.ts", "x")); err == nil {
		t.Fatal("the first address was not asked first, so that nothing is tested")
	}
	for range 3 {
		if _, err := s.Put(t.Context(), segment("a.ts", "x")); err != nil {
			t.Fatalf("the other address was not asked: %v", err)
		}
	}
	if err := s.Probe(t.Context(), "a.ts"); err != nil || asked[0].Load() != 1 {
		t.Errorf("probe: got %v; the first address was asked %d times", err, asked[0].Load())
	}
	// Where every address is to blame, each is as good as any other.
	s.transport.base.CloseIdleConnections()
	s.transport.connections.blame(reached(fmt.Sprintf("127.0.0.1:%d", port)))
	s.transport.connections.blame(reached(fmt.Sprintf("127.0.0.2:%d", port)))
	sick.Store(false)
	if _, err := s.Put(t.Context(), segment("a.ts", "x")); err != nil {
		t.Errorf("with all to blame: got %v", err)
	}
}

// reached is a connection to an address, as far as blame looks.
func reached(a string) *socket { return &socket{Conn: remote{a: a}} }

type remote struct {
	net.Conn
	a string
}

func (r remote) RemoteAddr() net.Addr { a, _ := net.ResolveTCPAddr("tcp", r.a); return a }

// names is a name server on one connection, as over TCP (RFC 1035 §4.2.2): every name has these addresses.
func names(c net.Conn, addresses ...[4]byte) {
	defer c.Close() //nolint:errcheck // it is a pipe
	for {
		var size [2]byte
		if _, err := io.ReadFull(c, size[:]); err != nil {
			return
		}
		q := make([]byte, binary.BigEndian.Uint16(size[:]))
		if _, err := io.ReadFull(c, q); err != nil {
			return
		}
		end := 12
		for q[end] != 0 {
			end += int(q[end]) + 1
		}
		end += 5
		reply := append(append([]byte{}, q[:2]...), 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0)
		reply = append(reply, q[12:end]...)
		if binary.BigEndian.Uint16(q[end-4:]) == 1 { // A
			binary.BigEndian.PutUint16(reply[6:], uint16(len(addresses)))
			for _, a := range addresses {
				reply = append(append(reply, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4), a[:]...)
			}
		}
		if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(reply))), reply...)); err != nil {
			return
		}
	}
}

// TestClosedConnectionsFailNobody closes connections while others take them: what fails is answered, never cut off.
func TestClosedConnectionsFailNobody(t *testing.T) {
	t.Parallel()
	var n atomic.Int32
	server := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if n.Add(1)%3 == 0 {
			w.WriteHeader(503)
			return
		}
		accept(w, r)
	})
	s := mustOpen(t, serverConfig(server.URL))
	s.transport.connections.most, s.transport.connections.spare = 1<<20, 1<<20
	content := strings.Repeat("x", 100<<10)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for range 100 {
				_, err := s.Put(t.Context(), segment(fmt.Sprintf("%d.ts", i), content))
				if _, answered := errors.AsType[*answer](err); err != nil && !answered {
					t.Errorf("got %v", err)
				}
			}
		})
	}
	all.Wait()
	for _, r := range server.got() {
		if string(r.body) != content {
			t.Fatalf("got a body of %d bytes, want %d", len(r.body), len(content))
		}
	}
}
